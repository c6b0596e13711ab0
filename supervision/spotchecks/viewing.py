"""Prepare what an inspector is shown: a blurred viewing copy and sprite sheets for each item of an assignment. domain.md 2.3.2.

Faces are blurred before anybody looks, as far as a plain detector finds them; a stretch of the original is a step of its own that somebody else
approves (`supervision.releases`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, exists, func, literal, select, union
from sqlalchemy.orm import Session

from storage.clips import service as clips
from storage.clips import sheets
from storage.clips.handover import hand_over
from storage.clips.models import Clip, ClipState, SpriteSheets
from storage.kernel.events import Events
from supervision.footage.models import Recording
from supervision.spotchecks import queries
from supervision.spotchecks.lifecycle import OPEN_STATES, OutcomeState
from supervision.spotchecks.models import ReviewAssignment, ReviewItem, ReviewOutcome


def purpose_of(assignment_id: UUID) -> str:
    """The purpose that the copies of an assignment carry; they are deleted when it ends."""
    return f"assignment/{assignment_id}"


def prepare(session: Session, assignment_id: UUID, *, events: Events, at: datetime) -> list[Clip]:
    """Ask for the clips and sheets of all items; nothing of an assignment that has ended. Idempotent."""
    if has_ended(session, assignment_id):
        return []
    take_over(session, assignment_id, at=at)
    wanted = list(_wanted(session, assignment_id))
    made = [clips.request_clip(session, one, events=events, at=at) for one in wanted]
    for one in wanted:
        sheets.request_sheets(session, one, events=events, at=at)
    return made


def take_over(session: Session, assignment_id: UUID, *, at: datetime) -> None:
    """Copies of earlier looks at the lesson that have ended become this one's; from then only its inspector can play them."""
    earlier = session.scalars(_looks_beside(session, assignment_id).where(ReviewAssignment.state.not_in(OPEN_STATES))).all()
    if earlier:
        hand_over(session, [purpose_of(one) for one in earlier], _wanted(session, assignment_id), at=at)


def next_look(session: Session, assignment_id: UUID) -> UUID | None:
    """The open look, if there is one, at the lesson of an assignment that has ended."""
    return session.scalars(_looks_beside(session, assignment_id).where(ReviewAssignment.state.in_(OPEN_STATES))).first()


def _looks_beside(session: Session, assignment_id: UUID) -> Select[UUID]:
    mine = session.get_one(ReviewAssignment, assignment_id)
    return select(ReviewAssignment.id).where(
        ReviewAssignment.round_id == mine.round_id, ReviewAssignment.lesson_id == mine.lesson_id, ReviewAssignment.id != mine.id
    )


def _wanted(session: Session, assignment_id: UUID) -> Iterator[clips.Wanted]:
    for item in queries.items(session, assignment_id):
        recording = session.get_one(Recording, item.recording_id)
        if recording.version_id is None:
            continue
        yield clips.Wanted(
            tenant=recording.institution_id,
            recording_id=recording.id,
            source_key=recording.object_key,
            source_version_id=recording.version_id,
            start_ms=item.media_start_ms,
            end_ms=item.media_end_ms,
            purpose=purpose_of(assignment_id),
            blurred=True,
        )


def clip_of(session: Session, item: ReviewItem) -> Clip | None:
    """The newest clip prepared for an item."""
    return session.scalars(
        select(Clip)
        .where(
            Clip.purpose == purpose_of(item.assignment_id),
            Clip.recording_id == item.recording_id,
            Clip.start_ms == item.media_start_ms,
            Clip.end_ms == item.media_end_ms,
            Clip.blurred,
        )
        .order_by(Clip.id.desc())
        .limit(1)
    ).one_or_none()


def sheets_of(session: Session, item: ReviewItem) -> SpriteSheets | None:
    """The newest sheets prepared for an item."""
    return sheets.find_sheets(session, purpose_of(item.assignment_id), item.recording_id, item.media_start_ms, item.media_end_ms)


def has_ended(session: Session, assignment_id: UUID) -> bool:
    """Judged, recused or void: nothing is shown any more."""
    return session.scalar(select(ReviewAssignment.state).where(ReviewAssignment.id == assignment_id)) not in OPEN_STATES


def ended_purposes(session: Session, *, limit: int = 200) -> Sequence[str]:
    """Purposes of assignments that ended (judged, recused, void) and still have copies: they are to be discarded.

    While the looks at a lesson go on, copies wait for the next look at the same minutes (`take_over`): making them again takes minutes.
    """
    purpose = func.concat(literal("assignment/"), cast(ReviewAssignment.id, Text))
    looked_at = exists().where(
        ReviewOutcome.round_id == ReviewAssignment.round_id,
        ReviewOutcome.lesson_id == ReviewAssignment.lesson_id,
        ReviewOutcome.state == OutcomeState.LOOKING,
    )
    ended = and_(ReviewAssignment.state.not_in(OPEN_STATES), ~looked_at)
    left = union(
        select(Clip.purpose).join(ReviewAssignment, purpose == Clip.purpose).where(Clip.state != ClipState.DELETED, ended),
        select(SpriteSheets.purpose).join(ReviewAssignment, purpose == SpriteSheets.purpose).where(SpriteSheets.state != ClipState.DELETED, ended),
    )
    return session.scalars(left.limit(limit)).all()
