"""How good is each signal of one recording? Made defects and honest lessons of the held-out part, through the very pass that the worker runs.

`python -m bench.screening_signals [tuning|held-out] [recordings of each defect] [honest lessons of each room] [folder of encoded honest lessons]
[defects, with commas]` prints the table. Thresholds were chosen on the tuning part. The table that the product shows is `bench.screening_looks`'s.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from bench.screening.cases import Filmed, Part, Truth, honest, spoilt
from bench.screening.real import clips
from compliance.policy.book import Book
from storage.media.index import MarkIndex, SampleIndex, build_index
from storage.media.looks import ALL_KEYS, Density, read_looks
from storage.media.source import FileSource
from supervision.screening import closer, measured, rehearsal
from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import Code, Found, Look
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.service import packets_of_index
from supervision.screening.signals.every import Seen, find_all

EXPECTED: Final = rehearsal.EXPECTED  # what each made defect should be called; the others are measured where they are searched for
FOLDER, KINDS = 4, 5  # places of the command line
# drawn lessons have five pictures a second and 360 lines, by design of the generator: both signals are exact and have tests instead
RULE: Final = replace(Book.load().read(ScreeningRule, on=date(2026, 9, 1)), screening_least_frames=2, min_height_px=100)


def screened(path: Path) -> tuple[list[Found], int]:
    """(what is found, duration). The worker's steps without its tables."""
    with FileSource(path) as source:
        index = build_index(source)
        glancer, parts, missing = Glancer(RULE.screening_view_every_s * 1000), list[Glances](), list[int]()
        for batch in read_looks(source, index, Density(RULE.screening_step_s * 1000)):
            parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
            missing += batch.missing_ms

        def look(from_ms: int, to_ms: int) -> tuple[list[Glances], list[int]]:
            again, near, without = glancer.afresh(view_every_ms=0), list[Glances](), list[int]()
            for batch in read_looks(source, index, ALL_KEYS, start_ms=from_ms, end_ms=to_ms):
                near.append(again.take([Look(at, luma) for at, luma in batch.looks]))
                without += batch.missing_ms
            return near, without

        packets = packets_seen(index)
        glances, missing = closer.looked(Glances.joined(parts), missing, packets, index.duration_ms, RULE, look)
    return find_all(Seen(glances, missing, packets, index.duration_ms, 1080, True), RULE), index.duration_ms


def packets_seen(index: SampleIndex | MarkIndex) -> PacketGlances | None:
    """What the packets say, as the worker asks them."""
    packets = packets_of_index(index)
    return PacketGlances.of(packets, index.duration_ms) if packets is not None else None


@dataclass
class Tally:
    """What was seen so far."""

    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    edges: dict[str, list[int]] = field(default_factory=dict)
    false: Counter[Code] = field(default_factory=Counter)
    hours: float = 0.0

    def honest(self, name: str, leads: Sequence[Found], duration_ms: int) -> None:
        """Nothing should be found here."""
        self.hours += duration_ms / 3_600_000
        for one in leads:
            self.false[one.code] += 1
            print(f"false in {name}: {one}", flush=True)

    def spoilt(self, name: str, truth: Truth, leads: Sequence[Found], duration_ms: int) -> None:
        """One defect; outside of it the lesson is honest."""
        self.tried[truth.kind] += 1
        hits = [one for one in leads if one.code is EXPECTED[truth.kind] and rehearsal.lies(one, truth.begin_ms, truth.end_ms)]
        if hits:
            self.found[truth.kind] += 1
            worst = max(abs(hits[0].from_ms - truth.begin_ms), abs(hits[0].to_ms - truth.end_ms))
            self.edges.setdefault(truth.kind, []).append(worst)
        else:
            print(f"missed {name}: {truth} {[(o.code.value, o.from_ms, o.to_ms, round(o.figure, 2)) for o in leads]}", flush=True)
        self.honest(name, rehearsal.outside(leads, truth.begin_ms, truth.end_ms), duration_ms)


def main() -> None:
    """Measure one part."""
    part: Part = "tuning" if sys.argv[1:2] == ["tuning"] else "held-out"
    count, per_room = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((2, 20), (3, 8)))
    kinds = tuple(sys.argv[KINDS].split(",")) if len(sys.argv) > KINDS else tuple(EXPECTED)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="classproof-signals-") as folder:
        for film in spoilt(part, count, kinds=kinds):
            tally.spoilt(film.name, film.truths[0], *_of(film, Path(folder)))
        if len(sys.argv) > FOLDER and sys.argv[FOLDER]:
            for path in sorted(Path(sys.argv[FOLDER]).glob(f"{part}-room*-?.mp4")):
                tally.honest(path.stem, *screened(path))
        else:
            for film in honest(part, per_room=per_room):
                tally.honest(film.name, *_of(film, Path(folder)))
        for path in clips():
            if path.suffix == ".mp4":  # key frames of a GIF are what nobody records
                tally.honest(path.name, *screened(path))
    _tell(tally, tuple(dict.fromkeys(EXPECTED[kind] for kind in kinds)))


def _tell(tally: Tally, watched: Sequence[Code]) -> None:
    for kind, n in tally.tried.items():
        low, high = measured.share_interval(tally.found[kind], n)
        worst = max(tally.edges.get(kind, [0])) / 1000
        print(f"{kind:12} {tally.found[kind]}/{n}  {low:.3f} – {high:.3f}  edges at most {worst:.1f} s off", flush=True)
    for code in watched:
        most = measured.events_at_most(tally.false[code]) / tally.hours
        print(f"{code.value:14} {tally.false[code]} false in {tally.hours:.1f} camera-hours, at most {most:.3f} an hour", flush=True)


def _of(film: Filmed, folder: Path) -> tuple[list[Found], int]:
    path = film.write(folder)
    answer = screened(path)
    path.unlink()
    return answer


def policy_version() -> str:
    rule: Any = Book.load().read(ScreeningRule, on=date(2026, 9, 1))  # Any: the rule of that day
    return str(rule.version)


if __name__ == "__main__":
    main()
