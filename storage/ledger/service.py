"""Write one line of the ledger, in the transaction of the change it tells of: both are committed or neither."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import require_aware
from storage.ledger.models import LedgerEntry

BODY_VERSION = 1


def body_value(*, actor: Actor, at: datetime, action: str, subject: str, tenant: UUID | None, facts: Mapping[str, object]) -> dict[str, object]:
    """What the leaf commits to. A reader years later needs nothing but these fields, so they are spelled out."""
    return {
        "v": BODY_VERSION,
        "at": require_aware(at, "at"),
        "actor": {"kind": actor.kind, "id": actor.id, "name": actor.name, "role": actor.role},
        "action": action,
        "subject": subject,
        "tenant": tenant,
        "facts": dict(facts),
    }


def append(
    session: Session, *, actor: Actor, at: datetime, action: str, subject: str, tenant: UUID | None, body: Mapping[str, object]
) -> LedgerEntry:
    """Append an entry and flush it, so that `id` is known.

    `action` is `<noun>.<verb>` (`recording.verify`), `subject` is `<kind>/<id>`, `tenant` the institution that may read the entry
    (None: bureau only), `body` the facts: JSON-plain values, instants, dates, ids, enums; no floats.
    Raises: TypeError — a fact has no canonical form; ValueError — `at` has no time zone.
    """
    value = body_value(actor=actor, at=at, action=action, subject=subject, tenant=tenant, facts=body)
    entry = LedgerEntry(
        at=require_aware(at, "at"),
        tenant_id=tenant,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_role=actor.role,
        action=action,
        subject=subject,
        body=canonical_json(value),
    )
    session.add(entry)
    session.flush()
    return entry
