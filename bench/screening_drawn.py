"""Copies of lessons of an hour, drawn without an encoder: what the rule costs where lessons are long and some people hardly move. R60.

`python -m bench.screening_drawn [part] [sources]` prints what is found of each attack, with its interval; it may be broken off and goes on where it
was (`bench/screening/drawn.json`). Loops are `screening_loops`'s, real encoders `screening_recall`'s; how near the quick drawing comes to them
`screening_alarms fields` says. Each source is searched for among five other lessons of its room, which have the same habits.
"""

import hashlib
import inspect
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.screening import quick
from bench.screening.cases import SEEDS, Part
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_recall import RULE, WIDTH, Stored
from supervision.screening import measured, motion, recycled, signatures
from supervision.screening.looks import Code
from supervision.screening.motion import Motion, mirrored

SECONDS: Final = 3_600
OTHERS: Final = 5
PIECE: Final = "piece"  # in the product's table under this name
KEPT: Final = Path(__file__).parent / "screening" / "drawn.json"
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


def measure(part: Part, place: int) -> tuple[dict[str, list[int]], list[str]]:
    """One source with its copies: (attack → [tried, found], what was missed or told besides)."""
    rng = np.random.default_rng([38, SEEDS[part], place])
    stored, made = Stored(), [lesson(part, place, n) for n in range(OTHERS + 2)]
    for n, one in enumerate(made[: OTHERS + 1]):
        stored.add(str(n), quick.seen(one, STEP_S, noise_seed=n))
    host = quick.seen(made[-1], STEP_S, noise_seed=len(made))
    counts: dict[str, list[int]] = {}
    told: list[str] = []

    def count(attack: str, hit: bool) -> None:
        tried, found = counts.get(attack, (0, 0))
        counts[attack] = [tried + 1, found + hit]

    for attack, copy in copies(made[0], rng, host):
        names = {name for name, _ in stored.search(copy)}
        count(attack, "0" in names)
        if names != {"0"}:
            told.append(f"{attack} (activity {made[0].activity}, {made[0].people} people): told {sorted(names)}")
    return counts, told


def same_again(part: Part, place: int) -> tuple[dict[str, list[int]], list[str]]:
    """As `measure`, of the copies that change nothing of the movement: encoded anew from beginning to end, and that under another clock.

    Beside one other lesson: all that are stored of a room this small are compared, so that more of them hide nothing.
    """
    rng = np.random.default_rng([39, SEEDS[part], place])
    stored, made = Stored(), [lesson(part, place, n) for n in range(2)]
    for n, one in enumerate(made):
        stored.add(str(n), quick.seen(one, STEP_S, noise_seed=n))
    counts: dict[str, list[int]] = {}
    told: list[str] = []
    plain = quick.seen(made[0], STEP_S, noise_seed=int(rng.integers(1 << 30)))
    for attack, copy in (("re-encoded", plain), ("clock-replaced", under_a_clock(plain, rng))):
        names = {name for name, _ in stored.search(copy)}
        counts[attack] = [1, int("0" in names)]
        if names != {"0"}:
            told.append(f"{attack} (activity {made[0].activity}, {made[0].people} people): told {sorted(names)}")
    return counts, told


def under_a_clock(plain: Motion, rng: np.random.Generator) -> Motion:
    """Light digits in the upper left or lower right corner that are others in every look; the empty room has their middle."""
    fields, place = plain.fields.copy(), plain.room.copy()
    high, wide = place.shape[0] // fields.shape[1], place.shape[1] // fields.shape[2]
    rows, columns = (slice(0, 2), slice(0, 14)) if rng.random() < 0.5 else (slice(-2, None), slice(-14, None))
    digits = rng.normal(60, 25, fields[:, rows, columns].shape).astype(np.float32)
    fields[:, rows, columns] = (fields[:, rows, columns] + digits).clip(0, 255)
    middle = np.kron(np.median(digits, axis=0), np.ones((high, wide)))
    corner = slice(0, 2 * high) if rows.start == 0 else slice(-2 * high, None), slice(0, 14 * wide) if columns.start == 0 else slice(-14 * wide, None)
    place[corner] = (place[corner] + middle).clip(0, 255).astype(np.uint8)
    return replace(plain, fields=fields, room=place)


def _named(ours: tuple[Callable[..., object], ...]) -> str:
    text = "".join([*map(inspect.getsource, (motion, recycled, signatures, quick)), *map(inspect.getsource, ours)])
    return hashlib.sha256(f"{text}{RULE}{WIDTH}".encode()).hexdigest()[:12]


# each names the code and the figures that decide, and what is made: rows of another method are measured anew
def method() -> str:
    """Of `measure`."""
    return _named((lesson, copies, measure))


def again_method() -> str:
    """Of `same_again`."""
    return _named((lesson, same_again, under_a_clock))


def main(arguments: list[str]) -> None:
    """Go on where the last run was; tell after each source."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    kept = [row for row in known if row["method"] in (method(), again_method())]
    for name, make in ((method(), measure), (again_method(), same_again)):
        for place in range(int(arguments[1]) if len(arguments) > 1 else 10):
            if any((row["method"], row["part"], row["place"]) == (name, part, place) for row in kept):
                continue
            counts, told = make(part, place)
            kept.append({"method": name, "part": part, "place": place, "found": counts, "told": told})
            kept.sort(key=lambda one: (one["part"], one["place"], one["method"] != method()))
            text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in kept)
            KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
            print(place, counts, *told, sep="\n  ", flush=True)
    tried, found = Counter[str](), Counter[str]()
    for row in kept:
        if row["part"] == part:
            tried.update({attack: counts[0] for attack, counts in row["found"].items()})
            found.update({attack: counts[1] for attack, counts in row["found"].items()})
    for attack, count in tried.items():
        low, high = measured.share_interval(found[attack], count)
        print(f"{attack}: {found[attack]}/{count}  {low:.3f} – {high:.3f}", flush=True)
    if part == "held-out":
        measured.HELD_OUT.write_text(measured.plain(rows(tried, found), [], attacks_only=True), encoding="utf-8")


def rows(tried: Counter[str], found: Counter[str]) -> list[dict[str, Any]]:  # Any: rows of JSON
    """Of the product's table: each way of copying a whole lesson, beside what real encoders showed."""
    names = {attack: PIECE if attack == PIECE else f"hour-{attack}" for attack in tried}
    return [{"code": Code.RECYCLED.value, "attack": names[attack], "tried": count, "found": found[attack]} for attack, count in tried.items()]


if __name__ == "__main__":
    main(sys.argv[1:])
