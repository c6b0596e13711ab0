"""The coverage ledger as pages: "Am I safe for March?" for an institution, "what is missing?" for the bureau. R71; UI.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.coverage_bar import CoverageBar, coverage_bar
from api.pages.frame import render
from api.pages.leads.words import NAMES
from api.pages.navigation import show_navigation
from api.pages.recordings.defects import DAYS as DEFECT_DAYS
from api.pages.recordings.defects import lately_defective
from api.subsidy import subsidy_rules
from api.v1.coverage import CAUSES, MAX_DAYS
from compliance.subsidy import queries as subsidies
from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.errors import DomainError, InvalidInput, NotFound
from storage.kernel.span import Span
from supervision.footage import queries
from supervision.footage import service as footage
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import GapExplanation, Slot
from supervision.footage.queries import LedgerLine
from supervision.footage.rules import CoverageRule, explainable_until
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
READERS = (INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER}
Reader = Annotated[Caller, access(roles=READERS)]
Explainer = Annotated[Caller, access(roles=INSTITUTION)]
Decider = Annotated[Caller, access(roles=OFFICERS)]
DAYS = 14
LEAST_CHARS = 2  # of a reason


@dataclass(frozen=True, slots=True)
class Cell:
    """One slot in the calendar."""

    line: LedgerLine
    bar: CoverageBar


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar, its slots in order of time."""

    on: date
    cells: tuple[Cell, ...]


def cell_of(line: LedgerLine) -> Cell:
    """A slot with its drawing; joins and edges within tolerance count as proven, they are not blamed."""
    found = line.coverage
    return Cell(line, coverage_bar(found.scheduled, [*found.proven, *found.joins, *found.edges], found.explained))


def days_of(lines: Sequence[LedgerLine]) -> list[Day]:
    """Newest day first."""
    by_day: dict[date, list[Cell]] = {}
    for line in lines:
        by_day.setdefault(local_date(line.slot.starts_at), []).append(cell_of(line))
    return [Day(on, tuple(cells)) for on, cells in sorted(by_day.items(), reverse=True)]


