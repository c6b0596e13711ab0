"""The original of a refused recording: there for a dispute as long as was promised, then gone, whole, on record and off the quota. 2.3.1; R72."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy.dialects.postgresql import Range

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.fsck import run_fsck
from api.http.services import Services
from api.schedule import TIMETABLE
from api.sweeps import kept_until
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from storage.kernel.actor import SYSTEM_ACTOR
from storage.ledger import history
from storage.retention import service as retention
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession, UploadState
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import DefectCode, Finding, Severity
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.footage.rules import RejectedRule, original_kept_until
from tests import videos
from tests.factories.findings import put
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, serving


@dataclass
class Refused:
    """A recording that was refused today, its bytes being others than its sender said."""

    services: Services
    hands: Hands
    world: World
    path: Path
    recording_id: UUID

    @property
    def row(self) -> Recording:
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, self.recording_id, None)

    @property
    def upload(self) -> UploadSession:
        with self.services.database.transaction(SYSTEM) as session:
            return session.get_one(UploadSession, self.row.upload_id)

    def sweep(self) -> None:
        job_handlers(self.services)["discard-refused"]()

    def go_to(self, instant: datetime) -> None:
        self.hands.forward(days=(instant - self.services.clock.now_at()) / timedelta(days=1))

    def stored(self) -> list[str]:
        return [v.version_id for v in self.services.buckets.evidence.list_versions(self.row.object_key)]

    def packets(self) -> int:
        return len(self.services.buckets.viewing.list_versions(f"{self.row.object_key}.packets"))

    def used_bytes(self) -> int:
        with self.services.database.transaction(SYSTEM) as session:
            return uploads.usage(session, self.world.institution.id).stored_bytes

    def events(self) -> list[str]:
        with self.services.database.transaction(SYSTEM) as session:
            return [m.event for m in history.timeline(session, "recording", self.recording_id)]

    def differences(self) -> set[str]:
        row = self.row
        return {d.kind for d in run_fsck(self.services, deep=True) if str(row.id) in d.subject or row.object_key in d.subject}

    @property
    def until(self) -> datetime:
        with self.services.database.transaction(SYSTEM) as session:
            refused_at = next(m.at for m in history.timeline(session, "recording", self.recording_id) if m.event == "reject")
        return kept_until(self.services.policy, refused_at)

    def page(self) -> str:
        account = account_of(self.services, Role.INSTITUTION_HEAD, self.world.institution.id)
        with serving(self.services) as site:
            cookies = {cookie_name(site.services.settings): token_of(site.services, account.id)}
            answer = httpx.get(f"{site.url}/recordings/{self.recording_id}", cookies=cookies, headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def refused(services: Services, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Refused:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), lessons=2)
    path = videos.film(tmp_path / "a.mp4", "mp4", videos.Scene(seconds=20, fps=5))
    made = Refused(services, hands, world, path, send(services, world, path, sha256=bytes(32)))
    run_jobs()
    assert (made.row.state, made.row.reason) == (RecordingState.REJECTED, "sha256-differs")
    return made


def test_thirty_whole_days_of_the_bureau_are_kept() -> None:
    rule = RejectedRule(rejected_kept_days=30)
    late = datetime(2026, 11, 1, 15, 59, 59, tzinfo=UTC)  # a second before midnight at the bureau
    assert original_kept_until(late, rule) == datetime(2026, 12, 1, 16, tzinfo=UTC)  # 1 December to its end
    assert original_kept_until(late + timedelta(seconds=1), rule) == datetime(2026, 12, 2, 16, tzinfo=UTC)


def test_an_original_is_kept_for_its_days_and_then_goes_whole_on_record_and_off_the_quota(refused: Refused, run_jobs: Callable[[], None]) -> None:
    size = refused.path.stat().st_size
    assert "so that the refusal can be disputed" in refused.page()
    refused.go_to(refused.until - timedelta(seconds=30))
    refused.sweep()
    assert (len(refused.stored()), refused.packets(), refused.used_bytes()) == (1, 1, size)
    assert refused.differences() == set()
    evidence = refused.services.buckets.evidence
    evidence.put(refused.row.object_key, b"a second version that somebody wrote", "video/mp4")
    assert refused.differences() == {"extra-version"}
    refused.go_to(refused.until)
    for _ in range(2):
        refused.sweep()
        assert (refused.stored(), refused.packets(), refused.used_bytes()) == ([], 0, 0)
        assert refused.events()[-2:] == ["reject", "discard"], "once, however often it runs"
    row = refused.row
    assert (row.state, row.reason, row.size_bytes) == (RecordingState.REJECTED, "sha256-differs", size)
    assert row.sha256 == hashlib.sha256(refused.path.read_bytes()).digest()
    assert refused.differences() == set()
    page = refused.page()
    assert "reason, size and hash stay on record" in page
    assert "original deleted" in page, "the custody says so, with its proof"

    again = send(refused.services, refused.world, refused.path)  # the same file may be sent again
    run_jobs()
    with refused.services.database.transaction(SYSTEM) as session:
        assert footage.find(session, again, None).state is RecordingState.RETAINED


def test_the_sweep_is_in_the_timetable_daily() -> None:
    assert [t.every for t in TIMETABLE if t.job == "discard-refused"] == [timedelta(days=1)]


def test_what_a_longer_term_promised_a_later_shorter_one_does_not_take(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page told the institution a day: the figure of the day of the refusal counts."""
    refused_on, until = refused.services.clock.today_on(), refused.until
    real = type(refused.services.policy).read

    def read(self: object, rule: type, on: object) -> object:
        return RejectedRule(rejected_kept_days=1) if rule is RejectedRule and on != refused_on else real(self, rule, on)  # type: ignore[arg-type]

    monkeypatch.setattr(type(refused.services.policy), "read", read)
    refused.go_to(until - timedelta(seconds=30))
    refused.sweep()
    assert len(refused.stored()) == 1
    refused.go_to(until)
    refused.sweep()
    assert refused.stored() == []


