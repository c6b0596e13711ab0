"""Official records about institutions as a page: task reductions, audits, complaints, quality evaluations. R45, R46, R58; Q7, Q8."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final
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
from api.http.typed import Most, attempt
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.reading import all_of, chosen_of, day_of, said_of, whole_of, yes_of
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
Words = Annotated[str, Form(), Most(2000)]
Reason = Annotated[str, Form(), Most(1000)]
Name = Annotated[str, Form(), Most(200)]
Code = Annotated[str, Form(), Most(60)]
Short = Annotated[str, Form(), Most(20)]
LEVELS = {"national": N_("national"), "province": N_("province"), "city": N_("city"), "county": N_("county")}
MOST = 200  # of one institution on one page
CALLED: Final = {  # act → what the rules call a field → what the form calls it
    "audits": {"document": "audit_document"}, "complaints": {"summary": "complaint"}, "evaluations": {"document": "report"},
}  # fmt: skip
FORM_NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "audits": {"summary": N_("What was found")},
    "complaints": {"received_on": N_("Received on")},
    "reductions": {"document": N_("Document of the approval")},
}


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
    act: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    """`act`: the form that was refused stands open with what was typed, its fields named as they are in it."""
    _ = translator(request)
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
        act=act,
        names={name: _(word) for name, word in FORM_NAMES.get(act, {}).items()},
        typed=typed or {},
    )


def _enter(
    request: Request, caller: Caller, session: Session, services: ServicesDep, code: str, do: Callable[[Institution], object], **typed: str
) -> Response:
    """Enter something about the institution `code`; refused, the page is shown again. Raises: NotFound — none, or what is decided is another's."""
    row = session.scalars(select(Institution).where(Institution.code == code)).one_or_none()
    if row is None:
        raise NotFound(what="institution", id=code)
    try:
        with attempt(request, session):
            made = do(row)
    except NotFound:
        raise
    except DomainError as refused:
        act = request.url.path.split("/")[2]
        called = CALLED.get(act, {})
        for defect in refused.facts.get("errors", ()):
            defect["where"] = called.get(defect["where"], defect["where"])
        return _show(request, caller, session, services, code, problem=problem_of(refused, request), act=act, typed=typed)
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
    document: Name = "",
    reason: Reason = "",
    approved_on: Short = "",
) -> Response:
    """Record an approved reduction of a year's task."""

    def entered(row: Institution) -> object:
        found = session.scalars(
            select(TrainingAgreement).where(TrainingAgreement.institution_id == row.id, TrainingAgreement.number == agreement).with_for_update()
        ).one_or_none()
        if found is None:
            raise MalformedOutcome(errors=[{"where": "agreement", "code": "unknown", "value": agreement}])
        count, paper, why, day = all_of(
            lambda: whole_of(persons, "persons", refused=MalformedOutcome),
            lambda: said_of(document, "document", refused=MalformedOutcome),
            lambda: said_of(reason, "reason", refused=MalformedOutcome),
            lambda: day_of(approved_on, "approved_on", refused=MalformedOutcome),
        )
        by = {"actor": caller.actor, "at": services.clock.now_at()}
        return official.reduce_task(session, found, persons=count, document=paper, reason=why, approved_on=day, **by)  # type: ignore[arg-type]  # keywords

    typed = {"agreement": agreement, "persons": persons, "document": document, "reason": reason, "approved_on": approved_on}
    return _enter(request, caller, session, services, institution, entered, **typed)


@router.post("/records/audits")
def record_audit(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    issuer: Name = "",
    level: Short = "",
    audit_document: Name = "",
    issued_on: Short = "",
    summary: Words = "",
    major: Short = "",
    classification_reason: Words = "",
) -> Response:
    """Record what an audit found; whoever signs in here is the named official who classifies it. A major problem leads to its exit case."""
    tools = ExitTools(services, caller)

    def entered(row: Institution) -> object:
        by, which, paper, day, what, grave, why = all_of(
            lambda: said_of(issuer, "issuer", refused=MalformedOutcome),
            lambda: chosen_of(AuditLevel, level, "level", refused=MalformedOutcome),
            lambda: said_of(audit_document, "audit_document", refused=MalformedOutcome),
            lambda: day_of(issued_on, "issued_on", refused=MalformedOutcome),
            lambda: said_of(summary, "summary", refused=MalformedOutcome),
            lambda: yes_of(major, "major", refused=MalformedOutcome),
            lambda: said_of(classification_reason, "classification_reason", refused=MalformedOutcome),
        )
        return opening.enter_problem(
            session,
            row.id,
            issuer=by,
            level=which,
            document=paper,
            issued_on=day,
            summary=what,
            major=grave,
            classification_reason=why,
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
        day, what = all_of(
            lambda: day_of(received_on, "received_on", refused=MalformedOutcome), lambda: said_of(complaint, "complaint", refused=MalformedOutcome)
        )
        return official.record_complaint(session, row.id, received_on=day, summary=what, actor=caller.actor, at=services.clock.now_at())

    return _enter(request, caller, session, services, institution, entered, complaint=complaint, received_on=received_on)


@router.post("/records/complaints/{complaint_id}/decide")
def decide_complaint(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    complaint_id: UUID,
    institution: Code,
    found: Reason = "",
    substantiated: Short = "",
) -> Response:
    """Say whether a complaint was right."""

    def entered(row: Institution) -> object:
        right, what = all_of(
            lambda: yes_of(substantiated, "substantiated", refused=MalformedOutcome), lambda: said_of(found, "found", refused=MalformedOutcome)
        )
        by = {"actor": caller.actor, "at": services.clock.now_at()}
        return official.decide_complaint(session, complaint_id, institution_id=row.id, substantiated=right, found=what, **by)  # type: ignore[arg-type]  # keywords

    return _enter(request, caller, session, services, institution, entered, found=found, decided=str(complaint_id))


@router.post("/records/evaluations")
def record_evaluation(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    institution: Code,
    year: Short = "",
    score: Short = "",
    report: Name = "",
    evaluated_on: Short = "",
) -> Response:
    """Record the quality evaluation of a year."""

    def entered(row: Institution) -> object:
        which, points, paper, day = all_of(
            lambda: whole_of(year, "year", refused=MalformedOutcome),
            lambda: whole_of(score, "score", refused=MalformedOutcome),
            lambda: said_of(report, "report", refused=MalformedOutcome),
            lambda: day_of(evaluated_on, "evaluated_on", refused=MalformedOutcome),
        )
        by = {"actor": caller.actor, "at": services.clock.now_at()}
        return official.record_evaluation(session, row.id, year=which, score_permille=points, document=paper, evaluated_on=day, **by)  # type: ignore[arg-type]  # keywords

    return _enter(request, caller, session, services, institution, entered, year=year, score=score, report=report, evaluated_on=evaluated_on)
