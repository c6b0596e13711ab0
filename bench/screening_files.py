"""How well too few or too small pictures and missing time are told: files of real encoders and containers, through the worker's own steps. R71.

`python -m bench.screening_files [files of each kind] [honest hours]`, and `... gaps [files]` for what is missing, some minutes each. What is drawn
does not matter to these signals, so pictures are small and meaningless; times, packets and sizes are read from the files by the confined child, as
verification reads them. Where a recording becomes slow is told by whole minutes: a lead may reach a minute over it. No figure was chosen on these
files.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from bench.screening.encoding import Encoder, encode
from bench.screening.rooms import Luma
from compliance.policy.book import Book
from storage.media import packets
from storage.media.inspect import inspect_and_index
from supervision.screening import measured, rehearsal
from supervision.screening.looks import Code
from supervision.screening.packet_glances import MINUTE_MS, PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import frame_rate, resolution, time_jump

SEED: Final = 5000
RULE: Final = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
KINDS: Final = (("libx264", ".mp4"), ("libx264", ".mkv"), ("libx265", ".mp4"), ("libx264", ".ts"))
HEIGHTS: Final = (720, 768, 800, 900, 960, 1080)
SMALLER: Final = (144, 240, 288, 352, 360, 480, 540, 576, 600, 700)
SHORT_S: Final = 6
GAP: Final = "gap"  # attack of the product's table, beside `jump` of drawn lessons
NEAR_MS: Final = 1000  # a gap counts as found when both its ends are told this near


@dataclass(frozen=True, slots=True)
class Made:
    """Pictures at `times` (seconds, rising); slow between two of them, or not at all."""

    name: str
    times: tuple[float, ...]
    encoder: Encoder
    suffix: str
    slow: tuple[float, float] | None = None
    gaps: tuple[tuple[float, float], ...] = ()

    def write(self, folder: Path) -> Path:
        return encode(folder / f"{self.name}{self.suffix}", _pictures(self.times, self.encoder), self.encoder)


def slow(count: int) -> Iterator[Made]:
    """Of recordings of 6 to 9 minutes three to five show one to seven pictures a second; the others, and the rest of these, 9 to 25."""
    for n in range(count):
        rng = np.random.default_rng([81, SEED, n])
        usual, few = float(rng.uniform(9, 25)), float(rng.uniform(1, 7.4))
        begin, length, after = float(rng.uniform(60, 150)), float(rng.uniform(180, 300)), float(rng.uniform(30, 90))
        end = begin + length
        times = [*_regular(rng, 0, begin, usual), *_regular(rng, begin, end, few), *_regular(rng, end, end + after, usual)]
        codec, suffix = KINDS[n % len(KINDS)]
        yield Made(f"slow-{n}", tuple(times), Encoder(codec, fps=25, width=96, height=64), suffix, (begin, end))


def steady(count: int, seconds: int) -> Iterator[Made]:
    """Honest: 8.6 to 25 pictures a second, a few dropped, once a minute of seven a second (the rule asks for two)."""
    for n in range(count):
        rng = np.random.default_rng([82, SEED, n])
        few = float(rng.uniform(120, seconds - 120)) // 60 * 60
        usual = float(rng.uniform(8.6, 25))
        times = [*_regular(rng, 0, few, usual), *_regular(rng, few, few + 60, 7.0), *_regular(rng, few + 60, seconds, usual)]
        kept = [at for at in times if rng.random() > 0.01]
        codec, suffix = KINDS[n % len(KINDS)]
        yield Made(f"steady-{n}", tuple(kept), Encoder(codec, fps=25, width=96, height=64), suffix)


def sized(count: int, heights: Sequence[int], name: str) -> Iterator[Made]:
    """Some seconds in each of these heights, wide and nearly square."""
    for n in range(count):
        rng = np.random.default_rng([83, SEED, n, heights[0]])
        high = heights[n % len(heights)]
        wide = int(high * (16 / 9 if rng.random() < 0.7 else 4 / 3)) // 2 * 2
        codec, suffix = KINDS[n % len(KINDS)]
        yield Made(f"{name}-{n}", tuple(np.arange(0, SHORT_S, 0.5).tolist()), Encoder(codec, fps=2, width=wide, height=high), suffix)


def gapped(count: int) -> Iterator[Made]:
    """Recordings of some minutes at 3 to 15 pictures a second, one to three times 10 to 90 seconds missing in each; a few pictures dropped."""
    for n in range(count):
        rng = np.random.default_rng([85, SEED, n])
        usual, at, times, gaps = float(rng.uniform(3, 15)), 0.0, list[float](), list[tuple[float, float]]()
        for _ in range(int(rng.integers(1, 4))):
            until = at + float(rng.uniform(15, 60))
            part = _regular(rng, at, until, usual)
            at = part[-1] + float(rng.uniform(10, 90))
            times += part
            gaps.append((part[-1], at))
        times += [at, *_regular(rng, at + 1 / usual, at + float(rng.uniform(15, 60)), usual)]
        ends = {end for gap in gaps for end in gap}
        kept = [one for one in times if one in ends or rng.random() > 0.01]
        codec, suffix = KINDS[n % len(KINDS)]
        gop_s = float(rng.choice([1, 2, 4]))
        yield Made(f"gap-{n}", tuple(kept), Encoder(codec, fps=15, gop_s=gop_s, width=96, height=64), suffix, gaps=tuple(gaps))


def _regular(rng: np.random.Generator, begin: float, end: float, rate: float) -> list[float]:
    """Pictures a second apart by 1 / rate, each some per cent early or late."""
    count = int((end - begin) * rate)
    return (begin + (np.arange(count) + rng.uniform(0, 0.2, count)) / rate).round(4).tolist()  # type: ignore[no-any-return]


def _pictures(times: Sequence[float], encoder: Encoder) -> Iterator[tuple[float, Luma]]:
    sheet = np.random.default_rng(84).integers(60, 190, (encoder.height // 8 + 1, encoder.width // 8 + 1), dtype=np.uint8)
    picture = np.kron(sheet, np.ones((8, 8), np.uint8))[: encoder.height, : encoder.width]
    for n, at in enumerate(times):
        yield at, np.roll(picture, n % 32, 1)


def seen(path: Path) -> tuple[PacketGlances, int, int]:
    """(what the packets say, duration in ms, height in px), as verification keeps it."""
    inspection = inspect_and_index(path)
    duration_ms = inspection.facts.duration_ms
    return PacketGlances.of(packets.from_bytes(inspection.packets), duration_ms), duration_ms, inspection.facts.height_px


def measure(count: int, honest_hours: float, folder: Path) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Rows of the product's table: what was found, and what was told where nothing is wrong."""
    found = {Code.LOW_FRAME_RATE: 0, Code.LOW_RESOLUTION: 0}
    false = dict(found)
    hours = 0.0
    for made in slow(count):
        path = made.write(folder)
        leads = frame_rate.find(seen(path)[0], RULE)
        begin, end = (round(at * 1000) for at in made.slow or (0.0, 0.0))
        found[Code.LOW_FRAME_RATE] += any(rehearsal.lies(one, begin, end, MINUTE_MS) for one in leads)
        print(made.name, made.suffix, made.slow, [(one.from_ms, one.to_ms, round(one.figure, 2)) for one in leads], flush=True)
        path.unlink()
    for made in steady(max(round(honest_hours * 2), 1), 1800):
        path = made.write(folder)
        glances, duration_ms, _ = seen(path)
        false[Code.LOW_FRAME_RATE] += len(frame_rate.find(glances, RULE))
        hours += duration_ms / 3_600_000
        path.unlink()
    for heights, name, counts in ((SMALLER, "small", found), (HEIGHTS, "large", false)):
        for made in sized(count, heights, name):
            path = made.write(folder)
            _, duration_ms, height_px = seen(path)
            counts[Code.LOW_RESOLUTION] += len(resolution.find(height_px, duration_ms, RULE))
            path.unlink()
    recall: list[dict[str, object]] = [{"code": code.value, "attack": code.value, "tried": count, "found": n} for code, n in found.items()]
    return recall, [
        {"code": Code.LOW_FRAME_RATE.value, "false_alarms": false[Code.LOW_FRAME_RATE], "camera_hours": round(hours, 2)},
        {"code": Code.LOW_RESOLUTION.value, "false_alarms": false[Code.LOW_RESOLUTION], "lessons": count},
    ]


