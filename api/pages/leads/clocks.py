"""What the machine learned of each camera's burned-in clock, and the place where a named person throws it away. R60, R72; F-19."""

from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, OFFICERS, Role
from api.http.paging import LIMIT, Key, Page, page
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import names_of
from api.pages.sheet import CSV, rows_of, sheet
from storage.kernel.errors import DomainError, NotFound
from supervision.institutions.models import Camera
from supervision.screening import clocks
from supervision.screening.clock_models import CameraClock
from supervision.screening.clock_shape import METHOD
from supervision.screening.clocks import Clocks
from supervision.spotchecks import lead_verdicts, recusals

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw is shown no lead before their own verdict (G17)
Reader = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Judge = Annotated[Caller, access(roles=OFFICERS)]


COLUMNS: Final = (
    Column("camera", N_("Camera")),
    Column("institution", N_("Institution")),
    Column("clock", N_("Clock")),
    Column("learned", N_("Learned")),
    Column("standing", N_("Standing")),
)
SHEET: Final = (
    N_("Camera"), N_("Institution"), N_("Width, pixels"), N_("Height, pixels"), N_("Clock"), N_("Instants read"), N_("Instants asked"),
    N_("Learned"), N_("Method of learning"), N_("Standing"), N_("Discarded by"), N_("Discarded"), N_("Why it is discarded"),
)  # fmt: skip
LAYOUTS: Final = {"ymd": "YYYY-MM-DD", "dmy": "DD-MM-YYYY", "mdy": "MM-DD-YYYY", "hms": "hh:mm:ss"}
EARLIER: Final = N_("of an earlier method")
STANDINGS: Final[dict[Clocks, str]] = {
    Clocks.IN_FORCE: N_("in force"),
    Clocks.UNREADABLE: N_("none that can be read"),
    Clocks.DISCARDED: N_("discarded"),
}


@router.get("/leads/clocks")
def clocks_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Camera by camera: the layout that was learned, from which recording and when, how well it read, and whether somebody threw it away."""
    return _sheet(request, session) if export == CSV else _page(request, caller, session, services)


def _listing(request: Request) -> Listing:
    return replace(Listing.of(request, COLUMNS, sort="camera", filters=("standing",), exports=(CSV,)), path="/leads/clocks")


def _found(session: Session, listing: Listing, limit: int) -> Page[CameraClock]:
    only = listing.filters.get("standing")
    query = clocks.every(words=listing.q, only=Clocks(only) if only in set(Clocks) else None)
    return page(session, query, [Key(Camera.code), Key(CameraClock.id, descending=True)], after=listing.after, limit=limit)


def layout_text(row: CameraClock) -> str:
    """As in `YYYY-MM-DD hh:mm:ss`; empty when no clock can be read."""
    if not row.body:
        return ""
    text = row.layout
    for short, long in LAYOUTS.items():
        text = text.replace(short, long)
    return text


def _sheet(request: Request, session: Session) -> Response:
    _ = translator(request)
    rows = clocks.places_of(session, _found(session, _listing(request), rows_of(CSV)).items)
    people = names_of(session, [row.discarded_by for row, *_place in rows if row.discarded_by])
    lines = [
        [
            camera.code,
            institution.name,
            row.width_px,
            row.height_px,
            layout_text(row) or _(STANDINGS[Clocks.UNREADABLE]),
            row.read if row.body else None,
            row.asked if row.body else None,
            row.learned_at,
            row.method,
            _(STANDINGS[Clocks.DISCARDED] if row.discarded_at else STANDINGS[Clocks.IN_FORCE] if row.method == METHOD else EARLIER),
            people.get(row.discarded_by, row.discarded_by) if row.discarded_by else None,
            row.discarded_at,
            row.discarded_why,
        ]
        for row, camera, institution in rows
    ]
    return sheet(request, "clocks", SHEET, lines)


def _page(request: Request, caller: Caller, session: Session, services: Services, refused: DomainError | None = None) -> Response:
    problem, _ = problem_of(refused, request) if refused else None, translator(request)
    listing = _listing(request)
    found = _found(session, listing, LIMIT)
    return render(
        request,
        "leads/clocks.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "leads"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=clocks.places_of(session, found.items),
        standings=[(one.value, _(words)) for one, words in STANDINGS.items()],
        method=METHOD,
        layout=layout_text,
        may_discard=caller.role in OFFICERS,
        aside={institution.id for __, institution in recusals.standing(session, caller.person(), services.clock.today_on())},
        problem=problem,
    )


@router.post("/leads/clocks/{clock_id}/discard")
def discard(
    request: Request, caller: Judge, session: SessionDep, services: ServicesDep, clock_id: UUID, why: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """By name and with a reason. The camera's next recording is learned from."""
    try:
        with attempt(request, session):
            lead_verdicts.discard_clock(session, clock_id, why=why, account_id=caller.person(), actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _page(request, caller, session, services, refused)
    return RedirectResponse(f"/leads/clocks{_listing(request).kept}", status_code=303)
