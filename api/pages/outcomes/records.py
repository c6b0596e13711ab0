"""Official records about institutions as a page: task reductions, audits, complaints, quality evaluations. R45, R46, R58; Q7, Q8."""

from collections.abc import Callable
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.exits import ExitTools
from api.http.problem import Problem, problem_of
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.locale.marks import N_
from api.pages.frame import render
from api.pages.navigation import show_navigation
from compliance.exit import opening
from compliance.exit.models import ExitCase
from storage.kernel.errors import DomainError, NotFound
from supervision.classes.models import TrainingAgreement
from supervision.institutions.models import Institution
from supervision.outcomes import official
from supervision.outcomes.errors import MalformedOutcome
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, QualityEvaluation, TaskReduction

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER})]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Words = Annotated[str, Form(max_length=2000)]
Code = Annotated[str, Form(max_length=60)]
Short = Annotated[str, Form(max_length=20)]
LEVELS = {"national": N_("national"), "province": N_("province"), "city": N_("city"), "county": N_("county")}
MOST = 200  # of one institution on one page


@router.get("/records")
def records_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, institution: str = "") -> Response:
    """What is on record about one institution, and the forms to add to it."""
    return _show(request, caller, session, services, institution)


def _show(
    request: Request,
    caller: Caller,
    session: Session,
    services: ServicesDep,
    code: str,
    *,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    chosen = session.scalars(select(Institution).where(Institution.code == code)).one_or_none() if code else None
    chosen_id = chosen.id if chosen else None

    def of(table: type[TaskReduction | AuditProblem | Complaint | QualityEvaluation]) -> object:
        if chosen_id is None:
            return []
        return session.scalars(select(table).where(table.institution_id == chosen_id).order_by(table.id.desc()).limit(MOST)).all()

    return render(
        request,
        "outcomes/records.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "records"),
        institutions=session.scalars(select(Institution).order_by(Institution.code).limit(1000)).all(),
        chosen=chosen,
        agreements=session.scalars(
            select(TrainingAgreement).where(TrainingAgreement.institution_id == chosen_id).order_by(TrainingAgreement.number.desc())
        ).all(),
        reductions=of(TaskReduction),
        audits=of(AuditProblem),
        complaints=of(Complaint),
        evaluations=of(QualityEvaluation),
        may_enter=caller.role in OFFICERS,
        levels=LEVELS,
        today=services.clock.today_on(),
        problem=problem,
        typed=typed or {},
    )


def _enter(
    request: Request, caller: Caller, session: Session, services: ServicesDep, code: str, do: Callable[[Institution], object], **typed: str
) -> Response:
    row = session.scalars(select(Institution).where(Institution.code == code)).one_or_none()
    if row is None:
        raise NotFound(what="institution", id=code)
    try:
        with session.begin_nested():
            made = do(row)
    except NotFound:
        raise
    except DomainError as refused:
        return _show(request, caller, session, services, code, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/exit/{made.code}" if isinstance(made, ExitCase) else f"/records?institution={code}", status_code=303)


@router.post("/records/reductions")
def reduce_task(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    agreement: Code = "",
    persons: Short = "",
    document: Words = "",
    reason: Words = "",
    approved_on: Short = "",
) -> Response:
    """Record an approved reduction of a year's task."""

    def entered(row: Institution) -> object:
        found = session.scalars(
            select(TrainingAgreement).where(TrainingAgreement.institution_id == row.id, TrainingAgreement.number == agreement).with_for_update()
        ).one_or_none()
        if found is None:
            raise MalformedOutcome(errors=[{"where": "agreement", "code": "unknown", "value": agreement}])
        told = {"persons": _whole(persons, "persons"), "document": document, "reason": reason, "approved_on": _day(approved_on, "approved_on")}
        return official.reduce_task(session, found, **told, actor=caller.actor, at=services.clock.now_at())  # type: ignore[arg-type]

    typed = {"agreement": agreement, "persons": persons, "document": document, "reason": reason, "approved_on": approved_on}
    return _enter(request, caller, session, services, institution, entered, **typed)


@router.post("/records/audits")
def record_audit(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    issuer: Words = "",
    level: Short = "",
    audit_document: Words = "",
    issued_on: Short = "",
    summary: Words = "",
    major: Short = "",
    classification_reason: Words = "",
) -> Response:
    """Record what an audit found; whoever signs in here is the named official who classifies it. A major problem leads to its exit case."""
    tools = ExitTools(services, caller)

    def entered(row: Institution) -> object:
        if level not in set(AuditLevel) or major not in ("yes", "no"):
            raise MalformedOutcome(errors=[{"where": "level", "code": "enum", "value": level}])
        return opening.enter_problem(
            session,
            row.id,
            issuer=issuer,
            level=AuditLevel(level),
            document=audit_document,
            issued_on=_day(issued_on, "issued_on"),
            summary=summary,
            major=major == "yes",
            classification_reason=classification_reason,
            holds=tools.holds,
            **tools.by,
        )

    typed = {"issuer": issuer, "level": level, "audit_document": audit_document, "issued_on": issued_on, "summary": summary, "major": major}
    return _enter(request, caller, session, services, institution, entered, **typed, classification_reason=classification_reason)


@router.post("/records/complaints")
def record_complaint(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    complaint: Words = "",
    received_on: Short = "",
) -> Response:
    """Record a complaint, without the name of who made it."""

    def entered(row: Institution) -> object:
        day = _day(received_on, "received_on")
        return official.record_complaint(session, row.id, received_on=day, summary=complaint, actor=caller.actor, at=services.clock.now_at())

    return _enter(request, caller, session, services, institution, entered, complaint=complaint, received_on=received_on)


@router.post("/records/complaints/{complaint_id}/decide")
def decide_complaint(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    complaint_id: UUID,
    institution: Code,
    found: Words = "",
    substantiated: Short = "",
) -> Response:
    """Say whether a complaint was right."""

    def entered(_row: Institution) -> object:
        if substantiated not in ("yes", "no"):
            raise MalformedOutcome(errors=[{"where": "substantiated", "code": "enum", "value": substantiated}])
        right = substantiated == "yes"
        return official.decide_complaint(session, complaint_id, substantiated=right, found=found, actor=caller.actor, at=services.clock.now_at())

    return _enter(request, caller, session, services, institution, entered)


@router.post("/records/evaluations")
def record_evaluation(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    year: Short = "",
    score: Short = "",
    report: Words = "",
    evaluated_on: Short = "",
) -> Response:
    """Record the quality evaluation of a year."""

    def entered(row: Institution) -> object:
        return official.record_evaluation(
            session,
            row.id,
            year=_whole(year, "year"),
            score_permille=_whole(score, "score"),
            document=report,
            evaluated_on=_day(evaluated_on, "evaluated_on"),
            actor=caller.actor,
            at=services.clock.now_at(),
        )

    return _enter(request, caller, session, services, institution, entered, year=year, score=score, report=report, evaluated_on=evaluated_on)


def _day(text: str, where: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedOutcome(errors=[{"where": where, "code": "not-a-date", "value": text[:20]}]) from None


def _whole(text: str, where: str) -> int:
    if not text.isdecimal():
        raise MalformedOutcome(errors=[{"where": where, "code": "int_parsing", "value": text[:20]}])
    return int(text)
