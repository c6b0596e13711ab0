"""A camera that was turned before the lesson began: is it told, and is an honest one left alone? Lessons of rooms in their order. F-09, F-12; R60.

`python -m bench.screening_views [tuning|held-out] [rooms] [lessons of each room]` films the beginning of each lesson with a real encoder, takes its
first clear look as the worker does and holds it against those before. A third of the cameras sink a little with each lesson, all are nudged by a
pixel now and then; every third lesson is followed by one under attack, so that the next honest one finds the camera put back. Of the held-out part
the rows go into `supervision/screening/held_out.json`.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from bench.screening.camera import Camera
from bench.screening.cases import CHINA, SEEDS, Part
from bench.screening.encoding import Encoder, encode
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from bench.screening_signals import RULE
from compliance.policy.book import Book
from storage.media.index import build_index
from storage.media.looks import Density, read_looks
from storage.media.source import FileSource
from supervision.screening import measured, view_history
from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import Code, Look
from supervision.screening.signals.view_unusual import UsualRule
from supervision.screening.view import Reference, away_permille, compare_views

USUAL: Final = Book.load().read(UsualRule, on=date(2026, 9, 1))
EXPECTED: Final = {"turned-before": Code.TURNED_SINCE, "other-room-before": Code.UNUSUAL_VIEW}
LESSON_S: Final = 600
FILMED_S: Final = 12
FIRST_ATTACK, EVERY = 4, 3


@dataclass(frozen=True, slots=True)
class Begun:
    """A lesson as far as it is filmed. `attack` "": the camera stands where it stood."""

    name: str
    camera: Camera
    encoder: Encoder
    attack: str = ""


def lessons(part: Part, r: int, count: int) -> Iterator[Begun]:
    """Of one room, in order of time, those under attack among them."""
    own = np.random.default_rng([81, SEEDS[part], r])
    sinks = float(own.uniform(0.6, 1.3)) if r % 3 == 2 else 0.0  # pixels of 640 a lesson: two permille
    for n in range(count):
        rng = np.random.default_rng([82, SEEDS[part], r, n])
        seed = SEEDS[part] + 200_000 + r * 100 + n
        still = (float(rng.normal(0, 0.15)), 1.0, float(rng.normal(0, 0.7)), float(rng.normal(0, 0.7)) + n * sinks)
        begins = datetime(2026, 3, 2, 8, 30, tzinfo=CHINA) + timedelta(days=n, hours=int(rng.integers(0, 8)))
        encoder = Encoder(gop_s=float(rng.choice([1, 2, 4])), crf=int(rng.integers(30, 37)))
        noise, people, teacher = float(rng.uniform(1.2, 3)), int(rng.integers(5, 19)), bool(rng.random() < 0.85)

        def filmed(place: int, beside: tuple[float, float, float, float]) -> Camera:
            return Camera(Lesson(room(place), seed, LESSON_S, people, teacher=teacher), begins, noise, seed, beside=beside)  # noqa: B023

        if n >= FIRST_ATTACK and n % EVERY == 0:
            far = float(rng.uniform(25, 90)) * float(rng.choice([-1, 1]))
            turned = (still[0] + far / 12, 1.05, still[2] + far, still[3] + far / 4)
            yield Begun(f"{part}-turned{r}-{n}", filmed(SEEDS[part] + 300 + r, turned), encoder, "turned-before")
            yield Begun(f"{part}-elsewhere{r}-{n}", filmed(SEEDS[part] + 600 + r * 40 + n, still), encoder, "other-room-before")
        yield Begun(f"{part}-usual{r}-{n}", filmed(SEEDS[part] + 300 + r, still), encoder)


def first_look(begun: Begun, folder: Path) -> view_history.Own | None:
    """As the worker takes it."""
    path = encode(folder / f"{begun.name}.mp4", begun.camera.pictures(begun.encoder.fps, FILMED_S), begun.encoder)
    glancer, parts = Glancer(RULE.screening_view_every_s * 1000), list[Glances]()
    with FileSource(path) as source:
        for batch in read_looks(source, build_index(source), Density(RULE.screening_step_s * 1000)):
            parts.append(glancer.take([Look(at, luma) for at, luma in batch.looks]))
    path.unlink()
    return view_history.first_of(glancer, Glances.joined(parts), RULE)


def main() -> None:
    """Measure one part."""
    part: Part = "tuning" if sys.argv[1:2] == ["tuning"] else "held-out"
    rooms, count = (int(sys.argv[n]) if len(sys.argv) > n else default for n, default in ((2, 12), (3, 20)))
    tried, found, false, honest = Counter[str](), Counter[str](), Counter[Code](), 0
    nearest: dict[str, list[float]] = {"": [], **{attack: [] for attack in EXPECTED}}
    with tempfile.TemporaryDirectory(prefix="classproof-views-") as folder:
        for r in range(rooms):
            known: list[Reference] = []  # the newest first
            for begun in lessons(part, r, count):
                own = first_look(begun, Path(folder))
                told = view_history.held_against(own, known, (), LESSON_S * 1000, RULE, USUAL)
                if own is not None and known:
                    compared = [compare_views(view, own.view) for view in known[: USUAL.screening_usual_most]]
                    nearest[begun.attack] += [
                        min((away_permille(one) for one in compared if one[0] >= RULE.screening_view_least_points), default=999)
                    ]
                if begun.attack:
                    tried[begun.attack] += 1
                    found[begun.attack] += [one.code for one in told] == [EXPECTED[begun.attack]]
                    if [one.code for one in told] != [EXPECTED[begun.attack]]:
                        print(f"missed {begun.name}: {told}, clear {own is not None}", flush=True)
                else:
                    honest += 1
                    false.update(one.code for one in told)
                    if told or own is None:
                        print(f"false in {begun.name}: {told}, clear {own is not None}", flush=True)
                if own is not None and not told:
                    known.insert(0, own.view)
    for attack, n in tried.items():
        low, high = measured.share_interval(found[attack], n)
        print(f"{attack:18} {found[attack]}/{n}  {low:.3f} – {high:.3f}", flush=True)
    for code in EXPECTED.values():
        print(
            f"{code.value:14} {false[code]} false in {honest} honest lessons, at most {measured.events_at_most(false[code]) / honest:.4f} a lesson",
            flush=True,
        )
    for attack, values in nearest.items():
        print(
            f"{attack or 'honest'}: nearest earlier view {np.percentile(values, [0, 50, 99, 100]).round(1)} ‰ away (least, median, 99 %, most)",
            flush=True,
        )
    if part == "held-out":
        recall = [{"code": EXPECTED[attack].value, "attack": attack, "tried": n, "found": found[attack]} for attack, n in tried.items()]
        alarms = [{"code": code.value, "false_alarms": false[code], "lessons": honest} for code in EXPECTED.values()]
        measured.HELD_OUT.write_text(measured.plain(recall, alarms), encoding="utf-8")


if __name__ == "__main__":
    main()
