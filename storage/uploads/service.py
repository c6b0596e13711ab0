"""Open, resume, complete and give up uploads. The store decides what has arrived; this only remembers the intent. R72.

Bytes go from the client straight to the store by presigned parts; no function here ever sees one.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.kernel.errors import Conflict, NotFound
from storage.objects.errors import UploadGone, VersionLocked
from storage.objects.port import ObjectStore, PartFacts, SignedRequest, StoredVersion
from storage.retention.models import KeptVersion
from storage.uploads.errors import UploadClosed
from storage.uploads.models import UploadPart, UploadSession, UploadState
from storage.uploads.rules import UploadRule, Usage, check_arrived, check_limits, part_bytes_for, part_count, size_of_part

PART_ADDRESS_LIFE_S = 900


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client wants to send. `sha256` is the whole file's, when the client could compute it beforehand."""

    tenant: UUID
    file_name: str
    size_bytes: int
    fingerprint: str
    content_type: str = "application/octet-stream"
    sha256: bytes | None = None
    part_bytes: int | None = None
    idempotency_key: str | None = None

    @property
    def key(self) -> str:
        return self.idempotency_key or f"{self.fingerprint}:{self.size_bytes}:{self.file_name}"


def open_upload(
    session: Session, store: ObjectStore, wanted: Wanted, rule: UploadRule, *, opened_by: str, at: datetime
) -> tuple[UploadSession, bool]:
    """The session for this file, and whether it is new. The same key answers the same session: a reload or a second click resumes.

    Raises: FileEmpty, FileTooLarge, TooManyUploads, QuotaExceeded; Conflict — the key was used for a file of another size.
    """
    # one opener per institution at a time: a multipart upload must not be created twice, a limit not be passed by two at once
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"open-upload/{wanted.tenant}", 0))))
    existing = session.scalars(
        select(UploadSession).where(UploadSession.tenant_id == wanted.tenant, UploadSession.idempotency_key == wanted.key)
    ).one_or_none()
    if existing is not None and existing.state in (UploadState.OPEN, UploadState.RECEIVED):
        if existing.size_bytes != wanted.size_bytes:
            raise Conflict(what="idempotency-key", name=wanted.key)
        existing.active_at = at
        return existing, False
    if existing is not None:
        retire_key(existing)
        session.flush()
    check_limits(rule, usage(session, wanted.tenant), size_bytes=wanted.size_bytes, file_name=wanted.file_name)
    upload_id: UUID = session.execute(select(func.uuidv7())).scalar_one()
    object_key = f"{wanted.tenant}/{at:%Y/%m}/{upload_id}"
    row = UploadSession(
        id=upload_id,
        tenant_id=wanted.tenant,
        idempotency_key=wanted.key,
        file_name=wanted.file_name,
        size_bytes=wanted.size_bytes,
        fingerprint=wanted.fingerprint,
        client_sha256=wanted.sha256,
        content_type=wanted.content_type,
        part_bytes=part_bytes_for(wanted.size_bytes, wanted.part_bytes),
        object_key=object_key,
        store_upload_id=store.create_multipart(object_key, wanted.content_type),
        state=UploadState.OPEN,
        opened_by=opened_by,
        opened_at=at,
        active_at=at,
    )
    session.add(row)
    session.flush()
    return row, True


def retire_key(row: UploadSession) -> None:
    """Free the key of a session that ended without evidence, or whose evidence the store lost, so that the same file can be sent again."""
    row.idempotency_key = f"{row.idempotency_key}#{row.id}"


def find(session: Session, upload_id: UUID, tenant: UUID | None, *, lock: bool = False) -> UploadSession:
    """One session of an institution (`tenant=None`: any, for bureau and worker). Raises: NotFound."""
    query = select(UploadSession).where(UploadSession.id == upload_id)
    if tenant is not None:
        query = query.where(UploadSession.tenant_id == tenant)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(what="upload", id=str(upload_id))
    return row


