"""Every method of the port against the real store. What is asserted here is what the rest of the product may rely on."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from storage.engines.addresses import Addresses
from storage.engines.engines import Engines
from storage.objects.buckets import UNHEARD_OF, bucket_names, marker_policy_text, open_buckets, prepare_buckets
from storage.objects.errors import (
    BucketMissing,
    ObjectMissing,
    PartMissing,
    PartTooSmall,
    StoreRefused,
    StoreUnavailable,
    UploadGone,
    VersionLocked,
)
from storage.objects.port import Buckets, ObjectStore, PartFacts
from storage.objects.s3_client import Refusal, Wire

PART = 5 << 20


@pytest.fixture
def evidence(buckets: Buckets) -> ObjectStore:
    return buckets.evidence


@pytest.fixture
def key() -> str:
    return f"机构/{uuid4()}/课 1+2.mp4"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def send_part(http: httpx.Client, store: ObjectStore, key: str, upload_id: str, number: int, data: bytes) -> None:
    signed = store.presign_part(key, upload_id, number, sha256_hex=digest(data), expires_s=60)
    answer = http.put(signed.url, content=data, headers=signed.headers)
    assert answer.status_code == 200, answer.text


def test_what_was_put_is_read_back_by_version(evidence: ObjectStore, key: str) -> None:
    first, second = (evidence.put(key, content, "video/mp4") for content in (b"first bytes", b"other"))
    assert first.version_id != second.version_id
    assert evidence.read_range(key, first.version_id, 0, 100) == b"first bytes"
    assert evidence.read_range(key, first.version_id, 6, 8) == b"by"
    assert evidence.read_range(key, first.version_id, 11, 12) == b""
    assert b"".join(evidence.stream(key, second.version_id, chunk_bytes=2)) == b"other"
    facts = evidence.stat(key, first.version_id)
    assert facts is not None
    assert (facts.size_bytes, facts.etag, facts.content_type) == (11, first.etag, "video/mp4")
    assert facts.retention is None
    assert not facts.legal_hold
    assert abs(facts.modified_at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_large_file_goes_in_parts_and_comes_back_whole(evidence: ObjectStore, key: str, tmp_path: Path) -> None:
    path = tmp_path / "large"
    content = os.urandom((16 << 20) + 12_345)
    path.write_bytes(content)
    stored = evidence.put(key, path, "video/mp4")
    assert stored.size_bytes == len(content)
    assert digest(b"".join(evidence.stream(key, stored.version_id))) == digest(content)
    middle = list(evidence.stream(key, stored.version_id, chunk_bytes=1000, start=17, end=5017))
    assert b"".join(middle) == content[17:5017]
    assert max(map(len, middle)) <= 1000
    assert evidence.list_multiparts(key) == []


def test_a_small_file_and_an_empty_one_are_put_whole(evidence: ObjectStore, key: str, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"small")
    stored = evidence.put(key, tmp_path / "small", "text/plain")
    assert evidence.read_range(key, stored.version_id, 0, 9) == b"small"
    empty = evidence.put(key, b"", "text/plain")
    assert list(evidence.stream(key, empty.version_id)) == []


def test_what_is_not_there_is_said_to_be_missing(evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(f"{key}.other", b"x", "text/plain")
    for missing in ((key, stored.version_id), (f"{key}.other", "0" * 32)):
        assert evidence.stat(*missing) is None
        with pytest.raises(ObjectMissing):
            evidence.read_range(*missing, 0, 1)
        with pytest.raises(ObjectMissing):
            list(evidence.stream(*missing))
        with pytest.raises(ObjectMissing):
            evidence.lock_until(*missing, datetime.now(UTC) + timedelta(days=1))
        with pytest.raises(ObjectMissing):
            evidence.set_legal_hold(*missing, on=True)
        with pytest.raises(ObjectMissing):
            evidence.retention(*missing)
        evidence.delete_version(*missing)
    with pytest.raises(ValueError, match="no bytes"):
        evidence.read_range(key, stored.version_id, 3, 3)


def test_an_upload_in_parts_is_listed_completed_and_repeated_safely(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    first, last = os.urandom(PART), b"the end"
    assert evidence.list_parts(key, upload_id) == []
    send_part(http, evidence, key, upload_id, 2, last)
    send_part(http, evidence, key, upload_id, 1, first)
    assert [(m.key, m.upload_id) for m in evidence.list_multiparts(key)] == [(key, upload_id)]
    parts = evidence.list_parts(key, upload_id)
    assert [(part.number, part.size_bytes) for part in parts] == [(1, PART), (2, len(last))]
    assert parts[0].etag == hashlib.md5(first, usedforsecurity=False).hexdigest()
    digests = {1: hashlib.sha256(first).digest(), 2: hashlib.sha256(last).digest()}
    stored = evidence.complete_multipart(key, upload_id, parts, digests)
    assert stored.size_bytes == PART + len(last)
    assert evidence.complete_multipart(key, upload_id, parts, digests).version_id == stored.version_id
    assert digest(b"".join(evidence.stream(key, stored.version_id))) == digest(first + last)
    assert [version.version_id for version in evidence.list_versions(key)] == [stored.version_id]
    assert evidence.list_multiparts(key) == []
    with pytest.raises(UploadGone):
        evidence.list_parts(key, upload_id)
    facts = evidence.stat(key, stored.version_id)
    assert facts is not None
    assert facts.content_type == "video/mp4"


def test_a_part_sent_twice_counts_once_and_only_the_bytes_of_the_digest_are_joined(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    send_part(http, evidence, key, upload_id, 1, b"same")
    send_part(http, evidence, key, upload_id, 1, b"same")
    assert [part.size_bytes for part in evidence.list_parts(key, upload_id)] == [4]
    threading.Event().wait(1.1)  # the store tells times apart by the second
    send_part(http, evidence, key, upload_id, 1, b"newer")
    parts = evidence.list_parts(key, upload_id)
    assert [part.size_bytes for part in parts] == [5]
    with pytest.raises(PartMissing):
        evidence.complete_multipart(key, upload_id, parts, {1: hashlib.sha256(b"same").digest()})
    stored = evidence.complete_multipart(key, upload_id, parts, {1: hashlib.sha256(b"newer").digest()})
    assert evidence.read_range(key, stored.version_id, 0, 9) == b"newer"


def test_more_parts_than_a_page_are_all_listed(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    numbers = [*range(1, 1003), 10_000]
    for number in numbers:
        send_part(http, evidence, key, upload_id, number, b"%d" % number)
    assert [part.number for part in evidence.list_parts(key, upload_id)] == numbers
    evidence.abort_multipart(key, upload_id)


def test_an_upload_that_is_given_up_is_gone(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    send_part(http, evidence, key, upload_id, 1, b"x")
    part = evidence.list_parts(key, upload_id)
    evidence.abort_multipart(key, upload_id)
    with pytest.raises(UploadGone):
        evidence.list_parts(key, upload_id)
    with pytest.raises(UploadGone):
        evidence.complete_multipart(key, upload_id, part, {1: hashlib.sha256(b"x").digest()})
    with pytest.raises(UploadGone):
        evidence.abort_multipart(key, "never-begun")
    with suppress(UploadGone):
        evidence.abort_multipart(key, upload_id)
    assert evidence.list_versions(key) == []
    assert evidence.list_multiparts(key) == []


def test_a_completion_that_names_a_missing_or_other_part_is_refused(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    digests = {1: hashlib.sha256(b"x").digest(), 2: hashlib.sha256(b"y").digest()}
    with pytest.raises(PartMissing):
        evidence.complete_multipart(key, upload_id, [PartFacts(1, "d41d8cd98f00b204e9800998ecf8427e", 0)], digests)
    send_part(http, evidence, key, upload_id, 1, b"x")
    with pytest.raises(PartMissing):
        evidence.complete_multipart(key, upload_id, [PartFacts(1, "0" * 32, 1)], digests)
    with pytest.raises(PartMissing):
        evidence.complete_multipart(key, upload_id, evidence.list_parts(key, upload_id), {1: bytes(32)})
    with pytest.raises(StoreRefused):
        evidence.complete_multipart(key, upload_id, evidence.list_parts(key, upload_id))
    send_part(http, evidence, key, upload_id, 2, b"y")
    with pytest.raises(PartTooSmall):
        evidence.complete_multipart(key, upload_id, evidence.list_parts(key, upload_id), digests)
    evidence.abort_multipart(key, upload_id)


def test_a_lock_is_confirmed_can_grow_and_never_shrinks(evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(key, b"evidence", "video/mp4")
    assert evidence.retention(key, stored.version_id) is None
    until = datetime.now(UTC) + timedelta(days=730, microseconds=500)
    evidence.lock_until(key, stored.version_id, until)
    locked = evidence.retention(key, stored.version_id)
    assert locked is not None
    assert locked.mode == "COMPLIANCE"
    assert timedelta(0) <= locked.until - until < timedelta(seconds=1)
    facts = evidence.stat(key, stored.version_id)
    assert facts is not None
    assert facts.retention == locked
    with pytest.raises(VersionLocked):
        evidence.lock_until(key, stored.version_id, until - timedelta(days=1))
    with pytest.raises(VersionLocked):
        evidence.delete_version(key, stored.version_id)
    evidence.lock_until(key, stored.version_id, until)
    evidence.lock_until(key, stored.version_id, until + timedelta(days=30))
    grown = evidence.retention(key, stored.version_id)
    assert grown is not None
    assert grown.until > locked.until
    assert evidence.read_range(key, stored.version_id, 0, 99) == b"evidence"


def test_a_lock_in_the_past_is_refused(evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(key, b"x", "video/mp4")
    with pytest.raises(StoreRefused):
        evidence.lock_until(key, stored.version_id, datetime.now(UTC) - timedelta(days=1))


def test_a_lock_that_has_run_out_lets_the_version_go(evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(key, b"x", "video/mp4")
    until = datetime.now(UTC) + timedelta(seconds=3)
    evidence.lock_until(key, stored.version_id, until)
    with pytest.raises(VersionLocked):
        evidence.delete_version(key, stored.version_id)
    waiting = threading.Event()
    while datetime.now(UTC) < until + timedelta(seconds=1.5):
        waiting.wait(0.1)
    evidence.delete_version(key, stored.version_id)
    assert evidence.stat(key, stored.version_id) is None


def test_a_held_version_is_not_deleted_until_the_hold_ends(evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(key, b"x", "video/mp4")
    evidence.set_legal_hold(key, stored.version_id, on=True)
    facts = evidence.stat(key, stored.version_id)
    assert facts is not None
    assert facts.legal_hold
    with pytest.raises(VersionLocked):
        evidence.delete_version(key, stored.version_id)
    evidence.set_legal_hold(key, stored.version_id, on=False)
    evidence.delete_version(key, stored.version_id)
    assert evidence.stat(key, stored.version_id) is None


def test_an_unlocked_version_is_deleted_and_leaves_no_marker(evidence: ObjectStore, key: str) -> None:
    stored, other = evidence.put(key, b"wrong upload", "video/mp4"), evidence.put(key, b"right", "video/mp4")
    evidence.delete_version(key, stored.version_id)
    evidence.delete_version(key, stored.version_id)
    assert [(v.version_id, v.is_latest, v.is_delete_marker) for v in evidence.list_versions(key)] == [(other.version_id, True, False)]


def test_the_listing_names_every_version_across_pages(evidence: ObjectStore) -> None:
    prefix = f"list/{uuid4()}/"
    written = {(version.key, version.version_id) for n in range(520) for version in (evidence.put(f"{prefix}{n:04}", b"x", "text/plain"),)}
    written |= {(v.key, v.version_id) for n in range(490) for v in (evidence.put(f"{prefix}{n:04}", b"yy", "text/plain"),)}
    listed = evidence.list_versions(prefix)
    assert len(listed) == len(written) == 1010
    assert {(version.key, version.version_id) for version in listed} == written
    assert sum(version.is_latest for version in listed) == 520
    assert {version.size_bytes for version in listed} == {1, 2}


def test_viewing_copies_are_overwritten_and_disposed_of(buckets: Buckets, key: str, http: httpx.Client) -> None:
    viewing = buckets.viewing
    stored = viewing.put(key, b"copy", "video/mp4")
    assert viewing.read_range(key, stored.version_id, 0, 9) == b"copy"
    assert http.get(viewing.presign_get(key, stored.version_id, expires_s=60)).content == b"copy"
    again = viewing.put(key, b"better copy", "video/mp4")
    assert viewing.read_range(key, again.version_id, 0, 99) == b"better copy"
    viewing.delete_version(key, again.version_id)
    assert viewing.stat(key, again.version_id) is None


def test_opening_and_preparing_again_changes_nothing(addresses: Addresses, evidence: ObjectStore, key: str) -> None:
    stored = evidence.put(key, b"x", "text/plain")
    assert open_buckets(addresses.s3).evidence.stat(key, stored.version_id) == evidence.stat(key, stored.version_id)


def test_the_product_may_not_make_buckets_and_says_which_is_missing(addresses: Addresses) -> None:
    address = replace(addresses.s3, bucket_prefix="classproof-unmade")
    with pytest.raises(BucketMissing) as refused:
        open_buckets(address)
    assert refused.value.facts == {"bucket": "classproof-unmade-evidence"}


def test_buckets_of_another_installation_are_out_of_reach(addresses: Addresses) -> None:
    address = replace(addresses.s3, bucket_prefix="elsewhere")
    with pytest.raises((StoreRefused, BucketMissing)):
        open_buckets(address)


def test_a_wrong_secret_is_refused(addresses: Addresses) -> None:
    with pytest.raises(StoreRefused):
        open_buckets(replace(addresses.s3, secret_key="guess"))


def test_a_store_that_is_not_there_is_unavailable(addresses: Addresses) -> None:
    with pytest.raises(StoreUnavailable):
        open_buckets(replace(addresses.s3, endpoint="127.0.0.1:9"))


def test_buckets_are_made_once_when_several_processes_prepare_them_together(addresses: Addresses, engines: Engines) -> None:
    bootstrap = engines.bootstrap_s3()
    address = replace(bootstrap, bucket_prefix=f"classproof-race-{uuid4().hex[:8]}")
    failures: list[Exception] = []

    def prepare() -> None:
        try:
            prepare_buckets(address)
        except (StoreRefused, StoreUnavailable) as failure:
            failures.append(failure)

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    opened = open_buckets(replace(addresses.s3, bucket_prefix=address.bucket_prefix))
    assert opened.ledger.bucket == bucket_names(address.bucket_prefix).ledger


def test_a_bucket_that_the_store_has_not_heard_of_yet_is_configured_when_it_has(engines: Engines) -> None:
    wire, bucket, tries = Wire(engines.bootstrap_s3()), f"classproof-late-{uuid4().hex[:8]}", []

    def configure() -> None:
        tries.append(1)
        if len(tries) == 2:
            wire.client.make_bucket(bucket)
        wire.client.set_bucket_policy(bucket, marker_policy_text(bucket))

    wire.attempt("bucket-policy", configure, passing=UNHEARD_OF)
    assert len(tries) == 2
    with pytest.raises(Refusal, match="NoSuchBucket"):
        wire.attempt("bucket-versioning", lambda: wire.client.get_bucket_versioning(f"{bucket}-never"), tries=2, passing=UNHEARD_OF)
