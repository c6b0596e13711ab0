"""What officers enter about an institution: reductions of its task, audits, complaints, quality evaluations. R45, R46, R58; Q7, Q8; 2.2 (f).

Facts with their documents; none is changed afterwards, and what follows from them is for `compliance` to decide.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.base import Base
from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.ledger import service as ledger
from supervision.classes.models import TrainingAgreement
from supervision.outcomes.errors import ComplaintDecided, MalformedOutcome, OutcomeNotFound
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, QualityEvaluation, TaskReduction

T = TypeVar("T", bound=Base)
FULL_MARK = 1000
FIRST_YEAR = 2000  # no evaluation is older than the registers


def reduce_task(
    session: Session, agreement: TrainingAgreement, *, persons: int, document: str, reason: str, approved_on: date, actor: Actor, at: datetime
) -> TaskReduction:
    """Record a reduction that the bureau approved (Q8). Raises: MalformedOutcome — words missing, more than is left of the task."""
    reduced = session.scalar(select(func.coalesce(func.sum(TaskReduction.persons), 0)).where(TaskReduction.agreement_id == agreement.id)) or 0
    errors = _defects({"document": document, "reason": reason}, {"approved_on": approved_on}, at)
    if not 0 < persons <= agreement.task_persons - reduced:
        errors.append({"where": "persons", "code": "out-of-range", "value": persons})
    _refuse(errors)
    row = TaskReduction(
        institution_id=agreement.institution_id,
        agreement_id=agreement.id,
        persons=persons,
        document=document.strip(),
        reason=reason.strip(),
        approved_on=approved_on,
        recorded_at=at,
        recorded_by=actor.name,
    )
    facts = {"agreement": agreement.number, "persons": persons, "document": row.document, "reason": row.reason, "approved_on": approved_on}
    return _enter(session, row, "task.reduced", agreement.institution_id, facts, actor, at, shown=True)


def record_audit_problem(
    session: Session,
    institution_id: UUID,
    *,
    issuer: str,
    level: AuditLevel,
    document: str,
    issued_on: date,
    summary: str,
    major: bool,
    classification_reason: str,
    actor: Actor,
    at: datetime,
    name: str = "",
) -> AuditProblem:
    """Record what an audit of any level found; `actor` is the named official who calls it major or not, and says why (R46, Q7).

    `name`: the person's, as papers print it.

    Raises: MalformedOutcome — words missing, or nobody named.
    """
    words = {"issuer": issuer, "document": document, "summary": summary, "classification_reason": classification_reason}
    errors = _defects(words, {"issued_on": issued_on}, at)
    same = (AuditProblem.document == document.strip(), AuditProblem.summary == summary.strip())
    if session.scalar(select(AuditProblem.id).where(AuditProblem.institution_id == institution_id, *same)) is not None:
        errors.append({"where": "summary", "code": "repeated", "value": None})
    if actor.id is None:
        errors.append({"where": "classified_by", "code": "missing", "value": None})
    _refuse(errors)
    assert actor.id is not None  # noqa: S101 - refused above
    row = AuditProblem(
        institution_id=institution_id,
        issuer=issuer.strip(),
        level=level,
        document=document.strip(),
        issued_on=issued_on,
        summary=summary.strip(),
        major=major,
        classified_by_id=actor.id,
        classified_by=name or actor.name,
        classification_reason=classification_reason.strip(),
        recorded_at=at,
    )
    facts = {"issuer": row.issuer, "level": level, "document": row.document, "major": major, "reason": row.classification_reason}
    return _enter(session, row, "audit-problem.recorded", institution_id, facts, actor, at, shown=False)


def record_complaint(session: Session, institution_id: UUID, *, received_on: date, summary: str, actor: Actor, at: datetime) -> Complaint:
    """Record a complaint without the name of who made it. Raises: MalformedOutcome."""
    _refuse(_defects({"summary": summary}, {"received_on": received_on}, at))
    row = Complaint(
        institution_id=institution_id, received_on=received_on, summary=summary.strip(), substantiated=None, recorded_at=at, recorded_by=actor.name
    )
    return _enter(session, row, "complaint.recorded", institution_id, {"received_on": received_on, "summary": row.summary}, actor, at, shown=False)


def decide_complaint(
    session: Session, complaint_id: UUID, *, substantiated: bool, found: str, actor: Actor, at: datetime, institution_id: UUID | None = None
) -> Complaint:
    """Say once whether a complaint was right, and what was found. `institution_id`: about whom it must be.

    Raises: OutcomeNotFound — none, or about another institution; ComplaintDecided, MalformedOutcome.
    """
    row = session.scalars(select(Complaint).where(Complaint.id == complaint_id).with_for_update()).one_or_none()
    if row is None or (institution_id is not None and row.institution_id != institution_id):
        raise OutcomeNotFound(what="complaint", id=str(complaint_id))
    if row.substantiated is not None:
        raise ComplaintDecided(id=str(complaint_id))
    _refuse(_defects({"found": found}, {}, at))
    row.substantiated, row.decided_on, row.decided_by = substantiated, local_date(at), actor.name
    facts = {"complaint": row.id, "substantiated": substantiated, "found": found.strip()}
    return _enter(session, row, "complaint.decided", row.institution_id, facts, actor, at, shown=False)


def record_evaluation(
    session: Session, institution_id: UUID, *, year: int, score_permille: int, document: str, evaluated_on: date, actor: Actor, at: datetime
) -> QualityEvaluation:
    """Record the quality evaluation of a year (R58, R61). Raises: MalformedOutcome."""
    errors = _defects({"document": document}, {"evaluated_on": evaluated_on}, at)
    if not 0 <= score_permille <= FULL_MARK:
        errors.append({"where": "score", "code": "out-of-range", "value": score_permille})
    if not FIRST_YEAR <= year <= evaluated_on.year:
        errors.append({"where": "year", "code": "out-of-range", "value": year})
    same = (QualityEvaluation.institution_id == institution_id, QualityEvaluation.document == document.strip())
    if session.scalar(select(QualityEvaluation.id).where(*same)) is not None:
        errors.append({"where": "document", "code": "repeated", "value": None})
    _refuse(errors)
    row = QualityEvaluation(
        institution_id=institution_id,
        year=year,
        score_permille=score_permille,
        document=document.strip(),
        evaluated_on=evaluated_on,
        recorded_at=at,
        recorded_by=actor.name,
    )
    facts = {"year": year, "score_permille": score_permille, "document": row.document}
    return _enter(session, row, "quality-evaluation.recorded", institution_id, facts, actor, at, shown=True)


def _defects(words: Mapping[str, str], days: Mapping[str, date], at: datetime) -> list[dict[str, object]]:
    errors: list[dict[str, object]] = [{"where": name, "code": "missing", "value": None} for name, text in words.items() if not text.strip()]
    errors += [{"where": name, "code": "in-the-future", "value": day.isoformat()} for name, day in days.items() if day > local_date(at)]
    return errors


def _refuse(errors: list[dict[str, object]]) -> None:
    if errors:
        raise MalformedOutcome(errors=errors)


def _enter(session: Session, row: T, action: str, institution_id: UUID, facts: Mapping[str, object], actor: Actor, at: datetime, *, shown: bool) -> T:
    """`shown`: the institution may read this line of the ledger."""
    session.add(row)
    session.flush()
    tenant = institution_id if shown else None
    ledger.append(session, actor=actor, at=at, action=action, subject=f"institution/{institution_id}", tenant=tenant, body=facts)
    return row
