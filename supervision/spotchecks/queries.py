"""Reads of the review room: whose task, which footage, what has been watched."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from supervision.footage.lifecycle import CATALOGUED_STATES
from supervision.footage.models import RecordedSpan, Recording, Slot
from supervision.sampling.lifecycle import DrawMethod
from supervision.sampling.models import DrawRound
from supervision.spotchecks.errors import AssignmentNotFound
from supervision.spotchecks.lifecycle import OPEN_STATES, UNDECIDED, AssignmentState
from supervision.spotchecks.models import PlaybackBeat, Recusal, ReviewAssignment, ReviewItem, ReviewOutcome
from supervision.spotchecks.stretch import Footage, Stretch, merge, overlap
from supervision.spotchecks.watching import Beat, watched_of_all

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_CHUNK_LESSONS: Final = 500


def to_ms(instant: datetime) -> int:
    """Milliseconds since the epoch, rounded down."""
    return (instant - _EPOCH) // _MS


def from_ms(milliseconds: int) -> datetime:
    """Aware UTC instant."""
    return _EPOCH + milliseconds * _MS


def assignment(session: Session, assignment_id: UUID, *, inspector_id: UUID | None = None) -> ReviewAssignment:
    """One assignment; with `inspector_id` only if it is that account's. Raises: AssignmentNotFound."""
    return _one(session, assignment_id, inspector_id, lock=False)


def locked_assignment(session: Session, assignment_id: UUID, *, inspector_id: UUID | None = None) -> ReviewAssignment:
    """The same under FOR UPDATE. Raises: AssignmentNotFound."""
    return _one(session, assignment_id, inspector_id, lock=True)


def _one(session: Session, assignment_id: UUID, inspector_id: UUID | None, *, lock: bool) -> ReviewAssignment:
    statement = select(ReviewAssignment).where(ReviewAssignment.id == assignment_id)
    if inspector_id is not None:
        statement = statement.where(ReviewAssignment.inspector_account_id == inspector_id)
    if lock:
        statement = statement.with_for_update()
    found = session.scalars(statement, execution_options={"populate_existing": lock}).one_or_none()
    if found is None:
        raise AssignmentNotFound(assignment=str(assignment_id))
    return found


