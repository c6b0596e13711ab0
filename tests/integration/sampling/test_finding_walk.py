"""Random walks over a finding's procedure on a real PostgreSQL, across 春节 and 国庆 with their make-up days: no unlisted move, no false deadline.

The deadlines are counted a second time by a table of days off written out by hand for 2025 and 2026, not by the product's calendar.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from compliance.policy.book import Book
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.errors import DomainError
from storage.ledger import history
from supervision.findings import procedure, queries, reminders
from supervision.findings import service as findings
from supervision.findings.attachments import Given
from supervision.findings.clocks import Party, ProcedureRule
from supervision.findings.lifecycle import FINDING_MOVES, INSTITUTION_SEES, FindingState
from supervision.findings.models import Audience, Finding, FindingPaper, FindingReminder, PaperKind
from supervision.findings.rules import DefectCode, Severity
from tests.integration.sampling.stage import BUREAU, WATCHDOG, Stage
from tests.integration.sampling.test_procedure import HEAD, LEADER
from tests.integration.sampling.test_reviews_and_findings import OTHER, Shelf

LISTED: Final = {(state.value, event.value, move.to.value) for (state, event), move in FINDING_MOVES.items()}
NOTICE = Given("供电公司停电通知.pdf", b"%PDF-1.7 notice")
INSPECTOR = Actor(kind="account", name="inspector-09", role="inspector", id=UUID(int=109))
STRANGER = UUID(int=987654)
STARTS: Final = (
    date(2025, 1, 21), date(2025, 1, 26), date(2025, 2, 6), date(2025, 4, 30), date(2025, 9, 24), date(2025, 9, 28), date(2025, 10, 8),
    date(2026, 2, 12), date(2026, 2, 27), date(2026, 9, 18), date(2026, 9, 30), date(2026, 10, 9), date(2026, 11, 20),
)  # fmt: skip


def _days(first: date, last: date) -> set[date]:
    return {first + timedelta(days=n) for n in range((last - first).days + 1)}


# as announced by the State Council for 2025 and 2026
OFF: Final = (
    {date(2025, 1, 1)} | _days(date(2025, 1, 28), date(2025, 2, 4)) | _days(date(2025, 4, 4), date(2025, 4, 6))
    | _days(date(2025, 5, 1), date(2025, 5, 5)) | _days(date(2025, 5, 31), date(2025, 6, 2)) | _days(date(2025, 10, 1), date(2025, 10, 8))
    | _days(date(2026, 1, 1), date(2026, 1, 3))
    | _days(date(2026, 2, 15), date(2026, 2, 23)) | _days(date(2026, 4, 4), date(2026, 4, 6)) | _days(date(2026, 5, 1), date(2026, 5, 5))
    | _days(date(2026, 6, 19), date(2026, 6, 21)) | _days(date(2026, 9, 25), date(2026, 9, 27)) | _days(date(2026, 10, 1), date(2026, 10, 7))
)  # fmt: skip
MADE_UP: Final = {
    date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11),
    date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
}  # fmt: skip


def ends(after: datetime, working_days: int) -> datetime:
    """Counted by hand: the midnight behind the n-th day on which offices work."""
    day = after.astimezone(BUREAU_ZONE).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= day in MADE_UP or (day.weekday() < 5 and day not in OFF)
    return datetime.combine(day + timedelta(days=1), time(0), BUREAU_ZONE)


class FindingWalk(RuleBasedStateMachine):
    """Any act by anybody at any time; refusals are fine, forbidden results are not. Each walk is a savepoint that is rolled back."""

    session: Session
    reached: set[FindingState]
    steps: int
    ready: Callable[[Stage, Shelf], Finding]

    @initialize(start=st.sampled_from(STARTS), hour=st.integers(0, 23))
    def record(self, start: date, hour: int) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage, self.shelf = Stage(self.session), Shelf()
        self.stage.now = datetime.combine(start, time(hour, 30), UTC)
        self.rule = Book.load().read(ProcedureRule, on=local_date(self.stage.now))
        self.found = type(self).ready(self.stage, self.shelf)
        self.entered_at = self.stage.now
        self.last_state = self.found.state

    def attempt(self, act: Callable[..., object], **given: object) -> bool:
        """True when it was done."""
        type(self).steps += 1
        before, at = self.found.state, self.stage.now
        try:
            with self.session.begin_nested():
                act(self.session, self.found.code, clock=self.stage.clock, **given)
        except DomainError:
            self.session.refresh(self.found)
            assert self.found.state is before, "a refused act moved it"
            return False
        if self.found.state is not before:
            self.entered_at = at
            self.reached.add(self.found.state)
        return True

    @rule(days=st.sampled_from([0, 1, 2, 3, 5, 8, 16, 30]), minutes=st.integers(0, 1439))
    def wait(self, days: int, minutes: int) -> None:
        self.stage.later(days=days, minutes=minutes)

    @rule(seconds=st.sampled_from([-1, 0, 1]))
    def to_the_deadline(self, seconds: int) -> None:
        turn = procedure.turn_of(self.session, self.found, self.rule, self.stage.now)
        if turn is not None and turn.until + timedelta(seconds=seconds) > self.stage.now:
            self.stage.now = turn.until + timedelta(seconds=seconds)

    @rule(actor=st.sampled_from([INSPECTOR, WATCHDOG]), verified=st.booleans())
    def confirm(self, actor: Actor, verified: bool) -> None:
        if self.attempt(findings.confirm, hash_verified=verified, actor=actor):
            assert verified
            assert actor is not INSPECTOR, "who recorded it confirmed it"

    @rule(reason=st.sampled_from(["", "画面中可见学员"]))
    def reject(self, reason: str) -> None:
        if self.last_state is FindingState.RECORDED and reason:
            self.attempt(findings.reject, reason=reason, actor=OTHER, holds=self.shelf)

    @rule(verified=st.sampled_from([True, True, False]))
    def serve(self, verified: bool) -> None:
        if self.attempt(procedure.serve_notice, hash_verified=verified, still=None, rule=self.rule, actor=BUREAU):
            assert verified
            assert procedure.object_until(self.session, self.found) == ends(self.stage.now, self.rule.objection_working_days)

    @rule(own=st.booleans())
    def reply(self, own: bool) -> None:
        institution = self.found.institution_id if own else STRANGER
        assert not self.attempt(procedure.reply, said="当日停电", files=[], institution_id=institution, actor=HEAD) or own

    @rule(own=st.sampled_from([True, True, False]), points=st.sampled_from([[], ["当日停电"], ["当日停电", "已补课"]]))
    def object(self, own: bool, points: list[str]) -> None:
        until = procedure.object_until(self.session, self.found)
        institution = self.found.institution_id if own else STRANGER
        if self.attempt(procedure.raise_objection, points=points, files=[NOTICE], institution_id=institution, actor=HEAD):
            assert own and points
            assert until is not None
            assert self.stage.now < until, "an objection after its last day"

    @rule(actor=st.sampled_from([BUREAU, LEADER, OTHER, WATCHDOG]), upheld=st.booleans(), count=st.integers(0, 2))
    def answer(self, actor: Actor, upheld: bool, count: int) -> None:
        took_part = str(actor.id) in procedure.seen_by(self.session, self.found)
        points = [p for p in queries.papers(self.session, self.found.id) if p.kind is PaperKind.OBJECTION]
        if self.attempt(procedure.answer_objection, answers=["已核实"] * count, upheld=upheld, rule=self.rule, holds=self.shelf, actor=actor):
            assert not took_part, "who took part answered the objection"
            assert count == len(points[-1].content["points"])
            if not upheld:
                letter = queries.papers(self.session, self.found.id)[-1]
                assert datetime.fromisoformat(letter.content["rectify_until"]) == ends(self.stage.now, self.rule.rectification_working_days)

    @rule()
    def order(self) -> None:
        until = procedure.object_until(self.session, self.found)
        if self.attempt(procedure.order_rectification, wanted="补足录像", rule=self.rule, actor=BUREAU):
            assert until is not None
            assert self.stage.now >= until, "ordered while an objection was still possible"

    @rule(own=st.sampled_from([True, True, False]))
    def report(self, own: bool) -> None:
        institution = self.found.institution_id if own else STRANGER
        assert not self.attempt(procedure.report_rectification, said="已加装", files=[NOTICE], institution_id=institution, actor=HEAD) or own

    @rule(how=st.sampled_from(["", "现场核验通过"]))
    def verify(self, how: str) -> None:
        if self.attempt(procedure.verify_rectification, how=how, actor=OTHER):
            assert how
            assert any(p.kind is PaperKind.RECTIFICATION_REPORT for p in queries.papers(self.session, self.found.id))

    @rule()
    def close(self) -> None:
        if self.attempt(procedure.close, rule=self.rule, actor=LEADER):
            assert procedure.review_until(self.session, self.found) == ends(self.stage.now, self.rule.review_request_working_days)

    @rule(points=st.sampled_from([["不认可"], []]))
    def ask_for_a_review(self, points: list[str]) -> None:
        until = procedure.review_until(self.session, self.found)
        asked = any(p.kind is PaperKind.REVIEW_REQUEST for p in queries.papers(self.session, self.found.id))
        given = {"points": points, "files": [], "institution_id": self.found.institution_id}
        if self.attempt(procedure.request_review, **given, actor=HEAD):
            assert points and until is not None
            assert self.stage.now < until, "a review asked for too late"
            assert not asked, "a second review"

    @rule(actor=st.sampled_from([LEADER, OTHER, Actor(kind="account", name="legal", role="legal-officer", id=UUID(int=702))]), upheld=st.booleans())
    def decide_the_review(self, actor: Actor, upheld: bool) -> None:
        took_part = str(actor.id) in procedure.seen_by(self.session, self.found)
        if self.attempt(procedure.decide_review, answers=["已核实"], upheld=upheld, holds=self.shelf, actor=actor):
            assert not took_part, "who took part decided the review"

    @rule()
    def publish(self) -> None:
        until = procedure.review_until(self.session, self.found)
        decided = any(p.kind is PaperKind.REVIEW_ANSWER for p in queries.papers(self.session, self.found.id))
        if self.attempt(procedure.publish, holds=self.shelf, actor=BUREAU):
            assert decided or (until is not None and self.stage.now >= until), "published while a review was possible"

    @rule(reason=st.sampled_from(["", "", "", "录错对象"]))
    def void(self, reason: str) -> None:
        assert not self.attempt(procedure.declare_void, reason=reason, holds=self.shelf, actor=LEADER) or reason

    @rule()
    def remind(self) -> None:
        before = self.session.scalar(select(func.count()).select_from(FindingReminder)) or 0
        told = reminders.remind(self.session, self.found, self.rule, actor=BUREAU, clock=self.stage.clock)
        again = reminders.remind(self.session, self.found, self.rule, actor=BUREAU, clock=self.stage.clock)
        assert not again, "reminded twice of the same"
        assert (self.session.scalar(select(func.count()).select_from(FindingReminder)) or 0) == before + len(told)
        turn = procedure.turn_of(self.session, self.found, self.rule, self.stage.now)
        if told:
            assert turn is not None
            assert Audience.INSTITUTION not in told or turn.party is Party.INSTITUTION

    @rule(steps=st.integers(1, 9))
    def the_usual_way(self, steps: int) -> None:
        """Part of the way without an objection, so that walks also go wrong late."""
        usual: list[Callable[[], object]] = [
            lambda: self.confirm(WATCHDOG, verified=True),
            lambda: self.serve(verified=True),
            lambda: self.to_the_deadline(0),
            self.order,
            lambda: self.report(own=True),
            lambda: self.verify("现场核验通过"),
            self.close,
            lambda: self.to_the_deadline(0),
            self.publish,
        ]
        for act in usual[:steps]:
            act()

    @rule(steps=st.integers(2, 6), upheld=st.booleans())
    def the_contested_way(self, steps: int, upheld: bool) -> None:
        """Up to a notice, a reply, an objection and its answer."""
        contested: list[Callable[[], object]] = [
            lambda: self.confirm(WATCHDOG, verified=True),
            lambda: self.serve(verified=True),
            lambda: self.reply(own=True),
            lambda: self.object(own=True, points=["当日停电"]),
            lambda: self.answer(OTHER, upheld=upheld, count=1),
            lambda: self.report(own=True),
        ]
        for act in contested[:steps]:
            act()

    @invariant()
    def nothing_is_out_of_turn(self) -> None:
        if not hasattr(self, "found"):
            return
        self.session.refresh(self.found)
        state = self.last_state = self.found.state
        self.reached.add(state)
        moves = history.timeline(self.session, "finding", self.found.id)
        assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
        assert moves[-1].to_state == state.value
        turn = procedure.turn_of(self.session, self.found, self.rule, self.stage.now)
        counted = {
            FindingState.CONFIRMED: self.rule.notice_working_days,
            FindingState.OBJECTED: self.rule.answer_working_days,
            FindingState.UNDER_REVIEW: self.rule.answer_working_days,
            FindingState.RECTIFIED: self.rule.closing_working_days,
            FindingState.CLOSED: self.rule.publication_working_days,
        }
        if state in counted:
            assert turn is not None
            assert turn.until == ends(self.entered_at, counted[state]), f"{state}: {turn.until} after {self.entered_at}"
        noticed = any(m.event == "notice" for m in moves)
        visible = queries.papers(self.session, self.found.id) and state in INSTITUTION_SEES
        assert noticed or not visible, "seen before the notice"
        over = {FindingState.PUBLISHED, FindingState.WITHDRAWN, FindingState.REJECTED, FindingState.VOID}
        assert bool(self.shelf.held) == (state not in over), f"{state}: the hold"
        numbers = list(self.session.scalars(select(FindingPaper.number).where(FindingPaper.finding_id == self.found.id)))
        assert len(numbers) == len(set(numbers))

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expire_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> tuple[set[FindingState], int]:
    """Walk; which states were seen, and how many acts were tried."""
    stage = Stage(session, now=datetime(2025, 1, 10, 8, tzinfo=UTC))
    world = stage.world(1)
    recording = stage.tape(world, world.slots[0].id)

    def ready(now: Stage, shelf: Shelf) -> Finding:
        return findings.record(
            session,
            lesson_id=world.lessons[0].id,
            recording_id=recording.id,
            start_ms=5_000,
            end_ms=15_000,
            defect=DefectCode.TOO_FEW_TRAINEES,
            severity=Severity.GENERAL,
            note="签到12人，画面7人",
            assignment_id=None,
            hash_verified=True,
            holds=shelf,
            actor=INSPECTOR,
            clock=now.clock,
            events=now.outbox,
        )

    class Walk(FindingWalk):
        pass

    Walk.session, Walk.reached, Walk.steps, Walk.ready = session, set(), 0, staticmethod(ready)
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
    return Walk.reached, Walk.steps


EVERY: Final = set(FindingState) - {FindingState.ESCALATED, FindingState.DISPUTED}  # the exit stage; blind looks dispute


def test_no_walk_over_a_finding_leads_out_of_turn(session: Session) -> None:
    reached, _ = walk(session, walks=45, steps=20, derandomize=True)
    assert reached >= EVERY - {FindingState.UNDER_REVIEW, FindingState.WITHDRAWN}, EVERY - reached


@pytest.mark.slow
def test_twenty_thousand_steps_over_a_finding_lead_nowhere_they_should_not(session: Session) -> None:
    reached, steps = walk(session, walks=700, steps=40, derandomize=False)
    assert reached >= EVERY, EVERY - reached
    assert steps >= 20_000
