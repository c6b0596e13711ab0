"""Operating-system processes of the engines.

A process is recognised by its working directory, which is the engine's own and nobody else's: no pid file can lie (pid reused, zombie,
launcher died before writing it).
"""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

POLL_S = 0.02


def living_in(directory: Path) -> list[psutil.Process]:
    """Processes that run with `directory` as working directory. Zombies are dead."""
    wanted = str(directory.resolve())
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == wanted and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:  # gone meanwhile, or another user's
            continue
    return found


def start_detached(command: Sequence[str], *, directory: Path, environment: Mapping[str, str], log: Path) -> None:
    """Start a process in a session of its own, as nobody's child: it outlives the launcher and never becomes its zombie.

    Standard output and error replace `log`.
    """
    with log.open("wb") as output:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=True,
        )


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Poll until the condition holds; whether it did in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def end(directory: Path, *, grace_s: float) -> None:
    """Ask every process of a directory to stop (SIGTERM), insist after the grace period (SIGKILL)."""
    processes = living_in(directory)
    for process in processes:
        _quietly(process.terminate)
    if not wait_until(lambda: not living_in(directory), grace_s):
        for process in living_in(directory):
            _quietly(process.kill)
        wait_until(lambda: not living_in(directory), grace_s)


def _quietly(act: Callable[[], None]) -> None:
    try:
        act()
    except psutil.NoSuchProcess:
        return


def tail(log: Path, limit_bytes: int = 1500) -> str:
    """The end of a log, for an error message."""
    try:
        return log.read_bytes()[-limit_bytes:].decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
