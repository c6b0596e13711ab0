"""A recording that shows a piece of itself again, under a clock that goes on. F-07; R60, R72. Pure.

The movement of each minute is looked for in the rest of the same recording. People repeat themselves at odd distances; a loop agrees at one
distance, for as long as it was let run, and all over the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import Code, Found, strength
from supervision.screening.motion import STEP_MS, Motion, Residual, fields_agree, residual


@dataclass(frozen=True, slots=True)
class LoopRule:
    """When a repetition is told of (`recycled.yaml`)."""

    loop_piece_s: int  # pieces of this length are looked for again
    loop_least_lag_s: int  # nearer than this, a movement that goes on agrees with itself
    loop_permille: int  # a piece agrees at least so much
    loop_least_repeated_s: int  # so much of the recording must be seen again at one distance
    loop_least_active_fields: int
    loop_fields_permille: int  # the field in the middle of all that move agrees by itself so much


def find_loops(motion: Motion, rule: LoopRule) -> list[Found]:
    """Each span that shows again what lies one fixed distance before it."""
    series = residual(motion)
    piece = rule.loop_piece_s * 1000 // STEP_MS
    shortest = max(rule.loop_least_lag_s * 1000 // STEP_MS, piece // 2)
    n = len(series)
    if n < shortest + piece:
        return []
    products = series @ series.T
    energy = np.concatenate([[0.0], np.cumsum((series**2).sum(1))])
    moving = _moving(series, piece)
    found: list[tuple[int, int, int, float]] = []  # begin, end, lag, agreement
    for lag in range(shortest, n - piece + 1):
        diagonal = np.concatenate([[0.0], np.cumsum(np.diagonal(products, -lag))])
        length = n - lag
        starts = np.arange(length - piece + 1)
        both = (energy[starts + lag + piece] - energy[starts + lag]) * (energy[starts + piece] - energy[starts])
        score = (diagonal[starts + piece] - diagonal[starts]) / np.sqrt(np.maximum(both, 1e-6))
        score[(both < 1e-3) | (moving[starts + lag] < rule.loop_least_active_fields) | (moving[starts] < rule.loop_least_active_fields)] = 0
        held = score * 1000 >= rule.loop_permille
        for first, last in _runs(held):
            begin, end = first + lag, last - 1 + lag + piece
            if (end - begin) * STEP_MS < rule.loop_least_repeated_s * 1000:
                continue
            alike = fields_agree(series[begin:end], series[begin - lag : end - lag], rule.loop_least_active_fields)
            if alike * 1000 >= rule.loop_fields_permille:
                found.append((begin, end, lag, float(score[first:last].mean())))
    return [_told(one, rule) for one in _strongest(found)]


def _moving(series: Residual, piece: int) -> NDArray[np.int64]:
    """Per start: fields that move twice or more within the piece."""
    counts = np.vstack([np.zeros((1, series.shape[1])), np.cumsum(np.abs(series) > 1, axis=0)])
    moving: NDArray[np.int64] = ((counts[piece:] - counts[:-piece]) >= 2).sum(1)
    return moving


def _runs(held: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _strongest(found: Sequence[tuple[int, int, int, float]]) -> list[tuple[int, int, int, float]]:
    """Of spans that lie over each other the longest, then the one that agrees most: a loop of two minutes agrees at four, too."""
    kept: list[tuple[int, int, int, float]] = []
    for one in sorted(found, key=lambda f: (-(f[1] - f[0]), -f[3])):
        if all(one[1] <= k[0] or one[0] >= k[1] for k in kept):
            kept.append(one)
    return sorted(kept)


def _told(one: tuple[int, int, int, float], rule: LoopRule) -> Found:
    begin, end, _, agreed = one
    limit = rule.loop_permille / 1000
    return Found(Code.LOOP, begin * STEP_MS, end * STEP_MS, round(agreed, 3), limit, strength(agreed, limit, 1.0), (begin + end) // 2 * STEP_MS)
