"""The presigner against the published example and against its own promises."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.objects.signing import Signer, checksum_header, digest_of_hex

AT = datetime(2013, 5, 24, tzinfo=UTC)
AWS_EXAMPLE = Signer("https://examplebucket.s3.amazonaws.com", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_the_signature_of_the_specification_comes_out() -> None:
    """AWS documents this GET with 86400 s; the product refuses such a life, so the inner figure is checked with the same key at 3600 s too."""
    url = AWS_EXAMPLE.presign("GET", "/test.txt", {}, {}, at=AT, expires_s=86400, longest_life_s=86400)
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"] == ["aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"]


@pytest.mark.parametrize("expires_s", [0, -1, 3601, 86400])
def test_an_address_lives_between_a_second_and_an_hour(expires_s: int) -> None:
    with pytest.raises(ValueError, match="expiry"):
        AWS_EXAMPLE.presign("GET", "/a", {}, {}, at=AT, expires_s=expires_s)


def test_a_checksum_in_the_headers_is_covered_by_the_signature() -> None:
    headers = checksum_header(bytes(32))
    url = AWS_EXAMPLE.presign("PUT", "/a", {}, headers, at=AT, expires_s=60)
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["host;x-amz-checksum-sha256"]
    other = AWS_EXAMPLE.presign("PUT", "/a", {}, checksum_header(bytes(31) + b"\x01"), at=AT, expires_s=60)
    assert url != other


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40))
def test_any_key_survives_quoting(key: str) -> None:
    url = AWS_EXAMPLE.presign("GET", f"/{key}", {"versionId": "a b"}, {}, at=AT, expires_s=60)
    assert url.isascii()
    assert " " not in url
    assert parse_qs(urlsplit(url).query)["versionId"] == ["a b"]


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "00" * 33])
def test_a_digest_that_is_no_sha256_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"hex|SHA-256"):
        digest_of_hex(text)
