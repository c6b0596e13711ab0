"""Applications that came after the fact: noted for a person to look at, never repaired by the approval. F-24, R78; 2.3.3."""

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from compliance.approvals import queries
from compliance.approvals.errors import ApprovalNotFound, WrongDecider
from compliance.approvals.lifecycle import LATE_MOVES, LateEvent
from compliance.approvals.models import Approval, LateRequest
from compliance.approvals.queries import Reader
from compliance.approvals.rules import Kind, demand_short, is_extension_late, is_retroactive, is_right_decider
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE, Clock
from storage.ledger import history
from supervision.classes import places


def note(session: Session, row: Approval, *, actor: Actor, at: datetime) -> LateRequest | None:
    """Record that lessons began before anybody approved. Once for each application; when it is handed in, and again looked at when it is decided."""
    if queries.late_request(session, row.id) is not None:
        return None
    first_at, lessons = _before(session, row, at)
    if first_at is None or not is_retroactive(first_at, at):
        return None
    made = LateRequest(approval_id=row.id, institution_id=row.institution_id, found_at=at, first_at=first_at, lessons=lessons)
    facts = {"approval": row.code, "first_at": first_at, "lessons": lessons}
    history.begin(session, made, actor=actor, at=at, event="find", clause="F-24", facts=facts)
    return made


def settle(session: Session, code: str, *, take_up: bool, reason: str, reader: Reader, actor: Actor, clock: Clock) -> LateRequest:
    """A named person says what follows: a check or a finding, or nothing, each with words. Raises: ApprovalNotFound, WrongDecider, ForbiddenMove."""
    row = queries.approval(session, code, reader, lock=True)
    wanted = queries.route_of(row)
    if not is_right_decider(wanted, department=reader.department):
        raise WrongDecider(approval=code, decider=row.department or row.decider.value, clause=wanted.clause)
    found = queries.late_request(session, row.id)
    if found is None:
        raise ApprovalNotFound(approval=code)
    at, stated = clock.now_at(), demand_short("reason", reason)
    event = LateEvent.TAKE_UP if take_up else LateEvent.DISMISS
    with session.no_autoflush:
        found.decided_at, found.decided_by_id, found.decided_by, found.decision_reason = at, actor.id, actor.name, stated
    history.move(session, found, LATE_MOVES, event, actor=actor, at=at, reason=stated, facts={"reason": stated})
    return found


def _before(session: Session, row: Approval, at: datetime) -> tuple[datetime | None, list[str]]:
    """When the first unapproved thing began, and the lessons it concerns."""
    classes = queries.classes_of(session, row.id)
    if row.kind is Kind.EXTENSION:
        over = [one for one in classes if is_extension_late(one.ends_on, at)]
        first = min((datetime.combine(one.ends_on + timedelta(days=1), time(), BUREAU_ZONE) for one in over), default=None)
        return first, []
    if row.room_id is None:
        return None, []
    unapproved = {lesson_id for one in classes for lesson_id in places.unapproved(session, one.id)}
    begun = [one for one in queries.lessons_begun(session, row.room_id, [c.id for c in classes], at) if one.id in unapproved]
    return (begun[0].starts_at, [one.natural_id for one in begun]) if begun else (None, [])