def sign_parts(
    session: Session, store: ObjectStore, row: UploadSession, digests: Mapping[int, bytes], *, at: datetime
) -> list[tuple[int, SignedRequest]]:
    """Addresses for parts, each good for exactly the bytes whose SHA-256 was reported. Raises: UploadClosed, NoSuchPart."""
    if row.state is not UploadState.OPEN:
        raise UploadClosed(state=row.state.value)
    sizes = {number: size_of_part(number, row.size_bytes, row.part_bytes) for number in digests}
    if digests:
        insertion = insert(UploadPart).values(
            [
                {
                    "upload_id": row.id,
                    "number": number,
                    "tenant_id": row.tenant_id,
                    "sha256": digest,
                    "size_bytes": sizes[number],
                    "requested_at": at,
                }
                for number, digest in digests.items()
            ]
        )
        session.execute(
            insertion.on_conflict_do_update(
                index_elements=["upload_id", "number"],
                set_={"sha256": insertion.excluded.sha256, "requested_at": insertion.excluded.requested_at},
            )
        )
    row.active_at = at
    return [
        (
            number,
            store.presign_part(row.object_key, row.store_upload_id, number, sha256_hex=digest.hex(), expires_s=PART_ADDRESS_LIFE_S),
        )
        for number, digest in sorted(digests.items())
    ]


def arrived(store: ObjectStore, row: UploadSession) -> list[PartFacts]:
    """What the store holds of an upload: the only truth about progress. Once its parts were joined it has all of them, even when the
    database never heard of the joining (a crash in between): the client then only has to say again that it is complete.
    """
    if row.state is UploadState.RECEIVED:
        return _all_parts(row)
    if row.state is not UploadState.OPEN:
        return []
    try:
        return store.list_parts(row.object_key, row.store_upload_id)
    except UploadGone:
        return _all_parts(row) if len(_whole_versions(store, row)) == 1 else []


def _all_parts(row: UploadSession) -> list[PartFacts]:
    count = part_count(row.size_bytes, row.part_bytes)
    return [PartFacts(number=n, etag="", size_bytes=size_of_part(n, row.size_bytes, row.part_bytes)) for n in range(1, count + 1)]


def complete(session: Session, store: ObjectStore, row: UploadSession, *, at: datetime) -> StoredVersion:
    """Join the parts into one version. Safe to repeat: after a crash in the middle the version that the store already has is adopted.

    The caller holds the row lock. Raises: UploadClosed, UploadIncomplete.
    """
    if row.state is UploadState.RECEIVED and row.version_id is not None:
        return StoredVersion(key=row.object_key, version_id=row.version_id, etag="", size_bytes=row.size_bytes)
    if row.state is not UploadState.OPEN:
        raise UploadClosed(state=row.state.value)
    reported = session.scalars(select(UploadPart).where(UploadPart.upload_id == row.id))
    stored = _join(store, row, {part.number: part.sha256 for part in reported})
    row.state = UploadState.RECEIVED
    row.version_id = stored.version_id
    row.received_at = row.active_at = at
    return stored


def was_joined(store: ObjectStore, row: UploadSession) -> bool:
    """Whether the store joined the parts of an upload that the database still calls open: we died in between."""
    try:
        store.list_parts(row.object_key, row.store_upload_id)
    except UploadGone:
        return len(_whole_versions(store, row)) == 1
    return False


def _whole_versions(store: ObjectStore, row: UploadSession) -> list[str]:
    return [v.version_id for v in store.list_versions(row.object_key) if v.key == row.object_key and v.size_bytes == row.size_bytes]


def _join(store: ObjectStore, row: UploadSession, digests: Mapping[int, bytes]) -> StoredVersion:
    try:
        parts = store.list_parts(row.object_key, row.store_upload_id)
    except UploadGone:
        return _adopt(store, row)
    check_arrived({p.number: p.size_bytes for p in parts}, row.size_bytes, row.part_bytes)
    try:
        return store.complete_multipart(row.object_key, row.store_upload_id, parts, digests)
    except UploadGone:
        return _adopt(store, row)


def _adopt(store: ObjectStore, row: UploadSession) -> StoredVersion:
    """The multipart upload is gone. Either it was completed and we died before saying so, or the store lost it."""
    versions = _whole_versions(store, row)
    if len(versions) != 1:
        raise UploadClosed(state="gone")
    return StoredVersion(key=row.object_key, version_id=versions[0], etag="", size_bytes=row.size_bytes)


