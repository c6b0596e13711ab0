"""Screen one recording: looks, glances, leads. Each batch of looks is a transaction of its own; a killed worker's run goes on at its checkpoint.

One run at a time works on a recording (a lock of a database session, gone with the process), and only one run of a recording exists under a
version of the rules (a constraint): the same footage is not screened twice by accident. R60, R72; F-01, F-03, F-08, F-09, F-12.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Connection, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from storage.clips.models import MediaIndexRow
from storage.clips.service import packets_of, remember_index, source_of
from storage.database.session import SYSTEM, Database
from storage.kernel.clock import Clock
from storage.kernel.events import Event, Events
from storage.kernel.scratch import working_folder
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.index import MarkIndex, SampleIndex, build_index, from_bytes
from storage.media.looks import BATCH_LOOKS, Batch, Density, key_frames, read_looks
from storage.media.packets import PacketFacts
from storage.media.source import ByteSource
from storage.media.still import frame_at
from storage.objects.errors import ObjectMissing
from storage.objects.port import Buckets, StoredVersion
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState
from supervision.footage.models import Recording
from supervision.screening import clocks, closer, headcounts, sound, view_history
from supervision.screening.errors import ScreenedElsewhere
from supervision.screening.forgetting import drop, may_be_shown
from supervision.screening.glances import Glancer, Glances
from supervision.screening.levels import silent_throughout
from supervision.screening.looks import TECHNICAL, Found, Look
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.run_parts import packed, resume
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningPart, ScreeningRun
from supervision.screening.signals import silence
from supervision.screening.signals.every import CLAUSES, Seen, find_all
from supervision.screening.signals.view_unusual import UsualRule
from supervision.screening.view import Reference

SCREENED_STATES: Final = (RecordingState.VERIFIED, *CATALOGUED_STATES, RecordingState.ALARM)
MOST_LEADS: Final = 200  # of one recording: a file that flickers all day is one file to look at
MOST_STILLS: Final = 12
MOST_REFUSED: Final = 3  # batches in a row; behind them nothing better is expected
STILL_WIDTH_PX: Final = 640
ReferencePicture = Callable[[Session, UUID], bytes | None]


@dataclass(frozen=True, slots=True)
class Screener:
    """What a run works with. `reference` answers the approved picture of a camera."""

    database: Database
    buckets: Buckets
    clock: Clock
    events: Events
    scratch: Path
    rule: ScreeningRule
    usual: UsualRule
    reference: ReferencePicture
    batch_looks: int = BATCH_LOOKS


@dataclass(slots=True)
class _Pass:
    """Where a run stands."""

    run_id: UUID
    key: str
    version_id: str
    tenant: UUID
    duration_ms: int
    height_px: int
    has_sound: bool
    claim: clocks.Claim | None  # None: nobody knows which camera, or when it began
    checkpoint_ms: int
    glancer: Glancer
    glances: list[Glances]
    missing_ms: list[int]
    glimpsed: PacketGlances | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Closer:
    """All glances, the closer ones among them, and what those cost."""

    glances: Glances
    looks: int
    bytes_read: int
    requests: int
    cpu_ms: int


def screen(screener: Screener, recording_id: UUID, *, again: bool = False) -> RunState | None:
    """Screen a recording that holds what it says. None: it is not for screening. A second call changes nothing.

    `again`: though it was screened under another version of the rules. Raises: StoreUnavailable, SandboxFailed — tried again, from the checkpoint;
    ScreenedElsewhere — another worker is at it, or seems to be: of a machine that lost its power the lock stands for a while, and a job that ended
    quietly then would be the last one of the recording.
    """
    with _alone(screener.database, recording_id) as mine:
        if not mine:
            raise ScreenedElsewhere(recording=str(recording_id))
        begun = _begin(screener, recording_id, again=again)
        if not isinstance(begun, _Pass):
            return begun
        source = source_of(screener.buckets.evidence, begun.key, begun.version_id)
        if source is None:
            return _fail(screener, begun, "object-missing")
        try:
            begun.glimpsed = _glimpse(screener, begun)
            index = _index(screener, begun, source)
            refused = _look(screener, begun, source, index)
            return _finish(screener, begun, recording_id, source, index, refused)
        except UnreadableMedia as unreadable:
            return _fail(screener, begun, f"media-{unreadable.reason.value}")
        except ObjectMissing:  # destroyed or lost meanwhile
            return _fail(screener, begun, "object-missing")


def _begin(screener: Screener, recording_id: UUID, *, again: bool) -> "_Pass | RunState | None":
    """The run to go on with; its state when there is nothing to do."""
    version = screener.rule.version
    with screener.database.transaction(SYSTEM) as session:
        recording = session.get(Recording, recording_id)
        if recording is None or recording.state not in SCREENED_STATES or recording.version_id is None or recording.media is None:
            return None
        runs = session.scalars(select(ScreeningRun).where(ScreeningRun.recording_id == recording_id).with_for_update()).all()
        for run in runs:
            if run.rules_version == version and run.state is not RunState.RUNNING:
                return run.state
        if not again and any(run.state is RunState.DONE for run in runs):
            return RunState.DONE
        now = screener.clock.now_at()
        for run in runs:
            if run.state is RunState.RUNNING and run.rules_version != version:  # figures changed while nobody was at it
                run.state, run.ended_at, run.failure = RunState.FAILED, now, "rules-changed"
                session.execute(delete(ScreeningPart).where(ScreeningPart.run_id == run.id))
        run = next((r for r in runs if r.rules_version == version), None) or ScreeningRun(
            recording_id=recording_id, rules_version=version, state=RunState.RUNNING, duration_ms=recording.media["duration_ms"], started_at=now
        )
        session.add(run)
        session.flush()
        picture = screener.reference(session, recording.camera_id) if recording.camera_id else None
        glancer = Glancer(screener.rule.screening_view_every_s * 1000, Reference.of_picture(picture) if picture else None)
        glances, missing = resume(session, run.id, glancer)
        media = recording.media
        return _Pass(
            run.id, recording.object_key, recording.version_id, recording.institution_id, media["duration_ms"], media["height_px"],
            bool(media["has_audio"]), _claim(recording), run.checkpoint_ms, glancer, glances, missing,
        )  # fmt: skip


def _claim(recording: Recording) -> clocks.Claim | None:
    media, begins_at = recording.media or {}, recording.declared_start_at
    if recording.camera_id is None or begins_at is None or not media.get("width_px") or not media.get("height_px"):
        return None
    return clocks.Claim(recording.id, recording.camera_id, begins_at, (media["width_px"], media["height_px"]))


def _index(screener: Screener, begun: _Pass, source: ByteSource) -> SampleIndex | MarkIndex:
    with screener.database.transaction(SYSTEM) as session:
        kept = session.get(MediaIndexRow, (begun.key, begun.version_id))
    if kept is not None:
        return from_bytes(kept.body)
    made = build_index(source)
    remember_index(screener.database, begun.key, begun.version_id, made.to_bytes(), screener.clock.now_at())
    return made


def _glimpse(screener: Screener, begun: _Pass) -> PacketGlances | None:
    """What the packets say. Of a day they are a hundred megabytes, as its index is: before that one is read, never beside it."""
    with screener.database.transaction(SYSTEM) as session:
        packets = packets_of(session, screener.buckets.viewing, begun.key, begun.version_id)
    return _glimpsed(packets, begun)


def _glimpsed(packets: PacketFacts | None, begun: _Pass) -> PacketGlances | None:
    return None if packets is None else PacketGlances.of(packets, begun.duration_ms)


def _look(screener: Screener, begun: _Pass, source: ByteSource, index: SampleIndex | MarkIndex) -> str:
    """All that is still to be looked at, a checkpoint after each batch. Answers why it stopped early, empty when it did not."""
    density = Density(screener.rule.screening_step_s * 1000)
    refused = 0
    with working_folder(screener.scratch) as folder:
        batches = read_looks(source, index, density, start_ms=begun.checkpoint_ms, scratch=folder, batch_looks=screener.batch_looks)
        for batch in batches:
            began = time.thread_time()
            glances = begun.glancer.take([Look(at, luma) for at, luma in batch.looks])
            begun.glances.append(glances)
            begun.missing_ms += batch.missing_ms
            own_ms = round((time.thread_time() - began) * 1000)
            if not _checkpoint(screener, begun, batch, glances, own_ms):
                return "overtaken"
            refused = refused + 1 if batch.refused else 0
            if refused == MOST_REFUSED:
                return f"media-{batch.refused}"
    return ""


def _look_closer(screener: Screener, begun: _Pass, source: ByteSource, index: SampleIndex | MarkIndex, packets: PacketGlances | None) -> Closer:
    """Every key frame around what looked wrong. Without a checkpoint: it is a small part, and done again when the worker dies."""
    looks, read, requests, cpu_ms = 0, 0, 0, 0
    _, key_ms = key_frames(index)

    def look(from_ms: int, to_ms: int) -> tuple[list[Glances], list[int]]:
        nonlocal looks, read, requests, cpu_ms
        glancer, parts, missing = begun.glancer.afresh(view_every_ms=0), list[Glances](), list[int]()
        density = closer.density(key_ms, from_ms, to_ms)
        for batch in read_looks(source, index, density, start_ms=from_ms, end_ms=to_ms, scratch=folder):
            began = time.thread_time()
            parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
            missing += batch.missing_ms
            looks, read, requests = looks + len(batch.looks), read + batch.bytes_read, requests + batch.requests
            cpu_ms += batch.cpu_ms + round((time.thread_time() - began) * 1000)
        return parts, missing

    with working_folder(screener.scratch) as folder:
        cheap = Glances.joined(begun.glances)
        glances, begun.missing_ms = closer.looked(cheap, begun.missing_ms, packets, begun.duration_ms, screener.rule, look)
    return Closer(glances, looks, read, requests, cpu_ms)


def _clock(screener: Screener, begun: _Pass, source: ByteSource, index: SampleIndex | MarkIndex) -> clocks.ClockRead:
    """The clock in the picture, where its camera has one. Without a checkpoint: it is a few pictures."""
    if begun.claim is None:
        return clocks.ClockRead()
    with working_folder(screener.scratch) as folder:
        now = screener.clock.now_at()
        return clocks.read_clock(screener.database, source, index, begun.claim, screener.rule, now, scratch=folder)


def _checkpoint(screener: Screener, begun: _Pass, batch: Batch, glances: Glances, own_ms: int) -> bool:
    """Keep a batch and move the checkpoint, unless somebody else has moved it."""
    with screener.database.transaction(SYSTEM) as session:
        moved = session.execute(
            update(ScreeningRun)
            .where(ScreeningRun.id == begun.run_id, ScreeningRun.state == RunState.RUNNING, ScreeningRun.checkpoint_ms == begun.checkpoint_ms)
            .values(
                checkpoint_ms=batch.until_ms,
                looks=ScreeningRun.looks + len(batch.looks),
                bytes_read=ScreeningRun.bytes_read + batch.bytes_read,
                requests=ScreeningRun.requests + batch.requests,
                cpu_ms=ScreeningRun.cpu_ms + batch.cpu_ms + own_ms,
            )
            .returning(ScreeningRun.id)
        ).first()
        if moved is None:
            return False
        session.execute(delete(ScreeningPart).where(ScreeningPart.run_id == begun.run_id, ScreeningPart.until_ms >= batch.until_ms))
        session.add(ScreeningPart(run_id=begun.run_id, until_ms=batch.until_ms, body=packed(begun.glancer, glances, batch.missing_ms)))
    begun.checkpoint_ms = batch.until_ms
    return True


def _finish(
    screener: Screener, begun: _Pass, recording_id: UUID, source: ByteSource, index: SampleIndex | MarkIndex, refused: str
) -> RunState | None:
    if refused == "overtaken":
        return None
    glimpsed = begun.glimpsed if begun.glimpsed is not None else _glimpsed(packets_of_index(index), begun)
    near = _look_closer(screener, begun, source, index, glimpsed)
    began = time.thread_time()
    clock = _clock(screener, begun, source, index)
    heard = sound.listen(source, index, screener.rule, screener.scratch) if begun.has_sound else sound.Listened()
    seen = Seen(near.glances, begun.missing_ms, glimpsed, begun.duration_ms, begun.height_px, begun.has_sound, clock.ticks, heard.sound)
    found = find_all(seen, screener.rule)
    with screener.database.transaction(SYSTEM) as session:
        asked = headcounts.asked_of(session, recording_id, screener.rule)
        before = sound.history(session, recording_id, screener.rule)
        known = view_history.before(session, recording_id, screener.usual.screening_usual_most)
    found = silence.with_history(found, before, throughout=heard.sound is not None and silent_throughout(heard.sound, screener.rule))
    own = view_history.first_of(begun.glancer, Glances.joined(begun.glances), screener.rule)
    unusual = view_history.held_against(own, known, found, begun.duration_ms, screener.rule, screener.usual)
    found += unusual
    heads = headcounts.count(headcounts.shown(asked, found), source, index, screener.rule, screener.scratch)
    found = sorted(sorted(found, key=lambda one: -one.strength)[:MOST_LEADS], key=lambda one: (one.from_ms, one.code))
    stills = _stills(screener, begun, source, index, found)
    own_ms = round((time.thread_time() - began) * 1000)
    with screener.database.transaction(SYSTEM) as session:
        if not may_be_shown(session, recording_id):  # destroyed meanwhile
            drop(screener.buckets.viewing, (stored for stored, _ in stills.values()))
            stills = {}
        run = session.get_one(ScreeningRun, begun.run_id, with_for_update=True)
        if run.state is not RunState.RUNNING:
            return run.state
        now = screener.clock.now_at()
        add_leads(session, recording_id, begun.tenant, found, stills, run_id=run.id, at=now)
        headcounts.keep(session, recording_id, run.id, heads)
        approved = begun.glancer.reference is not None
        view_history.keep(session, recording_id, own, approved=approved, told=bool(unusual), at=now)
        session.execute(delete(ScreeningPart).where(ScreeningPart.run_id == run.id))
        run.state, run.failure = (RunState.FAILED, refused) if refused else (RunState.DONE, "")
        run.looks, run.heads_cpu_ms, run.ended_at = run.looks + near.looks, heads.cpu_ms, now
        run.sound = heard.sound.to_bytes() if heard.sound is not None else None
        run.bytes_read += near.bytes_read + clock.bytes_read + heard.bytes_read + heads.bytes_read
        run.requests += near.requests + clock.requests + heard.requests + heads.requests
        run.cpu_ms += near.cpu_ms + clock.cpu_ms + heard.cpu_ms + heads.cpu_ms + own_ms
        if clock.ticks is not None:
            run.clock_id, run.clock_asked, run.clock_read = clock.clock_id, clock.asked, clock.read
        screener.events.publish(session, Event("recording.screened", {"recording_id": str(recording_id)}))
        return run.state


def add_leads(
    session: Session,
    recording_id: UUID,
    institution_id: UUID,
    found: Sequence[Found],
    stills: dict[Found, tuple[StoredVersion, bytes]],
    *,
    run_id: UUID | None,
    at: Any,  # Any: datetime
) -> list[ScreeningLead]:
    """Founds as rows, each with its clause and, where one was made, its still."""
    rows = []
    for one in found:
        still = stills.get(one)
        row = ScreeningLead(
            institution_id=institution_id,
            recording_id=recording_id,
            run_id=run_id,
            code=one.code,
            technical=one.code in TECHNICAL,
            from_ms=one.from_ms,
            to_ms=one.to_ms,
            figure=one.figure,
            threshold=one.threshold,
            clause=CLAUSES[one.code],
            strength=one.strength,
            still_ms=one.still_ms,
            found_at=at,
        )
        if one.shown_before_ms is not None:
            row.related_recording_id = recording_id
            row.related_from_ms, row.related_to_ms = one.shown_before_ms, one.shown_before_ms + one.to_ms - one.from_ms
        if still is not None:
            row.still_key, row.still_version_id, row.still_sha256 = still[0].key, still[0].version_id, still[1]
        rows.append(row)
    session.add_all(rows)
    session.flush()
    return rows


def _stills(
    screener: Screener, begun: _Pass, source: ByteSource, index: SampleIndex | MarkIndex, found: Sequence[Found]
) -> dict[Found, tuple[StoredVersion, bytes]]:
    """A picture of each of the strongest leads, faces blurred. A lead without one is a lead all the same."""
    made: dict[Found, tuple[StoredVersion, bytes]] = {}
    for number, one in enumerate(sorted(found, key=lambda one: -one.strength)[:MOST_STILLS]):
        try:
            picture = frame_at(source, index, one.still_ms, width_px=STILL_WIDTH_PX, blurred=True).veiled
        except (UnreadableMedia, NothingToCut):
            continue
        stored = screener.buckets.viewing.put(f"{begun.tenant}/leads/{begun.run_id}-{number}.jpg", picture, "image/jpeg")
        made[one] = (stored, hashlib.sha256(picture).digest())
    return made


def packets_of_index(index: SampleIndex | MarkIndex) -> PacketFacts | None:
    """The same facts without hashes, where the index has every packet (MP4)."""
    if not isinstance(index, SampleIndex):
        return None
    video = index.video
    shown_ms = (video.shown - index.zero) * 1000 // video.timescale
    return PacketFacts(video.sizes, shown_ms, video.keys, np.zeros(0, np.uint64))


def _fail(screener: Screener, begun: _Pass, why: str) -> RunState:
    with screener.database.transaction(SYSTEM) as session:
        run = session.get_one(ScreeningRun, begun.run_id, with_for_update=True)
        if run.state is RunState.RUNNING:
            run.state, run.failure, run.ended_at = RunState.FAILED, why, screener.clock.now_at()
            session.execute(delete(ScreeningPart).where(ScreeningPart.run_id == run.id))
            # another camera's counts may have waited for this one
            screener.events.publish(session, Event("recording.unreadable", {"recording_id": str(run.recording_id)}))
        return run.state


@contextmanager
def _alone(database: Database, recording_id: UUID) -> Iterator[bool]:
    """Whether nobody else screens this recording. The lock belongs to a database session, which ends with its process."""
    key = func.hashtextextended(f"screening/{recording_id}", 0)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        mine = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        try:
            yield mine
        finally:
            if mine:
                _give_back(connection, key)


def _give_back(connection: Connection, key: ColumnElement[int]) -> None:
    """A session that is gone has given its lock back; that it is gone must not hide what happened."""
    try:
        connection.scalar(select(func.pg_advisory_unlock(key)))
    except SQLAlchemyError:
        connection.invalidate()
