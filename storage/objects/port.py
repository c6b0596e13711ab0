"""What the product asks of an object store: one bucket, versions, locks, multipart uploads, short-lived addresses.

Objects are always read by key and version: an unversioned read answers with whatever was written last, which is not evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

RetentionMode = Literal["COMPLIANCE", "GOVERNANCE"]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """An address and the headers that must be sent with it, unchanged: they are part of the signature."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part that the store holds. `etag` without quotes; `number` from 1."""

    number: int
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class MultipartFacts:
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    initiated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """What was written. `version_id` is `"null"` in a bucket without versioning."""

    key: str
    version_id: str
    etag: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Retention:
    """Until when the store refuses deletion. `until` is an aware UTC instant, whole seconds."""

    mode: RetentionMode
    until: datetime


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """One version as the store describes it. It proves that the version is listed, not that its bytes are readable."""

    key: str
    version_id: str
    size_bytes: int
    etag: str
    content_type: str
    modified_at: datetime
    retention: Retention | None
    legal_hold: bool


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One line of a listing. A delete marker hides an object from unversioned readers and holds no bytes."""

    key: str
    version_id: str
    size_bytes: int
    etag: str
    modified_at: datetime
    is_latest: bool
    is_delete_marker: bool


class ObjectStore(Protocol):
    """One bucket. Every method may raise StoreUnavailable; idempotent ones were retried with back-off before."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    def create_multipart(self, key: str, content_type: str) -> str:
        """Begin an upload in parts; answers its id."""

    def presign_part(self, key: str, upload_id: str, number: int, *, sha256_hex: str | None, expires_s: int) -> SignedRequest:
        """An address to PUT one part. With a digest the store accepts only those bytes. No network.

        Raises: ValueError — number outside 1..10000, digest not 64 hex digits, or expiry outside 1..3600 s.
        """

    def list_parts(self, key: str, upload_id: str) -> list[PartFacts]:
        """All parts the store holds, by number. Raises: UploadGone."""

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[PartFacts], digests: Mapping[int, bytes] | None = None) -> StoredVersion:
        """Join the parts into one version. A repeat after success answers the same version.

        `digests` is the SHA-256 by part number, of every part: the store compares them with what it received and refuses without them.
        Raises: UploadGone; PartMissing — a part is not there or has other bytes; PartTooSmall.
        """

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Give up an upload and free its parts. Raises: UploadGone — some stores say so of a repeated abort, some let it pass."""

    def list_multiparts(self, prefix: str = "") -> list[MultipartFacts]:
        """Uploads that are neither completed nor aborted."""

    def put(self, key: str, data: bytes | Path, content_type: str) -> StoredVersion:
        """Write bytes, or a file, as a new version; the store checks the SHA-256 of what arrives."""

    def stat(self, key: str, version_id: str) -> ObjectFacts | None:
        """Facts of one version; None when there is none. Reads retention and hold as well."""

    def read_range(self, key: str, version_id: str, start: int, end: int) -> bytes:
        """Bytes `[start, end)`; shorter when the object ends before `end`. Raises: ObjectMissing; ValueError — empty range."""

    def stream(self, key: str, version_id: str, chunk_bytes: int = 1 << 20, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes `[start, end)` in chunks, all without bounds. A cut connection is continued where it broke. Raises: ObjectMissing."""

    def lock_until(self, key: str, version_id: str, until: datetime) -> None:
        """COMPLIANCE retention; it can be made longer, never shorter. Raises: VersionLocked — `until` is before the present lock; ObjectMissing."""

    def retention(self, key: str, version_id: str) -> Retention | None:
        """The lock as the store enforces it. Raises: ObjectMissing."""

    def set_legal_hold(self, key: str, version_id: str, on: bool) -> None:
        """Hold or free one version, independent of retention. Raises: ObjectMissing."""

    def delete_version(self, key: str, version_id: str) -> None:
        """Destroy one version; repeating is harmless. Raises: VersionLocked."""

    def list_versions(self, prefix: str = "") -> list[VersionFacts]:
        """Every version and delete marker whose key starts with `prefix`; the input of `fsck`."""

    def iter_versions(self, prefix: str = "") -> Iterator[VersionFacts]:
        """The same, page by page, for buckets that do not fit in memory."""

    def presign_get(self, key: str, version_id: str, *, expires_s: int) -> str:
        """An address to GET one version. No network. Raises: ValueError — expiry outside 1..3600 s."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """`evidence`: recordings as received, locked. `viewing`: copies for players, disposable. `ledger`: checkpoints and tiles, locked."""

    evidence: ObjectStore
    viewing: ObjectStore
    ledger: ObjectStore
