"""`make bench`: everything that is promised, measured in one run; peers in the same run on the same bytes. Writes bench/results.json."""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import clips, coverage, draw, leads, rating, recycled, screening_pass, screening_recall, signals, uploads, verification, viewing
from bench.footage import HD_BITS_S, hd_minute, large_mp4
from bench.results import Result, write
from bench.site import running_site

CLIP_OBJECT_BYTES = 2_050_000_000
UPLOAD_BYTES = 500_000_000
TWO_HOURS_BYTES = 7200 * HD_BITS_S // 8


def main() -> int:
    """Returns 1 when a target was missed. Names on the command line pick parts, as below."""
    wanted = set(sys.argv[1:]) or {
        "uploads",
        "clips",
        "verification",
        "coverage",
        "draw",
        "leads",
        "rating",
        "recycled",
        "screening",
        "signals",
        "viewing",
    }
    if sys.argv[1:2] == ["screening-recall"]:  # an hour or more of real encoding: by name only
        screening_recall.main(sys.argv[2:])
        return 0
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="classproof-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        with running_site(place / "site") as running:
            if "uploads" in wanted:
                print("· uploads", flush=True)
                results += uploads.measure(running, large_mp4(place / "middle.mp4", UPLOAD_BYTES))
            if wanted & {"clips", "verification", "viewing"}:
                print("· storing a large recording", flush=True)
                large = large_mp4(place / "large.mp4", CLIP_OBJECT_BYTES)
                stored = running.services.buckets.evidence.put("bench/large.mp4", large, "video/mp4")
                if "clips" in wanted:
                    print("· clips", flush=True)
                    results += clips.measure(running.services.buckets, stored, place)
                if "viewing" in wanted:
                    print("· viewing", flush=True)
                    results += viewing.measure(running, stored, place)
                if "verification" in wanted:
                    print("· verification", flush=True)
                    results += verification.measure(running.services, stored, large)
            if "screening" in wanted:
                print("· screening", flush=True)
                film = large_mp4(place / "two-hours.mp4", TWO_HOURS_BYTES, minute=hd_minute(place / "minute.mp4"))
                kept = running.services.buckets.evidence.put("bench/two-hours.mp4", film, "video/mp4")
                results += screening_pass.measure(running.engines, kept, film)
            rest: dict[str, Callable[[], list[Result]]] = {
                "leads": partial(leads.measure, running),
                "draw": draw.measure,
                "recycled": partial(recycled.measure, running.engines),
                "coverage": partial(coverage.measure, running.engines),
                "rating": partial(rating.measure, running.engines),
                "signals": signals.measure,
            }
            for name in [name for name in rest if name in wanted]:
                print(f"· {name}", flush=True)
                results += rest[name]()
    write(results)
    return 0 if all(r.met is not False for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
