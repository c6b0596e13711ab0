"""Read the clock that a recorder writes into its pictures, and learn how each camera writes it. R60, R72; F-11, F-19.

A camera is learned once, from the first recording that allows it: a minute of it decoded, then some instants all over it that must read as one clock.
What was learned is kept by camera and picture size, with its date and its method; a named person may discard it, and the next recording is learned
from. A camera without a clock that can be read has none, and no lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, Database
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.ledger import service as ledger
from storage.media.errors import UnreadableMedia
from storage.media.index import MarkIndex, SampleIndex
from storage.media.looks import key_frames
from storage.media.source import ByteSource
from storage.media.strips import MOST_PICTURES, Strips, key_strips, rows_of, size_of, stretch_strips
from supervision.institutions.models import Camera, Institution
from supervision.screening.clock_models import CameraClock
from supervision.screening.clock_shape import BANDS, METHOD, ClockShape, learn
from supervision.screening.clock_ticks import HALF_SECOND, Ticks
from supervision.screening.errors import ClockNotFound, ClockWithoutReason
from supervision.screening.rules import ScreeningRule

TRIES: Final = (0.5, 0.2)  # where in a recording to learn from, as shares of its length
STRETCH_MS: Final = 75_000
STEP_MS: Final = 1000
MOST_LEAPS: Final = 6  # looked at closer
MOST_NOTE_CHARS: Final = 1000
PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose recording it is and when it is said to have begun. `size_px` is of its pictures."""

    recording_id: UUID
    camera_id: UUID
    begins_at: datetime
    size_px: tuple[int, int]


@dataclass(slots=True)
class ClockRead:
    """What was read, and what it cost. `clock_id` None: no clock of this camera is known.

    `read` of `asked` instants all over the recording; `ticks` has those around leaps as well.
    """

    clock_id: UUID | None = None
    ticks: Ticks | None = None
    asked: int = 0
    read: int = 0
    bytes_read: int = 0
    requests: int = 0
    cpu_ms: int = 0


@dataclass(slots=True)
class Reader:
    """One recording and its claim; counts what is read of it."""

    source: ByteSource
    index: SampleIndex | MarkIndex
    claim: Claim
    rule: ScreeningRule
    scratch: Path | None
    cost: ClockRead = field(default_factory=ClockRead)

    def paid(self, strips: Strips) -> Strips:
        self.cost.bytes_read += strips.bytes_read
        self.cost.requests += strips.requests
        self.cost.cpu_ms += strips.cpu_ms
        return strips

    def read(self, shape: ClockShape, numbers: Sequence[int]) -> Ticks:
        """The clock at these key frames, where its worst digit is sure enough."""
        try:
            strips = self.paid(key_strips(self.source, self.index, numbers, [shape.band], scratch=self.scratch))
        except UnreadableMedia:
            return Ticks(len(numbers), np.zeros(0, np.int64), np.zeros(0))
        return ticks_of(shape, strips, self.claim.begins_at, self.rule, asked=len(numbers))

    def spread(self, shape: ClockShape) -> Ticks:
        """The clock at instants all over the recording."""
        count = len(key_frames(self.index)[0])
        wanted = min(self.rule.screening_clock_instants, count, MOST_PICTURES)
        return self.read(shape, sorted(set(np.linspace(0, count - 1, wanted).round().astype(int).tolist()))) if wanted else Ticks(
            0, np.zeros(0, np.int64), np.zeros(0)
        )  # fmt: skip

    def closer(self, shape: ClockShape, ticks: Ticks) -> Ticks:
        """Every key frame between two instants over which the clock leapt."""
        limit, shown_ms = self.rule.screening_clock_jump_s, key_frames(self.index)[1]
        parts = [ticks]
        for before_ms, after_ms, _ in ticks.sure(limit).leaps(limit)[:MOST_LEAPS]:
            between = np.flatnonzero((shown_ms > before_ms) & (shown_ms < after_ms))
            if len(between):
                chosen = between[np.linspace(0, len(between) - 1, min(len(between), MOST_PICTURES)).round().astype(int)]
                near = self.read(shape, sorted(set(chosen.tolist())))
                parts.append(Ticks(0, near.media_ms, near.ahead_s))  # the share that was read is told of the instants all over the recording
        return Ticks.joined(parts)

    def learned(self) -> ClockShape | None:
        """The shape of this recording's clock. Not shorter than the stretch that is needed."""
        length_ms = self.index.duration_ms
        for share in TRIES if length_ms >= STRETCH_MS else ():
            start_ms = int((length_ms - STRETCH_MS) * share)
            try:
                strips = self.paid(
                    stretch_strips(self.source, self.index, start_ms, start_ms + STRETCH_MS, STEP_MS, BANDS, scratch=self.scratch)
                )  # fmt: skip
            except UnreadableMedia:
                continue
            shape = shape_of(strips, self.claim.begins_at)
            if shape is not None:
                return shape
        return None


