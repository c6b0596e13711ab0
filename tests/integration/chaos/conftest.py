"""One installation for the whole folder; every case sends a recording of an institution of its own through it."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from api import migrate
from api.agent.agent import ENDED, Agent, SentFile
from api.auth.keys import create_key
from api.auth.roles import Role
from api.fsck import run_fsck
from api.http.services import Services
from api.log_keeper import sequence_pending
from api.wiring import build_services
from storage.database.session import SYSTEM
from storage.engines.engines import Engines, stop_engines
from storage.engines.processes import wait_until
from storage.kernel.settings import Settings
from storage.retention.service import kept_version
from supervision.footage import receipts
from supervision.footage import service as footage
from supervision.footage.lifecycle import RecordingState
from supervision.footage.receipts import Receipt
from tests import videos
from tests.engine_fixtures import private_place
from tests.factories.world import make_world
from tests.integration.chaos.house import House, inhabited
from tests.integration.chaos.watch import Watch
from tests.people import account_of

PART_BYTES = 5 << 20
PATIENCE_S = 120.0


class Sender:
    """Sends recordings with the real agent and says whether each was kept as promised."""

    def __init__(self, house: House, watch: Watch, film: Path, place: Path) -> None:
        self.house, self.watch = house, watch
        self._film, self._place = film, place
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="agent")
        self.agents: list[Agent] = []

    def start(self, url: str = "", moved: Callable[[int], None] = lambda _: None) -> "Future[SentFile]":
        """A new institution sends its lesson: three parts, one after another; `moved` hears how many bytes left.

        The future answers when it is retained or refused.
        """
        services = self.house.services
        with services.database.transaction(SYSTEM) as session:
            world = make_world(session, services.clock.now_at())
        account = account_of(services, Role.INSTITUTION_HEAD, world.institution.id)
        with services.database.transaction(SYSTEM) as session:
            key = create_key(
                session, account, name="recorder", scopes=frozenset({"upload:write", "upload:read"}), expires_at=None, at=services.clock.now_at()
            )
        path = self._place / world.file_name()
        path.symlink_to(self._film)
        agent = Agent(
            url or self.house.url,
            key.secret,
            1,
            patience_s=PATIENCE_S,
            part_bytes=PART_BYTES,
            progress=lambda _path, done, _total, _pace: moved(done),
        )
        self.agents.append(agent)
        return self._pool.submit(self._send, agent, path)

    def _send(self, agent: Agent, path: Path) -> SentFile:
        with agent:
            sent = agent.send(path)
            recording_id = UUID(sent.recording_id)
            self.watch.acknowledged(recording_id)
            wait_until(lambda: self.watch.states.get(recording_id) in ENDED, PATIENCE_S)
            return replace(sent, state=str(self.watch.states.get(recording_id)))

    def close(self) -> None:
        for agent in self.agents:
            agent.close()
        self._pool.shutdown(cancel_futures=True)

    def assert_kept(self, sent: SentFile) -> None:
        """Retained; one version, locked until the day the row says; the bytes are the file's; one receipt; every register agrees."""
        assert sent.state == "retained", sent
        services, recording_id = self.house.services, UUID(sent.recording_id)
        store = services.buckets.evidence
        assert wait_until(lambda: self._receipts(recording_id) == 1, 30)
        with services.database.transaction(SYSTEM) as session:
            row = footage.find(session, recording_id, None)
            assert row.state is RecordingState.RETAINED
            assert row.version_id is not None
            assert [(v.key, v.version_id, v.is_delete_marker) for v in store.list_versions(row.object_key)] == [
                (row.object_key, row.version_id, False)
            ]
            lock = store.retention(row.object_key, row.version_id)
            assert lock is not None
            kept = kept_version(session, row.object_key, row.version_id)
            assert kept is not None
            assert (lock.mode, lock.until) == ("COMPLIANCE", row.retain_until) == ("COMPLIANCE", kept.retain_until)
            digest = hashlib.sha256()
            for chunk in store.stream(row.object_key, row.version_id):
                digest.update(chunk)
            assert digest.digest() == row.sha256 == hashlib.sha256(sent.path.read_bytes()).digest()
            receipt = receipts.of_recording(session, recording_id)
            assert receipt is not None
            assert receipts.verify(receipt.body, receipt.signature, services.secrets.receipt_key().public_key())
        assert self.watch.lies == []
        assert self._dead_letters() == [], self.house.said()
        sequence_pending(services)
        assert run_fsck(services) == []
        # the machine's looks at what was sent go on meanwhile, and behind everything else
        assert wait_until(self._scratch_is_empty, 90), list(services.settings.scratch.iterdir())

    def _receipts(self, recording_id: UUID) -> int:
        with self.house.services.database.transaction(SYSTEM) as session:
            return len(session.scalars(select(Receipt.number).where(Receipt.recording_id == recording_id)).all())

    def _dead_letters(self) -> list[tuple[object, ...]]:
        assert self.house.services.engines is not None
        with psycopg.connect(self.house.services.engines.addresses.database_url) as connection:
            return connection.execute("select task_name, args from procrastinate_jobs where status = 'failed'").fetchall()

    def _scratch_is_empty(self) -> bool:
        scratch = self.house.services.settings.scratch
        return not scratch.exists() or not any(scratch.iterdir())


@contextmanager
def installation(name: str) -> Iterator[Services]:
    """A new data directory with migrated engines. This process holds them and never starts them again: that is for those under fire."""
    place = private_place(f"classproof-{name}-")
    settings = Settings(data_dir=place, low_disk_bytes=1)
    with Engines.attach(settings) as engines:
        migrate.upgrade(engines.addresses.migration_database_url)
        services = build_services(engines, settings)
        yield services
        services.database.engine.dispose()
    stop_engines(settings)
    shutil.rmtree((place / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """API and worker in processes of their own, on engines of their own, because all of them are killed."""
    with installation("chaos") as services, inhabited(services.settings.data_dir, services) as living:
        yield living


@pytest.fixture(scope="package")
def watch(house: House) -> Iterator[Watch]:
    """Sees the whole time of the folder, kills included."""
    made = Watch(house)
    made.start()
    yield made
    made.close()
    assert made.lies == []
    assert made.looks > 0


@pytest.fixture(scope="package")
def film() -> Path:
    """A lesson of three parts."""
    path = videos.record(videos.Scene(seconds=24, fps=5, width=640, height=480, noise=16, crf=24, gop=25))
    assert 2 * PART_BYTES < path.stat().st_size < 3 * PART_BYTES
    return path


@pytest.fixture
def sender(house: House, watch: Watch, film: Path, tmp_path: Path) -> Iterator[Sender]:
    house.trigger.clear()
    with closing(Sender(house, watch, film, tmp_path)) as made:
        yield made
