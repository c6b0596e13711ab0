"""From packets to the few figures that signals work with: a whole recording is a line of numbers. Pure. R60, R71, R72; F-03, F-08.

What `glances` are to pictures: the worker makes them of the packets, the kept recordings of the measurement hold them, and every signal reads
these and nothing else.
"""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from supervision.screening.looks import Packets, runs

MINUTE_MS: Final = 60_000
LEAST_HOLE_MS: Final = 1_000  # no figure asks for less
CELL_MS: Final = 2_000
LEAST_SHRUNKEN_MS: Final = 10_000
SHRUNKEN_PERMILLE: Final = 100  # of what a picture between two key frames usually takes; a still takes some ten
PERMILLE: Final = 1000
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PacketGlances:
    """`minutes`: how many pictures each whole minute shows. `holes`: from one picture to the next where that is a second away or more.

    `shrunken`: where the pictures between key frames hold next to nothing for ten seconds or more: a still has no noise to code, so a freeze that
    is too short for two looks shows there.
    """

    minutes: tuple[int, ...]
    holes: Spans
    shrunken: Spans

    @classmethod
    def of(cls, packets: Packets, duration_ms: int) -> Self:
        """Everything that is asked of the packets of one recording."""
        shown, whole = np.sort(packets.shown_ms), max(duration_ms // MINUTE_MS, 0)
        counts = np.bincount(np.clip(shown // MINUTE_MS, 0, whole), minlength=whole + 1)[:whole]
        far = np.flatnonzero(np.diff(shown) >= LEAST_HOLE_MS)
        holes = tuple((int(shown[n]), int(shown[n + 1])) for n in far.tolist())
        return cls(tuple(int(count) for count in counts), holes, _shrunken(packets))

    def plain(self) -> dict[str, Any]:  # Any: JSON
        return {"minutes": self.minutes, "holes": self.holes, "shrunken": self.shrunken}

    @classmethod
    def of_plain(cls, data: dict[str, Any]) -> Self:  # Any: JSON
        return cls(tuple(data["minutes"]), *(tuple((int(a), int(b)) for a, b in data[name]) for name in ("holes", "shrunken")))


def _shrunken(packets: Packets) -> Spans:
    between = ~packets.keys
    if not between.any():
        return ()
    cells, sizes = packets.shown_ms[between] // CELL_MS, packets.sizes[between]
    order = np.lexsort((sizes, cells))
    cells, sizes = cells[order], sizes[order]
    starts = np.flatnonzero(np.append(True, cells[1:] != cells[:-1]))
    middles = sizes[(starts + np.append(starts[1:], len(cells)) - 1) // 2]
    small = middles * PERMILLE < SHRUNKEN_PERMILLE * int(np.median(sizes))
    own = cells[starts]
    return tuple(
        (int(own[first]) * CELL_MS, (int(own[stop - 1]) + 1) * CELL_MS)
        for first, stop in runs(small.tolist())
        if (int(own[stop - 1]) + 1 - int(own[first])) * CELL_MS >= LEAST_SHRUNKEN_MS
    )
