"""What is due, and its destruction by two people: "what must go, who agreed, and is it gone?" R73; domain.md 2.3.1; G4."""

from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api import destroying
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.http.paging import Key, page
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.http.wording.moves import REASONS
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.frame import render
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import names_of
from api.pages.reading import TypedList, id_of
from api.pages.sheet import CSV, rows_of, sheet
from storage.kernel.errors import DomainError
from supervision.footage import destruction, destruction_queries
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_rules import MOST_REASON_CHARS, DestructionRule, destroy_by
from supervision.footage.errors import MalformedDestruction
from supervision.footage.models import Recording
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
WATCHERS = OFFICERS | {Role.LEGAL_OFFICER}
Watcher = Annotated[Caller, access(roles=WATCHERS)]
Proposer = Annotated[Caller, access(roles=destroying.PROPOSERS)]
Approver = Annotated[Caller, access(roles=destroying.APPROVERS, fresh=True)]
Decider = Annotated[Caller, access(roles=destroying.APPROVERS)]
Reason = Annotated[str, Form(), Most(MOST_REASON_CHARS)]
PAGE_ROWS = 50
NOTHING_TYPED: Final[dict[str, Any]] = {"recording": [], "destruction_ids": [], "reason": "", "note": ""}  # Any: texts, and lists of texts
COLUMNS = (
    Column("file", N_("Recording")),
    Column("size", N_("Size"), figures=True),
    Column("until", N_("Kept until")),
    Column("since", N_("Due since")),
    Column("by", N_("To be destroyed by")),
)
SHEET = (N_("Recording"), N_("Institution"), N_("Size, bytes"), N_("Kept until"), N_("Due since"), N_("To be destroyed by"))


@router.get("/recordings/due")
def due_page(
    request: Request,
    caller: Watcher,
    session: SessionDep,
    services: ServicesDep,
    before: Annotated[UUID | None, Query()] = None,
    export: str = "",
) -> Response:
    """What is due, what waits for another person, what was done."""
    if export == CSV:
        return _sheet(request, session, services)
    return _show(request, caller, session, services, before=before)


def _listing(request: Request) -> Listing:
    return replace(Listing.of(request, COLUMNS, sort="until", exports=(CSV,)), path="/recordings/due")


def _sheet(request: Request, session: Session, services: Services) -> Response:
    """What is due; what waits for another person and what was done are no part of this list."""
    rule, query = services.policy.read(DestructionRule, services.clock.today_on()), destruction_queries.due(words=_listing(request).q)
    rows = page(session, query, [Key(Recording.retain_until), Key(Recording.id)], limit=rows_of(CSV)).items
    since = destruction_queries.due_since(session, [row.id for row in rows])
    schools = {row.id: row.name for row in session.execute(select(Institution.id, Institution.name))}
    lines = [
        [
            row.file_name,
            schools[row.institution_id],
            row.size_bytes,
            row.retain_until,
            since.get(row.id),
            destroy_by(since[row.id], rule) if row.id in since else None,
        ]
        for row in rows
    ]
    return sheet(request, "due", SHEET, lines)


