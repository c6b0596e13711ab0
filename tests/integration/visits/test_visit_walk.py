"""Random walks over a visit with the real services on a real PostgreSQL and the real store: after every step nothing is signed in part or by one."""

import hashlib
from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.errors import DomainError
from storage.ledger import history
from storage.objects.port import Buckets
from storage.retention.rules import RetentionRule
from supervision.sampling.draw import SamplingRule
from supervision.spotchecks.checklists import Answer
from supervision.spotchecks.inspectors import Inspector
from supervision.spotchecks.models import Recusal
from supervision.visits import on_site, queries, record
from supervision.visits import service as visits
from supervision.visits.checklist import BY_CODE, ITEMS, photo_is_needed
from supervision.visits.lifecycle import ENDED_STATES, VISIT_MOVES, VisitState
from supervision.visits.models import PlaceState, Visit, VisitMember
from supervision.visits.on_site import Place, Who
from supervision.visits.rules import VisitRule
from tests.factories.visits import JPEG
from tests.factories.world import make_world
from tests.integration.sampling.stage import BUREAU, NOW, Stage, as_actor

LISTED = {(state.value, event.value, move.to.value) for (state, event), move in VISIT_MOVES.items()}
PEOPLE = tuple(Inspector(f"inspector-{n:02d}", UUID(int=100 + n), f"检查员{n}") for n in range(4))
RULE = VisitRule(team_size=2, visible_hours_before=18, cooling_off_years=3)
NOWHERE = Place(PlaceState.REFUSED)
somebody = st.sampled_from(PEOPLE)


