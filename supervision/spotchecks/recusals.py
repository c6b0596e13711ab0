"""The recusal register (回避): who must not judge which institution, from when until when. R55; domain.md 2.3.2."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import service as ledger
from supervision.institutions.models import Institution
from supervision.spotchecks.errors import MalformedRecusal, MustStandAside
from supervision.spotchecks.models import Recusal


def enter_recusal(
    session: Session,
    *,
    inspector_account_id: UUID,
    institution_id: UUID,
    reason: str,
    source: str,
    from_on: date,
    until_on: date | None,
    actor: Actor,
    clock: Clock,
) -> Recusal:
    """Enter a recusal, `declared` by the person or `detected` by the bureau; in force on `[from_on, until_on)`. Raises: MalformedRecusal."""
    errors: list[dict[str, object]] = []
    if not reason.strip():
        errors.append({"where": "reason", "code": "missing", "value": ""})
    if source not in ("declared", "detected"):
        errors.append({"where": "source", "code": "unknown", "value": source})
    if until_on is not None and until_on <= from_on:
        errors.append({"where": "until_on", "code": "before-start", "value": until_on.isoformat()})
    if errors:
        raise MalformedRecusal(errors=errors)
    entered = Recusal(
        inspector_account_id=inspector_account_id,
        institution_id=institution_id,
        reason=reason.strip(),
        source=source,
        from_on=from_on,
        until_on=until_on,
        recorded_at=clock.now_at(),
        recorded_by=actor.name,
    )
    session.add(entered)
    session.flush()
    facts = {"inspector": inspector_account_id, "institution": institution_id, "source": source, "from_on": from_on, "until_on": until_on}
    ledger.append(
        session,
        actor=actor,
        at=entered.recorded_at,
        action="recusal.entered",
        subject=f"recusal/{entered.id}",
        tenant=None,
        body={**facts, "reason": entered.reason},
    )
    return entered


def standing(session: Session, account_id: UUID, on: date) -> Sequence[tuple[Recusal, Institution]]:
    """What bars a person on a day, by institution."""
    rows = session.execute(
        select(Recusal, Institution)
        .join(Institution, Institution.id == Recusal.institution_id)
        .where(Recusal.inspector_account_id == account_id, Recusal.from_on <= on, or_(Recusal.until_on.is_(None), Recusal.until_on > on))
        .order_by(Institution.code, Recusal.from_on, Recusal.id)
    )
    return [(recusal, institution) for recusal, institution in rows]


def barring(session: Session, account_id: UUID, institutions: Collection[UUID], on: date) -> tuple[Recusal, Institution] | None:
    """The first entry that bars this person from any of these institutions on that day."""
    return next(((recusal, institution) for recusal, institution in standing(session, account_id, on) if institution.id in institutions), None)


def require_free(session: Session, account_id: UUID, institutions: Collection[UUID], on: date) -> None:
    """Raises: MustStandAside — 回避."""
    if found := barring(session, account_id, institutions, on):
        recusal, institution = found
        raise MustStandAside(institution=institution.name, since=recusal.from_on, reason=recusal.reason)
