"""One lie at a time: fsck names its kind and its subject, and is silent again when the truth is restored.

The module has a database and buckets of its own with one catalogued recording, so "silent" means silent about everything.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import psycopg
import pytest
from botocore.config import Config
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import select

from api.fsck import RECEIPT_DUE, run_fsck
from api.http.services import Services
from api.log_keeper import origin, publish_heads, sequence_pending
from storage.database.session import SYSTEM
from storage.engines.addresses import S3Address
from storage.engines.engines import Engines
from storage.kernel.canonical import canonical_json
from storage.kernel.settings import Settings
from storage.ledger import history
from storage.ledger.checkpoint import sign_checkpoint
from storage.ledger.models import LedgerLeaf
from storage.ledger.publish import checkpoint_key
from storage.objects.buckets import open_buckets, prepare_buckets
from storage.retention.service import kept_version
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.models import Recording
from tests import videos
from tests.engine_fixtures import WORKER, TestDatabase
from tests.factories.world import make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands, drain, make_services

PREFIX = f"classproof-fsck-{WORKER}"
GUARDS = (("ledger_entry", "ledger_refuse"), ("ledger_entry", "ledger_queue"))
Damage = Callable[["Bench"], Any]  # Any: a context manager that damages on entry and repairs on exit


@dataclass(frozen=True)
class Bench:
    """A sound installation and the hands of somebody who may do anything to its database and its store."""

    services: Services
    database: TestDatabase
    s3: Any  # Any: botocore makes its clients at run time
    row: Recording
    number: str  # of the receipt
    entry: int  # of the ledger: it was catalogued
    leaf: int
    move: UUID

    @property
    def subjects(self) -> dict[str, str]:
        """The names of things, as fsck spells them."""
        version = f"{self.row.object_key}@{self.row.version_id}"
        return {
            "recording": f"recording/{self.row.id}",
            "object": f"object/{version}",
            "key": f"object/{self.row.object_key}",
            "receipt": f"receipt/{self.number}",
            "entry": f"ledger_entry/{self.entry}",
            "leaf": f"ledger_leaf/{self.leaf}",
            "move": f"state_move/{self.move}",
        }

    def found(self, *, deep: bool = False) -> set[tuple[str, str]]:
        return {(d.kind, d.subject) for d in run_fsck(self.services, deep=deep)}

    def execute(self, statement: str, values: dict[str, object] | None = None) -> list[tuple[Any, ...]]:  # Any: rows of any query
        """Past every guard: triggers and foreign keys rest."""
        with psycopg.connect(self.database.superuser_url) as connection:
            connection.execute("set local session_replication_role = replica")
            for table, trigger in GUARDS:
                connection.execute(sql.SQL("alter table {} disable trigger {}").format(sql.Identifier(table), sql.Identifier(trigger)))
            answer = connection.execute(statement.encode(), values or {})
            rows = answer.fetchall() if answer.description else []
            for table, trigger in GUARDS:
                connection.execute(sql.SQL("alter table {} enable always trigger {}").format(sql.Identifier(table), sql.Identifier(trigger)))
        return rows


@pytest.fixture(scope="module")
def bench(
    engines: Engines, clone_database: Callable[[str], TestDatabase], engine_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    place: Path = tmp_path_factory.mktemp("fsck")
    prepare_buckets(replace(engines.bootstrap_s3(), bucket_prefix=PREFIX))
    buckets = open_buckets(replace(engines.addresses.s3, bucket_prefix=PREFIX))
    database = clone_database(f"classproof_{WORKER}_fsck")
    settings = engine_settings.model_copy(update={"scratch_dir": place / "scratch", "s3_bucket_prefix": PREFIX})
    services = make_services(engines, database.app_url, buckets, settings, Hands())
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    recording_id = send(services, world, videos.film(place / "a.mp4", "mp4", videos.Scene(seconds=4, fps=5)))
    drain(services, database.app_url)
    assert sequence_pending(services)
    publish_heads(services)
    with services.database.transaction(SYSTEM) as session:
        receipt = receipts.of_recording(session, recording_id)
        assert receipt is not None
        row, number = footage.find(session, recording_id, None), receipt.number
        move = next(m for m in history.timeline(session, "recording", recording_id) if m.event == "catalogue")
        leaf = session.scalars(select(LedgerLeaf.idx).where(LedgerLeaf.entry_id == move.entry_id)).one()
    s3 = _client(engines.bootstrap_s3())
    made = Bench(services, database, s3, row, number, move.entry_id, leaf, move.id)
    assert made.found(deep=True) == set()
    yield made
    s3.close()
    services.database.engine.dispose()


def _client(address: S3Address) -> Any:  # Any: as above
    return boto3.client(
        "s3",
        endpoint_url=f"http://{address.endpoint}",
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name=address.region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


@pytest.fixture(autouse=True)
def sound_afterwards(bench: Bench) -> Iterator[None]:
    yield
    assert bench.found(deep=True) == set()


@contextmanager
def edited(bench: Bench, table: str, change: str, *, key: str = "id", of: object = None, **values: object) -> Iterator[None]:
    """One row changed, and put back as it was, column by column."""
    chosen = {"key_": of or bench.row.id} | values
    (before,) = bench.execute(f"select to_jsonb(t) from {table} t where {key} = %(key_)s", chosen)
    bench.execute(f"update {table} set {change} where {key} = %(key_)s", chosen)
    yield
    columns = re.findall(r"(?:^|, )(\w+) = ", change)
    back = ", ".join(f"{c} = (jsonb_populate_record(null::{table}, %(before)s)).{c}" for c in columns)
    bench.execute(f"update {table} set {back} where {key} = %(key_)s", chosen | {"before": Jsonb(before[0])})


@contextmanager
def removed(bench: Bench, table: str, key: str, of: object) -> Iterator[None]:
    (row,) = bench.execute(f"delete from {table} where {key} = %(of)s returning to_jsonb({table})", {"of": of})
    yield
    bench.execute(f"insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, %(row)s)", {
        "row": Jsonb(row[0])
    })  # fmt: skip


@contextmanager
def other_version(bench: Bench, *, mode: str | None) -> Iterator[None]:
    """The recording and its retention row are led to a copy of the bytes that is not locked, or only in the mode that privileged users pass."""
    store = bench.services.buckets.evidence
    stored = store.put(
        f"{bench.row.institution_id}/copy-{mode}", b"".join(store.stream(bench.row.object_key, bench.row.version_id or "")), "video/mp4"
    )
    if mode:
        until = datetime.now(UTC) + timedelta(days=1)
        named = {"Bucket": store.bucket, "Key": stored.key, "VersionId": stored.version_id}
        bench.s3.put_object_retention(**named, Retention={"Mode": mode, "RetainUntilDate": until})
    new = {"new_key": stored.key, "new_version": stored.version_id}
    change = "object_key = %(new_key)s, version_id = %(new_version)s"
    kept_id = _kept_id(bench)
    with (
        edited(bench, "recording", change, **new),
        edited(bench, "kept_version", change, of=kept_id, **new),
        edited(bench, "upload_session", change, of=bench.row.upload_id, **new),
    ):
        yield
    bench.s3.delete_object(Bucket=store.bucket, Key=stored.key, VersionId=stored.version_id, BypassGovernanceRetention=True)


def _kept_id(bench: Bench) -> object:
    with bench.services.database.transaction(SYSTEM) as session:
        kept = kept_version(session, bench.row.object_key, bench.row.version_id or "")
        assert kept is not None
        return kept.id


@contextmanager
def delete_marker(bench: Bench) -> Iterator[None]:
    """The bucket's policy forbids it, but the store does not ask the policy about a batch (docs/design/engines.md)."""
    store = bench.services.buckets.evidence
    answer = bench.s3.delete_objects(Bucket=store.bucket, Delete={"Objects": [{"Key": bench.row.object_key}]})
    yield
    (marker,) = answer["Deleted"]
    store.delete_version(bench.row.object_key, marker["DeleteMarkerVersionId"])


