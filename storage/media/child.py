"""The confined side: `main`, in an interpreter that `storage.media.sandbox` starts. One JSON request on stdin, one JSON answer on stdout.

Order matters: import everything (PyAV loads stream classes on first use, which Landlock would refuse), confine ourselves for good,
only then open the file.
"""

import gc
import json
import os
import resource
import struct
import sys
from collections.abc import Callable
from typing import Any, Final

import av
import av.audio.codeccontext
import av.audio.stream
import av.filter.graph
import av.logging
import av.subtitles.stream
import av.video.codeccontext
import av.video.reformatter
import av.video.stream

from storage.kernel.processor import give_way
from storage.media import landlock, seccomp
from storage.media.errors import Reason, UnreadableMedia

REQUIRED_ALONE: Final = frozenset({"landlock", "seccomp"})  # without a namespace of its own the child needs both
UNCONFINED: Final = 3
Task = Callable[[dict[str, Any], dict[str, str], dict[str, str]], dict[str, object]]  # Any: parsed JSON


def load(request: dict[str, Any]) -> Task:
    """The named task, its imports done: numpy alone costs more than everything else, so only the task that needs it loads it."""
    name = request["task"]
    if name == "measure":
        from storage.media import measure

        if "index" in request["writes"]:
            from storage.media import index  # noqa: F401 - loaded now, because later no file can be opened
        return measure.task
    if name == "probe-confinement":
        from storage.media import probe

        return probe.task
    if name == "looks":
        from storage.media import looking

        return looking.looks_task
    if name == "heads":
        from storage.media import blur, counting

        return counting.heads_task(blur.FaceFinder(counting.THREADS))  # the network is loaded now, because later no file can be opened
    if name == "strips":
        from storage.media import stripping

        return stripping.strips_task
    if name == "sound":
        from storage.media import hearing

        return hearing.sound_task
    from storage.media import viewing

    if request["arguments"].get("blur"):
        from storage.media import blur, veil

        veil.Veil(blur.finder().find)  # loaded now, because later no file can be opened
    if name == "sheets":
        import cv2

        from storage.media.blur import SMALL_THREADS

        cv2.setNumThreads(SMALL_THREADS)
        from storage.media import tiling

        return tiling.sheets_task
    return {"remux": viewing.remux_task, "transcode": viewing.transcode_task, "stills": viewing.stills_task, "frame": viewing.frame_task}[name]


def confine(request: dict[str, Any]) -> list[str]:
    """Limits first (they cannot fail), then what the kernel offers. Returns the names of what is in force."""
    memory, cpu, output = int(request["memory_bytes"]), int(request["cpu_s"]), int(request["output_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if request["own_namespace"]:  # outside one, the count is of all processes of the account, and would hit our own worker
        resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))
    confined = ["limits"]
    if landlock.restrict([*request["reads"].values()], [*request["writes"].values()]):
        confined.append("landlock")
    if seccomp.install():
        confined.append("seccomp")
    return confined


def main() -> None:
    """Answer and leave. Whatever FFmpeg does to this process, the parent only sees a missing or a malformed answer."""
    av.logging.set_level(None)
    request = json.loads(sys.stdin.buffer.read())
    give_way(request["nice"])
    task = load(request)
    gc.freeze()  # what was imported stays; the collector, off until now, is for what the task makes
    gc.enable()
    confined = confine(request)
    if not request["own_namespace"] and REQUIRED_ALONE - set(confined):
        sys.stderr.write(f"refused to open the file: neither bubblewrap nor {' and '.join(sorted(REQUIRED_ALONE))} here, only {'+'.join(confined)}")
        sys.stderr.flush()
        os._exit(UNCONFINED)
    answer: dict[str, object]
    try:
        value = task(request["arguments"], request["reads"], request["writes"])
        answer = {"outcome": "done", "value": value}
    except UnreadableMedia as refusal:
        answer = {"outcome": "refused", "reason": refusal.reason.value, "facts": {k: v for k, v in refusal.facts.items() if k != "reason"}}
    except (MemoryError, av.error.MemoryError):
        answer = {"outcome": "refused", "reason": Reason.HOSTILE.value, "facts": {"limit": "memory"}}
    except av.error.FFmpegError as error:
        answer = {"outcome": "refused", "reason": Reason.DAMAGED.value, "facts": {"detail": str(error)[:120]}}
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, OSError, AssertionError, RecursionError, struct.error) as error:
        # a file that drives our own code into a contradiction is refused like one that crashes FFmpeg, not tried again and again
        answer = {
            "outcome": "refused",
            "reason": Reason.HOSTILE.value,
            "facts": {"limit": "crash", "detail": f"{type(error).__name__}: {error}"[:180]},
        }
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {"cpu_ms": round((used.ru_utime + used.ru_stime) * 1000), "peak_bytes": used.ru_maxrss * 1024}
    os.write(1, json.dumps(answer | {"confined": confined, "cost": cost}).encode())
    os._exit(0)  # no destructors over hostile structures
