"""Checks of the institutions' own copies: "do they still keep it, as they must?" R73; Q3, F-14, G14."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.labels import Label
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import names_of
from api.pages.sheet import CSV, rows_of, sheet
from storage.kernel.errors import DomainError, NotFound
from supervision.footage import copies
from supervision.footage.copy_models import CopyCheck
from supervision.footage.copy_rules import CopyRule, Standing, standing
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR})]
Holder = Annotated[Caller, access(roles=INSTITUTION)]
STANDINGS: Final = {
    Standing.ASKED: Label(N_("to be answered"), "attention"),
    Standing.KEPT: Label(N_("the copy is there"), "ok"),
    Standing.WRONG: Label(N_("the answer is wrong"), "bad"),
    Standing.UNANSWERED: Label(N_("not answered"), "bad"),
}
COLUMNS = (
    Column("file", N_("File")),
    Column("institution", N_("Institution")),
    Column("asked", N_("Check begun")),
    Column("due", N_("Answer until")),
    Column("state", N_("State")),
)
SHEET = (N_("File"), N_("Institution"), N_("Check begun"), N_("Answer until"), N_("State"), N_("Answered at"), N_("Answered by"))


@router.get("/copies")
def copies_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Newest first; an institution sees its own and answers those that wait."""
    return _list(request, caller, session, services, export=export)


def _list(request: Request, caller: Caller, session: Session, services: Services, *, export: str = "", problem: Problem | None = None) -> Response:
    own = caller.tenant() if caller.role in INSTITUTION else None
    now, _ = services.clock.now_at(), translator(request)
    columns = [one for one in COLUMNS if own is None or one.key != "institution"]
    listing = replace(Listing.of(request, columns, sort="-asked", filters=("state",), exports=(CSV,)), path="/copies")
    query = copies.checks(institution_id=own).join(Institution, Institution.id == CopyCheck.institution_id)
    if listing.filters.get("state") in set(Standing):
        query = query.where(_in(Standing(listing.filters["state"]), now))
    if listing.q and own is None:
        query = query.where(Institution.name.icontains(listing.q, autoescape=True) | Institution.code.icontains(listing.q, autoescape=True))
    keys = [Key(CopyCheck.asked_at, descending=True), Key(CopyCheck.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    rows = session.execute(select(Institution.id, Institution.name).where(Institution.id.in_({row.institution_id for row in found.items})))
    names = {ident: name for ident, name in rows}  # noqa: C416 - Row is not a pair for mypy
    if export == CSV:
        return _sheet(request, session, found.items, names, now)
    return render(
        request,
        "recordings/copies.html",
        status_code=problem.status if problem else 200,
        modules=("copies.js",),
        **show_navigation(request, caller, "recordings"),
        listing=replace(listing, next_after=found.next_after or ""),
        people=names_of(session, [row.answered_by for row in found.items if row.answered_by]),
        rows=[(row, standing(matches=row.matches, due=row.due_at, now=now)) for row in found.items],
        waiting=waiting(session, own, now) if own else [],
        files=copies.file_names(session, found.items),
        names=names,
        states=[(one.value, _(label.word)) for one, label in STANDINGS.items()],
        labels=STANDINGS,
        rule=services.policy.read(CopyRule, services.clock.today_on()),
        own=own is not None,
        problem=problem,
    )


def _sheet(request: Request, session: Session, checks: Sequence[CopyCheck], names: Mapping[UUID, str], now: datetime) -> Response:
    _, files = translator(request), copies.file_names(session, checks)
    people = names_of(session, [row.answered_by for row in checks if row.answered_by])
    lines = [
        [
            files.get(row.recording_id),
            names[row.institution_id],
            row.asked_at,
            row.due_at,
            _(STANDINGS[standing(matches=row.matches, due=row.due_at, now=now)].word),
            row.answered_at,
            people.get(row.answered_by, row.answered_by) if row.answered_by else None,
        ]
        for row in checks
    ]
    return sheet(request, "copies", SHEET, lines)


def waiting(session: Session, institution_id: UUID, now: datetime) -> list[CopyCheck]:
    """What an institution has to answer, the most urgent first."""
    query = copies.checks(institution_id=institution_id).where(_in(Standing.ASKED, now))
    return list(session.scalars(query.order_by(CopyCheck.due_at).limit(50)))


def _in(wanted: Standing, now: datetime) -> ColumnElement[bool]:
    """`copy_rules.standing` as a condition."""
    if wanted is Standing.KEPT:
        return CopyCheck.matches.is_(True)
    if wanted is Standing.WRONG:
        return CopyCheck.matches.is_(False)
    return and_(CopyCheck.matches.is_(None), CopyCheck.due_at > now if wanted is Standing.ASKED else CopyCheck.due_at <= now)


@router.post("/copies/{check_id}/answer")
def answer(
    request: Request,
    caller: Holder,
    session: SessionDep,
    services: ServicesDep,
    check_id: UUID,
    answer: Annotated[str, Form(), Most(200)] = "",
) -> Response:
    """One answer for each check; it is held beside the locked bytes at once."""
    by = {"institution_id": caller.tenant(), "actor": caller.actor, "clock": services.clock}
    try:
        with attempt(request, session):
            copies.answer(session, services.buckets.evidence, check_id, answer, **by)  # type: ignore[arg-type]  # keywords
    except NotFound:
        raise
    except DomainError as refused:
        return _list(request, caller, session, services, problem=problem_of(refused, request))
    return RedirectResponse("/copies", status_code=303)
