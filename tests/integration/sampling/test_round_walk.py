"""Random walks over a round with the real services on a real PostgreSQL: after every step, nothing happened out of turn."""

import json
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.kernel.errors import DomainError
from storage.ledger import history
from supervision.sampling import queries, verify_draw
from supervision.sampling import service as sampling
from supervision.sampling.lifecycle import DRAW_MOVES, DRAWN_STATES, DrawState
from supervision.sampling.models import DrawRound
from supervision.sampling.publication import export_public
from supervision.sampling.seed import commit
from tests.factories.world import make_world
from tests.integration.sampling.stage import BUREAU, NOW, PARTIES, Stage

LISTED = {(state.value, event.value, move.to.value) for (state, event), move in DRAW_MOVES.items()}
LATECOMERS = tuple((f"第{n}方", Actor(kind="account", name=f"party-{n}", role="third-party", id=UUID(int=n)), bytes([n] * 32)) for n in (3, 4, 5))
WALKERS = (*PARTIES, *LATECOMERS)
party_numbers = st.integers(0, len(WALKERS) - 1)


class RoundWalk(RuleBasedStateMachine):
    """Any call at any time; refusals are fine, forbidden results are not. Each walk is a savepoint that is rolled back."""

    session: Session
    reached: set[DrawState]

    @initialize(on_site=st.booleans(), strata_by=st.sampled_from([(), (), ("tier",), ("category", "flags")]))
    def plan(self, on_site: bool, strata_by: tuple[str, ...]) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage = Stage(self.session)
        on = local_date(self.stage.now + timedelta(days=2)) if on_site else None
        self.round: DrawRound = self.stage.plan(on=on, on_site=on_site, strata_by=strata_by)
        self.lessons = {lesson for lesson, _ in queries.eligible_lessons(self.session, self.round)}
        assert len(self.lessons) == (4 if on_site else 5)
        self.first_draw: list[bytes] | None = None
        self.first_seed: bytes | None = None
        self.first_root: bytes | None = None
        self.refusals = 0

    def attempt(self, act: object, *args: object, **kwargs: object) -> object:
        self.stage.later(seconds=1)
        try:
            with self.session.begin_nested():
                return act(self.session, self.round.code, *args, actor=kwargs.pop("actor", BUREAU), clock=self.stage.clock, **kwargs)  # type: ignore[operator]
        except DomainError:
            self.refusals += 1
            return None

    @rule(minutes=st.sampled_from([1, 30, 61, 600]))
    def wait(self, minutes: int) -> None:
        self.stage.later(minutes=minutes)

    @rule()
    def freeze(self) -> None:
        self.attempt(sampling.freeze_frame)

    @rule(number=party_numbers, wrong=st.booleans())
    def commit(self, number: int, wrong: bool) -> None:
        party, actor, value = WALKERS[number]
        self.attempt(sampling.commit_contribution, party=party, commitment=bytes(32) if wrong else commit(party, value), actor=actor)

    @rule()
    def somebody_new_commits(self) -> None:
        known = {share.party for share in queries.contributions(self.session, self.round.id)}
        number = next((n for n, (party, _, _) in enumerate(WALKERS) if party not in known), None)
        if number is not None:
            self.commit(number, wrong=False)

    @rule(number=party_numbers, wrong=st.booleans())
    def reveal(self, number: int, wrong: bool) -> None:
        party, actor, value = WALKERS[number]
        self.attempt(sampling.reveal_contribution, party=party, value=bytes(20) if wrong else value, actor=actor)

    @rule(value=st.sampled_from(["3882.78", "3882.79", " "]))
    def publish(self, value: str) -> None:
        self.attempt(sampling.publish_public_value, value=value)

    @rule()
    def draw(self) -> None:
        drawn = self.attempt(sampling.draw, actor=Actor(kind="account", name="clerk", role="bureau-officer", id=BUREAU.id))
        if drawn is None:
            return
        tickets = [t.ticket for t in drawn]  # type: ignore[attr-defined]
        assert self.first_draw in (None, tickets), "a second draw"
        self.first_draw = tickets

    @rule(open_visits=st.integers(0, 1))
    def open_the_list(self, open_visits: int) -> None:
        before = self.round.revealed_at
        if self.attempt(sampling.reveal, open_visits=open_visits) is not None:
            assert self.round.on_site
            assert before is not None or open_visits == 0

    @rule(open_items=st.integers(0, 1))
    def close(self, open_items: int) -> None:
        self.attempt(sampling.close, open_items=open_items)

    @rule(reason=st.sampled_from(["", "", "", "一方拒绝公开"]))
    def void(self, reason: str) -> None:
        self.attempt(sampling.void, reason=reason)

    @rule(parties=st.sampled_from([2, 3, 1]), reveals=st.sampled_from([3, 1, 0]), further=st.sampled_from([0, 1, 2, 3]))
    def some_honest_steps(self, parties: int, reveals: int, further: int) -> None:
        """A shortcut part of the way, so that walks also go wrong late and end beyond the draw."""
        self.freeze()
        for number in range(parties):
            self.commit(number, wrong=False)
        for number in range(reveals):
            self.reveal(number, wrong=False)
        if further > 0:
            self.stage.later(minutes=61)
            self.publish("3882.78")
        if further > 1:
            self.draw()
        if further > 2:
            self.open_the_list(open_visits=0)
            self.close(open_items=0)

    @invariant()
    def nothing_is_out_of_turn(self) -> None:
        if not hasattr(self, "round"):
            return
        self.session.refresh(self.round)
        row, shares = self.round, queries.contributions(self.session, self.round.id)
        self.reached.add(row.state)
        if shares:
            assert row.frozen_at is not None
            assert row.frozen_at <= min(s.committed_at for s in shares)
            assert max(s.committed_at for s in shares) < row.public_at
        revealed: list[datetime] = [s.revealed_at for s in shares if s.revealed_at is not None]
        if revealed:
            assert len(shares) >= 2
            assert max(s.committed_at for s in shares) < min(revealed)
        for value, name in ((row.seed, "first_seed"), (row.frame_root, "first_root")):
            assert getattr(self, name) in (None, value), f"{name} changed"
            setattr(self, name, value)
        if row.seed is not None:
            assert row.seeded_at is not None
            assert row.seeded_at >= row.public_at
            assert len(revealed) == len(shares) >= 2
        tickets = queries.tickets_page(self.session, row.id, limit=1000)
        assert bool(tickets) == (row.drawn_at is not None)
        assert row.drawn_at is not None or row.state not in DRAWN_STATES
        if row.drawn_at is not None:
            published = export_public(self.session, row.code)
            sealed = verify_draw.verify(published)
            assert bool(sealed) == ((row.on_site and row.revealed_at is None) or (bool(row.strata_by) and row.state is not DrawState.CLOSED))
        if row.on_site and row.revealed_at is None:
            told = json.dumps(export_public(self.session, row.code), ensure_ascii=False)
            assert not [lesson for lesson in self.lessons if lesson in told], "a sealed list was told"
            assert row.seed is None or row.seed.hex() not in told
            assert row.state is not DrawState.CLOSED
        moves = history.timeline(self.session, "draw-round", row.id)
        assert (moves[0].from_state, moves[0].to_state) == (None, "planned")
        assert all((m.from_state, m.event, m.to_state) in LISTED for m in moves[1:])
        assert all(a.to_state == b.from_state for a, b in pairwise(moves))
        assert moves[-1].to_state == row.state.value
        assert sum(m.event == "draw" for m in moves) <= 1

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.savepoint.rollback()
            self.session.expire_all()


def walk(session: Session, *, walks: int, steps: int, derandomize: bool) -> set[DrawState]:
    """Walk, and tell which states were seen."""
    stage = Stage(session, now=NOW - timedelta(minutes=1))
    stage.world(5)
    make_world(session, stage.now, lessons=4, days_ago=-2)

    class Walk(RoundWalk):
        pass

    Walk.session, Walk.reached = session, set()
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


def test_no_walk_over_a_round_leads_out_of_turn(session: Session) -> None:
    assert walk(session, walks=120, steps=20, derandomize=True) == set(DrawState), "the walk did not reach every state"


@pytest.mark.slow
def test_no_long_walk_over_a_round_leads_out_of_turn(session: Session) -> None:
    assert walk(session, walks=500, steps=40, derandomize=False) == set(DrawState)
