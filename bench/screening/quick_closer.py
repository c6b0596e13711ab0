"""The closer looks of a lesson drawn quickly (`quick.py`): a picture a second of the spans that are asked for, none of the others."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.screening import quick
from bench.screening.lessons import Lesson
from supervision.screening.loop import LookCloser, Span
from supervision.screening.motion import GRID_COLUMNS, GRID_ROWS, SCALE, Motion

STEP_S: Final = 1.0
Times = NDArray[np.float64]


def looker(lesson: Lesson, room: Motion, noise_seed: int, *, loop: quick.Again | None = None, beside: quick.View | None = None) -> LookCloser:
    """What `find_loops` asks for the looks of a lesson. `room`: what its first pass has seen."""

    def look(spans: Sequence[Span]) -> Motion:
        at = np.concatenate([np.arange(from_ms / 1000, to_ms / 1000, STEP_S) for from_ms, to_ms in spans])
        dice = np.random.default_rng([43, noise_seed, *(from_ms for from_ms, _ in spans)])
        parts = [_fields(pictures) for _, pictures in quick.pieces(lesson, shown_of(at, loop), beside)]
        means = np.concatenate(parts) + dice.normal(0, quick.NOISE_GREY, (len(at), GRID_ROWS, GRID_COLUMNS))
        return Motion((at * 1000).round().astype(np.int64), (np.round(means * SCALE) / SCALE).astype(np.float32), room.room)

    return look


def shown_of(at: Times, loop: quick.Again | None) -> Times:
    """The seconds of the lesson that are shown at seconds of the recording."""
    if loop is None:
        return at
    piece, first, last = loop
    return np.where((at >= first) & (at < last), first - piece + (at - first) % piece, at)


def _fields(pictures: quick.Small) -> quick.Small:
    return np.asarray(pictures.reshape(-1, GRID_ROWS, quick.HIGH // GRID_ROWS, GRID_COLUMNS, quick.WIDE // GRID_COLUMNS).mean((2, 4)), np.float32)
