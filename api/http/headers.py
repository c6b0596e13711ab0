"""Security headers on every answer, errors included. ASVS 3.4; the policy of the pages is in docs/design/pages.md.

`SecurityHeaders` wraps the whole application from outside (`uvicorn` serves the wrapper): Starlette answers an unhandled error outside of all
middleware that is added to the app, so a middleware on the inside would miss exactly those answers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC_PREFIX: Final = "/static/"
HSTS: Final = "max-age=63072000; includeSubDomains"  # two years, the minimum browsers' preload lists accept
PERMISSIONS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), usb=(), "
    "autoplay=(self), clipboard-write=(self), fullscreen=(self), picture-in-picture=(self)"
)


@dataclass(frozen=True, slots=True)
class HeaderPolicy:
    """`store_origin` is how browsers reach the object store, like `https://store.example:8333`; `https` whether the site itself is reached by TLS."""

    https: bool
    store_origin: str = ""

    def content_policy(self, needs: Iterable[str] = ()) -> str:
        """The Content-Security-Policy of one answer. `needs`: `upload` (connect to the store), `media` (show from the store)."""
        wanted = set(needs)
        store = f" {self.store_origin}" if self.store_origin else ""
        connect = store if "upload" in wanted else ""
        media = store if "media" in wanted else ""
        rules = [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src 'self'{connect}",
            f"img-src 'self'{media}",
            f"media-src 'self' blob:{media}" if media else "media-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
        return "; ".join(rules)


class SecurityHeaders:
    """ASGI wrapper. A header the application has set itself is left alone, except the content policy."""

    def __init__(self, app: ASGIApp, policy: HeaderPolicy) -> None:
        self.app = app
        self.policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})  # `request.state` reads and writes this very dict

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self.policy.content_policy(state.get("csp_needs", ()))
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("X-Frame-Options", "DENY")
                headers.setdefault("Permissions-Policy", PERMISSIONS)
                headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
                headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
                headers.setdefault("Cache-Control", cache_rule(scope, message["status"]))
                if self.policy.https:
                    headers.setdefault("Strict-Transport-Security", HSTS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def cache_rule(scope: Scope, status: int) -> str:
    """Own files: kept for ever when the address carries a digest, else asked again. Everything else may hold footage or names: never stored."""
    if not str(scope["path"]).startswith(STATIC_PREFIX) or status >= 400:
        return "no-store"
    return "public, max-age=31536000, immutable" if "v" in parse_qs(scope.get("query_string", b"").decode("latin-1")) else "no-cache"
