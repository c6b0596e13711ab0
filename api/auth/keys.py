"""API keys of agents: `cpk_<prefix>.<secret>`, shown once, kept as SHA-256, limited by scopes, dead the moment they are revoked."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.auth.errors import KeyRefused, UnknownScope
from api.auth.models import Account, ApiKey
from api.auth.sessions import in_use
from api.auth.tokens import new_token, token_hash
from storage.kernel.errors import NotFound

SCOPES: Final = frozenset({"upload:write", "upload:read", "signin:write", "registry:read", "registry:write"})
_SHAPE: Final = re.compile(r"cpk_([0-9a-f]{12})\.([A-Za-z0-9_-]{43})")
_USED_EVERY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class NewKey:
    """`secret` is the whole key as the agent sends it; it cannot be shown again."""

    row: ApiKey
    secret: str


def create_key(session: Session, owner: Account, *, name: str, scopes: frozenset[str], expires_at: datetime | None, at: datetime) -> NewKey:
    """Raises: UnknownScope."""
    unknown = sorted(scopes - SCOPES)
    if unknown or not scopes:
        raise UnknownScope(scope=", ".join(unknown) or "-", known=", ".join(sorted(SCOPES)))
    prefix, secret = secrets.token_hex(6), new_token()
    row = ApiKey(
        prefix=prefix,
        secret_sha256=token_hash(secret),
        account_id=owner.id,
        institution_id=owner.institution_id,
        name=name.strip(),
        scopes=sorted(scopes),
        created_at=at,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return NewKey(row, f"cpk_{prefix}.{secret}")


def find_key(session: Session, presented: str, *, at: datetime) -> tuple[ApiKey, Account]:
    """The living key and its account; marks it used. Raises: KeyRefused — one answer for unknown, expired and revoked."""
    shape = _SHAPE.fullmatch(presented)
    if shape is None:
        raise KeyRefused
    row = session.execute(
        select(ApiKey, Account).join(Account, Account.id == ApiKey.account_id).where(ApiKey.prefix == shape[1], in_use(at))
    ).one_or_none()
    if row is None:
        raise KeyRefused
    key, account = row
    if (
        not hmac.compare_digest(key.secret_sha256, token_hash(shape[2]))
        or key.revoked_at is not None
        or (key.expires_at is not None and key.expires_at <= at)
    ):
        raise KeyRefused
    if key.last_used_at is None or at - key.last_used_at >= _USED_EVERY:
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=at))
    return key, account


def revoke_key(session: Session, key_id: UUID, institution_id: UUID | None, *, at: datetime) -> ApiKey:
    """`institution_id` None: any institution's key (administrator). Again is harmless. Raises: NotFound."""
    query = select(ApiKey).where(ApiKey.id == key_id)
    key = session.scalar(query if institution_id is None else query.where(ApiKey.institution_id == institution_id))
    if key is None:
        raise NotFound(what="api-key")
    if key.revoked_at is None:
        key.revoked_at = at
    session.flush()
    return key


def list_keys(session: Session, institution_id: UUID | None) -> list[ApiKey]:
    """Newest first; None: all."""
    query = select(ApiKey).order_by(ApiKey.id.desc()).limit(500)
    return list(session.scalars(query if institution_id is None else query.where(ApiKey.institution_id == institution_id)))
