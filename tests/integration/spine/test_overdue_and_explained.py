"""What is not on tape by its deadline is missing, until late footage proves it or the bureau accepts why. R71."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.http.services import Services
from api.wiring import job_handlers
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import ForbiddenMove
from storage.kernel.span import Span
from storage.ledger import history
from supervision.footage import queries
from supervision.footage import service as footage
from supervision.footage.coverage import coverage
from supervision.footage.errors import ExplanationTooLate, SpanOutsideGap
from supervision.footage.lifecycle import ExplanationState, SlotState
from supervision.footage.models import GapExplanation, Slot
from supervision.footage.rules import explainable_until
from tests import videos
from tests.factories.world import COVERAGE, World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.site_fixtures import Hands

HEAD = Actor(kind="account", name="wang", role="institution-head", id=uuid4())
OFFICER = Actor(kind="account", name="li", role="bureau-officer", id=uuid4())


@dataclass
class Duty:
    """One slot of two minutes, `start_s` and `end_s` counted from its start."""

    services: Services
    world: World
    hands: Hands
    run_jobs: Callable[[], None]
    place: Path

    @property
    def start_at(self) -> datetime:
        return self.world.slot.starts_at

    def span(self, start_s: float, end_s: float) -> Span:
        return Span(self.start_at + timedelta(seconds=start_s), self.start_at + timedelta(seconds=end_s))

    def record(self, seconds: int, start_s: int = 0) -> None:
        local = (self.start_at + timedelta(seconds=start_s)).astimezone(BUREAU_ZONE)
        name = f"{self.world.cameras[0].code}_{local:%Y%m%d%H%M%S}.mp4"
        send(self.services, self.world, videos.film(self.place / name, "mp4", videos.Scene(seconds=seconds, fps=5)), file_name=name)
        self.run_jobs()

    def let_the_deadline_pass(self) -> None:
        self.hands.ahead = self.world.slot.due_at - datetime.now(BUREAU_ZONE) + timedelta(minutes=1)
        job_handlers(self.services)["mark-overdue"]()

    def slot(self) -> Slot:
        with self.services.database.transaction(SYSTEM) as session:
            return session.get_one(Slot, self.world.slot.id)

    def events(self) -> list[str]:
        with self.services.database.transaction(SYSTEM) as session:
            return [m.event for m in history.timeline(session, "slot", self.world.slot.id)]

    def explain(self, span: Span, *, at: datetime | None = None) -> GapExplanation:
        with self.services.database.transaction(Scope("institution", self.world.institution.id)) as session:
            slot, now = session.get_one(Slot, self.world.slot.id), at or self.services.clock.now_at()
            return footage.explain(session, slot, span, cause="power-cut", text="停电通知见附件", rule=COVERAGE, actor=HEAD, at=now)

    def decide(self, explanation_id: UUID, *, accept: bool) -> GapExplanation:
        with self.services.database.transaction(SYSTEM) as session:
            row, now = session.get_one(GapExplanation, explanation_id, with_for_update=True), self.services.clock.now_at()
            footage.decide_explanation(session, row, accept=accept, reason="供电公司有通知", rule=COVERAGE, actor=OFFICER, at=now)
            return row


@pytest.fixture
def duty(services: Services, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Duty:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at())
    return Duty(services, world, hands, run_jobs, tmp_path)


def test_an_overdue_slot_turns_missing_and_a_late_whole_recording_proves_it(duty: Duty) -> None:
    job_handlers(duty.services)["mark-overdue"]()
    assert duty.slot().state is SlotState.ANNOUNCED, "before the deadline nothing is missing"
    duty.let_the_deadline_pass()
    assert duty.slot().state is SlotState.MISSING
    duty.record(120)
    assert duty.slot().state is SlotState.COVERED
    for _ in range(2):
        job_handlers(duty.services)["mark-overdue"]()
    assert duty.slot().settled_at is not None
    assert duty.events() == ["announce", "miss", "prove"]


def test_what_is_covered_in_part_is_missing_after_the_deadline_until_the_rest_is_proven(duty: Duty) -> None:
    duty.record(30)
    assert duty.slot().state is SlotState.COVERED
    duty.let_the_deadline_pass()
    assert duty.slot().state is SlotState.MISSING
    duty.record(20, start_s=30)
    assert duty.slot().state is SlotState.MISSING, "70 s at the end are still missing"
    duty.record(15, start_s=50)  # 55 s are left: within the tolerance of an early end
    assert duty.slot().state is SlotState.COVERED
    assert duty.events() == ["announce", "prove", "miss", "prove"]


def test_an_institution_is_told_of_the_rest_before_it_is_missing_and_how_long_it_may_explain(duty: Duty) -> None:
    def told() -> queries.Duties:
        with duty.services.database.transaction(SYSTEM) as session:
            return queries.duties(session, duty.world.institution.id, COVERAGE, duty.services.clock.now_at())

    assert (told().in_part, told().next_rest_due_at, told().due_soon) == (0, None, 1)
    duty.record(30)
    due_at = duty.slot().due_at
    assert (told().in_part, told().next_rest_due_at, told().due_soon, told().missing) == (1, due_at, 0, 0)
    duty.let_the_deadline_pass()
    until = explainable_until(due_at, COVERAGE)
    assert (told().in_part, told().missing, told().explain_until) == (0, 1, until)
    duty.hands.ahead += until - due_at
    assert (told().missing, told().explain_until) == (1, None)


def test_an_accepted_explanation_of_the_rest_settles_the_slot(duty: Duty) -> None:
    duty.record(30)
    duty.let_the_deadline_pass()
    told = duty.explain(duty.span(30, 120))
    assert told.state is ExplanationState.SUBMITTED
    assert duty.slot().state is SlotState.MISSING
    decided = duty.decide(told.id, accept=True)
    assert (decided.state, decided.decision_reason, decided.decided_at is not None) == (ExplanationState.ACCEPTED, "供电公司有通知", True)
    assert duty.slot().state is SlotState.EXPLAINED
    with duty.services.database.transaction(SYSTEM) as session:
        who = [(m.event, m.actor_name, m.actor_role) for m in history.timeline(session, "gap-explanation", told.id)]
        assert who == [("submit", "wang", "institution-head"), ("accept", "li", "bureau-officer")]
        found = coverage(session, [duty.world.slot.id], COVERAGE)[duty.world.slot.id]
        assert (found.proven_s, found.explained_s, found.missing_s) == (30, 90, 0)
    duty.record(90, start_s=30)
    assert duty.slot().state is SlotState.COVERED, "footage that was found after all is worth more than an explanation"


def test_footage_of_the_rest_settles_a_slot_whose_gap_was_explained_first(duty: Duty) -> None:
    duty.let_the_deadline_pass()
    duty.decide(duty.explain(duty.span(30, 120)).id, accept=True)
    assert duty.slot().state is SlotState.MISSING, "half a minute is neither proven nor explained"
    duty.record(30)
    assert duty.slot().state is SlotState.EXPLAINED
    assert duty.events() == ["announce", "miss", "explain"]


def test_a_slot_without_any_footage_is_never_called_covered(duty: Duty) -> None:
    duty.decide(duty.explain(duty.span(0, 120)).id, accept=True)
    duty.let_the_deadline_pass()
    assert duty.slot().state is SlotState.EXPLAINED
    assert duty.events() == ["announce", "explain"]


def test_a_refused_explanation_changes_nothing_and_is_not_decided_twice(duty: Duty) -> None:
    duty.let_the_deadline_pass()
    told = duty.explain(duty.span(0, 120))
    assert duty.decide(told.id, accept=False).state is ExplanationState.REFUSED
    assert duty.slot().state is SlotState.MISSING
    for again in (True, False):
        with pytest.raises(ForbiddenMove):
            duty.decide(told.id, accept=again)
    with duty.services.database.transaction(SYSTEM) as session:
        row = session.get_one(GapExplanation, told.id)
        assert row.state is ExplanationState.REFUSED
        assert coverage(session, [duty.world.slot.id], COVERAGE)[duty.world.slot.id].missing_s == 120
    better = duty.explain(duty.span(0, 120))
    duty.decide(better.id, accept=True)
    assert duty.slot().state is SlotState.EXPLAINED


def test_an_explanation_lies_inside_what_is_missing_and_comes_in_time(duty: Duty) -> None:
    duty.record(30)
    duty.let_the_deadline_pass()
    for wrong in (duty.span(29, 120), duty.span(30, 121), duty.span(-5, 10), duty.span(0, 30), duty.span(200, 300)):
        with pytest.raises(SpanOutsideGap):
            duty.explain(wrong)
    last = duty.world.slot.due_at + timedelta(days=COVERAGE.explanation_open_days)
    with pytest.raises(ExplanationTooLate):
        duty.explain(duty.span(30, 120), at=last + timedelta(microseconds=1))
    assert duty.explain(duty.span(30, 120), at=last).state is ExplanationState.SUBMITTED


def test_the_bureau_has_five_working_days_that_know_holidays_and_make_up_days(duty: Duty) -> None:
    """2026: 25 September and 1 to 7 October are holidays, Saturday 10 October is worked."""
    expected = {"2026-09-23 10:00": "2026-10-08 18:00", "2026-09-28 10:00": "2026-10-10 18:00", "2026-10-09 23:59": "2026-10-15 18:00"}
    for submitted, decide_by in expected.items():
        at = datetime.fromisoformat(submitted).replace(tzinfo=BUREAU_ZONE)
        told = duty.explain(duty.span(0, 120), at=at)
        assert f"{told.decide_by.astimezone(BUREAU_ZONE):%Y-%m-%d %H:%M}" == decide_by
