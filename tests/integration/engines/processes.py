"""Other processes of the same installation, for tests of who starts and who stops."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.engines.processes import wait_until

HOLDER = """
import sys
from pathlib import Path
from storage.engines.engines import Engines
from storage.kernel.settings import Settings

engines = Engines.attach(Settings(data_dir=Path(sys.argv[1]), database_url=None, s3_endpoint=None, low_disk_bytes=1))
print(engines.addresses.s3.endpoint, engines.postgres.port, flush=True)
sys.stdin.readline()
engines.close()
print("closed", flush=True)
"""


class Holder:
    """A process that attaches, says where the engines are, and closes when told to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def addresses(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def holder(data_dir: Path) -> Iterator[Holder]:
    """Start one; it is killed at the end if it still lives."""
    command = [sys.executable, "-c", HOLDER, str(data_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Holder(process)
        finally:
            process.kill()


def kill_9(pids: list[int]) -> None:
    """Kill and wait until the kernel has taken them away (a zombie counts as gone)."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not any(_lives(pid) for pid in pids), 10)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
