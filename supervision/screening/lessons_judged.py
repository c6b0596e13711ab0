"""What the head counts of a lesson say beside its sign-ins and its room. F-01, F-17; R60, R75, R79.

Judged when every recording of the lesson has been screened, and for some days daily, since sign-ins may come late. Told once, a lead is not told
again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.clips.models import MediaIndexRow
from storage.clips.service import source_of
from storage.database.session import SYSTEM
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.index import from_bytes
from storage.media.still import frame_at
from storage.objects.errors import ObjectMissing
from storage.objects.port import StoredVersion
from supervision.classes.models import Lesson, SignRecord
from supervision.footage.models import Recording, Slot
from supervision.institutions.models import Room
from supervision.screening.forgetting import drop, may_be_shown
from supervision.screening.headcounts import MOST_AWAY_MS, asked_of, held_of
from supervision.screening.heads import Instant, Range, best_share_permille, fullest, range_of, signed_in
from supervision.screening.looks import Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.screening_models import HeadCountRow, RunState, ScreeningLead, ScreeningRun
from supervision.screening.service import SCREENED_STATES, STILL_WIDTH_PX, Screener, add_leads
from supervision.screening.signals import few_people, over_capacity

CODES: Final = (Code.FEW_PEOPLE, Code.OVER_CAPACITY)
LONGEST: Final = timedelta(hours=26)  # of a recording: where those that reach into a lesson are searched
MOST_ELSEWHERE: Final = 30  # other lessons in which the cameras may have shown who was signed in
FIRST_LESSONS: Final = 6  # of a camera: with each of them it may show more than was known of it
LATELY: Final = timedelta(days=14)  # sign-ins later than this are the cross-checks' alone
Stay = tuple[datetime, datetime | None]


def judge_recording(screener: Screener, recording_id: UUID) -> int:
    """Judge the lessons that a recording shows, and while its camera is new its others too. How many leads were told."""
    with screener.database.transaction(SYSTEM) as session:
        own = [one.lesson_id for one in asked_of(session, recording_id, screener.rule)]
        camera_id = session.get_one(Recording, recording_id).camera_id
        of_camera = (
            select(HeadCountRow.lesson_id)
            .join(Recording, Recording.id == HeadCountRow.recording_id)
            .where(Recording.camera_id == camera_id)
            .distinct()
            .limit(FIRST_LESSONS + 1)
        )
        others = session.scalars(of_camera).all() if camera_id is not None else []
    wanted = [*own, *(others if len(others) <= FIRST_LESSONS else ())]
    return sum(judge_lesson(screener, lesson_id) for lesson_id in dict.fromkeys(wanted))


def judge_lately(screener: Screener) -> int:
    """Judge again the lessons of the last days that have been counted. How many leads were told."""
    since = screener.clock.now_at() - LATELY
    with screener.database.transaction(SYSTEM) as session:
        counted = select(HeadCountRow.lesson_id).where(HeadCountRow.lesson_id == Lesson.id).exists()
        lessons = session.scalars(select(Lesson.id).where(Lesson.starts_at >= since, counted).order_by(Lesson.starts_at)).all()
    return sum(judge_lesson(screener, lesson_id) for lesson_id in lessons)


def judge_lesson(screener: Screener, lesson_id: UUID) -> int:
    """Nothing while a recording of the lesson is still to be screened: another camera may show more. How many leads were told."""
    with screener.database.transaction(SYSTEM) as session:
        found = _judge(session, lesson_id, screener.rule)
        if found is None or not found[1]:
            return 0
        recording = session.get_one(Recording, found[0])
        kept = session.get(MediaIndexRow, (recording.object_key, recording.version_id))
    stills = {one: still for one in found[1] if (still := _still(screener, recording, kept, one)) is not None}
    with screener.database.transaction(SYSTEM) as session:
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"heads/{lesson_id}", 0))))
        if not may_be_shown(session, recording.id):  # destroyed meanwhile
            drop(screener.buckets.viewing, (stored for stored, _ in stills.values()))
            stills = {}
        told = _told(session, lesson_id)
        fresh = [one for one in found[1] if one.code not in told]
        run_id = session.scalars(select(HeadCountRow.run_id).where(HeadCountRow.recording_id == recording.id).limit(1)).one()
        add_leads(session, recording.id, recording.institution_id, fresh, stills, run_id=run_id, at=screener.clock.now_at())
    return len(fresh)


def _judge(session: Session, lesson_id: UUID, rule: ScreeningRule) -> tuple[UUID, list[Found]] | None:
    """(the recording that shows most instants, what it is told of)."""
    lesson = session.get_one(Lesson, lesson_id)
    recordings = _recordings(session, lesson)
    done = set(
        session.scalars(
            select(ScreeningRun.recording_id).where(
                ScreeningRun.recording_id.in_([one.id for one in recordings]), ScreeningRun.state != RunState.RUNNING
            )
        )
    )
    if any(one.id not in done for one in recordings):
        return None
    rows = session.scalars(select(HeadCountRow).where(HeadCountRow.lesson_id == lesson_id).order_by(HeadCountRow.number)).all()
    if not rows:
        return None
    by_recording: dict[UUID, list[HeadCountRow]] = defaultdict(list)
    for row in rows:
        by_recording[row.recording_id].append(row)
    best = fullest((row.number, row.faces) for row in rows)
    shown_by = max(by_recording, key=lambda one: (len(by_recording[one]), str(one)))
    stays = _stays(session, [lesson_id]).get(lesson_id, [])
    instants = [Instant(row.number, row.at, best[row.number], signed_in(stays, row.at), row.media_ms) for row in by_recording[shown_by]]
    cameras = [one.camera_id for one in recordings if one.id in by_recording and one.camera_id is not None]
    capacity = session.scalars(select(Room.capacity).where(Room.id == lesson.room_id)).one()
    elsewhere = _shown_elsewhere(session, lesson, cameras, rule)
    return shown_by, [*few_people.find(instants, elsewhere, rule), *over_capacity.find(instants, capacity, rule)]


def _shown_elsewhere(session: Session, lesson: Lesson, cameras: Sequence[UUID], rule: ScreeningRule) -> int:
    """The best share of those signed in that these cameras showed in another lesson of the room, in permille."""
    rows = session.execute(
        select(HeadCountRow.lesson_id, HeadCountRow.number, HeadCountRow.at, HeadCountRow.faces)
        .join(Recording, Recording.id == HeadCountRow.recording_id)
        .where(Recording.camera_id.in_(cameras), HeadCountRow.lesson_id != lesson.id)
        .order_by(HeadCountRow.at.desc())
        .limit(MOST_ELSEWHERE * max(len(cameras), 1) * rule.screening_heads_instants)
    ).all()
    stays = _stays(session, {row.lesson_id for row in rows})
    best = 0
    for other in {row.lesson_id for row in rows}:
        own = [row for row in rows if row.lesson_id == other]
        signed = {row.number: signed_in(stays.get(other, ()), row.at) for row in own}
        best = max(best, best_share_permille(fullest((row.number, row.faces) for row in own), signed, rule.screening_heads_least_group))
    return best


def _stays(session: Session, lessons: Iterable[UUID]) -> Mapping[UUID, list[Stay]]:
    found: dict[UUID, list[Stay]] = defaultdict(list)
    rows = session.execute(
        select(SignRecord.lesson_id, SignRecord.signed_in_at, SignRecord.signed_out_at).where(SignRecord.lesson_id.in_(list(lessons)))
    )
    for lesson_id, begins, ends in rows:
        found[lesson_id].append((begins, ends))
    return found


def _recordings(session: Session, lesson: Lesson) -> list[Recording]:
    """What the lesson's cameras recorded of it and can be screened."""
    rows = session.scalars(
        select(Recording)
        .join(Slot, Slot.camera_id == Recording.camera_id)
        .where(
            Slot.lesson_id == lesson.id,
            Recording.state.in_(SCREENED_STATES),
            Recording.declared_start_at < lesson.ends_at,
            Recording.declared_start_at > lesson.starts_at - LONGEST,
        )
    )
    return [row for row in rows if (held := held_of(row)) is not None and held[1] > lesson.starts_at]


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands beside a head count's lead: the lesson, and of each instant the most faces that a camera of the room showed."""

    lesson: Lesson
    capacity: int
    range: Range
    instants: tuple[Instant, ...]


