"""How often honest lessons of one room are told as footage used again: thousands of camera-hours through the search of the worker.

`python -m bench.screening_alarms [part] [rooms]` goes on where it was and keeps one line for each room in `bench/screening/alarms.json`; with the
held-out part the product's table is written. `... fields` says how near the quick drawing comes to a real encoder. Three quarters of a room's
lessons are one camera's, the others one's beside it; each is asked for among all that were filmed in the room before it, as `compare-recording`
does. Lessons last an hour: the longer they are, the more minutes can agree by chance.
"""

import hashlib
import inspect
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.screening import quick
from bench.screening.cases import SEEDS, Part, honest
from bench.screening.encoding import Encoder
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_recall import RULE, WIDTH, Stored, seen, thinned
from supervision.screening import measured, motion, recycled, signatures
from supervision.screening.looks import Code
from supervision.screening.motion import Motion, residual

KEPT: Final = Path(__file__).parent / "screening" / "alarms.json"
LESSONS: Final = 50  # of a room
SECONDS: Final = 3_600
CLASS: Final = 10  # lessons with the same people
COURSE: Final = 25  # lessons with the same habits
BESIDE: Final = (1.2, 1.03, 6.0, -4.0)
WRITTEN_EVERY: Final = 10
FIRST: Final = {"tuning": 0, "held-out": 10}  # after one false lead in room 4 a figure was raised: rooms that had been looked at are held out no more
Row = dict[str, Any]  # Any: JSON


def drawn(part: Part, number: int, n: int) -> Lesson:
    """Lesson `n` of a room. Of five lessons one follows no habit, three rise, walk and show slides at the same minutes (some seconds more or less),
    one does it to two seconds, with the same walkers.
    """
    base = SEEDS[part] + 1_000_000 + number * 1_000
    rng = np.random.default_rng([36, base, n])
    return (quick.Drilled if kind(n) == "drilled" else Lesson)(
        room(base), base + n, SECONDS,
        people=int(rng.integers(5, 19)),
        cast=base + n // CLASS,
        activity=float(rng.choice([0.3, 0.5, 1.0, 1.0, 1.4])),
        habits=None if kind(n) == "free" else base + n // COURSE,
        teacher=bool(rng.random() < 0.85),
    )  # fmt: skip


def kind(n: int) -> str:
    return ("free", "habits", "habits", "habits", "drilled")[n % 5]


def seen_again(part: Part, number: int, n: int, noise_seed: int, begin_s: float = 0) -> Motion:
    """The lesson by its own camera, through an encoder with other noise, from a second of it on."""
    return quick.seen(drawn(part, number, n), WIDTH.recycled_step_s, noise_seed=noise_seed, begin_s=begin_s, beside=BESIDE if n % 4 == 3 else None)


def lesson(part: Part, number: int, n: int) -> tuple[str, Motion]:
    """(name, what is seen) of lesson `n` of a room."""
    return f"{n}-{kind(n)}", seen_again(part, number, n, SEEDS[part] + 1_000_000 + number * 1_000 + n)


def measure(part: Part, number: int, known: Row | None = None) -> Iterator[Row]:
    """A room, each lesson asked for among those before it; the row after every few lessons. `known`: what was kept of it, gone on with."""
    nothing = {"lessons": 0, "hours": 0.0, "compared": 0, "told": 0, "minutes": {}, "examples": []}
    row: Row = known or {"part": part, "room": number, **nothing}
    stored = Stored()
    for n in range(LESSONS):
        name, its = lesson(part, number, n)
        new = n >= row["lessons"]
        if new:
            for other, match in stored.compared(its):
                row["compared"] += 1
                minutes = str(match.windows if match is not None else 0)
                row["minutes"][minutes] = row["minutes"].get(minutes, 0) + 1
                if match is not None and recycled.is_recycled(match, RULE):
                    row["told"] += 1
                    row["examples"].append([name, other, match.windows, match.decidable, round(match.median, 3), round(match.fields, 3)])
                if match is not None and match.windows >= RULE.recycled_least_windows:
                    row["fields"] = max(row.get("fields", -1.0), round(match.fields, 3))
            row["lessons"] = n + 1
            row["hours"] = round(row["hours"] + its.duration_ms / 3_600_000, 3)
        stored.add(name, its)
        if new and (n + 1) % WRITTEN_EVERY == 0:
            yield row


