"""Did this change come from our own pages? Origin, Sec-Fetch-Site, and a token or header no foreign page can send (ASVS 3.5.1-3)."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import UploadFile

from api.auth.errors import ForgedRequest
from api.auth.tokens import same
from api.http.services import services_of

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER: Final = "x-classproof"
FIELDS: Final = ("csrf_token", "csrf")
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_OWN_SITE: Final = ("same-origin", "none")


def require_own_site(request: Request) -> None:
    """Refuse a request that a browser says comes from elsewhere. Raises: ForgedRequest(why="origin" | "site")."""
    origin = request.headers.get("origin")
    if origin is not None and origin != _own_origin(request):
        raise ForgedRequest(why="origin")
    if request.headers.get("sec-fetch-site", "same-origin") not in _OWN_SITE:
        raise ForgedRequest(why="site")


async def require_own_page(request: Request, expected: str) -> None:
    """For a request that carries a session: own site, and either our header (scripts) or the session's token (forms).

    The header makes browsers ask permission first across sites, and we give none; a simple content type alone is never enough.
    Raises: ForgedRequest.
    """
    require_own_site(request)
    if HEADER in request.headers:
        return
    await require_form_token(request, expected)


async def require_form_token(request: Request, expected: str) -> None:
    """The form must carry `expected`. Raises: ForgedRequest(why="token")."""
    if not request.headers.get("content-type", "").startswith(_FORMS):
        raise ForgedRequest(why="token")
    form = await request.form()
    sent = next((form[name] for name in FIELDS if name in form), "")
    if isinstance(sent, UploadFile) or not expected or not same(sent, expected):
        raise ForgedRequest(why="token")


def _own_origin(request: Request) -> str:
    """The configured public address; without one, whatever host the browser asked (a foreign page cannot choose that)."""
    settings = services_of(request).settings
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        return f"{parts.scheme}://{parts.netloc}"
    return f"{request.url.scheme}://{request.headers.get('host', '')}"
