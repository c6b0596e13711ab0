"""Single sign-on by configuration (OpenID Connect, code flow with PKCE). An identity is linked to an account by an administrator only.

Keys come from the configured issuer's own JWKS, never from a token's header; algorithms are asymmetric and listed; issuer, audience,
nonce and time are checked exactly (ASVS 9.1, 10.5; CVE-2026-27962 is the reason for each of these words).
"""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from api.auth.errors import SingleSignOnFailed
from api.auth.login import SignIn, begin_session
from api.auth.models import Account
from api.auth.sessions import Browser, in_use
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.errors import NotFound
from storage.kernel.sealing import SealBroken, Sealer
from storage.kernel.settings import Settings

ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
CALLBACK: Final = "/login/oidc/callback"
LIFETIME: Final = timedelta(minutes=10)
LEEWAY_S: Final = 30
TIMEOUT_S: Final = 10.0
_SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "sc"})
_CONTEXT: Final = "oidc-state"


@dataclass(frozen=True, slots=True)
class Start:
    """Where to send the browser, and the sealed cookie that must come back with it."""

    location: str
    cookie: str


def is_configured(settings: Settings) -> bool:
    return bool(settings.oidc_issuer and settings.oidc_client_id)


def start(services: Services, *, next_path: str) -> Start:
    """Raises: NotFound — not configured; SingleSignOnFailed(why="provider")."""
    provider = _discover(services.settings)
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": services.settings.oidc_client_id or "",
        "redirect_uri": _redirect_uri(services.settings),
        "scope": "openid profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    location = provider["authorization_endpoint"] + ("&" if "?" in provider["authorization_endpoint"] else "?") + urlencode(asked)
    expires_at = (services.clock.now_at() + LIFETIME).timestamp()
    kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier, "next": next_path, "until": int(expires_at)}).encode()
    return Start(location, _sealer(services).seal(kept, _CONTEXT).hex())


def finish(services: Services, *, code: str, state: str, cookie: str, browser: Browser, old_token: str) -> tuple[SignIn, str]:
    """The session and where to go on. Raises: SingleSignOnFailed(why = state | provider | token | unknown-account), NotFound."""
    at = services.clock.now_at()
    kept = _kept(services, cookie, at)
    if not code or not hmac.compare_digest(str(kept["state"]), state):
        raise SingleSignOnFailed(why="state")
    provider = _discover(services.settings)
    id_token, keys = _redeem(services.settings, provider, code, str(kept["verifier"]))
    claims = verify_id_token(id_token, keys, settings=services.settings, nonce=str(kept["nonce"]), at=at)
    subject = f"{services.settings.oidc_issuer}|{claims['sub']}"
    strong = bool(_SECOND_FACTORS & set(claims.get("amr", ())))
    with services.database.transaction(SYSTEM) as session:
        account = session.scalar(select(Account).where(Account.oidc_subject == subject, in_use(at)))
        if account is None:
            raise SingleSignOnFailed(why="unknown-account")
        return begin_session(session, services, account, browser, old_token=old_token, at=at, second_factor_done=strong), str(kept["next"])


def verify_id_token(token: str, keys: dict[str, Any], *, settings: Settings, nonce: str, at: datetime) -> dict[str, Any]:  # Any: JSON
    """The claims of a token that holds. `keys`: the issuer's JWKS. Raises: SingleSignOnFailed(why="token")."""
    issuer, audience = settings.oidc_issuer or "", settings.oidc_client_id or ""
    rules = jwt.JWTClaimsRegistry(
        now=lambda: int(at.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        sub={"essential": True},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    if not issuer or not audience:
        raise NotFound(what="single-sign-on")
    try:
        decoded = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]  # JWKS is checked by joserfc
        rules.validate(decoded.claims)
    except (JoseError, ValueError, KeyError, TypeError) as wrong:
        raise SingleSignOnFailed(why="token") from wrong
    if decoded.claims["aud"] not in (audience, [audience]):  # a token for us and others is not for us
        raise SingleSignOnFailed(why="token")
    return dict(decoded.claims)


def _discover(settings: Settings) -> dict[str, str]:
    """The issuer's endpoints; the document must name the configured issuer, letter by letter, and stay with TLS if the issuer has it."""
    issuer = settings.oidc_issuer
    if issuer is None or not is_configured(settings):
        raise NotFound(what="single-sign-on")
    try:
        found = httpx.get(issuer.rstrip("/") + "/.well-known/openid-configuration", timeout=TIMEOUT_S).raise_for_status().json()
        endpoints = {name: str(found[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        named = found["issuer"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as wrong:
        raise SingleSignOnFailed(why="provider") from wrong
    if named != issuer or any(urlsplit(address).scheme != urlsplit(issuer).scheme for address in endpoints.values()):
        raise SingleSignOnFailed(why="provider")
    return endpoints


def code_challenge(verifier: str) -> str:
    """PKCE S256 (RFC 7636)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _redeem(settings: Settings, provider: dict[str, str], code: str, verifier: str) -> tuple[str, dict[str, Any]]:  # Any: JSON
    """The code for an id token, and the issuer's keys. No redirect is followed: the secret goes to the discovered endpoint only."""
    client_id, secret = settings.oidc_client_id or "", settings.oidc_client_secret
    sent = {"grant_type": "authorization_code", "code": code, "redirect_uri": _redirect_uri(settings), "code_verifier": verifier}
    proof = httpx.BasicAuth(quote(client_id, safe=""), quote(secret.get_secret_value(), safe="")) if secret else httpx.Auth()
    try:
        with httpx.Client(timeout=TIMEOUT_S) as client:
            tokens = (
                client.post(provider["token_endpoint"], data=sent if secret else {**sent, "client_id": client_id}, auth=proof)
                .raise_for_status()
                .json()
            )
            keys = client.get(provider["jwks_uri"]).raise_for_status().json()
        return str(tokens["id_token"]), dict(keys)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as wrong:
        raise SingleSignOnFailed(why="provider") from wrong


def _redirect_uri(settings: Settings) -> str:
    return settings.site_url.rstrip("/") + CALLBACK


def _sealer(services: Services) -> Sealer:
    return Sealer.derived([services.secrets.master_key()], _CONTEXT)


def _kept(services: Services, cookie: str, at: datetime) -> dict[str, Any]:  # Any: JSON of our own making
    try:
        kept: dict[str, Any] = json.loads(_sealer(services).open(bytes.fromhex(cookie), _CONTEXT))
    except (SealBroken, ValueError) as wrong:
        raise SingleSignOnFailed(why="state") from wrong
    if kept["until"] < at.timestamp():
        raise SingleSignOnFailed(why="state")
    return kept
