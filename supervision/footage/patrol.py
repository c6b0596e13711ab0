"""Keep what was promised: longer locks when a class ends later, every stored byte read back in turn, what is over its day named. R73; 2.3.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, case, cast, exists, func, literal, select
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.ledger import history
from storage.objects.errors import ObjectMissing, StoreUnavailable
from storage.objects.port import ObjectStore
from storage.retention import service as retention
from storage.retention.errors import LockNotConfirmed
from storage.retention.models import KeptVersion, LegalHold
from storage.retention.rules import RetentionRule, retain_until
from supervision.classes.models import Lesson, TrainingClass
from supervision.footage.destruction import is_being_destroyed
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.errors import HashMismatch
from supervision.footage.lifecycle import CATALOGUED_STATES, RECORDING_MOVES, RecordingEvent, RecordingState
from supervision.footage.models import Recording, Slot
from supervision.footage.verification import Bench, check_hash

PATROL = Actor(kind="system", name="patrol", role="worker")
LOOK_AGAIN: Final = timedelta(days=1)  # at what alarmed: a disk may have been mended


@dataclass(frozen=True, slots=True)
class PatrolRule:
    """Every stored version is read back at least every `patrol_days` days."""

    patrol_days: int


def extend_locks(session: Session, store: ObjectStore, rule: RetentionRule, *, actor: Actor, at: datetime, limit: int = 200) -> int:
    """Extend locks of recordings whose class now ends later, or was paid for later, than when they were locked; never shorten. Returns how many
    were looked at; one whose version is gone, or whose lock the store does not confirm, is an alarm.

    Others that do the same at this moment skip the rows taken here.
    """
    rows = session.execute(
        select(Recording, TrainingClass.ends_on, TrainingClass.subsidy_paid_on)
        .join(Slot, Slot.id == Recording.slot_id)
        .join(Lesson, Lesson.id == Slot.lesson_id)
        .join(TrainingClass, TrainingClass.id == Lesson.class_id)
        .where(
            Recording.state.in_(CATALOGUED_STATES),
            Recording.recorded_span.is_not(None),
            Recording.retain_until < _kept_for_the_class_until(rule),
            ~_deletion_has_begun(),
        )
        .order_by(Recording.id)
        .limit(limit)
        .with_for_update(of=Recording, skip_locked=True)
    ).all()
    for recording, ends_on, paid_on in rows:
        assert recording.version_id and recording.sha256 and recording.recorded_span and recording.recorded_span.upper  # noqa: S101 - catalogued
        until = retain_until(rule, recorded_end_at=recording.recorded_span.upper, class_ends_on=ends_on, subsidy_paid_on=paid_on)
        held = retention.Held(recording.institution_id, recording.object_key, recording.version_id, recording.size_bytes, recording.sha256)
        try:
            recording.retain_until = retention.keep(session, store, held, until=until, actor=actor, at=at).retain_until
        except (ObjectMissing, LockNotConfirmed) as lost:  # it keeps no other lock from being extended
            recording.reason = "version-missing" if isinstance(lost, ObjectMissing) else "lock-missing-or-shortened"
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.RAISE_ALARM, actor=actor, at=at, reason=recording.reason)
    return len(rows)


def _deletion_has_begun() -> ColumnElement[bool]:
    """What is missing of it is no alarm, and nothing is promised of it any more: its own job ends it or stops it."""
    return exists().where(Destruction.recording_id == Recording.id, Destruction.state == DestructionState.DESTROYING)


def _kept_for_the_class_until(rule: RetentionRule) -> ColumnElement[datetime]:
    """`retain_until` of a recording that ended before its class did or was paid for, in SQL: so that the sweep finds only what is to be extended.

    PostgreSQL ends a term from 29 February in a common year on the 28th; `next-day` asks for a day more (retention.rules.add_years).
    """
    last = func.greatest(TrainingClass.ends_on, TrainingClass.subsidy_paid_on)  # ignores a payment that is not known
    term = cast(last, DateTime) + func.make_interval(rule.retention_years)
    fell_back = (func.extract("day", last) == 29) & (func.extract("day", term) == 28)
    days = case((fell_back, 2), else_=1) if rule.leap_day_rule == "next-day" else literal(1)
    return func.timezone("Asia/Shanghai", term + func.make_interval(0, 0, 0, days))


def settle_due(session: Session, *, actor: Actor, at: datetime, limit: int = 200) -> int:
    """RETAINED → DUE for what is past its day and held by no matter; back for what a matter holds or a class keeps longer since. Returns how many.

    DUE destroys nothing: that takes two people (2.3.1).
    """
    held = exists().where(LegalHold.kept_version_id == KeptVersion.id, LegalHold.released_at.is_(None))
    over = KeptVersion.retain_until <= at
    rows = session.execute(
        select(Recording, KeptVersion.id, over)
        .join(KeptVersion, (KeptVersion.object_key == Recording.object_key) & (KeptVersion.version_id == Recording.version_id))
        .where(
            KeptVersion.destroyed_at.is_(None),
            ~_deletion_has_begun(),
            ((Recording.state == RecordingState.RETAINED) & over & ~held) | ((Recording.state == RecordingState.DUE) & (held | ~over)),
        )
        .order_by(Recording.id)
        .limit(limit)
        .with_for_update(of=Recording, skip_locked=True)
    ).all()
    for recording, kept_id, is_over in rows:
        matters = retention.open_matters(session, kept_id)
        if recording.state is RecordingState.DUE:
            reason = "held-by-a-matter" if matters else "kept-longer"
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.HOLD, actor=actor, at=at, reason=reason)
        else:
            facts = {"retention_over": is_over, "holds": matters}
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.FALL_DUE, actor=actor, at=at, facts=facts)
    return len(rows)


def patrol(bench: Bench, rule: PatrolRule, *, batch: int = 20) -> Sequence[UUID]:
    """Read back the versions that were not read for longest; raise an alarm for each that no longer is what the catalogue says.

    Returns the recordings that are not sound. A HEAD proves nothing (a flipped bit on disk still answers 200): bytes are read and hashed. What
    alarmed is looked at daily, and goes back to RETAINED when it is what the catalogue says after all. Raises: StoreUnavailable — the store
    answers nothing; one version that it cannot read is an alarm and keeps the others from nothing.
    """
    at = bench.clock.now_at()
    unread_since = case((Recording.state == RecordingState.ALARM, at - LOOK_AGAIN), else_=at - timedelta(days=rule.patrol_days))
    with bench.database.transaction(SYSTEM) as session:
        due = session.execute(
            select(Recording.id, KeptVersion.id)
            .join(KeptVersion, (KeptVersion.object_key == Recording.object_key) & (KeptVersion.version_id == Recording.version_id))
            .where(
                KeptVersion.destroyed_at.is_(None),
                ~_deletion_has_begun(),
                Recording.state.in_((RecordingState.RETAINED, RecordingState.DUE, RecordingState.ALARM)),
                (KeptVersion.patrolled_at.is_(None)) | (KeptVersion.patrolled_at < unread_since),
            )
            .order_by(KeptVersion.patrolled_at.asc().nulls_first())
            .limit(batch)
        )
        wanted = list(due)
    return [recording_id for recording_id, kept_id in wanted if not inspect_one(bench, recording_id, kept_id)]


def inspect_one(bench: Bench, recording_id: UUID, kept_id: UUID) -> bool:
    """Read one version back: bytes, lock, presence. False: the recording is in INTEGRITY_ALARM. Raises: StoreUnavailable."""
    with bench.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, recording_id)
        kept = session.get_one(KeptVersion, kept_id)
    why = _what_is_wrong(bench, recording, kept)
    at = bench.clock.now_at()
    with bench.database.transaction(SYSTEM) as session:
        session.get_one(KeptVersion, kept_id).patrolled_at = at
        recording = session.get_one(Recording, recording_id, with_for_update=True)
        if recording.state is RecordingState.DESTROYED or is_being_destroyed(session, recording_id):
            return True  # begun while it was being read
        if why and recording.state in CATALOGUED_STATES:
            recording.reason = why
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.RAISE_ALARM, actor=PATROL, at=at, reason=why)
        elif not why and recording.state is RecordingState.ALARM:
            before, recording.reason, recording.lock_read_back_at = recording.reason, "", at
            facts = {"lock_read_back": True, "alarmed": before}
            history.move(session, recording, RECORDING_MOVES, RecordingEvent.CLEAR_ALARM, actor=PATROL, at=at, reason="read-back-sound", facts=facts)
    return not why


def _what_is_wrong(bench: Bench, recording: Recording, kept: KeptVersion) -> str:
    """The empty string when nothing is. A store that is away is no fault of a recording; one that answers and cannot give these bytes, asked
    twice, has lost them: SeaweedFS answers a flipped bit with 500 for ever.
    """
    try:
        try:
            check_hash(bench, recording)
        except StoreUnavailable:
            if bench.store.stat(kept.object_key, kept.version_id) is None:
                return "version-missing"
            check_hash(bench, recording)
        lock = bench.store.retention(kept.object_key, kept.version_id)
    except ObjectMissing:
        return "version-missing"
    except HashMismatch:
        return "stored-hash-mismatch"
    except StoreUnavailable:
        if bench.store.stat(kept.object_key, kept.version_id) is None:
            return "version-missing"
        return "bytes-unreadable"
    return "lock-missing-or-shortened" if lock is None or lock.mode != "COMPLIANCE" or lock.until < kept.retain_until else ""
