"""Count heads with the screening of a recording, at the same instants of a lesson for every camera of its room. F-01, F-17; R60, R75."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.kernel.scratch import working_folder
from storage.media.errors import UnreadableMedia
from storage.media.heads import Counting, Headcount, count_heads
from storage.media.index import MarkIndex, SampleIndex
from storage.media.source import ByteSource
from supervision.classes.models import Lesson
from supervision.footage.models import Recording, Slot
from supervision.screening.heads import instants_of
from supervision.screening.looks import Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.screening_models import HeadCountRow

BATCH: Final = 24  # pictures of one child
BLIND: Final = frozenset({Code.BLACK, Code.COVERED, Code.DEFOCUSED, Code.FROZEN, Code.OTHER_VIEW, Code.UNUSUAL_VIEW})
MOST_AWAY_MS: Final = 30_000  # a key frame further from its instant than this is another moment


@dataclass(frozen=True, slots=True)
class Asked:
    """An instant of a lesson that lies in a recording."""

    lesson_id: UUID
    number: int
    at: datetime
    media_ms: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted, and its cost."""

    heads: tuple[tuple[Asked, Headcount], ...] = ()
    bytes_read: int = 0
    requests: int = 0
    cpu_ms: int = 0


def asked_of(session: Session, recording_id: UUID, rule: ScreeningRule) -> list[Asked]:
    """The instants of all lessons that this recording should show, in order of time. Empty while nobody knows its camera and its beginning."""
    recording = session.get_one(Recording, recording_id)
    held = held_of(recording)
    if held is None:
        return []
    begins, ends = held
    lessons = session.scalars(
        select(Lesson)
        .join(Slot, Slot.lesson_id == Lesson.id)
        .where(Slot.camera_id == recording.camera_id, Lesson.starts_at < ends, Lesson.ends_at > begins, Lesson.cancelled_at.is_(None))
        .order_by(Lesson.starts_at, Lesson.id)
    )
    return [
        Asked(lesson.id, number, at, (at - begins) // timedelta(milliseconds=1))
        for lesson in lessons
        for number, at in enumerate(instants_of(lesson.starts_at, lesson.ends_at, rule.screening_heads_instants))
        if begins <= at < ends
    ]


def shown(asked: Sequence[Asked], found: Sequence[Found]) -> list[Asked]:
    """Those at which the picture shows the room as it was: what is covered, black or frozen has no count, instead of one of nobody."""
    blind = [(one.from_ms, one.to_ms) for one in found if one.code in BLIND]
    return [one for one in asked if not any(from_ms <= one.media_ms < to_ms for from_ms, to_ms in blind)]


def count(asked: Sequence[Asked], source: ByteSource, index: SampleIndex | MarkIndex, rule: ScreeningRule, scratch: Path) -> Counts:
    """Count at these instants. Pictures that cannot be decoded have no count. Raises: SandboxFailed, SandboxStopped, StoreUnavailable."""
    how = Counting(rule.screening_heads_width_px, rule.screening_heads_score_permille)
    heads: list[tuple[Asked, Headcount]] = []
    read, requests, cpu_ms = 0, 0, 0
    with working_folder(scratch) as folder:
        for first in range(0, len(asked), BATCH):
            batch = asked[first : first + BATCH]
            try:
                counted = count_heads(source, index, [one.media_ms for one in batch], how, scratch=folder)
            except UnreadableMedia:
                continue
            by_time = {head.asked_ms: head for head in counted.heads if head.asked_ms - head.media_ms <= MOST_AWAY_MS}
            heads += [(one, by_time[one.media_ms]) for one in batch if one.media_ms in by_time]
            read, requests, cpu_ms = read + counted.bytes_read, requests + counted.requests, cpu_ms + counted.cpu_ms
    return Counts(tuple(heads), read, requests, cpu_ms)


def keep(session: Session, recording_id: UUID, run_id: UUID, counts: Counts) -> None:
    """The counts of a run in place of those of an earlier one."""
    session.execute(delete(HeadCountRow).where(HeadCountRow.recording_id == recording_id))
    session.add_all(
        HeadCountRow(
            recording_id=recording_id,
            lesson_id=one.lesson_id,
            number=one.number,
            run_id=run_id,
            at=one.at,
            media_ms=head.media_ms,
            faces=head.faces,
            tallest_permille=head.tallest_permille,
        )
        for one, head in counts.heads
    )


def held_of(recording: Recording) -> tuple[datetime, datetime] | None:
    """The wall clock that a recording spans `[begins, ends)`; None while its camera or its beginning is not known."""
    if recording.camera_id is None or recording.declared_start_at is None or recording.media is None:
        return None
    return recording.declared_start_at, recording.declared_start_at + timedelta(milliseconds=recording.media["duration_ms"])
