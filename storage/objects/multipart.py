"""Multipart uploads in pieces, over `Wire.call`: minio-py only offers them whole."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from storage.objects.errors import PartMissing, PartTooSmall, UploadGone
from storage.objects.port import MultipartFacts, PartFacts, StoredVersion
from storage.objects.s3_client import Refusal, Wire, children, parse, text_of
from storage.objects.signing import checksum_header

PAGE = 1000
MOST_PARTS = 10_000


def create(wire: Wire, bucket: str, key: str, content_type: str) -> str:
    """Begin an upload whose parts carry SHA-256 checksums; its id. A repeat after a lost answer leaves an orphan that the sweeper aborts."""
    headers = {"Content-Type": content_type, "x-amz-checksum-algorithm": "SHA256"}
    body, _ = wire.attempt("create-multipart", lambda: wire.call("POST", bucket, key, query={"uploads": ""}, headers=headers))
    return text_of(parse(body), "UploadId")


def upload_part(wire: Wire, bucket: str, key: str, upload_id: str, number: int, data: bytes, digest: bytes) -> PartFacts:
    """Send one part; the store checks its SHA-256."""
    query = {"partNumber": str(number), "uploadId": upload_id}
    _, headers = wire.attempt("upload-part", lambda: wire.call("PUT", bucket, key, query=query, headers=checksum_header(digest), body=data))
    return PartFacts(number=number, etag=headers.get("etag", "").strip('"'), size_bytes=len(data))


def list_parts(wire: Wire, bucket: str, key: str, upload_id: str) -> list[PartFacts]:
    """All parts, by number. Raises: UploadGone."""
    return [facts for facts, _ in _parts(wire, bucket, key, upload_id)]


def complete(wire: Wire, bucket: str, key: str, upload_id: str, parts: Sequence[PartFacts], digests: Mapping[int, bytes]) -> StoredVersion:
    """Join the parts. `digests`: SHA-256 by part number. Raises: UploadGone, PartMissing, PartTooSmall.

    An upload begun with an algorithm must name the parts' checksums again; AWS lists them, SeaweedFS does not, so the caller remembers.
    """
    known = {facts.number: checksum for facts, checksum in _parts_if_open(wire, bucket, key, upload_id) if checksum}
    known |= {number: base64.b64encode(digest).decode() for number, digest in digests.items()}
    body = _completion(parts, known)
    try:
        answer, headers = wire.attempt(
            "complete-multipart",
            lambda: wire.call("POST", bucket, key, query={"uploadId": upload_id}, headers={"Content-Type": "application/xml"}, body=body),
        )
    except Refusal as refusal:
        raise _why_incomplete(wire, bucket, key, upload_id, refusal) from refusal
    etag = text_of(parse(answer), "ETag").strip('"')
    return StoredVersion(key=key, version_id=headers.get("x-amz-version-id") or "null", etag=etag, size_bytes=sum(part.size_bytes for part in parts))


def abort(wire: Wire, bucket: str, key: str, upload_id: str) -> None:
    """Free the parts. Raises: UploadGone — the store never knew it; a repeated abort may pass in silence."""
    try:
        wire.attempt("abort-multipart", lambda: wire.call("DELETE", bucket, key, query={"uploadId": upload_id}))
    except Refusal as refusal:
        raise _gone_or(refusal, key, upload_id) from refusal


def list_uploads(wire: Wire, bucket: str, prefix: str) -> list[MultipartFacts]:
    """Open uploads whose key starts with `prefix`, all pages."""
    found: list[MultipartFacts] = []
    query = {"uploads": "", "prefix": prefix, "max-uploads": str(PAGE)}
    while True:
        page = dict(query)
        body, _ = wire.attempt("list-multiparts", lambda page=page: wire.call("GET", bucket, query=page))  # type: ignore[misc]
        root = parse(body)
        found += [
            MultipartFacts(text_of(entry, "Key"), text_of(entry, "UploadId"), instant(text_of(entry, "Initiated")))
            for entry in children(root, "Upload")
        ]
        if text_of(root, "IsTruncated") != "true":
            return [upload for upload in found if upload.key.startswith(prefix)]
        query |= {"key-marker": text_of(root, "NextKeyMarker"), "upload-id-marker": text_of(root, "NextUploadIdMarker")}


def instant(text: str) -> datetime:
    """An aware UTC instant from the store's ISO 8601."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _parts(wire: Wire, bucket: str, key: str, upload_id: str) -> list[tuple[PartFacts, str]]:
    """Each part once, with its checksum where the store lists it.

    SeaweedFS lists a part that was sent again with other bytes twice; the later one counts (of two within one second, the last listed: a
    completion checks the digest, so a wrong choice is refused and the part sent again). It sorts part 10000 before 1000, so that a page which ends
    with it must be continued after the highest other number.
    """
    newest: dict[int, tuple[str, PartFacts, str]] = {}
    query = {"uploadId": upload_id, "max-parts": str(PAGE)}
    while True:
        page = dict(query)
        try:
            body, _ = wire.attempt("list-parts", lambda page=page: wire.call("GET", bucket, key, query=page))  # type: ignore[misc]
        except Refusal as refusal:
            raise _gone_or(refusal, key, upload_id) from refusal
        root = parse(body)
        seen = []
        for entry in children(root, "Part"):
            facts = PartFacts(int(text_of(entry, "PartNumber")), text_of(entry, "ETag").strip('"'), int(text_of(entry, "Size")))
            sent_at = text_of(entry, "LastModified")
            seen.append(facts.number)
            if facts.number not in newest or sent_at >= newest[facts.number][0]:
                newest[facts.number] = (sent_at, facts, text_of(entry, "ChecksumSHA256"))
        before_last = [number for number in seen if number < MOST_PARTS]
        if text_of(root, "IsTruncated") != "true" or not before_last:
            return [(facts, checksum) for _, (_, facts, checksum) in sorted(newest.items())]
        query["part-number-marker"] = str(max(before_last))


