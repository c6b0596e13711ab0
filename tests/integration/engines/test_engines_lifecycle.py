"""Start, share, kill, recover, stop: each on a data directory of its own, with real processes."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from storage.engines.engines import Engines, stop_engines
from storage.engines.errors import DataDirectoryInUse
from storage.engines.lease import start_lock
from storage.engines.ports import PortBook
from storage.engines.processes import living_in, wait_until
from storage.kernel.settings import Settings
from storage.objects.buckets import open_buckets
from tests.integration.conftest import private_place
from tests.integration.engines.processes import holder, kill_9


@dataclass(frozen=True)
class Installation:
    settings: Settings

    @property
    def data_dir(self) -> Path:
        return self.settings.data_dir

    def postmaster(self) -> list[int]:
        pid_file = self.data_dir / "postgres" / "cluster" / "postmaster.pid"
        return [int(pid_file.read_text().split("\n")[0])] if pid_file.exists() else []

    def weed(self) -> list[int]:
        return [process.pid for process in living_in(self.data_dir / "seaweed")]

    def nothing_runs(self) -> bool:
        return not living_in(self.data_dir / "seaweed") and not living_in(self.data_dir / "postgres" / "cluster")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    place = private_place("classproof-lifecycle-")
    settings = Settings(data_dir=place, database_url=None, s3_endpoint=None, low_disk_bytes=1)
    yield Installation(settings)
    assert stop_engines(settings)
    shutil.rmtree(place)


def test_the_last_holder_stops_the_engines_and_the_first_does_not(installation: Installation) -> None:
    first = Engines.attach(installation.settings)
    with holder(installation.data_dir) as other:
        said = other.addresses()
        assert said == f"{first.addresses.s3.endpoint} {first.postgres.port if first.postgres else 0}"
        first.close()
        assert installation.postmaster()
        assert installation.weed()
        assert other.close() == "closed"
    assert installation.nothing_runs()


def test_engines_outlive_the_process_that_started_them_when_another_holds_a_lease(installation: Installation) -> None:
    with holder(installation.data_dir) as starter:
        starter.addresses()
        with Engines.attach(installation.settings) as attached:
            starter.kill()
            assert attached.health().all_well
    assert installation.nothing_runs()


def test_when_every_process_was_killed_the_next_attach_finds_the_engines_and_may_stop_them(installation: Installation) -> None:
    with holder(installation.data_dir) as only:
        only.addresses()
        only.kill()
    before = (installation.postmaster(), installation.weed())
    with Engines.attach(installation.settings) as attached:
        assert (installation.postmaster(), installation.weed()) == before
        assert attached.health().all_well
    assert installation.nothing_runs()


def test_a_killed_postgresql_comes_back_with_every_acknowledged_row(installation: Installation) -> None:
    with Engines.attach(installation.settings) as attached:
        url = attached.addresses.migration_database_url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop table if exists acknowledged")
            connection.execute("create table acknowledged (n int)")
            for n in range(50):
                connection.execute("insert into acknowledged values (%s)", (n,))
            kill_9(installation.postmaster())
        assert not attached.health().database_alive
        assert attached.ensure_running() == ["postgresql"]
        assert attached.ensure_running() == []
        with psycopg.connect(attached.addresses.migration_database_url) as connection:
            assert connection.execute("select count(*) from acknowledged").fetchone() == (50,)


def test_a_killed_store_comes_back_with_every_acknowledged_object(installation: Installation) -> None:
    with Engines.attach(installation.settings) as attached:
        evidence = open_buckets(attached.addresses.s3).evidence
        stored = [evidence.put(f"kill/{n}", os.urandom(70_000), "application/octet-stream") for n in range(20)]
        kept = [evidence.read_range(version.key, version.version_id, 0, 70_000) for version in stored]
        kill_9(installation.weed())
        assert not attached.health().store_alive
        assert attached.ensure_running() == ["seaweedfs"]
        again = [evidence.read_range(version.key, version.version_id, 0, 70_000) for version in stored]
        assert again == kept


def test_a_watched_engine_is_started_again_without_being_asked(installation: Installation) -> None:
    with Engines.attach(installation.settings) as attached:
        attached.watch(every_s=0.1)
        kill_9(installation.postmaster() + installation.weed())
        assert wait_until(lambda: attached.health().all_well, 60)


def test_a_server_that_dies_while_somebody_waits_for_it_is_started_again_at_once(installation: Installation) -> None:
    """It was waited for two minutes, and nobody else could start it meanwhile."""
    with Engines.attach(installation.settings) as attached, ThreadPoolExecutor(1) as pool:
        silent = [process for process in living_in(installation.data_dir / "postgres" / "cluster") if process.pid in installation.postmaster()]
        silent[0].suspend()
        waiting = pool.submit(Engines.attach, installation.settings)
        with pytest.raises(TimeoutError):
            waiting.result(1)
        kill_9([silent[0].pid])
        with waiting.result(40):
            assert attached.health().all_well


def test_killing_everything_at_once_leaves_an_installation_that_starts(installation: Installation) -> None:
    with holder(installation.data_dir) as only:
        only.addresses()
        kill_9([only.pid, *installation.postmaster(), *installation.weed()])
    with Engines.attach(installation.settings) as attached:
        assert attached.health().all_well


@pytest.mark.slow
def test_a_pid_file_that_names_a_living_stranger_does_not_stop_a_start(installation: Installation) -> None:
    with Engines.attach(installation.settings):
        pid_file = installation.data_dir / "postgres" / "cluster" / "postmaster.pid"
        kept = pid_file.read_text()
    pid_file.write_text("\n".join([str(os.getpid()), *kept.split("\n")[1:]]))
    with Engines.attach(installation.settings) as attached:
        assert attached.health().database_alive


@pytest.mark.slow
def test_a_port_taken_by_somebody_else_is_chosen_again(installation: Installation) -> None:
    with Engines.attach(installation.settings) as attached:
        assert attached.postgres is not None
        kept = attached.postgres.port
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", kept))
        squatter.listen()
        with Engines.attach(installation.settings) as attached:
            assert attached.postgres is not None
            assert attached.postgres.port != kept
            assert attached.health().database_alive


def test_who_watches_hears_once_that_an_engine_came_back_on_another_port(installation: Installation) -> None:
    moves: list[str] = []
    with Engines.attach(installation.settings) as attached, socket.socket() as squatter:
        assert attached.postgres is not None
        kept = attached.addresses.database_url
        attached.watch(every_s=0.1, moved=lambda: moves.append(attached.addresses.database_url))
        port = attached.postgres.port
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with start_lock(installation.data_dir / "run"):  # the watch waits until the port is taken
            kill_9(installation.postmaster())
            assert wait_until(lambda: not living_in(installation.data_dir / "postgres" / "cluster"), 10)
            squatter.bind(("127.0.0.1", port))
            squatter.listen()
        assert wait_until(lambda: bool(moves), 30)
        kill_9(installation.postmaster())  # comes back where it was: nobody needs to hear
        assert wait_until(lambda: attached.health().all_well, 30)
    assert len(moves) == 1
    assert moves[0] != kept


def test_ports_are_remembered(installation: Installation) -> None:
    book = PortBook(installation.data_dir / "run" / "ports.json")
    with Engines.attach(installation.settings):
        first = book.read()
    with Engines.attach(installation.settings):
        assert book.read() == first


def test_processes_that_attach_at_once_share_one_pair(installation: Installation) -> None:
    attached: list[Engines] = []
    threads = [threading.Thread(target=lambda: attached.append(Engines.attach(installation.settings))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert len({engines.addresses.s3.endpoint for engines in attached}) == 1
        assert len(attached) == 4
        assert len(installation.weed()) == 1
    finally:
        for engines in attached:
            engines.close()
    assert installation.nothing_runs()


def test_a_data_directory_held_by_another_container_is_refused(installation: Installation) -> None:
    with Engines.attach(installation.settings):
        (installation.data_dir / "run" / "holders").write_text("other-host pid:[1]")
        with pytest.raises(DataDirectoryInUse):
            Engines.attach(installation.settings)
