"""How well footage that is used again, and loops, are found: every attack of the held-out part, end to end through the search that the worker runs.

`python -m bench screening-recall` measures the held-out part and writes the signals' rows into `supervision/screening/held_out.json`, the table
that the product shows, and a table for docs/design/screening-signals.md on the terminal. `python -m bench.screening_recall tuning` only prints.
A folder as the second argument keeps what was seen of each recording, so that a broken-off run goes on; `kept` behind it measures the copies that are
there already, `loops` the loops alone. Thresholds were chosen on the tuning part. Honest hours are `bench.screening_alarms`'s.
"""

import itertools
import math
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.screening import quick
from bench.screening.camera import Camera
from bench.screening.cases import COPIES, Copied, Filmed, Part, copies, honest, spoilt
from bench.screening.looking import key_looks
from compliance.policy.book import Book
from storage.media.index import build_index
from storage.media.source import FileSource
from supervision.screening import loop, measured, recycled, signatures, view_keys
from supervision.screening.comparing import ComparingRule
from supervision.screening.looks import Code, Look
from supervision.screening.motion import Motion, fields_of, motion_of, residual, room_of
from supervision.screening.second_looks import SecondLooks

ON = date(2026, 9, 1)
BOOK = Book.load()
RULE = BOOK.read(recycled.RecycledRule, on=ON)
LOOP = BOOK.read(loop.LoopRule, on=ON)
WIDTH = BOOK.read(ComparingRule, on=ON)
STEPS_S = (2, 4, 10)  # density of looks; the product's is `recycled_step_s`
ROOMS, PER_ROOM, EVERY = 4, 8, 4
SOURCES = 16  # lessons that are attacked: first one in four, then the next of each four
LOOPS = 40
RENDERED_ROOMS, RENDERED = 3, 12  # honest lessons without an encoder, to have more hours
SLACK_MS = 20_000  # five looks


@dataclass
class Stored:
    """What the search keeps, in memory instead of tables: the same keys, signatures and comparison."""

    names: list[str] = field(default_factory=list)
    motions: list[Motion] = field(default_factory=list)
    keys: list[NDArray[np.uint64]] = field(default_factory=list)  # (5, 4) each
    signed: list[NDArray[np.uint64]] = field(default_factory=list)

    def add(self, name: str, motion: Motion) -> None:
        self.names.append(name)
        self.motions.append(motion)
        self.keys.append(view_keys.stored_keys(motion.room))
        self.signed.append(signatures.signatures(residual(motion))[0])

    def pointed(self, asking: Motion, without: str = "") -> list[signatures.Pointed]:
        """Recordings that are compared in full; `row` is their place among `names`."""
        asked = view_keys.asked_keys(asking.room)
        plain = asked[[0, len(view_keys.CROPS)]]
        near = []
        for i, keys in enumerate(self.keys):
            far = min(int(view_keys.distances(asked, keys[0]).min()), *(int(view_keys.distances(keys, key).min()) for key in plain))
            if far <= WIDTH.recycled_view_bits and self.names[i] != without and len(self.signed[i]):
                near.append(i)
        if not near:
            return []
        begins = np.cumsum([0, *(len(self.signed[i]) for i in near)])[:-1].astype(np.int64)
        found = signatures.pointed_at(residual(asking), np.concatenate([self.signed[i] for i in near]), begins, WIDTH.recycled_most_compared)
        return [replace(one, row=near[one.row]) for one in found]

    def compared(self, asking: Motion, without: str = "") -> Iterator[tuple[str, recycled.Match | None]]:
        """Names of recordings that are compared in full, with what they agree in."""
        for one in self.pointed(asking, without):
            yield self.names[one.row], recycled.compare(asking, self.motions[one.row], RULE, mirror=one.mirrored)

    def search(self, asking: Motion, without: str = "") -> Iterator[tuple[str, recycled.Match]]:
        """Names of recordings that would be told, with their line."""
        for name, match in self.compared(asking, without):
            if match is not None and recycled.is_recycled(match, RULE):
                yield name, match


def seen(film: Filmed | Copied, folder: Path, *, keep: bool = False) -> Motion:
    """Every key frame of a recording, as movement; the file itself is not kept."""
    kept = folder / f"{film.name}.npz"
    if not kept.exists():
        path = film.write(folder)
        motion = motion_of(key_looks(path))
        np.savez(kept, t=motion.times_ms, cells=motion.fields, bg=motion.room)
        if not keep:
            path.unlink()
    with np.load(kept) as held:
        return Motion(held["t"].astype(np.int64), (np.round(held["cells"] * 4) / 4).astype(np.float32), held["bg"])


