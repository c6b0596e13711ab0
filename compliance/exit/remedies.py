"""Reconsideration and litigation against a decision in force: recorded as the deciding authority tells it, carried out the same moment. 2.1, 2.3.5.

The decision stays in force meanwhile unless the authority orders a stay, which is a reversal by its document. A review may lighten, never worsen.
"""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.exit import effects, queries
from compliance.exit.acts import demand
from compliance.exit.errors import MalformedExit
from compliance.exit.lifecycle import CHALLENGE_MOVES, REVOCABLE, ChallengeEvent, ChallengeState
from compliance.exit.models import ChallengeKind, ExitCase, ExitChallenge
from compliance.exit.rules import RemedyRule, reconsider_until, sue_until
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.events import Events
from storage.ledger import history
from supervision.findings.holds import Holds


def last_day(row: ExitCase, kind: ChallengeKind, rule: RemedyRule) -> date | None:
    """Until when the decision can be contested; None while it was not served."""
    if row.served_at is None:
        return None
    served_on = local_date(row.served_at)
    return reconsider_until(served_on, rule) if kind is ChallengeKind.RECONSIDERATION else sue_until(served_on, rule)


def record(
    session: Session,
    code: str,
    *,
    kind: ChallengeKind,
    authority: str,
    document: str,
    filed_on: date,
    late_reason: str,
    rule: RemedyRule,
    actor: Actor,
    clock: Clock,
) -> ExitChallenge:
    """An authority accepted it. After the last day only with the reason why it accepted it all the same. Raises: MalformedExit, Conflict."""
    row = queries.case(session, code, lock=True)
    demand(authority=authority, document=document)
    until = last_day(row, kind, rule)
    errors: list[dict[str, object]] = []
    if until is None or row.state not in REVOCABLE:
        errors.append({"where": "case", "code": "not-now", "value": row.state.value})
    elif filed_on > until and not late_reason.strip():
        errors.append({"where": "late_reason", "code": "missing", "value": until.isoformat()})
    elif row.served_at is not None and filed_on < local_date(row.served_at):
        errors.append({"where": "filed_on", "code": "too-early", "value": filed_on.isoformat()})
    if any(one.kind is kind and one.state is ChallengeState.PENDING for one in queries.challenges(session, row.id)):
        errors.append({"where": "kind", "code": "repeated", "value": kind.value})
    if errors or until is None:
        raise MalformedExit(errors=errors)
    made = ExitChallenge(
        case_id=row.id,
        institution_id=row.institution_id,
        kind=kind,
        state=ChallengeState.PENDING,
        authority=authority.strip(),
        document=document.strip(),
        filed_on=filed_on,
        late=filed_on > until,
        late_reason=late_reason.strip() if filed_on > until else "",
    )
    facts = {"case": row.code, "kind": kind, "authority": authority.strip(), "document": document.strip(), "filed_on": filed_on, "late": made.late}
    history.begin(session, made, actor=actor, at=clock.now_at(), event="record", clause="2.1", facts=facts)
    return made


def conclude(
    session: Session,
    code: str,
    challenge_id: UUID,
    *,
    event: ChallengeEvent,
    document: str,
    decided_on: date,
    months: int,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    events: Events,
    name: str = "",
) -> ExitChallenge:
    """What the authority decided, carried out in the same transaction: upheld, changed to `months`, revoked, or ended without a ruling.

    Raises: ChallengeNotFound, MalformedExit, ForbiddenMove.
    """
    row = queries.case(session, code, lock=True)
    found = queries.challenge(session, row.id, challenge_id)
    demand(document=document)
    lighter = event is not ChallengeEvent.CHANGE or 0 < months < row.months
    if not lighter:
        raise MalformedExit(errors=[{"where": "months", "code": "not-lighter", "value": f"{months} < {row.months}"}])
    facts = {"document": True, "named": document.strip(), "lighter": lighter, "months": months, "decided_on": decided_on}
    found.outcome_document, found.decided_on = document.strip(), decided_on
    with session.no_autoflush:
        history.move(session, found, CHALLENGE_MOVES, event, actor=actor, at=clock.now_at(), facts=facts)
    if event is ChallengeEvent.REVOKE:
        reason = f"{found.authority}撤销原决定"
        effects.revoke(session, code, reason=reason, document=document, holds=holds, actor=actor, clock=clock, events=events, name=name)
    elif event is ChallengeEvent.CHANGE:
        effects.shorten(session, row, months=months, document=document.strip(), actor=actor, clock=clock)
    return found