class VisitWalk(RuleBasedStateMachine):
    """Any call by anybody at any time; refusals are fine, forbidden results are not. Each walk is a savepoint that is rolled back."""

    session: Session
    buckets: Buckets
    reached: set[VisitState]

    @initialize()
    def send(self) -> None:
        self.savepoint = self.session.begin_nested()
        self.stage = Stage(self.session)
        round_ = self.stage.drawn(rule=SamplingRule(1000, 100, 800), on_site=True)
        (visit,) = [v for v in visits.assign(self.session, round_.code, inspectors=PEOPLE, rule=RULE, **self.by) if v.rank == 1]
        self.visit: Visit = visit
        self.stage.now = visit.starts_at - timedelta(hours=1)
        self.stepped_back: set[UUID] = set()

    @property
    def by(self) -> dict[str, object]:
        return {"actor": BUREAU, "clock": self.stage.clock}

    def attempt(self, act: object, person: Inspector, **how: object) -> object:
        self.stage.later(seconds=1)
        try:
            with self.session.begin_nested():
                return act(self.session, self.visit.code, Who(as_actor(person), self.stage.clock, RULE), **how)  # type: ignore[operator]
        except DomainError:
            self.session.refresh(self.visit)
            return None

    @rule(person=somebody)
    def open(self, person: Inspector) -> None:
        self.attempt(on_site.open_visit, person)

    @rule(person=somebody)
    def be_there(self, person: Inspector) -> None:
        self.attempt(on_site.confirm_presence, person, client_id=uuid4(), said_at=self.stage.now, place=NOWHERE)

    @rule(person=somebody, item=st.sampled_from(ITEMS), answer=st.sampled_from(Answer), note=st.sampled_from(["", "见照片"]))
    def answer(self, person: Inspector, item: object, answer: Answer, note: str) -> None:
        how = {"client_id": uuid4(), "item": item.code, "answer": answer, "note": note, "answered_at": self.stage.now}  # type: ignore[attr-defined]
        self.attempt(on_site.give_answer, person, **how)

    @rule(person=somebody, leave_out=st.sampled_from([None, None, "fire", "food"]))
    def answer_and_show_everything(self, person: Inspector, leave_out: str | None) -> None:
        for number, item in enumerate(ITEMS):
            if item.code == leave_out or self.visit.state not in (VisitState.OPENED, VisitState.UNDER_WAY):
                continue
            how = {"client_id": uuid4(), "item": item.code, "answer": Answer.YES, "note": "", "answered_at": self.stage.now}
            if self.attempt(on_site.give_answer, person, **how) is not None and item.photo:
                self.show(person, item.code, JPEG + bytes([number]))

    def show(self, person: Inspector, item: str, data: bytes) -> None:
        self.attempt(
            on_site.hand_in_photo,
            person,
            client_id=uuid4(),
            item=item,
            data=data,
            sha256=hashlib.sha256(data).digest(),
            taken_at=self.stage.now,
            place=NOWHERE,
            store=self.buckets.evidence,
            retention_rule=RetentionRule(2, "next-day"),
        )

    @rule(person=somebody, stale=st.booleans())
    def sign(self, person: Inspector, stale: bool) -> None:
        self.attempt(on_site.sign, person, record_sha256=bytes(32) if stale else record.digest(self.session, self.visit), note="")

    @rule(person=somebody, reason=st.sampled_from(["", "亲属任教"]))
    def step_back(self, person: Inspector, reason: str) -> None:
        self.stage.later(seconds=1)
        try:
            with self.session.begin_nested():
                visits.recuse(self.session, self.visit.code, account_id=person.account_id, reason=reason, inspectors=PEOPLE, **self.by)  # type: ignore[arg-type]
            self.stepped_back.add(person.account_id)
        except DomainError:
            self.session.refresh(self.visit)

    @rule(hours=st.sampled_from([0, 0, 0, 20]))
    def wait(self, hours: int) -> None:
        self.stage.later(hours=hours)
        visits.miss_overdue(self.session, **self.by)  # type: ignore[arg-type]

    @rule(there=st.sampled_from([2, 2, 1]), signing=st.sampled_from([0, 1, 2]))
    def an_honest_visit(self, there: int, signing: int) -> None:
        """A shortcut part of the way, so that walks also go wrong late."""
        team = [p for p in PEOPLE if p.account_id in {m.inspector_account_id for m in queries.members(self.session, self.visit.id)}]
        for person in team[:there]:
            self.open(person)
            self.be_there(person)
        self.answer_and_show_everything(team[0], None)
        for person in team[:signing]:
            self.sign(person, stale=False)

    @invariant()
    def nothing_is_signed_in_part_or_by_one(self) -> None:
        team = queries.members(self.session, self.visit.id)
        assert len(team) == RULE.team_size
        assert len({m.inspector_account_id for m in team}) == RULE.team_size
        assert not {m.inspector_account_id for m in team} & self.stepped_back, "whoever stepped back came back"
        assert [m.is_lead for m in team].count(True) == 1
        self.reached.add(self.visit.state)
        if self.visit.state in (VisitState.SIGNED, VisitState.CLOSED):
            given = queries.standing(queries.answers(self.session, self.visit.id))
            shown = {p.item for p in queries.photos(self.session, self.visit.id)}
            assert set(given) == set(BY_CODE)
            assert {code for code, answer in given.items() if photo_is_needed(BY_CODE[code], answer.answer)} <= shown
            assert all(m.present_at is not None for m in team)
            assert self.visit.record_sha256 == record.digest(self.session, self.visit)
            assert queries.signed_by(self.session, self.visit.id, self.visit.record_sha256 or b"") == {m.id for m in team}

    @invariant()
    def every_move_is_listed_and_the_register_learns_only_afterwards(self) -> None:
        moves = history.timeline(self.session, "visit", self.visit.id)
        assert moves[-1].to_state == self.visit.state.value
        assert {(m.from_state, m.event, m.to_state) for m in moves[1:]} <= LISTED
        assert all(a.to_state == b.from_state for a, b in pairwise(moves))
        entered = set(self.session.scalars(select(Recusal.inspector_account_id).where(Recusal.institution_id == self.visit.institution_id)))
        others = select(VisitMember.inspector_account_id).join(Visit).where(Visit.state.in_(ENDED_STATES), VisitMember.recused_at.is_not(None))
        assert entered == set(self.session.scalars(others.where(Visit.institution_id == self.visit.institution_id)))

    def teardown(self) -> None:
        if hasattr(self, "savepoint"):
            self.session.expire_all()
            self.savepoint.rollback()


@pytest.mark.parametrize(
    ("walks", "steps", "states"),
    [
        (4, 10, {VisitState.SEALED}),
        pytest.param(
            25, 20, {VisitState.SEALED, VisitState.OPENED, VisitState.UNDER_WAY, VisitState.SIGNED, VisitState.MISSED}, marks=pytest.mark.slow
        ),
    ],
)
def test_a_visit_is_signed_by_two_or_not_at_all(session: Session, buckets: Buckets, walks: int, steps: int, states: set[VisitState]) -> None:
    make_world(session, NOW, lessons=2, length=timedelta(minutes=45), days_ago=-2)
    reached: set[VisitState] = set()
    walk = type("Walk", (VisitWalk,), {"session": session, "buckets": buckets, "reached": reached})
    run_state_machine_as_test(
        walk, settings=settings(max_examples=walks, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck))
    )
    assert states <= reached