def give_up(store: ObjectStore, row: UploadSession, *, state: UploadState, at: datetime) -> None:
    """Abort an open upload; parts are freed in the store. Repeating is harmless. Raises: UploadClosed — it is already evidence."""
    if row.state is UploadState.RECEIVED:
        raise UploadClosed(state=row.state.value)
    if row.state is UploadState.OPEN:
        with contextlib.suppress(UploadGone):
            store.abort_multipart(row.object_key, row.store_upload_id)
        for version_id in _whole_versions(store, row):  # joined just before a crash and now not wanted: nothing has locked it yet
            store.delete_version(row.object_key, version_id)
        row.state, row.active_at = state, at
        retire_key(row)


def discard_original(store: ObjectStore, row: UploadSession, *, at: datetime) -> list[str]:
    """Delete every version, and every marker, under the key of an upload that brought no evidence; returns their ids. The row keeps what it was.

    Repeating is harmless: after a crash in between there is nothing left to delete. Raises: VersionLocked — the store keeps one of them.
    """
    gone = _versions(store, row)
    for version_id in gone:
        store.delete_version(row.object_key, version_id)
    if left := _versions(store, row):
        raise VersionLocked(key=row.object_key, version_id=left[0])
    row.state, row.active_at = UploadState.EXPIRED, at
    return gone


def is_locked(store: ObjectStore, row: UploadSession) -> bool:
    """Whether the store keeps any version under the key of an upload: a lock or a legal hold."""
    found = [store.stat(row.object_key, version_id) for version_id in _versions(store, row)]
    return any(facts is not None and (facts.retention is not None or facts.legal_hold) for facts in found)


def _versions(store: ObjectStore, row: UploadSession) -> list[str]:
    return [v.version_id for v in store.list_versions(row.object_key) if v.key == row.object_key]


def idle_uploads(session: Session, *, before: datetime) -> Sequence[UUID]:
    """Ids of open sessions without activity since `before`, oldest first. Few: each institution may have only so many open."""
    return session.scalars(
        select(UploadSession.id).where(UploadSession.state == UploadState.OPEN, UploadSession.active_at < before).order_by(UploadSession.active_at)
    ).all()


def lock_idle(session: Session, upload_id: UUID, *, before: datetime) -> UploadSession | None:
    """One of them, locked for the sweeper; None when somebody goes on with it, or another sweeper has it."""
    return session.scalars(
        select(UploadSession)
        .where(UploadSession.id == upload_id, UploadSession.state == UploadState.OPEN, UploadSession.active_at < before)
        .with_for_update(skip_locked=True)
    ).one_or_none()


def sweep_orphans(session: Session, store: ObjectStore, *, at: datetime, older_than: timedelta = timedelta(days=1)) -> int:
    """Abort multipart uploads of the store that no session needs (left by a kill between store and database). Returns how many.

    One of a received session is left alone: a store that died between joining the parts and forgetting them still lists it, and aborting
    frees the very bytes that the recording consists of.
    """
    needed = (UploadState.OPEN, UploadState.RECEIVED)
    known = set(session.scalars(select(UploadSession.store_upload_id).where(UploadSession.state.in_(needed))))
    orphans = [m for m in store.list_multiparts() if m.upload_id not in known and m.initiated_at < at - older_than]
    for orphan in orphans:
        try:
            store.abort_multipart(orphan.key, orphan.upload_id)
        except UploadGone:
            continue
    return len(orphans)


def usage(session: Session, tenant: UUID) -> Usage:
    """Bytes in the store and in flight, and open sessions, of one institution. What was received counts until it is destroyed,
    catalogued or not: a file that waits for its lesson to be chosen takes the same room, and so does one that was refused until its original goes.
    """
    destroyed = exists().where(
        KeptVersion.object_key == UploadSession.object_key, KeptVersion.version_id == UploadSession.version_id, KeptVersion.destroyed_at.is_not(None)
    )
    stored = select(func.coalesce(func.sum(UploadSession.size_bytes), 0)).where(
        UploadSession.tenant_id == tenant, UploadSession.state == UploadState.RECEIVED, ~destroyed
    )
    in_flight, count = session.execute(
        select(func.coalesce(func.sum(UploadSession.size_bytes), 0), func.count()).where(
            UploadSession.tenant_id == tenant, UploadSession.state == UploadState.OPEN
        )
    ).one()
    return Usage(stored_bytes=int(session.scalar(stored) or 0), in_flight_bytes=int(in_flight), open_uploads=int(count))
