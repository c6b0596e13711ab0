"""The copies outside the database: what is put, that it stays, and what the signer refuses because of it. Real store, real locks."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.kernel.clock import Clock
from storage.ledger import merkle
from storage.ledger.audit import audit
from storage.ledger.checkpoint import Checkpoint, sign_checkpoint
from storage.ledger.errors import LedgerForked, LedgerRolledBack, MalformedNote, UnknownSignature
from storage.ledger.note import verifier_key
from storage.ledger.publish import Published, bucket_anchor, checkpoint_key, publish, published_checkpoints
from storage.ledger.sequencer import sequence
from storage.ledger.tiles import TILE_BYTES
from storage.objects.buckets import open_buckets, prepare_buckets
from storage.objects.errors import VersionLocked
from storage.objects.port import ObjectStore
from tests.integration.conftest import WORKER
from tests.integration.ledger.conftest import LedgerDatabase
from tests.integration.ledger.test_ledger_log import ORIGIN, fill
from tests.integration.ledger.test_ledger_tampering import BODY, rebuild, tamper

UNTIL = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)  # the store refuses a lock in the past; one day is enough for a test
AT = datetime(2026, 11, 24, 9, 59, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest.fixture
def bucket(engines: Engines) -> ObjectStore:
    """A ledger bucket of the test's own: what is locked in it cannot be cleared away for the next."""
    prefix = f"classproof-{WORKER}-log{next(_numbers)}"
    prepare_buckets(replace(engines.bootstrap_s3(), bucket_prefix=prefix))
    return open_buckets(replace(engines.addresses.s3, bucket_prefix=prefix)).ledger


@dataclass
class Log:
    """A log, its signer and its bucket, at a time that moves."""

    db: LedgerDatabase
    key: Ed25519PrivateKey
    bucket: ObjectStore
    at: datetime = AT

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.at)

    @property
    def keys(self) -> list[Any]:
        return [verifier_key(ORIGIN, self.key)]

    def grow(self, count: int) -> Checkpoint:
        fill(self.db, count)
        head = self.sign()
        assert head is not None
        return head

    def sign(self) -> Checkpoint | None:
        anchor = bucket_anchor(self.bucket, self.keys, ORIGIN, self.clock)
        with self.db.app.transaction(SYSTEM) as session:
            return sequence(session, key=self.key, origin=ORIGIN, clock=self.clock, anchor=anchor)

    def publish(self, store: ObjectStore | None = None) -> Published:
        with self.db.app.transaction(SYSTEM) as session:
            return publish(session, store or self.bucket, keys=self.keys, origin=ORIGIN, clock=self.clock, until=UNTIL)

    def anchored(self) -> Checkpoint | None:
        return bucket_anchor(self.bucket, self.keys, ORIGIN, self.clock)()


@pytest.fixture
def log(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey, bucket: ObjectStore) -> Log:
    return Log(ledger_db, log_key, bucket)


def test_heads_and_full_tiles_are_put_once_and_locked(log: Log) -> None:
    heads = [log.grow(300), log.grow(300)]
    assert log.publish() == Published(checkpoints=2, tiles=2)
    assert log.publish() == Published(0, 0)
    stored = {v.key: v for v in log.bucket.list_versions()}
    assert set(stored) == {"tile/0/000", "tile/0/001", *(checkpoint_key(AT, head.size) for head in heads)}
    assert len(log.bucket.list_versions()) == 4
    assert stored["tile/0/000"].size_bytes == TILE_BYTES
    for version in stored.values():
        lock = log.bucket.retention(version.key, version.version_id)
        assert lock is not None and (lock.mode, lock.until) == ("COMPLIANCE", UNTIL)
        with pytest.raises(VersionLocked):
            log.bucket.delete_version(version.key, version.version_id)
    assert list(published_checkpoints(log.bucket)) == [head.note for head in heads]
    assert audit(log.db.app.engine, keys=log.keys, origin=ORIGIN, now=AT, published=published_checkpoints(log.bucket)) == []


