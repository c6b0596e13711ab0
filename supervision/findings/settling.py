"""Carry out what the blind looks mean for the findings of a lesson, and say when an officer may decide by hand instead. domain.md 2.3.2; ADR 0064.

Works from the rows alone: done again it changes nothing, killed in between it is done again by the next attempt.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.ledger import history
from supervision.findings import evidence, queries
from supervision.findings.blind_looks import Fact, Look, Ruling, rulings
from supervision.findings.deciding import decide
from supervision.findings.errors import BlindLookDecides
from supervision.findings.holds import Holds
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent
from supervision.findings.models import Finding
from supervision.spotchecks import looks
from supervision.spotchecks import queries as reviews
from supervision.spotchecks.lifecycle import JUDGED, OPEN_STATES, OutcomeState
from supervision.spotchecks.models import ReviewAssignment

BY_HAND: tuple[OutcomeState, ...] = (OutcomeState.DECIDED_FINDING, OutcomeState.VOID)


def due_rulings(session: Session, assignment_id: UUID) -> list[Ruling]:
    """The moves that are due for the findings of the assignment's lesson, in their order. Raises: AssignmentNotFound."""
    given = reviews.assignment(session, assignment_id)
    outcome = None if given.planted_from_id else looks.outcome_of(session, given.round_id, given.lesson_id)
    tasks: Sequence[ReviewAssignment] = [given] if given.planted_from_id else looks.looks_of(session, given.round_id, given.lesson_id)
    found = session.scalars(select(Finding).where(Finding.assignment_id.in_([task.id for task in tasks])).order_by(Finding.code))
    facts = [Fact(row.code, row.assignment_id, row.defect, row.state) for row in found if row.assignment_id is not None]
    known = [Look(t.look, t.id, t.inspector_account_id, JUDGED.get(t.state), t.state not in OPEN_STATES) for t in tasks]
    return rulings(known, facts, outcome.state if outcome else None)


def apply(session: Session, ruling: Ruling, *, verify: Callable[[Session, Finding], None], holds: Holds, actor: Actor, clock: Clock) -> Finding:
    """One ruling. `verify` reads the footage again before a fact is confirmed, and raises when it is not what the catalogue says.

    A decision is the reviewer's whose look it was; a void is `actor`'s. Raises: FindingNotFound, ForbiddenMove, what `verify` raises.
    """
    at = clock.now_at()
    found = queries.locked_finding(session, ruling.code)
    if ruling.by is None:
        facts = {"code": found.code, "reason": ruling.reason}
        history.move(session, found, FINDING_MOVES, FindingEvent.VOID, actor=actor, at=at, reason=ruling.reason, facts=facts)
    else:
        confirms = ruling.event in (FindingEvent.CONFIRM, FindingEvent.ADJUDICATE)
        if confirms:
            verify(session, found)
        look = reviews.assignment(session, ruling.by.assignment_id)
        reviewer = Actor(kind="account", name=look.inspector_login, role=reviews.role_of(session, look), id=look.inspector_account_id)
        decide(session, found, ruling.event, reason=ruling.reason, hash_verified=confirms or None, actor=reviewer, at=at, look=look.id)
    if ruling.event in (FindingEvent.VOID, FindingEvent.REJECT):
        evidence.release(session, found, holds, ruling.reason, actor=actor, at=at)
    return found


def decided_by_hand(session: Session, found: Finding) -> bool:
    """May an officer decide it after looking at the marked stretch? Not while, or when, the blind looks decide it; never for a known item."""
    if found.assignment_id is None:
        return True
    given = reviews.assignment(session, found.assignment_id)
    outcome = None if given.planted_from_id else looks.outcome_of(session, given.round_id, given.lesson_id)
    if outcome is None or outcome.state not in BY_HAND:
        return False
    return all(ruling.code != found.code for ruling in due_rulings(session, given.id))


def demand_by_hand(session: Session, found: Finding) -> None:
    """Raises: BlindLookDecides."""
    if not decided_by_hand(session, found):
        raise BlindLookDecides(finding=found.code)
