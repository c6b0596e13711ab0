"""How well loops are found, and how often honest lessons are told as loops: lessons of an hour, drawn without an encoder. F-07; R60.

`python -m bench.screening_loops [part] [places] [rooms]` goes on where it was, keeps a line for each place and each room in
`bench/screening/loops.json` and writes the held-out part into the product's table. A place has three lessons with a piece of 45 to 120 s that is
played again two or three times, three that are filled for minutes, one with such a piece played again once, one with a piece of 12 to 45 s, and one
of one to four people. Honest lessons are those of `screening_alarms`, fifty a room, with their habits. Loops through a real encoder are
`screening_recall`'s.
"""

import hashlib
import inspect
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench import screening_alarms
from bench.screening import quick, quick_closer
from bench.screening.cases import SEEDS, Part
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_recall import LOOP, SLACK_MS, WIDTH
from supervision.screening import loop, measured, repeats
from supervision.screening.looks import Code, Found

KEPT: Final = Path(__file__).parent / "screening" / "loops.json"
SECONDS: Final = 3_600
LOOPED, FILLED, ONCE, SHORT, FEW = "loop", "filled", "loop-once", "loop-short", "loop-few"  # attacks of the product's table
OF_A_PLACE: Final = {LOOPED: 3, FILLED: 3, ONCE: 1, SHORT: 1, FEW: 1}
Row = dict[str, Any]  # Any: JSON


def lesson(part: Part, place: int, n: int, attack: str) -> Lesson:
    """Number `n` of a room of its own; two in five hardly move."""
    base = SEEDS[part] + 3_000_000 + place * 1_000
    rng = np.random.default_rng([41, base, n])
    people = int(rng.integers(1, 5) if attack == FEW else rng.integers(5, 19))
    activity = float(rng.choice([0.3, 0.5, 1.0, 1.0, 1.4]))
    return Lesson(room(base), base + n, SECONDS, people=people, cast=base, activity=activity, habits=base, teacher=attack != FEW or n % 2 == 0)


def again(attack: str, rng: np.random.Generator) -> quick.Again:
    """(seconds of the piece, when it is shown again first, and until when)."""
    if attack in (LOOPED, ONCE, FEW):
        piece = float(rng.uniform(45, 120))
        first = float(rng.uniform(piece + 5, SECONDS - 500))
        return piece, first, first + piece * (1 if attack == ONCE else int(rng.integers(2, 4)))
    piece, length = (rng.uniform(60, 300), rng.uniform(300, 1200)) if attack == FILLED else (rng.uniform(12, 45), rng.uniform(120, 900))
    first = float(rng.uniform(piece + 5, SECONDS - length - 60))
    return float(piece), first, first + float(length)


