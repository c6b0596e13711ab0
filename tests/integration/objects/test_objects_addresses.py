"""Presigned addresses: each good for one act, one key, one part, one content, a short time. Every other use is refused by the real store."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit
from uuid import uuid4

import httpx
import pytest

from storage.engines.addresses import Addresses
from storage.kernel.clock import Clock
from storage.objects.buckets import open_buckets
from storage.objects.port import Buckets, ObjectStore, SignedRequest
from storage.objects.signing import checksum_header

BODY = b"the bytes that were promised"
SHA256 = hashlib.sha256(BODY).hexdigest()
SITE = "https://site.example"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


@pytest.fixture
def evidence(buckets: Buckets) -> ObjectStore:
    return buckets.evidence


@pytest.fixture
def key() -> str:
    return f"addresses/{uuid4()}"


def earlier(addresses: Addresses, by: timedelta) -> ObjectStore:
    """A store that signs as if it were some time ago (or to come)."""
    return open_buckets(addresses.s3, Clock(lambda: datetime.now(UTC) - by)).evidence


def altered(url: str, **changes: str | None) -> str:
    """The same address with query parameters set or, with None, taken out."""
    pieces = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(pieces.query).items()} | changes
    return urlunsplit(pieces._replace(query=urlencode({name: value for name, value in query.items() if value is not None})))


def test_a_part_address_takes_the_promised_bytes_and_no_others(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    signed = evidence.presign_part(key, upload_id, 1, sha256_hex=SHA256, expires_s=60)
    forged_header = checksum_header(hashlib.sha256(b"forged").digest())
    refusals = {
        "other bytes": http.put(signed.url, content=b"forged", headers=signed.headers),
        "no digest": http.put(signed.url, content=BODY),
        "other bytes, no digest": http.put(signed.url, content=b"forged"),
        "other bytes with their own digest": http.put(signed.url, content=b"forged", headers=forged_header),
        "truncated": http.put(signed.url, content=BODY[:-1], headers=signed.headers),
    }
    assert {name: answer.status_code for name, answer in refusals.items() if answer.status_code < 400} == {}
    assert evidence.list_parts(key, upload_id) == []
    assert http.put(signed.url, content=BODY, headers=signed.headers).status_code == 200
    assert [part.size_bytes for part in evidence.list_parts(key, upload_id)] == [len(BODY)]


def test_a_part_address_is_good_for_nothing_else(evidence: ObjectStore, buckets: Buckets, key: str, http: httpx.Client) -> None:
    upload_id, other_id = evidence.create_multipart(key, "video/mp4"), evidence.create_multipart(f"{key}.other", "video/mp4")
    signed = evidence.presign_part(key, upload_id, 1, sha256_hex=SHA256, expires_s=60)
    uses = {
        "other part": altered(signed.url, partNumber="2"),
        "other upload": altered(signed.url, uploadId=other_id),
        "other key": signed.url.replace(key, f"{key}.other"),
        "other bucket": signed.url.replace(evidence.bucket, buckets.viewing.bucket),
        "longer life": altered(signed.url, **{"X-Amz-Expires": "3600"}),
        "later date": altered(signed.url, **{"X-Amz-Date": (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")}),
        "fewer signed headers": altered(signed.url, **{"X-Amz-SignedHeaders": "host"}),
        "other identity": signed.url.replace("classproof-app", "classproof-bootstrap"),
        "forged signature": altered(signed.url, **{"X-Amz-Signature": "0" * 64}),
        "no signature": altered(signed.url, **{"X-Amz-Signature": None}),
        "whole object instead of a part": altered(signed.url, uploadId=None, partNumber=None),
        "nothing but the path": signed.url.split("?")[0],
    }
    answers = {name: http.put(url, content=BODY, headers=signed.headers).status_code for name, url in uses.items()}
    assert {name: status for name, status in answers.items() if status not in (400, 403)} == {}
    for method in ("GET", "DELETE", "POST", "HEAD"):
        assert http.request(method, signed.url, headers=signed.headers).status_code in (400, 403), method
    assert evidence.list_parts(key, upload_id) == []
    assert evidence.list_parts(f"{key}.other", other_id) == []
    assert evidence.list_versions(key) == []


def test_an_address_of_an_upload_that_was_given_up_stores_nothing(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    signed = evidence.presign_part(key, upload_id, 1, sha256_hex=SHA256, expires_s=60)
    evidence.abort_multipart(key, upload_id)
    assert http.put(signed.url, content=BODY, headers=signed.headers).status_code == 404


def test_an_expired_address_is_refused(evidence: ObjectStore, addresses: Addresses, key: str, http: httpx.Client) -> None:
    upload_id = evidence.create_multipart(key, "video/mp4")
    stored = evidence.put(key, BODY, "video/mp4")
    old = earlier(addresses, timedelta(seconds=62))
    signed = old.presign_part(key, upload_id, 1, sha256_hex=SHA256, expires_s=60)
    assert http.put(signed.url, content=BODY, headers=signed.headers).status_code == 403
    assert http.get(old.presign_get(key, stored.version_id, expires_s=60)).status_code == 403
    assert http.get(old.presign_get(key, stored.version_id, expires_s=120)).status_code == 200


def test_an_address_dated_ahead_is_honoured_by_the_store_so_the_signing_clock_must_be_right(
    evidence: ObjectStore, addresses: Addresses, key: str, http: httpx.Client
) -> None:
    """AWS refuses a date more than 15 minutes ahead, SeaweedFS 4.48 does not: a fast clock lengthens lives by as much. A stated limit."""
    stored = evidence.put(key, BODY, "video/mp4")
    ahead = earlier(addresses, timedelta(minutes=-20))
    assert http.get(ahead.presign_get(key, stored.version_id, expires_s=60)).status_code == 200


def test_a_reading_address_gives_one_version_and_ranges_of_it(evidence: ObjectStore, key: str, http: httpx.Client) -> None:
    first, second = evidence.put(key, BODY, "video/mp4"), evidence.put(key, b"later", "video/mp4")
    url = evidence.presign_get(key, first.version_id, expires_s=60)
    assert http.get(url).content == BODY
    part = http.get(url, headers={"Range": "bytes=4-8"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, BODY[4:9], f"bytes 4-8/{len(BODY)}")
    assert http.get(altered(url, versionId=second.version_id)).status_code == 403
    assert http.get(altered(url, versionId=None)).status_code == 403
    assert http.get(url.split("?")[0]).status_code == 403
    for method in ("PUT", "DELETE"):
        assert http.request(method, url, content=b"forged").status_code in (400, 403)
    assert evidence.read_range(key, first.version_id, 0, 99) == BODY


@pytest.mark.parametrize("number", [0, 10_001])
def test_a_part_number_outside_the_protocol_is_not_signed(evidence: ObjectStore, key: str, number: int) -> None:
    with pytest.raises(ValueError, match="part number"):
        evidence.presign_part(key, "upload", number, sha256_hex=SHA256, expires_s=60)


def test_addresses_name_the_public_host(addresses: Addresses, key: str) -> None:
    for public, origin in (("s3.site.example", "http://s3.site.example"), ("https://s3.site.example:8443", "https://s3.site.example:8443")):
        public_store = open_buckets(replace(addresses.s3, public_endpoint=public)).evidence
        assert public_store.presign_get(key, "v", expires_s=60).startswith(f"{origin}/{public_store.bucket}/")


def test_a_page_of_the_site_may_send_parts_and_read_the_etag(buckets: Buckets, key: str, http: httpx.Client) -> None:
    evidence = buckets.evidence
    upload_id = evidence.create_multipart(key, "video/mp4")
    signed = evidence.presign_part(key, upload_id, 1, sha256_hex=SHA256, expires_s=60)
    asked = preflight(http, signed, SITE)
    assert asked.status_code in (200, 204)
    assert asked.headers["access-control-allow-origin"] in ("*", SITE)
    assert "PUT" in asked.headers["access-control-allow-methods"]
    assert "x-amz-checksum-sha256" in asked.headers["access-control-allow-headers"].lower()
    sent = http.put(signed.url, content=BODY, headers={**signed.headers, "Origin": SITE})
    assert sent.status_code == 200
    assert sent.headers["access-control-allow-origin"] in ("*", SITE)
    assert "etag" in sent.headers["access-control-expose-headers"].lower()


def preflight(http: httpx.Client, signed: SignedRequest, origin: str) -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x-amz-checksum-sha256"}
    return http.options(signed.url, headers=headers)