def shown_with(session: Session, lead: ScreeningLead) -> Shown | None:
    """The counts of the lesson that a lead of this signal is about. None: another signal's, or its counts are gone."""
    if lead.code not in CODES:
        return None
    lesson_id = session.scalars(
        select(HeadCountRow.lesson_id)
        .where(HeadCountRow.recording_id == lead.recording_id, HeadCountRow.media_ms >= lead.from_ms, HeadCountRow.media_ms < lead.to_ms)
        .order_by(HeadCountRow.media_ms)
        .limit(1)
    ).one_or_none()
    if lesson_id is None:
        return None
    rows = session.scalars(select(HeadCountRow).where(HeadCountRow.lesson_id == lesson_id).order_by(HeadCountRow.at, HeadCountRow.media_ms)).all()
    best, first = fullest((row.number, row.faces) for row in rows), {row.number: row for row in reversed(rows)}
    stays = _stays(session, [lesson_id]).get(lesson_id, [])
    instants = tuple(Instant(n, first[n].at, best[n], signed_in(stays, first[n].at), first[n].media_ms) for n in sorted(best))
    seen = range_of([one.faces for one in instants])
    lesson = session.get_one(Lesson, lesson_id)
    capacity = session.scalars(select(Room.capacity).where(Room.id == lesson.room_id)).one()
    return Shown(lesson, capacity, seen, instants) if seen is not None else None


