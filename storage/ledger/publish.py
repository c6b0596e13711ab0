"""Copies of the log's heads and full tiles in the locked `ledger` bucket: what a rewritten or restored database is compared with.

Keys: `checkpoint/<UTC hour>/<size>` and, as in tlog-tiles, `tile/<level>/<index>`. A checkpoint is put after the tiles it needs, so the
newest checkpoint in the bucket tells what is already there and no other memory is kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.clock import Clock
from storage.ledger.checkpoint import Checkpoint, open_checkpoint
from storage.ledger.errors import LedgerForked, LedgerRolledBack, MalformedNote
from storage.ledger.models import LedgerCheckpoint
from storage.ledger.note import MAX_NOTE_BYTES, VerifierKey
from storage.ledger.sequencer import Anchor, demand_extension
from storage.ledger.stored import last_checkpoint, stored_nodes
from storage.ledger.tiles import MissingNode, full_tiles, tile_path
from storage.objects.port import ObjectStore, VersionFacts

CHECKPOINTS: Final = "checkpoint/"


@dataclass(frozen=True, slots=True)
class Published:
    """How much one run added to the bucket."""

    checkpoints: int
    tiles: int


def publish(
    session: Session,
    store: ObjectStore,
    *,
    keys: Sequence[VerifierKey],
    origin: str,
    clock: Clock,
    until: datetime,
    limit: int = 1_000,
) -> Published:
    """Put checkpoints newer than the bucket's newest, and the tiles they filled, under COMPLIANCE until `until`.

    Idempotent: interrupted anywhere, the next run completes it. At most `limit` checkpoints per run.
    Raises: LedgerRolledBack, LedgerForked — the database does not continue what was published; MalformedNote, UnknownSignature.
    """
    known = _newest(store, keys, origin, clock.now_at())
    old_size = known.size if known else 0
    if known is not None:
        _demand_continuation(session, known, keys, origin)
        _lock_all(store, _checkpoint_versions(store, known.size, clock.now_at()), until)
    fresh = session.scalars(select(LedgerCheckpoint).where(LedgerCheckpoint.size > old_size).order_by(LedgerCheckpoint.size).limit(limit)).all()
    if not fresh:
        return Published(0, 0)
    nodes = stored_nodes(session)
    tiles = full_tiles(old_size, fresh[-1].size)
    for level, index in tiles:
        _put_once(store, tile_path(level, index), nodes.tile(level, index), "application/octet-stream", until)
        nodes.stored.clear()
    for row in fresh:
        open_checkpoint(row.note, keys, origin)
        _put_once(store, checkpoint_key(row.at, row.size), row.note.encode(), "text/plain; charset=utf-8", until)
    return Published(len(fresh), len(tiles))


def bucket_anchor(store: ObjectStore, keys: Sequence[VerifierKey], origin: str, clock: Clock) -> Anchor:
    """What the sequencer compares with before it signs: the newest checkpoint in the bucket."""
    return lambda: _newest(store, keys, origin, clock.now_at())


def published_checkpoints(store: ObjectStore) -> Iterator[str]:
    """Every checkpoint note in the bucket, all versions, unverified: for the audit. Unreadable text comes back with replacement marks."""
    for version in store.iter_versions(CHECKPOINTS):
        if not version.is_delete_marker:
            yield _read(store, version).decode(errors="replace")


def checkpoint_key(at: datetime, size: int) -> str:
    """Where the checkpoint signed at `at` is kept."""
    return f"{CHECKPOINTS}{at:%Y-%m-%dT%H}/{size:019d}"


def _newest(store: ObjectStore, keys: Sequence[VerifierKey], origin: str, now: datetime) -> Checkpoint | None:
    """Newest checkpoint in the bucket; when its key has several versions they must agree, since each is locked and was signed."""
    found = [open_checkpoint(_read(store, v).decode(errors="replace"), keys, origin) for v in _checkpoint_versions(store, None, now)]
    for other in found[1:]:
        if (other.size, other.root) != (found[0].size, found[0].root):
            raise LedgerForked(size=found[0].size, why="two published checkpoints of one size differ")
    return found[0] if found else None


def _checkpoint_versions(store: ObjectStore, size: int | None, now: datetime) -> list[VersionFacts]:
    """Versions of the newest checkpoint (or of the one of `size`), looking around this hour first and at ever longer spans after."""
    for prefixes in _recent_prefixes(now):
        listed = [v for prefix in prefixes for v in store.list_versions(prefix) if not v.is_delete_marker]
        if listed:
            newest = max(_size_of(v.key) for v in listed) if size is None else size
            found = [v for v in listed if _size_of(v.key) == newest]
            if found:
                return found
    return []


def _recent_prefixes(now: datetime) -> Iterator[list[str]]:
    # one step ahead as well: the clock of another machine may be a little in front
    yield [f"{CHECKPOINTS}{now + timedelta(hours=step):%Y-%m-%dT%H}/" for step in (1, 0, -1)]
    yield [f"{CHECKPOINTS}{now + timedelta(days=step):%Y-%m-%d}" for step in (1, 0, -1)]
    yield [f"{CHECKPOINTS}{now:%Y-%m}"]
    yield [CHECKPOINTS]


def _size_of(key: str) -> int:
    text = key.rpartition("/")[2]
    if not (text.isascii() and text.isdigit()):
        raise MalformedNote(why=f"foreign object {key} among the checkpoints")
    return int(text)


def _demand_continuation(session: Session, known: Checkpoint, keys: Sequence[VerifierKey], origin: str) -> None:
    last = last_checkpoint(session, keys, origin)
    size = last.size if last else 0
    if last is None or size < known.size:
        raise LedgerRolledBack(size=size, published_size=known.size)
    try:
        demand_extension(stored_nodes(session), known, last.size, last.root)
    except MissingNode as missing:
        raise LedgerForked(size=known.size, why=str(missing)) from missing


def _put_once(store: ObjectStore, key: str, content: bytes, content_type: str, until: datetime) -> None:
    present = [v for v in store.list_versions(key) if v.key == key and not v.is_delete_marker]
    for version in present:
        if store.read_range(key, version.version_id, 0, max(version.size_bytes, 1)) != content:
            raise LedgerForked(size=0, why=f"{key} was published with other content")
    if present:
        _lock_all(store, present, until)
    else:
        store.lock_until(key, store.put(key, content, content_type).version_id, until)


def _lock_all(store: ObjectStore, versions: Sequence[VersionFacts], until: datetime) -> None:
    """Lock what a killed run put and could not lock."""
    for version in versions:
        if store.retention(version.key, version.version_id) is None:
            store.lock_until(version.key, version.version_id, until)


def _read(store: ObjectStore, version: VersionFacts) -> bytes:
    if not 0 < version.size_bytes <= MAX_NOTE_BYTES:
        raise MalformedNote(why=f"{version.key} is no checkpoint")
    return store.read_range(version.key, version.version_id, 0, version.size_bytes)
