"""A body larger than any form of ours is refused before it is read, whatever it says of its size, signed in or not."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from api.main import MAX_BODY_BYTES
from tests.site_fixtures import Site

# a form's single field ends at 1 MiB already (400); JSON and spreadsheets reach the limit of the whole body
FORM = "application/x-www-form-urlencoded"
ROUTES = (("/login", FORM, 400), ("/language", FORM, 400), ("/api/v1/uploads", "application/json", 413))


@pytest.mark.parametrize(("path", "kind", "_status"), ROUTES)
def test_a_body_that_says_it_is_too_large_is_not_even_sent(site: Site, path: str, kind: str, _status: int) -> None:
    address = urlsplit(site.url)
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as line:
        head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: {kind}\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(200).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(("path", "kind", "status"), ROUTES)
def test_a_body_without_a_length_is_cut_off_at_the_limit(site: Site, path: str, kind: str, status: int) -> None:
    def long() -> Iterator[bytes]:
        for _ in range((MAX_BODY_BYTES >> 20) + 1):
            yield b"a" * (1 << 20)

    answer = httpx.post(site.url + path, content=long(), headers={"Content-Type": kind, "Accept": "application/json"}, timeout=20)
    assert answer.status_code == status
    assert answer.json()["type"] == {413: "/problems/body-too-large", 400: "/problems/bad-request"}[status]


def test_a_body_at_the_limit_is_read(site: Site) -> None:
    answer = httpx.post(site.url + "/api/v1/uploads", content=b" " * MAX_BODY_BYTES, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
