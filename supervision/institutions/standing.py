"""What decisions forbid an institution: put in force, published, lifted. R43, R47.

The exit stage decides; this record is what the registry obeys. Each act changes record and status of the directory in one transaction.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from supervision.institutions.models import Bar, DirectoryExclusion, Institution, InstitutionStatus, Lifted, RunningClasses


def bar_in_force(session: Session, institution_id: UUID, *, classes: bool = False) -> DirectoryExclusion | None:
    """The decision that forbids agreements and tasks now; with `classes`, the one that forbids classes too. The strictest first."""
    bars = (Bar.EXCLUDED,) if classes else tuple(Bar)
    return session.scalars(
        select(DirectoryExclusion)
        .where(DirectoryExclusion.institution_id == institution_id, DirectoryExclusion.lifted_on.is_(None), DirectoryExclusion.bar.in_(bars))
        .order_by(DirectoryExclusion.bar)
        .limit(1)
    ).one_or_none()


def of_case(session: Session, case_code: str) -> DirectoryExclusion | None:
    """What a case put in force, lifted or not."""
    return session.scalars(select(DirectoryExclusion).where(DirectoryExclusion.case_code == case_code)).one_or_none()


def put_in_force(
    session: Session,
    institution: Institution,
    *,
    case_code: str,
    bar: Bar,
    ground: str,
    clause: str,
    decision_number: str,
    signed_by: str,
    from_on: date,
    until_on: date,
    running_classes: RunningClasses,
    actor: Actor,
    at: datetime,
) -> DirectoryExclusion:
    """From now on agreements and larger tasks are refused, by the services and by the database; an exclusion refuses classes too."""
    row = DirectoryExclusion(
        institution_id=institution.id,
        case_code=case_code,
        bar=bar,
        ground=ground,
        clause=clause,
        decision_number=decision_number,
        signed_by=signed_by,
        from_on=from_on,
        until_on=until_on,
        running_classes=running_classes,
    )
    session.add(row)
    session.flush()
    if bar is Bar.EXCLUDED:
        institution.status = InstitutionStatus.EXCLUDED
        session.flush()
    facts = {"case": case_code, "bar": bar, "decision": decision_number, "from_on": from_on, "until_on": until_on, "running_classes": running_classes}
    _note(session, row, "institution.barred", facts, actor, at)
    return row


def publish(session: Session, row: DirectoryExclusion, *, actor: Actor, at: datetime) -> None:
    """The public list shows it from now on, and keeps showing it when it has ended. R67."""
    row.published_at = at
    session.flush()
    _note(session, row, "institution.bar-published", {"case": row.case_code, "decision": row.decision_number}, actor, at)


def shorten(session: Session, row: DirectoryExclusion, *, until_on: date, document: str, actor: Actor, at: datetime) -> None:
    """A shorter term, as a review of the decision ordered. Raises: ValueError — it would be longer."""
    if until_on > row.until_on:
        msg = "a review never makes the term longer"
        raise ValueError(msg)
    facts = {"case": row.case_code, "from": row.until_on, "to": until_on, "document": document}
    row.until_on = until_on
    session.flush()
    _note(session, row, "institution.bar-shortened", facts, actor, at)


def lift(session: Session, row: DirectoryExclusion, *, why: Lifted, document: str, on: date, actor: Actor, at: datetime) -> None:
    """It ends: the status is restored with it, and the public list says why."""
    if row.lifted_on is not None:
        return
    row.lifted_on, row.lifted_why, row.lifted_document = on, why, document
    session.flush()
    institution = session.get_one(Institution, row.institution_id)
    if institution.status is InstitutionStatus.EXCLUDED and bar_in_force(session, institution.id, classes=True) is None:
        institution.status = InstitutionStatus.ACTIVE
        session.flush()
    _note(session, row, "institution.bar-lifted", {"case": row.case_code, "why": why, "document": document, "on": on}, actor, at)


def _note(session: Session, row: DirectoryExclusion, action: str, facts: dict[str, object], actor: Actor, at: datetime) -> None:
    subject = f"institution/{row.institution_id}"
    ledger.append(session, actor=actor, at=at, action=action, subject=subject, tenant=row.institution_id, body=facts)
