"""From a request to a caller: session cookie or API key, looked up in a transaction of its own under the system scope."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.caller import Caller
from api.auth.errors import KeyRefused
from api.auth.keys import find_key
from api.auth.roles import Role
from api.auth.sessions import find_session
from api.auth.tokens import form_token
from api.http.services import services_of
from api.locale.language import choose_language
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.settings import Settings
from supervision.institutions.models import Institution

MAX_TOKEN_CHARS = 200


def is_https(settings: Settings) -> bool:
    return urlsplit(settings.site_url).scheme == "https"


def cookie_name(settings: Settings) -> str:
    """`__Host-` binds the cookie to this host, path / and TLS; browsers refuse the prefix without TLS."""
    return "__Host-classproof" if is_https(settings) else "classproof"


def session_token(request: Request) -> str:
    """What the browser presents; empty when nothing (or nonsense) is."""
    token = request.cookies.get(cookie_name(services_of(request).settings), "")
    return token if len(token) <= MAX_TOKEN_CHARS else ""


def client_ip(request: Request) -> str:
    """The peer of the connection. Forwarded headers are for the server's configuration to believe, not for us (ASVS 4.1.3)."""
    return request.client.host if request.client else "unknown"


def identify(request: Request) -> Caller:
    """The caller, anonymous when nothing valid is presented. A dependency; `api.auth.access` decides what the caller may do.

    Raises: KeyRefused — an Authorization header was sent and does not hold; it is never quietly ignored.
    """
    services = services_of(request)
    language = choose_language(request)
    at = services.clock.now_at()
    authorization = request.headers.get("authorization")
    if authorization is not None:
        kind, _, presented = authorization.partition(" ")
        if kind.lower() != "bearer" or len(presented) > MAX_TOKEN_CHARS:
            raise KeyRefused
        with services.database.transaction(SYSTEM) as session:
            caller = _from_key(session, presented.strip(), at)
    else:
        token = session_token(request)
        if not token:
            return Caller(via="anonymous", language=language)
        with services.database.transaction(SYSTEM) as session:
            found = _from_cookie(session, token, at)
        if found is None:
            return Caller(via="anonymous", language=language)
        caller = found
    return replace(caller, language=language)


def _from_key(session: Session, presented: str, at: datetime) -> Caller:
    key, account = find_key(session, presented, at=at)
    return Caller(
        via="api_key",
        actor=Actor(kind="api_key", name=f"{account.login_name}/{key.prefix}", role=account.role.value, id=key.id),
        account_id=account.id,
        display_name=key.name,
        role=account.role,
        institution_id=account.institution_id,
        department=account.department,
        scopes=frozenset(key.scopes),
    )


def _from_cookie(session: Session, token: str, at: datetime) -> Caller | None:
    found = find_session(session, token, at=at)
    if found is None:
        return None
    row, account = found
    name = session.scalar(select(Institution.name).where(Institution.id == account.institution_id)) if account.institution_id else None
    if row.pending:  # the code is still owed: good for the code page only, which reads the session itself
        return None
    return Caller(
        via="session",
        actor=Actor(kind="account", name=account.login_name, role=account.role.value, id=account.id),
        account_id=account.id,
        display_name=account.display_name,
        role=Role(account.role),
        institution_id=account.institution_id,
        institution_name=name or "",
        department=account.department,
        session_id=row.id,
        mfa_at=row.mfa_at,
        csrf_token=form_token(token),
        must_change_password=account.must_change_password,
    )
