"""A list as a file for a spreadsheet: the rows of all its pages under the same search, filters and sort, in the reader's language. UI.md.

The view asks for `rows_of(export)` rows instead of a page, through the same query and so with the same scope; nothing is read for a file that
the page would not show to the same person. That is one row more than a file holds, which tells whether there are others.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.http.paging import EXPORTED, LIMIT, csv_download
from api.locale.marks import N_
from api.pages.frame import translator
from api.pages.labels import state_label

CSV: Final = "csv"
CUT: Final = N_("Only the first %(count)s rows are in this file. Narrow the list to get the others.")


def rows_of(export: str, page: int = LIMIT) -> int:
    """How many rows a view reads: a page, or what one file holds at most."""
    return EXPORTED + 1 if export == CSV else page


def state_word(request: Request, machine: str, state: str) -> str:
    """A state as the pages name it."""
    return translator(request)(state_label(machine, state).word)


def sheet(request: Request, name: str, heading: Sequence[str], rows: Sequence[Sequence[object]], *, note: str = "") -> Response:
    """`heading` are message ids. `note`: what else whoever reads the file must know, in words; its last line."""
    _ = translator(request)
    cut = [[_(CUT) % {"count": f"{EXPORTED:,}"}]] if len(rows) > EXPORTED else []
    return csv_download(name, [_(word) for word in heading], [*rows[:EXPORTED], *cut, *([[note]] if note else [])])