def _show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    *,
    before: UUID | None = None,
    refused: DomainError | None = None,
    typed: dict[str, Any] | None = None,  # Any: texts, and lists of texts
) -> Response:
    rule, now = services.policy.read(DestructionRule, services.clock.today_on()), services.clock.now_at()
    problem = problem_of(refused, request) if refused else None
    listing = _listing(request)
    found = page(session, destruction_queries.due(words=listing.q), [Key(Recording.retain_until), Key(Recording.id)], after=listing.after)
    live, ended = destruction_queries.live(session), destruction_queries.ended(session, before=before, limit=PAGE_ROWS)
    since = destruction_queries.due_since(session, [row.id for row in found.items])
    by = {recording_id: destroy_by(at, rule) for recording_id, at in since.items()}
    proposed = [one for one in live if one.row.state is DestructionState.PROPOSED]
    batches = {one.row.batch_id: [other for other in proposed if other.row.batch_id == one.row.batch_id] for one in proposed}
    logins = [login for one in (*live, *ended) for login in (one.row.proposer_name, one.row.approver_name, one.row.ended_by) if login]
    language = 0 if choose_language(request) == "zh" else 1
    return render(
        request,
        "recordings/due.html",
        status_code=problem.status if problem else 200,
        problem=problem,
        **show_navigation(request, caller, "due"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=found.items,
        since=since,
        by=by,
        overdue={recording_id for recording_id, until in by.items() if until <= now},
        schools={row.id: row.name for row in session.execute(select(Institution.id, Institution.name))},
        rule=rule,
        batches=list(batches.values()),
        going=[one for one in live if one.row.state is not DestructionState.PROPOSED],
        ended=ended,
        more=ended[-1].row.id if len(ended) == PAGE_ROWS else None,
        people=names_of(session, logins),
        why={code: pair[language] for code, pair in REASONS.items()},
        may_propose=caller.role in destroying.PROPOSERS,
        may_decide=caller.role in destroying.APPROVERS,
        me=caller.account_id,
        typed={"recording": [], "reason": "", "destruction_ids": [], "note": ""} | (typed or {}),
    )


@router.post("/recordings/due/propose")
def propose(
    request: Request, caller: Proposer, session: SessionDep, services: ServicesDep, recording: TypedList = None, reason: Reason = ""
) -> Response:
    """Propose to destroy what was chosen, all or none, with a reason."""
    chosen = recording or []
    try:
        with attempt(request, session):
            destroying.propose_all(services, session, _ids(chosen, "recording"), reason=reason, actor=caller.actor)
    except DomainError as refused:
        return _show(request, caller, session, services, refused=refused, typed={"recording": chosen, "reason": reason})
    return RedirectResponse("/recordings/due", status_code=303)


@router.post("/recordings/due/approve")
def approve(
    request: Request, caller: Approver, session: SessionDep, services: ServicesDep, destruction_ids: TypedList = None, note: Reason = ""
) -> Response:
    """Another person agrees to what is ticked; deletion begins when this is committed."""
    chosen = destruction_ids or []
    try:
        with attempt(request, session):
            destroying.approve_all(services, session, _proposals(chosen), note=note, actor=caller.actor)
    except DomainError as refused:
        return _show(request, caller, session, services, refused=refused, typed={"destruction_ids": chosen, "note": note})
    return RedirectResponse("/recordings/due", status_code=303)


@router.post("/recordings/due/decline")
def decline(
    request: Request, caller: Decider, session: SessionDep, services: ServicesDep, destruction_ids: TypedList = None, note: Reason = ""
) -> Response:
    """Another person refuses what is ticked, with a reason."""
    chosen = destruction_ids or []
    try:
        with attempt(request, session):
            for one in _proposals(chosen):
                destruction.decline(session, one, reason=note, actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return _show(request, caller, session, services, refused=refused, typed={"destruction_ids": chosen, "note": note})
    return RedirectResponse("/recordings/due", status_code=303)


@router.post("/recordings/due/withdraw")
def withdraw(
    request: Request, caller: Proposer, session: SessionDep, services: ServicesDep, destruction_ids: TypedList = None, note: Reason = ""
) -> Response:
    """One of the two takes back what is ticked, until deletion has begun."""
    chosen = destruction_ids or []
    try:
        with attempt(request, session):
            for one in _proposals(chosen):
                destruction.withdraw(session, one, reason=note, actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return _show(request, caller, session, services, refused=refused, typed={"destruction_ids": chosen, "note": note})
    return RedirectResponse("/recordings/due", status_code=303)


def _proposals(chosen: list[str]) -> list[UUID]:
    """Raises: MalformedDestruction — nothing is ticked; InvalidInput — no id."""
    if not chosen:
        raise MalformedDestruction(errors=[{"where": "recording", "code": "missing", "value": None}])
    return sorted(set(_ids(chosen, "recording")))


def _ids(chosen: list[str], where: str) -> list[UUID]:
    return [id_of(one, where) for one in chosen]
