"""When a recording begins is told by its sender, its name or its own clock, in this order; none is believed about the future. R71; F-11, F-19."""

import hashlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from api.auth.keys import create_key
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM, Scope
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import BUREAU_ZONE
from storage.retention.service import kept_version
from supervision.classes import service as classes
from supervision.classes.models import TrainingClass
from supervision.footage import service as footage
from supervision.footage.errors import LessonNotBegun, StartNotPossible
from supervision.footage.lifecycle import RecordingState, SlotState
from supervision.footage.models import Recording, Slot
from supervision.footage.service import Choice
from supervision.institutions.models import Institution
from tests import videos
from tests.factories.world import COVERAGE, World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of
from tests.site_fixtures import serving

AHEAD = timedelta(seconds=COVERAGE.clock_ahead_s)


@dataclass(frozen=True)
class Desk:
    services: Services
    world: World
    run_jobs: Callable[[], None]
    place: Path

    @property
    def now(self) -> datetime:
        return self.services.clock.now_at()

    def film(self, seconds: int, *, clock: datetime | None = None) -> Path:
        """A film whose container says when it begins, or nothing."""
        plain = videos.film(self.place / f"{seconds}.mp4", "mp4", videos.Scene(seconds=seconds, fps=1))
        if clock is None:
            return plain
        told = self.place / "told.mp4"
        stamp = f"creation_time={clock.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", plain, "-c", "copy", "-metadata", stamp, told], check=True)
        return told

    def sent(self, path: Path, name: str) -> UUID:
        recording_id = send(self.services, self.world, path, file_name=name)
        self.run_jobs()
        return recording_id

    def name_at(self, instant: datetime) -> str:
        return f"{self.world.cameras[0].code}_{instant.astimezone(BUREAU_ZONE):%Y%m%d%H%M%S}.mp4"

    def choose(self, recording_id: UUID, choice: Choice) -> None:
        tenant = self.world.institution.id
        with self.services.database.transaction(Scope("institution", tenant)) as session:
            row = footage.find(session, recording_id, tenant, lock=True)
            footage.choose(session, row, choice, COVERAGE, at=self.now, events=self.services.events)
        self.run_jobs()

    def row(self, recording_id: UUID) -> Recording:
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, recording_id, None)

    def slot(self, slot_id: UUID) -> Slot:
        with self.services.database.transaction(SYSTEM) as session:
            return session.get_one(Slot, slot_id)

    def lesson_now(self) -> Slot:
        """A lesson that began two minutes ago and goes on for eight."""
        start = self.now.astimezone(BUREAU_ZONE) - timedelta(minutes=2)
        end = min(start + timedelta(minutes=10), datetime.combine(start.date(), time(23, 59, 59), BUREAU_ZONE))
        with self.services.database.transaction(SYSTEM) as session:
            training_class = session.get_one(TrainingClass, self.world.training_class.id)
            owner = session.get_one(Institution, self.world.institution.id)
            planned = [classes.PlannedLesson(start.date(), 9, start, end, self.world.room.code, "孙三")]
            lessons = classes.file_timetable(session, owner, training_class, planned, actor=SYSTEM_ACTOR, at=self.now)
            footage.plan_slots(session, lessons, COVERAGE, actor=SYSTEM_ACTOR, at=self.now)
            return session.scalars(select(Slot).where(Slot.lesson_id == lessons[0].id)).one()

    def is_locked(self, row: Recording) -> bool:
        assert row.version_id is not None
        with self.services.database.transaction(SYSTEM) as session:
            known = kept_version(session, row.object_key, row.version_id)
        lock = self.services.buckets.evidence.retention(row.object_key, row.version_id)
        assert (known is None) == (lock is None)
        return lock is not None


@pytest.fixture
def desk(services: Services, run_jobs: Callable[[], None], tmp_path: Path) -> Desk:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), ends_in_days=2)
    return Desk(services, world, run_jobs, tmp_path)


def test_the_files_own_clock_says_when_it_begins_when_only_the_lesson_is_chosen(desk: Desk) -> None:
    slot = desk.world.slot
    inside = slot.starts_at + timedelta(seconds=50)
    waits = desk.sent(desk.film(60, clock=inside), "video.mp4")
    assert (desk.row(waits).state, desk.row(waits).slot_id, desk.row(waits).start_source) == (RecordingState.VERIFIED, None, "container")
    desk.choose(waits, Choice(slot.id))
    row = desk.row(waits)
    assert (row.state, row.declared_start_at, row.start_source) == (RecordingState.RETAINED, inside, "container")


def test_a_lesson_chosen_before_the_file_was_measured_begins_when_the_file_says(desk: Desk) -> None:
    slot = desk.world.slot
    inside = slot.starts_at + timedelta(seconds=50)
    recording_id = send(desk.services, desk.world, desk.film(60, clock=inside), file_name="video.mp4")
    desk.choose(recording_id, Choice(slot.id))
    assert (desk.row(recording_id).declared_start_at, desk.row(recording_id).start_source) == (inside, "container")


