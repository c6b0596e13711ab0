"""What the held-out recordings look like to the machine, kept with the product, so that a change of a figure shows its effect at once.

`python -m bench.screening_looks [recordings of each defect] [honest lessons of each room]` films the held-out part, writes
`supervision/screening/held_out_looks.zip`, and the table under the figures in force into `held_out.json`, which the product shows. Each recording
goes through the worker's own pass as well; where that finds anything else it is printed (short freezes: they lie in the packets, which are not kept).
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.screening.cases import Filmed, honest, spoilt
from bench.screening.real import clips
from bench.screening_signals import RULE, policy_version, screened
from storage.media.index import build_index
from storage.media.looks import ALL_KEYS, Density, read_looks
from storage.media.source import FileSource
from supervision.screening import measured, rehearsal
from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import Look


def kept(name: str, path: Path, kind: str = "", begin_ms: int = 0, end_ms: int = 0) -> rehearsal.Kept:
    """One recording: the cheap pass as the worker makes it, and every key frame compared with the same view."""
    with FileSource(path) as source:
        index = build_index(source)
        missing: set[int] = set()

        def glances(glancer: Glancer, density: Density) -> Glances:
            parts = []
            for batch in read_looks(source, index, density):
                parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
                missing.update(batch.missing_ms)
            return Glances.joined(parts)

        glancer = Glancer(RULE.screening_view_every_s * 1000)
        cheap = glances(glancer, Density(RULE.screening_step_s * 1000))
        near = glances(glancer.afresh(view_every_ms=0), ALL_KEYS)
    made = rehearsal.Kept(name, kind, begin_ms, end_ms, index.duration_ms, tuple(sorted(missing)), cheap, near)
    pass_of_worker = [one for one in screened(path)[0] if one.code in rehearsal.REHEARSED]
    if rehearsal.found_in(made, RULE) != pass_of_worker:
        print(f"{name}: the worker finds {pass_of_worker}, the kept looks say {rehearsal.found_in(made, RULE)}", flush=True)
    return made


def _all(count: int, per_room: int, folder: Path) -> Iterator[rehearsal.Kept]:
    for film in spoilt("held-out", count, kinds=tuple(rehearsal.EXPECTED)):
        truth = film.truths[0]
        yield _of(film, folder, truth.kind, truth.begin_ms, truth.end_ms)
    for film in honest("held-out", per_room=per_room):
        yield _of(film, folder)
    for path in clips():
        if path.suffix == ".mp4":  # key frames of a GIF are what nobody records
            yield kept(path.name, path)


def _of(film: Filmed, folder: Path, kind: str = "", begin_ms: int = 0, end_ms: int = 0) -> rehearsal.Kept:
    path = film.write(folder)
    answer = kept(film.name, path, kind, begin_ms, end_ms)
    path.unlink()
    print(film.name, flush=True)
    return answer


def main() -> None:
    """Film, read, keep, tell."""
    count, per_room = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((1, 20), (2, 8)))
    with tempfile.TemporaryDirectory(prefix="classproof-looks-") as folder:
        rehearsal.write(_all(count, per_room, Path(folder)))
    rows = rehearsal.table(rehearsal.read(), RULE)
    measured.HELD_OUT.write_text(rehearsal.shown(rows, version=policy_version()), encoding="utf-8")
    for row in rows:
        low, high = measured.share_interval(row.found, row.tried)
        print(
            f"{row.code.value:14} {row.found}/{row.tried}  {low:.3f} – {high:.3f}  {row.false_alarms} false in {row.camera_hours:.1f} h, "
            f"at most {measured.events_at_most(row.false_alarms) / row.camera_hours:.3f} an hour",
            flush=True,
        )


if __name__ == "__main__":
    main()