@contextmanager
def held_in_the_store_alone(bench: Bench) -> Iterator[None]:
    store = bench.services.buckets.evidence
    store.set_legal_hold(bench.row.object_key, bench.row.version_id or "", on=True)
    yield
    store.set_legal_hold(bench.row.object_key, bench.row.version_id or "", on=False)


@contextmanager
def held_in_the_rows_alone(bench: Bench) -> Iterator[None]:
    bench.execute(
        "insert into legal_hold (tenant_id, kept_version_id, matter, placed_at, placed_by, reason, released_by)"
        " values (%(tenant)s, %(kept)s, 'finding/x', now(), 'x', 'x', '')",
        {"tenant": bench.row.institution_id, "kept": _kept_id(bench)},
    )
    yield
    bench.execute("delete from legal_hold")


@contextmanager
def receipt_about_other_bytes(bench: Bench) -> Iterator[None]:
    """Signed with the right key, yet not what the row says."""
    body = canonical_json({"number": bench.number, "recording": bench.row.id, "sha256": "00"})
    signature = bench.services.secrets.receipt_key().sign(body)
    change = "body = %(body)s, signature = %(signature)s"
    with edited(bench, "receipt", change, key="recording_id", body=body, signature=signature):
        yield


@contextmanager
def shorter_lock_in_the_store(bench: Bench) -> Iterator[None]:
    """The store's lock cannot be shortened; rows that promise more than it says look the same from here."""
    longer = "retain_until = retain_until + interval '1 second'"
    with edited(bench, "recording", longer), edited(bench, "kept_version", longer, of=_kept_id(bench)):
        yield


