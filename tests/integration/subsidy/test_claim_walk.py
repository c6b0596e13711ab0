"""Random walks over the claims of a class with the real services on a real PostgreSQL: two people decide, and never more is paid. R84, R87."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from compliance.subsidy import claims, service
from compliance.subsidy.lifecycle import CLAIM_MOVES, ENDED_WITHOUT_PAYMENT, CertificateState, ClaimState
from compliance.subsidy.models import PayeeKind, SubsidyClaim, SubsidyPayment
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.errors import DomainError
from storage.ledger import history
from tests.factories.subsidised import HEAD, LEADER, OFFICER, finished_class, rules_on
from tests.factories.world import World

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
BY = {"clock": Clock(lambda: NOW)}
RULES, TODAY = rules_on(NOW), local_date(NOW)
KEY = Ed25519PrivateKey.generate()
LISTED = {(state.value, event.value, move.to.value) for (state, event), move in CLAIM_MOVES.items()}
people = st.sampled_from([OFFICER, LEADER, HEAD])
yuan = st.sampled_from([100, 200, 1, 0, 201])
honest = st.sampled_from([4, 3, 2, 1, 0])  # the whole way first: Hypothesis begins with the first
vouchers = st.sampled_from(["凭1", "凭2", "凭3"])


class ClaimWalk(RuleBasedStateMachine):
    """Anybody tries anything at any time; refusals are fine. Each walk is rolled back."""

    session: Session
    world: World
    reached: set[ClaimState]
    refusals: set[str]

    @initialize(further=honest)
    def open(self, further: int) -> None:
        self.savepoint = self.session.begin_nested()
        self.school = self.world.institution.id
        self.some_honest_steps(further)

    def attempt(self, act: Callable[..., object], *args: object, **kwargs: object) -> None:
        try:
            with self.session.begin_nested():
                act(*args, **kwargs)
        except DomainError as refused:
            self.refusals.add(refused.code)

    @property
    def rows(self) -> list[SubsidyClaim]:
        return list(self.session.scalars(select(SubsidyClaim).where(SubsidyClaim.class_id == self.world.training_class.id).order_by(SubsidyClaim.id)))

    def act(self, do: Callable[..., object], *args: object, **kwargs: object) -> None:
        """On the newest claim, if there is one."""
        for row in self.rows[-1:]:
            self.attempt(do, self.session, row.code, *args, **kwargs, **BY)

    @rule(actor=people)
    def issue(self, actor: Actor) -> None:
        self.attempt(service.issue, self.session, self.world.training_class, RULES, key=KEY, actor=actor, **BY)

    @rule(actor=people)
    def submit(self, actor: Actor) -> None:
        told = {"payee": "鑫诚", "account": "6222 0000 1111 2222"}
        self.attempt(claims.submit, self.session, self.world.training_class, RULES, **told, actor=actor, **BY)

    @rule(actor=people, yuan=yuan, note=st.sampled_from(["一人重复", ""]))
    def check(self, actor: Actor, yuan: int, note: str) -> None:
        self.act(claims.check, RULES, yuan=yuan, note=note, actor=actor)

    @rule(actor=people)
    def approve(self, actor: Actor) -> None:
        self.act(claims.approve, actor=actor)

    @rule(actor=people, reason=st.sampled_from(["材料不符", ""]))
    def refuse(self, actor: Actor, reason: str) -> None:
        self.act(claims.refuse, reason=reason, actor=actor)

    @rule()
    def withdraw(self) -> None:
        self.act(claims.withdraw, institution_id=self.school, actor=HEAD)

    @rule(amount=yuan, voucher=vouchers)
    def pay(self, amount: int, voucher: str) -> None:
        told = {"paid_on": TODAY, "payee_kind": PayeeKind.INSTITUTION, "payee": "鑫诚", "voucher": voucher}
        self.act(claims.pay, amount_yuan=amount, **told, actor=OFFICER)

    @rule(amount=yuan, voucher=vouchers)
    def pay_past_the_services(self, amount: int, voucher: str) -> None:
        """Somebody with the right to write the table and no regard for the rest."""
        for row in self.rows[-1:]:
            told = {"paid_on": TODAY, "payee_kind": PayeeKind.INSTITUTION, "payee": "鑫诚", "voucher": voucher, "amount_yuan": amount}
            by = {"recorded_at": NOW, "recorded_by_id": OFFICER.id, "recorded_by": OFFICER.name}
            try:
                with self.session.begin_nested():
                    self.session.add(SubsidyPayment(institution_id=self.school, claim_id=row.id, **told, **by))
                    self.session.flush()
            except DBAPIError:
                self.refusals.add("database")

    @rule(further=honest)
    def go_on_honestly(self, further: int) -> None:
        self.some_honest_steps(further)

    def some_honest_steps(self, further: int) -> None:
        for step in [self.submit_honestly, self.check_honestly, self.approve_honestly, self.pay_honestly][:further]:
            step()

    def submit_honestly(self) -> None:
        self.issue(OFFICER)
        self.submit(HEAD)

    def check_honestly(self) -> None:
        self.act(claims.check, RULES, yuan=200, actor=OFFICER)

    def approve_honestly(self) -> None:
        self.approve(OFFICER)  # who checked it tries first
        self.approve(LEADER)

    def pay_honestly(self) -> None:
        for amount, voucher in ((100, "凭7"), (200, "凭8"), (100, "凭9")):  # the second would be too much
            self.pay(amount, voucher)

    @invariant()
    def nothing_is_paid_beyond_what_two_people_decided(self) -> None:
        rows = self.rows
        for row in rows:
            self.reached.add(row.state)
            paid = claims.paid_yuan(self.session, row.id)
            assert paid <= (row.approved_yuan or 0)
            if paid or row.state in (ClaimState.APPROVED, ClaimState.PAID):
                assert row.approved_yuan == row.checked_yuan
                assert 0 < (row.approved_yuan or 0) <= row.claimed_yuan == 200
                assert len({row.claimant_id, row.checked_by_id, row.decided_by_id} - {None}) >= 2
                assert row.decided_by_id not in {row.checked_by_id, row.claimant_id, None}
            moves = history.timeline(self.session, SubsidyClaim.MACHINE, row.id)
            assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
            assert moves[-1].to_state == row.state.value

    @invariant()
    def a_certificate_is_cited_by_one_living_claim_at_the_most(self) -> None:
        living = [row for row in self.rows if row.state not in ENDED_WITHOUT_PAYMENT]
        assert len(living) <= 1
        certificate = service.certificate_of(self.session, self.world.training_class)
        assert bool(living) is (certificate is not None and certificate.state is CertificateState.CITED_IN_CLAIM)

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expire_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> tuple[set[ClaimState], set[str]]:
    class Walk(ClaimWalk):
        pass

    Walk.session, Walk.world, Walk.reached, Walk.refusals = session, finished_class(session, NOW), set(), set()
    checks = list(HealthCheck)
    shape = settings(
        max_examples=walks, stateful_step_count=steps, deadline=None, derandomize=derandomize, suppress_health_check=checks, database=None
    )
    run_state_machine_as_test(Walk, settings=shape)
    return Walk.reached, Walk.refusals


def test_walks_of_a_claim_pay_no_more_than_two_people_decided(session: Session) -> None:
    reached, refusals = walk(session, walks=10, steps=14, derandomize=True)
    assert {ClaimState.CHECKED, ClaimState.APPROVED, ClaimState.PAID} <= reached, reached
    assert {"forbidden-move", "database"} <= refusals, refusals


@pytest.mark.slow
def test_forty_thousand_steps_of_claims_reach_every_state_and_pay_no_more_than_was_decided(session: Session) -> None:
    reached, _ = walk(session, walks=1000, steps=40, derandomize=False)
    assert reached == set(ClaimState)
