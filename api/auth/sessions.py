"""Signed-in browsers: made at sign-in, rotated when trust rises, ended by idleness, age, sign-out, or the account's end (ASVS 7)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from api.auth.models import Account, ApiKey, LoginSession
from api.auth.tokens import new_token, token_hash

IDLE: Final = timedelta(minutes=30)
ABSOLUTE: Final = timedelta(hours=12)
PENDING: Final = timedelta(minutes=10)  # between password and code
FRESH: Final = timedelta(minutes=5)  # a sign-in is fresh enough for acts that two people must confirm
SEEN_EVERY: Final = timedelta(seconds=60)  # writing `last_seen_at` on each request would be a write per image


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session was opened from; shown to its owner."""

    ip: str
    user_agent: str


def open_session(session: Session, account: Account, browser: Browser, *, at: datetime, pending: bool, mfa_at: datetime | None) -> str:
    """A new row and its token; the token exists only in the cookie."""
    token = new_token()
    session.add(
        LoginSession(
            token_sha256=token_hash(token),
            account_id=account.id,
            pending=pending,
            created_at=at,
            last_seen_at=at,
            expires_at=at + (PENDING if pending else ABSOLUTE),
            mfa_at=mfa_at,
            ip=browser.ip,
            user_agent=browser.user_agent[:200],
        )
    )
    session.flush()
    return token


def find_session(session: Session, token: str, *, at: datetime) -> tuple[LoginSession, Account] | None:
    """The living session of a cookie and its account; marks it seen. None: unknown, ended, idle too long, or the account is shut."""
    row = session.execute(
        select(LoginSession, Account)
        .join(Account, Account.id == LoginSession.account_id)
        .where(
            LoginSession.token_sha256 == token_hash(token),
            LoginSession.revoked_at.is_(None),
            LoginSession.expires_at > at,
            LoginSession.last_seen_at > at - IDLE,
            in_use(at),
        )
    ).one_or_none()
    if row is None:
        return None
    found, account = row
    if at - found.last_seen_at >= SEEN_EVERY:
        session.execute(update(LoginSession).where(LoginSession.id == found.id).values(last_seen_at=at))
    return found, account


def in_use(at: datetime) -> ColumnElement[bool]:
    """SQL: the account may be used at this instant."""
    return Account.active.is_(True) & or_(Account.valid_until.is_(None), Account.valid_until > at)


def end_session(session: Session, token: str, *, at: datetime) -> None:
    """Sign out: the token is dead on the server, whatever the browser keeps."""
    session.execute(
        update(LoginSession).where(LoginSession.token_sha256 == token_hash(token), LoginSession.revoked_at.is_(None)).values(revoked_at=at)
    )


def end_all(session: Session, account_id: UUID, *, at: datetime, keep: UUID | None = None, keys_too: bool = False) -> None:
    """End every session of an account (new password, disabled, code device lost), except the one in hand. `keys_too`: its API keys die as well."""
    ending = update(LoginSession).where(LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None))
    session.execute((ending if keep is None else ending.where(LoginSession.id != keep)).values(revoked_at=at))
    if keys_too:
        session.execute(update(ApiKey).where(ApiKey.account_id == account_id, ApiKey.revoked_at.is_(None)).values(revoked_at=at))
