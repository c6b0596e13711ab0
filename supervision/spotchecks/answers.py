"""Answers to the checklist of a review: saved as ticked, the last version stands. R69–R77, R91–R92, R103."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from supervision.sampling.models import DrawRound
from supervision.spotchecks.checklists import MAX_NOTE_CHARS, Answer, Given, Item, checklist
from supervision.spotchecks.errors import MalformedAnswer
from supervision.spotchecks.marks import open_review
from supervision.spotchecks.models import ReviewAssignment
from supervision.spotchecks.room_models import ReviewAnswer


def asked(session: Session, review: ReviewAssignment) -> tuple[Item, ...]:
    """The checklist of a review: that of its round's method on the day it was assigned."""
    method = session.scalars(select(DrawRound.method).where(DrawRound.id == review.round_id)).one()
    return checklist(method, local_date(review.assigned_at))


def save(session: Session, assignment_id: UUID, item: str, given: Given, *, sequence: int, actor: Actor, clock: Clock) -> ReviewAnswer:
    """Keep an answer as ticked; an older version than what is kept changes nothing. Returns what stands.

    Raises: AssignmentNotFound, MalformedAnswer.
    """
    review = open_review(session, assignment_id, actor)
    question = next((one for one in asked(session, review) if one.code == item), None)
    errors: list[dict[str, object]] = []
    if question is None:
        errors.append({"where": "item", "code": "unknown", "value": item[:40]})
    elif given.answer not in question.kinds:
        errors.append({"where": "answer", "code": "unknown", "value": given.answer.value})
    if len(given.note) > MAX_NOTE_CHARS:
        errors.append({"where": "note", "code": "too-long", "value": len(given.note)})
    if errors:
        raise MalformedAnswer(errors=errors)
    at = clock.now_at()
    found = session.scalars(select(ReviewAnswer).where(ReviewAnswer.assignment_id == review.id, ReviewAnswer.item == item)).one_or_none()
    if found is None:
        found = ReviewAnswer(assignment_id=review.id, item=item)
        session.add(found)
    elif sequence <= found.sequence:
        return found
    found.answer, found.note, found.sequence, found.saved_at = given.answer, given.note, sequence, at
    session.flush()
    return found


def of_review(session: Session, assignment_id: UUID) -> dict[str, ReviewAnswer]:
    """What stands, by item."""
    rows = session.scalars(select(ReviewAnswer).where(ReviewAnswer.assignment_id == assignment_id))
    return {row.item: row for row in rows}


def given(session: Session, assignment_id: UUID) -> dict[str, Given]:
    """The same as values."""
    return {code: Given(Answer(row.answer), row.note) for code, row in of_review(session, assignment_id).items()}
