"""Run one media task in a confined child process. The parent never parses media with FFmpeg (docs/design/media.md).

The child sees a read-only interpreter, our package, and the files of this one task; it has no network and no other process to see.
Bubblewrap makes that world where it works; the child adds rlimits, Landlock and a system-call filter on itself in any case, so that
a machine without bubblewrap (most containers) is still confined; where Landlock or the filter is missing too, the child opens no file and
`SandboxFailed` says so. `Answer.sandbox` says what was in force.
"""

import importlib.util
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import storage
from storage.kernel.processor import BACKGROUND_NICE
from storage.media.errors import Reason, SandboxFailed, SandboxStopped, UnreadableMedia
from storage.media.facts import Limits

ANSWER_BYTES: Final = 4_000_000
PACKAGE: Final = Path(storage.__file__).resolve().parent
# Nothing that imports make is garbage, and looking for it costs a tenth of a start: the child collects from its task on.
CHILD: Final = "import gc; gc.disable(); from storage.media.child import main; main()"
BACKGROUND_PATIENCE_S: Final = 3600  # by the clock on the wall; its limit is the processor's time

_lock = threading.Lock()
_background: "set[subprocess.Popen[bytes]]" = set()
_stopped = threading.Event()


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what the task returned, plain JSON, still to be checked against a schema by the caller."""

    value: dict[str, Any]  # Any: parsed JSON
    sandbox: str
    cpu_ms: int  # the child's own account: bubblewrap's processes hide it from ours
    peak_bytes: int


def run(
    task: str,
    arguments: Mapping[str, object],
    *,
    reads: Mapping[str, Path],
    writes: Mapping[str, Path] | None = None,
    limits: Limits,
    size_bytes: int,
    output_bytes: int = 1_000_000,
    bubblewrap: bool | None = None,
    background: bool = False,
) -> Answer:
    """Run `task` of storage.media.child on the files of `reads`; it may fill the (existing, empty) files of `writes`.

    `output_bytes` bounds each file written. `bubblewrap=False` leaves it out (tests of the fallback).
    `background`: nobody waits for it; it gives way to every other process, and `stop_background` ends it.
    Raises: UnreadableMedia — what the child found, or `hostile` when it hit a limit; SandboxFailed; SandboxStopped.
    """
    writes = writes or {}
    inside = bubblewrap_works() if bubblewrap is None else bubblewrap
    seconds = limits.time_s(size_bytes)
    request = {
        "task": task,
        "arguments": dict(arguments),
        "reads": {name: f"/in/{name}" if inside else str(path.resolve()) for name, path in reads.items()},
        "writes": {name: f"/out/{name}" if inside else str(path.resolve()) for name, path in writes.items()},
        "memory_bytes": limits.memory_bytes,
        "cpu_s": seconds,
        "output_bytes": output_bytes,
        "own_namespace": inside,
        "nice": BACKGROUND_NICE if background else 0,
    }
    command = [*_world(reads, writes), *_interpreter()] if inside else _interpreter()
    patience_s = seconds + BACKGROUND_PATIENCE_S if background else seconds
    raw, status, complaint = _converse(command, json.dumps(request).encode(), patience_s, background=background)
    if background and (status is None or _stopped.is_set()):  # starved or stopped: not the file's fault
        raise SandboxStopped
    if status is None:
        raise UnreadableMedia(Reason.HOSTILE, limit="time", seconds=seconds)
    if len(raw) > ANSWER_BYTES:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    if not raw:
        _explain(status, complaint)
    try:
        answer = json.loads(raw)
        outcome, confined = answer["outcome"], [str(x) for x in answer["confined"]]
        cpu_ms, peak_bytes = int(answer["cost"]["cpu_ms"]), int(answer["cost"]["peak_bytes"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableMedia(Reason.HOSTILE, limit="output") from error
    if outcome == "refused":
        reason = str(answer.get("reason"))
        if reason not in {r.value for r in Reason}:
            raise UnreadableMedia(Reason.HOSTILE, limit="output")
        facts = {str(k)[:40]: v for k, v in dict(answer.get("facts") or {}).items() if isinstance(v, int | str | None)}
        raise UnreadableMedia(Reason(reason), **{k: v[:200] if isinstance(v, str) else v for k, v in facts.items()})
    if outcome != "done" or not isinstance(answer.get("value"), dict):
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    return Answer(answer["value"], "+".join((["bwrap"] if inside else []) + confined), cpu_ms, peak_bytes)


def stop_background() -> None:
    """This process is about to end: kill the background children, and start no more. Their work is given back and taken up again elsewhere."""
    with _lock:
        _stopped.set()
        for child in _background:
            _kill(child)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)  # bwrap dies with it, and by --die-with-parent all inside


def confinement() -> str:
    """What a child is confined by on this machine, e.g. `bwrap+limits+landlock+seccomp`. Raises: SandboxFailed — too little to open a file."""
    with tempfile.NamedTemporaryFile() as nothing:
        target = {"file": "/etc/passwd", "host": "127.0.0.1", "port": 1}
        return run("probe-confinement", target, reads={"media": Path(nothing.name)}, limits=Limits(), size_bytes=1).sandbox


def _explain(status: int, complaint: str) -> None:
    """A child that said nothing was stopped by a limit, crashed on the file, or never started."""
    killer = -status if status < 0 else status - 128 if status > 128 else 0
    if killer == signal.SIGXCPU:
        raise UnreadableMedia(Reason.HOSTILE, limit="time")
    if killer == signal.SIGKILL:  # its own limits speak otherwise: the machine wanted memory, or somebody stopped it. Not the file's fault
        raise SandboxFailed(why="killed from outside, most likely for want of memory")
    if killer == signal.SIGXFSZ:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    if killer:
        raise UnreadableMedia(Reason.HOSTILE, limit="crash", signal=killer)
    raise SandboxFailed(why=complaint[-500:] or f"exit status {status}")


def _converse(command: list[str], request: bytes, seconds: int, *, background: bool) -> tuple[bytes, int | None, str]:
    """Hand over the request, collect at most ANSWER_BYTES + 1, give up after `seconds`. Status None means time ran out."""
    deadline = time.monotonic() + seconds
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": _python_path(PACKAGE.parent), "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
    with (
        tempfile.TemporaryFile() as complaint,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaint, env=environment, start_new_session=True, close_fds=True
        ) as child,
        selectors.DefaultSelector() as selector,
    ):
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - Popen was given pipes
        timed_out, raw = False, bytearray()
        try:
            if background:
                with _lock:
                    _background.add(child)
                    if _stopped.is_set():
                        _kill(child)
            try:
                child.stdin.write(request)
                child.stdin.close()
            except BrokenPipeError:
                pass
            selector.register(child.stdout, selectors.EVENT_READ)
            while len(raw) <= ANSWER_BYTES:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    timed_out = True
                    break
                part = os.read(child.stdout.fileno(), 65536)
                if not part:
                    break
                raw += part
            if not timed_out and len(raw) <= ANSWER_BYTES:
                child.wait(max(deadline - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            with _lock:  # a process that has been waited for must not be killed: its number may be somebody else's
                _background.discard(child)
            _kill(child)
            child.wait()
        complaint.seek(0)
        text = complaint.read(20_000).decode(errors="replace")
    return bytes(raw), None if timed_out else child.returncode, text


def _interpreter() -> list[str]:
    """-S: no `.pth` file of the environment is run inside (and none costs time); -P: nothing is imported from the working directory."""
    return [sys.executable, "-B", "-s", "-S", "-P", "-c", CHILD]


def _python_path(package: Path) -> str:
    """Where our package lies for the child, and what it imports besides: without `site` nobody else says so."""
    return os.pathsep.join([str(package), *_libraries()])


@cache
def _libraries() -> list[str]:
    """The directories that hold PyAV, numpy and OpenCV, found without importing them."""
    specs = [importlib.util.find_spec(name) for name in ("av", "numpy", "cv2")]
    return list(dict.fromkeys(str(Path(spec.origin).parent.parent) for spec in specs if spec is not None and spec.origin is not None))


def _world(reads: Mapping[str, Path], writes: Mapping[str, Path]) -> list[str]:
    """The bubblewrap part of the command line."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv", "--uid", "65534", "--gid", "65534"]
    for name, value in (("PYTHONPATH", _python_path(Path("/app"))), ("OPENBLAS_NUM_THREADS", "1"), ("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin")):
        command += ["--setenv", name, value]
    command += ["--proc", "/proc", "--dev", "/dev", "--size", "67108864", "--tmpfs", "/tmp"]  # noqa: S108 - a private tmpfs
    for path in _readable_trees():
        command += ["--ro-bind", str(path), str(path)]
    for link in ("/lib", "/lib64", "/bin"):
        if Path(link).is_symlink():
            command += ["--symlink", str(Path(link).readlink()), link]
        elif Path(link).exists():
            command += ["--ro-bind", link, link]
    if Path("/etc/ld.so.cache").exists():
        command += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for part in ("__init__.py", "kernel", "media"):
        command += ["--ro-bind", str(PACKAGE / part), f"/app/storage/{part}"]
    for name, path in reads.items():
        command += ["--ro-bind", str(path.resolve()), f"/in/{name}"]
    for name, path in writes.items():
        command += ["--bind", str(path.resolve()), f"/out/{name}"]
    return [*command, "--chdir", "/tmp", "--"]  # noqa: S108


def _readable_trees() -> list[Path]:
    """/usr, the interpreter and the environment's packages; a tree inside another is not named twice."""
    trees: list[Path] = []
    executable = Path(sys.executable)
    wanted = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), executable.parent, executable.resolve().parent]
    for tree in wanted:
        if tree.exists() and not any(tree.is_relative_to(known) for known in trees):
            trees.append(tree)
    return trees


@cache
def bubblewrap_works() -> bool:
    """Tried once: containers often have the program and forbid what it needs."""
    if shutil.which("bwrap") is None:
        return False
    probe = [*_world({}, {}), "/usr/bin/true"]
    return subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False).returncode == 0
