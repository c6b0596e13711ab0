"""64 bits for the movement of half a minute, one every four seconds: which of a view's recordings are worth comparing in full. Pure.

Recordings of one view are many; laying each under each would take minutes. A signature is the sign of random sums of the movement in coarse
fields: alike movements differ in few bits. A window alone points anywhere; recordings to which several windows point along one distance in
time are compared in full (`recycled.py`), and only that comparison tells of anything.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.motion import STEP_MS, Residual

EVERY: Final = 2  # steps of two seconds from one signature to the next
PARTS: Final = 8  # pieces of four seconds in a signature
ROWS, COLUMNS = 4, 8  # coarse fields
BITS: Final = 64
SPAN: Final = EVERY * PARTS  # steps
ASK_EVERY: Final = 6  # of the asking recording one signature in so many is looked for: each 24 s
NEAR_BITS: Final = 14
DISTANCE_BIN: Final = 8  # signatures: half a minute, so that a changed speed stays in two neighbouring bins for a quarter of an hour
LEAST_VOTES: Final = 2
BLOCK: Final = 1 << 15  # signatures that are searched at once: they stay in the cache


@dataclass(frozen=True, slots=True)
class Pointed:
    """A recording to which `votes` windows point, with `weight` = bits by which they are nearer than they need be."""

    row: int
    mirrored: bool
    votes: int
    weight: int


def signatures(series: Residual) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """One for each four seconds (of the half minute that begins there), and whether enough moves in it to mean anything."""
    n = (len(series) - SPAN) // EVERY + 1
    if n <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, bool)
    coarse = _coarse(series)
    parts = coarse[: len(coarse) // EVERY * EVERY].reshape(-1, EVERY, ROWS * COLUMNS).mean(1)
    stacked = np.lib.stride_tricks.sliding_window_view(parts, PARTS, axis=0)[:n].reshape(n, -1)
    stacked = stacked - stacked.mean(1, keepdims=True)
    bits = stacked @ _directions() > 0
    moving = (np.abs(parts) > 0.5).astype(np.float32)
    busy = np.lib.stride_tricks.sliding_window_view(moving.sum(1), PARTS)[:n].sum(1) >= PARTS
    return np.packbits(bits, axis=1).view(np.uint64).ravel(), busy


def flipped(series: Residual) -> Residual:
    return series.reshape(-1, 7, 16)[:, :, ::-1].reshape(-1, 112)


def pointed_at(asking: Residual, stored: NDArray[np.uint64], begins: NDArray[np.int64], most: int) -> list[Pointed]:
    """`stored` are the signatures of many recordings behind each other; `begins` where each begins (rising, from 0). Best first."""
    found: list[Pointed] = []
    for mirrored in (False, True):
        mine, busy = signatures(flipped(asking) if mirrored else asking)
        votes: Mapping[tuple[int, int], dict[int, int]] = defaultdict(dict)
        chosen = [i for i in range(0, len(mine), ASK_EVERY) if busy[i]]
        for i, hits, near in _near(stored, [(i, mine[i]) for i in chosen]):
            rows = np.searchsorted(begins, hits, "right") - 1
            lags = hits - begins[rows] - i
            for row, lag, bits in zip(rows.tolist(), lags.tolist(), near.tolist(), strict=True):
                gain = NEAR_BITS + 1 - bits
                for place in {lag // DISTANCE_BIN, (lag + DISTANCE_BIN // 2) // DISTANCE_BIN + (1 << 20)}:
                    each = votes[row, place]
                    each[i] = max(each.get(i, 0), gain)
        best: dict[int, tuple[int, int]] = {}
        for (row, _), each in votes.items():
            if len(each) >= LEAST_VOTES:
                best[row] = max(best.get(row, (0, 0)), (len(each), sum(each.values())))
        found += [Pointed(row, mirrored, count, weight) for row, (count, weight) in best.items()]
    return sorted(found, key=lambda p: (-p.weight, p.row))[:most]


def _near(stored: NDArray[np.uint64], asked: Sequence[tuple[int, np.uint64]]) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.uint8]]]:
    """For each asked signature the places within `NEAR_BITS` and their bits, block by block: a block stays in the cache for all of them."""
    mixed, bits = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint8)
    for first in range(0, len(stored), BLOCK):
        block = stored[first : first + BLOCK]
        for i, signature in asked:
            np.bitwise_xor(block, signature, out=mixed[: len(block)])
            np.bitwise_count(mixed[: len(block)], out=bits[: len(block)])
            hits = np.flatnonzero(bits[: len(block)] <= NEAR_BITS)
            if len(hits):
                yield i, hits + first, bits[hits].copy()


def _coarse(series: Residual) -> NDArray[np.float32]:
    """(n, 32): 7 × 16 fields to 4 × 8, the odd row going to both of its neighbours' halves."""
    grid = series.reshape(-1, 7, 8, 2).mean(3)
    grid = np.repeat(grid, 4, axis=1).reshape(-1, ROWS, 7, COLUMNS).mean(2)
    fields: NDArray[np.float32] = grid.reshape(len(series), ROWS * COLUMNS)
    return fields


@cache
def _directions() -> NDArray[np.float32]:
    """The same on every machine and for ever: stored signatures depend on it."""
    return np.random.Generator(np.random.PCG64(20230505)).choice(np.array([-1, 1], np.float32), (ROWS * COLUMNS * PARTS, BITS))


def length_ms(count: int) -> int:
    """Media time that so many signatures cover."""
    return ((count - 1) * EVERY + SPAN) * STEP_MS if count else 0
