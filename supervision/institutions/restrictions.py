"""Place, lift and ask after limits on new tasks. R63, R64, R66. Stages of judgement decide them; whoever gives a task asks here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from supervision.institutions.errors import ExceptionNeedsReason
from supervision.institutions.restriction_models import TaskException, TaskRestriction

LEAST_REASON_CHARS = 2


def place(
    session: Session, institution_id: UUID, *, basis: str, tier: str, most_persons: int, document: str, actor: Actor, at: datetime
) -> TaskRestriction:
    """Put a limit in force instead of the one of the same basis. The same limit again changes nothing, so that what was given stays counted."""
    standing = next(iter(in_force(session, institution_id, basis=basis, lock=True)), None)
    if standing is not None and (standing.tier, standing.most_persons) == (tier, most_persons):
        return standing
    lift(session, institution_id, basis=basis, because=f"superseded by {document}", actor=actor, at=at)
    row = TaskRestriction(
        institution_id=institution_id, basis=basis, tier=tier, most_persons=most_persons, document=document, placed_at=at, placed_by=actor.name
    )
    session.add(row)
    session.flush()
    facts = {"basis": basis, "tier": tier, "most_persons": most_persons, "document": document}
    _note(session, institution_id, "institution.restricted", facts, actor, at)
    return row


def lift(session: Session, institution_id: UUID, *, basis: str, because: str, actor: Actor, at: datetime) -> int:
    """Lift what is in force of a basis; how many that were."""
    rows = in_force(session, institution_id, basis=basis, lock=True)
    for row in rows:
        row.lifted_at, row.lifted_because = at, because
        session.flush()
        _note(session, institution_id, "institution.restriction-lifted", {"basis": basis, "document": row.document, "because": because}, actor, at)
    return len(rows)


def allow(session: Session, institution_id: UUID, *, year: int, persons: int, reason: str, actor: Actor, at: datetime) -> TaskException:
    """A named leader allows so many persons of a year. Raises: ExceptionNeedsReason."""
    if len(reason.strip()) < LEAST_REASON_CHARS or persons < 1 or actor.id is None:
        raise ExceptionNeedsReason(persons=persons)
    row = TaskException(
        institution_id=institution_id,
        year=year,
        persons=persons,
        reason=reason.strip(),
        granted_at=at,
        granted_by_id=actor.id,
        granted_by=actor.name,
    )
    session.add(row)
    session.flush()
    _note(session, institution_id, "institution.exception-granted", {"year": year, "persons": persons, "reason": row.reason}, actor, at)
    return row


def in_force(session: Session, institution_id: UUID, *, basis: str = "", lock: bool = False) -> Sequence[TaskRestriction]:
    """Limits that hold now, the strictest first."""
    wanted = select(TaskRestriction).where(TaskRestriction.institution_id == institution_id, TaskRestriction.lifted_at.is_(None))
    if basis:
        wanted = wanted.where(TaskRestriction.basis == basis)
    wanted = wanted.order_by(TaskRestriction.most_persons)
    return session.scalars(wanted.with_for_update() if lock else wanted).all()


def exceptions(session: Session, institution_id: UUID) -> Sequence[TaskException]:
    """Newest first, at most a hundred."""
    wanted = select(TaskException).where(TaskException.institution_id == institution_id)
    return session.scalars(wanted.order_by(TaskException.id.desc()).limit(100)).all()


def most_persons(session: Session, institution_id: UUID, year: int) -> tuple[int, TaskRestriction] | None:
    """How many persons of new tasks the year may have, exceptions counted, and what limits it; None without a limit."""
    strictest = next(iter(in_force(session, institution_id, lock=True)), None)
    if strictest is None:
        return None
    allowed = session.scalar(
        select(func.coalesce(func.sum(TaskException.persons), 0)).where(
            TaskException.institution_id == institution_id, TaskException.year == year, TaskException.id > strictest.id
        )
    )
    return strictest.most_persons + (allowed or 0), strictest


def _note(session: Session, institution_id: UUID, action: str, facts: dict[str, object], actor: Actor, at: datetime) -> None:
    ledger.append(session, actor=actor, at=at, action=action, subject=f"institution/{institution_id}", tenant=institution_id, body=facts)
