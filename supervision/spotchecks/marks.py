"""Marks of an inspector: kept as typed, the last version stands, none is lost. domain.md 2.3.2; R60.

Only the assignment's own inspector comes this far, and only while the review is open (`open_review`); the row is locked, so that a sign-off at
the same moment sees either all of a change or nothing of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import history
from supervision.spotchecks import queries
from supervision.spotchecks.errors import (
    AssignmentNotFound,
    MalformedMark,
    MarkNotFound,
    MarkSettled,
    ReviewItemNotFound,
)
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.mark_lifecycle import MARK_MOVES, MarkEvent, MarkState
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.room_models import ReviewMark, ReviewStill

MOST_MARKS: Final = 500
MAX_MS: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Draft:
    """A mark as typed. `defect` and `severity` are known codes; `sequence` grows with every version."""

    item_id: UUID
    start_ms: int
    end_ms: int | None
    defect: str
    severity: str
    note: str
    sequence: int


def open_review(session: Session, assignment_id: UUID, actor: Actor) -> ReviewAssignment:
    """The actor's own review, under way, locked. Raises: AssignmentNotFound."""
    if actor.id is None:
        raise AssignmentNotFound(assignment=str(assignment_id))
    found = queries.locked_assignment(session, assignment_id, inspector_id=actor.id)
    if found.state is not AssignmentState.REVIEWING:
        raise AssignmentNotFound(assignment=str(assignment_id))
    return found


def item_of(session: Session, assignment_id: UUID, item_id: UUID) -> ReviewItem:
    """A stretch that is shown in this review. Raises: ReviewItemNotFound."""
    found = session.scalars(select(ReviewItem).where(ReviewItem.id == item_id, ReviewItem.assignment_id == assignment_id)).one_or_none()
    if found is None:
        raise ReviewItemNotFound(item=str(item_id))
    return found


def save(session: Session, assignment_id: UUID, client_id: UUID, draft: Draft, *, actor: Actor, clock: Clock) -> ReviewMark:
    """Keep a version of a mark; an older one than what is kept changes nothing. Returns what stands.

    Raises: AssignmentNotFound, ReviewItemNotFound, MalformedMark, MarkSettled.
    """
    review = open_review(session, assignment_id, actor)
    item = item_of(session, review.id, draft.item_id)
    _check(item, draft)
    at = clock.now_at()
    found = _mark(session, review.id, client_id)
    if found is None:
        if (session.scalar(select(func.count()).where(ReviewMark.assignment_id == review.id)) or 0) >= MOST_MARKS:
            raise MalformedMark(errors=[{"where": "marks", "code": "too-many", "value": MOST_MARKS}])
        found = ReviewMark(assignment_id=review.id, client_id=client_id, state=MarkState.OPEN, made_at=at, finding="", dropped_reason="")
        session.add(found)
    elif found.state is not MarkState.OPEN:
        raise MarkSettled(mark=str(client_id), state=found.state.value)
    elif draft.sequence <= found.sequence:
        return found
    found.item_id, found.start_ms, found.end_ms, found.defect = item.id, draft.start_ms, draft.end_ms, draft.defect
    found.severity, found.note, found.sequence, found.saved_at = draft.severity, draft.note, draft.sequence, at
    session.flush()
    return found


def open_mark(session: Session, assignment_id: UUID, client_id: UUID, *, actor: Actor) -> ReviewMark:
    """A mark of which it is still open what becomes of it. Raises: AssignmentNotFound, MarkNotFound, MarkSettled."""
    review = open_review(session, assignment_id, actor)
    found = _mark(session, review.id, client_id)
    if found is None:
        raise MarkNotFound(mark=str(client_id))
    if found.state is not MarkState.OPEN:
        raise MarkSettled(mark=str(client_id), state=found.state.value)
    return found


def became(session: Session, mark: ReviewMark, finding: str, *, actor: Actor, clock: Clock) -> None:
    """The next stage has recorded a finding on it."""
    mark.finding = finding
    facts = {"finding": finding, "assignment": mark.assignment_id, "stills": [picture.hex() for picture in _still_hashes(session, mark)]}
    history.move(session, mark, MARK_MOVES, MarkEvent.RECORD, actor=actor, at=clock.now_at(), facts=facts)


def drop(session: Session, assignment_id: UUID, client_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> ReviewMark:
    """Nothing becomes of it, and why. Raises: AssignmentNotFound, MarkNotFound, MarkSettled, ForbiddenMove (`reason-needed`)."""
    mark = open_mark(session, assignment_id, client_id, actor=actor)
    mark.dropped_reason = reason.strip()
    facts = {"reason": mark.dropped_reason, "assignment": mark.assignment_id}
    history.move(session, mark, MARK_MOVES, MarkEvent.DROP, actor=actor, at=clock.now_at(), reason=mark.dropped_reason, facts=facts)
    return mark


def marks(session: Session, assignment_id: UUID) -> Sequence[ReviewMark]:
    """All of a review, in the order in which they were made."""
    return session.scalars(select(ReviewMark).where(ReviewMark.assignment_id == assignment_id).order_by(ReviewMark.made_at, ReviewMark.id)).all()


def open_count(session: Session, assignment_id: UUID) -> int:
    """Marks of which nothing is said yet."""
    statement = select(func.count()).where(ReviewMark.assignment_id == assignment_id, ReviewMark.state == MarkState.OPEN)
    return session.scalar(statement) or 0


def wall_at(item: ReviewItem, media_ms: int) -> datetime:
    """The instant at which a position of an item's recording was filmed."""
    assert item.span.lower is not None  # noqa: S101 - items are bounded
    return item.span.lower + timedelta(milliseconds=media_ms - item.media_start_ms)


def _check(item: ReviewItem, draft: Draft) -> None:
    errors: list[dict[str, object]] = []
    # a clip begins at a key frame, some seconds before the item: what is seen there may be marked as well
    if not 0 <= draft.start_ms <= min(item.media_end_ms, MAX_MS):
        errors.append({"where": "start_ms", "code": "out-of-range", "value": draft.start_ms})
    if draft.end_ms is not None and not draft.start_ms < draft.end_ms <= item.media_end_ms:
        errors.append({"where": "end_ms", "code": "out-of-range", "value": draft.end_ms})
    if errors:
        raise MalformedMark(errors=errors)


def _mark(session: Session, assignment_id: UUID, client_id: UUID) -> ReviewMark | None:
    return session.scalars(select(ReviewMark).where(ReviewMark.assignment_id == assignment_id, ReviewMark.client_id == client_id)).one_or_none()


def _still_hashes(session: Session, mark: ReviewMark) -> Sequence[bytes]:
    return session.scalars(select(ReviewStill.sha256).where(ReviewStill.mark_id == mark.id).order_by(ReviewStill.taken_at, ReviewStill.id)).all()