def _parts_if_open(wire: Wire, bucket: str, key: str, upload_id: str) -> list[tuple[PartFacts, str]]:
    try:
        return _parts(wire, bucket, key, upload_id)
    except UploadGone:
        return []  # completed before: the store answers a repeated completion with the same version


def _completion(parts: Sequence[PartFacts], checksums: dict[int, str]) -> bytes:
    root = ET.Element("CompleteMultipartUpload")
    for part in sorted(parts, key=lambda p: p.number):
        element = ET.SubElement(root, "Part")
        ET.SubElement(element, "PartNumber").text = str(part.number)
        ET.SubElement(element, "ETag").text = f'"{part.etag}"'
        if checksums.get(part.number):
            ET.SubElement(element, "ChecksumSHA256").text = checksums[part.number]
    return bytes(ET.tostring(root, encoding="utf-8"))


def _why_incomplete(wire: Wire, bucket: str, key: str, upload_id: str, refusal: Refusal) -> Exception:
    """SeaweedFS says NoSuchUpload for a missing part as well, so the upload itself is asked for."""
    if refusal.code == "EntityTooSmall":
        return PartTooSmall(key=key, upload_id=upload_id)
    if refusal.code in {"InvalidPart", "InvalidPartOrder", "BadDigest"}:
        return PartMissing(key=key, upload_id=upload_id)
    if refusal.code == "NoSuchUpload":
        try:
            _parts(wire, bucket, key, upload_id)
        except UploadGone as gone:
            return gone
        return PartMissing(key=key, upload_id=upload_id)
    return refusal


def _gone_or(refusal: Refusal, key: str, upload_id: str) -> Exception:
    return UploadGone(key=key, upload_id=upload_id) if refusal.code in {"NoSuchUpload", "NoSuchKey"} else refusal
