"""One process tree: engines, API, worker and scheduler. Children that die are started again; a signal stops everything in order."""

import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import Final

from api import migrate
from api.orphans import PARENT
from storage.engines.engines import Engines
from storage.kernel.configured import Purpose, is_configured
from storage.kernel.settings import Settings
from storage.kernel.signals import answered

log = logging.getLogger(__name__)

PARTS: Final = ("api", "worker", "scheduler")
STOP_GRACE_S: Final = 40


@dataclass(slots=True)
class Part:
    """A child process and when it was last started, to slow down a crash loop."""

    name: str
    process: "subprocess.Popen[bytes]"
    started_at: float
    failures: int = 0


def serve(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; a second one does not wait for jobs that are running. Returns the exit code."""
    stopping, hurry = threading.Event(), threading.Event()

    def stop() -> None:
        (hurry if stopping.is_set() else stopping).set()

    is_configured(settings, Purpose.SERVE)
    with answered(stop), Engines.attach(settings) as engines:
        migrate.upgrade(engines.addresses.migration_database_url)
        engines.watch()
        parts = [_start(name, settings) for name in PARTS]
        log.info("ClassProof is up: %s", settings.site_url)
        while not stopping.wait(0.5):
            for part in parts:
                _revive(part, settings)
        _stop(parts, hurry)
    return 0


def _start(name: str, settings: Settings) -> Part:
    command = [sys.executable, "-m", "api.cli", name, "--data-dir", str(settings.data_dir.resolve())]
    if name == "api":
        command += ["--port", str(settings.port)]
    # its own group: Ctrl-C in a terminal reaches this process alone, which stops the children in order
    return Part(name, subprocess.Popen(command, start_new_session=True, env={**os.environ, PARENT: str(os.getpid())}), time.monotonic())


def _revive(part: Part, settings: Settings) -> None:
    code = part.process.poll()
    if code is None:
        return
    part.failures = part.failures + 1 if time.monotonic() - part.started_at < 30 else 1
    log.error("%s ended with %s, starting it again", part.name, code)
    time.sleep(min(0.2 * 2**part.failures, 10))
    fresh = _start(part.name, settings)
    part.process, part.started_at = fresh.process, fresh.started_at


def _stop(parts: list[Part], hurry: threading.Event) -> None:
    for part in parts:
        part.process.terminate()
    deadline = time.monotonic() + STOP_GRACE_S
    while any(part.process.poll() is None for part in parts) and time.monotonic() < deadline and not hurry.wait(0.1):
        pass
    for part in parts:
        part.process.kill()  # nothing for one that has ended; whatever it was at is done again from the state as committed
        part.process.wait()
