"""Another figure, tried on the held-out recordings before anybody decides on it: found, missed and told falsely, now and then. R60; invariant 8."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, Role
from api.http.services import ServicesDep
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.leads.words import ATTACKS, NAMES
from api.pages.navigation import show_navigation
from api.pages.policy.views import UNITS
from compliance.policy.book import Book
from supervision.screening import measured, rehearsal
from supervision.screening.rehearsal import Row
from supervision.screening.rules import ScreeningRule

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=(BUREAU - {Role.INSPECTOR}) | {Role.AUDITOR})]
MOST_DIGITS: Final = 7
MALFORMED: Final = N_("Write a whole number from %(least)s to 1,000,000.")
UNKNOWN: Final = N_("Choose a figure of the list; others cannot be tried.")


@dataclass(frozen=True, slots=True)
class Compared:
    """One signal under the figure in force and under the one that is tried."""

    now: Row
    then: Row

    @property
    def differs(self) -> bool:
        return self.now != self.then


def compared(rule: ScreeningRule, name: str, value: int) -> list[Compared] | None:
    """All signals of pictures before and after; None where this figure cannot be tried."""
    changed = rehearsal.changed(rule, name, value)
    if changed is None:
        return None
    films = rehearsal.held_out()
    return [Compared(now, then) for now, then in zip(rehearsal.table(films, rule), rehearsal.table(films, changed), strict=True)]


@router.get("/machine/figures")
def figures_page(request: Request, caller: Reader, services: ServicesDep, figure: str = "", value: str = "") -> Response:
    """Choose a figure and a value; nothing is changed."""
    book, today = services.policy.book, services.clock.today_on()
    rule = book.read(ScreeningRule, on=today)
    given = int(value) if value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS else None
    rows = compared(rule, figure, given) if given is not None else None
    return render(
        request,
        "leads/figures.html",
        **show_navigation(request, caller, "machine"),
        figures=_named(book, rule),
        figure=figure,
        value=value,
        error=_wrong(request, figure) if value and rows is None else "",
        rows=rows,
        films=len(rehearsal.held_out()),
        names=NAMES,
        attacks=ATTACKS,
        interval=measured.share_interval,
        at_most=measured.events_at_most,
        units=UNITS,
    )


def _wrong(request: Request, figure: str) -> str:
    """Why nothing was tried."""
    _ = translator(request)
    return _(MALFORMED) % {"least": rehearsal.LEAST.get(figure, 0)} if figure in rehearsal.DECIDES else _(UNKNOWN)


def _named(book: Book, rule: ScreeningRule) -> Sequence[tuple[str, str, str, int, str]]:
    """(name, Chinese, English, value in force, unit) of every figure that can be tried."""
    found = [(name, book.parameters[name]) for name in rehearsal.DECIDES]
    return [(name, one.zh, one.en, getattr(rule, name), one.unit) for name, one in found]
