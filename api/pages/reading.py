"""Forms read into a model: every defect at once, each with the name of its field. What was left empty or blank was not given. STYLE.md, Errors."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Form
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from storage.kernel.errors import InvalidInput

T = TypeVar("T", bound=BaseModel)
Typed = Annotated[str, Form(max_length=20_000)]  # the model says what is too long, on the page that keeps what was typed
TypedList = Annotated[list[str] | None, Form()]


def read_form(model: type[T], given: Mapping[str, object]) -> T:
    """`given` by field; fields the model does not know are left out. Raises: InvalidInput."""
    filled = {name: value for name, value in given.items() if name in model.model_fields and value is not None and not _blank(value)}
    try:
        return model.model_validate(filled)
    except ValidationError as wrong:
        raise InvalidInput(errors=[_defect(error) for error in wrong.errors()]) from wrong


def typed_of(form: FormData, lists: Iterable[str] = ()) -> dict[str, Any]:  # Any: texts, and lists of texts for `lists`
    """What was typed and chosen, to be shown again."""
    many = {name: [one for one in form.getlist(name) if isinstance(one, str)] for name in lists}
    return {name: value for name, value in form.items() if isinstance(value, str) and name != "csrf_token"} | many


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _defect(error: Any) -> dict[str, object]:  # Any: pydantic's description of one defect
    value = error.get("input")
    return {"where": str(error["loc"][0]), "code": error["type"], "value": str(value)[:60] if isinstance(value, str | int) else None}
