"""What a list page remembers in its address: search, filters, sort, place. Nothing else holds it, so a link is the whole state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Column:
    """`label` is a message id (`N_`). `sort` = the column may be sorted by; `figures` = right-aligned tabular figures."""

    key: str
    label: str
    sort: bool = False
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """State of one list. `after` is the opaque keyset cursor; a new search, filter or sort drops it."""

    path: str
    columns: tuple[Column, ...]
    sort_key: str
    descending: bool
    q: str
    filters: Mapping[str, str]
    after: str
    next_after: str = ""
    total: int | None = None
    exports: tuple[str, ...] = ()

    @classmethod
    def of(cls, request: Request, columns: Sequence[Column], *, sort: str, filters: Sequence[str] = (), exports: Sequence[str] = ()) -> "Listing":
        """Read the address. `sort` like `-starts_at` is the default; an unknown sort key falls back to it."""
        query = request.query_params
        wanted = query.get("sort", sort)
        if wanted.removeprefix("-") not in {c.key for c in columns if c.sort}:
            wanted = sort
        return cls(
            path=request.url.path,
            columns=tuple(columns),
            sort_key=wanted.removeprefix("-"),
            descending=wanted.startswith("-"),
            q=query.get("q", "").strip(),
            filters={name: query[name] for name in filters if query.get(name)},
            after=query.get("after", ""),
            exports=tuple(exports),
        )

    def _address(self, changes: Mapping[str, str]) -> str:
        state = {**self.filters, "q": self.q, "sort": ("-" if self.descending else "") + self.sort_key, **changes}
        kept = {key: value for key, value in state.items() if value}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def sorted_by(self, key: str) -> str:
        """Address of this list sorted by `key`; a second click turns it round."""
        return self._address({"sort": f"-{key}" if key == self.sort_key and not self.descending else key})

    def first_page(self) -> str:
        return self._address({})

    def this_page(self) -> str:
        return self._address({"after": self.after})

    @property
    def kept(self) -> str:
        """This page of the list as the query of another page's address, which leads back here; empty for a list as it comes."""
        state = {**self.filters, "q": self.q, "after": self.after}
        query = urlencode({key: value for key, value in state.items() if value})
        return f"?{query}" if query else ""

    def next_page(self) -> str:
        return self._address({"after": self.next_after})

    def export(self, format_: str) -> str:
        """Address of the whole list (same search, filter, sort) as `csv`, `xlsx` …"""
        return self._address({"export": format_})

    def aria_sort(self, key: str) -> str:
        if key != self.sort_key:
            return "none"
        return "descending" if self.descending else "ascending"

    @property
    def is_narrowed(self) -> bool:
        """A search or filter is on: an empty list then means "nothing matches", not "nothing yet"."""
        return bool(self.q or self.filters)
