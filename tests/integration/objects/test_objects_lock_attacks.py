"""Every way of taking a locked recording away through S3, tried as the product's identity and as the store's administrator. R73.

The attacker here is boto3, not our adapter: the store must refuse on its own.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from storage.engines.addresses import S3Address
from storage.engines.engines import Engines
from storage.objects.port import Buckets, StoredVersion

BODY = b"what was taught on that day"
Attack = Callable[["Target", Any], Any]  # Any: botocore clients are made at run time


@dataclass(frozen=True)
class Target:
    bucket: str
    key: str
    version_id: str
    until: datetime

    @property
    def named(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key, "VersionId": self.version_id}


@pytest.fixture(scope="module")
def clients(engines: Engines) -> Iterator[dict[str, BaseClient]]:
    made = {"app": client(engines.addresses.s3), "admin": client(engines.bootstrap_s3())}
    yield made
    for opened in made.values():
        opened.close()


def client(address: S3Address) -> BaseClient:
    return boto3.client(
        "s3",
        endpoint_url=f"http://{address.endpoint}",
        aws_access_key_id=address.access_key,
        aws_secret_access_key=address.secret_key,
        region_name=address.region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


@pytest.fixture
def locked(buckets: Buckets) -> Target:
    stored: StoredVersion = buckets.evidence.put(f"locked/{uuid4()}", BODY, "video/mp4")
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=730)
    buckets.evidence.lock_until(stored.key, stored.version_id, until)
    return Target(buckets.evidence.bucket, stored.key, stored.version_id, until)


def batch(target: Target, s3: Any, *, bypass: bool, version: bool = True) -> None:
    named = {"Key": target.key, **({"VersionId": target.version_id} if version else {})}
    answer = s3.delete_objects(Bucket=target.bucket, Delete={"Objects": [named]}, **({"BypassGovernanceRetention": True} if bypass else {}))
    if answer.get("Errors"):
        raise ClientError({"Error": {"Code": answer["Errors"][0]["Code"]}}, "DeleteObjects")


def retain(target: Target, s3: Any, mode: str, until: datetime, *, bypass: bool) -> None:
    s3.put_object_retention(
        **target.named, Retention={"Mode": mode, "RetainUntilDate": until}, **({"BypassGovernanceRetention": True} if bypass else {})
    )


def lifecycle(target: Target, s3: Any) -> None:
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=target.bucket, LifecycleConfiguration={"Rules": [rule]})


TOMORROW = timedelta(days=1)
REFUSED_TO_BOTH: dict[str, Attack] = {
    "delete the version": lambda t, s3: s3.delete_object(**t.named),
    "delete it bypassing governance": lambda t, s3: s3.delete_object(**t.named, BypassGovernanceRetention=True),
    "delete it in a batch": lambda t, s3: batch(t, s3, bypass=False),
    "delete it in a batch bypassing governance": lambda t, s3: batch(t, s3, bypass=True),
    "delete without a version": lambda t, s3: s3.delete_object(Bucket=t.bucket, Key=t.key),
    "shorten": lambda t, s3: retain(t, s3, "COMPLIANCE", datetime.now(UTC) + TOMORROW, bypass=False),
    "shorten bypassing governance": lambda t, s3: retain(t, s3, "COMPLIANCE", datetime.now(UTC) + TOMORROW, bypass=True),
    "shorten by a second": lambda t, s3: retain(t, s3, "COMPLIANCE", t.until - timedelta(seconds=1), bypass=True),
    "date it in the past": lambda t, s3: retain(t, s3, "COMPLIANCE", datetime.now(UTC) - TOMORROW, bypass=True),
    "turn compliance into governance": lambda t, s3: retain(t, s3, "GOVERNANCE", t.until + TOMORROW, bypass=False),
    "turn compliance into governance bypassing": lambda t, s3: retain(t, s3, "GOVERNANCE", t.until + TOMORROW, bypass=True),
    "clear the retention": lambda t, s3: s3.put_object_retention(**t.named, Retention={}, BypassGovernanceRetention=True),
    "delete the bucket": lambda t, s3: s3.delete_bucket(Bucket=t.bucket),
    "suspend versioning": lambda t, s3: s3.put_bucket_versioning(Bucket=t.bucket, VersioningConfiguration={"Status": "Suspended"}),
    "expire by lifecycle": lifecycle,
}
REFUSED_TO_THE_APP: dict[str, Attack] = {
    "delete without a version in a batch": lambda t, s3: batch(t, s3, bypass=False, version=False),
    "change the bucket's default lock": lambda t, s3: s3.put_object_lock_configuration(
        Bucket=t.bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}},
    ),
    "replace the bucket's policy": lambda t, s3: s3.put_bucket_policy(Bucket=t.bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": []})),
    "remove the bucket's policy": lambda t, s3: s3.delete_bucket_policy(Bucket=t.bucket),
    "open the bucket to everybody": lambda t, s3: s3.put_bucket_acl(Bucket=t.bucket, ACL="public-read-write"),
    "make a bucket": lambda t, s3: s3.create_bucket(Bucket=f"classproof-{uuid4().hex[:8]}"),
    "read another installation's bucket": lambda t, s3: s3.list_objects_v2(Bucket="elsewhere-evidence"),
}
CASES = [(who, name, attack) for who in ("app", "admin") for name, attack in REFUSED_TO_BOTH.items()]
CASES += [("app", name, attack) for name, attack in REFUSED_TO_THE_APP.items()]


@pytest.mark.parametrize(("who", "attack"), [pytest.param(who, attack, id=f"{who}: {name}") for who, name, attack in CASES])
def test_the_store_refuses(who: str, attack: Attack, clients: dict[str, BaseClient], locked: Target, buckets: Buckets) -> None:
    with pytest.raises(ClientError) as refused:
        attack(locked, clients[who])
    assert refused.value.response["Error"]["Code"] in {
        "AccessDenied",
        "InvalidRequest",
        "MalformedXML",
        "InvalidBucketState",
        "InvalidRetentionPeriod",
        "BucketNotEmpty",
        "NoSuchBucket",
    }
    facts = buckets.evidence.stat(locked.key, locked.version_id)
    assert facts is not None
    assert facts.retention is not None
    assert (facts.retention.mode, facts.retention.until) == ("COMPLIANCE", locked.until)
    assert buckets.evidence.read_range(locked.key, locked.version_id, 0, 999) == BODY
    assert [version.is_delete_marker for version in buckets.evidence.list_versions(locked.key)] == [False]


@pytest.mark.parametrize("who", ["app", "admin"])
def test_writing_over_a_locked_key_makes_a_new_version_and_leaves_the_old(
    who: str, clients: dict[str, Any], locked: Target, buckets: Buckets
) -> None:
    written = clients[who].put_object(Bucket=locked.bucket, Key=locked.key, Body=b"forged")
    assert written["VersionId"] != locked.version_id
    assert buckets.evidence.read_range(locked.key, locked.version_id, 0, 999) == BODY


def test_the_administrators_batch_deletion_hides_but_does_not_destroy(clients: dict[str, Any], locked: Target, buckets: Buckets) -> None:
    """SeaweedFS does not ask the policy for an administrator's batch and leaves a marker. Readers by version are not touched; `fsck` sees it."""
    batch(locked, clients["admin"], bypass=False, version=False)
    assert sorted(version.is_delete_marker for version in buckets.evidence.list_versions(locked.key)) == [False, True]
    assert buckets.evidence.read_range(locked.key, locked.version_id, 0, 999) == BODY


def test_a_held_version_is_refused_to_both(clients: dict[str, Any], buckets: Buckets) -> None:
    stored = buckets.evidence.put(f"held/{uuid4()}", BODY, "video/mp4")
    buckets.evidence.set_legal_hold(stored.key, stored.version_id, on=True)
    for who in ("app", "admin"):
        with pytest.raises(ClientError):
            clients[who].delete_object(Bucket=buckets.evidence.bucket, Key=stored.key, VersionId=stored.version_id, BypassGovernanceRetention=True)
    assert buckets.evidence.read_range(stored.key, stored.version_id, 0, 999) == BODY


def test_a_stranger_and_a_guesser_are_refused(engines: Engines, locked: Target) -> None:
    for address in (
        replace(engines.addresses.s3, secret_key="guess"),
        replace(engines.addresses.s3, access_key="stranger"),
        replace(engines.bootstrap_s3(), secret_key=engines.addresses.s3.secret_key),
    ):
        s3: Any = client(address)
        with pytest.raises(ClientError):
            s3.get_object(**locked.named)
        s3.close()
