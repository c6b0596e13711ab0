"""Who uses the engines of a data directory.

Each process holds a shared `flock` on `run/lease`; the kernel takes it away when the process dies, however it dies. Starting and stopping happen
under the exclusive `run/start.lock`, so a process that arrives while the last one leaves either finds the engines up or starts them again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from storage.engines.errors import DataDirectoryInUse
from storage.engines.private_files import write_private


class Lease:
    """One holder. Closing it twice is harmless."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._file: IO[bytes] = (run_dir / "lease").open("ab")

    def take(self) -> None:
        """Become one of the holders. Called under the start lock."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def release(self) -> None:
        if not self._file.closed:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._file.close()

    @property
    def held(self) -> bool:
        return not self._file.closed

    def nobody_holds(self) -> bool:
        """Whether no process holds the lease. Called under the start lock, before `take`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return True

    def check_same_machine(self, data_dir: Path) -> None:
        """Refuse a data directory whose holders live where we cannot see their engines (another container on the same volume).

        Raises: DataDirectoryInUse.
        """
        here = f"{os.uname().nodename} {_pid_namespace()}".encode()
        note = self._run_dir / "holders"
        if self.nobody_holds():
            write_private(note, here)
        elif note.exists() and note.read_bytes() != here:
            raise DataDirectoryInUse(data_dir=str(data_dir))


@contextmanager
def start_lock(run_dir: Path) -> Iterator[None]:
    """One starter or stopper at a time; waits for the other."""
    with (run_dir / "start.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pid_namespace() -> str:
    try:
        return Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return "-"
