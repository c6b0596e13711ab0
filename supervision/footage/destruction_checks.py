"""What speaks against destroying a recording at this moment: by the database's clock, the rows, and the store's own lock. R73; domain.md 2.3.1.

Asked when it is proposed, when it is approved, when the job begins and once more before the first deletion. The store is asked and never
overruled: governance is not bypassed, a hold that only the store knows counts as one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from storage.objects.port import ObjectStore, VersionFacts
from storage.retention import service as retention
from storage.retention.models import KeptVersion
from storage.retention.rules import RetentionRule, retain_until
from supervision.classes.models import Lesson, TrainingClass
from supervision.footage.destruction_models import Destruction
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording, Slot


@dataclass(frozen=True, slots=True)
class Ports:
    """What later stages know of a recording, and what signs.

    `matters`: open matters that name it, whether they hold it or not. `entitled`: of the proposer and the approver those whose account may still do
    what each did. `forget`: delete what was made of it and can show it; answers `{kind, objects}` each. `name`: of an account, or else its
    login.
    """

    matters: Callable[[Session, Recording], Sequence[str]]
    entitled: Callable[[Session, Destruction], Sequence[UUID]]
    forget: Callable[[Session, Recording, datetime], Sequence[dict[str, object]]]
    name: Callable[[Session, UUID | None, str], str]
    key: Ed25519PrivateKey


def against(
    session: Session, store: ObjectStore, recording: Recording, rule: RetentionRule, matters: Callable[[Session, Recording], Sequence[str]]
) -> list[str]:
    """Reason codes, the gravest first; empty when nothing does. The caller holds the lock on `recording`; its kept version is locked here, so that
    a hold that is being placed is either seen or finds the version gone. Raises: StoreUnavailable.
    """
    if recording.state is not RecordingState.DUE:
        return ["retention-not-over"]
    kept = locked_kept(session, recording)
    if kept is None or kept.destroyed_at is not None:
        return ["not-kept"]
    now = session.scalar(select(func.clock_timestamp())) or kept.retain_until
    found: list[str] = []
    if kept.retain_until > now or recording.retain_until is None or recording.retain_until > now:
        found.append("retention-not-over")
    if class_keeps_it(session, recording, rule, now):
        found.append("kept-longer")
    if retention.open_matters(session, kept.id):
        found.append("held-by-a-matter")
    if matters(session, recording):
        found.append("matter-open")
    if session.scalar(select(exists().where(Recording.object_key == recording.object_key, Recording.id != recording.id))):
        found.append("shared")
    return found + _store_keeps_it(store, recording, now)


def locked_kept(session: Session, recording: Recording) -> KeptVersion | None:
    """The retention row, locked and read anew: inserting a hold waits for this transaction."""
    wanted = select(KeptVersion).where(KeptVersion.object_key == recording.object_key, KeptVersion.version_id == recording.version_id)
    return session.scalars(wanted.with_for_update(), execution_options={"populate_existing": True}).one_or_none()


def class_keeps_it(session: Session, recording: Recording, rule: RetentionRule, now: datetime) -> bool:
    """Whether its class ended, or was paid for, so late that the lock is to be extended (`extend-locks` comes once an hour)."""
    ends = session.execute(
        select(TrainingClass.ends_on, TrainingClass.subsidy_paid_on)
        .join(Lesson, Lesson.class_id == TrainingClass.id)
        .join(Slot, Slot.lesson_id == Lesson.id)
        .where(Slot.id == recording.slot_id)
    ).one_or_none()
    span = recording.recorded_span
    if ends is None or span is None or span.upper is None:
        return False
    return retain_until(rule, recorded_end_at=span.upper, class_ends_on=ends.ends_on, subsidy_paid_on=ends.subsidy_paid_on) > now


def versions_of(store: ObjectStore, recording: Recording) -> list[VersionFacts]:
    """Every version and marker under the key, the evidence last: whoever stops half-way leaves it."""
    found = [v for v in store.list_versions(recording.object_key) if v.key == recording.object_key]
    return sorted(found, key=lambda v: (v.version_id == recording.version_id, v.version_id))


def _store_keeps_it(store: ObjectStore, recording: Recording, now: datetime) -> list[str]:
    listed = versions_of(store, recording)
    if recording.version_id not in {v.version_id for v in listed}:
        return ["version-missing"]
    found: list[str] = []
    for version in listed:
        facts = None if version.is_delete_marker else store.stat(version.key, version.version_id)
        if facts is None:
            continue
        lock = store.retention(version.key, version.version_id)  # read back on its own: a HEAD may leave it out
        if facts.legal_hold:
            found.append("held-in-the-store")
        if any(one is not None and one.until > now for one in (lock, facts.retention)):
            found.append("locked-in-the-store")
    return found