@contextmanager
def a_finding(refused: Refused) -> Iterator[None]:
    row, now = refused.row, refused.services.clock.now_at()
    found = Finding(
        code="F2026-7001",
        institution_id=row.institution_id,
        lesson_id=refused.world.lessons[0].id,
        recording_id=row.id,
        start_ms=0,
        end_ms=1000,
        span=Range(now, now + timedelta(seconds=1), bounds="[)"),
        footage_sha256=row.sha256,
        defect=DefectCode.LESSON_NOT_HELD,
        clause="R71",
        severity=Severity.SERIOUS,
        recorded_at=now,
        recorded_by_id=UUID(int=1),
        recorded_by="检查员",
    )
    with refused.services.database.transaction(SYSTEM) as session:
        put(session, found, FindingState.RECORDED)
    yield


@contextmanager
def another_recording(refused: Refused) -> Iterator[None]:
    row = refused.row
    other = Recording(
        institution_id=row.institution_id,
        upload_id=UUID(int=7),
        file_name="b.mp4",
        state=RecordingState.VERIFIED,
        object_key=row.object_key,
        size_bytes=row.size_bytes,
    )
    with refused.services.database.transaction(SYSTEM) as session:
        session.add(other)
    yield
    with refused.services.database.transaction(SYSTEM) as session:
        session.get_one(Recording, other.id).object_key = "elsewhere"


@contextmanager
def a_legal_hold(refused: Refused) -> Iterator[None]:
    row, store = refused.row, refused.services.buckets.evidence
    assert row.version_id
    store.set_legal_hold(row.object_key, row.version_id, on=True)
    yield
    store.set_legal_hold(row.object_key, row.version_id, on=False)


@contextmanager
def a_lock(refused: Refused) -> Iterator[None]:
    row, store = refused.row, refused.services.buckets.evidence
    assert row.version_id
    store.lock_until(row.object_key, row.version_id, datetime.now(UTC) + timedelta(hours=1))
    yield


@contextmanager
def a_kept_version(refused: Refused) -> Iterator[None]:
    """What retention knows, whatever the store says."""
    row, store = refused.row, refused.services.buckets.evidence
    assert row.version_id and row.sha256
    held = retention.Held(row.institution_id, row.object_key, row.version_id, row.size_bytes, row.sha256)
    with refused.services.database.transaction(SYSTEM) as session:
        now = refused.services.clock.now_at()
        retention.keep(session, store, held, until=datetime.now(UTC) + timedelta(seconds=1), actor=SYSTEM_ACTOR, at=now)
    yield


FOR_NOW = {"another recording": another_recording, "a legal hold": a_legal_hold}
FOR_GOOD = {"a finding": a_finding, "a lock": a_lock, "a kept version": a_kept_version}


@pytest.mark.parametrize("name", [*FOR_NOW, *FOR_GOOD])
def test_what_somebody_needs_stays_and_goes_once_nobody_does(refused: Refused, name: str) -> None:
    refused.go_to(refused.until + timedelta(days=1))
    with (FOR_NOW | FOR_GOOD)[name](refused):
        refused.sweep()
        assert len(refused.stored()) == 1
        assert refused.upload.state is UploadState.RECEIVED
        assert refused.events()[-1] == "reject"
        assert refused.used_bytes() > 0
    refused.sweep()
    assert refused.stored() == [] if name in FOR_NOW else len(refused.stored()) == 1


def test_nothing_but_a_refused_recording_is_ever_touched(refused: Refused, run_jobs: Callable[[], None], tmp_path: Path) -> None:
    services, world = refused.services, refused.world
    film = videos.film(tmp_path / "b.mp4", "mp4", videos.Scene(seconds=20, fps=5, seed=9))
    others = [send(services, world, film, file_name=world.file_name(lesson=1)), send(services, world, film, file_name="unknown.mp4")]
    run_jobs()
    refused.go_to(refused.until + timedelta(days=400))
    refused.sweep()
    assert refused.stored() == []
    with services.database.transaction(SYSTEM) as session:
        rows = [footage.find(session, one, None) for one in others]
        assert [row.state for row in rows] == [RecordingState.RETAINED, RecordingState.VERIFIED]
        assert all(len(services.buckets.evidence.list_versions(row.object_key)) == 1 for row in rows)


def test_a_crash_between_store_and_database_is_mended_by_the_next_run_and_named_until_then(refused: Refused) -> None:
    refused.go_to(refused.until)
    with suppress(ConnectionAbortedError), refused.services.database.transaction(SYSTEM) as session:
        uploads.discard_original(refused.services.buckets.evidence, session.get_one(UploadSession, refused.upload.id), at=refused.until)
        raise ConnectionAbortedError  # the store forgot it; the database never heard of it
    assert refused.differences() == {"version-missing"}, "an original that is lost within its days is named as well"
    refused.sweep()
    assert refused.differences() == set()
    assert refused.events()[-1] == "discard"


def test_a_version_that_is_left_of_a_discarded_original_is_named(refused: Refused) -> None:
    refused.go_to(refused.until)
    refused.sweep()
    store = refused.services.buckets.evidence
    left = store.put(refused.row.object_key, b"back again", "video/mp4")
    assert refused.differences() == {"extra-version"}
    store.delete_version(left.key, left.version_id)