@router.get("/coverage")
def ledger_page(
    request: Request,
    caller: Reader,
    session: SessionDep,
    services: ServicesDep,
    last: date | None = None,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = DAYS,
    institution: Annotated[str, Query(max_length=60)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The ledger of some days; newest first."""
    today = services.clock.today_on()
    until = min(last or today, today + timedelta(days=60))
    since = until - timedelta(days=days - 1)
    rule = services.policy.read(CoverageRule, today)
    own = caller.role in INSTITUTION
    chosen = None if own else session.scalars(select(Institution).where(Institution.code == institution)).one_or_none()
    tenant = caller.tenant() if own else (chosen.id if chosen else None)
    states = [SlotState(state)] if state in set(SlotState) else []
    lines = queries.ledger_lines(session, rule, tenant=tenant, department=caller.only_department, first=since, last=until, states=states)
    waiting = (
        session.scalars(select(GapExplanation).where(GapExplanation.state == "submitted").order_by(GapExplanation.id).limit(50)).all()
        if not own and caller.only_department is None
        else []
    )
    return render(
        request,
        "institution/ledger.html",
        **show_navigation(request, caller, "coverage"),
        own=own,
        days=days_of(lines),
        totals=_totals(lines),
        duties=queries.duties(session, caller.tenant(), rule, services.clock.now_at()) if own else None,
        at_risk=_at_risk(session, services, caller.tenant(), since, until) if own else [],
        defective=lately_defective(session, services, caller.tenant(), services.clock.now_at()) if own else [],
        defect_days=DEFECT_DAYS,
        names=NAMES,
        waiting=[(e, _slot_name(session, e.slot_id)) for e in waiting],
        institutions=[] if own else session.scalars(select(Institution).order_by(Institution.code)).all(),
        may_decide=caller.role in OFFICERS,
        chosen=institution,
        state=state,
        states=list(SlotState),
        since=since,
        until=until,
        length=days,
        earlier=since - timedelta(days=1),
        later=until + timedelta(days=days),
    )


def _at_risk(session: Session, services: Services, tenant: UUID, since: date, until: date) -> list[tuple[str, int]]:
    """What the missing footage of these days would cost, by class (R84)."""
    first, last = queries.day_bounds(since, until)
    rules = subsidy_rules(services.policy, services.clock.today_on())
    return subsidies.at_risk(session, rules, institution_id=tenant, since=first, until=last, now=services.clock.now_at())


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the slots shown."""

    slots: int
    scheduled_s: float
    proven_s: float
    explained_s: float
    missing_s: float
    not_approved: int


def _totals(lines: Sequence[LedgerLine]) -> Totals:
    found = [line.coverage for line in lines]
    return Totals(
        slots=len(lines),
        scheduled_s=sum(c.scheduled_s for c in found),
        proven_s=sum(c.proven_s for c in found),
        explained_s=sum(c.explained_s for c in found),
        missing_s=sum(c.missing_s for c in found),
        not_approved=sum(not line.place_approved for line in lines),
    )


def _slot_name(session: Session, slot_id: UUID) -> str:
    return session.scalar(select(Slot.natural_id).where(Slot.id == slot_id)) or ""


@router.get("/slots/{slot_id}")
def slot_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, slot_id: UUID) -> Response:
    """One camera's duty to film one lesson: what is proven, to the second, and what was said about the rest."""
    return _slot_page(request, caller, session, services, slot_id)


def _slot_page(
    request: Request,
    caller: Caller,
    session: Session,
    services: ServicesDep,
    slot_id: UUID,
    *,
    refused: DomainError | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    tenant = caller.tenant() if caller.role in INSTITUTION else None
    line = queries.slot_line(session, rule, slot_id, tenant, department=caller.only_department)
    if line is None:
        raise NotFound(what="slot", id=str(slot_id))
    gap = max(line.coverage.missing, key=lambda s: s.seconds, default=None)
    given = typed or {
        "start": _wall(gap.start_at) if gap else "",
        "end": _wall(gap.end_at) if gap else "",
        "cause": "power-cut",
        "text": "",
    }
    problem = problem_of(refused, request) if refused else None
    until = explainable_until(line.slot.due_at, rule)
    owes = caller.role in INSTITUTION and bool(line.coverage.missing)
    return render(
        request,
        "institution/slot.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "coverage"),
        line=line,
        cell=cell_of(line),
        gap=gap,
        given=given,
        causes=CAUSES,
        problem=problem,
        may_open=caller.only_department is None,
        explain_until=until,
        may_explain=owes and services.clock.now_at() <= until,
        too_late=owes and services.clock.now_at() > until,
        may_decide=caller.role in OFFICERS,
    )


@router.post("/slots/{slot_id}/explain")
def explain(
    request: Request,
    caller: Explainer,
    session: SessionDep,
    services: ServicesDep,
    slot_id: UUID,
    start: Annotated[str, Form(), Most(30)] = "",
    end: Annotated[str, Form(), Most(30)] = "",
    cause: Annotated[str, Form(), Most(30)] = "",
    text: Annotated[str, Form(), Most(2000)] = "",
) -> Response:
    """Say why a stretch is not on tape."""
    typed = {"start": start, "end": end, "cause": cause, "text": text}
    slot = session.scalars(select(Slot).where(Slot.id == slot_id, Slot.institution_id == caller.tenant())).one_or_none()
    if slot is None:
        raise NotFound(what="slot", id=str(slot_id))
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    try:
        span = _span(start, end)
        if cause not in CAUSES or len(text.strip()) < 4:
            raise InvalidInput(errors=[{"where": "text", "code": "too-short", "value": text[:40]}])
        with attempt(request, session):
            footage.explain(session, slot, span, cause=cause, text=text.strip(), rule=rule, actor=caller.actor, at=services.clock.now_at())
    except DomainError as refused:
        return _slot_page(request, caller, session, services, slot_id, refused=refused, typed=typed)
    return RedirectResponse(f"/slots/{slot_id}", status_code=303)


@router.post("/explanations/{explanation_id}/decide")
def decide(
    request: Request,
    caller: Decider,
    session: SessionDep,
    services: ServicesDep,
    explanation_id: UUID,
    verdict: Annotated[str, Form(), Most(20)] = "",
    reason: Annotated[str, Form(), Most(1000)] = "",
    next_path: Annotated[str, Form(alias="next", max_length=200)] = "/coverage",
) -> Response:
    """Accept or refuse an explanation."""
    row = session.scalars(select(GapExplanation).where(GapExplanation.id == explanation_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(what="explanation", id=str(explanation_id))
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    try:
        with attempt(request, session):
            if verdict not in ("accept", "refuse") or len(reason.strip()) < LEAST_CHARS:
                raise InvalidInput(errors=[{"where": "reason", "code": "too-short" if reason.strip() else "missing", "value": None}])
            accept, at = verdict == "accept", services.clock.now_at()
            footage.decide_explanation(session, row, accept=accept, reason=reason, rule=rule, actor=caller.actor, at=at)
    except DomainError as refused:
        return _slot_page(request, caller, session, services, row.slot_id, refused=refused)
    return RedirectResponse(next_path if next_path.startswith("/slots/") else "/coverage", status_code=303)


def _wall(instant: datetime) -> str:
    return instant.astimezone(BUREAU_ZONE).strftime("%Y-%m-%dT%H:%M:%S")


def _span(start: str, end: str) -> Span:
    """Local times of a form as a span. Raises: InvalidInput."""
    try:
        first, last = (datetime.fromisoformat(text).replace(tzinfo=BUREAU_ZONE) for text in (start, end))
        return Span(first, last)
    except ValueError as wrong:
        raise InvalidInput(errors=[{"where": "start", "code": "not-a-span", "value": f"{start} {end}"}]) from wrong
