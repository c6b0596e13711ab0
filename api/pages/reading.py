"""Forms read into a model: every defect at once, each with the name of its field. What was left empty or blank was not given. STYLE.md, Errors."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from api.http.typed import Most, limit_of
from storage.kernel.errors import InvalidInput

T = TypeVar("T", bound=BaseModel)
E = TypeVar("E", bound=StrEnum)
FIRST_YEAR, LAST_YEAR = 2000, 2100
MOST_DIGITS: Final = 9  # what a whole number of a table holds
Typed = Annotated[str, Form(), Most(20_000)]  # the model says what is too long, on the page that keeps what was typed
TypedList = Annotated[list[str] | None, Form(), Most(200)]


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


def whole_of(text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> int:
    """A whole number as a form gives it, of at most nine digits. Raises: `refused`."""
    digits = text.strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS:
        return int(digits)
    code = "missing" if not digits else "int_parsing_size" if digits.isascii() and digits.isdecimal() else "int_parsing"
    raise refused(errors=[{"where": where, "code": code, "value": digits[:20] or None}])


def day_of(text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> date:
    """A day as a form gives it; of a year in which nothing can have happened, it was mistyped. Raises: `refused`."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise refused(errors=[{"where": where, "code": "not-a-date" if text.strip() else "missing", "value": text.strip()[:20] or None}]) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise refused(errors=[{"where": where, "code": "out-of-range", "value": day.isoformat()}])
    return day


def chosen_of(choices: type[E], text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> E:
    """What was chosen; nothing chosen is not the first of the choices. Raises: `refused`."""
    if text in set(choices):
        return choices(text)
    raise refused(errors=[{"where": where, "code": "enum" if text else "missing", "value": text[:40] or None}])


def yes_of(text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> bool:
    """A yes or a no; nothing chosen is not a no. Raises: `refused`."""
    if text not in ("yes", "no"):
        raise refused(errors=[{"where": where, "code": "enum" if text else "missing", "value": text[:40] or None}])
    return text == "yes"


def id_of(text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> UUID:
    """An id that a choice of a form carries. Raises: `refused`."""
    try:
        return UUID(text)
    except ValueError:
        raise refused(errors=[{"where": where, "code": "unknown" if text else "missing", "value": text[:40] or None}]) from None


def said_of(text: str, where: str, *, refused: type[InvalidInput] = InvalidInput) -> str:
    """Words that must be there. Raises: `refused`."""
    if not text.strip():
        raise refused(errors=[{"where": where, "code": "missing", "value": None}])
    return text


def all_of(*reads: Callable[[], object]) -> list[Any]:  # Any: what each gives
    """What every one reads, in their order. Raises: the first one's kind of refusal, with the defects of all."""
    found: list[Any] = []
    refused: InvalidInput | None = None
    defects: list[object] = []
    for read in reads:
        try:
            found.append(read())
        except InvalidInput as one:
            refused = refused or one
            defects += one.facts["errors"]
    if refused is not None:
        raise type(refused)(errors=defects) from refused
    return found


def _blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _defect(error: Any) -> dict[str, object]:  # Any: pydantic's description of one defect
    value = None if error["type"] == "string_too_long" else error.get("input")
    shown = str(value)[:60] if isinstance(value, str | int) else None
    return {"where": str(error["loc"][0]), "code": error["type"], "value": shown} | limit_of(error)
