"""The three buckets: made once with what cannot be changed later (object lock), checked at every opening.

`evidence` has no default retention: a wrong upload must not be frozen for two years. The product locks a version when it accepts it.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from xml.etree import ElementTree as ET

from storage.engines.addresses import S3Address
from storage.kernel.clock import Clock
from storage.objects.errors import BucketMissing, BucketUnlocked, StoreRefused, StoreUnavailable
from storage.objects.minio_store import MinioStore
from storage.objects.port import Buckets
from storage.objects.s3_client import Refusal, Wire
from storage.objects.signing import checksum_header

ALREADY: Final = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
DENIED: Final = {"AccessDenied", "Http403"}
UNHEARD_OF: Final = {"NoSuchBucket"}  # a bucket that another process has just made is known to the store a moment later
CORS_LIFE_S: Final = 3600


@dataclass(frozen=True, slots=True)
class BucketNames:
    """Names of an installation's buckets."""

    evidence: str
    viewing: str
    ledger: str

    @property
    def locked(self) -> tuple[str, str]:
        return (self.evidence, self.ledger)

    @property
    def every(self) -> tuple[str, str, str]:
        return (self.evidence, self.viewing, self.ledger)


def bucket_names(prefix: str) -> BucketNames:
    return BucketNames(f"{prefix}-evidence", f"{prefix}-viewing", f"{prefix}-ledger")


def open_buckets(address: S3Address, clock: Clock | None = None) -> Buckets:
    """The product's stores. A missing bucket is made if this identity may; a bucket that must lock and cannot is refused.

    Raises: BucketMissing, BucketUnlocked, StoreUnavailable, StoreRefused.
    """
    wire, names = Wire(address), bucket_names(address.bucket_prefix)
    for bucket in names.every:
        if not _exists(wire, bucket):
            _prepare(wire, address, names, bucket)
        if bucket in names.locked and not _can_lock(wire, bucket):
            raise BucketUnlocked(bucket=bucket)
    stores = {bucket: MinioStore(wire, address, bucket, clock or Clock()) for bucket in names.every}
    return Buckets(evidence=stores[names.evidence], viewing=stores[names.viewing], ledger=stores[names.ledger])


def prepare_buckets(address: S3Address) -> None:
    """Make or repair all three buckets with an identity that may. Idempotent, safe when several do it at once.

    Raises: BucketMissing — the identity may not create; StoreUnavailable, StoreRefused.
    """
    wire, names = Wire(address), bucket_names(address.bucket_prefix)
    for bucket in names.every:
        _prepare(wire, address, names, bucket)


def store_answers(address: S3Address) -> bool:
    """Whether the evidence bucket can be asked for now, in one try."""
    wire = Wire(address)
    try:
        return wire.attempt("health", lambda: wire.client.bucket_exists(bucket_names(address.bucket_prefix).evidence), tries=1)
    except (StoreUnavailable, StoreRefused, Refusal):
        return False


def marker_policy(bucket: str) -> dict[str, object]:
    """Refuse what would hide or expire evidence: deletion without a version (it leaves a marker) and lifecycle rules.

    Deletion of one version stays possible: it is how a wrong upload is removed before its lock and how kept footage ends after it.
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "NoDeleteMarkers",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:DeleteObject"],
                "Resource": [f"arn:aws:s3:::{bucket}/*"],
            },
            {
                "Sid": "NoExpiryNoRemoval",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:PutLifecycleConfiguration", "s3:DeleteBucket"],
                "Resource": [f"arn:aws:s3:::{bucket}"],
            },
        ],
    }


def marker_policy_text(bucket: str) -> str:
    return json.dumps(marker_policy(bucket))


def is_versioned(wire: Wire, bucket: str) -> bool:
    """Whether the bucket keeps every version. Raises: StoreRefused, StoreUnavailable."""
    try:
        body, _ = wire.attempt("versioning", lambda: wire.call("GET", bucket, query={"versioning": ""}))
    except Refusal as refusal:
        raise StoreRefused(act="versioning", why=f"{bucket}: {refusal}") from refusal
    return b"<Status>Enabled" in body


def _prepare(wire: Wire, address: S3Address, names: BucketNames, bucket: str) -> None:
    try:
        wire.attempt("make-bucket", lambda: wire.client.make_bucket(bucket, object_lock=bucket in names.locked))
    except Refusal as refusal:
        if refusal.code in DENIED:
            raise BucketMissing(bucket=bucket) from refusal
        if refusal.code not in ALREADY:
            raise StoreRefused(act="make-bucket", why=str(refusal)) from refusal
    try:
        if bucket != names.ledger:
            body = cors_rules(address.site_origin)
            headers = {"Content-Type": "application/xml", **checksum_header(sha256(body).digest())}
            wire.attempt("bucket-cors", lambda: wire.call("PUT", bucket, query={"cors": ""}, headers=headers, body=body), passing=UNHEARD_OF)
        if bucket in names.locked:
            wire.attempt("bucket-policy", lambda: wire.client.set_bucket_policy(bucket, marker_policy_text(bucket)), passing=UNHEARD_OF)
    except Refusal as refusal:
        raise StoreRefused(act="configure-bucket", why=str(refusal)) from refusal


def cors_rules(site_origin: str) -> bytes:
    """Browsers on the site may PUT parts, GET and HEAD, and read the ETag."""
    root = ET.Element("CORSConfiguration", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    rule = ET.SubElement(root, "CORSRule")
    ET.SubElement(rule, "AllowedOrigin").text = site_origin or "*"
    for method in ("PUT", "GET", "HEAD"):
        ET.SubElement(rule, "AllowedMethod").text = method
    ET.SubElement(rule, "AllowedHeader").text = "*"
    for header in ("ETag", "x-amz-version-id", "Content-Range", "Accept-Ranges", "Content-Length"):
        ET.SubElement(rule, "ExposeHeader").text = header
    ET.SubElement(rule, "MaxAgeSeconds").text = str(CORS_LIFE_S)
    return bytes(ET.tostring(root, encoding="utf-8"))


def _exists(wire: Wire, bucket: str) -> bool:
    try:
        return wire.attempt("bucket-exists", lambda: wire.client.bucket_exists(bucket))
    except Refusal as refusal:
        raise StoreRefused(act="bucket-exists", why=f"{bucket}: {refusal}") from refusal


def _can_lock(wire: Wire, bucket: str) -> bool:
    try:
        body, _ = wire.attempt("lock-configuration", lambda: wire.call("GET", bucket, query={"object-lock": ""}))
    except Refusal as refusal:
        if refusal.code == "ObjectLockConfigurationNotFoundError":
            return False
        raise StoreRefused(act="lock-configuration", why=f"{bucket}: {refusal}") from refusal
    return b"<ObjectLockEnabled>Enabled" in body
