"""What the worker does with a received file: read it once, measure it, lock it, catalogue it, read the lock back. R72, R73; 2.3.1.

Each step is its own transaction and may be repeated: a kill between two steps leaves the recording in the earlier state and its job in the
queue. Order inside a step is always store first, database second, so that a crash leaves garbage at worst, never a lie.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range, insert
from sqlalchemy.orm import Session

from storage.clips.service import remember_index
from storage.database.session import SYSTEM, Database
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.events import Event, Events
from storage.kernel.scratch import working_folder
from storage.kernel.span import Span
from storage.ledger import history
from storage.media.errors import UnreadableMedia
from storage.media.facts import Limits, MediaFacts
from storage.media.inspect import inspect_and_index
from storage.objects.hashing import sha256_of
from storage.objects.port import ObjectStore
from storage.retention import service as retention
from storage.retention.rules import RetentionRule, retain_until
from storage.uploads.models import UploadSession
from supervision.classes.models import Lesson, TrainingClass
from supervision.footage.coverage import coverage
from supervision.footage.errors import HashMismatch, LessonNotBegun, ScratchFull, SlotNotYours, StartNotPossible, StartOutsideTimetable
from supervision.footage.lifecycle import (
    CATALOGUED_STATES,
    RECORDING_MOVES,
    SLOT_MOVES,
    RecordingEvent,
    RecordingState,
    SlotEvent,
    SlotState,
)
from supervision.footage.models import DuplicateLink, RecordedSpan, Recording, Slot
from supervision.footage.rules import CoverageRule, Refusal, Remark, judge, told_by_container, wall_spans
from supervision.footage.service import Choice, assign, require_footage

WORKER = Actor(kind="system", name="verification", role="worker")
SCRATCH_RESERVE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Bench:
    """What the steps work with."""

    database: Database
    store: ObjectStore
    side: ObjectStore  # what is kept beside recordings and can be made again
    clock: Clock
    events: Events
    scratch: Path
    coverage_rule: CoverageRule
    retention_rule: RetentionRule


@dataclass(frozen=True, slots=True)
class Measured:
    """One reading of the stored bytes."""

    size_bytes: int
    sha256: bytes
    facts: MediaFacts | None
    refusal: Refusal | None


def verify(bench: Bench, recording_id: UUID) -> RecordingState:
    """Read, measure and judge a received recording. Returns the state it is in afterwards; a second call changes nothing.

    Raises: ScratchFull, StoreUnavailable — nothing is decided, the job is tried again.
    """
    with bench.database.transaction(SYSTEM) as session:
        recording = _locked(session, recording_id)
        if recording.state not in (RecordingState.RECEIVED, RecordingState.QUARANTINED):
            return recording.state
        history.move(session, recording, RECORDING_MOVES, RecordingEvent.QUARANTINE, actor=WORKER, at=bench.clock.now_at())
        upload = session.get_one(UploadSession, recording.upload_id)
        key, version_id, size_bytes, client_sha256 = recording.object_key, recording.version_id, recording.size_bytes, upload.client_sha256
    assert version_id is not None  # noqa: S101 - RECEIVE sets it
    measured = measure(bench, key, version_id, size_bytes)
    refusal = measured.refusal or (
        judge(
            expected_size_bytes=size_bytes,
            size_bytes=measured.size_bytes,
            client_sha256=client_sha256,
            sha256=measured.sha256,
            truncated=measured.facts.truncated,
            held_ms=measured.facts.held_ms,
            claimed_ms=measured.facts.declared_ms or 0,
        )
        if measured.facts
        else None
    )
    with bench.database.transaction(SYSTEM) as session:
        recording = _locked(session, recording_id)
        if recording.state is not RecordingState.QUARANTINED:
            return recording.state  # another worker was quicker
        recording.sha256 = measured.sha256
        if refusal is not None:
            recording.reason, recording.reason_facts = refusal.code, dict(refusal.facts)
            facts = {"sha256": measured.sha256.hex(), **refusal.facts}
            history.move(
                session, recording, RECORDING_MOVES, RecordingEvent.REJECT, actor=WORKER, at=bench.clock.now_at(), reason=refusal.code, facts=facts
            )
            bench.events.publish(session, Event("recording.rejected", {"recording_id": str(recording_id)}))
            return recording.state
        assert measured.facts is not None  # noqa: S101 - no refusal means measured
        _note_facts(session, bench, recording, measured.facts)
        return recording.state


def measure(bench: Bench, key: str, version_id: str, size_bytes: int) -> Measured:
    """One pass over the stored version: SHA-256 while it is spooled to scratch, then the sandboxed measurement of the spooled file."""
    with _spool(bench.scratch, size_bytes) as path:
        digest, length = hashlib.sha256(), 0
        with path.open("wb") as out:
            for chunk in bench.store.stream(key, version_id, chunk_bytes=4 << 20):
                digest.update(chunk)
                out.write(chunk)
                length += len(chunk)
        try:
            measured = inspect_and_index(path, Limits())
        except UnreadableMedia as unreadable:
            told = {k: v for k, v in unreadable.facts.items() if k != "reason"}
            return Measured(length, digest.digest(), None, Refusal(f"media-{unreadable.reason.value}", told))
        packets = bench.side.put(f"{key}.packets", measured.packets, "application/octet-stream")
        remember_index(bench.database, key, version_id, measured.index, bench.clock.now_at(), packets)
        return Measured(length, digest.digest(), measured.facts, None)


@contextmanager
def _spool(scratch: Path, size_bytes: int) -> Iterator[Path]:
    with working_folder(scratch) as folder:
        free = shutil.disk_usage(folder).free
        if free < size_bytes + SCRATCH_RESERVE_BYTES:
            raise ScratchFull(needed_bytes=size_bytes + SCRATCH_RESERVE_BYTES, free_bytes=free)
        yield folder / "recording"


def _note_facts(session: Session, bench: Bench, recording: Recording, facts: MediaFacts) -> None:
    """Write what was measured and go on to the catalogue when it is known which lesson it shows."""
    recording.packet_hash = bytes.fromhex(facts.packet_hash)
    believed = _find_place(session, bench, recording, facts)
    if recording.declared_start_at is not None:
        end_at = recording.declared_start_at + timedelta(milliseconds=facts.duration_ms)
        recording.recorded_span = Range(recording.declared_start_at, end_at)
    remarks = _remarks(session, bench, recording, facts) + ([] if believed else [Remark.CLAIMS_THE_FUTURE.value])
    recording.media = {**asdict(facts), "remarks": remarks}
    history.move(
        session,
        recording,
        RECORDING_MOVES,
        RecordingEvent.VERIFY,
        actor=WORKER,
        at=bench.clock.now_at(),
        facts={
            "sha256": recording.sha256.hex() if recording.sha256 else "",
            "packet_hash": facts.packet_hash,
            "duration_ms": facts.duration_ms,
            "held_ms": facts.held_ms,
            "remarks": remarks,
        },
    )
    if recording.slot_id is not None and recording.declared_start_at is not None:
        bench.events.publish(session, Event("recording.verified", {"recording_id": str(recording.id)}))


def _find_place(session: Session, bench: Bench, recording: Recording, facts: MediaFacts) -> bool:
    """Lesson and start, now that the file is measured. False: what was said cannot be, so a person must say it."""
    claimed_at, length = told_by_container(asdict(facts))
    arrived_at = session.get_one(UploadSession, recording.upload_id).received_at or bench.clock.now_at()
    if recording.declared_start_at is not None and recording.slot_id is not None and recording.start_source != "slot":
        if recording.declared_start_at + length <= bench.coverage_rule.latest(arrived_at):
            return True
    else:
        kept = Choice(recording.slot_id, recording.declared_start_at if recording.start_source == "chosen" else None)
        try:
            assign(session, recording, kept, bench.coverage_rule, arrived_at=arrived_at, container_start_at=claimed_at, length=length)
        except (LessonNotBegun, StartNotPossible):
            pass
        except (SlotNotYours, StartOutsideTimetable):  # the lesson was cancelled or moved meanwhile: nothing is wrong with the file
            _ask_for_place(recording)
            return True
        else:
            return True
    _ask_for_place(recording)
    return False


def _ask_for_place(recording: Recording) -> None:
    recording.slot_id = recording.camera_id = recording.declared_start_at = None
    recording.start_source = ""


def _remarks(session: Session, bench: Bench, recording: Recording, facts: MediaFacts) -> list[str]:
    remarks: list[str] = []
    if facts.height_px < bench.coverage_rule.min_height_px:
        remarks.append(Remark.BELOW_MINIMUM_HEIGHT)
    if not facts.has_audio:
        remarks.append(Remark.NO_SOUND)
    if facts.corrupt_packets:
        remarks.append(Remark.CORRUPT_PACKETS)
    if len(facts.segments) > 1:
        remarks.append(Remark.GAPS_INSIDE)
    if facts.variable_frame_rate:
        remarks.append(Remark.VARIABLE_FRAME_RATE)
    remarks += _duplicates(session, recording, bench.clock.now_at())
    if recording.camera_id and recording.recorded_span:
        overlap = session.scalar(
            select(RecordedSpan.id).where(RecordedSpan.camera_id == recording.camera_id, RecordedSpan.span.overlaps(recording.recorded_span)).limit(1)
        )
        if overlap is not None:
            remarks.append(Remark.OVERLAPS_EARLIER)
    return [str(r) for r in remarks]


def _duplicates(session: Session, recording: Recording, at: datetime) -> list[str]:
    """Report the same bytes (F-05) or the same picture packets (remuxed, F-06) in any recording of anybody that was verified before this one.

    Verified before, not sent before: an upload may be opened long before its last byte. Of two copies that are measured at the same moment the
    second waits for the first one's transaction, so that one of them always reports.
    """
    assert recording.packet_hash is not None  # noqa: S101 - measured
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(recording.packet_hash.hex(), 0))))
    earlier = session.execute(
        select(Recording.id, Recording.sha256)
        .where(
            Recording.id != recording.id,
            (Recording.sha256 == recording.sha256) | (Recording.packet_hash == recording.packet_hash),
            Recording.state.in_((RecordingState.VERIFIED, *CATALOGUED_STATES, RecordingState.ALARM, RecordingState.DESTROYED)),
        )
        .order_by(Recording.id)
        .limit(50)
    ).all()
    found: set[str] = set()
    for row in earlier:
        kind = Remark.SAME_BYTES if row.sha256 == recording.sha256 else Remark.SAME_PACKETS
        link = insert(DuplicateLink).values(recording_id=recording.id, earlier_id=row.id, kind=kind, found_at=at)
        session.execute(link.on_conflict_do_nothing(index_elements=["recording_id", "earlier_id"]))
        found.add(kind)
    return sorted(found)


def catalogue(bench: Bench, recording_id: UUID) -> RecordingState:
    """Lock a verified recording, prove its spans, log it. A second call changes nothing. R73.

    Before this nothing is under COMPLIANCE. Raises: LockNotConfirmed, StoreUnavailable — tried again.
    """
    with bench.database.transaction(SYSTEM) as session:
        recording = _locked(session, recording_id)
        if recording.state is not RecordingState.VERIFIED or recording.slot_id is None or recording.declared_start_at is None:
            return recording.state
        assert recording.version_id and recording.sha256 and recording.media  # noqa: S101 - VERIFY set them
        start_at, media = recording.declared_start_at, recording.media
        slot = session.scalars(select(Slot).where(Slot.id == recording.slot_id).with_for_update()).one()
        recording.recorded_span = Range(start_at, start_at + timedelta(milliseconds=media["duration_ms"]))
        ends_on, paid_on = _class_days(session, slot)
        until = retain_until(
            bench.retention_rule,
            recorded_end_at=start_at + timedelta(milliseconds=media["duration_ms"]),
            class_ends_on=ends_on,
            subsidy_paid_on=paid_on,
        )
        at = bench.clock.now_at()
        held = retention.Held(recording.institution_id, recording.object_key, recording.version_id, recording.size_bytes, recording.sha256)
        kept = retention.keep(session, bench.store, held, until=until, actor=WORKER, at=at)
        recording.retain_until, recording.lock_read_back_at = kept.retain_until, at
        for span, media_start_ms in wall_spans(start_at, [tuple(s) for s in media["segments"]]):
            session.add(_recorded_span(recording, slot, span, media_start_ms))
        history.move(
            session,
            recording,
            RECORDING_MOVES,
            RecordingEvent.CATALOGUE,
            actor=WORKER,
            at=at,
            facts=_evidence(recording, slot, kept.retain_until),
        )
        _prove_slot(session, bench, slot, at)
        bench.events.publish(session, Event("recording.catalogued", {"recording_id": str(recording_id)}))
        return recording.state


def _recorded_span(recording: Recording, slot: Slot, span: Span, media_start_ms: int) -> RecordedSpan:
    return RecordedSpan(
        institution_id=recording.institution_id,
        recording_id=recording.id,
        camera_id=slot.camera_id,
        span=Range(span.start_at, span.end_at),
        media_start_ms=media_start_ms,
    )


def _evidence(recording: Recording, slot: Slot, until: datetime) -> dict[str, Any]:  # Any: facts of a ledger entry
    return {
        "lock_read_back": True,
        "slot": slot.natural_id,
        "file_name": recording.file_name,
        "object_key": recording.object_key,
        "version_id": recording.version_id,
        "size_bytes": recording.size_bytes,
        "sha256": recording.sha256.hex() if recording.sha256 else "",
        "retain_until": until,
        "start_at": recording.declared_start_at,
        "start_source": recording.start_source,
    }


def _class_days(session: Session, slot: Slot) -> tuple[date, date | None]:
    """The last day of the slot's class, and the day it was last paid for."""
    row = session.execute(
        select(TrainingClass.ends_on, TrainingClass.subsidy_paid_on)
        .join(Lesson, Lesson.class_id == TrainingClass.id)
        .where(Lesson.id == slot.lesson_id)
    ).one()
    return row.ends_on, row.subsidy_paid_on


