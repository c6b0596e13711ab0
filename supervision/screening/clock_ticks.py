"""What the clock in the picture said at some instants of a recording, against what the recording claims. Pure. R60, R72; F-11, F-19."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

HALF_SECOND = 0.5  # a clock without fractions is on the average half a second ahead of what it shows


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Instants at which the clock was read, in order: `ahead_s` is by how many seconds it is ahead of the claimed time at `media_ms`.

    `asked`: at how many instants it was looked for. What was not read for sure is not here.
    """

    asked: int
    media_ms: NDArray[np.int64]
    ahead_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.media_ms)

    def sure(self, tolerance_s: float) -> Self:
        """Without those that agree with neither neighbour: a digit read wrongly once is no leap of the clock."""
        near = np.abs(np.diff(self.ahead_s)) <= tolerance_s
        kept = np.zeros(len(self), bool)
        kept[1:] |= near
        kept[:-1] |= near
        return type(self)(self.asked, self.media_ms[kept], self.ahead_s[kept])

    def leaps(self, tolerance_s: float) -> list[tuple[int, int, float]]:
        """(media_ms before, media_ms after, seconds) of every leap of more than the tolerance between two neighbours, backwards negative."""
        steps = np.diff(self.ahead_s)
        return [(int(self.media_ms[n]), int(self.media_ms[n + 1]), float(steps[n])) for n in np.flatnonzero(np.abs(steps) > tolerance_s)]

    @classmethod
    def joined(cls, parts: Sequence["Ticks"]) -> Self:
        """One series in order of time; an instant that was looked at twice counts once."""
        media_ms = np.concatenate([part.media_ms for part in parts])
        ahead_s = np.concatenate([part.ahead_s for part in parts])
        times, first = np.unique(media_ms, return_index=True)
        return cls(sum(part.asked for part in parts), times, ahead_s[first])
