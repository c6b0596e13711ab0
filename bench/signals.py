"""How good is each signal? Recall and false alarms with their 95 % intervals, beside what was aimed at. R60; `python -m bench signals`.

What pictures and packets say is judged anew in this run: the worker's signals, under the figures in force, over the kept looks of the held-out
recordings (`bench.screening_looks`). Clocks, sound, footage used again, loops and a camera's usual view are kept as counts by their own
measurements (`bench.screening_clocks`, `screening_sound`, `screening_recall`, `screening_alarms`, `screening_loops`, `screening_pieces`,
`screening_files`, `screening_views`), an hour or more each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from bench.results import Result
from compliance.policy.book import Book
from supervision.screening import rehearsal
from supervision.screening.looks import Code
from supervision.screening.measured import Measured, Recall, read
from supervision.screening.rules import ScreeningRule

USED_AGAIN: Final = ("exact", "remuxed", "re-encoded", "mirrored", "trimmed", "clock-replaced")
CHANGED: Final = ("cropped", "brightened", "slower", "quicker")
RECALL: Final[Mapping[str, float]] = {
    **dict.fromkeys(("black", "covered", "frozen", "frozen-quiet", "loop", "packets-exact", "packets-remuxed", "packets-cut"), 0.99),
    **{way + attack: 0.99 for attack in USED_AGAIN for way in ("", "hour-")},  # through real encoders, and drawn
    **{way + attack: 0.95 for attack in CHANGED for way in ("", "hour-")},
    **dict.fromkeys(("jump", "gap"), 1.0),
}
FALSE_PER_HOUR: Final[Mapping[Code, float]] = {Code.RECYCLED: 0.001, Code.SPLICED: 0.001}
FALSE_PER_HOUR_OTHERS: Final = 0.1


def measure() -> list[Result]:
    """What was found of what was made, and what was told of honest lessons, for each signal."""
    return [result for code, one in _judged().items() for result in (*_recalls(code, one), *_false_alarms(code, one))]


def _judged() -> Mapping[Code, Measured]:
    """The kept counts, those of pictures and packets replaced by what the signals say now."""
    known = dict(read())
    rule = Book.load().read(ScreeningRule, on=datetime.now(UTC).date())
    for row in rehearsal.table(rehearsal.held_out(), rule):
        others = tuple(recall for recall in known[row.code].recalls if recall.attack != row.attack) if row.code in known else ()
        fresh = (Recall(row.attack, row.tried, row.found),) if row.tried else ()
        base = known.get(row.code, Measured((), 0, 0.0))
        known[row.code] = replace(base, recalls=(*others, *fresh), false_alarms=row.false_alarms, camera_hours=row.camera_hours)
    return known


def _recalls(code: Code, one: Measured) -> Iterator[Result]:
    """The share itself, since no number of recordings without a miss reaches 1."""
    for recall in one.recalls:
        peer = f"95 % of {recall.tried}, at least"
        yield Result(
            f"signal {code.value}: share found of {recall.attack}",
            recall.found / recall.tried,
            "",
            RECALL.get(recall.attack),
            "higher",
            peer,
            recall.interval[0],
        )


def _false_alarms(code: Code, one: Measured) -> Iterator[Result]:
    """The end of the interval: none in a few hours says little, and must not pass for a promise kept."""
    if one.lessons:
        seen = one.false_alarms / one.lessons
        peer = f"seen in {one.lessons}"
        yield Result(f"signal {code.value}: false alarms a lesson, at most (95 %)", one.of_lessons_at_most, "", None, "lower", peer, seen)
    if one.camera_hours:
        target = FALSE_PER_HOUR.get(code, FALSE_PER_HOUR_OTHERS)
        peer = f"seen in {one.camera_hours:.0f} h"
        yield Result(f"signal {code.value}: false alarms an hour, at most (95 %)", one.per_hour_at_most, "/h", target, "lower", peer, one.per_hour)
