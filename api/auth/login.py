"""Signing in: password, then a code for everyone outside institutions (and whoever chose one), then a session.

The transactions are its own: a failed try must stay counted, and no database connection waits while a password is hashed.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.accounts import credential_of
from api.auth.audit import account_changed, tried
from api.auth.errors import LoginRefused, SignInNeeded, TooManyAttempts
from api.auth.models import Account, Credential, LoginSession
from api.auth.passwords import verify_password
from api.auth.roles import needs_second_factor
from api.auth.sessions import Browser, end_session, in_use, open_session
from api.auth.throttle import code_bucket, login_buckets, refill, take
from api.auth.tokens import token_hash
from api.auth.totp import matching_step, new_secret
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.kernel.actor import Actor
from storage.kernel.sealing import Sealer


@dataclass(frozen=True, slots=True)
class SignIn:
    """`token` goes into the cookie. `code_owed`: the session is good for the code page only."""

    token: str
    code_owed: bool


@dataclass(frozen=True, slots=True)
class CodeStep:
    """What the code page shows. `enrol_secret` is set when an authenticator app must be linked first."""

    login_name: str
    enrol_secret: str | None


def sign_in(services: Services, login_name: str, password: str, browser: Browser, *, old_token: str = "") -> SignIn:
    """The password step. `old_token`: whatever session the browser had ends, so nobody can plant one (ASVS 7.2.4).

    Raises: TooManyAttempts, LoginRefused — the same for a wrong name, a wrong password and an account that is shut.
    """
    name = login_name.strip().lower()
    buckets = login_buckets(name, browser.ip)
    try:
        take(services.database, services.clock, buckets)
    except TooManyAttempts:
        tried("sign-in", "throttled", who=_nameless(name), ip=browser.ip)
        raise
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        found = session.execute(
            select(Account, Credential.password_hash)
            .join(Credential, Credential.account_id == Account.id)
            .where(Account.login_name == name, in_use(at))
        ).one_or_none()
    right = verify_password(password, found.password_hash if found else None)
    if not right or found is None:
        tried("sign-in", "refused", who=name if found else _nameless(name), ip=browser.ip)
        raise LoginRefused
    refill(services.database, buckets)
    with services.database.transaction(SYSTEM) as session:
        result = begin_session(session, services, found.Account, browser, old_token=old_token, at=at, second_factor_done=False)
    tried("sign-in", "code-owed" if result.code_owed else "ok", who=name, ip=browser.ip)
    return result


def begin_session(
    session: Session, services: Services, account: Account, browser: Browser, *, old_token: str, at: datetime, second_factor_done: bool
) -> SignIn:
    """A session for an account whose first factor is proven (password or identity provider)."""
    if old_token:
        end_session(session, old_token, at=at)
    credential = credential_of(session, account.id)
    owed = not second_factor_done and (needs_second_factor(account.role) or credential.totp_secret is not None)
    if owed and credential.totp_secret is None and credential.totp_pending is None:
        credential.totp_pending = sealer(services).seal(new_secret().encode(), totp_context(account))
    token = open_session(session, account, browser, at=at, pending=owed, mfa_at=None if owed else at)
    return SignIn(token, owed)


def code_step(services: Services, token: str) -> CodeStep:
    """Raises: SignInNeeded — no password step before, or more than 10 minutes ago."""
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        account, _row = _pending(session, token, at)
        credential = credential_of(session, account.id)
        if credential.totp_secret is not None or credential.totp_pending is None:
            return CodeStep(account.login_name, None)
        return CodeStep(account.login_name, sealer(services).open(credential.totp_pending, totp_context(account)).decode())


def confirm_code(services: Services, token: str, code: str, browser: Browser) -> SignIn:
    """The code step: a new token replaces the pending one (rotation when trust rises).

    Raises: SignInNeeded, TooManyAttempts, LoginRefused — wrong, or used before.
    """
    at = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        account, _row = _pending(session, token, at)
    buckets = code_bucket(account.id)
    take(services.database, services.clock, buckets)
    with services.database.transaction(SYSTEM) as session:
        account, row = _pending(session, token, at)
        if not use_code(session, services, account, code, at=at):
            tried("code", "refused", who=account.login_name, ip=browser.ip)
            raise LoginRefused
        row.revoked_at = at
        fresh = open_session(session, account, browser, at=at, pending=False, mfa_at=at)
    refill(services.database, buckets)
    tried("code", "ok", who=account.login_name, ip=browser.ip)
    return SignIn(fresh, code_owed=False)


def use_code(session: Session, services: Services, account: Account, code: str, *, at: datetime) -> bool:
    """Check a code and burn its step. A pending secret confirmed by a code becomes the secret."""
    credential = credential_of(session, account.id)
    enrolling = credential.totp_secret is None
    sealed = credential.totp_pending if enrolling else credential.totp_secret
    if sealed is None:
        return False
    secret = sealer(services).open(sealed, totp_context(account)).decode()
    step = matching_step(secret, code, at=at, last_step=credential.totp_last_step)
    if step is None:
        return False
    credential.totp_last_step = step
    if enrolling:
        credential.totp_secret, credential.totp_pending = credential.totp_pending, None
        actor = Actor(kind="account", name=account.login_name, role=account.role.value, id=account.id)
        account_changed(session, account, "link-code-device", actor=actor, at=at)
    session.flush()
    return True


def start_enrolment(session: Session, services: Services, account: Account) -> None:
    """For an institution account that chooses a second factor: a secret to confirm at the next code page."""
    credential = credential_of(session, account.id)
    if credential.totp_secret is None:
        credential.totp_pending = sealer(services).seal(new_secret().encode(), totp_context(account))


def sealer(services: Services) -> Sealer:
    """Seals TOTP secrets under the master key."""
    return Sealer.derived([services.secrets.master_key()], "totp")


def _pending(session: Session, token: str, at: datetime) -> tuple[Account, LoginSession]:
    row = session.execute(
        select(Account, LoginSession)
        .join(LoginSession, LoginSession.account_id == Account.id)
        .where(
            LoginSession.token_sha256 == token_hash(token),
            LoginSession.pending.is_(True),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > at,
            in_use(at),
        )
    ).one_or_none()
    if row is None:
        raise SignInNeeded
    account, found = row
    return account, found


def totp_context(account: Account) -> str:
    """Ties a sealed secret to its account."""
    return f"totp/{account.id}"


def _nameless(name: str) -> str:
    return "#" + hashlib.sha256(name.encode()).hexdigest()[:12]