def measure_gaps(count: int, folder: Path) -> dict[str, object]:
    """A row of the product's table: gaps that the ledger of coverage and a lead both put where they are."""
    tried = found = 0
    for made in gapped(count):
        path = made.write(folder)
        inspection = inspect_and_index(path)
        facts = inspection.facts
        leads = time_jump.find(PacketGlances.of(packets.from_bytes(inspection.packets), facts.duration_ms), RULE)
        told, ledger = [(one.from_ms, one.to_ms) for one in leads], list(facts.gaps)
        first = made.times[0]
        for begin, end in made.gaps:
            there = round((begin - first) * 1000), round((end - first) * 1000)
            hit = all(any(max(abs(a - there[0]), abs(b - there[1])) <= NEAR_MS for a, b in spans) for spans in (told, ledger))
            tried, found = tried + 1, found + hit
            if not hit:
                print(f"{path.name}: missed {there}, told {told}, in the ledger {ledger}", flush=True)
        if len(told) > len(made.gaps):
            print(f"{path.name}: told {told}, made {made.gaps}", flush=True)
        path.unlink()
    low, high = measured.share_interval(found, tried)
    print(f"gaps: {found}/{tried} in {count} files  {low:.4f} – {high:.4f}", flush=True)
    return {"code": Code.TIME_JUMP.value, "attack": GAP, "tried": tried, "found": found}


def main() -> None:
    """Make, read, tell, keep."""
    if sys.argv[1:2] == ["gaps"]:
        with tempfile.TemporaryDirectory(prefix="classproof-files-") as folder:
            Path(folder).chmod(0o755)
            row = measure_gaps(int(sys.argv[2]) if len(sys.argv) > 2 else 200, Path(folder))
        measured.HELD_OUT.write_text(measured.plain([row], [], attacks_only=True), encoding="utf-8")
        return
    count, hours = int(sys.argv[1]) if len(sys.argv) > 1 else 20, float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory(prefix="classproof-files-") as folder:
        Path(folder).chmod(0o755)
        recall, alarms = measure(count, hours, Path(folder))
    for row in (*recall, *alarms):
        print(row, flush=True)
    measured.HELD_OUT.write_text(measured.plain(recall, alarms), encoding="utf-8")


if __name__ == "__main__":
    main()