@contextmanager
def entry_of_the_catalogue(bench: Bench, change: str) -> Iterator[None]:
    with edited(bench, "ledger_entry", change, of=bench.entry):
        yield


@contextmanager
def published_head(bench: Bench, size: int) -> Iterator[None]:
    """The locked bucket has a head, signed by us, that the database's log does not lead to: the log was rewritten or an old copy restored."""
    name = origin(bench.services)
    note = sign_checkpoint(name, size, b"another root".ljust(32), bench.services.secrets.ledger_key()).note
    stored = bench.services.buckets.ledger.put(checkpoint_key(bench.services.clock.now_at(), size), note.encode(), "text/plain")
    yield
    bench.services.buckets.ledger.delete_version(stored.key, stored.version_id)


@contextmanager
def no_receipt_for_an_hour(bench: Bench) -> Iterator[None]:
    with removed(bench, "receipt", "recording_id", bench.row.id):
        assert ("receipt-missing", bench.subjects["recording"]) not in bench.found(), "its job may still be on its way"
        assert bench.row.lock_read_back_at is not None
        long_ago = bench.row.lock_read_back_at - RECEIPT_DUE
        with edited(bench, "recording", "lock_read_back_at = %(long_ago)s", long_ago=long_ago):
            yield


DAMAGES: dict[str, tuple[Damage, set[tuple[str, str]]]] = {
    "a catalogued row lacks its lock's day": (
        lambda b: edited(b, "recording", "retain_until = null"),
        {("catalogue-incomplete", "recording"), ("days-differ", "object")},
    ),
    "the row names a version that is not there": (
        lambda b: edited(b, "recording", "version_id = 'none'"),
        {("version-missing", "recording"), ("kept-missing", "recording"), ("receipt-differs", "receipt")},
    ),
    "an alarm was raised and the version is still not there": (
        lambda b: edited(b, "recording", "state = 'integrity-alarm', version_id = 'none'"),
        {("version-missing", "recording"), ("kept-missing", "recording"), ("receipt-differs", "receipt"), ("state-differs", "recording")},
    ),
    "what was received and is not catalogued yet is not there": (
        lambda b: edited(b, "recording", "state = 'received', version_id = 'none'"),
        {
            ("version-missing", "recording"),
            ("receipt-differs", "receipt"),
            ("state-differs", "recording"),
            ("proof-without-recording", "recording"),
        },
    ),
    "what was received has another size": (
        lambda b: edited(b, "recording", "state = 'quarantined', size_bytes = size_bytes + 1"),
        {("size-differs", "recording"), ("receipt-differs", "receipt"), ("state-differs", "recording"), ("proof-without-recording", "recording")},
    ),
    "the row names another size": (
        lambda b: edited(b, "recording", "size_bytes = size_bytes + 1"),
        {("size-differs", "recording"), ("receipt-differs", "receipt")},
    ),
    "the version is not locked": (
        lambda b: other_version(b, mode=None),
        {("lock-missing", "recording"), ("receipt-differs", "receipt"), ("stranger-object", "object")},
    ),
    "the version is locked in GOVERNANCE mode": (
        lambda b: other_version(b, mode="GOVERNANCE"),
        {("lock-missing", "recording"), ("receipt-differs", "receipt"), ("stranger-object", "object")},
    ),
    "the lock is shorter than promised": (shorter_lock_in_the_store, {("lock-shorter", "recording")}),
    "recording and retention name other days": (
        lambda b: edited(b, "kept_version", "retain_until = retain_until + interval '1 day'", of=_kept_id(b)),
        {("days-differ", "object")},
    ),
    "the bytes are not those of the row": (
        lambda b: edited(b, "recording", "sha256 = sha256(sha256)"),
        {("hash-differs", "recording"), ("hash-rows-differ", "object"), ("receipt-differs", "receipt")},
    ),
    "retention does not know a catalogued recording": (
        lambda b: removed(b, "kept_version", "id", _kept_id(b)),
        {("kept-missing", "recording")},
    ),
    "a kept version belongs to nobody": (
        lambda b: edited(b, "recording", "object_key = 'elsewhere'"),
        {("version-missing", "recording"), ("kept-missing", "recording"), ("kept-without-recording", "object"), ("receipt-differs", "receipt")},
    ),
    "what was destroyed is still there": (
        lambda b: edited(b, "kept_version", "destroyed_at = now()", of=_kept_id(b)),
        {("destroyed-but-there", "object"), ("kept-missing", "recording")},
    ),
    "a matter holds it, the store does not": (held_in_the_rows_alone, {("hold-missing", "object")}),
    "the store holds it, no matter does": (held_in_the_store_alone, {("hold-without-matter", "object")}),
    "an object was hidden": (delete_marker, {("delete-marker", "key")}),
    "the state was written past the ledger": (
        lambda b: edited(b, "recording", "state = 'catalogued'"),
        {("state-differs", "recording")},
    ),
    "proof without a catalogued recording": (
        lambda b: edited(b, "recording", "state = 'verified'"),
        {("state-differs", "recording"), ("proof-without-recording", "recording")},
    ),
    "a receipt was changed": (
        lambda b: edited(b, "receipt", "body = body || '\\x20'", key="recording_id"),
        {("receipt-unsigned", "receipt")},
    ),
    "a receipt's signature was changed": (
        lambda b: edited(b, "receipt", "signature = set_byte(signature, 0, 255 - get_byte(signature, 0))", key="recording_id"),
        {("receipt-unsigned", "receipt")},
    ),
    "a receipt speaks of other bytes": (receipt_about_other_bytes, {("receipt-differs", "receipt")}),
    "a retained recording has no receipt": (no_receipt_for_an_hour, {("receipt-missing", "recording")}),
    "a ledger entry was altered": (
        lambda b: entry_of_the_catalogue(b, "body = body || '\\x20'"),
        {("leaf-mismatch", "leaf")},
    ),
    "a ledger entry names somebody else": (lambda b: entry_of_the_catalogue(b, "actor_name = 'nobody'"), {("columns-differ", "entry")}),
    "a ledger entry is missing": (
        lambda b: removed(b, "ledger_entry", "id", b.entry),
        {("leaf-without-entry", "leaf"), ("move-without-entry", "move")},
    ),
    "the published head is not this log's": (lambda b: published_head(b, 1), {("root-differs", "published/1")}),
    "the published head is later than this log": (lambda b: published_head(b, 100_000), {("log-too-short", "published/100000")}),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_difference_is_named_with_its_subject_and_nothing_else_is(bench: Bench, name: str) -> None:
    damage, expected = DAMAGES[name]
    with damage(bench):
        assert bench.found(deep=True) == {(kind, bench.subjects.get(subject, subject)) for kind, subject in expected}


@pytest.mark.parametrize(("key", "kind"), [("{own}", "extra-version"), ("{tenant}/stranger", "stranger-object")])
def test_a_version_that_nobody_sent_is_named(bench: Bench, key: str, kind: str) -> None:
    where = key.format(own=bench.row.object_key, tenant=bench.row.institution_id)
    store = bench.services.buckets.evidence
    stored = store.put(where, b"x", "video/mp4")
    assert bench.found() == {(kind, f"object/{where}@{stored.version_id}")}
    store.delete_version(stored.key, stored.version_id)
