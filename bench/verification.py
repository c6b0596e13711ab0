"""Reading a stored recording once: SHA-256, spool, sandboxed measurement. sha256sum of the same bytes on disk beside it."""

import shutil
import subprocess
import time
from pathlib import Path

from api.http.services import Services
from api.wiring import bench
from bench.results import Result
from storage.objects.port import StoredVersion
from supervision.footage.verification import measure as measure_stored


def measure(services: Services, stored: StoredVersion, path: Path) -> list[Result]:
    """MB/s of the whole verification and of sha256sum, in turns; the better of two each."""
    mine, peer = [], []
    tool = shutil.which("sha256sum")
    for _ in range(2):
        begun = time.perf_counter()
        found = measure_stored(bench(services), stored.key, stored.version_id, stored.size_bytes)
        mine.append(stored.size_bytes / 1e6 / (time.perf_counter() - begun))
        assert found.refusal is None, found.refusal
        begun = time.perf_counter()
        subprocess.run([tool or "sha256sum", str(path)], check=True, stdout=subprocess.DEVNULL)
        peer.append(stored.size_bytes / 1e6 / (time.perf_counter() - begun))
    facts = found.facts
    assert facts is not None
    return [
        Result("verification of a stored recording", max(mine), "MB/s", None, "higher", "sha256sum of the file", max(peer)),
        Result("verification / sha256sum", max(mine) / max(peer), "×", None, "higher"),
        Result("verification, times real time", facts.duration_ms / 1000 / (stored.size_bytes / 1e6 / max(mine)), "×", None, "higher"),
    ]
