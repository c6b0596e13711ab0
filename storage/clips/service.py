"""Cut viewing copies from the stored object by range reads, keep them briefly, hand them to players. domain.md 2.3.2.

The original is never downloaded whole and never re-encoded when browsers can play it; H.265 and others become an H.264 copy of the span alone.
A blurred copy is always encoded anew. Who may ask for which kind is for the stage above to say; the table refuses an unblurred one for an assignment.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from storage.clips.errors import ClipGone, ClipNotReady
from storage.clips.models import Clip, ClipState, MediaIndexRow, SpriteSheets
from storage.database.session import SYSTEM, Database
from storage.kernel.clock import Clock
from storage.kernel.errors import NotFound
from storage.kernel.events import Event, Events
from storage.kernel.scratch import working_folder
from storage.media.cut import cut
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.index import build_index, from_bytes
from storage.media.packets import PacketFacts
from storage.media.packets import from_bytes as read_packets
from storage.objects.errors import ObjectMissing
from storage.objects.port import Buckets, ObjectStore, StoredVersion

C = TypeVar("C", Clip, SpriteSheets)
CLIP_LIFE = timedelta(days=30)  # deleted earlier when its purpose ends


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """One object version as a `ByteSource`."""

    store: ObjectStore
    key: str
    version_id: str
    size_bytes: int

    def read(self, start: int, end: int) -> bytes:
        return self.store.read_range(self.key, self.version_id, start, min(end, self.size_bytes))

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        return self.store.stream(self.key, self.version_id, start=start, end=min(end, self.size_bytes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The span of a recording, in media time, what it is for, and whether faces are to be blurred."""

    tenant: UUID
    recording_id: UUID
    source_key: str
    source_version_id: str
    start_ms: int
    end_ms: int
    purpose: str
    blurred: bool = False

    def columns(self, at: datetime) -> dict[str, Any]:  # Any: columns of several types
        """What a fresh copy has in common with every other."""
        return {
            "tenant_id": self.tenant,
            "recording_id": self.recording_id,
            "source_key": self.source_key,
            "source_version_id": self.source_version_id,
            "purpose": self.purpose,
            "start_ms": self.start_ms,
            "end_ms": self.end_ms,
            "blurred": self.blurred,
            "state": ClipState.QUEUED,
            "failure": "",
            "requested_at": at,
            "expires_at": at + CLIP_LIFE,
        }


def request_clip(session: Session, wanted: Wanted, *, events: Events, at: datetime) -> Clip:
    """The clip for this purpose and span; asked for once, cut by the worker."""
    known = session.scalars(
        select(Clip).where(
            Clip.purpose == wanted.purpose,
            Clip.recording_id == wanted.recording_id,
            Clip.start_ms == wanted.start_ms,
            Clip.end_ms == wanted.end_ms,
            Clip.blurred == wanted.blurred,
            Clip.state.in_((ClipState.QUEUED, ClipState.READY)),
        )
    ).first()
    if known is not None:
        return known
    row = Clip(**wanted.columns(at))
    session.add(row)
    session.flush()
    events.publish(session, Event("clip.requested", {"clip_id": str(row.id)}))
    return row


def cut_clip(database: Database, buckets: Buckets, clip_id: UUID, *, clock: Clock, scratch: Path) -> ClipState:
    """Cut one clip and put it into the viewing bucket. Repeating changes nothing."""
    with database.transaction(SYSTEM) as session:
        row = session.get_one(Clip, clip_id)
        if row.state is not ClipState.QUEUED:
            return settled(buckets.viewing, row)
        key, version_id, start_ms, end_ms, tenant = row.source_key, row.source_version_id, row.start_ms, row.end_ms, row.tenant_id
        blurred = row.blurred
        kept = session.get(MediaIndexRow, (key, version_id))
        index = from_bytes(kept.body) if kept else None
    source = source_of(buckets.evidence, key, version_id)
    if source is None:
        return failed(database, Clip, clip_id, "object-missing")
    with working_folder(scratch) as folder:
        out = folder / "clip.mp4"
        try:
            if index is None:
                index = build_index(source)
                remember_index(database, key, version_id, index.to_bytes(), clock.now_at())
            made = cut(source, index, start_ms, end_ms, out, blurred=blurred)
        except NothingToCut:
            return failed(database, Clip, clip_id, "nothing-to-cut")
        except UnreadableMedia as unreadable:
            return failed(database, Clip, clip_id, f"media-{unreadable.reason.value}")
        stored = buckets.viewing.put(f"{place_of(Clip, tenant, clip_id)}-{token_hex(4)}.mp4", out, "video/mp4")
    with database.transaction(SYSTEM) as session:
        row = session.get_one(Clip, clip_id, with_for_update=True)
        if row.state is not ClipState.QUEUED:  # its purpose ended while it was being cut, or another worker was quicker
            return settled(buckets.viewing, row, stored)
        row.state, row.ready_at = ClipState.READY, clock.now_at()
        row.object_key, row.version_id, row.size_bytes = stored.key, stored.version_id, stored.size_bytes
        row.offset_ms, row.duration_ms = made.offset_ms, made.end_ms - made.start_ms
        row.bytes_read, row.requests, row.reencoded = made.bytes_read, made.requests, made.reencoded
        if made.veil is not None:
            row.detector, row.frames_seen, row.frames_veiled = made.veil.detector, made.veil.frames_seen, made.veil.frames_veiled
            row.frames_looked_at, row.faces_found = made.veil.looked_at, made.veil.faces
        return row.state