@contextmanager
def looker(film: Filmed, folder: Path, first: Motion) -> Iterator[loop.LookCloser]:
    """The worker's own closer looks at a recording, which is written again when they are asked for."""
    with tempfile.TemporaryDirectory(prefix="closer-", dir=folder) as own:

        def look(spans: Sequence[loop.Span]) -> Motion | None:
            path = next(Path(own).iterdir(), None) or film.write(Path(own))
            with FileSource(path) as source:
                return SecondLooks(source, build_index(source), first.room, folder)(spans)

        yield look


def thinned(motion: Motion, step_s: float) -> Motion:
    """As if only the first key frame of each `step_s` had been looked at."""
    due, chosen = -math.inf, []
    for i, at in enumerate(motion.times_ms.tolist()):
        if at >= due:
            chosen.append(i)
            due = (at // (step_s * 1000) + 1) * step_s * 1000
    return Motion(motion.times_ms[chosen], motion.fields[chosen], motion.room)


def rendered(part: Part) -> Iterator[tuple[str, Motion]]:
    """Honest lessons straight from the camera, one look in four seconds."""
    for film in honest(part, rooms=RENDERED_ROOMS, per_room=RENDERED):
        camera: Camera = film.camera
        looks = [Look(round(at * 1000), np.ascontiguousarray(picture[::2, ::2])) for at, picture in camera.pictures(0.25)]
        fields = np.stack([np.round(fields_of(look.luma) * 4) / 4 for look in looks]).astype(np.float32)
        yield film.name, Motion(np.array([look.media_ms for look in looks], np.int64), fields, room_of([look.luma for look in looks]))


def attacked(lessons: Sequence[Filmed]) -> list[Filmed]:
    """The lessons that are copied; the first of more are the same."""
    return [film for turn in (1, 3, 0, 2) for film in lessons[turn::EVERY]][:SOURCES]


def attacks(
    part: Part, folder: Path, lessons: Sequence[Filmed], *, kept: bool = False
) -> tuple[dict[float, Counter[str]], Counter[str], list[float]]:
    """(found by step and attack, tried, how far off each line was in seconds). `kept`: only copies that the folder holds, among lessons that are
    drawn without an encoder where it does not hold them.
    """
    sources = attacked(lessons)
    found: dict[float, Counter[str]] = defaultdict(Counter)
    tried: Counter[str] = Counter()
    off: list[float] = []
    cases = [case for case in copies(part, sources) if not kept or (folder / f"{case.name}.npz").exists()]
    rooms = {_room(case.source.name) for case in cases}
    wanted = [film for film in lessons if not kept or _room(film.name) in rooms]
    drawn = [film for film in wanted if kept and not (folder / f"{film.name}.npz").exists()]
    motions = {film.name: seen(film, folder, keep=film in sources) for film in wanted if film not in drawn}
    made = [(case, seen(case, folder)) for case in cases]
    for step in STEPS_S:
        stored = Stored()
        for name, motion in motions.items():
            stored.add(name, thinned(motion, step))
        for film in drawn:
            stored.add(film.name, quick.seen(film.camera.lesson, step, noise_seed=film.camera.noise_seed))
        for case, motion in made:
            tried[case.attack] += step == STEPS_S[0]
            told = dict(stored.search(thinned(motion, step)))
            match = told.get(case.source.name)
            if match is not None:
                found[step][case.attack] += 1
                middle = (match.spans[0][0] + match.spans[-1][1]) // 2
                off.append(abs(match.line.source_ms(middle) / 1000 - (case.offset_s + case.slope * middle / 1000)))
            elif step == WIDTH.recycled_step_s:
                print(f"missed {case.name}: {told}", flush=True)
            if others := set(told) - {case.source.name}:
                print(f"also told {case.name}: {others}", flush=True)
    return found, tried, off


def _room(name: str) -> str:
    return name.rsplit("-", 1)[0]


def pairs(motions: Iterable[tuple[str, Motion]]) -> tuple[int, int]:
    """(pairs compared in full both ways round, pairs told). Lessons of one room only: other rooms are not compared by the product either."""
    rooms: dict[str, list[tuple[str, Motion]]] = defaultdict(list)
    for name, motion in motions:
        rooms[_room(name)].append((name, motion))
    compared = told = 0
    for lessons in rooms.values():
        for (name, a), (other, b) in itertools.combinations(lessons, 2):
            compared += 1
            match = recycled.compare(a, b, RULE)
            if match is not None and recycled.is_recycled(match, RULE):
                told += 1
                print(f"false: {name} and {other}: {match}", flush=True)
    return compared, told


def loops(part: Part, folder: Path, step_s: float) -> tuple[int, int]:
    """(made, found where they are)."""
    made = found = 0
    for film in spoilt(part, LOOPS, kinds=("loop",)):
        truth = film.truths[0]
        its = thinned(seen(film, folder), step_s)
        with looker(film, folder, its) as look:
            leads = loop.find_loops(its, LOOP, look)
        made += 1
        hit = any(
            min(one.to_ms, truth.end_ms) - max(one.from_ms, truth.begin_ms) >= (truth.end_ms - truth.begin_ms) / 2
            and one.from_ms >= truth.begin_ms - SLACK_MS
            and one.to_ms <= truth.end_ms + SLACK_MS
            for one in leads
        )
        found += hit
        if not hit:
            print(f"missed {film.name} at {step_s} s: {truth} {[(one.from_ms, one.to_ms, one.figure) for one in leads]}", flush=True)
    return made, found


def measure(part: Part, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # Any: rows of JSON
    """Rows of the product's table; everything else goes to the terminal."""
    recall = told_copies(part, folder)
    loops_found, alarms = told_honestly(part, folder)
    return [*recall, *loops_found], alarms


def told_copies(part: Part, folder: Path, *, kept: bool = False) -> list[dict[str, Any]]:  # Any: rows of JSON
    """Recall of every attack."""
    found, tried, off = attacks(part, folder, honest(part, rooms=ROOMS, per_room=PER_ROOM), kept=kept)
    step = float(WIDTH.recycled_step_s)
    print(
        "| attack | " + " | ".join(f"looks every {s} s" for s in STEPS_S) + f" | 95 % interval at {step:g} s |\n|---|" + "---|" * (len(STEPS_S) + 1)
    )
    for attack in filter(tried.__getitem__, COPIES):
        low, high = measured.share_interval(found[step][attack], tried[attack])
        shown = " | ".join(f"{found[s][attack]}/{tried[attack]}" for s in STEPS_S)
        print(f"| {attack} | {shown} | {low:.3f} – {high:.3f} |", flush=True)
    print(f"lines off by {np.median(off):.1f} s at the median, {max(off, default=0):.1f} s at most", flush=True)
    return [
        {"code": Code.RECYCLED.value, "attack": attack, "tried": tried[attack], "found": found[step][attack]} for attack in COPIES if tried[attack]
    ]


def told_loops(part: Part, folder: Path) -> list[dict[str, Any]]:  # Any: rows of JSON
    """Recall of loops through a real encoder."""
    rows = []
    for step in STEPS_S:
        made, hit = loops(part, folder, step)
        low, high = measured.share_interval(hit, made)
        print(f"loops with looks every {step} s: {hit}/{made}  {low:.3f} – {high:.3f}", flush=True)
        if step == WIDTH.recycled_step_s:
            rows.append({"code": Code.LOOP.value, "attack": "loop-encoded", "tried": made, "found": hit})
    return rows


def told_honestly(part: Part, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:  # Any: rows of JSON
    """Recall of loops; and what is told of honest lessons."""
    step = float(WIDTH.recycled_step_s)
    lessons = honest(part, rooms=ROOMS, per_room=PER_ROOM)
    filmed = [(film.name, thinned(seen(film, folder), step)) for film in lessons]
    drawn = list(rendered(part))
    hours = sum(motion.duration_ms for _, motion in (*filmed, *drawn)) / 3_600_000
    (some, wrong), (more, also) = pairs(filmed), pairs(drawn)
    print(f"honest: {some} pairs of encoded and {more} of rendered lessons, {wrong + also} told; {hours:.1f} camera-hours", flush=True)
    false_loops = sum(len(loop.find_loops(its, LOOP)) for _, its in drawn)
    for film, (_, its) in zip(lessons, filmed, strict=True):
        with looker(film, folder, its) as look:
            false_loops += len(loop.find_loops(its, LOOP, look))
    rows = told_loops(part, folder)
    print(f"loops told in honest lessons: {false_loops} in {hours:.1f} camera-hours", flush=True)
    return rows, [
        {"code": Code.RECYCLED.value, "false_alarms": wrong + also, "camera_hours": round(hours, 2)},
        {"code": Code.LOOP.value, "false_alarms": false_loops, "camera_hours": round(hours, 2)},
    ]


def main(arguments: Sequence[str]) -> None:
    """Measure one part."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    with tempfile.TemporaryDirectory(prefix="classproof-recall-") as made:
        folder = Path(arguments[1]) if len(arguments) > 1 else Path(made)
        only = {"kept": lambda: told_copies(part, folder, kept=True), "loops": lambda: told_loops(part, folder)}
        recall = only[arguments[2]]() if len(arguments) > 2 else measure(part, folder)[0]
    if part == "held-out":
        measured.HELD_OUT.write_text(measured.plain(recall, [], attacks_only=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
