"""A recording whose name and clock say nothing waits, verified and unlocked, until its sender says which lesson it shows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from api.http.services import Services
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.errors import DomainError, ForbiddenMove, NotFound
from storage.ledger import history
from storage.retention.service import kept_version
from supervision.footage import service as footage
from supervision.footage.coverage import coverage
from supervision.footage.errors import SlotNotYours, StartOutsideTimetable
from supervision.footage.lifecycle import SLOT_MOVES, RecordingState, SlotEvent, SlotState
from supervision.footage.models import Recording, Slot
from supervision.footage.service import Choice
from tests import videos
from tests.factories.world import COVERAGE, World, make_world
from tests.integration.spine.test_upload_to_catalogue import send

SCENE = videos.Scene(seconds=60, fps=5)


@dataclass
class Waiting:
    """A verified recording of `world` that does not know its slot. Slot 0 is open, slot 1 cancelled; `foreign` is another institution's."""

    services: Services
    world: World
    foreign: Slot
    recording_id: UUID

    def choose(self, choice: Choice) -> None:
        tenant = self.world.institution.id
        with self.services.database.transaction(Scope("institution", tenant)) as session:
            row = footage.find(session, self.recording_id, tenant, lock=True)
            footage.choose(session, row, choice, COVERAGE, at=self.services.clock.now_at(), events=self.services.events)

    def row(self) -> Recording:
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, self.recording_id, None)


@pytest.fixture
def waiting(services: Services, run_jobs: Callable[[], None], tmp_path: Path) -> Waiting:
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        world, other = make_world(session, now, lessons=2), make_world(session, now)
        cancelled = session.get_one(Slot, world.slots[1].id)
        history.move(session, cancelled, SLOT_MOVES, SlotEvent.CANCEL, actor=SYSTEM_ACTOR, at=now)
    recording_id = send(services, world, videos.film(tmp_path / "v.mp4", "mp4", SCENE), file_name="video.mp4")
    run_jobs()
    made = Waiting(services, world, other.slot, recording_id)
    row = made.row()
    assert (row.state, row.slot_id, row.declared_start_at) == (RecordingState.VERIFIED, None, None)
    return made


def test_choosing_a_slot_lets_a_verified_recording_go_on_by_itself(waiting: Waiting, run_jobs: Callable[[], None]) -> None:
    slot = waiting.world.slots[0]
    waiting.choose(Choice(slot.id, slot.starts_at + timedelta(seconds=30)))
    run_jobs()
    row = waiting.row()
    assert row.state is RecordingState.RETAINED
    assert (row.slot_id, row.camera_id, row.start_source) == (slot.id, slot.camera_id, "chosen")
    with waiting.services.database.transaction(SYSTEM) as session:
        proven = coverage(session, [slot.id], COVERAGE)[slot.id].proven
        assert [(p.start_at, p.seconds) for p in proven] == [(slot.starts_at + timedelta(seconds=30), 60.0)]
        assert session.get_one(Slot, slot.id).state is SlotState.COVERED
    with pytest.raises(ForbiddenMove):
        waiting.choose(Choice(slot.id, slot.starts_at))
    assert waiting.row().declared_start_at == slot.starts_at + timedelta(seconds=30)


def test_a_slot_chosen_without_a_time_starts_with_its_lesson(waiting: Waiting, run_jobs: Callable[[], None]) -> None:
    slot = waiting.world.slots[0]
    waiting.choose(Choice(slot.id))
    waiting.choose(Choice(slot.id))  # a second click before the worker came
    run_jobs()
    row = waiting.row()
    assert (row.state, row.declared_start_at, row.start_source) == (RecordingState.RETAINED, slot.starts_at, "slot")
    with waiting.services.database.transaction(SYSTEM) as session:
        assert [m.event for m in history.timeline(session, "recording", row.id)].count("catalogue") == 1


def test_a_choice_that_does_not_fit_is_refused_and_nothing_is_locked(waiting: Waiting, run_jobs: Callable[[], None]) -> None:
    open_slot, cancelled = waiting.world.slots
    too_early = open_slot.starts_at - COVERAGE.start_tolerance - timedelta(seconds=1)
    wrong: list[tuple[Choice, type[DomainError]]] = [
        (Choice(waiting.foreign.id), SlotNotYours),
        (Choice(cancelled.id), SlotNotYours),
        (Choice(uuid4()), SlotNotYours),
        (Choice(open_slot.id, too_early), StartOutsideTimetable),
    ]
    for choice, refusal in wrong:
        with pytest.raises(refusal):
            waiting.choose(choice)
    run_jobs()
    row = waiting.row()
    assert (row.state, row.slot_id) == (RecordingState.VERIFIED, None)
    assert row.version_id is not None
    assert waiting.services.buckets.evidence.retention(row.object_key, row.version_id) is None
    with waiting.services.database.transaction(SYSTEM) as session:
        assert kept_version(session, row.object_key, row.version_id) is None
        with pytest.raises(NotFound):
            footage.find(session, row.id, waiting.foreign.institution_id, lock=True)
