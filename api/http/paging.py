"""Keyset paging: the cursor holds the last row's sort values, so page 10 000 costs what page 1 costs and nothing is skipped or repeated.

And the same list as CSV for a spreadsheet.
"""

import csv
import io
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import quote
from uuid import UUID

from fastapi import Query
from sqlalchemy import ColumnElement, Row, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute, Session
from starlette.responses import StreamingResponse

from storage.kernel.clock import local_instant
from storage.kernel.errors import InvalidInput

LIMIT: Final = 50
MOST: Final = 200
EXPORTED: Final = 20_000  # rows of one file; a longer list says so in its last line (`api.pages.sheet`)
T = TypeVar("T")
Cursor = Annotated[str, Query(alias="after", max_length=500, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
_KINDS: Final[dict[str, Callable[[str], object]]] = {
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "u": UUID,
    "i": int,
    "s": str,
}


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_after` is None on the last page."""

    items: list[T]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Key:
    """A sort column. The last key of a listing must be unique, or rows with equal values could be lost between pages. NULLs are not allowed."""

    column: InstrumentedAttribute[Any] | ColumnElement[Any]  # Any: each column has its own type
    descending: bool = False


def page(session: Session, query: Select[T], keys: Sequence[Key], *, after: str = "", limit: int = LIMIT) -> Page[T]:
    """One page of entities, in the order of `keys`. One row more than shown is read to know whether there is a next page.

    Raises: InvalidInput — the cursor is not one of ours.
    """
    columns = [key.column for key in keys]
    if after:
        query = query.where(_beyond(keys, decode_cursor(after, len(keys))))
    ordered = query.order_by(*(key.column.desc() if key.descending else key.column.asc() for key in keys))
    rows: Sequence[Row[Any]] = session.execute(ordered.add_columns(*columns).limit(limit + 1)).all()  # Any: an entity, then its sort values
    shown = rows[:limit]
    more = len(rows) > limit
    items: list[T] = [row[0] for row in shown]
    return Page(items, encode_cursor(list(shown[-1])[-len(keys) :]) if more else None)


def encode_cursor(values: Sequence[object]) -> str:
    """Opaque to clients; not a secret, so nothing is signed: row scopes and filters are applied again on every page."""
    plain = [_tagged(value) for value in values]
    return urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode_cursor(text: str, length: int) -> list[object]:
    """Raises: InvalidInput."""
    try:
        plain = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        values = [_KINDS[kind](value) for kind, value in plain]
    except (ValueError, KeyError, TypeError) as wrong:
        raise InvalidInput(errors=[{"where": "after", "code": "value_error", "value": None}]) from wrong
    if len(values) != length:
        raise InvalidInput(errors=[{"where": "after", "code": "value_error", "value": None}])
    return values


def csv_download(name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingResponse:
    """A CSV file that spreadsheets open with Chinese intact (UTF-8 with BOM). `rows` must not read the database lazily: the transaction has ended.

    Cells that a spreadsheet would run as a formula get an apostrophe (CSV injection).
    """
    disposition = f"attachment; filename=\"export.csv\"; filename*=UTF-8''{quote(name, safe='')}.csv"
    return StreamingResponse(_csv_lines(heading, list(rows)), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": disposition})


def _csv_lines(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    for row in (heading, *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([cell(value) for value in row])
        yield line.getvalue().encode()


def cell(value: object) -> str:
    """One cell as text; instants as the wall clock at the bureau shows them, in the form that spreadsheets and our own imports read."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return local_instant(value).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return "'" + text if isinstance(value, str) and text[:1] in "=+-@\t\r" and text else text


def _beyond(keys: Sequence[Key], values: Sequence[object]) -> ColumnElement[bool]:
    """(a, b) after (x, y) with a direction per column: a > x or (a = x and b > y)."""
    alternatives = []
    for place, (key, value) in enumerate(zip(keys, values, strict=True)):
        equal = [earlier.column == known for earlier, known in zip(keys[:place], values[:place], strict=True)]
        alternatives.append(and_(*equal, key.column < value if key.descending else key.column > value))
    return or_(*alternatives)


def _tagged(value: object) -> tuple[str, object]:
    if isinstance(value, datetime):
        return "t", value.isoformat()
    if isinstance(value, date):
        return "d", value.isoformat()
    if isinstance(value, UUID):
        return "u", str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "i", value
    return "s", str(value)
