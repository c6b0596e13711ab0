"""Reads for the figures of reviewers. Only closed rounds count: while a round is open, nothing may show who was checked and by what. G16."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks.agreement import Judged
from supervision.spotchecks.lifecycle import JUDGED, VERDICT_OF, Verdict
from supervision.spotchecks.models import ReviewAssignment, ReviewItem, ReviewOutcome
from supervision.spotchecks.queries import stretch_of
from supervision.spotchecks.stretch import Stretch, total_ms

_CHECKED = (1, 2)  # the third look is only made where the first two differ: it says nothing about agreement


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Everything one inspector judged in closed rounds."""

    account_id: UUID
    login: str
    name: str
    judged: tuple[Judged, ...]


def reviewers(session: Session, *, since: datetime, account_id: UUID | None = None) -> list[Reviewer]:
    """Inspectors with a verdict in a round closed since then, by login; `account_id`: only that one."""
    rows = _rows(session, since)
    verdicts = {(a.round_id, a.lesson_id, a.look): JUDGED[a.state] for a, _, _ in rows if a.planted_from_id is None}
    mine = [(a, outcome, known) for a, outcome, known in rows if account_id in (None, a.inspector_account_id)]
    lengths = _footage_ms(session, [a.id for a, _, _ in mine])
    found: dict[UUID, list[Judged]] = {}
    names: dict[UUID, tuple[str, str]] = {}
    for assignment, outcome, known in mine:
        names[assignment.inspector_account_id] = (assignment.inspector_login, assignment.inspector_name)
        one = Judged(
            verdict=JUDGED[assignment.state],
            other=_other(assignment, verdicts),
            truth=VERDICT_OF.get(known.state) if known else _truth(outcome),
            took_s=_took_s(assignment),
            footage_s=lengths.get(assignment.id, 0) / 1000,
        )
        found.setdefault(assignment.inspector_account_id, []).append(one)
    made = [Reviewer(account, *names[account], tuple(judged)) for account, judged in found.items()]
    return sorted(made, key=lambda r: r.login)


def _rows(session: Session, since: datetime) -> list[tuple[ReviewAssignment, ReviewOutcome | None, ReviewOutcome | None]]:
    """(assignment, outcome in its round, outcome that was known beforehand)."""
    known = aliased(ReviewOutcome)
    rows = session.execute(
        select(ReviewAssignment, ReviewOutcome, known)
        .join(DrawRound, DrawRound.id == ReviewAssignment.round_id)
        .outerjoin(ReviewOutcome, (ReviewOutcome.round_id == ReviewAssignment.round_id) & (ReviewOutcome.lesson_id == ReviewAssignment.lesson_id))
        .outerjoin(known, known.id == ReviewAssignment.planted_from_id)
        .where(DrawRound.state == DrawState.CLOSED, DrawRound.closed_at >= since, ReviewAssignment.state.in_(tuple(JUDGED)))
        .order_by(ReviewAssignment.judged_at, ReviewAssignment.id)
    )
    return [(assignment, outcome, beforehand) for assignment, outcome, beforehand in rows]


def _other(assignment: ReviewAssignment, verdicts: dict[tuple[UUID, UUID, int], Verdict]) -> Verdict | None:
    if assignment.planted_from_id is not None or assignment.look not in _CHECKED:
        return None
    return verdicts.get((assignment.round_id, assignment.lesson_id, sum(_CHECKED) - assignment.look))


def _truth(outcome: ReviewOutcome | None) -> Verdict | None:
    """What at least two blind looks agreed on; a single *ok* is not known to be true."""
    return VERDICT_OF.get(outcome.state) if outcome and outcome.looks >= 2 else None


def _took_s(assignment: ReviewAssignment) -> float:
    if assignment.started_at is None or assignment.judged_at is None:
        return 0.0
    return (assignment.judged_at - assignment.started_at).total_seconds()


def _footage_ms(session: Session, assignment_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Wall-clock time shown by each assignment, cameras side by side once."""
    shown: dict[UUID, list[Stretch]] = {}
    for assignment_id, span in session.execute(select(ReviewItem.assignment_id, ReviewItem.span).where(ReviewItem.assignment_id.in_(assignment_ids))):
        shown.setdefault(assignment_id, []).append(stretch_of(span))
    return {assignment_id: total_ms(stretches) for assignment_id, stretches in shown.items()}
