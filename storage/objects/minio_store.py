"""The object store port over S3. One instance per bucket; thread-safe; holds nothing but connections."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar, cast
from xml.etree import ElementTree as ET

import urllib3

from storage.engines.addresses import S3Address
from storage.kernel.clock import Clock, require_aware
from storage.objects import multipart
from storage.objects.errors import ObjectMissing, StoreRefused, StoreUnavailable, VersionLocked
from storage.objects.port import (
    MultipartFacts,
    ObjectFacts,
    PartFacts,
    Retention,
    RetentionMode,
    SignedRequest,
    StoredVersion,
    VersionFacts,
)
from storage.objects.s3_client import Refusal, Wire, parse, text_of
from storage.objects.signing import Signer, checksum_header, digest_of_hex

T = TypeVar("T")

NO_VERSION: Final = "null"
MISSING: Final = {"NoSuchKey", "NoSuchVersion"}
UNLOCKED: Final = {"NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"}
WHOLE_BYTES: Final = 16 << 20  # larger files go in parts of at least this size
MOST_PARTS: Final = 10_000
STREAM_TRIES: Final = 5
PAGE: Final = 1000


class MinioStore:
    """`storage.objects.port.ObjectStore` for one bucket."""

    def __init__(self, wire: Wire, address: S3Address, bucket: str, clock: Clock) -> None:
        self._wire = wire
        self._bucket = bucket
        self._clock = clock
        self._signer = Signer(address.public_origin, address.access_key, address.secret_key, address.region)

    @property
    def bucket(self) -> str:
        return self._bucket

    # -- writing in parts

    def create_multipart(self, key: str, content_type: str) -> str:
        with_refusals = self._guard("create-multipart", key)
        return with_refusals(lambda: multipart.create(self._wire, self._bucket, key, content_type))

    def presign_part(self, key: str, upload_id: str, number: int, *, sha256_hex: str | None, expires_s: int) -> SignedRequest:
        if not 1 <= number <= MOST_PARTS:
            msg = f"part number {number} is outside 1..{MOST_PARTS}"
            raise ValueError(msg)
        headers = {} if sha256_hex is None else checksum_header(digest_of_hex(sha256_hex))
        query = {"partNumber": str(number), "uploadId": upload_id}
        url = self._signer.presign("PUT", f"/{self._bucket}/{key}", query, headers, at=self._clock.now_at(), expires_s=expires_s)
        return SignedRequest(url=url, headers=headers)

    def list_parts(self, key: str, upload_id: str) -> list[PartFacts]:
        return self._guard("list-parts", key)(lambda: multipart.list_parts(self._wire, self._bucket, key, upload_id))

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[PartFacts], digests: Mapping[int, bytes] | None = None) -> StoredVersion:
        return self._guard("complete-multipart", key)(lambda: multipart.complete(self._wire, self._bucket, key, upload_id, parts, digests or {}))

    def abort_multipart(self, key: str, upload_id: str) -> None:
        self._guard("abort-multipart", key)(lambda: multipart.abort(self._wire, self._bucket, key, upload_id))

    def list_multiparts(self, prefix: str = "") -> list[MultipartFacts]:
        return self._guard("list-multiparts", prefix)(lambda: multipart.list_uploads(self._wire, self._bucket, prefix))

    # -- writing whole

    def put(self, key: str, data: bytes | Path, content_type: str) -> StoredVersion:
        if isinstance(data, bytes):
            return self._put_bytes(key, data, content_type)
        size_bytes = data.stat().st_size
        if size_bytes <= WHOLE_BYTES:
            return self._put_bytes(key, data.read_bytes(), content_type)
        return self._put_file(key, data, content_type, part_bytes=max(WHOLE_BYTES, -(-size_bytes // MOST_PARTS)))

    def _put_bytes(self, key: str, data: bytes, content_type: str) -> StoredVersion:
        headers = {"Content-Type": content_type, **checksum_header(sha256(data).digest())}

        def send() -> StoredVersion:
            # not repeatable: after a lost answer a repeat would leave two versions
            _, answered = self._wire.attempt("put", lambda: self._wire.call("PUT", self._bucket, key, headers=headers, body=data), repeatable=False)
            version_id = answered.get("x-amz-version-id") or NO_VERSION
            return StoredVersion(key=key, version_id=version_id, etag=answered.get("etag", "").strip('"'), size_bytes=len(data))

        return self._guard("put", key)(send)

    def _put_file(self, key: str, path: Path, content_type: str, *, part_bytes: int) -> StoredVersion:
        upload_id = self.create_multipart(key, content_type)
        try:
            parts: list[PartFacts] = []
            digests: dict[int, bytes] = {}
            with path.open("rb") as file:
                while data := file.read(part_bytes):
                    number = len(parts) + 1
                    digests[number] = sha256(data).digest()
                    parts.append(self._put_part(key, upload_id, number, data, digests[number]))
            return self.complete_multipart(key, upload_id, parts, digests)
        except BaseException:
            self.abort_multipart(key, upload_id)
            raise

    def _put_part(self, key: str, upload_id: str, number: int, data: bytes, digest: bytes) -> PartFacts:
        return self._guard("upload-part", key)(lambda: multipart.upload_part(self._wire, self._bucket, key, upload_id, number, data, digest))

    # -- reading

    def stat(self, key: str, version_id: str) -> ObjectFacts | None:
        def ask() -> ObjectFacts:
            found = self._wire.attempt("stat", lambda: self._wire.client.stat_object(self._bucket, key, version_id=_version(version_id)))
            headers = found.metadata or {}
            mode, until = headers.get("x-amz-object-lock-mode"), headers.get("x-amz-object-lock-retain-until-date")
            return ObjectFacts(
                key=key,
                version_id=version_id,
                size_bytes=int(found.size or 0),
                etag=found.etag or "",
                content_type=found.content_type or "",
                modified_at=require_aware(cast("datetime", found.last_modified), "last-modified"),
                retention=Retention(cast("RetentionMode", mode), multipart.instant(until)) if mode and until else None,
                legal_hold=headers.get("x-amz-object-lock-legal-hold") == "ON",
            )

        try:
            return self._guard("stat", key, version_id)(ask)
        except ObjectMissing:
            return None

    def read_range(self, key: str, version_id: str, start: int, end: int) -> bytes:
        if not 0 <= start < end:
            msg = f"no bytes in [{start}, {end})"
            raise ValueError(msg)

        def fetch() -> bytes:
            response = self._wire.client.get_object(self._bucket, key, start, end - start, version_id=_version(version_id))
            try:
                return response.read()
            finally:
                response.close()
                response.release_conn()

        def ask() -> bytes:
            try:
                return self._wire.attempt("read", fetch)
            except Refusal as refusal:
                if refusal.code == "InvalidRange":
                    return b""
                raise

        return self._guard("read", key, version_id)(ask)

    def stream(self, key: str, version_id: str, chunk_bytes: int = 1 << 20, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is None:
            facts = self.stat(key, version_id)
            if facts is None:
                raise ObjectMissing(key=key, version_id=version_id)
            end = facts.size_bytes
        at, cuts = start, 0
        while at < end:
            offset, length = at, end - at
            response = self._guard("read", key, version_id)(
                lambda offset=offset, length=length: self._wire.attempt(  # type: ignore[misc]
                    "read", lambda: self._wire.client.get_object(self._bucket, key, offset, length, version_id=_version(version_id))
                )
            )
            try:
                for chunk in response.stream(chunk_bytes):
                    at += len(chunk)
                    yield chunk
            except (urllib3.exceptions.HTTPError, OSError) as error:
                cuts += 1
                if cuts >= STREAM_TRIES:
                    raise StoreUnavailable(act="read", why=str(error)) from error
            finally:
                response.close()
                response.release_conn()

    def list_versions(self, prefix: str = "") -> list[VersionFacts]:
        return list(self.iter_versions(prefix))

    def iter_versions(self, prefix: str = "") -> Iterator[VersionFacts]:
        query = {"versions": "", "prefix": prefix, "max-keys": str(PAGE)}
        while True:
            page = dict(query)
            body, _ = self._guard("list-versions", prefix)(
                lambda page=page: self._wire.attempt("list-versions", lambda: self._wire.call("GET", self._bucket, query=page))  # type: ignore[misc]
            )
            root = parse(body)
            for entry in root:
                kind = entry.tag.rsplit("}", 1)[-1]
                if kind in {"Version", "DeleteMarker"}:
                    yield _version_facts(entry, is_delete_marker=kind == "DeleteMarker")
            if text_of(root, "IsTruncated") != "true":
                return
            query |= {"key-marker": text_of(root, "NextKeyMarker"), "version-id-marker": text_of(root, "NextVersionIdMarker")}

    # -- keeping and destroying

    def lock_until(self, key: str, version_id: str, until: datetime) -> None:
        whole = _whole_seconds_up(require_aware(until, "until"))
        try:
            self._configure(key, version_id, "retention", "Retention", {"Mode": "COMPLIANCE", "RetainUntilDate": f"{whole:%Y-%m-%dT%H:%M:%SZ}"})
        except StoreRefused as refused:
            present = self.retention(key, version_id)
            if present is not None and present.until > whole:
                raise VersionLocked(key=key, version_id=version_id) from refused
            raise

    def retention(self, key: str, version_id: str) -> Retention | None:
        def ask() -> Retention | None:
            query = {"retention": "", **_version_query(version_id)}
            try:
                body, _ = self._wire.attempt("retention", lambda: self._wire.call("GET", self._bucket, key, query=query))
            except Refusal as refusal:
                if refusal.code in UNLOCKED:
                    return None
                raise
            root = parse(body)
            mode = text_of(root, "Mode")
            return Retention(cast("RetentionMode", mode), multipart.instant(text_of(root, "RetainUntilDate"))) if mode else None

        return self._guard("retention", key, version_id)(ask)

    def set_legal_hold(self, key: str, version_id: str, on: bool) -> None:
        self._configure(key, version_id, "legal-hold", "LegalHold", {"Status": "ON" if on else "OFF"})

    def delete_version(self, key: str, version_id: str) -> None:
        try:
            self._guard("delete-version", key, version_id)(
                lambda: self._wire.attempt("delete-version", lambda: self._wire.call("DELETE", self._bucket, key, query={"versionId": version_id}))
            )
        except ObjectMissing:
            return
        except StoreRefused as refused:
            facts = self.stat(key, version_id)
            if facts is not None and (facts.legal_hold or facts.retention is not None):
                raise VersionLocked(key=key, version_id=version_id) from refused
            raise

    def presign_get(self, key: str, version_id: str, *, expires_s: int) -> str:
        return self._signer.presign("GET", f"/{self._bucket}/{key}", _version_query(version_id), {}, at=self._clock.now_at(), expires_s=expires_s)

    def _configure(self, key: str, version_id: str, query: str, element: str, values: dict[str, str]) -> None:
        root = ET.Element(element, xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
        for name, value in values.items():
            ET.SubElement(root, name).text = value
        body = ET.tostring(root, encoding="utf-8")
        parameters = {query: "", **_version_query(version_id)}
        self._guard(query, key, version_id)(
            lambda: self._wire.attempt(query, lambda: self._wire.call("PUT", self._bucket, key, query=parameters, headers=_checked(body), body=body))
        )

    def _guard(self, act: str, key: str, version_id: str = NO_VERSION) -> Callable[[Callable[[], T]], T]:
        """Turn what is left of the store's refusals into the product's."""

        def run(call: Callable[[], T]) -> T:
            try:
                return call()
            except Refusal as refusal:
                if refusal.code in MISSING or refusal.code == "Http404":
                    raise ObjectMissing(key=key, version_id=version_id) from refusal
                raise StoreRefused(act=act, why=str(refusal)) from refusal

        return run


def _version(version_id: str) -> str | None:
    return None if version_id == NO_VERSION else version_id


def _version_query(version_id: str) -> dict[str, str]:
    return {} if version_id == NO_VERSION else {"versionId": version_id}


def _checked(body: bytes) -> dict[str, str]:
    return {"Content-Type": "application/xml", **checksum_header(sha256(body).digest())}


def _whole_seconds_up(instant: datetime) -> datetime:
    """The store keeps whole seconds; a lock may only ever become longer by rounding."""
    whole = instant.astimezone(UTC).replace(microsecond=0)
    return whole if whole == instant else whole + timedelta(seconds=1)


def _version_facts(entry: ET.Element, *, is_delete_marker: bool) -> VersionFacts:
    return VersionFacts(
        key=text_of(entry, "Key"),
        version_id=text_of(entry, "VersionId") or NO_VERSION,
        size_bytes=int(text_of(entry, "Size") or 0),
        etag=text_of(entry, "ETag").strip('"'),
        modified_at=multipart.instant(text_of(entry, "LastModified")),
        is_latest=text_of(entry, "IsLatest") == "true",
        is_delete_marker=is_delete_marker,
    )
