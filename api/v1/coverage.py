"""The coverage ledger over HTTP: what is proven, missing and explained; explanations and their decisions. R71."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, status
from pydantic import AwareDatetime, BaseModel, StringConstraints
from sqlalchemy import select

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from storage.kernel.clock import local_instant
from storage.kernel.errors import InvalidInput, NotFound
from storage.kernel.span import Span
from supervision.footage import service as footage
from supervision.footage.coverage import Coverage
from supervision.footage.models import GapExplanation, Slot
from supervision.footage.queries import LedgerLine, ledger_lines
from supervision.footage.rules import CoverageRule

router = APIRouter(prefix="/api/v1", tags=["coverage"])
READERS = (INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER}
Reader = Annotated[Caller, access(roles=READERS, scopes={"upload:read"})]
ExplanationReader = Annotated[Caller, access(roles=READERS - {Role.DEPARTMENT_OFFICER}, scopes={"upload:read"})]
Explainer = Annotated[Caller, access(roles=INSTITUTION)]
Decider = Annotated[Caller, access(roles=OFFICERS)]
MAX_DAYS = 62
CAUSES = ("power-cut", "camera-fault", "recorder-fault", "lesson-moved", "other")


class Stretch(BaseModel):
    """Half-open, with the bureau's offset."""

    start_at: datetime
    end_at: datetime
    seconds: int


class CoverageOut(BaseModel):
    """One slot. proven + explained + missing + joins + edges = the scheduled span."""

    slot_id: UUID
    natural_id: str
    lesson: str
    camera: str
    institution: str
    state: str
    due_at: datetime
    place_approved: bool  # False: nothing that is proven counts (R77, R78)
    counted_s: int
    scheduled_s: int
    proven_s: int
    missing_s: int
    explained_s: int
    overlap_s: int
    proven: list[Stretch]
    missing: list[Stretch]
    explained: list[Stretch]
    joins: list[Stretch]
    edges: list[Stretch]
    not_to_be_shown: list[Stretch]  # of what is proven: only on recordings with an integrity alarm (R73)


class NewExplanation(BaseModel):
    start_at: AwareDatetime
    end_at: AwareDatetime
    cause: Annotated[str, StringConstraints(pattern="^(" + "|".join(CAUSES) + ")$")]
    text: Annotated[str, StringConstraints(min_length=4, max_length=2000, strip_whitespace=True)]


class Decision(BaseModel):
    accept: bool
    reason: Annotated[str, StringConstraints(min_length=2, max_length=1000, strip_whitespace=True)]


class ExplanationOut(BaseModel):
    id: UUID
    slot_id: UUID
    state: str
    start_at: datetime
    end_at: datetime
    cause: str
    text: str
    decide_by: datetime
    decision_reason: str


def stretches(spans: tuple[Span, ...]) -> list[Stretch]:
    """Spans for a client."""
    return [Stretch(start_at=local_instant(s.start_at), end_at=local_instant(s.end_at), seconds=round(s.seconds)) for s in spans]


def coverage_out(line: LedgerLine) -> CoverageOut:
    """A line of the ledger for a client."""
    found: Coverage = line.coverage
    return CoverageOut(
        slot_id=line.slot.id,
        natural_id=line.slot.natural_id,
        lesson=line.lesson.natural_id,
        camera=line.camera,
        institution=line.institution,
        state=line.slot.state.value,
        due_at=local_instant(line.slot.due_at),
        place_approved=line.place_approved,
        counted_s=round(line.counted_s),
        scheduled_s=round(found.scheduled_s),
        proven_s=round(found.proven_s),
        missing_s=round(found.missing_s),
        explained_s=round(found.explained_s),
        overlap_s=round(found.overlap_s),
        proven=stretches(found.proven),
        missing=stretches(found.missing),
        explained=stretches(found.explained),
        joins=stretches(found.joins),
        edges=stretches(found.edges),
        not_to_be_shown=stretches(line.not_to_be_shown),
    )


@router.get("/coverage")
def show_coverage(
    caller: Reader,
    session: SessionDep,
    services: ServicesDep,
    first: date | None = None,
    last: date | None = None,
    institution_id: UUID | None = None,
) -> list[CoverageOut]:
    """The ledger of some days (default: the last 14). At most 62 days and 500 slots in one answer."""
    until = last or services.clock.today_on()
    since = first or until - timedelta(days=13)
    if not timedelta(0) <= until - since < timedelta(days=MAX_DAYS):
        raise InvalidInput(errors=[{"where": "first", "code": "too-many-days", "value": since.isoformat()}])
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    tenant = caller.tenant() if caller.role in INSTITUTION else institution_id
    return [coverage_out(line) for line in ledger_lines(session, rule, tenant=tenant, department=caller.only_department, first=since, last=until)]


@router.post("/slots/{slot_id}/explanations", status_code=status.HTTP_201_CREATED)
def explain_gap(
    body: NewExplanation, caller: Explainer, session: SessionDep, services: ServicesDep, slot_id: Annotated[UUID, Path()]
) -> ExplanationOut:
    """Say why a stretch is not on tape. It must lie inside what is missing."""
    if body.end_at <= body.start_at:
        raise InvalidInput(errors=[{"where": "end_at", "code": "before-start", "value": body.end_at.isoformat()}])
    slot = session.scalars(select(Slot).where(Slot.id == slot_id, Slot.institution_id == caller.tenant())).one_or_none()
    if slot is None:
        raise NotFound(what="slot", id=str(slot_id))
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    span = Span(body.start_at, body.end_at)
    row = footage.explain(session, slot, span, cause=body.cause, text=body.text, rule=rule, actor=caller.actor, at=services.clock.now_at())
    return _out(row)


@router.post("/explanations/{explanation_id}/decision")
def decide(body: Decision, caller: Decider, session: SessionDep, services: ServicesDep, explanation_id: Annotated[UUID, Path()]) -> ExplanationOut:
    """Accept or refuse an explanation, with a reason."""
    row = session.scalars(select(GapExplanation).where(GapExplanation.id == explanation_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(what="explanation", id=str(explanation_id))
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    footage.decide_explanation(session, row, accept=body.accept, reason=body.reason, rule=rule, actor=caller.actor, at=services.clock.now_at())
    return _out(row)


@router.get("/explanations")
def list_explanations(
    caller: ExplanationReader, session: SessionDep, state: Annotated[str, Query(max_length=20)] = "submitted"
) -> list[ExplanationOut]:
    """Explanations in a state, oldest first."""
    query = select(GapExplanation).where(GapExplanation.state == state).order_by(GapExplanation.id).limit(200)
    if caller.role in INSTITUTION:
        query = query.where(GapExplanation.institution_id == caller.tenant())
    return [_out(row) for row in session.scalars(query)]


def _out(row: GapExplanation) -> ExplanationOut:
    lower, upper = row.span.lower, row.span.upper
    assert lower is not None and upper is not None  # noqa: S101 - explanations are bounded
    return ExplanationOut(
        id=row.id,
        slot_id=row.slot_id,
        state=row.state.value,
        start_at=local_instant(lower),
        end_at=local_instant(upper),
        cause=row.cause,
        text=row.text,
        decide_by=local_instant(row.decide_by),
        decision_reason=row.decision_reason,
    )
