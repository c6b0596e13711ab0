"""What the store lost or changed is found by reading it, alarms, is told to the bureau and named by fsck until it is mended. R73; 2.3.1; I2, I3."""

import mmap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from api.auth.identify import cookie_name
from api.auth.roles import Role
from api.fsck import run_fsck
from api.http.services import Services
from api.wiring import job_handlers
from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.ledger import history
from storage.objects import s3_client
from storage.objects.errors import ObjectMissing, StoreUnavailable
from storage.objects.port import Retention
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.spine.test_upload_to_catalogue import send
from tests.people import account_of, token_of
from tests.site_fixtures import Hands, serving

ALARM, RETAINED = RecordingState.ALARM, RecordingState.RETAINED
SICK, SOUND = 0, 1


@dataclass
class Archive:
    """Two retained recordings of one institution, `SICK` the one that was sent first."""

    services: Services
    hands: Hands
    world: World
    files: tuple[bytes, ...]
    ids: tuple[UUID, ...]

    def row(self, number: int) -> Recording:
        with self.services.database.transaction(SYSTEM) as session:
            return footage.find(session, self.ids[number], None)

    def states(self) -> tuple[RecordingState, ...]:
        return tuple(self.row(number).state for number in (SICK, SOUND))

    def patrol(self, *, after_days: int = 0) -> None:
        self.hands.forward(days=after_days)
        job_handlers(self.services)["patrol"]()

    def moves(self) -> list[tuple[str, str]]:
        """Events of the sick one after it was retained, each with its reason."""
        with self.services.database.transaction(SYSTEM) as session:
            told = [(m.event, m.reason) for m in history.timeline(session, "recording", self.ids[SICK])]
        return told[[event for event, _ in told].index("confirm") + 1 :]

    def differences(self, *, deep: bool = False) -> set[str]:
        return {d.kind for d in run_fsck(self.services, deep=deep) if str(self.ids[SICK]) in d.subject}

    def dashboard(self) -> str:
        with serving(self.services) as site:
            cookies = {cookie_name(site.services.settings): token_of(site.services, account_of(site.services, Role.BUREAU_OFFICER).id)}
            answer = httpx.get(f"{site.url}/dashboard", cookies=cookies, headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        return answer.text


@pytest.fixture
def archive(services: Services, hands: Hands, run_jobs: Callable[[], None], tmp_path: Path) -> Archive:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), lessons=2)
    paths = [videos.film(tmp_path / f"{seed}.mp4", "mp4", videos.Scene(seconds=20, fps=5, noise=8, seed=seed)) for seed in (1, 2)]
    ids = tuple(send(services, world, path, file_name=world.file_name(lesson=number)) for number, path in enumerate(paths))
    run_jobs()
    made = Archive(services, hands, world, tuple(path.read_bytes() for path in paths), ids)
    assert made.states() == (RETAINED, RETAINED)
    return made


@contextmanager
def sick(archive: Archive, answers: Mapping[str, object]) -> Iterator[None]:
    """The store answers calls about the sick version with these; a refusal is raised, what can be called is called."""
    store, key = type(archive.services.buckets.evidence), archive.row(SICK).object_key
    with pytest.MonkeyPatch.context() as patch:
        for method, answer in answers.items():
            real = getattr(store, method)

            def told(self: object, about: str, *more: object, real: Callable[..., object] = real, answer: object = answer, **how: object) -> object:
                if about != key:
                    return real(self, about, *more, **how)
                if isinstance(answer, Exception):
                    raise answer
                return answer() if callable(answer) else answer

            patch.setattr(store, method, told)
        yield


AWAY = StoreUnavailable(act="read", why="InternalError")
SHORT = timedelta(seconds=1)
SICKNESSES: dict[str, tuple[Callable[[Archive], Mapping[str, object]], str]] = {
    "a disk that lost a bit: the store knows the version and cannot read it": (lambda _: {"stream": AWAY}, "bytes-unreadable"),
    "other bytes": (lambda _: {"stream": lambda: iter([b"forged"])}, "stored-hash-mismatch"),
    "gone": (lambda _: {"stream": ObjectMissing(key="", version_id="")}, "version-missing"),
    "gone while the store came back": (lambda _: {"stream": AWAY, "stat": None}, "version-missing"),
    "no lock": (lambda _: {"retention": None}, "lock-missing-or-shortened"),
    "a lock that the privileged pass": (lambda a: {"retention": Retention("GOVERNANCE", until(a))}, "lock-missing-or-shortened"),
    "a lock that is a second shorter": (lambda a: {"retention": Retention("COMPLIANCE", until(a) - SHORT)}, "lock-missing-or-shortened"),
}


