"""One decision about a finding by a person with fresh eyes, by hand or by a blind look. domain.md 2.3.2."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.lifecycle import advance
from storage.ledger import history
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent
from supervision.findings.models import Finding


def decide(
    session: Session,
    found: Finding,
    event: FindingEvent,
    *,
    reason: str,
    hash_verified: bool | None,
    actor: Actor,
    at: datetime,
    look: UUID | None = None,
) -> Finding:
    """Move a locked finding. `look` = the blind look in which `actor` said so. Raises: ForbiddenMove (`same-person`, `reason-needed`, …)."""
    seen_by = [str(i) for i in (found.recorded_by_id, found.decided_by_id) if i is not None]
    facts: dict[str, object] = {
        "code": found.code,
        "decided_by": str(actor.id) if actor.id else "",
        "seen_by": seen_by,
        "reason": reason.strip(),
        "hash_verified": hash_verified,
        "look": look,
    }
    advance(FINDING_MOVES, found.state, event, facts)
    found.decided_at, found.decided_by_id, found.decided_by, found.decision_reason = at, actor.id, actor.name, reason.strip()
    history.move(session, found, FINDING_MOVES, event, actor=actor, at=at, reason=reason.strip(), facts=facts)
    return found
