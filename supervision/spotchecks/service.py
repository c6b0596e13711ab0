"""Use-cases of the review: give drawn lessons to drawn inspectors, start, count what is watched, judge, recuse. domain.md 2.3.2; G9, G17."""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.events import Event, Events
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes.models import Lesson
from supervision.sampling import queries as draws
from supervision.sampling import service as sampling
from supervision.sampling.errors import NotDrawn
from supervision.sampling.lifecycle import DRAWN_STATES, DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import interests, looks, queries, results
from supervision.spotchecks.errors import AssignmentNotFound, MalformedBeat, NotWatchedEnough, ReviewItemNotFound
from supervision.spotchecks.giving import give, minutes_drawn
from supervision.spotchecks.inspectors import Inspector, Task, draw_inspectors
from supervision.spotchecks.lifecycle import (
    ASSIGNMENT_MOVES,
    OPEN_STATES,
    OUTCOME_MOVES,
    UNDECIDED,
    AssignmentEvent,
    AssignmentState,
    OutcomeEvent,
    OutcomeState,
    Verdict,
)
from supervision.spotchecks.look_lines import ResultsRule
from supervision.spotchecks.models import PlaybackBeat, ReviewAssignment, ReviewItem, ReviewOutcome, ReviewPlan
from supervision.spotchecks.outcomes import SALT_BYTES, look_seed, planted_count, salt_commitment
from supervision.spotchecks.planting import plants
from supervision.spotchecks.recusals import enter_recusal
from supervision.spotchecks.rules import ReviewRule
from supervision.spotchecks.stretch import total_ms

ENDED_EVENT = "review.ended"


