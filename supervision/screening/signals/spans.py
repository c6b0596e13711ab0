"""From a condition on single looks to spans of media time. Pure."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import runs

Bools = NDArray[np.bool_]


def lasting(held: Bools, media_ms: NDArray[np.int64], end_ms: int, least_ms: int, *, back: bool = False) -> Iterator[tuple[int, int, int, int]]:
    """(first, last + 1, from_ms, to_ms) of every run of looks that lasts at least `least_ms`.

    A run lasts until the next look that is not of it, at most until the recording ends. `back`: the condition is about the look and the one before,
    so the span begins at the one before.
    """
    for first, stop in runs(held.tolist()):
        from_ms = int(media_ms[max(first - 1, 0) if back else first])
        to_ms = int(media_ms[stop]) if stop < len(media_ms) and not back else end_ms if stop == len(media_ms) else int(media_ms[stop - 1])
        to_ms = min(max(to_ms, from_ms + 1), max(end_ms, from_ms + 1))
        if to_ms - from_ms >= least_ms:
            yield first, stop, from_ms, to_ms