MADE: Final = (drawn, kind, seen_again, lesson)


def method() -> str:
    """Names the code and the figures that decide: rows of another method are measured anew."""
    text = "".join(inspect.getsource(module) for module in (motion, recycled, signatures, quick)) + "".join(inspect.getsource(one) for one in MADE)
    return hashlib.sha256(f"{text}{RULE}{WIDTH}".encode()).hexdigest()[:12]


def fields(part: Part, count: int = 20, seconds: int = 120) -> None:
    """Of some lessons, drawn quickly and through an encoder, of one in five through it twice: how far fields lie apart, how alike the movement is."""
    with tempfile.TemporaryDirectory(prefix="classproof-fields-") as made:
        for n, film in enumerate(honest(part, rooms=4, per_room=count // 4, seconds=seconds)):
            real = thinned(seen(film, Path(made)), WIDTH.recycled_step_s)
            pairs = [("drawn quickly", quick.seen(film.camera.lesson, WIDTH.recycled_step_s, noise_seed=film.camera.noise_seed))]
            if n % 5 == 0:
                camera = replace(film.camera, noise_seed=film.camera.noise_seed + 1)
                other = replace(film, name=f"{film.name}-again", camera=camera, encoder=Encoder(crf=33))
                pairs.append(("encoded again", thinned(seen(other, Path(made)), WIDTH.recycled_step_s)))
            for what, one in pairs:
                off, alike, moved = apart(real, one)
                print(f"{film.name}, {what}: fields {off:.2f} grey levels apart, moving by {moved:.2f}; movement alike {alike:.3f}", flush=True)


def apart(real: Motion, drawn: Motion) -> tuple[float, float, float]:
    """(difference of fields once each one's constant is taken off, likeness of the movement 0 to 1, by how much they move), grey levels."""
    at = np.intersect1d(real.times_ms, drawn.times_ms)
    a, b = (one.fields[np.searchsorted(one.times_ms, at)][:, motion.CLOCK_ROWS : -motion.CLOCK_ROWS] for one in (real, drawn))
    gone = a - b - np.median(a - b, axis=0)
    n = int(at[-1]) // motion.STEP_MS
    x, y = residual(real, steps=n), residual(drawn, steps=n)
    alike = float((x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum()))
    return float(np.sqrt((gone**2).mean())), alike, float((a - np.median(a, axis=0)).std())


def main(arguments: list[str]) -> None:
    """Measure rooms that are not kept yet; tell what is."""
    part: Part = "tuning" if arguments[:1] == ["tuning"] else "held-out"
    if arguments[1:2] == ["fields"]:
        fields(part)
        return
    rooms = int(arguments[1]) if len(arguments) > 1 else 30
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    rows = [row for row in known if row["method"] == method()]
    for number in range(FIRST[part], FIRST[part] + rooms):
        known = next((row for row in rows if row["part"] == part and row["room"] == number), None)
        if known is not None and known["lessons"] >= LESSONS:
            continue
        for row in measure(part, number, known):
            rows = [other for other in rows if (other["part"], other["room"]) != (part, number)] + [{"method": method(), **row}]
            text = ",\n".join(json.dumps(one) for one in sorted(rows, key=lambda one: (one["part"], one["room"])))
            KEPT.write_text(f"[\n{text}\n]\n", encoding="utf-8")
            print(rows[-1], flush=True)
    tell([row for row in rows if row["part"] == part], part)


def tell(rows: list[Row], part: Part) -> None:
    """On the terminal, and of the held-out part in the product's table."""
    hours = sum(row["hours"] for row in rows)
    events = sum(row["told"] for row in rows)
    most = measured.events_at_most(events) / max(hours, 1e-9)
    print(f"{events} told in {hours:.1f} camera-hours, at most {most * 1000:.2f} in a thousand", flush=True)
    print(f"{sum(row['compared'] for row in rows)} pairs compared in full", flush=True)
    if part == "held-out" and rows:
        told = {"code": Code.RECYCLED.value, "false_alarms": events, "camera_hours": round(hours, 2)}
        measured.HELD_OUT.write_text(measured.plain([], [told]), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
