"""The whole-recording pass over two hours of 1080p25 H.264 (2 Mbit/s, GOP 50): speed a core, bytes, memory; ffmpeg on the same bytes beside it."""

import multiprocessing
import resource
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from bench.results import Result
from bench.screening_signals import packets_seen
from compliance.policy.book import Book
from storage.clips.service import ObjectSource
from storage.engines.engines import Engines
from storage.media.index import build_index, from_bytes
from storage.media.looks import Density, read_looks
from storage.objects.buckets import open_buckets
from storage.objects.port import StoredVersion
from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import Look
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.every import Seen, find_all
from supervision.screening.sound import listen

ROUNDS: Final = 3
PEER_S: Final = 300
MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Cost:
    """One pass in a process of its own. CPU of the process and its confined children."""

    wall_s: float
    cpu_s: float
    bytes_read: int
    requests: int
    looks: int
    own_bytes: int
    child_bytes: int
    leads: int


def measure(engines: Engines, stored: StoredVersion, path: Path) -> list[Result]:
    """Rounds in turns: ours alone, ours twice at once. The better of each; ffmpeg once."""
    index = build_index(_source(engines.addresses.s3, stored)).to_bytes()
    minutes = from_bytes(index).duration_ms / 60_000
    alone, both = [], []
    for _ in range(ROUNDS):
        alone.append(_passes(engines, stored, index, 1))
        both.append(_passes(engines, stored, index, 2))
    one = min((cost for wall, costs in alone for cost in costs), key=lambda cost: cost.cpu_s)
    speed_up = 2 * min(wall for wall, _ in alone) / min(wall for wall, _ in both)
    full, keys = _ffmpeg(path), _ffmpeg(path, "-skip_frame", "nokey")
    real = 60 * minutes
    return [
        Result("screening, cheap pass, × real time a core", real / one.cpu_s, "×", 400, "higher", "ffmpeg full decode", full),
        Result("screening, key frames only by ffmpeg beside it", real / one.cpu_s, "×", None, "higher", "ffmpeg -skip_frame nokey", keys),
        Result("screening, cheap pass, × real time on the wall", real / min(wall for wall, _ in alone), "×", None, "higher"),
        Result("screening, bytes read / bytes held", one.bytes_read / stored.size_bytes, "", None, "lower"),
        Result("screening, requests", one.requests, "", None, "lower"),
        Result("screening, peak memory of the confined child", one.child_bytes / MEGABYTE, "MB", 300, "lower"),
        Result("screening, what the worker's memory grows by", one.own_bytes / MEGABYTE, "MB", None, "lower"),
        Result("screening, memory of the pass in all", (one.own_bytes + one.child_bytes) / MEGABYTE, "MB", 300, "lower"),
        Result("screening, two workers / one", speed_up, "×", 1.8, "higher"),
    ]


def _source(s3: Any, stored: StoredVersion) -> ObjectSource:  # Any: addresses of the store
    return ObjectSource(open_buckets(s3).evidence, stored.key, stored.version_id, stored.size_bytes)


def _passes(engines: Engines, stored: StoredVersion, index: bytes, workers: int) -> tuple[float, list[Cost]]:
    """(wall seconds until the last is done, cost of each)."""
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    begin = context.Barrier(workers + 1)
    processes = [context.Process(target=_one, args=(engines.addresses.s3, stored, index, begin, answers)) for _ in range(workers)]
    for process in processes:
        process.start()
    begin.wait(120)
    begun = time.perf_counter()
    costs = [answers.get(timeout=1200) for _ in processes]
    wall_s = time.perf_counter() - begun
    for process in processes:
        process.join()
    return wall_s, costs


def _one(s3: Any, stored: StoredVersion, index: bytes, begin: Any, answers: Any) -> None:
    rule = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
    source, known = _source(s3, stored), from_bytes(index)
    glancer, parts, missing = Glancer(rule.screening_view_every_s * 1000), [], []
    read = requests = looks = child_ms = child_bytes = 0
    begin.wait(120)
    before = _memory("VmRSS")
    begun, cpu = time.perf_counter(), time.process_time()
    for batch in read_looks(source, known, Density(rule.screening_step_s * 1000)):
        parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
        missing += batch.missing_ms
        read, requests, looks = read + batch.bytes_read, requests + batch.requests, looks + len(batch.looks)
        child_ms, child_bytes = child_ms + batch.cpu_ms, max(child_bytes, batch.peak_bytes)
    heard = listen(source, known, rule)
    read, requests, child_ms = read + heard.bytes_read, requests + heard.requests, child_ms + heard.cpu_ms
    found = find_all(Seen(Glances.joined(parts), missing, packets_seen(known), known.duration_ms, 1080, True, None, heard.sound), rule)
    own_bytes = _memory("VmHWM") - before
    spent = time.process_time() - cpu + child_ms / 1000
    answers.put(Cost(time.perf_counter() - begun, spent, read, requests, looks, own_bytes, child_bytes, len(found)))


def _memory(name: str) -> int:
    """Bytes of this process now (VmRSS) or at most so far (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def _ffmpeg(path: Path, *options: str) -> float:
    """× real time a core over the first minutes; 0 without the program."""
    tool = shutil.which("ffmpeg")
    if tool is None:
        return 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [tool, "-v", "error", "-threads", "1", *options, "-t", str(PEER_S), "-i", str(path), "-an", "-f", "null", "-"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return PEER_S / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
