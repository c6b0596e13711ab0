"""Every answer carries the headers; a page gets the store's address only when it needs it."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from api.http.headers import HeaderPolicy, SecurityHeaders
from api.pages.assets import STATIC_DIR, asset_url
from api.pages.frame import Need

STORE = "https://store.example:8333"


class Browser:
    """Asks the wrapped application without a socket."""

    def __init__(self, app: SecurityHeaders) -> None:
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def get(self, path: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=self.transport, base_url="http://site") as client:
                return await client.get(path)

        return asyncio.run(ask())


def client(*, https: bool = True) -> Browser:
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC_DIR))

    @app.get("/page")
    def page(request: Request, need: str = "") -> Response:
        request.state.csp_needs = frozenset({Need(need)} if need else ())
        return Response("x", headers={"Content-Security-Policy": "default-src *"})

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError

    return Browser(SecurityHeaders(app, HeaderPolicy(https=https, store_origin=STORE)))


@pytest.mark.parametrize(("path", "status"), [("/page", 200), ("/nowhere", 404), ("/broken", 500), ("/static/nothing.css", 404)])
def test_every_answer_is_guarded_errors_too(path: str, status: int) -> None:
    answer = client().get(path)
    assert answer.status_code == status
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=63072000")


def test_the_store_is_named_only_where_it_is_needed() -> None:
    browser = client()
    rules = {
        need: dict(r.split(" ", 1) for r in browser.get(f"/page?need={need}").headers["content-security-policy"].split("; "))
        for need in ("", "upload", "media")
    }
    assert STORE not in str(rules[""])
    assert STORE in rules["upload"]["connect-src"] and STORE not in rules["upload"]["media-src"]
    assert STORE in rules["media"]["media-src"] and STORE in rules["media"]["img-src"] and STORE not in rules["media"]["connect-src"]


def test_plain_http_promises_no_tls() -> None:
    assert "strict-transport-security" not in client(https=False).get("/page").headers


def test_own_files_are_kept_only_under_an_address_with_their_digest() -> None:
    browser = client()
    assert "immutable" in browser.get(asset_url("css/base.css")).headers["cache-control"]
    assert browser.get("/static/css/base.css").headers["cache-control"] == "no-cache"
