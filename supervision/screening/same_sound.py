"""Does the same sound stand under the same pictures? Rise and fall of the level in two stretches, laid over each other. Never told alone. F-13. Pure.

Speech rises and falls some times a second, and nobody says the same twice in the same rhythm for minutes. Gain, encoding and
background do not change when it rises. Nothing of what is said can be had from a level.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.recycled import Line

BIN_MS: Final = 100
LEAST_BINS: Final = 600
SLACK_MS: Final = 6_000  # how far off a line of pictures may be: 3.8 s were seen
SMOOTH_BINS: Final = 50  # what lasts longer is the distance of the speaker, or an automatic gain
FLOOR_DB: Final = 35.0  # below the loud parts: noise of the room is not compared
LEAST_DB: Final = 1.5  # of rise and fall: below it there is nothing to compare
HEARD_MS: Final = 120_000  # of each recording
ALIKE_PERMILLE: Final = 600
OTHER_PERMILLE: Final = 400
PERMILLE: Final = 1000
Series = NDArray[np.float64]


def alike(copy_ms: NDArray[np.int64], copy: NDArray[np.float32], source_ms: NDArray[np.int64], source: NDArray[np.float32], line: Line) -> int | None:
    """How alike two stretches sound at the best place within the slack, in permille; None where too little is heard to say.

    `*_ms` are the media times of the bins, BIN_MS apart. The source's are brought to the copy's time by `line`.
    """
    if min(len(copy), len(source)) < LEAST_BINS:
        return None
    there = np.asarray(source_ms, np.float64)
    here = (there - line.offset_ms) / line.slope
    own = _rise(np.asarray(copy, np.float64))
    slack = SLACK_MS // BIN_MS
    # the source on the copy's clock, with slack on both sides
    grid = copy_ms[0] + (np.arange(len(copy) + 2 * slack) - slack) * BIN_MS
    laid = _rise(np.interp(grid, here, np.asarray(source, np.float64)))
    if own.std() < LEAST_DB or laid.std() < LEAST_DB:
        return None
    best = 0.0
    for at in range(2 * slack + 1):
        other = laid[at : at + len(own)]
        spread = float(other.std() * own.std())
        if spread > 0:
            best = max(best, float(((other - other.mean()) * (own - own.mean())).mean()) / spread)
    return round(min(best, 1.0) * PERMILLE)


def _rise(levels: Series) -> Series:
    """Without what lasts for seconds, and without what lies far below the loud parts."""
    known = np.where(np.isnan(levels), np.nanmin(levels) if not np.isnan(levels).all() else 0.0, levels)
    held = np.maximum(known, np.percentile(known, 95) - FLOOR_DB)
    kernel = np.ones(SMOOTH_BINS) / SMOOTH_BINS
    padded = np.pad(held, SMOOTH_BINS // 2, mode="edge")
    return np.asarray(held - np.convolve(padded, kernel, "same")[SMOOTH_BINS // 2 : SMOOTH_BINS // 2 + len(held)])


class Sounding(StrEnum):
    """What the likeness of two stretches says beside pictures that are the same."""

    ALIKE = "alike"
    OTHER = "other"
    UNCLEAR = "unclear"
    NOT_COMPARED = "not-compared"


def said(permille: int | None) -> Sounding:
    """Changed copies were at 867 and more, other lessons at 237 and less (docs/design/screening-sound.md); between them nothing is said."""
    if permille is None:
        return Sounding.NOT_COMPARED
    return Sounding.ALIKE if permille >= ALIKE_PERMILLE else Sounding.OTHER if permille <= OTHER_PERMILLE else Sounding.UNCLEAR


def stretches(spans: Sequence[tuple[int, int]], line: Line, copy_ms: int, source_ms: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Which stretch of the copy to hear, and which of the source with slack around it; `*_ms` are their lengths. None: too little is the same."""
    from_ms, to_ms = max(spans, key=lambda span: span[1] - span[0])
    begin = max((from_ms + to_ms) // 2 - HEARD_MS // 2, from_ms, 0)
    end = min(begin + HEARD_MS, to_ms, copy_ms)
    there = max(line.source_ms(begin) - SLACK_MS, 0), min(line.source_ms(end) + SLACK_MS, source_ms)
    return ((begin, end), there) if end - begin >= LEAST_BINS * BIN_MS and there[1] > there[0] else None
