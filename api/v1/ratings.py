"""Ratings over HTTP: the year's cycle step by step, and the head's declaration that there is no objection. R61–R67; domain.md 2.3.4."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, INSTITUTION, OFFICERS, Role
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from compliance.exit import queries as exit_queries
from compliance.papers import service as papers
from compliance.rating import queries, service
from compliance.rating.lifecycle import INSTITUTION_SEES
from compliance.rating.models import Rating
from compliance.rating.ruleset import Ruleset, in_force
from supervision.institutions.models import Institution

router = APIRouter(prefix="/api/v1", tags=["rating"])
Insider = Annotated[Caller, access(roles=(BUREAU - {Role.INSPECTOR}) | {Role.AUDITOR})]
Reader = Annotated[Caller, access(roles=(BUREAU - {Role.INSPECTOR}) | INSTITUTION | {Role.AUDITOR})]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Code = Annotated[str, Path(max_length=40)]  # one that is no code is not found, as another institution's is


class NewCycle(BaseModel):
    """`leave_out`: codes of institutions."""

    model_config = ConfigDict(extra="forbid")

    year: Annotated[int, Field(ge=2000, le=2999)]
    leave_out: Annotated[list[str], Field(max_length=500)] = []


class Declaration(BaseModel):
    """`declared`: the head has read the notice and raises no objection."""

    model_config = ConfigDict(extra="forbid")

    declared: bool


class RatingPaperOut(BaseModel):
    """One paper; its SHA-256 is that of the canonical JSON of its content. Letters of the bureau print at `/credit/papers/{id}.pdf`."""

    id: UUID
    kind: str
    number: str
    at: datetime
    author: str
    sha256: str


class RatingOut(BaseModel):
    """One rating; score, tier and reasons once it is scored."""

    code: str
    institution: str
    year: int
    state: str
    score: int | None
    tier: str | None
    reasons: list[dict[str, Any]]  # Any: rules.Reason.plain()
    as_of: date | None
    inputs_sha256: str | None
    object_until: datetime | None
    waived_at: datetime | None
    decided_by: str
    document: str
    papers: list[RatingPaperOut] = []


class CandidateOut(BaseModel):
    """One place in the order in which a new task is offered (R63, R64). `most_persons`: the limit of the tier, null when there is none."""

    institution: str
    tier: str | None
    score: int | None
    rank: int
    most_persons: int | None


@router.get("/ratings")
def list_ratings(
    _caller: Insider,
    session: SessionDep,
    year: Annotated[int, Query(ge=2000, le=2999)],
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> list[RatingOut]:
    """The ratings of a year by code, beyond `after`."""
    return [_out(row, owner) for row, owner in queries.of_year(session, year, after=after, limit=limit)]


@router.get("/ratings/{code}")
def show_rating(caller: Reader, session: SessionDep, code: Code) -> RatingOut:
    """One rating with its papers; an institution sees its own from the notice on."""
    return _shown(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)


@router.get("/selection")
def selection(_caller: Insider, session: SessionDep, services: ServicesDep) -> list[CandidateOut]:
    """Order in which a new task is offered, with the limits that tiers bring."""
    rule, on = _rules(services).effects, services.clock.today_on()
    return [
        CandidateOut(
            institution=one.institution.code, tier=one.tier or None, score=one.score, rank=one.rank, most_persons=rule.most_persons(one.tier)
        )
        for one in queries.selection_order(session, rule, on=on)
    ]


@router.post("/ratings", status_code=status.HTTP_201_CREATED)
def open_cycle(body: NewCycle, caller: Officer, session: SessionDep, services: ServicesDep) -> list[RatingOut]:
    """Begin a year for every training institution of the directory but those left out."""
    opened = service.open_cycle(session, body.year, leave_out=body.leave_out, actor=caller.actor, clock=services.clock)
    return [_out(row, session.get_one(Institution, row.institution_id)) for row in opened]


@router.post("/ratings/{code}/freeze")
def freeze(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """Read every event, store them, score them."""
    fallen = [one.id for one in exit_queries.reversed_problems(session)]
    service.freeze(session, code, rules=_rules(services), reversed_problems=fallen, actor=caller.actor, clock=services.clock)
    return _shown(session, code)


@router.post("/ratings/{code}/check")
def check(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """The score is the preliminary result."""
    service.check(session, code, actor=caller.actor, clock=services.clock)
    return _shown(session, code)


@router.post("/ratings/{code}/notice")
def serve_notice(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """初评结果告知书."""
    service.serve_notice(session, code, rules=_rules(services), actor=caller.actor, clock=services.clock, name=caller.display_name)
    return _shown(session, code)


@router.post("/ratings/{code}/waiver")
def waive_objection(body: Declaration, caller: Head, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """放弃异议: the head of this institution declares to raise none; it binds."""
    own = caller.tenant()
    by: dict[str, Any] = {"actor": caller.actor, "clock": services.clock, "name": caller.display_name}  # Any: keywords of the use-case
    service.waive_objection(session, code, declared=body.declared, institution_id=own, **by)
    return _shown(session, code, institution_id=own)


@router.post("/ratings/{code}/decision")
def finalise(caller: Leader, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """评定: tier and limits act at once."""
    service.finalise(session, code, rules=_rules(services), actor=caller.actor, clock=services.clock, name=caller.display_name)
    return _shown(session, code)


@router.post("/ratings/{code}/publication")
def publish(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> RatingOut:
    """公布."""
    service.publish(session, code, actor=caller.actor, clock=services.clock)
    return _shown(session, code)


def _rules(services: Services) -> Ruleset:
    return in_force(services.policy.book, services.clock.today_on())


def _shown(session: Session, code: str, *, institution_id: UUID | None = None) -> RatingOut:
    row = queries.rating(session, code, institution_id=institution_id)
    made = _out(row, session.get_one(Institution, row.institution_id))
    if institution_id is None or row.state in INSTITUTION_SEES:
        made.papers = [
            RatingPaperOut(id=p.id, kind=p.kind, number=p.number, at=p.at, author=p.author_name, sha256=p.sha256.hex())
            for p in papers.of_case(session, row.id)
        ]
    return made


def _out(row: Rating, owner: Institution) -> RatingOut:
    return RatingOut(
        code=row.code,
        institution=owner.code,
        year=row.year,
        state=row.state.value,
        score=row.score,
        tier=row.tier.value if row.tier else None,
        reasons=row.reasons,
        as_of=row.as_of,
        inputs_sha256=row.inputs_sha256.hex() if row.inputs_sha256 else None,
        object_until=row.object_until,
        waived_at=row.waived_at,
        decided_by=row.decided_by,
        document=row.document,
    )