def assign(
    session: Session,
    code: str,
    *,
    inspectors: Collection[Inspector],
    rule: ReviewRule,
    due_at: datetime | None,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> Sequence[ReviewAssignment]:
    """Give every drawn lesson of the round to an inspector, once; the same call again answers the same assignments.

    Publishes `review.assigned {assignment_id}` for each, so that viewing copies can be prepared.
    Raises: RoundNotFound, NotDrawn, NoEligibleInspector.
    """
    at = clock.now_at()
    round_ = draws.locked_round(session, code)
    if round_.state is not DrawState.DRAWN:
        raise NotDrawn(round=code, state=round_.state.value)
    existing = queries.assignments_of_round(session, round_.id)
    if existing:
        return existing
    tickets = draws.selected(session, round_.id)
    lesson_ids = draws.lessons_of(session, round_.id, [t.natural_id for t in tickets])
    lessons = {lesson.natural_id: lesson for lesson in session.scalars(select(Lesson).where(Lesson.id.in_(lesson_ids.values())))}
    interests.detect(session, cooling_off_years=rule.cooling_off_years, actor=actor, clock=clock)
    recused = queries.recused_accounts(session, local_date(at))
    seed, plan = round_.seed or b"", _make_plan(session, round_, rule, actor=actor, at=at)
    tasks = [Task(t.rank, t.natural_id, frozenset(recused.get(lessons[t.natural_id].institution_id, ()))) for t in tickets]
    footage = queries.footage_of(session, list(lesson_ids.values()))
    drawn = draw_inspectors(tasks, inspectors, seed)
    for one in drawn:
        _begin_outcome(session, round_, one.task, lessons[one.task.natural_id], actor=actor, at=at)
    known = plants(
        session,
        count=planted_count(len(tasks), rule.planted_permille),
        looks=look_seed(seed, plan.salt),
        inspectors=inspectors,
        loads=dict(Counter(one.inspector.account_id for one in drawn)),
        recused=recused,
        without=list(lesson_ids.values()),
        watch_permille=rule.watch_permille,
        period=draws.period_span(round_),
    )
    planted = {one.chosen.ticket: one for one in known}
    standing = draws.tiers_of(session, list(lesson_ids.values()), on=local_date(at))
    # in the order of the tickets, so that the place in an inspector's list says nothing about a task
    for chosen in sorted([*drawn, *(one.chosen for one in known)], key=lambda c: c.ticket):
        by: dict[str, Any] = {"due_at": due_at, "actor": actor, "at": at, "events": events}  # Any: keywords of `give`
        if plant := planted.get(chosen.ticket):
            give(session, round_, plant.lesson, chosen, plant.minutes, planted_from=plant.outcome.id, **by)
        else:
            lesson = lessons[chosen.task.natural_id]
            minutes = minutes_drawn(footage.get(lesson.id, []), rule, seed=seed, natural_id=lesson.natural_id, tier=standing[lesson.id])
            give(session, round_, lesson, chosen, minutes, **by)
    return queries.assignments_of_round(session, round_.id)


def start(session: Session, assignment_id: UUID, *, actor: Actor, clock: Clock) -> ReviewAssignment:
    """The inspector opens the task. Opening it again changes nothing. Raises: AssignmentNotFound, ForbiddenMove."""
    found = queries.locked_assignment(session, assignment_id, inspector_id=_account(actor, assignment_id))
    if found.state is AssignmentState.REVIEWING:
        return found
    advance(ASSIGNMENT_MOVES, found.state, AssignmentEvent.START)
    found.started_at = clock.now_at()
    history.move(session, found, ASSIGNMENT_MOVES, AssignmentEvent.START, actor=actor, at=found.started_at)
    return found


def record_beat(
    session: Session,
    assignment_id: UUID,
    *,
    item_id: UUID,
    player: str,
    position_ms: int,
    rate_permille: int,
    visible: bool,
    actor: Actor,
    clock: Clock,
) -> PlaybackBeat:
    """A sign of life of the inspector's player, every few seconds and at every change of speed, seek, pause or visibility.

    Raises: AssignmentNotFound — not this inspector's, or not under review; ReviewItemNotFound, MalformedBeat.
    """
    errors = [
        {"where": name, "code": "out-of-range", "value": value}
        for name, value, most in (("position_ms", position_ms, 1 << 40), ("rate_permille", rate_permille, 16_000))
        if not 0 <= value <= most
    ]
    if not 1 <= len(player) <= 64:
        errors.append({"where": "player", "code": "wrong-length", "value": len(player)})
    if errors:
        raise MalformedBeat(errors=errors)
    found = queries.assignment(session, assignment_id, inspector_id=_account(actor, assignment_id))
    if found.state is not AssignmentState.REVIEWING:
        raise AssignmentNotFound(assignment=str(assignment_id))
    if session.scalar(select(ReviewItem.id).where(ReviewItem.id == item_id, ReviewItem.assignment_id == found.id)) is None:
        raise ReviewItemNotFound(item=str(item_id))
    beat = PlaybackBeat(
        assignment_id=found.id,
        item_id=item_id,
        player=player,
        at=clock.now_at(),
        position_ms=position_ms,
        rate_permille=rate_permille,
        visible=visible,
    )
    session.add(beat)
    session.flush()
    return beat


def judge(
    session: Session, assignment_id: UUID, *, verdict: Verdict, findings: int, note: str, actor: Actor, clock: Clock, events: Events
) -> ReviewAssignment:
    """Sign off. `findings` = how many this assignment has recorded, counted by the next stage.

    Publishes `review.ended {assignment_id}`: what follows (`looks.follow`) is nothing the inspector waits for or could read from the answer.
    Raises: AssignmentNotFound, NotWatchedEnough, ForbiddenMove — `findings-recorded` / `no-finding-recorded` contradict the verdict.
    """
    at = clock.now_at()
    found = queries.locked_assignment(session, assignment_id, inspector_id=_account(actor, assignment_id))
    watched_s = total_ms(queries.watched(session, found.id)) // 1000
    if found.state is AssignmentState.REVIEWING and watched_s < found.required_watch_s:
        raise NotWatchedEnough(watched_s=watched_s, required_watch_s=found.required_watch_s)
    event = AssignmentEvent.JUDGE_OK if verdict is Verdict.OK else AssignmentEvent.JUDGE_FINDING
    facts = {"watched_s": watched_s, "required_watch_s": found.required_watch_s, "findings": findings, "natural_id": found.natural_id}
    advance(ASSIGNMENT_MOVES, found.state, event, facts)
    found.judged_at, found.watched_s, found.note = at, watched_s, note.strip()
    history.move(session, found, ASSIGNMENT_MOVES, event, actor=actor, at=at, facts=facts)
    events.publish(session, Event(ENDED_EVENT, {"assignment_id": str(found.id)}))
    return found


def recuse(
    session: Session,
    assignment_id: UUID,
    *,
    reason: str,
    inspectors: Collection[Inspector],
    rule: ReviewRule,
    due_at: datetime | None,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> None:
    """回避: end this assignment, enter the recusal in the register and draw another inspector for the same minutes.

    Nobody is kept from stepping aside: where nobody else is eligible, the lesson waits as a duty of the office (`looks.waiting`).
    A known item just ends. Publishes `review.ended {assignment_id}`. Raises: AssignmentNotFound, ForbiddenMove (`reason-needed`, or judged).
    """
    at = clock.now_at()
    code = _code_of(session, assignment_id)
    round_ = draws.locked_round(session, code)
    old = queries.locked_assignment(session, assignment_id)
    history.move(session, old, ASSIGNMENT_MOVES, AssignmentEvent.RECUSE, actor=actor, at=at, reason=reason, facts={"reason": reason})
    enter_recusal(
        session,
        inspector_account_id=old.inspector_account_id,
        institution_id=old.institution_id,
        reason=reason,
        source="declared",
        from_on=local_date(at),
        until_on=None,
        actor=actor,
        clock=clock,
    )
    if old.planted_from_id is None:
        outcome = looks.locked_outcome(session, round_.id, old.lesson_id)
        looks.proceed(session, round_, outcome, inspectors=inspectors, rule=rule, due_at=due_at, actor=actor, at=at, events=events)
    events.publish(session, Event(ENDED_EVENT, {"assignment_id": str(old.id)}))


def close_round(session: Session, code: str, *, rule: ResultsRule, actor: Actor, clock: Clock) -> DrawRound:
    """End a round when every lesson has its outcome and every known item its verdict; the salt and the results of its looks are published.

    Raises: RoundNotFound, NotDrawn, ForbiddenMove (`items-open`).
    """
    round_ = draws.locked_round(session, code)
    if round_.state not in DRAWN_STATES or not looks.outcomes(session, round_.id):
        raise NotDrawn(round=code, state=round_.state.value)
    still_open = queries.open_count(session, round_.id)
    tells = not still_open and results.strata_may_be_told(session, round_, rule)
    bad = results.bad_lessons(session, round_.id) if tells else None
    closed = sampling.close(session, code, open_items=still_open, actor=actor, clock=clock, bad_lessons=bad)
    results.publish(session, round_, rule, actor=actor, at=clock.now_at())
    plan = looks.plan_of(session, round_.id)
    body = {"salt": plan.salt.hex(), "commitment": plan.commitment.hex()}
    ledger.append(session, actor=actor, at=clock.now_at(), action="review-plan.revealed", subject=f"draw/{code}", tenant=None, body=body)
    return closed


def void_round(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock, events: Events) -> DrawRound:
    """Declare a round void together with its open assignments and outcomes; what is judged or decided stays as it is.

    Publishes `review.ended` for each. Raises: as `sampling.service.void`.
    """
    round_ = sampling.void(session, code, reason=reason, actor=actor, clock=clock)
    by: dict[str, Any] = {"actor": actor, "at": clock.now_at(), "reason": reason, "facts": {"reason": reason}}  # Any: keywords of `move`
    for found in (*queries.assignments_of_round(session, round_.id), *queries.planted_of_round(session, round_.id)):
        if found.state in OPEN_STATES:
            history.move(session, queries.locked_assignment(session, found.id), ASSIGNMENT_MOVES, AssignmentEvent.VOID, **by)
        events.publish(session, Event(ENDED_EVENT, {"assignment_id": str(found.id)}))
    for outcome in looks.outcomes(session, round_.id):
        if outcome.state in UNDECIDED:
            history.move(session, outcome, OUTCOME_MOVES, OutcomeEvent.VOID, **by)
    return round_


def _make_plan(session: Session, round_: DrawRound, rule: ReviewRule, *, actor: Actor, at: datetime) -> ReviewPlan:
    """The salt nobody chose and nobody sees before the round is closed; its commitment is in the ledger from now on."""
    salt = secrets.token_bytes(SALT_BYTES)
    plan = ReviewPlan(
        round_id=round_.id,
        salt=salt,
        commitment=salt_commitment(salt),
        clean_permille=rule.clean_second_look_permille,
        planted_permille=rule.planted_permille,
        made_at=at,
    )
    session.add(plan)
    session.flush()
    body = {"commitment": plan.commitment.hex(), "clean_permille": plan.clean_permille, "planted_permille": plan.planted_permille}
    ledger.append(session, actor=actor, at=at, action="review-plan.made", subject=f"draw/{round_.code}", tenant=None, body=body)
    return plan


def _begin_outcome(session: Session, round_: DrawRound, task: Task, lesson: Lesson, *, actor: Actor, at: datetime) -> None:
    outcome = ReviewOutcome(
        round_id=round_.id,
        rank=task.rank,
        lesson_id=lesson.id,
        natural_id=lesson.natural_id,
        institution_id=lesson.institution_id,
        state=OutcomeState.LOOKING,
        looks=0,
    )
    facts = {"round": round_.code, "natural_id": lesson.natural_id}
    history.begin(session, outcome, actor=actor, at=at, event="begin", clause="2.3.2", facts=facts)


def _account(actor: Actor, assignment_id: UUID) -> UUID:
    if actor.id is None:
        raise AssignmentNotFound(assignment=str(assignment_id))
    return actor.id


def _code_of(session: Session, assignment_id: UUID) -> str:
    code = session.scalar(
        select(DrawRound.code).join(ReviewAssignment, ReviewAssignment.round_id == DrawRound.id).where(ReviewAssignment.id == assignment_id)
    )
    if code is None:
        raise AssignmentNotFound(assignment=str(assignment_id))
    return code
