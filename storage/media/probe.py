"""What a hostile file's code could still do from inside: the sandbox's own test, run in the sandbox itself.

Each attempt answers "refused" or what it got. Asked for by tests and by the health page; it harms nothing where it succeeds.
"""

import os
import socket
from pathlib import Path
from typing import Any


def task(arguments: dict[str, Any], _reads: dict[str, str], _writes: dict[str, str]) -> dict[str, object]:
    """`arguments`: `file` to try to read, `host` and `port` to try to reach."""
    return {
        "file": _attempt(Path(arguments["file"]).read_bytes),
        "passwd": _attempt(lambda: Path("/etc/passwd").read_text(encoding="utf-8")[:20]),
        "write": _attempt(lambda: str(Path("/tmp/probe").write_bytes(b"x"))),  # noqa: S108 - the attempt is the point
        "network": _attempt(lambda: str(socket.create_connection((arguments["host"], arguments["port"]), timeout=2))),
        "program": _attempt(lambda: str(os.posix_spawn("/usr/bin/true", ["true"], {}))),
        "fork": _attempt(_fork),
        "signal": _attempt(_signal),
        "processes": sum(name.name.isdigit() for name in Path("/proc").iterdir()) if _can_list("/proc") else 0,
    }


def _attempt(act: Any) -> str:  # Any: a thunk returning text
    try:
        return f"got {act()!r}"[:60]
    except OSError as error:
        return f"refused {type(error).__name__}"


def _signal() -> str:
    os.kill(os.getppid(), 0)
    return "an answer"


def _fork() -> str:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return str(pid)


def _can_list(path: str) -> bool:
    try:
        os.listdir(path)  # noqa: PTH208 - the listing itself is the attempt
    except OSError:
        return False
    return True
