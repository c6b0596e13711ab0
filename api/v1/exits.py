"""Exit cases over HTTP: the bureau excludes and readmits, step by step, each step by a named person. R38, R43–R49; domain.md 2.3.5."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, status

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.exits import ExitTools
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.v1 import exit_schemas as told
from compliance.exit import effects, opening, procedure, queries, readmission, remedies, statutory
from compliance.exit.models import ExitCase, SheetKind
from compliance.exit.rules import Measure
from compliance.papers import service as papers
from compliance.publication import queries as publication

router = APIRouter(prefix="/api/v1", tags=["exit"])
LAWYERS = frozenset({Role.LEGAL_OFFICER})
Reader = Annotated[Caller, access(roles=OFFICERS | LAWYERS | INSTITUTION | {Role.AUDITOR})]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Chair = Annotated[Caller, access(roles=OFFICERS | LAWYERS)]
Lawyer = Annotated[Caller, access(roles=LAWYERS)]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
Signer = Annotated[Caller, access(roles={Role.BUREAU_LEADER}, fresh=True)]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Anyone = Annotated[Caller, access(public=True)]
Code = Annotated[str, Path(max_length=40)]  # one that is no code is not found, as another institution's is


@router.get("/exit-cases")
def list_cases(caller: Reader, session: SessionDep, limit: Annotated[int, Query(ge=1, le=200)] = 100) -> list[told.ExitOut]:
    """Cases that are not over; an institution sees its own from the notice on (row-level security)."""
    own = caller.tenant() if caller.role in INSTITUTION else None
    return [_out(row) for row in queries.to_do(session, limit=limit) if own is None or row.institution_id == own]


@router.get("/exit-cases/{code}")
def show_case(caller: Reader, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """One case with its papers and whose turn it is."""
    row = queries.case(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)
    tools = ExitTools(services, caller)
    turn = queries.turn_of(session, row, tools.clocks, services.clock.now_at())
    made = _out(row)
    if turn is not None:
        made.turn, made.turn_until = turn.act, turn.until
        made.turn_party = "bureau" if turn.party.value == "bureau" else "institution"
    made.papers = [
        told.PaperOut(id=p.id, kind=p.kind, number=p.number, at=p.at, author=p.author_name, sha256=p.sha256.hex())
        for p in papers.of_case(session, row.id)
        if queries.may_read(row, p, own=caller.role in INSTITUTION)
    ]
    return made


@router.get("/exit-cases/{code}/sheet")
def show_sheet(caller: Reader, session: SessionDep, code: Code, kind: Literal["frozen", "again"] = "frozen") -> told.SheetOut | None:
    """The calculation sheet; its SHA-256 is that of the canonical JSON of `content`."""
    row = queries.case(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)
    found = queries.sheet(session, row.id, SheetKind(kind))
    return told.SheetOut(kind=found.kind.value, sha256=found.sha256.hex(), content=found.content) if found else None


@router.post("/audit-problems", status_code=status.HTTP_201_CREATED)
def enter_problem(body: told.NewProblem, caller: Officer, session: SessionDep, services: ServicesDep) -> told.ExitOut | None:
    """Trigger C: the caller is the named official who classified it; a major one opens a case."""
    tools, given = ExitTools(services, caller), body.model_dump(exclude={"institution_id", "reason"})
    row = opening.enter_problem(session, body.institution_id, **given, classification_reason=body.reason, holds=tools.holds, **tools.by)
    return _out(row) if row else None


@router.post("/exit-cases", status_code=status.HTTP_201_CREATED)
def escalate(body: told.Escalation, caller: Signer, session: SessionDep, services: ServicesDep) -> told.ExitOut:
    """A leader makes a finding an exit case."""
    tools = ExitTools(services, caller)
    return _out(opening.escalate(session, body.finding, reason=body.reason, holds=tools.holds, **tools.by))


@router.post("/exit-cases/{code}/submission")
def submit(body: told.Submission, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """Take the case, state reasons and the intended measure, hand it to the legal officer."""
    tools = ExitTools(services, caller)
    procedure.submit(session, code, reasons=body.reasons, measure=Measure(body.effect, body.months), rule=tools.rule, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/legal-review")
def review_legality(body: told.LegalReview, caller: Lawyer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """法制审核."""
    tools = ExitTools(services, caller)
    procedure.review_legality(session, code, checks=body.checks, opinion=body.opinion, passed=body.passed, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/notice")
def serve_notice(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """事先告知书."""
    tools = ExitTools(services, caller)
    procedure.serve_notice(session, code, clocks=tools.clocks, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/statement")
def state(body: told.Statement, caller: Head, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """陈述申辩. Documents go with the page's form."""
    tools = ExitTools(services, caller)
    procedure.state(session, code, points=body.points, files=(), institution_id=caller.tenant(), **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/hearing-request")
def request_hearing(body: told.Reasoned, caller: Head, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """听证申请."""
    procedure.request_hearing(session, code, reason=body.reason, institution_id=caller.tenant(), **ExitTools(services, caller).by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/hearing")
def call_hearing(body: told.HearingCall, caller: Chair, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """听证通知书; the caller will preside."""
    tools = ExitTools(services, caller)
    procedure.call_hearing(session, code, hearing_at=body.hearing_at, place=body.place, clocks=tools.clocks, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/hearing-record")
def hold_hearing(body: told.HearingRecord, caller: Chair, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """听证笔录."""
    procedure.hold_hearing(session, code, record=body.record, points=body.points, files=(), **ExitTools(services, caller).by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/recheck")
def recheck(body: told.Recheck, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """复核 by a second official."""
    tools = ExitTools(services, caller)
    rule, counting = tools.as_detected(queries.case(session, code))
    procedure.recheck(session, code, opinion=body.opinion, stands=body.stands, rule=rule, counting=counting, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/proposal")
def propose(body: told.Proposal, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """拟处理意见."""
    tools = ExitTools(services, caller)
    procedure.propose(
        session,
        code,
        reasons=body.reasons,
        measure=Measure(body.effect, body.months),
        running_classes=body.running_classes,
        answers=body.answers,
        collective=body.collective,
        rule=tools.rule,
        **tools.by,
    )
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/proposal/return")
def send_back(body: told.Reasoned, caller: Leader, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """The leader does not sign it."""
    return _out(procedure.send_back(session, code, reason=body.reason, **ExitTools(services, caller).by))


@router.post("/exit-cases/{code}/decision")
def decide(caller: Signer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """处理决定: signed by a leader whose sign-in is minutes old."""
    tools = ExitTools(services, caller)
    procedure.decide(session, code, remedies=tools.remedies, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/service")
def serve(body: told.Service, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """送达; the decision takes force."""
    tools = ExitTools(services, caller)
    effects.serve(session, code, how=body.how, received_by=body.received_by, **tools.ending, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/publication")
def publish(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """公布."""
    return _out(effects.publish(session, code, **ExitTools(services, caller).by))


@router.post("/exit-cases/{code}/correction")
def close_correction(body: told.Correction, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """改正核验."""
    tools = ExitTools(services, caller)
    return _out(effects.close_correction(session, code, how=body.how, corrected=body.corrected, holds=tools.holds, **tools.by))


@router.post("/exit-cases/{code}/challenges", status_code=status.HTTP_201_CREATED)
def record_challenge(body: told.NewChallenge, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> dict[str, UUID]:
    """行政复议 or 行政诉讼 was accepted by its authority."""
    tools = ExitTools(services, caller)
    made = remedies.record(session, code, **body.model_dump(), rule=tools.remedies, actor=caller.actor, clock=services.clock)
    return {"id": made.id}


@router.post("/exit-cases/{code}/challenges/{challenge_id}")
def conclude_challenge(
    body: told.ChallengeOutcome, caller: Signer, session: SessionDep, services: ServicesDep, code: Code, challenge_id: UUID
) -> told.ExitOut:
    """What the authority decided, carried out at once."""
    tools = ExitTools(services, caller)
    remedies.conclude(session, code, challenge_id, **body.model_dump(), **tools.ending, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/revocation")
def revoke(body: told.Revocation, caller: Signer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """撤销决定: status and public list restored in one transaction."""
    tools = ExitTools(services, caller)
    effects.revoke(session, code, reason=body.reason, document=body.document, **tools.ending, **tools.by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/withdrawal")
def withdraw(body: told.Reasoned, caller: Signer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """撤销立案."""
    tools = ExitTools(services, caller)
    return _out(procedure.withdraw(session, code, reason=body.reason, holds=tools.holds, **tools.by))


@router.post("/exit-cases/{code}/readmission-application")
def apply(body: told.Statement, caller: Head, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """重新准入申请."""
    readmission.apply(session, code, points=body.points, files=(), institution_id=caller.tenant(), **ExitTools(services, caller).by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/assessment")
def assess(body: told.Assessment, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """重新准入评估."""
    readmission.assess(session, code, checks=body.checks, notes=body.notes, **ExitTools(services, caller).by)
    return _out(queries.case(session, code))


@router.post("/exit-cases/{code}/readmission")
def readmit(body: told.Readmission, caller: Signer, session: SessionDep, services: ServicesDep, code: Code) -> told.ExitOut:
    """重新准入决定."""
    tools = ExitTools(services, caller)
    readmission.decide(session, code, admitted=body.admitted, reasons=body.reasons, rule=tools.remedies, **tools.ending, **tools.by)
    return _out(queries.case(session, code))


@router.post("/statutory-listings", status_code=status.HTTP_201_CREATED)
def import_listing(body: told.Listing, caller: Officer, session: SessionDep, services: ServicesDep) -> dict[str, UUID]:
    """Keep an entry of a statutory list with its source; it has no effect here."""
    return {"id": statutory.bring_in(session, **body.model_dump(), actor=caller.actor, clock=services.clock).id}


@router.get("/exclusions")
def exclusions(_caller: Anyone, session: SessionDep, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> list[told.ExclusionOut]:
    """Published exclusions and restrictions, in force and ended."""
    return [
        told.ExclusionOut(
            institution=one.institution,
            institution_code=one.institution_code,
            bar=one.bar.value,
            ground=one.ground,
            clause=one.clause,
            decision=one.document,
            from_on=one.from_on,
            until_on=one.until_on,
            lifted_on=one.ended_on,
            lifted_why=one.ended_why.value if one.ended_why else None,
            lifted_document=one.ended_document,
        )
        for one in publication.exclusions(session, limit=limit)
    ]


def _out(row: ExitCase) -> told.ExitOut:
    return told.ExitOut(
        code=row.code,
        institution_id=row.institution_id,
        trigger=row.trigger.value,
        year=row.year,
        state=row.state.value,
        detected_at=row.detected_at,
        numerator=row.numerator,
        denominator=row.denominator,
        limit_permille=row.limit_permille,
        again_numerator=row.again_numerator,
        again_denominator=row.again_denominator,
        statement_until=row.statement_until_at,
        hearing_until=row.hearing_until_at,
        effect=row.effect.value if row.effect and row.served_at else None,
        months=row.months if row.served_at else 0,
        from_on=row.from_on,
        until_on=row.until_on,
    )