def test_the_newest_head_is_found_over_idle_hours_days_and_years(log: Log) -> None:
    assert log.anchored() is None
    for pause in (timedelta(), timedelta(hours=1), timedelta(hours=9), timedelta(days=1), timedelta(days=20), timedelta(days=800)):
        log.at += pause
        head = log.grow(1)
        log.publish()
        for later in (timedelta(), timedelta(minutes=-30), timedelta(hours=3), timedelta(days=1), timedelta(days=40), timedelta(days=900)):
            assert Log(log.db, log.key, log.bucket, log.at + later).anchored() == head


class Dying:
    """The store, until the given call: then the process is gone."""

    def __init__(self, store: ObjectStore, method: str, calls: int) -> None:
        self._store, self._method, self._left = store, method, calls

    def __getattr__(self, name: str) -> Any:
        found: Callable[..., Any] = getattr(self._store, name)
        if name != self._method:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
            return found(*args, **kwargs)

        return counted


@pytest.mark.parametrize("method", ["put", "lock_until"])
def test_a_publication_killed_anywhere_is_completed_by_the_next(log: Log, method: str) -> None:
    log.grow(300)
    log.grow(300)
    for calls in range(4):
        with pytest.raises(KeyboardInterrupt):
            log.publish(Dying(log.bucket, method, min(calls, 1)))
    log.publish()
    stored = log.bucket.list_versions()
    assert sorted(v.key for v in stored) == sorted({v.key for v in stored})
    assert len(stored) == 4
    assert all(log.bucket.retention(v.key, v.version_id) for v in stored)


def test_a_restored_older_database_is_not_signed(log: Log) -> None:
    log.grow(3)
    log.grow(2)
    log.publish()
    tamper(
        log.db,
        "delete from ledger_entry where id > 3",
        "delete from ledger_leaf where entry_id > 3",
        "delete from ledger_checkpoint where size > 3",
        "update ledger_tile set hashes = substring(hashes from 1 for 96)",
    )
    fill(log.db, 4)
    with pytest.raises(LedgerRolledBack):
        log.sign()
    with pytest.raises(LedgerRolledBack):
        log.publish()


def test_an_emptied_database_is_not_signed(log: Log) -> None:
    log.grow(3)
    log.publish()
    tamper(log.db, *(f"delete from {table}" for table in ("ledger_leaf", "ledger_entry", "ledger_checkpoint", "ledger_tile")))
    fill(log.db, 4)
    with pytest.raises(LedgerRolledBack):
        log.sign()


def test_a_rewritten_database_is_not_signed_even_with_the_right_key(log: Log) -> None:
    log.grow(300)
    log.publish()
    tamper(log.db, f"update ledger_entry set body = {BODY}", then=lambda connection: rebuild(connection, log.key))
    fill(log.db, 1)
    with pytest.raises(LedgerForked):
        log.sign()
    with pytest.raises(LedgerForked):
        log.publish()
    found = audit(log.db.app.engine, keys=log.keys, origin=ORIGIN, now=AT, published=published_checkpoints(log.bucket))
    assert ("root-differs", "published/300") in {(d.kind, d.subject) for d in found}


def test_a_second_version_of_a_published_head_is_an_alarm(log: Log) -> None:
    head = log.grow(3)
    log.publish()
    forged = sign_checkpoint(ORIGIN, head.size, merkle.leaf_hash(b"forged"), log.key)
    log.bucket.put(checkpoint_key(AT, head.size), forged.note.encode(), "text/plain")
    fill(log.db, 1)
    with pytest.raises(LedgerForked):
        log.sign()


def test_foreign_objects_among_the_heads_are_an_alarm(log: Log) -> None:
    log.grow(3)
    stranger = Ed25519PrivateKey.from_private_bytes(b"\4" * 32)
    log.bucket.put(checkpoint_key(AT, 9), sign_checkpoint(ORIGIN, 9, bytes(32), stranger).note.encode(), "text/plain")
    with pytest.raises(UnknownSignature):
        log.publish()
    log.at += timedelta(hours=5)
    log.bucket.put(f"checkpoint/{log.at:%Y-%m-%dT%H}/readme", b"hello", "text/plain")
    with pytest.raises(MalformedNote):
        log.publish()
