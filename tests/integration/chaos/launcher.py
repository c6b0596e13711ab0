"""API and worker as real processes that are started again the moment they die, as `classproof serve` does: `launcher DATA_DIR PORT`.

The parts are forked from a process that has imported everything, so that a start takes a fraction of a second. Each death is told on standard
output as `NAME PID SIGNAL`. The hooks of `steps` are in place in every part. Every recording shows the same film: it is measured each time, but what
the machine's looks at it find is found once, because they come behind everything that is promised here.
"""

import ctypes
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from types import FrameType

import api.main
import api.wiring
import api.worker
from api import cli
from tests.integration.chaos import steps
from tests.remembered_children import remembering

PR_SET_PDEATHSIG = 1
LEAVE_S = 20
HEARTBEAT_S = 0.5  # four times as quick as in production, so that a dead worker is noticed in a second


def main(data_dir: Path, port: int) -> None:
    """Until SIGTERM; then the parts are ended cleanly."""
    _die_with_parent()
    steps.install()
    with remembering(data_dir / "children", anew=frozenset({"measure"})):
        _keep_alive(data_dir, port)


def _keep_alive(data_dir: Path, port: int) -> None:
    api.worker.HEARTBEAT_S = HEARTBEAT_S  # type: ignore[misc]
    signal.signal(signal.SIGTERM, _leave)
    living = {_fork(name, data_dir, port): name for name in ("api", "worker")}
    try:
        while True:
            pid, status = os.wait()
            name = living.pop(pid)
            print(name, pid, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, flush=True)
            if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                time.sleep(1)  # it cannot start at all: what it wrote to the log says why
            living[_fork(name, data_dir, port)] = name
    finally:
        for pid in living:
            os.kill(pid, signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: [os.kill(pid, signal.SIGKILL) for pid in living])
        signal.alarm(LEAVE_S)
        while living:
            living.pop(os.wait()[0])


def _leave(*_: int | FrameType | None) -> None:
    raise SystemExit(0)


def _fork(name: str, data_dir: Path, port: int) -> int:
    pid = os.fork()
    if pid:
        print(name, pid, "born", flush=True)
        return pid
    status = 1
    try:
        _die_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        if name == "api":
            cli.api(data_dir, port)
        else:
            cli.worker(data_dir)
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
