"""Random walks over an exit case with the real services on a real PostgreSQL: after every step, no effect without due process. PRODUCT.md, 6."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.exit import effects, procedure, queries
from compliance.exit.errors import MalformedExit
from compliance.exit.lifecycle import BEFORE_DECISION, ENDED, EXIT_MOVES, ExitState
from compliance.exit.models import ExitCase
from compliance.exit.rules import Effect, Measure
from compliance.papers import service as papers
from storage.kernel.errors import DomainError, ForbiddenMove
from storage.ledger import history
from supervision.institutions import standing
from supervision.institutions.models import DirectoryExclusion, Institution, InstitutionStatus
from tests.integration.exit.stage import CHIEF, HEAD, LEADER, LEGAL, OFFICER, SECOND, ExitStage

LISTED = {(state.value, event.value, move.to.value) for (state, event), move in EXIT_MOVES.items()}
people = st.sampled_from([OFFICER, SECOND, LEGAL, LEADER, CHIEF])
measures = st.sampled_from(
    [Measure(Effect.EXCLUDE, 12), Measure(Effect.EXCLUDE, 24), Measure(Effect.RESTRICT, 6), Measure(Effect.CORRECT), Measure(Effect.DISMISS)]
)

steps_further = st.sampled_from(range(8, -1, -1))  # the whole way first: Hypothesis begins with the first


class ExitWalk(RuleBasedStateMachine):
    """Anybody tries anything at any time; refusals are fine, an effect without due process is not. Each walk is rolled back."""

    session: Session
    reached: set[ExitState]
    changed: bool = True

    @initialize(counted=st.booleans(), measure=measures, further=steps_further)
    def open(self, counted: bool, measure: Measure, further: int) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage = ExitStage(self.session)
        if counted:
            school = self.stage.institution()
            self.stage.course(school, self.stage.agreement(school))
            (self.row,) = self.stage.detect(school)
        else:
            self.row = self.stage.audited()
        self.school = self.session.get_one(Institution, self.row.institution_id)
        self.some_honest_steps(measure, further)

    def attempt(self, act: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.stage.later(seconds=1)
        self.changed = False
        try:
            with self.session.begin_nested():
                act(*args, **kwargs)
            self.changed = True
        except (ForbiddenMove, MalformedExit):
            pass
        except DomainError as refused:
            assert refused.code == "exit-case-not-found", refused  # the institution before the notice
        self.reached.add(self.row.state)

    @rule(days=st.sampled_from([0, 1, 8, 15, 400]))
    def wait(self, days: int) -> None:
        self.stage.later(days=days)

    @rule(actor=people, measure=measures)
    def submit(self, actor: object, measure: Measure) -> None:
        self.attempt(self.stage.submit, self.row, actor=actor, measure=measure)

    @rule(actor=people, passed=st.booleans())
    def clear(self, actor: object, passed: bool) -> None:
        self.attempt(self.stage.clear, self.row, actor=actor, passed=passed)

    @rule(actor=people)
    def notice(self, actor: object) -> None:
        self.attempt(self.stage.notice, self.row, actor=actor)

    @rule()
    def state(self) -> None:
        self.attempt(self.stage.state, self.row, "我们不同意")

    @rule()
    def ask_for_a_hearing(self) -> None:
        by = {"reason": "要求听证", "institution_id": self.row.institution_id, "actor": HEAD, "clock": self.stage.clock}
        self.attempt(procedure.request_hearing, self.session, self.row.code, **by)

    @rule(actor=people, days=st.sampled_from([1, 20]))
    def call_a_hearing(self, actor: object, days: int) -> None:
        at = self.stage.now + timedelta(days=days)
        by = {"hearing_at": at, "place": "会议室", "clocks": self.stage.clocks, "actor": actor, "clock": self.stage.clock}
        self.attempt(procedure.call_hearing, self.session, self.row.code, **by)

    @rule(actor=people)
    def hold_the_hearing(self, actor: object) -> None:
        by = {"record": "到场质证", "points": ["口头意见"], "files": (), "actor": actor, "clock": self.stage.clock}
        self.attempt(procedure.hold_hearing, self.session, self.row.code, **by)

    @rule(caller=people, chair=people)
    def go_through_a_hearing(self, caller: object, chair: object) -> None:
        """Chance alone hardly ever finds asking, calling, waiting and holding in this order."""
        self.ask_for_a_hearing()
        self.call_a_hearing(caller, 20)
        self.stage.later(days=21)
        self.hold_the_hearing(chair)

    @rule(actor=people, stands=st.booleans())
    def recheck(self, actor: object, stands: bool) -> None:
        self.attempt(self.stage.recheck, self.row, actor=actor, stands=stands)

    @rule(actor=people, measure=measures)
    def propose(self, actor: object, measure: Measure) -> None:
        self.attempt(self.stage.propose, self.row, actor=actor, measure=measure)

    @rule(actor=people)
    def decide(self, actor: object) -> None:
        if actor is LEADER or actor is CHIEF:  # the role is the route's to check; the database refuses another signer's paper
            self.attempt(self.stage.decide, self.row, actor=actor)

    @rule()
    def serve(self) -> None:
        self.attempt(self.stage.serve, self.row)

    @rule()
    def publish(self) -> None:
        self.attempt(self.stage.publish, self.row)

    @rule()
    def end_the_term(self) -> None:
        self.attempt(self.stage.end_term, self.row)

    @rule()
    def apply_for_readmission(self) -> None:
        self.attempt(self.stage.apply, self.row)

    @rule(repaid=st.booleans())
    def assess(self, repaid: bool) -> None:
        self.attempt(self.stage.assess, self.row, subsidy_repaid=repaid)

    @rule(actor=people, admitted=st.booleans())
    def readmit(self, actor: object, admitted: bool) -> None:
        self.attempt(self.stage.readmit, self.row, actor=actor, admitted=admitted)

    @precondition(lambda self: self.stage.now.second % 7 == 0)
    @rule(reason=st.sampled_from(["", "撤销"]))
    def undo(self, reason: str) -> None:
        by = {"reason": reason, "holds": self.stage.shelf, "actor": LEADER, "clock": self.stage.clock}
        self.attempt(procedure.withdraw, self.session, self.row.code, **by)
        self.attempt(effects.revoke, self.session, self.row.code, document="文书", events=self.stage.outbox, **by)

    def some_honest_steps(self, measure: Measure, further: int) -> None:
        """A shortcut part of the way, so that walks also go wrong late."""
        steps: list[Callable[[], object]] = [
            lambda: self.attempt(self.stage.submit, self.row, measure=measure),
            lambda: self.attempt(self.stage.clear, self.row),
            lambda: self.attempt(self.stage.notice, self.row),
            lambda: self.stage.later(days=15),
            lambda: self.attempt(self.stage.recheck, self.row),
            lambda: self.attempt(self.stage.propose, self.row, measure=measure),
            lambda: self.attempt(self.stage.decide, self.row),
            lambda: self.attempt(self.stage.serve, self.row),
        ]
        for step in steps[:further]:
            step()

    @rule(measure=measures, further=steps_further)
    def go_on_honestly(self, measure: Measure, further: int) -> None:
        self.some_honest_steps(measure, further)

    @invariant()
    def no_effect_without_notice_statement_period_and_named_signer(self) -> None:
        row = self.row
        self.reached.add(row.state)
        if not self.changed:  # refused, rolled back: nothing was written that could be wrong
            return
        bar = standing.of_case(self.session, row.code)
        in_force = bar is not None and bar.lifted_on is None
        excluded = in_force and bar is not None and bar.bar.value == "excluded"
        assert (self.school.status is InstitutionStatus.EXCLUDED) is excluded
        if row.state in BEFORE_DECISION or row.state is ExitState.DECIDED:
            assert bar is None
        if bar is not None:
            assert row.noticed_at and row.statement_until_at and row.decided_at and row.served_at
            assert row.noticed_at < row.statement_until_at <= row.decided_at <= row.served_at
            assert row.decided_by_id not in {row.detected_by_id, row.investigator_id, row.legal_officer_id, row.rechecked_by_id, row.proposed_by_id}
            assert row.investigator_id not in {row.legal_officer_id, row.rechecked_by_id}
            assert row.ground_stands
            assert {"notice", "decision", "service"} <= {p.kind for p in papers.of_case(self.session, row.id)}
        if row.effect is not None and row.decided_at is not None:
            assert row.intended_effect is not None
            assert not Measure(row.effect, row.months).is_heavier_than(Measure(row.intended_effect, row.intended_months))
        if row.state in ENDED:
            assert not in_force
            assert not self.stage.shelf.held

    @invariant()
    def every_move_is_listed(self) -> None:
        if not self.changed:
            return
        moves = history.timeline(self.session, ExitCase.MACHINE, self.row.id)
        assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
        assert moves[-1].to_state == self.row.state.value
        assert queries.case(self.session, self.row.code).id == self.row.id

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expunge_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> set[ExitState]:
    reached: set[ExitState] = set()

    class Walk(ExitWalk):
        pass

    Walk.session, Walk.reached = session, reached
    checks = list(HealthCheck)
    shape = settings(
        max_examples=walks, stateful_step_count=steps, deadline=None, derandomize=derandomize, suppress_health_check=checks, database=None
    )
    run_state_machine_as_test(Walk, settings=shape)
    return reached


def test_walks_reach_the_decision_and_no_effect_without_due_process(session: Session) -> None:
    reached = walk(session, walks=12, steps=20, derandomize=True)
    assert {ExitState.NOTICED, ExitState.DECIDED, ExitState.IN_FORCE} <= reached, reached
    assert session.scalars(select(DirectoryExclusion)).all() == []


@pytest.mark.slow
def test_a_hundred_thousand_steps_reach_every_state_and_no_effect_without_due_process(session: Session) -> None:
    reached = walk(session, walks=2500, steps=45, derandomize=False)
    assert set(BEFORE_DECISION) - reached <= {ExitState.DETECTED}
    assert {ExitState.IN_FORCE, ExitState.PUBLISHED, ExitState.REVOKED, ExitState.WITHDRAWN} <= reached