def shape_of(strips: Strips, claimed_at: datetime) -> ClockShape | None:
    """The clock of a stretch read in both bands."""
    if not len(strips.media_ms):
        return None
    at = 0
    for band in BANDS:
        top, bottom = rows_of(band, strips.height_px)
        rows = strips.luma[:, at : at + bottom - top]
        at += bottom - top
        shape = learn(strips.media_ms, rows, top, (strips.width_px, strips.height_px), claimed_at.astimezone(BUREAU_ZONE).date())
        if shape is not None:
            return shape
    return None


def ticks_of(shape: ClockShape, strips: Strips, claimed_at: datetime, rule: ScreeningRule, *, asked: int) -> Ticks:
    """What the clock says in strips of its own band; low scores are left out."""
    media_ms, ahead_s = [], []
    if (strips.width_px, strips.height_px) == (shape.width_px, shape.height_px):
        first_row = rows_of(shape.band, strips.height_px)[0]
        for at, strip in zip(strips.media_ms.tolist(), strips.luma, strict=True):
            reading = shape.read(shape.rows_in(strip, first_row))
            if reading.at is not None and reading.score >= rule.screening_clock_score_permille:
                shown = reading.at.replace(tzinfo=BUREAU_ZONE) - claimed_at
                media_ms.append(at)
                ahead_s.append(shown.total_seconds() + HALF_SECOND - at / 1000)
    return Ticks(asked, np.array(media_ms, np.int64), np.array(ahead_s, np.float64))


def read_clock(
    database: Database,
    source: ByteSource,
    index: SampleIndex | MarkIndex,
    claim: Claim,
    rule: ScreeningRule,
    now_at: datetime,
    *,
    scratch: Path | None = None,
) -> ClockRead:
    """The clock of a recording, its camera learned where that is still to be done. Raises: SandboxFailed, SandboxStopped, StoreUnavailable."""
    reader = Reader(source, index, claim, rule, scratch)
    size_px = size_of(*claim.size_px)
    with database.transaction(SYSTEM) as session:
        known = standing(session, claim.camera_id, size_px)
    if known is not None and known.body is None and now_at - known.learned_at < timedelta(days=rule.screening_clock_retry_days):
        return reader.cost
    if known is not None and known.body is not None:
        shape = ClockShape.from_bytes(known.body)
        ticks = reader.spread(shape)
        if len(ticks.sure(rule.screening_clock_jump_s)) * 2 >= ticks.asked:
            return _told(reader, shape, ticks, known.id)
    learned = reader.learned()
    tried = reader.spread(learned) if learned is not None else None
    agreed = learned is not None and tried is not None and agrees(tried, rule)
    if not agreed and known is not None and known.body is not None:
        # it could be read before: hiding it once must not make the machine forget it
        shape = ClockShape.from_bytes(known.body)
        return _told(reader, shape, reader.spread(shape), known.id)
    row = CameraClock(
        camera_id=claim.camera_id, method=METHOD, width_px=size_px[0], height_px=size_px[1], learned_from=claim.recording_id, learned_at=now_at,
        body=learned.to_bytes() if agreed and learned is not None else None, layout=learned.layout if agreed and learned is not None else "",
        asked=tried.asked if tried is not None else 0, read=len(tried.sure(rule.screening_clock_jump_s)) if tried is not None else 0,
    )  # fmt: skip
    with database.transaction(SYSTEM) as session:
        session.add(row)
        session.flush()
        row_id = row.id
    if not agreed or learned is None or tried is None:
        return reader.cost
    return _told(reader, learned, tried, row_id)


