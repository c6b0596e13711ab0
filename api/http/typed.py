"""What was typed or sent and cannot be kept, found before anything reads it: characters nobody can type, and text longer than its field.

What stands in an address, in JSON or in a form of the API is refused at once, with the place of every defect. Of the form of a page the
defects wait on the request: `attempt`, in which a page tries its act, raises them, so the page is shown again with everything that was
typed, and any other refusal of the same form tells them too (`api.http.problem`). A handler that tries nothing is refused when its
transaction would end (`api.http.session`). UI.md, Errors.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from storage.kernel.errors import BeyondWhatIsKept, Conflict, InvalidInput

Defect = dict[str, object]
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
UNIQUE_VIOLATION: Final = "23505"
OUT_OF_RANGE: Final = frozenset({"22003", "22008"})  # of a number, of a date
# Neither PostgreSQL (NUL, halves of a pair) nor a sheet or a PDF (the other controls) keeps these; tab and line breaks are text.
_UNKEEPABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Most:
    """The longest text that a field of a form takes, in characters: `Annotated[str, Form(), Most(200)]`. A line break is one, as in the browser."""

    characters: int


def limit_of(defect: Mapping[str, Any]) -> Defect:  # Any: pydantic's description of one defect
    """The longest text, of a defect that says it was too long."""
    most = (defect.get("ctx") or {}).get("max_length")
    return {"most": most} if defect.get("type") == "string_too_long" and most is not None else {}


def is_plain(text: str) -> bool:
    """Nothing in it that a table, a sheet or a paper could not keep."""
    return _UNKEEPABLE.search(text) is None


def size_of(text: str) -> int:
    """Characters as the browser counts them, which sends a line break as two."""
    return len(text.replace("\r\n", "\n"))


async def look_through(request: Request) -> None:
    """Raises: InvalidInput — something in the address, in JSON or in a form of the API. The defects of a page's form wait for `attempt`."""
    asked = (*request.path_params.items(), *request.query_params.multi_items())
    _refuse([_control(name) for name, value in asked if isinstance(value, str) and not is_plain(value)])
    route = request.scope["route"]
    if request.method in SAFE or not isinstance(route, APIRoute):
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in FORMS:
        form = await request.form()
        found = list(_in_form(form, limits_of(route)))
        if request.url.path.startswith("/api/"):
            _refuse(found)
        request.state.typed_defects = found
        request.state.typed_form = {name: [one for one in form.getlist(name) if isinstance(one, str)] for name in form}
    elif route.body_field is not None and kind.endswith("json"):
        _refuse([_control(where) for where in _in_json(await request.json())])


def limits_of(route: APIRoute) -> Mapping[str, int]:
    """Field → its longest text, of every form that the route reads."""
    found: dict[str, int] = {}
    pending = [route.dependant]
    while pending:
        one = pending.pop()
        pending += one.dependencies
        for field in one.body_params:
            found.update((field.alias, limit.characters) for limit in field.field_info.metadata if isinstance(limit, Most))
    return found


def waiting(request: Request) -> Sequence[Defect]:
    """The defects of the form of this request; whoever asks tells them."""
    found: Sequence[Defect] = getattr(request.state, "typed_defects", ())
    request.state.typed_told = True
    return found


def refuse_untold(request: Request) -> None:
    """Raises: InvalidInput — the form had defects and nobody told them, so nothing of it may be kept."""
    if not getattr(request.state, "typed_told", False):
        _refuse(waiting(request))


@contextmanager
def attempt(request: Request, session: Session) -> Iterator[None]:
    """An act of a page, in a savepoint.

    Raises: InvalidInput — every field with too much text or with what cannot be kept; Conflict — the same was entered by somebody else just now;
    BeyondWhatIsKept — a number or a date that no rule bounds and no column holds.
    """
    _refuse(waiting(request))
    try:
        with session.begin_nested():
            yield
    except IntegrityError as clash:
        if getattr(clash.orig, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        raise Conflict from clash
    except DataError as refused:
        if getattr(refused.orig, "sqlstate", None) not in OUT_OF_RANGE:
            raise
        raise BeyondWhatIsKept from refused


def _in_form(form: FormData, limits: Mapping[str, int]) -> Iterator[Defect]:
    for name, value in form.multi_items():
        text = (value.filename or "") if isinstance(value, UploadFile) else value
        if not is_plain(text):
            yield _control(name)
        elif isinstance(value, str) and name in limits and (size := size_of(value)) > limits[name]:
            yield {"where": name, "code": "string_too_long", "most": limits[name], "size": size}


def _in_json(body: Any) -> Iterator[str]:  # Any: JSON
    """Where text stands that cannot be kept: `lessons.0.room`. No recursion: how deep it is nested is the sender's choice."""
    pending: list[tuple[str, Any]] = [("", body)]
    while pending:
        where, value = pending.pop()
        if isinstance(value, str):
            if not is_plain(value):
                yield where or "body"
        elif isinstance(value, dict | list):
            pairs: Iterable[tuple[object, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
            for key, one in pairs:
                inner = f"{where}.{key}" if where else str(key)
                if isinstance(key, str) and not is_plain(key):
                    yield where or "body"
                pending.append((inner, one))


def _control(where: str) -> Defect:
    return {"where": where if is_plain(where) else "body", "code": "not-plain-text", "value": None}


def _refuse(errors: Sequence[Defect]) -> None:
    if errors:
        raise InvalidInput(errors=list(errors))
