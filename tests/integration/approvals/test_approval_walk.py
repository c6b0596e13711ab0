"""Random walks over applications: no unlisted move, no wrong decider, nothing for the past, never more than three days. 2.3.3; R21–R23."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.approvals import deciding, queries, service, watching
from compliance.approvals.deciding import Officer
from compliance.approvals.lifecycle import APPROVAL_MOVES, ApprovalState
from compliance.approvals.models import Approval
from compliance.approvals.rules import Aspect, Kind
from compliance.papers.models import CasePaper
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import local_date
from storage.kernel.errors import DomainError
from storage.ledger import history
from supervision.classes import places
from supervision.classes.place_models import ApprovedPlace, ClassExtension
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from tests.factories.world import World
from tests.integration.approvals.stage import CIVIL, CLERK, FARM, HEAD, LEADER, OWN, RULE, SAFETY, Stage, officer
from tests.integration.approvals.test_places import safety_finding

LISTED: Final = {(state.value, event.value, move.to.value) for (state, event), move in APPROVAL_MOVES.items()}
START: Final = datetime(2026, 9, 21, 2, tzinfo=UTC)
PEOPLE: Final = (CLERK, SAFETY, LEADER, FARM, CIVIL, officer(70, "孙副局长", "bureau-leader"))
who = st.sampled_from(PEOPLE)


class ApprovalWalk(RuleBasedStateMachine):
    session: Session
    reached: set[ApprovalState]
    steps: int
    world: World
    finding: Finding
    location_draft: Callable[[Stage], Approval]

    @initialize(kind=st.sampled_from(Kind), days=st.integers(1, 3), department=st.sampled_from(["", OWN]))
    def begin(self, kind: Kind, days: int, department: str) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage = Stage(self.session, now=START)
        self.world.training_class.department = department or None
        self.session.flush()
        self.row = type(self).location_draft(self.stage) if kind is Kind.LOCATION else self.stage.extension(self.world, days)

    def attempt(self, act: Callable[..., object], *args: object, **how: object) -> bool:
        type(self).steps += 1
        try:
            with self.session.begin_nested():
                act(self.session, self.row.code, *args, clock=self.stage.clock, **how)
        except DomainError:
            self.session.expire_all()
            return False
        return True

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.stage.later(hours=hours)

    @rule()
    def days_for_a_statement_pass(self) -> None:
        self.stage.now = max(self.stage.now, self.row.statement_until or self.stage.now)

    @rule()
    def submit(self) -> None:
        self.attempt(service.submit, institution_id=self.world.institution.id, rule=RULE, actor=HEAD)

    @rule(luck=st.integers(0, 7))
    def withdraw(self, luck: int) -> None:
        if luck == 0:
            self.attempt(service.withdraw, reason="", institution_id=self.world.institution.id, actor=HEAD)

    @rule(by=who)
    def accept(self, by: Officer) -> None:
        if self.attempt(deciding.accept, by=by, rule=RULE):
            assert by.department == (self.row.department or None), "accepted by the wrong office"

    @rule(by=who, luck=st.integers(0, 3))
    def give_back(self, by: Officer, luck: int) -> None:
        if luck == 0:
            self.attempt(deciding.give_back, reason="补正", by=by)

    @rule(by=who)
    def visit(self, by: Officer) -> None:
        seen = deciding.Seen("甲、乙", True, {"fire": "yes", "food": "na", "building": "yes"}, "可以")
        self.attempt(deciding.record_visit, seen, [], by=by)

    @rule(by=who, aspect=st.sampled_from(Aspect), passed=st.sampled_from([True, True, True, False]))
    def assess(self, by: Officer, aspect: Aspect, passed: bool) -> None:
        self.attempt(deciding.assess, aspect, passed=passed, note="核对", by=by)

    @rule(by=who, conditions=st.sampled_from(["", "", "增设灭火器"]))
    def approve(self, by: Officer, conditions: str) -> None:
        if self.attempt(deciding.approve, conditions=conditions, by=by, rule=RULE):
            assert by.department == (self.row.department or None)
            assert self.row.kind is Kind.EXTENSION or by.actor.id not in (self.row.quality_by_id, self.row.safety_by_id)

    @rule(by=who)
    def refuse(self, by: Officer) -> None:
        if self.row.state is ApprovalState.ASSESSED and self.row.quality_passed is not True:
            self.attempt(deciding.refuse, reason="不符合", by=by, rule=RULE)

    @rule(by=who)
    def confirm(self, by: Officer) -> None:
        self.attempt(deciding.confirm_conditions, how="已核验", by=by, rule=RULE)

    @rule(by=who)
    def announce(self, by: Officer) -> None:
        self.attempt(deciding.announce_revocation, reason="改作他用", by=by, rule=RULE)

    @rule(by=who)
    def revoke(self, by: Officer) -> None:
        until = self.row.statement_until
        if self.attempt(deciding.revoke, reason="仍然改作他用", by=by, rule=RULE):
            assert until is not None and self.stage.now >= until
            assert by.actor.id != self.row.revocation_by_id

    @rule(state=st.sampled_from([FindingState.NOTICED, FindingState.RECTIFIED, FindingState.VOID]))
    def a_finding_moves(self, state: FindingState) -> None:
        if self.finding.state is not FindingState.VOID:  # what ended stays as it ended
            self.finding.state = state
            self.session.flush()

    @rule()
    def keep(self) -> None:
        watching.keep(self.session, actor=SYSTEM_ACTOR, clock=self.stage.clock)

    @rule(steps=st.integers(2, 8))
    def the_usual_way(self, steps: int) -> None:
        by = FARM if self.row.department else CLERK
        usual: list[Callable[[], object]] = [
            self.submit,
            lambda: self.accept(by),
            lambda: self.visit(by),
            lambda: self.assess(by, Aspect.QUALITY, True),
            lambda: self.assess(SAFETY, Aspect.SAFETY, True),
            lambda: self.approve(LEADER if self.row.kind is Kind.LOCATION else by, ""),
            self.keep,
            lambda: self.announce(CLERK),
        ]
        for act in usual[:steps]:
            act()

    @invariant()
    def nothing_is_out_of_turn(self) -> None:
        if not hasattr(self, "row"):
            return
        self.session.refresh(self.row)
        self.reached.add(self.row.state)
        moves = history.timeline(self.session, "approval", self.row.id)
        assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
        assert moves[-1].to_state == self.row.state.value
        assert queries.approved_days(self.session, self.world.training_class.id).days <= RULE.extension_most_days
        for place in self.session.scalars(select(ApprovedPlace).where(ApprovedPlace.reference == self.row.code)):
            assert place.from_on >= local_date(place.approved_at), "granted for the past"
            assert place.approved_at >= (self.row.decided_at or self.stage.now)
        if self.row.state not in (ApprovalState.APPROVED, ApprovalState.ACTIVE, ApprovalState.EXPIRED, ApprovalState.REVOKED):
            lesson = places.place_of(self.session, self.finding.lesson_id)
            assert lesson is None, f"{self.row.state}: a lesson of the future is permitted"
        granted = self.session.scalar(select(ClassExtension.days).where(ClassExtension.reference == self.row.code))
        assert (granted is not None) == (self.row.kind is Kind.EXTENSION and any(m.event == "activate" for m in moves))
        numbers = list(self.session.scalars(select(CasePaper.number).where(CasePaper.case_id == self.row.id)))
        assert len(numbers) == len(set(numbers))

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expire_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> tuple[set[ApprovalState], int]:
    """Walk; which states were seen, and how many acts were tried."""
    stage = Stage(session, now=START)
    world = stage.world()
    room = stage.elsewhere(world)
    lesson = stage.lesson(world, room, in_days=9, hour=20)

    class Walk(ApprovalWalk):
        pass

    Walk.session, Walk.reached, Walk.steps, Walk.world = session, set(), 0, world
    Walk.finding = safety_finding(stage, world, lesson.id, FindingState.RECTIFIED)  # type: ignore[assignment]
    Walk.location_draft = staticmethod(lambda now: now.location(world, room=room, until_on=now.today + timedelta(days=9)))
    shape = settings(
        max_examples=walks,
        stateful_step_count=steps,
        deadline=None,
        derandomize=derandomize,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Walk, settings=shape)
    return Walk.reached, Walk.steps


def test_no_walk_over_an_application_leads_out_of_turn(session: Session) -> None:
    reached, _ = walk(session, walks=12, steps=12, derandomize=True)
    assert reached >= {ApprovalState.ACTIVE, ApprovalState.DRAFT}


@pytest.mark.slow
def test_twenty_thousand_steps_over_applications_lead_nowhere_they_should_not(session: Session) -> None:
    reached, steps = walk(session, walks=600, steps=40, derandomize=False)
    assert reached >= set(ApprovalState) - {ApprovalState.APPROVED}, set(ApprovalState) - reached  # approved at once in force
    assert steps >= 20_000