def agrees(ticks: Ticks, rule: ScreeningRule) -> bool:
    """Whether enough of the instants of a recording read as one running clock to believe what was learned from it."""
    sure = len(ticks.sure(rule.screening_clock_jump_s))
    return sure >= rule.screening_clock_least_reads and sure * PERMILLE >= ticks.asked * rule.screening_clock_agreed_permille


def _told(reader: Reader, shape: ClockShape, ticks: Ticks, clock_id: UUID) -> ClockRead:
    reader.cost.clock_id, reader.cost.asked, reader.cost.read = clock_id, ticks.asked, len(ticks)
    reader.cost.ticks = reader.closer(shape, ticks)
    return reader.cost


def standing(session: Session, camera_id: UUID, size_px: tuple[int, int]) -> CameraClock | None:
    """The newest that was learned of this camera at this picture size and that nobody discarded."""
    return session.scalars(
        select(CameraClock)
        .where(
            CameraClock.camera_id == camera_id,
            CameraClock.width_px == size_px[0],
            CameraClock.height_px == size_px[1],
            CameraClock.method == METHOD,
            CameraClock.discarded_at.is_(None),
        )
        .order_by(CameraClock.id.desc())
        .limit(1)
    ).first()


class Clocks(StrEnum):
    """What a list of learned clocks is narrowed to."""

    IN_FORCE = "in-force"
    UNREADABLE = "unreadable"
    DISCARDED = "discarded"


def every(*, words: str = "", only: Clocks | None = None) -> Select[CameraClock]:
    """What is known of the cameras' clocks, as a query joined with `Camera` and `Institution`."""
    query = select(CameraClock).join(Camera, Camera.id == CameraClock.camera_id).join(Institution, Institution.id == Camera.institution_id)
    if words:
        query = query.where(Institution.name.icontains(words, autoescape=True) | Camera.code.icontains(words, autoescape=True))
    if only is Clocks.DISCARDED:
        return query.where(CameraClock.discarded_at.is_not(None))
    if only is not None:
        readable = CameraClock.body.is_not(None) if only is Clocks.IN_FORCE else CameraClock.body.is_(None)
        return query.where(CameraClock.discarded_at.is_(None), CameraClock.method == METHOD, readable)
    return query


def places_of(session: Session, rows: Sequence[CameraClock]) -> list[tuple[CameraClock, Camera, Institution]]:
    """Each with its camera and its institution."""
    found = session.execute(
        select(Camera, Institution).join(Institution, Institution.id == Camera.institution_id).where(Camera.id.in_([row.camera_id for row in rows]))
    )
    places = {camera.id: (camera, institution) for camera, institution in found}
    return [(row, *places[row.camera_id]) for row in rows]


def discard(session: Session, clock_id: UUID, *, why: str, actor: Actor, at: datetime) -> CameraClock:
    """A named person throws away what was learned; the camera's next recording is learned from. A second call changes nothing.

    Raises: ClockNotFound; ClockWithoutReason.
    """
    row = session.get(CameraClock, clock_id, with_for_update=True)
    if row is None:
        raise ClockNotFound(clock=str(clock_id))
    said = " ".join(why.split())[:MOST_NOTE_CHARS]
    if not said:
        raise ClockWithoutReason(clock=str(clock_id))
    if row.discarded_at is None:
        row.discarded_at, row.discarded_by, row.discarded_why = at, actor.name, said
        session.flush()
        facts = {"camera": row.camera_id, "learned_from": row.learned_from, "why": said}
        ledger.append(session, actor=actor, at=at, action="camera-clock.discarded", subject=f"camera-clock/{clock_id}", tenant=None, body=facts)
    return row
