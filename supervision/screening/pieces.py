"""A piece of another recording put into this one, too short for the search by minutes on a line (`recycled.py`). F-06; R60, R72. Pure.

`repeats.py` says how it is seen. Both are measured by what the other recording usually shows: a piece that was put in brings its own room with it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from supervision.screening.motion import STEP_MS, Motion, mirrored, registered, residual
from supervision.screening.repeats import (
    AROUND_MS,
    FAR,
    FAR_COUNTS,
    FLOOR,
    LAG_STEP_MS,
    MOST_FAR,
    MOST_SAID,
    Looked,
    Repeat,
    Scale,
    Seen,
    between_two,
    usual_step,
)

GLANCE_MS: Final = 4_000
GLANCE_CELLS: Final = 2_000_000  # pairs of looks at once: some forty megabytes, however long the recordings are
WORTH_A_LOOK: Final = 0.6  # of what is told: between two whole distances a little more may come together


@dataclass(frozen=True, slots=True)
class PieceRule:
    """When a piece is told of (`recycled.yaml`)."""

    spliced_evidence: int  # natural logarithms that must come together
    spliced_least_s: int  # a piece is at least so long
    spliced_least_active_fields: int  # a room in which fewer of the 448 fields change decides nothing
    spliced_most_compared: int  # of the newest recordings of a view, beside those that signatures point at


@dataclass(frozen=True, slots=True)
class Spliced:
    """`spans`: what this recording shows of the other at one distance, in its own time; `lag_ms` before it there (may be negative)."""

    spans: tuple[tuple[int, int], ...]
    lag_ms: int
    evidence: float
    mirrored: bool

    @property
    def matched_ms(self) -> int:
        return sum(end - begin for begin, end in self.spans)


def find_pieces(copy: Motion, source: Motion, rule: PieceRule, *, mirror: bool = False, laid: bool = False) -> Spliced | None:
    """The pieces at the distance for which the most speaks. None: nothing that is told of.

    `mirror`: only as it is in a mirror. `laid`: where nothing is found, also laid over the other's room, as after a crop.
    """
    scale = Scale.of(source)
    if scale is None or scale.changing < max(rule.spliced_least_active_fields, 1) or not len(copy.times_ms):
        return None
    turned = mirrored(copy) if mirror else copy
    there = scale.look_at(source)
    found = _found(scale.look_at(turned), there, scale, rule)
    if not found and laid:
        moved, _ = registered(turned, source.room)
        found = _found(scale.look_at(moved), there, scale, rule) if moved is not turned else []
    if not found:
        return None
    clearest = max(found, key=lambda one: one.evidence)
    step_ms = int(np.median(np.diff(copy.times_ms))) if len(copy.times_ms) > 1 else LAG_STEP_MS
    return Spliced(_at_one_distance(found, clearest.lag_ms, step_ms), clearest.lag_ms, round(clearest.evidence, 1), mirror)


def _found(here: Looked, there: Looked, scale: Scale, rule: PieceRule) -> list[Repeat]:
    if at_a_glance(here, there) * scale.counts < rule.spliced_evidence * WORTH_A_LOOK:
        return []
    return between_two(here, there, scale, rule.spliced_evidence, rule.spliced_least_s * 1000)


def at_a_glance(here: Looked, there: Looked) -> float:
    """The most that comes together at any distance of whole `GLANCE_MS`, as `repeats` counts it: a tenth of the work."""
    ours, theirs = _on_a_grid(here), _on_a_grid(there)
    squares, far = (theirs**2).sum(axis=1)[None], np.float32(np.log(FAR * usual_step(there)))
    together, most = np.zeros(len(theirs) + 1, np.float32), 0.0
    rows = max(GLANCE_CELLS // len(theirs), 1)
    for first in range(0, len(ours), rows):
        for said in _said(ours[first : first + rows], theirs, squares, far):  # along the diagonals
            together[1:] = np.maximum(together[:-1] + said, 0)
            together[0] = 0
            most = max(most, float(together.max()))
    return most


def _said(ours: Seen, theirs: Seen, squares: Seen, far: np.float32) -> Seen:
    """(looks of ours, looks of theirs): what each pair says."""
    apart = (ours**2).sum(axis=1)[:, None] + squares - 2 * (ours @ theirs.T)
    held = np.log(np.maximum(apart / ours.shape[1], 0) + np.float32(FLOOR))
    around = np.full_like(held, np.inf)
    for away in range(AROUND_MS[0] // GLANCE_MS, AROUND_MS[1] // GLANCE_MS + 1):
        np.minimum(around[:, away:], held[:, :-away], out=around[:, away:])
        np.minimum(around[:, :-away], held[:, away:], out=around[:, :-away])
    around = np.where(np.isfinite(around), around, held)
    said: Seen = np.clip(around - held, -MOST_SAID, MOST_SAID)
    said -= np.float32(FAR_COUNTS) * np.clip(held - far, 0, MOST_FAR)
    return said


def _on_a_grid(looked: Looked) -> Seen:
    """The nearest look of every `GLANCE_MS`."""
    at = np.arange(int(looked.times_ms[0]), int(looked.times_ms[-1]) + 1, GLANCE_MS)
    return looked.seen[np.searchsorted((looked.times_ms[1:] + looked.times_ms[:-1]) / 2, at)]


def alike(copy: Motion, source: Motion, found: Spliced) -> float:
    """How much the movement of the pieces agrees, minute by minute or not: 0 to 1, as `recycled` says of minutes."""
    here = residual(mirrored(copy) if found.mirrored else copy)
    there = residual(source, begin_ms=-found.lag_ms, steps=len(here))
    inside = np.zeros(len(here), bool)
    for begin_ms, end_ms in found.spans:
        inside[begin_ms // STEP_MS : end_ms // STEP_MS] = True
    a, b = here[inside], there[inside]
    return max(float((a * b).sum() / np.sqrt(max(float((a**2).sum() * (b**2).sum()), 1e-9))), 0.0)


def _at_one_distance(found: list[Repeat], lag_ms: int, step_ms: int) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for one in sorted((one for one in found if abs(one.lag_ms - lag_ms) <= LAG_STEP_MS), key=lambda one: one.begin_ms):
        begin_ms = one.begin_ms
        if spans and begin_ms <= spans[-1][1]:
            begin_ms, end_ms = spans.pop()
            spans.append((begin_ms, max(end_ms, one.end_ms + step_ms)))
        else:
            spans.append((begin_ms, one.end_ms + step_ms))
    return tuple(spans)
