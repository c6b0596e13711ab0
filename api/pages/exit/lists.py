"""Statutory lists of others (严重失信主体名单 and the like): imported with their source, kept apart, without effect here. 2.1."""

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.caller import Caller
from api.auth.roles import OFFICERS
from api.http.problem import problem_of
from api.http.session import SessionDep
from api.http.typed import attempt
from api.locale.marks import N_
from api.pages.exit.steps import AtDesk, Officer
from api.pages.exit.views import Clerk, institutions_of
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.pages.reading import Typed, read_form
from api.pages.sheet import CSV, rows_of, sheet
from api.v1.exit_schemas import Listing
from compliance.exit import queries, statutory
from storage.kernel.errors import DomainError

router = APIRouter(include_in_schema=False)
SHEET = (N_("List"), N_("Entry"), N_("Unified social credit code"), N_("Authority"), N_("Document"), N_("Listed on"), N_("Until"))


@router.get("/exit/lists/statutory")
def lists_page(request: Request, caller: Clerk, session: SessionDep, export: str = "") -> Response:
    """Entries of lists that laws provide for: imported, kept apart, without effect here."""
    if export == CSV:
        rows = queries.listings(session, limit=rows_of(CSV))
        lines = [[one.list_name, one.entry_name, one.entry_code, one.authority, one.source_document, one.listed_on, one.until_on] for one in rows]
        return sheet(request, "statutory-lists", SHEET, lines)
    return _lists(request, caller, session)


def _lists(request: Request, caller: Caller, session: Session, *, refused: DomainError | None = None, **typed: object) -> Response:
    problem = problem_of(refused, request) if refused else None
    return render(
        request,
        "exit/statutory.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "exit"),
        rows=queries.listings(session),
        institutions=institutions_of(session),
        may_import=caller.role in OFFICERS,
        problem=problem,
        typed=typed,
    )


@router.post("/exit/lists/statutory")
def import_listing(
    caller: Officer,
    desk: AtDesk,
    list_name: Typed = "",
    authority: Typed = "",
    source_document: Typed = "",
    entry_name: Typed = "",
    entry_code: Typed = "",
    listed_on: Typed = "",
    until_on: Typed = "",
    institution_id: Typed = "",
) -> Response:
    """Keep one entry with its source."""
    typed = {"list_name": list_name, "authority": authority, "source_document": source_document, "entry_name": entry_name}
    typed |= {"entry_code": entry_code, "listed_on": listed_on, "until_on": until_on, "institution_id": institution_id}
    try:
        entry = read_form(Listing, typed)
        with attempt(desk.request, desk.session):
            statutory.bring_in(desk.session, **entry.model_dump(), actor=caller.actor, clock=desk.services.clock)
    except DomainError as refused:
        return _lists(desk.request, caller, desk.session, refused=refused, **typed)
    return RedirectResponse("/exit/lists/statutory", status_code=303)
