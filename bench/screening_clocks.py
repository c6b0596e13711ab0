"""How good is reading the clock in the picture? Made recordings of the held-out part, each camera learned as the worker learns it.

`python -m bench.screening_clocks [tuning|held-out] [rooms] [honest lessons of each room] [recordings of each attack and room]` prints the table; of
the held-out part it writes the rows of `clock-other-time` and `clock-jump` into `supervision/screening/held_out.json`. What is not told on honest
lessons and what is missed counts; so does every instant that was read wrongly, whatever came of it.
"""

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np

from bench.screening.cases import Clocked, Part, clocked
from compliance.policy.book import Book
from storage.media.index import build_index
from storage.media.source import FileSource
from supervision.screening import measured
from supervision.screening.clock_shape import ClockShape
from supervision.screening.clock_ticks import Ticks
from supervision.screening.clocks import Claim, Reader, agrees
from supervision.screening.looks import Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import clock_jump, clock_other_time

RULE: Final = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
EXPECTED: Final = {
    "clock-jump": Code.CLOCK_JUMP,
    "clock-wrong": Code.CLOCK_OTHER_TIME,
    "old-recording": Code.CLOCK_OTHER_TIME,
    "clock-replaced": Code.CLOCK_OTHER_TIME,
}
SLACK_MS: Final = 10_000
RIGHT_S: Final = 1.6  # a second, and what rounding of seconds and key frames takes
SIZE: Final = (640, 360)


@dataclass
class Tally:
    """What was seen so far; `shapes` by camera, as the product keeps them."""

    shapes: dict[int, ClockShape | None] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false: Counter[Code] = field(default_factory=Counter)
    hours: float = 0.0
    asked: int = 0
    read: int = 0
    wrong: int = 0
    cpu_ms: int = 0

    def take(self, film: Clocked, path: Path) -> None:
        """One recording."""
        with FileSource(path) as source:
            index = build_index(source)
            reader = Reader(source, index, Claim(UUID(int=0), UUID(int=0), film.claimed_at, SIZE), RULE, None)
            ticks = self._ticks(film, reader)
        duration_ms = index.duration_ms
        self.cpu_ms += reader.cost.cpu_ms
        leads = [*clock_other_time.find(ticks, duration_ms, RULE), *clock_jump.find(ticks, RULE)]
        if film.attack:
            self.tried[film.attack] += 1
            hit = [one for one in leads if one.code is EXPECTED[film.attack] and _lies(film, one)]
            self.found[film.attack] += bool(hit)
            if not hit:
                print(f"missed {film.filmed.name}: {ticks and (ticks.asked, len(ticks))} {leads}", flush=True)
            leads = [one for one in leads if one not in hit]
        for one in leads:
            self.false[one.code] += 1
            print(f"false in {film.filmed.name}: {one}", flush=True)
        self.hours += duration_ms / 3_600_000
        if not film.attack:
            self.asked += ticks.asked if ticks else RULE.screening_clock_instants
            true_s = (film.filmed.camera.begins_at - film.claimed_at).total_seconds()
            self.read += len(ticks) if ticks else 0
            self.wrong += int((np.abs(ticks.ahead_s - true_s) > RIGHT_S).sum()) if ticks else 0

    def _ticks(self, film: Clocked, reader: Reader) -> Ticks | None:
        """As `clocks.read_clock` does it: what is known of the camera first, learned when nothing is."""
        shape = self.shapes.get(film.camera)
        ticks = reader.spread(shape) if shape is not None else None
        if shape is None or ticks is None or len(ticks.sure(RULE.screening_clock_jump_s)) * 2 < ticks.asked:
            shape = reader.learned()
            ticks = reader.spread(shape) if shape is not None else None
            if shape is None or ticks is None or not agrees(ticks, RULE):
                print(f"not learned from {film.filmed.name}: {shape and shape.layout} {ticks and (ticks.asked, len(ticks))}", flush=True)
                return None
            self.shapes[film.camera] = shape
            print(f"camera {film.camera} learned from {film.filmed.name}: {shape.layout}, {len(ticks)} of {ticks.asked}", flush=True)
        return reader.closer(shape, ticks)


def _lies(film: Clocked, one: Found) -> bool:
    truths = film.filmed.truths
    return not truths or all(one.from_ms >= t.begin_ms - SLACK_MS and one.from_ms <= t.end_ms and one.to_ms <= t.end_ms + SLACK_MS for t in truths)


def main() -> None:
    """Measure one part."""
    part: Part = "tuning" if sys.argv[1:2] == ["tuning"] else "held-out"
    rooms, honest_each, attacks_each = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((2, 4), (3, 12), (4, 5)))
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="classproof-clocks-") as folder:
        for film in clocked(part, rooms, honest_each, attacks_each):
            if film.camera not in tally.shapes and tally.shapes:
                _tell(part, tally)  # what is measured so far: a night's run may be stopped
            path = film.write(Path(folder))
            tally.take(film, path)
            for old in Path(folder).iterdir():
                old.unlink()
    _tell(part, tally)


def _tell(part: Part, tally: Tally) -> None:
    """The table on the terminal; of the held-out part into the product as well."""
    for attack, n in tally.tried.items():
        low, high = measured.share_interval(tally.found[attack], n)
        print(f"{attack:15} {tally.found[attack]}/{n}  {low:.3f} – {high:.3f}", flush=True)
    for code in (Code.CLOCK_OTHER_TIME, Code.CLOCK_JUMP):
        most = measured.events_at_most(tally.false[code]) / tally.hours
        print(f"{code.value:18} {tally.false[code]} false in {tally.hours:.1f} camera-hours, at most {most:.3f} an hour", flush=True)
    print(
        f"honest: {tally.read} of {tally.asked} instants read, {tally.wrong} wrongly; {tally.cpu_ms / 1000:.0f} s of the confined child", flush=True
    )
    if part == "held-out":
        recall = [{"code": EXPECTED[kind].value, "attack": kind, "tried": n, "found": tally.found[kind]} for kind, n in tally.tried.items()]
        codes = (Code.CLOCK_OTHER_TIME, Code.CLOCK_JUMP)
        alarms = [{"code": code.value, "false_alarms": tally.false[code], "camera_hours": round(tally.hours, 2)} for code in codes]
        measured.HELD_OUT.write_text(measured.plain(recall, alarms, clocks_version=RULE.version), encoding="utf-8")


if __name__ == "__main__":
    main()