def source_of(evidence: ObjectStore, key: str, version_id: str) -> ObjectSource | None:
    """The stored version as a source, None when the store does not have it."""
    facts = evidence.stat(key, version_id)
    return ObjectSource(evidence, key, version_id, facts.size_bytes) if facts is not None else None


def place_of(kind: type[Clip] | type[SpriteSheets], tenant: UUID, copy_id: UUID) -> str:
    """What the keys of a copy begin with; each attempt to make it adds a word of its own, so that no attempt writes over another's.

    The place is known before anything is stored: a copy can be swept whose maker was killed before it told what it had stored.
    """
    return f"{tenant}/{'clips' if kind is Clip else 'sheets'}/{copy_id}"


def sweep(viewing: ObjectStore, row: Clip | SpriteSheets) -> None:
    """Delete whatever the store holds of a copy, what killed workers left included."""
    for version in viewing.list_versions(f"{place_of(type(row), row.tenant_id, row.id)}-"):
        _remove(viewing, version.key, version.version_id)


def settled(viewing: ObjectStore, row: Clip | SpriteSheets, *stored: StoredVersion) -> ClipState:
    """A worker finds its copy made by another, or not wanted: nothing of `stored`, its own, stays, and of a deleted one nothing at all."""
    for own in stored:
        _remove(viewing, own.key, own.version_id)
    if row.state is ClipState.DELETED:
        sweep(viewing, row)
    return row.state


def _remove(viewing: ObjectStore, key: str, version_id: str) -> None:
    """What is gone already is what was wanted."""
    with contextlib.suppress(ObjectMissing):
        viewing.delete_version(key, version_id)


def remember_index(database: Database, key: str, version_id: str, body: bytes, at: datetime, packets: StoredVersion | None = None) -> None:
    """Keep the sample index of a version, and where the facts of its packets lie: the object is read once."""
    row = {"object_key": key, "version_id": version_id, "body": body, "made_at": at}
    if packets is not None:
        row |= {"packets_key": packets.key, "packets_version_id": packets.version_id}
    with database.transaction(SYSTEM) as session:
        session.execute(insert(MediaIndexRow).values(row).on_conflict_do_nothing())


def packets_of(session: Session, viewing: ObjectStore, key: str, version_id: str) -> PacketFacts | None:
    """Facts of every packet of a version; None where none were kept. Raises: StoreUnavailable."""
    kept = session.execute(
        select(MediaIndexRow.packets_key, MediaIndexRow.packets_version_id).where(
            MediaIndexRow.object_key == key, MediaIndexRow.version_id == version_id, MediaIndexRow.packets_key.is_not(None)
        )
    ).one_or_none()
    if kept is None:
        return None
    try:
        return read_packets(b"".join(viewing.stream(kept.packets_key, kept.packets_version_id)))
    except (ObjectMissing, UnreadableMedia):  # it can be made again from the recording; without it some questions stay open
        return None


def failed(database: Database, kind: type[C], copy_id: UUID, why: str) -> ClipState:
    """Note why a copy cannot be made; one that was deleted meanwhile stays deleted."""
    with database.transaction(SYSTEM) as session:
        row = session.get_one(kind, copy_id, with_for_update=True)
        if row.state is ClipState.QUEUED:
            row.state, row.failure = ClipState.FAILED, why
        return row.state


def ready_clip(session: Session, clip_id: UUID) -> Clip:
    """A clip that can be played. Raises: NotFound, ClipNotReady, ClipGone."""
    row = session.get(Clip, clip_id)
    if row is None:
        raise NotFound(what="clip", id=str(clip_id))
    if row.state is ClipState.DELETED:
        raise ClipGone(clip=str(clip_id))
    if row.state is not ClipState.READY:
        raise ClipNotReady(state=row.state.value, failure=row.failure)
    return row
