"""Copies and loops of lessons of an hour, drawn without an encoder: what the rule costs where lessons are long and some people hardly move. R60.

`python -m bench.screening_drawn [part] [sources]` prints what is found of each attack, with its interval. Real encoders are `screening_recall`'s;
how near the quick drawing comes to them `screening_alarms fields` says. Each source is searched for among five other lessons of its room, which have
the same habits.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np

from bench.screening import quick
from bench.screening.cases import SEEDS, Part
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_recall import LOOP, SLACK_MS, WIDTH, Stored
from supervision.screening import loop, measured
from supervision.screening.looks import Code
from supervision.screening.motion import Motion, mirrored

SECONDS: Final = 3_600
OTHERS: Final = 5
HOURS, PIECE = "hours", "piece"  # attacks of the product's table
STEP_S: Final = WIDTH.recycled_step_s


def lesson(part: Part, place: int, n: int) -> Lesson:
    """Number `n` of a room of its own; two in five hardly move."""
    base = SEEDS[part] + 2_000_000 + place * 1_000
    rng = np.random.default_rng([37, base, n])
    activity = float(rng.choice([0.3, 0.5, 1.0, 1.0, 1.4]))
    return Lesson(room(base), base + n, SECONDS, people=int(rng.integers(5, 19)), cast=base, activity=activity, habits=base)


def copies(source: Lesson, rng: np.random.Generator, host: Motion) -> Iterator[tuple[str, Motion]]:
    """What a cheat makes of it; `host` is a lesson into which a few minutes of the source are put."""
    again = int(rng.integers(1 << 30))

    def seen(begin_s: float = 0, speed: float = 1, beside: quick.View | None = None) -> Motion:
        return quick.seen(source, STEP_S, noise_seed=again, begin_s=begin_s, speed=speed, beside=beside)

    plain, far = seen(float(rng.uniform(2, 60))), float(rng.uniform(0.01, 0.02))
    yield "trimmed", seen(float(rng.uniform(60, 1500)))
    yield "mirrored", mirrored(plain)
    yield "brightened", replace(plain, fields=(plain.fields * float(rng.uniform(0.75, 1.2)) + float(rng.uniform(-15, 20))).clip(0, 255))
    yield "cropped", seen(beside=(0.0, 1 / (1 - float(rng.uniform(0.04, 0.10))), 0.0, 0.0))
    yield "slower", seen(speed=1 - far)
    yield "quicker", seen(speed=1 + far)
    turned, larger = float(rng.uniform(-2, 2)), float(rng.uniform(1.0, 1.06))
    yield "beside", seen(7.0, beside=(turned, larger, float(rng.uniform(-10, 10)), float(rng.uniform(-6, 6))))
    fields, first, minutes = host.fields.copy(), int(rng.integers(50, 500)), int(rng.integers(6, 11))
    fields[first : first + minutes * 15] = plain.fields[first : first + minutes * 15]
    yield PIECE, replace(host, fields=fields)


def looped(source: Lesson, rng: np.random.Generator) -> bool:
    """Whether a piece of 45 to 120 s that is played once or twice again is found where it is."""
    piece = float(rng.uniform(45, 120))
    first = float(rng.uniform(piece + 5, SECONDS - 500))
    last = first + piece * int(rng.integers(2, 4))
    found = loop.find_loops(quick.seen(source, STEP_S, noise_seed=int(rng.integers(1 << 30)), loop=(piece, first, last)), LOOP)
    begin_ms, end_ms = round(first * 1000), round(last * 1000)
    return any(
        min(one.to_ms, end_ms) - max(one.from_ms, begin_ms) >= (end_ms - begin_ms) / 2
        and one.from_ms >= begin_ms - SLACK_MS
        and one.to_ms <= end_ms + SLACK_MS
        for one in found
    )


def main(arguments: list[str]) -> None:
    """Tell after each source."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    tried, found = Counter[str](), Counter[str]()
    for place in range(int(arguments[1]) if len(arguments) > 1 else 10):
        rng = np.random.default_rng([38, SEEDS[part], place])
        stored, made = Stored(), [lesson(part, place, n) for n in range(OTHERS + 2)]
        for n, one in enumerate(made[: OTHERS + 1]):
            stored.add(str(n), quick.seen(one, STEP_S, noise_seed=n))
        host = quick.seen(made[-1], STEP_S, noise_seed=len(made))
        for attack, copy in copies(made[0], rng, host):
            told = {name for name, _ in stored.search(copy)}
            tried[attack] += 1
            found[attack] += "0" in told
            if told != {"0"}:
                print(f"{place} {attack} (activity {made[0].activity}, {made[0].people} people): told {sorted(told)}", flush=True)
        for one in made[:3]:
            tried["loop"] += 1
            hit = looped(one, rng)
            found["loop"] += hit
            if not hit:
                print(f"{place} loop missed (activity {one.activity}, {one.people} people)", flush=True)
        for attack, count in tried.items():
            low, high = measured.share_interval(found[attack], count)
            print(f"{attack}: {found[attack]}/{count}  {low:.2f} – {high:.2f}", flush=True)
    if part == "held-out":
        measured.HELD_OUT.write_text(measured.plain(rows(tried, found), []), encoding="utf-8")


def rows(tried: Counter[str], found: Counter[str]) -> list[dict[str, Any]]:  # Any: rows of JSON
    """Of the product's table: loops, and all copies of whole lessons together beside what real encoders showed."""
    known = json.loads(measured.HELD_OUT.read_text(encoding="utf-8"))["recall"]
    others = [row for row in known if row["code"] == Code.RECYCLED.value and row["attack"] not in (HOURS, PIECE)]
    whole = [attack for attack in tried if attack not in ("loop", PIECE)]
    return [
        *others,
        {"code": Code.RECYCLED.value, "attack": HOURS, "tried": sum(tried[one] for one in whole), "found": sum(found[one] for one in whole)},
        {"code": Code.RECYCLED.value, "attack": PIECE, "tried": tried[PIECE], "found": found[PIECE]},
        {"code": Code.LOOP.value, "attack": "loop", "tried": tried["loop"], "found": found["loop"]},
    ]


if __name__ == "__main__":
    main(sys.argv[1:])
