"""Try a store before anything is trusted to it: the lock holds against both identities, and the product's may do no more than it should.

Everything written is under `prepare-store/` in the evidence bucket and is deleted again; the locked version is locked for seconds.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import uuid4

from storage.engines.addresses import S3Address
from storage.kernel.clock import Clock
from storage.objects.buckets import bucket_names, is_versioned, marker_policy_text, open_buckets
from storage.objects.errors import BucketUnlocked, StoreIdentityTooStrong, StoreRefused, VersionLocked
from storage.objects.port import ObjectStore, StoredVersion
from storage.objects.s3_client import Refusal, Wire
from storage.objects.signing import checksum_header

PREFIX: Final = "prepare-store/"
LOCK_S: Final = 3
RELEASE_WITHIN_S: Final = 30  # the two clocks may differ a little
PAUSE_S: Final = 0.5
VERSIONING: Final = "<VersioningConfiguration><Status>{}</Status></VersioningConfiguration>"
LOCK_CONFIGURATION: Final = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"


def try_rights(administrator: S3Address, product: S3Address) -> None:
    """The product's key is refused every act of an administrator. A try that is allowed is undone, or would have changed nothing.

    Raises: StoreIdentityTooStrong, StoreUnavailable.
    """
    wire, bucket = Wire(product), bucket_names(product.bucket_prefix).evidence
    trial_bucket = f"{product.bucket_prefix}-trial-{uuid4().hex[:8]}"
    acts: Mapping[str, Callable[[], object]] = {
        "create-bucket": lambda: wire.client.make_bucket(trial_bucket),
        "bucket-policy": lambda: wire.client.set_bucket_policy(bucket, marker_policy_text(bucket)),
        "suspend-versioning": lambda: _put(wire, bucket, "versioning", VERSIONING.format("Suspended").encode()),
        "lock-configuration": lambda: _put(wire, bucket, "object-lock", LOCK_CONFIGURATION),
        "delete-marker": lambda: wire.client.remove_object(bucket, f"{PREFIX}nothing"),
    }
    allowed = [name for name, act in acts.items() if _allowed(wire, name, act)]
    owner = Wire(administrator)
    if "suspend-versioning" in allowed:
        owner.attempt("resume-versioning", lambda: _put(owner, bucket, "versioning", VERSIONING.format("Enabled").encode()))
    if "create-bucket" in allowed:
        owner.attempt("remove-trial-bucket", lambda: owner.client.remove_bucket(trial_bucket))
    if allowed:
        raise StoreIdentityTooStrong(acts=allowed)


def try_lock(administrator: S3Address, product: S3Address, *, clock: Clock | None = None) -> None:
    """Lock a version for seconds: neither identity can delete it meanwhile, and the product can afterwards.

    Raises: BucketUnlocked — the store takes the lock and does not keep it, or keeps no versions; StoreRefused, StoreUnavailable.
    """
    clock = clock or Clock()
    for bucket in bucket_names(product.bucket_prefix).locked:
        if not is_versioned(Wire(administrator), bucket):
            raise BucketUnlocked(bucket=bucket)
    evidence = open_buckets(product, clock).evidence
    _sweep(evidence)
    stored = evidence.put(f"{PREFIX}{uuid4()}", b"locked for seconds", "application/octet-stream")
    evidence.lock_until(stored.key, stored.version_id, clock.now_at() + timedelta(seconds=LOCK_S))
    for store in (evidence, open_buckets(administrator, clock).evidence):
        if _deletes(store, stored):
            raise BucketUnlocked(bucket=evidence.bucket)
    deadline = time.monotonic() + RELEASE_WITHIN_S
    while not _deletes(evidence, stored):
        if time.monotonic() > deadline:
            raise StoreRefused(act="delete-after-lock", why="a version stays locked after its lock has ended: compare the clocks")
        time.sleep(PAUSE_S)


def _sweep(evidence: ObjectStore) -> None:
    """What an interrupted trial left."""
    for version in evidence.list_versions(PREFIX):
        with suppress(VersionLocked):
            evidence.delete_version(version.key, version.version_id)


def _deletes(store: ObjectStore, stored: StoredVersion) -> bool:
    try:
        store.delete_version(stored.key, stored.version_id)
    except VersionLocked:
        return False
    return True


def _allowed(wire: Wire, name: str, act: Callable[[], object]) -> bool:
    try:
        wire.attempt(name, act)
    except Refusal:
        return False
    return True


def _put(wire: Wire, bucket: str, query: str, body: bytes) -> object:
    headers = {"Content-Type": "application/xml", **checksum_header(sha256(body).digest())}
    return wire.call("PUT", bucket, query={query: ""}, headers=headers, body=body)
