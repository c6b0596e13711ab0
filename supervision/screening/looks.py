"""What the signals see and what they answer: looks in, founds out. Nothing here knows a file, a table or a threshold. R60, R72.

A look is one decoded picture, small and grey. A glance (`glances.py`) is what is kept of it: a few figures, so that a whole day of looks fits in
memory and a pass can stop and go on where it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media.packets import PacketFacts as Packets  # bytes, time shown, key frame, hash of every video packet

__all__ = ["Code", "Found", "Look", "Luma", "Packets", "runs", "strength"]

WIDTH_PX: Final = 320
HEIGHT_PX: Final = 180

Luma = NDArray[np.uint8]  # (HEIGHT_PX, WIDTH_PX), 0 black … 255 white


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture of a recording at `media_ms` (position in the file), scaled to 320 × 180 whatever its shape was."""

    media_ms: int
    luma: Luma


class Code(StrEnum):
    """What can be found. The first group are technical defects: their own institution sees them at once and can mend them today."""

    BLACK = "black"
    COVERED = "covered"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"
    VIEW_MOVED = "view-moved"
    TURNED_SINCE = "turned-since"
    TIME_JUMP = "time-jump"
    LOW_RESOLUTION = "low-resolution"
    LOW_FRAME_RATE = "low-frame-rate"
    SILENT = "silent"
    UNDECODABLE = "undecodable"
    CLOCK_OTHER_TIME = "clock-other-time"
    # leads of suspicion: the bureau's alone
    OTHER_VIEW = "other-view"
    UNUSUAL_VIEW = "unusual-view"
    NO_MOVEMENT = "no-movement"
    CLOCK_JUMP = "clock-jump"
    LOOP = "loop"
    RECYCLED = "recycled"
    SPLICED = "spliced"
    FEW_PEOPLE = "few-people"
    OVER_CAPACITY = "over-capacity"


TECHNICAL: Final[frozenset[Code]] = frozenset(
    {
        Code.BLACK,
        Code.COVERED,
        Code.DEFOCUSED,
        Code.FROZEN,
        Code.VIEW_MOVED,
        Code.TURNED_SINCE,
        Code.TIME_JUMP,
        Code.LOW_RESOLUTION,
        Code.LOW_FRAME_RATE,
        Code.SILENT,
        Code.UNDECODABLE,
        Code.CLOCK_OTHER_TIME,
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A lead: `[from_ms, to_ms)` of media time, the figure that was measured and the threshold it crossed. Never a verdict.

    `strength` in permille says how far beyond the threshold the figure lies; it orders lists, it is no probability. `still_ms` is where a
    picture shows it best. `shown_before_ms`: what is shown from `from_ms` on was shown there before (a loop).
    """

    code: Code
    from_ms: int
    to_ms: int
    figure: float
    threshold: float
    strength: int
    still_ms: int
    shown_before_ms: int | None = None


def strength(figure: float, threshold: float, worst: float) -> int:
    """Permille of the way from the threshold to the worst value that can be: 1 just beyond, 1000 at the worst or past it."""
    if threshold == worst:
        return 1000
    return int(min(max((figure - threshold) / (worst - threshold), 0.0), 1.0) * 999) + 1


def runs(held: Sequence[bool]) -> list[tuple[int, int]]:
    """Half-open index ranges of neighbouring True values."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for n, here in enumerate([*held, False]):
        if here and start is None:
            start = n
        elif not here and start is not None:
            found.append((start, n))
            start = None
    return found
