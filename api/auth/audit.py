"""What happens at the door is told twice: a line in the log for every try, an entry in the ledger for every change to who may do what."""

import logging
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from api.auth.models import Account, ApiKey
from storage.kernel.actor import Actor
from storage.ledger.service import append

log = logging.getLogger("classproof.auth")


def account_changed(session: Session, account: Account, act: str, *, actor: Actor, at: datetime, facts: Mapping[str, object] | None = None) -> None:
    """`account.<act>` in the ledger, in the transaction of the change. Never a secret, never a hash of one."""
    body = {"login_name": account.login_name, "role": account.role.value, **(facts or {})}
    append(session, actor=actor, at=at, action=f"account.{act}", subject=f"account/{account.id}", tenant=account.institution_id, body=body)


def key_changed(session: Session, key: ApiKey, act: str, *, actor: Actor, at: datetime) -> None:
    """`api-key.<act>` in the ledger; the prefix names the key, the secret is nowhere."""
    body = {"prefix": key.prefix, "name": key.name, "scopes": list(key.scopes)}
    append(session, actor=actor, at=at, action=f"api-key.{act}", subject=f"api-key/{key.id}", tenant=key.institution_id, body=body)


def tried(what: str, outcome: str, *, who: str, ip: str) -> None:
    """One line per try. `who` is an account's name or, for a name that does not exist, its hash: people type passwords into that field."""
    log.info("%s %s who=%r ip=%s", what, outcome, who, ip)
