"""Coded pictures that are the same byte for byte in two recordings: a copy in another container, a piece cut out of one. F-05; R60. Pure.

Of every stretch of time the picture with the least hash is marked. Which that is depends on the pictures alone, so a piece that was cut out
has the marks of its inside, wherever it begins. Pictures that say "nothing changed" are alike everywhere and are left out.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from supervision.screening.looks import Packets

REACH_MS: Final = 20_000  # a mark is the least of this long before and after: between one and three a minute
LEAST_BYTES: Final = 200
LAG_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Mark:
    """`hash` signed, as the database keeps it."""

    hash: int
    shown_ms: int


def marks(packets: Packets) -> list[Mark]:
    """In order of time."""
    if not len(packets.hashes):
        return []
    large = packets.sizes >= LEAST_BYTES
    order = np.argsort(packets.shown_ms[large], kind="stable")
    shown, hashes = packets.shown_ms[large][order], packets.hashes[large][order]
    low = np.searchsorted(shown, shown - REACH_MS, "left")
    high = np.searchsorted(shown, shown + REACH_MS, "right")
    found = []
    at = 0
    while at < len(shown):
        least = low[at] + int(hashes[low[at] : high[at]].argmin())
        if least == at:
            found.append(Mark(int(hashes[at].astype(np.int64)), int(shown[at])))
            at = int(high[at])  # nothing within reach behind it is less
        else:
            at = max(least, at + 1)
    return found


def one_lag(pairs: Sequence[tuple[Mark, Mark]], least: int) -> tuple[int, list[tuple[Mark, Mark]]] | None:
    """(lag in ms, the pairs on it): source time minus copy time that at least `least` different pictures agree on."""
    bins: dict[int, list[tuple[Mark, Mark]]] = defaultdict(list)
    for copy, source in pairs:
        lag = source.shown_ms - copy.shown_ms
        for place in {lag // LAG_MS, (lag + LAG_MS // 2) // LAG_MS + (1 << 40)}:
            bins[place].append((copy, source))
    best = max(bins.values(), key=lambda b: len({c.hash for c, _ in b}), default=[])
    if len({copy.hash for copy, _ in best}) < least:
        return None
    lag = Counter(source.shown_ms - copy.shown_ms for copy, source in best).most_common(1)[0][0]
    return lag, sorted(best, key=lambda pair: pair[0].shown_ms)