def _told(session: Session, lesson_id: UUID) -> set[Code]:
    """What was told of this lesson before: a lead of a recording that was counted for it, within it."""
    lesson = session.get_one(Lesson, lesson_id)
    rows = session.execute(
        select(ScreeningLead.code, ScreeningLead.from_ms, Recording.declared_start_at)
        .join(Recording, Recording.id == ScreeningLead.recording_id)
        .where(
            ScreeningLead.code.in_(CODES),
            ScreeningLead.recording_id.in_(select(HeadCountRow.recording_id).where(HeadCountRow.lesson_id == lesson_id)),
            Recording.declared_start_at.is_not(None),
        )
    )
    # the key frame of an instant may lie a little before the lesson
    first = lesson.starts_at - timedelta(milliseconds=MOST_AWAY_MS)
    return {code for code, from_ms, start_at in rows if start_at is not None and first <= start_at + timedelta(milliseconds=from_ms) < lesson.ends_at}


def _still(screener: Screener, recording: Recording, kept: MediaIndexRow | None, one: Found) -> tuple[StoredVersion, bytes] | None:
    """A picture with faces blurred. A lead without one is a lead all the same."""
    if kept is None or recording.version_id is None:
        return None
    source = source_of(screener.buckets.evidence, recording.object_key, recording.version_id)
    if source is None:
        return None
    try:
        picture = frame_at(source, from_bytes(kept.body), one.still_ms, width_px=STILL_WIDTH_PX, blurred=True).veiled
    except (UnreadableMedia, NothingToCut, ObjectMissing):
        return None
    key = f"{recording.institution_id}/leads/{recording.id}-{one.code}-{one.from_ms}.jpg"
    return screener.buckets.viewing.put(key, picture, "image/jpeg"), hashlib.sha256(picture).digest()
