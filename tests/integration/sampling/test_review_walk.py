"""Random walks over looks, marks, verdicts and releases of originals with the real services: nothing happens out of turn. 2.3.2; G16, G17."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.actor import SYSTEM_ACTOR, Actor
from storage.kernel.errors import DomainError
from storage.ledger.models import StateMove
from supervision.findings import queries as findings_q
from supervision.findings import service as findings
from supervision.findings.rules import DefectCode, Severity
from supervision.releases import queries as releases_q
from supervision.releases import service as releases
from supervision.releases.lifecycle import LIVE_STATES, RELEASE_MOVES, ReleaseState
from supervision.releases.models import FootageRelease
from supervision.releases.rules import ReleaseRule
from supervision.sampling.models import DrawRound
from supervision.spotchecks import answers, looks, marks, queries, signing
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.checklists import Answer, Given, unanswered
from supervision.spotchecks.flags import Flag, flags_of
from supervision.spotchecks.inspectors import Inspector
from supervision.spotchecks.lifecycle import ASSIGNMENT_MOVES, JUDGED, OPEN_STATES, OUTCOME_MOVES, AssignmentState, OutcomeState, Verdict
from supervision.spotchecks.mark_lifecycle import MARK_MOVES, MarkState
from supervision.spotchecks.models import ReviewAssignment, ReviewItem, ReviewOutcome
from supervision.spotchecks.result_models import ReviewResultLine
from supervision.spotchecks.room_models import ReviewMark
from supervision.spotchecks.rules import ReviewRule
from tests.integration.sampling.stage import BUREAU, RESULTS, REVIEW, Stage, Unheld
from tests.integration.sampling.test_reviews_and_findings import assign, inspector_of, watch

PEOPLE = tuple(Inspector(f"inspector-{n:02d}", UUID(int=100 + n), f"检查员{n}") for n in range(4))
# which clean lessons are looked at twice follows from a salt that nobody knows: the short walk leaves it out, so that it goes the same way each time
SHORT, LONG = (replace(REVIEW, clean_second_look_permille=share, planted_permille=0) for share in (0, 300))
RELEASE = ReleaseRule(release_decide_hours=48, release_open_hours=24, release_longest_s=300)
OFFICER = Actor("account", "second-officer", "bureau-officer", UUID(int=50))
MACHINES: dict[str, Any] = {  # Any: moves of several machines
    "review-assignment": ASSIGNMENT_MOVES,
    "review-outcome": OUTCOME_MOVES,
    "review-mark": MARK_MOVES,
    "footage-release": RELEASE_MOVES,
}
LISTED = {name: {(state.value, event.value, move.to.value) for (state, event), move in moves.items()} for name, moves in MACHINES.items()}
OUTSIDE = (PUBLIC, Scope("institution", UUID(int=7)))
WALLED = (ReviewAssignment, ReviewItem, ReviewOutcome, ReviewMark, FootageRelease, ReviewResultLine)
IN_ORDER = (ReviewAssignment.rank, ReviewAssignment.look, ReviewAssignment.assigned_at, ReviewAssignment.id)
some = st.integers(0, 50)


def name_of(state: StrEnum) -> str:
    """Of several machines: *void* of one is not *void* of another."""
    return f"{type(state).__name__} {state.value}"


def noticed(_session: Session, items: Sequence[ReviewItem]) -> list[Flag]:
    """A machine that notices something about everything it is shown."""
    return [Flag(one.span.lower, one.span.upper, "no-sound", "没有声音", "no sound") for one in items if one.span.lower and one.span.upper]


class ReviewWalk(RuleBasedStateMachine):
    """Any call by anybody at any time; refusals are fine, forbidden results are not. Each walk is a savepoint that is rolled back."""

    session: Session
    round_id: UUID
    now: datetime
    rule_in_force: ReviewRule
    reached: set[str]

    @initialize()
    def begin(self) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage = Stage(self.session, now=self.now)
        self.names = itertools.count(1)

    # --- who and what
    def tasks(self, *states: AssignmentState) -> list[ReviewAssignment]:
        rows = self.session.scalars(select(ReviewAssignment).where(ReviewAssignment.round_id == self.round_id).order_by(*IN_ORDER)).all()
        return [row for row in rows if not states or row.state in states]

    def task(self, n: int) -> ReviewAssignment:
        """Mostly one where something can be done."""
        rows = (self.tasks(*OPEN_STATES) if n % 5 else []) or self.tasks()
        return rows[n % len(rows)]

    def who(self, given: ReviewAssignment, n: int) -> Actor:
        """Mostly the inspector of the task, now and then another one."""
        if n % 7:
            return inspector_of(given)
        other = PEOPLE[n % len(PEOPLE)]
        return Actor("account", other.login, "inspector", other.account_id)

    def attempt(self, act: Callable[[], object]) -> bool:
        self.stage.later(seconds=1)
        try:
            with self.session.begin_nested():
                act()
        except DomainError:
            self.session.expire_all()
            return False
        return True

    # --- the inspector
    @rule(n=some)
    def start(self, n: int) -> None:
        given, by = self.task(n), self.who(self.task(n), n)
        done = self.attempt(lambda: spotchecks.start(self.session, given.id, actor=by, clock=self.stage.clock))
        assert not done or by.id == given.inspector_account_id

    @rule(n=some, share=st.sampled_from([20, 94, 100, 100]), rate=st.sampled_from([1000, 8000, 16_000]), visible=st.sampled_from([True, True, False]))
    def play(self, n: int, share: int, rate: int, visible: bool) -> None:
        given = self.task(n)
        item = queries.items(self.session, given.id)[0]
        until = item.media_start_ms + (item.media_end_ms - item.media_start_ms) * share // 100
        before = sum(s.length_ms for s in queries.watched(self.session, given.id))
        began = self.stage.now
        self.attempt(lambda: watch(self.stage, given, until_ms=until, rate=rate, visible=visible))
        gained = sum(s.length_ms for s in queries.watched(self.session, given.id)) - before
        passed_ms = (self.stage.now - began).total_seconds() * 1000
        assert gained <= 8 * passed_ms + 1
        assert visible or gained == 0
        assert rate <= 8000 or gained == 0

    @rule(n=some, whole=st.sampled_from([True, True, False]))
    def mark(self, n: int, whole: bool) -> None:
        given, by = self.task(n), self.who(self.task(n), n)
        item = queries.items(self.session, given.id)[0]
        end_ms = item.media_start_ms + 9000 if whole else None
        draft = marks.Draft(item.id, item.media_start_ms + 1000, end_ms, DefectCode.LESSON_NOT_HELD.value, Severity.SERIOUS.value, "无人授课", 1)
        client = UUID(int=next(self.names))
        self.attempt(lambda: marks.save(self.session, given.id, client, draft, actor=by, clock=self.stage.clock))

    def _settle(self, n: int, do: Callable[[ReviewAssignment, ReviewMark, Actor], object]) -> None:
        given = self.task(n)
        every = marks.marks(self.session, given.id)
        kept = [mark for mark in every if mark.state is MarkState.OPEN or n % 5 == 0]
        if kept:
            mark, by = kept[n % len(kept)], self.who(given, n)
            self.attempt(lambda: do(given, mark, by))

    @rule(n=some)
    def record(self, n: int) -> None:
        def recorded(given: ReviewAssignment, mark: ReviewMark, by: Actor) -> None:
            opened = marks.open_mark(self.session, given.id, mark.client_id, actor=by)
            found = findings.record(
                self.session,
                lesson_id=given.lesson_id,
                recording_id=self.session.get_one(ReviewItem, opened.item_id).recording_id,
                start_ms=opened.start_ms,
                end_ms=opened.end_ms or 0,
                defect=DefectCode(opened.defect),
                severity=Severity(opened.severity),
                note=opened.note,
                assignment_id=given.id,
                hash_verified=True,
                holds=Unheld(),
                actor=by,
                clock=self.stage.clock,
                events=self.stage.outbox,
            )
            marks.became(self.session, opened, found.code, actor=by, clock=self.stage.clock)

        self._settle(n, recorded)

    @rule(n=some, reason=st.sampled_from(["镜头反光", "镜头反光", " "]))
    def drop(self, n: int, reason: str) -> None:
        self._settle(n, lambda given, mark, by: marks.drop(self.session, given.id, mark.client_id, reason=reason, actor=by, clock=self.stage.clock))

    @rule(n=some, all_of_them=st.booleans())
    def answer(self, n: int, all_of_them: bool) -> None:
        given, by = self.task(n), self.who(self.task(n), n)
        yes = Given(Answer.YES, "")
        for question in answers.asked(self.session, given)[: None if all_of_them else 1]:
            self.attempt(lambda q=question: answers.save(self.session, given.id, q.code, yes, sequence=1, actor=by, clock=self.stage.clock))  # type: ignore[misc]

    @rule(n=some, verdict=st.sampled_from(list(Verdict)))
    def sign(self, n: int, verdict: Verdict) -> None:
        given, by = self.task(n), self.who(self.task(n), n)
        found = findings_q.count_of_assignment(self.session, given.id)
        done = self.attempt(
            lambda: signing.sign(
                self.session, given.id, verdict=verdict, findings=found, note="", actor=by, clock=self.stage.clock, events=self.stage.outbox
            )
        )
        if done:
            assert by.id == given.inspector_account_id
            assert (verdict is Verdict.FINDING) == (found > 0)

    @rule(n=some, reason=st.sampled_from(["认识负责人", "认识负责人", ""]))
    @precondition(lambda self: len(self.tasks()) < 5)  # whoever steps aside is barred for good
    def recuse(self, n: int, reason: str) -> None:
        given = self.task(n)
        by = {"inspectors": PEOPLE, "rule": self.rule_in_force, "due_at": None, "actor": inspector_of(given), "clock": self.stage.clock}
        self.attempt(lambda: spotchecks.recuse(self.session, given.id, reason=reason, **by, events=self.stage.outbox))  # type: ignore[arg-type]

    @rule(n=some, defects=st.sampled_from([[True, True], [False], [True, False, True], [True, False, False], [True]]))
    def whole_looks_at_one_lesson(self, n: int, defects: list[bool]) -> None:
        """A shortcut, so that walks also reach second and third looks."""
        lesson = self.task(n).lesson_id
        for defect in defects:
            due = [task for task in self.tasks(*OPEN_STATES) if task.lesson_id == lesson]
            if due:
                self._whole_look(self._number_of(due[0]), defect=defect)

    def _number_of(self, given: ReviewAssignment) -> int:
        """By which its own inspector gets this open task."""
        rows = self.tasks(*OPEN_STATES)
        return next(n for n in range(rows.index(given), 1000, len(rows)) if n % 5 and n % 7)

    def _whole_look(self, n: int, *, defect: bool) -> None:
        self.start(n)
        self.play(n, 100, 8000, visible=True)
        if defect:
            self.mark(n, whole=True)
            self.record(n)
        self.answer(n, all_of_them=True)
        self.sign(n, Verdict.FINDING if defect else Verdict.OK)
        self.follow(0)

    @rule(n=some, dropped=st.booleans())
    def begin_to_look(self, n: int, dropped: bool) -> None:
        """A shortcut to where marks can be made."""
        due = self.tasks(*OPEN_STATES)
        if due:
            number = self._number_of(due[n % len(due)])
            self.start(number)
            self.mark(number, whole=True)
            if dropped:
                self.drop(number, "镜头反光")

    # --- the worker
    @rule(n=some)
    def follow(self, n: int) -> None:
        ended = self.tasks(*JUDGED, AssignmentState.RECUSED)
        for given in ended if n % 2 == 0 else ended[:1]:
            self.attempt(lambda g=given: self.stage.follow(g, people=PEOPLE, rule=self.rule_in_force))  # type: ignore[misc]
            releases.end_of_assignment(self.session, given.id, actor=SYSTEM_ACTOR, clock=self.stage.clock)
            assert not [one for one in releases_q.of_assignment(self.session, given.id) if one.state in LIVE_STATES]

    @rule(hours=st.sampled_from([1, 25, 49]))
    def wait(self, hours: int) -> None:
        self.stage.later(hours=hours)
        releases.end_over(self.session, actor=SYSTEM_ACTOR, clock=self.stage.clock)

    # --- originals
    @rule(n=some, seconds=st.sampled_from([10, 10, 3600]))
    def ask(self, n: int, seconds: int) -> None:
        given, by = self.task(n), self.who(self.task(n), n)
        item = queries.items(self.session, given.id)[0]
        start = item.media_start_ms
        kwargs: dict[str, Any] = {"start_ms": start, "end_ms": start + seconds * 1000, "reason": "核对授课教师身份", "rule": RELEASE}  # Any: keywords
        self.attempt(lambda: releases.ask(self.session, given.id, 1, **kwargs, actor=by, clock=self.stage.clock))

    @rule(n=some, by=st.sampled_from([OFFICER, BUREAU, "asker"]), yes=st.booleans())
    def decide(self, n: int, by: Actor | str, yes: bool) -> None:
        rows = self.session.scalars(select(FootageRelease).order_by(FootageRelease.id.desc())).all()
        if not rows:
            return
        row = rows[n % 2 % len(rows)]
        actor = Actor("account", row.asker_name, "inspector", row.asker_account_id) if isinstance(by, str) else by
        clock, events = self.stage.clock, self.stage.outbox
        if yes:
            done = self.attempt(lambda: releases.approve(self.session, row.id, note="", rule=RELEASE, actor=actor, clock=clock, events=events))
        else:
            done = self.attempt(lambda: releases.refuse(self.session, row.id, note="不必要", actor=actor, clock=clock))
        assert not done or actor.id != row.asker_account_id

    @rule(n=some)
    def an_original_is_released(self, n: int) -> None:
        """A shortcut to an open one."""
        due = self.tasks(*OPEN_STATES)
        if due:
            number = self._number_of(due[n % len(due)])
            self.start(number)
            self.ask(number, 10)
            self.decide(0, OFFICER, yes=True)

    # --- the office
    @rule()
    def close(self) -> None:
        code = self.session.get_one(DrawRound, self.round_id).code
        if self.attempt(lambda: spotchecks.close_round(self.session, code, rule=RESULTS, actor=BUREAU, clock=self.stage.clock)):
            assert not self.tasks(*OPEN_STATES)

    @rule(reason=st.sampled_from(["名单有误", ""]))
    def void(self, reason: str) -> None:
        code = self.session.get_one(DrawRound, self.round_id).code
        by: dict[str, Any] = {"actor": BUREAU, "clock": self.stage.clock, "events": self.stage.outbox}  # Any: keywords
        if self.attempt(lambda: spotchecks.void_round(self.session, code, reason=reason, **by)):
            assert not self.tasks(*OPEN_STATES)

    # --- what always holds
    @invariant()
    def nothing_is_out_of_turn(self) -> None:
        if not hasattr(self, "stage"):
            return
        self.session.expire_all()
        given = self.tasks()
        self.reached |= {name_of(one.state) for one in given}
        for task in given:
            self._of_a_task(task)
        live = [(one.lesson_id, one.look) for one in given if one.state not in (AssignmentState.RECUSED, AssignmentState.VOID)]
        assert len(live) == len(set(live)), "two people have the same look"
        had = [(one.lesson_id, one.inspector_account_id) for one in given]
        assert len(had) == len(set(had)), "somebody was given the same lesson twice"
        for outcome in looks.outcomes(self.session, self.round_id):
            self.reached.add(name_of(outcome.state))
            verdicts = looks.verdicts_of(looks.looks_of(self.session, self.round_id, outcome.lesson_id))
            if outcome.state is OutcomeState.DECIDED_FINDING:
                assert verdicts.count(Verdict.FINDING) >= 2
            if outcome.state is OutcomeState.DECIDED_OK:
                assert verdicts == [Verdict.OK] or verdicts.count(Verdict.OK) >= 2
        for row in self.session.scalars(select(FootageRelease)):
            self._of_a_release(row)

    def _of_a_task(self, task: ReviewAssignment) -> None:
        shown = flags_of(self.session, task, queries.items(self.session, task.id), [noticed])
        assert bool(shown) == (task.state in JUDGED), "a lead before the own verdict"
        kept = marks.marks(self.session, task.id)
        if task.state in JUDGED:
            watched_s = sum(s.length_ms for s in queries.watched(self.session, task.id)) // 1000
            assert task.required_watch_s <= task.watched_s <= watched_s, "signed below the required seconds"
            assert not [mark for mark in kept if mark.state is MarkState.OPEN]
            assert not unanswered(answers.asked(self.session, task), answers.given(self.session, task.id))
        assert all(bool(mark.finding) == (mark.state is MarkState.RECORDED) for mark in kept)
        self.reached |= {name_of(mark.state) for mark in kept}

    def _of_a_release(self, row: FootageRelease) -> None:
        self.reached.add(name_of(row.state))
        task = self.session.get_one(ReviewAssignment, row.assignment_id)
        assert row.decider_account_id is None or row.decider_account_id != row.asker_account_id
        assert row.asker_account_id == task.inspector_account_id
        asker = Actor("account", row.asker_name, row.asker_role, row.asker_account_id)
        opened = self.attempt(lambda: releases.open_release(self.session, row.id, actor=asker, clock=self.stage.clock))
        assert opened == (
            row.state is ReleaseState.APPROVED and task.state in OPEN_STATES and row.open_until_at is not None and self.stage.now < row.open_until_at
        )
        assert not self.attempt(lambda: releases.open_release(self.session, row.id, actor=OFFICER, clock=self.stage.clock))

    @invariant()
    def every_move_is_listed(self) -> None:
        if not hasattr(self, "stage"):
            return
        moves: dict[tuple[str, UUID], list[StateMove]] = {}
        for move in self.session.scalars(select(StateMove).where(StateMove.machine.in_(MACHINES)).order_by(StateMove.entry_id)):
            moves.setdefault((move.machine, move.subject_id), []).append(move)
        for (machine, _), made in moves.items():
            begun = [m for m in made if m.from_state is None]
            assert len(begun) <= 1
            assert all((m.from_state, m.event, m.to_state) in LISTED[machine] for m in made if m.from_state is not None)
            assert all(a.to_state == b.from_state for a, b in pairwise(made))

    @invariant()
    def nobody_outside_reads_any_of_it(self) -> None:
        if not hasattr(self, "stage"):
            return
        for scope in OUTSIDE:
            apply_scope(self.session, scope)
            counted = self.session.execute(select(*(select(func.count()).select_from(table).scalar_subquery() for table in WALLED))).one()
            assert list(counted) == [0] * len(WALLED)
        apply_scope(self.session, SYSTEM)

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expire_all()


def walk(session: Session, in_force: ReviewRule, *, walks: int, steps: int, derandomize: bool) -> set[str]:
    """Walk, and tell which states were seen."""
    stage = Stage(session)
    stage.world(2)
    given = assign(stage, stage.drawn().code, rule=in_force, people=PEOPLE)

    class Walk(ReviewWalk):
        pass

    Walk.session, Walk.round_id, Walk.now, Walk.rule_in_force, Walk.reached = session, given[0].round_id, stage.now, in_force, set()
    run_state_machine_as_test(
        Walk,
        settings=settings(
            max_examples=walks,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Walk.reached


def states(*enums: type[StrEnum], but: Sequence[StrEnum] = ()) -> set[str]:
    return {name_of(one) for enum in enums for one in enum} - {name_of(one) for one in but}


def test_no_walk_over_a_review_leads_out_of_turn(session: Session) -> None:
    seen = walk(session, SHORT, walks=30, steps=20, derandomize=True)
    rare = [AssignmentState.VOID, OutcomeState.VOID, OutcomeState.WAITING]  # the long walks see these too
    assert states(AssignmentState, MarkState, OutcomeState, but=rare) <= seen
    assert {name_of(ReleaseState.APPROVED), name_of(ReleaseState.ENDED)} <= seen


@pytest.mark.slow
def test_no_long_walk_over_a_review_leads_out_of_turn(session: Session) -> None:
    assert walk(session, LONG, walks=400, steps=50, derandomize=False) == states(AssignmentState, MarkState, ReleaseState, OutcomeState)