def assignments_of_inspector(
    session: Session,
    inspector_id: UUID,
    *,
    states: Sequence[AssignmentState] = OPEN_STATES,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[ReviewAssignment]:
    """An inspector's own tasks, oldest first; `after` = (assigned_at, id) of the last row of the page before."""
    statement = select(ReviewAssignment).where(ReviewAssignment.inspector_account_id == inspector_id, ReviewAssignment.state.in_(states))
    if after is not None:
        statement = statement.where(func.row(ReviewAssignment.assigned_at, ReviewAssignment.id) > func.row(*after))
    return session.scalars(statement.order_by(ReviewAssignment.assigned_at, ReviewAssignment.id).limit(limit)).all()


def assignments_of_round(session: Session, round_id: UUID) -> Sequence[ReviewAssignment]:
    """All of a round, replaced ones and later looks too, by rank, look and then in order of assignment. Known items are not part of the round."""
    return session.scalars(
        select(ReviewAssignment)
        .where(ReviewAssignment.round_id == round_id, ReviewAssignment.planted_from_id.is_(None))
        .order_by(ReviewAssignment.rank, ReviewAssignment.look, ReviewAssignment.assigned_at, ReviewAssignment.id)
    ).all()


def planted_of_round(session: Session, round_id: UUID) -> Sequence[ReviewAssignment]:
    """The known items among the tasks of a round."""
    return session.scalars(
        select(ReviewAssignment)
        .where(ReviewAssignment.round_id == round_id, ReviewAssignment.planted_from_id.is_not(None))
        .order_by(ReviewAssignment.assigned_at, ReviewAssignment.id)
    ).all()


def open_count(session: Session, round_id: UUID) -> int:
    """What keeps a round open: lessons without an outcome (a look under way, due or waiting), and known items not judged yet."""
    undecided = select(func.count()).where(ReviewOutcome.round_id == round_id, ReviewOutcome.state.in_(UNDECIDED))
    planted = select(func.count()).where(
        ReviewAssignment.round_id == round_id, ReviewAssignment.planted_from_id.is_not(None), ReviewAssignment.state.in_(OPEN_STATES)
    )
    return (session.scalar(undecided) or 0) + (session.scalar(planted) or 0)


def role_of(session: Session, given: ReviewAssignment) -> str:
    """In which role the inspector of a task looks: third-party rounds go to verifiers, all others to inspectors (R57)."""
    method = session.scalars(select(DrawRound.method).where(DrawRound.id == given.round_id)).one()
    return "third-party-verifier" if method is DrawMethod.THIRD_PARTY else "inspector"


def seen_by(session: Session, lesson_id: UUID) -> set[UUID]:
    """Accounts that ever had this lesson, in any round, as any look or as a known item."""
    return set(session.scalars(select(ReviewAssignment.inspector_account_id).where(ReviewAssignment.lesson_id == lesson_id)))


def loads(session: Session, round_id: UUID) -> dict[UUID, int]:
    """Tasks per account in a round, replaced and void ones left out."""
    rows = session.execute(
        select(ReviewAssignment.inspector_account_id, func.count())
        .where(ReviewAssignment.round_id == round_id)
        .where(ReviewAssignment.state.not_in((AssignmentState.RECUSED, AssignmentState.VOID)))
        .group_by(ReviewAssignment.inspector_account_id)
    )
    return dict(rows.all())


def recused_accounts(session: Session, on: date) -> dict[UUID, set[UUID]]:
    """Per institution the accounts that must not judge it on that day."""
    barred: dict[UUID, set[UUID]] = {}
    rows = session.execute(
        select(Recusal.institution_id, Recusal.inspector_account_id).where(
            Recusal.from_on <= on, or_(Recusal.until_on.is_(None), Recusal.until_on > on)
        )
    )
    for institution_id, account_id in rows:
        barred.setdefault(institution_id, set()).add(account_id)
    return barred


def recusals(session: Session, *, institution_id: UUID | None = None) -> Sequence[Recusal]:
    """The register, newest first."""
    statement = select(Recusal).order_by(Recusal.recorded_at.desc(), Recusal.id.desc())
    return session.scalars(statement if institution_id is None else statement.where(Recusal.institution_id == institution_id)).all()


def footage_of(session: Session, lesson_ids: Sequence[UUID]) -> dict[UUID, list[Footage]]:
    """What is on tape of each lesson within its scheduled time, catalogued recordings only."""
    found: dict[UUID, list[Footage]] = {}
    for start in range(0, len(lesson_ids), _CHUNK_LESSONS):
        rows = session.execute(
            select(Slot.lesson_id, Slot.id, Slot.camera_id, Slot.span, RecordedSpan.recording_id, RecordedSpan.span, RecordedSpan.media_start_ms)
            .join(RecordedSpan, RecordedSpan.camera_id == Slot.camera_id)
            .join(Recording, Recording.id == RecordedSpan.recording_id)
            .where(Slot.lesson_id.in_(lesson_ids[start : start + _CHUNK_LESSONS]))
            .where(RecordedSpan.span.op("&&")(Slot.span), Recording.state.in_(CATALOGUED_STATES))
        )
        for lesson_id, slot_id, camera_id, slot_span, recording_id, span, media_start_ms in rows:
            recorded = stretch_of(span)
            for part in overlap([recorded], [stretch_of(slot_span)]):
                offset_ms = part.start_ms - recorded.start_ms
                found.setdefault(lesson_id, []).append(Footage(slot_id, camera_id, recording_id, part, media_start_ms + offset_ms))
    return found


def items(session: Session, assignment_id: UUID) -> Sequence[ReviewItem]:
    """What is shown, in order."""
    return session.scalars(select(ReviewItem).where(ReviewItem.assignment_id == assignment_id).order_by(ReviewItem.position)).all()


def watched(session: Session, assignment_id: UUID) -> list[Stretch]:
    """Wall-clock stretches of the drawn time that the inspector really played, on any camera."""
    played: list[Stretch] = []
    shown = items(session, assignment_id)
    players: dict[tuple[UUID, str], list[Beat]] = {}
    for beat in session.scalars(select(PlaybackBeat).where(PlaybackBeat.assignment_id == assignment_id).order_by(PlaybackBeat.at)):
        players.setdefault((beat.item_id, beat.player), []).append(Beat(beat.at, beat.position_ms, beat.rate_permille, beat.visible))
    for item in shown:
        media = watched_of_all(beats for (item_id, _), beats in players.items() if item_id == item.id)
        offset_ms = stretch_of(item.span).start_ms - item.media_start_ms
        wall = [Stretch(s.start_ms + offset_ms, s.end_ms + offset_ms) for s in media]
        played += overlap(wall, [stretch_of(item.span)])
    return merge(played)


def stretch_of(span: Range[datetime]) -> Stretch:
    """A bounded range in milliseconds. Raises: ValueError."""
    if span.lower is None or span.upper is None:
        msg = f"unbounded span {span}"
        raise ValueError(msg)
    return Stretch(to_ms(span.lower), to_ms(span.upper))
