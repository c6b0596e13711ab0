"""The cookies of the door: HttpOnly, SameSite=Lax, path /, and with TLS `Secure` under the `__Host-` prefix (ASVS 3.3)."""

from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.auth.identify import cookie_name, is_https, session_token
from api.auth.tokens import form_token, new_token
from storage.kernel.settings import Settings

_FORM_S: Final = 3600
_OIDC_S: Final = 600


def set_session(response: Response, settings: Settings, token: str) -> None:
    """Ends with the browser; the server's clock ends it earlier."""
    _set(response, settings, cookie_name(settings), token, None)


def drop_session(response: Response, settings: Settings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=is_https(settings), httponly=True, samesite="lax")


def visitor_form_token(request: Request, settings: Settings) -> tuple[str, str | None]:
    """The form token of somebody not signed in, and the cookie to set for it (None: the browser has one)."""
    kept = request.cookies.get(form_cookie(settings), "")
    if 20 <= len(kept) <= 100:
        return form_token(kept), None
    made = new_token()
    return form_token(made), made


def expected_form_token(request: Request, settings: Settings) -> str:
    """What the sign-in form must carry: derived from the visitor's cookie; empty without one."""
    kept = request.cookies.get(form_cookie(settings), "")
    return form_token(kept) if kept else ""


def pending_form_token(request: Request) -> str:
    """What the code form must carry: derived from the pending session's cookie."""
    token = session_token(request)
    return form_token(token) if token else ""


def set_form(response: Response, settings: Settings, value: str) -> None:
    _set(response, settings, form_cookie(settings), value, _FORM_S)


def set_oidc(response: Response, settings: Settings, value: str) -> None:
    _set(response, settings, oidc_cookie(settings), value, _OIDC_S)


def drop_oidc(response: Response, settings: Settings) -> None:
    response.delete_cookie(oidc_cookie(settings), path="/", secure=is_https(settings), httponly=True, samesite="lax")


def form_cookie(settings: Settings) -> str:
    return f"{cookie_name(settings)}-form"


def oidc_cookie(settings: Settings) -> str:
    return f"{cookie_name(settings)}-oidc"


def _set(response: Response, settings: Settings, name: str, value: str, max_age_s: int | None) -> None:
    response.set_cookie(name, value, max_age=max_age_s, path="/", secure=is_https(settings), httponly=True, samesite="lax")