def measure(part: Part, place: int) -> Row:
    """What was told of each loop of one place: {"found": attack → [tried, found], "off": how far ends lie off, s, "missed": …}."""
    counts: dict[str, list[int]] = {}
    off: list[float] = []
    missed: list[str] = []
    asked = [attack for attack, count in OF_A_PLACE.items() for _ in range(count)]
    for n, attack in enumerate(asked):
        rng, one = np.random.default_rng([42, SEEDS[part], place, n]), lesson(part, place, n, attack)
        piece, first, last = again(attack, rng)
        noise_seed, played = int(rng.integers(1 << 30)), (piece, first, last)
        its = quick.seen(one, WIDTH.recycled_step_s, noise_seed=noise_seed, loop=played)
        told = loop.find_loops(its, LOOP, quick_closer.looker(one, its, noise_seed, loop=played))
        hit, ends = found_at(told, round(first * 1000), round(last * 1000))
        tried, found = counts.get(attack, (0, 0))
        counts[attack] = [tried + 1, found + hit]
        off += [round(end / 1000, 1) for end in ends]
        if not hit:
            leads = [(lead.from_ms // 1000, lead.to_ms // 1000, lead.figure) for lead in told]
            missed.append(f"{attack}: {piece:.0f} s from {first:.0f} to {last:.0f}, activity {one.activity}, {one.people} people; told {leads}")
    return {"part": part, "place": place, "found": counts, "off": off, "missed": missed}


def found_at(told: list[Found], begin_ms: int, end_ms: int) -> tuple[bool, list[int]]:
    """(whether leads cover half of the loop and one of them ends within `SLACK_MS` of it or inside, how far the first and the last end lie off)."""
    over = [one for one in told if min(one.to_ms, end_ms) > max(one.from_ms, begin_ms)]
    if not over:
        return False, []
    covered = sum(min(one.to_ms, end_ms) - max(one.from_ms, begin_ms) for one in over)
    within = any(one.from_ms >= begin_ms - SLACK_MS and one.to_ms <= end_ms + SLACK_MS for one in over)
    ends = [abs(min(one.from_ms for one in over) - begin_ms), abs(max(one.to_ms for one in over) - end_ms)]
    return covered * 2 >= end_ms - begin_ms and within, ends


def silence(part: Part, number: int) -> Row:
    """What is told of one room's honest lessons."""
    told: list[list[Any]] = []
    hours = 0.0
    for n in range(screening_alarms.LESSONS):
        name, its = screening_alarms.lesson(part, number, n)
        hours += its.duration_ms / 3_600_000
        beside = screening_alarms.BESIDE if n % 4 == 3 else None
        look = quick_closer.looker(screening_alarms.drawn(part, number, n), its, number * 1_000 + n, beside=beside)
        told += [[name, one.from_ms, one.to_ms, one.figure] for one in loop.find_loops(its, LOOP, look)]
    return {"part": part, "room": number, "hours": round(hours, 3), "told": told}


def method() -> str:
    """Names the code and the figures that decide, and what is made: rows of another method are measured anew."""
    modules, ours = (repeats, loop, quick, quick_closer), (lesson, again, measure, found_at, *screening_alarms.MADE)
    text = "".join([*(inspect.getsource(one) for one in modules), *(inspect.getsource(one) for one in ours)])
    return hashlib.sha256(f"{text}{LOOP}{WIDTH.recycled_step_s}".encode()).hexdigest()[:12]


def made(part: Part, places: int, rooms: int, known: list[Row]) -> Iterator[Row]:
    """What is not kept yet."""
    done = {(row["part"], "place" in row, row.get("place", row.get("room"))) for row in known}
    yield from (measure(part, place) for place in range(places) if (part, True, place) not in done)
    first = screening_alarms.FIRST[part]
    yield from (silence(part, number) for number in range(first, first + rooms) if (part, False, number) not in done)


def main(arguments: list[str]) -> None:
    """Go on where the last run was; tell what is kept."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    places, rooms = (int(text) for text in arguments[1:3]) if len(arguments) > 2 else (10, 1)
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    rows: list[Row] = [row for row in known if row["method"] == method()]
    for row in made(part, places, rooms, rows):
        rows.append({"method": method(), **row})
        rows.sort(key=lambda one: (one["part"], "room" in one, one.get("place", one.get("room"))))
        text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in rows)
        KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
        print(row, flush=True)
    tell([row for row in rows if row["part"] == part], part)


def tell(rows: list[Row], part: Part) -> None:
    """On the terminal, and of the held-out part in the product's table."""
    tried, found = Counter[str](), Counter[str]()
    for row in rows:
        tried.update({attack: counts[0] for attack, counts in row.get("found", {}).items()})
        found.update({attack: counts[1] for attack, counts in row.get("found", {}).items()})
    for attack, count in tried.items():
        low, high = measured.share_interval(found[attack], count)
        print(f"{attack}: {found[attack]}/{count}  {low:.3f} – {high:.3f}", flush=True)
    off = [end for row in rows for end in row.get("off", ())]
    if off:
        print(f"ends off by {np.median(off):.1f} s at the median, {np.percentile(off, 95):.1f} s in 95 of 100, {max(off):.1f} s at most", flush=True)
    silent = [row for row in rows if "hours" in row]
    hours, events = sum(row["hours"] for row in silent), sum(len(row["told"]) for row in silent)
    if hours:
        print(f"{events} told in {hours:.1f} camera-hours, at most {measured.events_at_most(events) / hours:.4f} an hour", flush=True)
    if part == "held-out" and rows:
        recall = [{"code": Code.LOOP.value, "attack": attack, "tried": count, "found": found[attack]} for attack, count in tried.items()]
        honest = [{"code": Code.LOOP.value, "false_alarms": events, "camera_hours": round(hours, 2)}] if hours else []
        measured.HELD_OUT.write_text(measured.plain(recall, honest, attacks_only=True), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
