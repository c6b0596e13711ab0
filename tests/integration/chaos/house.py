"""An installation under fire: its engines, its API and worker as processes, and hands to kill any of them."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import procrastinate.exceptions
import psutil
import psycopg

from api.http.services import Services
from api.schedule import retry_stalled
from api.wiring import build_services
from storage.engines.processes import living_in, wait_until
from tests.integration.chaos.launcher import HEARTBEAT_S
from tests.integration.chaos.steps import PLACE, Trigger
from tests.integration.engines.processes import kill_9

ROOT = Path(__file__).resolve().parents[3]
SILENT_S = 3 * HEARTBEAT_S
REAP_EVERY_S = 0.4
GONE = (procrastinate.exceptions.ConnectorException, psycopg.Error)


@dataclass
class House:
    """`deaths`: (part, signal) of every process that ended."""

    data_dir: Path
    services: Services
    port: int
    trigger: Trigger
    deaths: list[tuple[str, int]] = field(default_factory=list)
    living: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """The end of what its parts wrote to their log."""
        log = self.data_dir / "parts.log"
        return log.read_text(errors="replace")[-20_000:] if log.exists() else ""

    def engine_pids(self, engine: str) -> list[int]:
        """All processes of `postgresql` (server and its children) or `seaweedfs`."""
        place = self.data_dir / "postgres" / "cluster" if engine == "postgresql" else self.data_dir / "seaweed"
        return [process.pid for process in living_in(place)]

    def kill_engine(self, engine: str, *, must_run: bool = True) -> None:
        """SIGKILL to every process of the engine at once. Bringing it back is the business of the processes that use it."""
        pids = self.engine_pids(engine)
        assert pids or not must_run, f"{engine} does not run"
        for pid in pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(pid).kill()
        assert wait_until(lambda: not set(pids) & set(self.engine_pids(engine)), 10)

    def kill_part(self, part: str) -> None:
        with contextlib.suppress(ProcessLookupError):  # a storm may meet one that has just died
            kill_9([self.living[part]])

    def connect_anew(self) -> None:
        """The engines have moved: what this process itself looks through has to follow."""
        engines, settings = self.services.engines, self.services.settings
        assert engines is not None
        self.services.database.engine.dispose()
        self.services = build_services(engines, settings)

    def all_well(self) -> bool:
        """Whether both engines answer."""
        assert self.services.engines is not None
        return self.services.engines.health().all_well


class Served(House):
    """The same under the real `classproof serve`, which starts again what died, with the real scheduler, which gives jobs back."""

    server: "subprocess.Popen[bytes]"

    def kill_part(self, part: str) -> None:
        for child in psutil.Process(self.server.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if part in child.cmdline():
                    child.kill()
                    self.deaths.append((part, 9))


@contextlib.contextmanager
def served(data_dir: Path, services: Services) -> Iterator[Served]:
    """`classproof serve` on a data directory, as an administrator starts it."""
    house = Served(data_dir, services, free_port(), Trigger(data_dir / "chaos"))
    command = [sys.executable, "-m", "api.cli", "serve", "--data-dir", str(data_dir), "--port", str(house.port)]
    with (data_dir / "serve.log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, env=clean_environment(), stderr=log) as house.server:
        try:
            yield house
        finally:
            house.server.terminate()


def clean_environment() -> dict[str, str]:
    """Nothing of the tester's own settings; no talk about a full disk."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLASSPROOF_")}
    return {**kept, "CLASSPROOF_LOW_DISK_BYTES": "1", "OPENBLAS_NUM_THREADS": "1"}


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def inhabited(data_dir: Path, services: Services) -> Iterator[House]:
    """API and worker run, die and are started again; jobs of silent workers are given back, as the scheduler does, only sooner."""
    house = House(data_dir, services, free_port(), Trigger(data_dir / "chaos"))
    environment = {**clean_environment(), "CLASSPROOF_WORKER_CONCURRENCY": "6", PLACE: str(data_dir / "chaos")}
    command = [sys.executable, "-m", "tests.integration.chaos.launcher", str(data_dir), str(house.port)]
    log = data_dir / "parts.log"
    with log.open("wb") as errors:
        launcher = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    stop = threading.Event()
    listener = threading.Thread(target=_listen, args=(launcher, house), daemon=True)
    reaper = threading.Thread(target=_reap, args=(services, stop), daemon=True)
    listener.start()
    reaper.start()
    try:
        assert wait_until(lambda: len(house.living) == 2, 60), log.read_text()
        yield house
    finally:
        stop.set()
        launcher.terminate()
        launcher.wait(60)
        reaper.join(60)
        house.services.database.engine.dispose()
        listener.join(10)
        assert launcher.stdout is not None
        launcher.stdout.close()


def _listen(launcher: "subprocess.Popen[str]", house: House) -> None:
    assert launcher.stdout is not None
    for line in launcher.stdout:
        name, pid, what = line.split()
        if what == "born":
            house.living[name] = int(pid)
        else:
            house.deaths.append((name, int(what)))


def _reap(services: Services, stop: threading.Event) -> None:
    assert services.engines is not None
    while not stop.wait(REAP_EVERY_S):
        with contextlib.suppress(*GONE):
            asyncio.run(retry_stalled(services.engines.addresses.database_url, seconds=SILENT_S))
