"""Draw rounds over HTTP. What is published is readable by anyone; each step belongs to a named person. R55; G8, G9."""

from datetime import date, datetime
from importlib.resources import files
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, status
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.inspectors import all_who_judge, eligible_inspectors, review_due
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from supervision.sampling import publication, queries
from supervision.sampling import service as sampling
from supervision.sampling.disclosure import list_is_open
from supervision.sampling.draw import SamplingRule
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawRound
from supervision.sampling.strata import RiskWeights, StratifyBy
from supervision.spotchecks import recusals, results
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.rules import ReviewRule
from supervision.visits import service as visits

router = APIRouter(prefix="/api/v1", tags=["draws"])
Anyone = Annotated[Caller, access(public=True)]
Officer = Annotated[Caller, access(roles=OFFICERS)]
# every party of a draw brings its own share; an auditor may not write, so the discipline office uses a legal or department account
Party = Annotated[Caller, access(roles=OUTSIDE_INSTITUTIONS - {Role.AUDITOR, Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER})]
Code = Annotated[str, Path(pattern=r"^D\d{4}-\d{4,}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class NewRound(BaseModel):
    method: DrawMethod = DrawMethod.PROPORTIONAL
    title: Words
    period_starts_on: date
    period_ends_on: date
    public_source: Words
    public_at: AwareDatetime
    on_site: bool = False
    strata_by: Annotated[list[StratifyBy], Field(max_length=4)] = []


class RoundOut(BaseModel):
    code: str
    method: str
    title: str
    state: str
    period_starts_on: date
    period_ends_on: date
    frame_count: int | None
    frame_root: str | None
    sample_size: int | None
    on_site: bool
    strata_by: list[str]
    public_source: str
    public_at: datetime
    planned_at: datetime


class Commitment(BaseModel):
    party: Words
    commitment: Hex32


class Reveal(BaseModel):
    party: Words
    value: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){16,64}$")]


class PublicValue(BaseModel):
    value: Words


class Reason(BaseModel):
    reason: Annotated[str, StringConstraints(min_length=2, max_length=1000, strip_whitespace=True)]


class TicketOut(BaseModel):
    rank: int
    natural_id: str
    ticket: str


class AssignmentLine(BaseModel):
    """`inspector` is a login name: only people inside the bureau read this."""

    id: UUID
    natural_id: str
    rank: int
    inspector: str
    state: str


class NewRecusal(BaseModel):
    inspector_login: Words
    institution_id: UUID
    reason: Words
    source: Annotated[str, StringConstraints(pattern="^(declared|detected)$")] = "declared"
    from_on: date
    until_on: date | None = None


def round_out(row: DrawRound) -> RoundOut:
    """A round for a client."""
    return RoundOut(
        code=row.code,
        method=row.method.value,
        title=row.title,
        state=row.state.value,
        period_starts_on=row.period_starts_on,
        period_ends_on=row.period_ends_on,
        frame_count=row.frame_count,
        frame_root=row.frame_root.hex() if row.frame_root else None,
        sample_size=row.sample_size,
        on_site=row.on_site,
        strata_by=list(row.strata_by),
        public_source=row.public_source,
        public_at=row.public_at,
        planned_at=row.planned_at,
    )


@router.get("/draws")
def list_rounds(_caller: Anyone, session: SessionDep, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> list[RoundOut]:
    """All rounds, newest first, void ones included."""
    return [round_out(row) for row in queries.rounds(session, limit=limit)]


@router.get("/draws/verifier.py")
def verifier(_caller: Anyone) -> PlainTextResponse:
    """The stand-alone script that recomputes a published draw; needs Python and nothing of ours."""
    text = files("supervision.sampling").joinpath("verify_draw.py").read_text(encoding="utf-8")
    return PlainTextResponse(text, media_type="text/x-python", headers={"Content-Disposition": 'attachment; filename="verify_draw.py"'})


@router.get("/draws/{code}.json")
def published(_caller: Anyone, session: SessionDep, code: Code) -> JSONResponse:
    """Everything needed to recompute the draw, and nothing about a person."""
    content: Any = publication.export_public(session, code)  # Any: JSON
    return JSONResponse(content, headers={"Content-Disposition": f'attachment; filename="{code}.json"'})


@router.get("/draws/{code}/looks.json")
def published_looks(_caller: Anyone, session: SessionDep, code: Code) -> JSONResponse:
    """What the blind looks of a closed round said: totals, a commitment to each line, and the lines when all findings of the round have ended."""
    content: Any = results.export_looks(session, code)  # Any: JSON
    return JSONResponse(content, headers={"Content-Disposition": f'attachment; filename="{code}.looks.json"'})


@router.post("/draws", status_code=status.HTTP_201_CREATED)
def plan_round(body: NewRound, caller: Officer, session: SessionDep, services: ServicesDep) -> RoundOut:
    """Announce a round with the figures in force today and the public value that will be awaited."""
    today = services.clock.today_on()
    rule, weights = services.policy.read(SamplingRule, today), services.policy.read(RiskWeights, today)
    return round_out(sampling.plan(session, **body.model_dump(), rule=rule, weights=weights, actor=caller.actor, clock=services.clock))


@router.post("/draws/{code}/freeze")
def freeze(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RoundOut:
    """Fix which lessons may be drawn and publish the root of that list, before any seed exists."""
    return round_out(sampling.freeze_frame(session, code, actor=caller.actor, clock=services.clock))


@router.post("/draws/{code}/commitments", status_code=status.HTTP_201_CREATED)
def commit(body: Commitment, caller: Party, session: SessionDep, services: ServicesDep, code: Code) -> dict[str, int]:
    """A party's commitment to its share of the seed."""
    row = sampling.commit_contribution(
        session, code, party=body.party, commitment=bytes.fromhex(body.commitment), actor=caller.actor, clock=services.clock
    )
    return {"position": row.position}


@router.post("/draws/{code}/reveals")
def reveal(body: Reveal, caller: Party, session: SessionDep, services: ServicesDep, code: Code) -> dict[str, int]:
    """A party reveals what it committed to."""
    row = sampling.reveal_contribution(session, code, party=body.party, value=bytes.fromhex(body.value), actor=caller.actor, clock=services.clock)
    return {"position": row.position}


@router.post("/draws/{code}/public-value")
def public_value(body: PublicValue, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RoundOut:
    """The announced public value, once it is known: the seed follows from it and the shares."""
    return round_out(sampling.publish_public_value(session, code, value=body.value, actor=caller.actor, clock=services.clock))


@router.post("/draws/{code}/draw")
def draw(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> list[TicketOut]:
    """Draw. Happens once; asking again answers the same list; of an on-site round nothing, its list is sealed."""
    tickets = sampling.draw(session, code, actor=caller.actor, clock=services.clock)
    if not list_is_open(queries.round_by_code(session, code)):
        return []
    return [TicketOut(rank=t.rank, natural_id=t.natural_id, ticket=t.ticket.hex()) for t in tickets]


@router.post("/draws/{code}/assign")
def assign(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> list[AssignmentLine]:
    """Draw the inspectors, minus the recused, and have viewing copies prepared. Happens once."""
    if queries.round_by_code(session, code).on_site:
        raise NotFound(what="review", id=code)  # lessons to come have no footage: `/visits/rounds/…` draws their teams
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    rows = spotchecks.assign(
        session,
        code,
        inspectors=eligible_inspectors(session, services, queries.round_by_code(session, code).method),
        rule=rule,
        due_at=review_due(services),
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    return [AssignmentLine(id=r.id, natural_id=r.natural_id, rank=r.rank, inspector=r.inspector_login, state=r.state.value) for r in rows]


@router.post("/draws/{code}/void")
def void(body: Reason, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RoundOut:
    """Void a round, with a reason that is published. Nothing is deleted and nothing is redone silently."""
    return round_out(void_round(session, services, code, body.reason, caller.actor))


def void_round(session: Session, services: Services, code: str, reason: str, actor: Actor) -> DrawRound:
    """A round ends together with what it gave out: reviews of footage, or visits. Raises: as `sampling.service.void`."""
    if queries.round_by_code(session, code).on_site:
        return visits.void_round(session, code, reason=reason, actor=actor, clock=services.clock)
    return spotchecks.void_round(session, code, reason=reason, actor=actor, clock=services.clock, events=services.events)


@router.post("/recusals", status_code=status.HTTP_201_CREATED)
def enter_recusal(body: NewRecusal, caller: Officer, session: SessionDep, services: ServicesDep) -> dict[str, str]:
    """Enter in the register that an inspector, or an officer, must not judge an institution."""
    inspector = next((i for i in all_who_judge(session, services) if i.login == body.inspector_login), None)
    if inspector is None:
        raise NotFound(what="inspector", id=body.inspector_login)
    row = recusals.enter_recusal(
        session,
        inspector_account_id=inspector.account_id,
        institution_id=body.institution_id,
        reason=body.reason,
        source=body.source,
        from_on=body.from_on,
        until_on=body.until_on,
        actor=caller.actor,
        clock=services.clock,
    )
    return {"id": str(row.id)}
