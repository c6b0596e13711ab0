"""Lock a version, read the lock back, extend it, hold it. R73.

The store is asked first, the row is written after: the database never claims a later day than the store confirmed.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from storage.objects.port import ObjectStore
from storage.retention.errors import LockNotConfirmed, StillKept
from storage.retention.models import KeptVersion, LegalHold


@dataclass(frozen=True, slots=True)
class Held:
    """What is to be kept: one object version and the hash of its bytes."""

    tenant: UUID
    key: str
    version_id: str
    size_bytes: int
    sha256: bytes


def lock_and_read_back(store: ObjectStore, key: str, version_id: str, until: datetime) -> datetime:
    """Put the version under COMPLIANCE until at least `until` and return the day the store answers with.

    Idempotent; an existing later lock stays. Raises: LockNotConfirmed — the store answers with no lock, another mode or an earlier day.
    """
    found = store.retention(key, version_id)
    if found is None or found.mode != "COMPLIANCE" or found.until < until:
        store.lock_until(key, version_id, until)
        found = store.retention(key, version_id)
    if found is None or found.mode != "COMPLIANCE" or found.until < until:
        raise LockNotConfirmed(key=key, wanted=until.isoformat(), found=str(found))
    return found.until


def keep(session: Session, store: ObjectStore, held: Held, *, until: datetime, actor: Actor, at: datetime) -> KeptVersion:
    """Lock a version and record it. Calling it again with a later day extends; an earlier day changes nothing (never shortened)."""
    confirmed = lock_and_read_back(store, held.key, held.version_id, until)
    statement = (
        insert(KeptVersion)
        .values(
            tenant_id=held.tenant,
            object_key=held.key,
            version_id=held.version_id,
            size_bytes=held.size_bytes,
            sha256=held.sha256,
            retain_until=confirmed,
            lock_read_back_at=at,
        )
        .on_conflict_do_update(
            index_elements=["object_key", "version_id"],
            set_={"retain_until": func.greatest(KeptVersion.retain_until, confirmed), "lock_read_back_at": at},
        )
        .returning(KeptVersion)
    )
    kept = session.scalars(statement, execution_options={"populate_existing": True}).one()
    ledger.append(
        session,
        actor=actor,
        at=at,
        action="retention.locked",
        subject=f"object/{held.key}@{held.version_id}",
        tenant=held.tenant,
        body={"sha256": held.sha256.hex(), "size_bytes": held.size_bytes, "retain_until": confirmed, "mode": "COMPLIANCE"},
    )
    return kept


def place_hold(session: Session, store: ObjectStore, kept: KeptVersion, *, matter: str, reason: str, actor: Actor, at: datetime) -> LegalHold:
    """Hold a version for a matter; idempotent per matter. The store's hold flag is on while any matter is open."""
    store.set_legal_hold(kept.object_key, kept.version_id, on=True)
    existing = session.scalars(select(LegalHold).where(LegalHold.kept_version_id == kept.id, LegalHold.matter == matter)).one_or_none()
    if existing is not None and existing.released_at is None:
        return existing
    if existing is None:
        existing = LegalHold(tenant_id=kept.tenant_id, kept_version_id=kept.id, matter=matter, placed_at=at, placed_by=actor.name, reason=reason)
        session.add(existing)
    else:
        existing.released_at, existing.released_by = None, ""
    session.flush()
    _log_matter(session, kept, "retention.held", matter, reason, actor, at)
    return existing


def release_hold(session: Session, store: ObjectStore, kept: KeptVersion, *, matter: str, reason: str, actor: Actor, at: datetime) -> bool:
    """End one matter's hold. Returns whether the version is now free of holds; only then the store's flag goes off."""
    session.execute(select(KeptVersion.id).where(KeptVersion.id == kept.id).with_for_update())
    hold = session.scalars(
        select(LegalHold).where(LegalHold.kept_version_id == kept.id, LegalHold.matter == matter, LegalHold.released_at.is_(None))
    ).one_or_none()
    if hold is not None:
        hold.released_at, hold.released_by = at, actor.name
        session.flush()
        _log_matter(session, kept, "retention.released", matter, reason, actor, at)
    free = not open_matters(session, kept.id)
    if free:
        store.set_legal_hold(kept.object_key, kept.version_id, on=False)
    return free


def open_matters(session: Session, kept_version_id: UUID) -> list[str]:
    """The matters that hold a version, sorted."""
    return list(
        session.scalars(
            select(LegalHold.matter).where(LegalHold.kept_version_id == kept_version_id, LegalHold.released_at.is_(None)).order_by(LegalHold.matter)
        )
    )


def kept_version(session: Session, key: str, version_id: str) -> KeptVersion | None:
    """The retention row of an object version."""
    return session.scalars(select(KeptVersion).where(KeptVersion.object_key == key, KeptVersion.version_id == version_id)).one_or_none()


def bury(session: Session, kept: KeptVersion, *, actor: Actor, at: datetime) -> None:
    """The store was seen to have the version no more: the row becomes its tombstone. Raises: StillKept — a matter holds it, or it is too early."""
    matters = open_matters(session, kept.id)
    if matters or kept.retain_until > at:
        raise StillKept(until=kept.retain_until, matters=", ".join(matters) or "-")
    kept.destroyed_at = at
    session.flush()
    ledger.append(
        session,
        actor=actor,
        at=at,
        action="retention.destroyed",
        subject=f"object/{kept.object_key}@{kept.version_id}",
        tenant=kept.tenant_id,
        body={"sha256": kept.sha256.hex(), "size_bytes": kept.size_bytes, "retain_until": kept.retain_until},
    )


def _log_matter(session: Session, kept: KeptVersion, action: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
    ledger.append(
        session,
        actor=actor,
        at=at,
        action=action,
        subject=f"object/{kept.object_key}@{kept.version_id}",
        tenant=None,  # whoever reads of the matter reads of the finding
        body={"matter": matter, "reason": reason, "sha256": kept.sha256.hex()},
    )
