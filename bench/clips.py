"""A 30-second clip out of a stored object of more than 2 GB: bytes, requests and time on the store itself, ffmpeg beside it."""

import random
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.results import Result
from storage.clips.service import ObjectSource
from storage.media.cut import cut
from storage.media.index import build_index, from_bytes
from storage.objects.port import Buckets, StoredVersion

CLIP_MS = 30_000
ROUNDS = 9


class Counted:
    """Counts what is asked of the store."""

    def __init__(self, source: ObjectSource) -> None:
        self._source = source
        self.size_bytes = source.size_bytes
        self.requests = self.bytes_read = 0

    def read(self, start: int, end: int) -> bytes:
        data = self._source.read(start, end)
        self.requests += 1
        self.bytes_read += len(data)
        return data

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        self.requests += 1
        for block in self._source.blocks(start, end):
            self.bytes_read += len(block)
            yield block


def measure(buckets: Buckets, stored: StoredVersion, scratch: Path) -> list[Result]:
    """Medians over random places in the file; ours and ffmpeg take turns, so both meet the same machine."""
    source = ObjectSource(buckets.evidence, stored.key, stored.version_id, stored.size_bytes)
    once = Counted(source)
    begun = time.perf_counter()
    body = build_index(once).to_bytes()
    index_s = time.perf_counter() - begun
    url = buckets.evidence.presign_get(stored.key, stored.version_id, expires_s=3600)
    ffmpeg = shutil.which("ffmpeg")
    rng = random.Random(3)
    duration_ms = from_bytes(body).duration_ms
    ours, theirs, ratios, requests = [], [], [], []
    for n in range(ROUNDS):
        start_ms = rng.randrange(0, duration_ms - CLIP_MS)
        counted = Counted(source)
        begun = time.perf_counter()
        made = cut(counted, from_bytes(body), start_ms, start_ms + CLIP_MS, scratch / f"ours-{n}.mp4")
        ours.append(time.perf_counter() - begun)
        ratios.append(counted.bytes_read / made.packet_bytes)
        requests.append(counted.requests)
        assert not made.reencoded
        if ffmpeg:
            begun = time.perf_counter()
            command = [ffmpeg, "-v", "error", "-y", "-ss", str(start_ms / 1000), "-i", url, "-t", "30", "-c", "copy", "-movflags", "+faststart"]
            subprocess.run([*command, str(scratch / f"ffmpeg-{n}.mp4")], check=True)
            theirs.append(time.perf_counter() - begun)
    mine, peer = statistics.median(ours), statistics.median(theirs) if theirs else None
    results = [
        Result("clip: bytes read / packet bytes of the span (median)", statistics.median(ratios), "×", 1.02, "lower"),
        Result("clip: range reads (most)", max(requests), "", 1, "lower"),
        Result("clip: reads to build the index, once per object", once.requests, "", 2, "lower"),
        Result("clip: index of the object", once.bytes_read / 1e6, "MB", None, "lower"),
        Result("clip: seconds to build the index", index_s, "s", None, "lower"),
        Result("clip: 30 s of 720p, seconds (median)", mine, "s", None, "lower", "ffmpeg -c copy", peer),
    ]
    if peer:
        results.append(Result("clip: time / ffmpeg's over a presigned address", mine / peer, "×", 0.6, "lower"))
    return results
