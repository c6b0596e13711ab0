"""A list as a file for a spreadsheet: the rows of all its pages under the same search, filters and sort, in the reader's language. UI.md.

The view asks for `rows_of(export)` rows instead of a page, through the same query and so with the same scope; nothing is read for a file that
the page would not show to the same person.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.http.paging import EXPORTED, LIMIT, csv_download
from api.locale.marks import N_
from api.pages.frame import translator

CSV: Final = "csv"
CUT: Final = N_("Only the first %(count)s rows are in this file. Narrow the list to get the others.")


def rows_of(export: str, page: int = LIMIT) -> int:
    """How many rows a view reads: a page, or what one file holds at most."""
    return EXPORTED if export == CSV else page


def sheet(request: Request, name: str, heading: Sequence[str], rows: Sequence[Sequence[object]], *, more: bool = False) -> Response:
    """`heading` are message ids. `more`: there are rows that this file does not hold; its last line says so."""
    _ = translator(request)
    last = [[_(CUT) % {"count": f"{len(rows):,}"}]] if more else []
    return csv_download(name, [_(word) for word in heading], [*rows, *last])