def until(archive: Archive) -> datetime:
    found = archive.row(SICK).retain_until
    assert found is not None
    return found


@pytest.mark.parametrize("name", SICKNESSES)
def test_what_is_no_longer_what_the_catalogue_says_alarms_and_the_others_are_read_all_the_same(archive: Archive, name: str) -> None:
    answers, why = SICKNESSES[name]
    with sick(archive, answers(archive)):
        archive.patrol()
        assert archive.states() == (ALARM, RETAINED)
        assert archive.row(SICK).reason == why
        archive.patrol()
        archive.patrol(after_days=2)
        assert archive.states() == (ALARM, RETAINED)
    assert archive.moves() == [("raise-alarm", why)], "one alarm, however often it is seen again"
    with archive.services.database.transaction(SYSTEM) as session:
        read = session.connection().exec_driver_sql("select count(patrolled_at) from kept_version").scalar()
    assert read == 2, "one that cannot be read kept the other from being read"


def test_an_alarm_is_on_the_bureaus_desk_until_the_bytes_are_back(archive: Archive) -> None:
    href = "/recordings?state=integrity-alarm"
    with sick(archive, {"stream": AWAY}):
        archive.patrol()
        assert href in archive.dashboard()
        assert archive.differences(deep=True) == {"bytes-unreadable"}
    archive.patrol()
    assert archive.states() == (ALARM, RETAINED), "looked at daily, not in every round"
    archive.patrol(after_days=2)
    assert archive.states() == (RETAINED, RETAINED)
    assert archive.row(SICK).reason == ""
    assert archive.moves() == [("raise-alarm", "bytes-unreadable"), ("clear-alarm", "read-back-sound")]
    assert href not in archive.dashboard()
    assert archive.differences(deep=True) == set()


def test_a_store_that_is_away_is_nobodys_fault(archive: Archive) -> None:
    with sick(archive, {"stream": AWAY, "stat": AWAY}), pytest.raises(StoreUnavailable):
        archive.patrol()
    assert archive.states() == (RETAINED, RETAINED)
    archive.patrol()
    assert archive.states() == (RETAINED, RETAINED)


def test_everything_is_read_again_after_ninety_days_and_not_before(archive: Archive) -> None:
    archive.patrol()
    with sick(archive, {"stream": lambda: iter([b"forged"])}):
        archive.patrol(after_days=89)
        assert archive.states() == (RETAINED, RETAINED)
        archive.patrol(after_days=2)
        assert archive.states() == (ALARM, RETAINED)


@pytest.mark.slow
def test_a_bit_that_flips_on_the_disk_is_found(archive: Archive, engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store itself tries for a quarter of a minute before it says that it cannot."""
    monkeypatch.setattr(s3_client, "BACK_OFF_S", ())
    with flipped(engines, archive.files[SICK]):
        archive.patrol()
        assert archive.states() == (ALARM, RETAINED)
        assert archive.row(SICK).reason in {"bytes-unreadable", "stored-hash-mismatch"}
        assert archive.differences(deep=True) <= {"bytes-unreadable", "hash-differs"}
        assert archive.differences(deep=True)
    archive.patrol(after_days=2)
    assert archive.states() == (RETAINED, RETAINED)


@contextmanager
def flipped(engines: Engines, data: bytes) -> Iterator[None]:
    """One bit of `data` as it lies on the disk, wherever it does, turned over and back: what a dying disk does."""
    volumes = sorted((engines.data_dir / "seaweed" / "data").rglob("*.dat"))
    places = [(path, at) for path in volumes if path.stat().st_size for at in _all_of(path, data[len(data) // 2 :][:64])]
    assert places
    for path, at in places:
        _flip(path, at)
    yield
    for path, at in places:
        _flip(path, at)


def _all_of(path: Path, piece: bytes) -> list[int]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        found = [view.find(piece)]
        while found[-1] >= 0:
            found.append(view.find(piece, found[-1] + 1))
    return found[:-1]


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 1]))
