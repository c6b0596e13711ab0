"""What follows a verdict: the outcome stands, or the next blind look is drawn, or it waits for somebody who may look. domain.md 2.3.2; G9, G16.

Every step starts from the rows alone and is done under the lock of the round, so it may be repeated, killed and raced: it happens once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.events import Event, Events
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.sampling import queries as draws
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import queries
from supervision.spotchecks.errors import NoEligibleInspector, OutcomeNotFound
from supervision.spotchecks.giving import give, minutes_drawn, minutes_of
from supervision.spotchecks.inspectors import Inspector, Task, draw_inspectors
from supervision.spotchecks.lifecycle import (
    JUDGED,
    OPEN_STATES,
    OUTCOME_MOVES,
    UNDECIDED,
    AssignmentState,
    OutcomeEvent,
    OutcomeState,
    Verdict,
)
from supervision.spotchecks.models import ReviewAssignment, ReviewOutcome, ReviewPlan
from supervision.spotchecks.outcomes import Decided, in_clean_share, look_seed, next_step
from supervision.spotchecks.rules import ReviewRule

FOLLOWED_EVENT: Final = "review.followed"


def follow(
    session: Session,
    assignment_id: UUID,
    *,
    inspectors: Collection[Inspector],
    rule: ReviewRule,
    due_at: datetime | None,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> ReviewOutcome | None:
    """Work out what follows from the end of this assignment. A known item has no outcome: None.

    Publishes `review.followed {assignment_id}`. Raises: AssignmentNotFound.
    """
    ended = queries.assignment(session, assignment_id)
    outcome = None
    if ended.planted_from_id is None:
        round_ = draws.locked_round(session, _code(session, ended.round_id))
        outcome = locked_outcome(session, round_.id, ended.lesson_id)
        proceed(session, round_, outcome, inspectors=inspectors, rule=rule, due_at=due_at, actor=actor, at=clock.now_at(), events=events)
    events.publish(session, Event(FOLLOWED_EVENT, {"assignment_id": str(ended.id)}))
    return outcome


def draw_waiting(
    session: Session,
    code: str,
    *,
    inspectors: Collection[Inspector],
    rule: ReviewRule,
    due_at: datetime | None,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> int:
    """Draw again for every lesson of a round that waits for an eligible inspector. Returns how many found one. Raises: RoundNotFound."""
    round_ = draws.locked_round(session, code)
    due = [outcome for outcome in outcomes(session, round_.id) if outcome.state is OutcomeState.WAITING]
    for outcome in due:
        proceed(session, round_, outcome, inspectors=inspectors, rule=rule, due_at=due_at, actor=actor, at=clock.now_at(), events=events)
    return sum(outcome.state is not OutcomeState.WAITING for outcome in due)


def proceed(
    session: Session,
    round_: DrawRound,
    outcome: ReviewOutcome,
    *,
    inspectors: Collection[Inspector],
    rule: ReviewRule,
    due_at: datetime | None,
    actor: Actor,
    at: datetime,
    events: Events,
) -> None:
    """One step of a lesson whose round is locked: decide, give the next look, or note that nobody may look."""
    if outcome.state not in UNDECIDED or round_.state is not DrawState.DRAWN:
        return
    given = looks_of(session, round_.id, outcome.lesson_id)
    if any(a.state in OPEN_STATES for a in given):
        return
    verdicts = verdicts_of(given)
    plan = plan_of(session, round_.id)
    clean = in_clean_share(look_seed(round_.seed or b"", plan.salt), outcome.natural_id, plan.clean_permille)
    step = next_step(verdicts, clean_share=clean)
    if isinstance(step, Decided):
        _decide(session, outcome, step.verdict, verdicts, clean_share=clean, actor=actor, at=at)
        return
    barred = queries.recused_accounts(session, local_date(at)).get(outcome.institution_id, set())
    task = Task(outcome.rank, outcome.natural_id, frozenset(barred | queries.seen_by(session, outcome.lesson_id)))
    seed = (round_.seed or b"") if step.look == 1 else look_seed(round_.seed or b"", plan.salt)
    try:
        (chosen,) = draw_inspectors([task], inspectors, seed, loads=queries.loads(session, round_.id), look=step.look)
    except NoEligibleInspector as nobody:
        if outcome.state is OutcomeState.LOOKING:
            outcome.waiting_since_at = at
            facts = {"natural_id": outcome.natural_id, "look": step.look, "reason": nobody.code, "inspectors": nobody.facts["inspectors"]}
            history.move(session, outcome, OUTCOME_MOVES, OutcomeEvent.WAIT, actor=actor, at=at, reason=nobody.code, facts=facts)
        return
    if outcome.state is OutcomeState.WAITING:
        outcome.waiting_since_at = None
        history.move(session, outcome, OUTCOME_MOVES, OutcomeEvent.RESUME, actor=actor, at=at, facts={"look": step.look})
    lesson = session.get_one(Lesson, outcome.lesson_id)
    replaces = next((a for a in reversed(given) if a.look == step.look and a.state is AssignmentState.RECUSED), None)
    if given:
        minutes = minutes_of(session, given[0], watch_permille=rule.watch_permille)
    else:
        footage = queries.footage_of(session, [lesson.id]).get(lesson.id, [])
        tier = draws.tiers_of(session, [lesson.id], on=local_date(at))[lesson.id]
        minutes = minutes_drawn(footage, rule, seed=round_.seed or b"", natural_id=lesson.natural_id, tier=tier)
    give(session, round_, lesson, chosen, minutes, look=step.look, due_at=due_at, actor=actor, at=at, events=events, replaces=replaces)


def looks_of(session: Session, round_id: UUID, lesson_id: UUID) -> Sequence[ReviewAssignment]:
    """Every assignment of a drawn lesson, replaced ones too, in the order of the looks; known items left out."""
    return session.scalars(
        select(ReviewAssignment)
        .where(ReviewAssignment.round_id == round_id, ReviewAssignment.lesson_id == lesson_id, ReviewAssignment.planted_from_id.is_(None))
        .order_by(ReviewAssignment.look, ReviewAssignment.assigned_at, ReviewAssignment.id)
        .execution_options(populate_existing=True)
    ).all()


def verdicts_of(given: Sequence[ReviewAssignment]) -> list[Verdict]:
    """The verdicts of what is judged, in the order of the looks."""
    return [JUDGED[a.state] for a in given if a.state in JUDGED]


def look_due(session: Session, outcome: ReviewOutcome) -> int:
    """The number of the look that an undecided lesson needs next."""
    return len(verdicts_of(looks_of(session, outcome.round_id, outcome.lesson_id))) + 1


def plan_of(session: Session, round_id: UUID) -> ReviewPlan:
    """How the later looks of an assigned round are drawn. Raises: OutcomeNotFound — it was never assigned."""
    plan = session.scalars(select(ReviewPlan).where(ReviewPlan.round_id == round_id)).one_or_none()
    if plan is None:
        raise OutcomeNotFound(round=str(round_id), lesson="")
    return plan


def outcomes(session: Session, round_id: UUID) -> Sequence[ReviewOutcome]:
    """All lessons of an assigned round by rank."""
    return session.scalars(select(ReviewOutcome).where(ReviewOutcome.round_id == round_id).order_by(ReviewOutcome.rank)).all()


def outcome_of(session: Session, round_id: UUID, lesson_id: UUID) -> ReviewOutcome | None:
    """One lesson of a round; None when it was not drawn there."""
    return session.scalars(select(ReviewOutcome).where(ReviewOutcome.round_id == round_id, ReviewOutcome.lesson_id == lesson_id)).one_or_none()


def locked_outcome(session: Session, round_id: UUID, lesson_id: UUID) -> ReviewOutcome:
    """The same under FOR UPDATE. Raises: OutcomeNotFound."""
    found = session.scalars(
        select(ReviewOutcome).where(ReviewOutcome.round_id == round_id, ReviewOutcome.lesson_id == lesson_id).with_for_update(),
        execution_options={"populate_existing": True},
    ).one_or_none()
    if found is None:
        raise OutcomeNotFound(round=str(round_id), lesson=str(lesson_id))
    return found


def waiting(session: Session) -> Sequence[tuple[str, ReviewOutcome]]:
    """(round code, outcome) of every lesson that waits for an eligible inspector, longest waiting first: duties of the office."""
    rows = session.execute(
        select(DrawRound.code, ReviewOutcome)
        .join(DrawRound, DrawRound.id == ReviewOutcome.round_id)
        .where(ReviewOutcome.state == OutcomeState.WAITING)
        .order_by(ReviewOutcome.waiting_since_at, ReviewOutcome.id)
    )
    return [(code, outcome) for code, outcome in rows]


def _decide(
    session: Session, outcome: ReviewOutcome, verdict: Verdict, verdicts: Sequence[Verdict], *, clean_share: bool, actor: Actor, at: datetime
) -> None:
    outcome.decided_at, outcome.looks = at, len(verdicts)
    event = OutcomeEvent.DECIDE_OK if verdict is Verdict.OK else OutcomeEvent.DECIDE_FINDING
    facts = {"natural_id": outcome.natural_id, "verdicts": [v.value for v in verdicts], "clean_share": clean_share}
    history.move(session, outcome, OUTCOME_MOVES, event, actor=actor, at=at, facts=facts)
    outcome.entry_id = history.timeline(session, outcome.MACHINE, outcome.id)[-1].entry_id
    session.flush()


def _code(session: Session, round_id: UUID) -> str:
    return session.get_one(DrawRound, round_id).code
