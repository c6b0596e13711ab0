"""Random walks over an information item and a rating with the real services: no effect without letter, days and named signer. PRODUCT.md, 6."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from compliance.papers import service as papers
from compliance.rating import items, queries, repair, replay, service
from compliance.rating.errors import MalformedRating
from compliance.rating.item_lifecycle import IN_FORCE, ITEM_MOVES, ItemState
from compliance.rating.lifecycle import EFFECTIVE, RATING_MOVES, RatingState
from compliance.rating.models import CreditItem, Rating
from compliance.rating.terms import ItemClass
from storage.kernel.errors import DomainError, ForbiddenMove
from storage.ledger import history
from supervision.institutions import restrictions
from tests.integration.rating.stage import HEAD, LEADER, LEGAL, OFFICER, PAPER, SECOND, Bench

LISTED = {
    "credit-item": {(state.value, event.value, move.to.value) for (state, event), move in ITEM_MOVES.items()},
    "rating": {(state.value, event.value, move.to.value) for (state, event), move in RATING_MOVES.items()},
}
people = st.sampled_from([OFFICER, SECOND, LEGAL, LEADER])
anybody = st.sampled_from([HEAD, OFFICER, LEADER])
further = st.sampled_from(range(7, -1, -1))  # the whole way first: Hypothesis begins with the first


class CreditWalk(RuleBasedStateMachine):
    """Anybody tries anything at any time; refusals are fine, an effect without due process is not. Each walk is rolled back."""

    session: Session
    reached: set[str]
    steps: list[int]
    changed: bool = True

    @initialize(kind=st.sampled_from(ItemClass), item=further, rated=further)
    def open(self, kind: ItemClass, item: int, rated: int) -> None:
        self.savepoint = self.session.begin_nested()
        self.bench = Bench(self.session)
        self.item: CreditItem = self.bench.recorded()
        self.rating: Rating = self.bench.opened()
        self.go_on(kind, item, rated)

    def attempt(self, act: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.bench.later(seconds=1)
        self.changed = False
        self.steps[0] += 1
        try:
            with self.session.begin_nested():
                act(*args, **kwargs)
            self.changed = True
        except (ForbiddenMove, MalformedRating):
            pass
        except DomainError as refused:
            assert refused.code in {"rating-not-found", "credit-item-not-found", "statement-malformed", "rating-not-reproduced"}, (
                refused
            )  # the last: nothing was frozen yet
        self.reached |= {f"item/{self.item.state.value}", f"rating/{self.rating.state.value}"}

    def with_rules(self, act: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.attempt(act, self.session, *args, rules=self.bench.rules, clock=self.bench.clock, **kwargs)

    def plainly(self, act: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.attempt(act, self.session, *args, clock=self.bench.clock, **kwargs)

    @rule(days=st.sampled_from([0, 1, 8, 40, 400]))
    def wait(self, days: int) -> None:
        self.bench.later(days=days)

    @rule(actor=people, kind=st.sampled_from(ItemClass), necessary=st.sampled_from(["", "影响公共安全"]))
    def classify(self, actor: object, kind: ItemClass, necessary: str) -> None:
        self.with_rules(items.classify, self.item.code, kind=kind, necessary=necessary, actor=actor)

    @rule(actor=anybody, declared=st.booleans())
    def make_no_statement(self, actor: object, declared: bool) -> None:
        self.plainly(items.waive_statement, self.item.code, declared=declared, institution_id=self.bench.owner.id, actor=actor)

    @rule()
    def state(self) -> None:
        self.plainly(items.state_case, self.item.code, points=["我们不同意"], institution_id=self.bench.owner.id, actor=HEAD)

    @rule(actor=people, answers=st.sampled_from([[], [""], ["经核实，不予采纳"]]))
    def decide(self, actor: object, answers: list[str]) -> None:
        self.with_rules(items.decide, self.item.code, answers=answers, actor=actor)

    @rule(promise=st.booleans(), proof=st.booleans())
    def apply(self, promise: bool, proof: bool) -> None:
        files = [PAPER] if proof else []
        by = {"said": "已改正", "promise": promise, "files": files, "institution_id": self.bench.owner.id, "actor": HEAD}
        self.with_rules(repair.apply_for_repair, self.item.code, **by)

    @rule(actor=people)
    def accept(self, actor: object) -> None:
        self.with_rules(repair.accept_application, self.item.code, actor=actor)

    @rule(actor=people, reason=st.sampled_from(["", "缺少凭证"]))
    def give_back(self, actor: object, reason: str) -> None:
        self.with_rules(repair.return_application, self.item.code, reason=reason, actor=actor)

    @rule(actor=people, granted=st.booleans())
    def verify(self, actor: object, granted: bool) -> None:
        if granted:
            self.with_rules(repair.verify_repair, self.item.code, how="现场核实", actor=actor)
        else:
            self.with_rules(repair.refuse_repair, self.item.code, reason="尚未改正", actor=actor)

    @rule(actor=people)
    def revoke(self, actor: object) -> None:
        self.with_rules(repair.revoke_repair, self.item.code, reason="凭证虚假", actor=actor)

    @rule()
    def the_calendar_goes_on(self) -> None:
        self.with_rules(items.expire_due, actor=OFFICER)

    @rule(actor=people)
    def freeze(self, actor: object) -> None:
        self.with_rules(service.freeze, self.rating.code, reversed_problems=(), actor=actor)

    @rule(actor=people)
    def check(self, actor: object) -> None:
        self.plainly(service.check, self.rating.code, actor=actor)

    @rule(actor=people)
    def notice(self, actor: object) -> None:
        self.with_rules(service.serve_notice, self.rating.code, actor=actor)

    @rule()
    def object_to_it(self) -> None:
        self.plainly(service.raise_objection, self.rating.code, points=["数据有误"], institution_id=self.bench.owner.id, actor=HEAD)

    @rule(actor=anybody, declared=st.booleans())
    def waive(self, actor: object, declared: bool) -> None:
        self.plainly(service.waive_objection, self.rating.code, declared=declared, institution_id=self.bench.owner.id, actor=actor)

    @rule(actor=people, strike=st.booleans())
    def answer(self, actor: object, strike: bool) -> None:
        struck = [event.ref for event in self.events()[:1]] if strike else []
        self.plainly(service.answer_objection, self.rating.code, answers=["经核对，数据无误"], strike=struck, actor=actor)

    @rule(actor=people)
    def finalise(self, actor: object) -> None:
        self.with_rules(service.finalise, self.rating.code, actor=actor)

    @rule(actor=people)
    def publish(self, actor: object) -> None:
        self.plainly(service.publish, self.rating.code, actor=actor)

    @rule(kind=st.sampled_from(ItemClass), item=further, rated=further)
    def go_on_honestly(self, kind: ItemClass, item: int, rated: int) -> None:
        self.go_on(kind, item, rated)

    def events(self) -> tuple[replay.inputs.Event, ...]:
        stored = queries.inputs_of(self.session, self.rating)
        return replay.inputs.read(stored.canonical).events if stored else ()

    def go_on(self, kind: ItemClass, item: int, rated: int) -> None:
        """A shortcut part of the way, so that walks also go wrong late."""
        own: list[Callable[[], object]] = [
            lambda: self.classify(SECOND, kind, ""),
            lambda: self.make_no_statement(HEAD, True),
            lambda: self.decide(LEADER, []),
            lambda: self.bench.later(days=400 if kind is ItemClass.SERIOUS else 100),
            lambda: self.apply(True, True),
            lambda: self.accept(OFFICER),
            lambda: self.verify(SECOND, True),
        ]
        year: list[Callable[[], object]] = [
            lambda: self.freeze(OFFICER),
            lambda: self.check(OFFICER),
            lambda: self.notice(OFFICER),
            lambda: self.bench.later(days=15),
            lambda: self.finalise(LEADER),
            lambda: self.publish(OFFICER),
        ]
        for step in (*year[:rated], *own[:item]):
            step()

    @invariant()
    def an_item_acts_only_after_letter_days_and_a_named_signer(self) -> None:
        row = self.item
        if not self.changed:
            return
        assert row.publication_on is row.sharing_on
        if row.publication_on or row.restriction_on:
            assert row.state in IN_FORCE
        if row.state in IN_FORCE:
            assert row.decided_at and row.state_until
            assert row.decided_at >= (row.waived_at or row.state_until)
            assert row.decided_by_id not in {None, row.recorded_by_id, row.classified_by_id}
            kinds = {paper.kind for paper in papers.of_case(self.session, row.id)}
            assert {"item-letter", "item-decision"} <= kinds
            assert (row.waived_at is not None) is ("item-waiver" in kinds)
        if row.state is ItemState.REPAIRED:
            assert row.verified_by_id != row.accepted_by_id
        shown = {one.code for one in queries.published_items(self.session, on=self.bench.clock.today_on())}
        if row.publication_on and row.ends_on and row.ends_on > self.bench.clock.today_on():
            assert row.code in shown
        else:
            assert row.code not in shown

    @invariant()
    def a_tier_acts_only_after_notice_days_and_a_named_signer(self) -> None:
        if not self.changed:
            return
        row = self.rating
        if row.state in EFFECTIVE:
            assert row.notice_paper_id and row.object_until and row.decided_at
            assert row.objected_at or row.decided_at >= (row.waived_at or row.object_until)
            assert row.decided_by_id not in {None, row.noticed_by_id, row.answered_by_id}
            assert not row.objected_at or row.answered_by_id not in {None, row.noticed_by_id}
        standing = self.bench.standing()
        if standing is None:
            assert restrictions.in_force(self.session, self.bench.owner.id) == []
        elif standing is not row:  # made by a repair or the calendar: it only got better
            assert standing.repair_item_id == self.item.id
            assert standing.score is not None and row.score is not None and standing.score >= row.score

    @invariant()
    def every_move_is_listed(self) -> None:
        if not self.changed:
            return
        for row in (self.item, self.rating):
            moves = history.timeline(self.session, row.MACHINE, row.id)
            assert all((m.from_state, m.event, m.to_state) in LISTED[row.MACHINE] for m in moves[1:])
            assert moves[-1].to_state == row.state.value

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expunge_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> tuple[set[str], int]:
    class Walk(CreditWalk):
        pass

    Walk.session, Walk.reached, Walk.steps = session, set(), [0]
    shape = settings(
        max_examples=walks,
        stateful_step_count=steps,
        deadline=None,
        derandomize=derandomize,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Walk, settings=shape)
    return Walk.reached, Walk.steps[0]


def test_walks_reach_force_and_repair_and_nothing_acts_without_due_process(session: Session) -> None:
    reached, _ = walk(session, walks=10, steps=20, derandomize=True)
    assert {f"item/{one.value}" for one in (ItemState.UNCONTESTED, ItemState.PUBLISHED, ItemState.ACCEPTED, ItemState.REPAIRED)} <= reached, reached
    assert {f"rating/{one.value}" for one in (RatingState.NOTICED, RatingState.FINAL, RatingState.PUBLISHED)} <= reached, reached


@pytest.mark.slow
def test_long_walks_reach_every_state_and_nothing_acts_without_due_process(session: Session) -> None:
    reached, steps = walk(session, walks=250, steps=100, derandomize=False)
    assert steps >= 20_000, steps
    assert {f"item/{one.value}" for one in ItemState} - reached <= {"item/void"}
    assert {f"rating/{one.value}" for one in EFFECTIVE} <= reached
