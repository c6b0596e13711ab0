"""How far is a head count off? Labelled real pictures and drawn classes, through the confined child that screening uses.

`python -m bench.screening_heads` prints mean absolute error and bias by size of group, and leads on honest drawn lessons, and writes
`supervision/screening/held_out_heads.json`, the table that the product shows. `tuning` uses other seeds and writes nothing.
"""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from bench.screening.real import FOLDER
from compliance.policy.book import Book
from storage.media.heads import Counting, count_heads
from storage.media.index import build_index
from storage.media.source import FileSource
from supervision.screening.heads import Instant
from supervision.screening.heads_measured import MEASURED, Group
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import few_people, over_capacity
from tests.class_film import Class, film_class

LABELS: Final = Path(__file__).parent / "screening" / "heads_by_eye.json"
RULE: Final = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
SIZES: Final = (0, 2, 5, 10, 16, 24, 36)
GROUPS: Final = ((0, 0), (1, 1), (2, 5), (6, 12), (13, 24), (25, 40))
AWAY_PERMILLE: Final = (0, 250, 500, 1000)  # of those seated, with their backs to the camera
SECONDS: Final = 60
HOW: Final = Counting(RULE.screening_heads_width_px, RULE.screening_heads_score_permille)


@dataclass(frozen=True, slots=True)
class Count:
    """One picture: where from, people in it, those who show a face, faces counted."""

    kind: str
    people: int
    facing: int
    faces: int


def counted(path: Path, ats_ms: list[int]) -> tuple[list[int], int]:
    """(faces at these times, processor time in ms)."""
    with FileSource(path) as source:
        found = count_heads(source, build_index(source), ats_ms, HOW, background=False)
    by_time = {head.asked_ms: head.faces for head in found.heads}
    return [by_time[at] for at in ats_ms if at in by_time], found.cpu_ms


def real(folder: Path) -> Iterator[Count]:
    """The labelled pictures, each encoded as a key frame of its own. Nothing where the clips are missing."""
    for row in json.loads(LABELS.read_text(encoding="utf-8"))["pictures"]:
        clip = FOLDER / row["file"]
        if clip.exists():
            target = _keys_only(clip, row["numbers"], folder / "real.mp4")
            faces, _ = counted(target, [n * 1000 for n in range(len(row["numbers"]))])
            yield from (Count("real", row["people"], row["facing"], one) for one in faces)


def _keys_only(clip: Path, numbers: list[int], target: Path) -> Path:
    """One picture a second, all key frames."""
    with av.open(str(clip)) as media, av.open(str(target), "w", format="mp4") as out:
        video: Any = None  # Any: PyAV returns a union of stream kinds
        shown = 0
        for number, frame in enumerate(media.decode(video=0)):
            if number not in numbers:
                continue
            if video is None:
                video = out.add_stream("libx264", rate=1)
                video.width, video.height, video.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
                video.options = {"crf": "20", "g": "1", "x264-params": "keyint=1:bframes=0"}
            small = frame.reformat(width=video.width, height=video.height, format="yuv420p")
            small.pts, small.time_base, shown = shown, Fraction(1), shown + 1
            small.pict_type = 0
            out.mux(video.encode(small))
        out.mux(video.encode(None))
    return target


def drawn(folder: Path, seed: int) -> Iterator[tuple[Class, list[int], int]]:
    """(scene, faces at each instant, processor time in ms) of classes of every size, with more and more backs."""
    count = RULE.screening_heads_instants
    ats = [SECONDS * 1000 * (2 * n + 1) // (2 * count) for n in range(count)]
    for size in SIZES:
        for permille in AWAY_PERMILLE if size else (0,):
            away = size * permille // 1000
            scene = Class(size - away, away, seconds=SECONDS, seed=seed + size * 10 + permille)
            faces, cpu_ms = counted(film_class(folder / "drawn.mp4", scene), ats)
            yield scene, faces, cpu_ms


def leads(scene: Class, faces: list[int]) -> list[str]:
    """What an honest lesson with everybody signed in is told of, by a camera that has shown everybody before."""
    begins = datetime(2026, 9, 1, tzinfo=UTC)
    people = scene.facing + scene.away
    instants = [Instant(n, begins + timedelta(minutes=n), one, people, n * 60_000) for n, one in enumerate(faces)]
    return [one.code.value for one in (*few_people.find(instants, 1000, RULE), *over_capacity.find(instants, max(people, 1), RULE))]


def groups(counts: list[Count]) -> list[Group]:
    """Error against all people, by kind and size of group, in order."""
    sorted_: dict[tuple[str, int, int], list[Count]] = defaultdict(list)
    for one in counts:
        low, high = next(g for g in GROUPS if g[0] <= one.people <= g[1])
        sorted_[one.kind, low, high].append(one)
    answer = []
    for (kind, low, high), own in sorted(sorted_.items()):
        errors = [one.faces - one.people for one in own]
        facing = [one.faces - one.facing for one in own]
        answer.append(Group(kind, low, high, len(own), sum(map(abs, errors)) / len(own), sum(errors) / len(own), sum(map(abs, facing)) / len(own)))
    return answer


def main() -> None:
    """Measure, print, keep."""
    tuning = sys.argv[1:2] == ["tuning"]
    counts: list[Count] = []
    honest, told, cpu_ms, pictures = 0, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="classproof-heads-") as name:
        folder = Path(name)
        counts += real(folder)
        for scene, faces, cost_ms in drawn(folder, 1000 if tuning else 9000):
            kind = "drawn-facing" if not scene.away else "drawn-behind" if not scene.facing else "drawn-mixed"
            people = scene.facing + scene.away
            counts += [Count(kind, people, scene.facing, one) for one in faces]
            cpu_ms, pictures = cpu_ms + cost_ms, pictures + len(faces)
            found = leads(scene, faces)
            print(f"{scene.facing:3} facing {scene.away:3} away: {faces} {found}", flush=True)
            if not scene.away:
                honest, told = honest + 1, told + len(found)
    rows = groups(counts)
    for row in rows:
        size = f"{row.kind:13} {row.low:3}–{row.high:<3} {row.pictures:4} pictures"
        print(f"{size}  MAE {row.error:5.2f}  bias {row.bias:+6.2f}  of those facing {row.facing_error:5.2f}")
    print(f"{told} leads in {honest} honest lessons that face the camera; {cpu_ms / max(pictures, 1):.0f} ms of processor time a picture")
    if not tuning:
        value = {"honest": honest, "told": told, "cpu_ms_per_picture": round(cpu_ms / max(pictures, 1)), "groups": [row.plain() for row in rows]}
        MEASURED.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