def _prove_slot(session: Session, bench: Bench, slot: Slot, at: datetime) -> None:
    """A slot whose duty is now met, or met in part before its deadline, is COVERED; one whose rest was explained before is EXPLAINED."""
    session.flush()
    found = coverage(session, [slot.id], bench.coverage_rule)[slot.id]
    if not found.proven:
        return
    facts = {"proven_s": int(found.proven_s)}
    late = slot.state in (SlotState.MISSING, SlotState.EXPLAINED)
    if slot.state is SlotState.ANNOUNCED or (late and found.is_whole and not found.explained):
        history.move(session, slot, SLOT_MOVES, SlotEvent.PROVE, actor=WORKER, at=at, facts=facts)
    elif slot.state is SlotState.MISSING and found.is_whole:
        history.move(session, slot, SLOT_MOVES, SlotEvent.EXPLAIN, actor=WORKER, at=at, facts=facts)


def confirm(bench: Bench, recording_id: UUID) -> RecordingState:
    """Ask the store again, in a later transaction, whether the version is there, of that size, and locked: only then RETAINED."""
    with bench.database.transaction(SYSTEM) as session:
        recording = _locked(session, recording_id)
        if recording.state is not RecordingState.CATALOGUED:
            return recording.state
        assert recording.version_id is not None  # noqa: S101 - RECEIVE set it
        found = bench.store.stat(recording.object_key, recording.version_id)
        at = bench.clock.now_at()
        lock = found.retention if found else None
        sound = (
            found is not None
            and found.size_bytes == recording.size_bytes
            and lock is not None
            and lock.mode == "COMPLIANCE"
            and recording.retain_until is not None
            and lock.until >= recording.retain_until
        )
        if not sound:
            recording.reason = "lock-missing-or-shortened"
            history.move(
                session,
                recording,
                RECORDING_MOVES,
                RecordingEvent.RAISE_ALARM,
                actor=WORKER,
                at=at,
                reason="lock-not-confirmed",
                facts={"found": str(found)},
            )
            return recording.state
        recording.lock_read_back_at = at
        facts = {"lock_read_back": True, "retain_until": lock.until if lock else None}
        history.move(session, recording, RECORDING_MOVES, RecordingEvent.CONFIRM, actor=WORKER, at=at, facts=facts)
        return recording.state


def check_hash(bench: Bench, recording: Recording) -> None:
    """Read every stored byte again and compare; a finding rests on nothing less. Raises: HashMismatch, ObjectMissing, FootageDestroyed."""
    require_footage(recording)
    assert recording.version_id is not None  # noqa: S101
    if sha256_of(bench.store, recording.object_key, recording.version_id) != recording.sha256:
        raise HashMismatch(recording=str(recording.id))


def _locked(session: Session, recording_id: UUID) -> Recording:
    """The row, ours until the commit. Its key is not: a copy that is verified meanwhile may refer to it, even while the store is slow."""
    return session.scalars(select(Recording).where(Recording.id == recording_id).with_for_update(key_share=True)).one()