@pytest.mark.parametrize("off", [timedelta(days=-300), timedelta(days=1)], ids=["long-ago", "tomorrow"])
def test_a_clock_that_is_off_says_less_than_the_person_who_chose(desk: Desk, off: timedelta) -> None:
    slot = desk.world.slot
    recording_id = send(desk.services, desk.world, desk.film(60, clock=slot.starts_at + off), file_name="video.mp4")
    desk.choose(recording_id, Choice(slot.id))
    row = desk.row(recording_id)
    assert (row.state, row.declared_start_at, row.start_source) == (RecordingState.RETAINED, slot.starts_at, "slot")


@pytest.mark.parametrize("told", ["name", "container"])
def test_a_lesson_that_has_not_begun_is_proven_by_nothing(services: Services, run_jobs: Callable[[], None], tmp_path: Path, told: str) -> None:
    """A recorder's clock that is a day fast, or a film made beforehand."""
    with services.database.transaction(SYSTEM) as session:
        desk = Desk(services, make_world(session, services.clock.now_at(), days_ago=-1, ends_in_days=5), run_jobs, tmp_path)
    slot = desk.world.slot
    assert slot.starts_at > desk.now
    name, clock = (desk.name_at(slot.starts_at), None) if told == "name" else (f"{desk.world.cameras[0].code}.mp4", slot.starts_at)
    recording_id = desk.sent(desk.film(60, clock=clock), name)
    for choice, refusal in (
        (Choice(slot.id), LessonNotBegun),
        (Choice(slot.id, desk.now - timedelta(hours=1)), LessonNotBegun),
        (Choice(slot.id, slot.starts_at), StartNotPossible),
        (Choice(None, slot.starts_at), StartNotPossible),
    ):
        with pytest.raises(refusal):
            desk.choose(recording_id, choice)
    desk.run_jobs()
    row = desk.row(recording_id)
    assert (row.state, row.slot_id, row.declared_start_at) == (RecordingState.VERIFIED, None, None)
    assert not desk.is_locked(row)
    assert desk.slot(slot.id).state is SlotState.ANNOUNCED


def test_a_recording_that_would_end_after_it_arrived_is_not_believed_and_waits_for_a_person(desk: Desk) -> None:
    slot = desk.lesson_now()
    long = desk.film(15 * 60)
    recording_id = desk.sent(long, desk.name_at(slot.starts_at))
    row = desk.row(recording_id)
    assert (row.state, row.slot_id, row.declared_start_at) == (RecordingState.VERIFIED, None, None)
    assert "claims-the-future" in (row.media or {})["remarks"]
    assert not desk.is_locked(row)
    assert desk.slot(slot.id).state is SlotState.ANNOUNCED
    with pytest.raises(StartNotPossible):
        desk.choose(recording_id, Choice(slot.id))
    with pytest.raises(StartNotPossible):
        desk.choose(recording_id, Choice(slot.id, desk.now + AHEAD - timedelta(minutes=14)))
    desk.choose(recording_id, Choice(slot.id, slot.starts_at - timedelta(minutes=10)))
    assert desk.row(recording_id).state is RecordingState.RETAINED


def test_a_recorder_that_is_a_few_minutes_fast_is_believed(desk: Desk) -> None:
    slot = desk.lesson_now()
    recording_id = desk.sent(desk.film(5 * 60), desk.name_at(slot.starts_at))
    row = desk.row(recording_id)
    assert (row.state, row.slot_id, row.start_source) == (RecordingState.RETAINED, slot.id, "file-name")
    assert "claims-the-future" not in (row.media or {})["remarks"]


@pytest.mark.parametrize(
    "start", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1969-07-20T20:17:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"]
)
def test_a_start_that_cannot_be_is_refused_in_words_and_nothing_is_opened(desk: Desk, start: str) -> None:
    account = account_of(desk.services, Role.INSTITUTION_HEAD, desk.world.institution.id)
    with desk.services.database.transaction(SYSTEM) as session:
        key = create_key(session, account, name="r", scopes=frozenset({"upload:write"}), expires_at=None, at=desk.now).secret
    body = {"file_name": "video.mp4", "size_bytes": 9, "fingerprint": hashlib.sha256(b"x").hexdigest(), "recorded_start_at": start}
    with serving(desk.services) as site, httpx.Client(base_url=site.url, headers={"Authorization": f"Bearer {key}"}) as client:
        for wanted in (body, body | {"slot_id": str(desk.world.slot.id)}):
            answer = client.post("/api/v1/uploads", json=wanted)
            assert (answer.status_code, answer.json()["type"]) == (409, "/problems/start-not-possible")
        opened = client.post("/api/v1/uploads", json=body | {"recorded_start_at": None}).json()
        answer = client.patch(f"/api/v1/uploads/{opened['id']}", json={"recorded_start_at": start})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/start-not-possible")
        assert len(client.get("/api/v1/uploads").json()["items"]) == 1
