"""Where key frames lie too far apart to stand for what is shown between them. Pure. R60, R72.

A recorder may write a key frame in minutes, and whoever wants nothing to be seen may write one in an hour: of such a stretch the pictures between
are decoded, at the distance of the steps. What would take more than a batch may is not decoded, and said to be unseen.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media.index import MarkIndex, SampleIndex
from storage.media.select import key_frame_bytes

SPARSE_MS: Final = 20_000
CLOSE_STEP_MS: Final = 2_000  # between pictures of such a stretch where every key frame is asked for
MOST_STRETCH_MS: Final = 900_000
MOST_STRETCH_BYTES: Final = 200_000_000
LONGEST_PICTURE_MS: Final = 1_000  # a hole in the times is nothing to look at
Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the key frame at `place` (in order of time) up to `until_ms`, the next one or the end. `cells`: a time in each step that shows something.

    `decodable`: short and small enough to be decoded in one batch.
    """

    place: int
    until_ms: int
    step_ms: int
    cells: tuple[int, ...]
    decodable: bool


def stretches(index: SampleIndex | MarkIndex, numbers: Longs, key_ms: Longs, step_ms: int, start_ms: int, end_ms: int) -> list[Stretch]:
    """Those that show something in [start_ms, end_ms), in order of time. `numbers`, `key_ms`: of every key frame; `step_ms` 0: every key frame."""
    if not len(key_ms):
        return []
    shown = np.sort(_shown_ms(index))
    # how long pictures are shown up to each of them: leaps of time apart
    lasting = np.concatenate([[0], np.cumsum(np.minimum(np.diff(shown), LONGEST_PICTURE_MS))])
    ends = np.append(key_ms[1:], max(int(shown[-1]) + 1, int(key_ms[-1]) + 1))
    firsts, stops = np.searchsorted(shown, key_ms), np.searchsorted(shown, ends)
    length = lasting[np.maximum(stops - 1, firsts)] - lasting[firsts]
    wanted = np.flatnonzero((length > max(SPARSE_MS, 2 * step_ms)) & (ends > start_ms) & (key_ms < end_ms))
    return [
        _stretch(index, numbers, n, shown[firsts[n] : stops[n]], int(ends[n]), int(length[n]), step_ms, (start_ms, end_ms)) for n in wanted.tolist()
    ]


def _stretch(
    index: SampleIndex | MarkIndex, numbers: Longs, place: int, shown: Longs, until_ms: int, length_ms: int, step_ms: int, span: tuple[int, int]
) -> Stretch:
    step_ms = step_ms or CLOSE_STEP_MS
    inside = shown[(shown >= span[0]) & (shown < span[1])]
    cells = inside[np.append(True, np.diff(inside // step_ms) != 0)] if len(inside) else inside
    small = _bytes(index, numbers, place) <= MOST_STRETCH_BYTES
    return Stretch(place, until_ms, step_ms, tuple(cells.tolist()), small and length_ms <= MOST_STRETCH_MS)


def _shown_ms(index: SampleIndex | MarkIndex) -> Longs:
    if isinstance(index, SampleIndex):
        return (index.video.shown - index.zero) * 1000 // index.video.timescale
    return index.shown_us // 1000


def _bytes(index: SampleIndex | MarkIndex, numbers: Longs, place: int) -> int:
    first = int(numbers[place])
    if isinstance(index, SampleIndex):
        stop = int(numbers[place + 1]) if place + 1 < len(numbers) else len(index.video)
        return int(index.video.sizes[first : max(stop, first + 1)].sum())
    begin = key_frame_bytes(index, first)[0]
    end = key_frame_bytes(index, int(numbers[place + 1]))[0] if place + 1 < len(numbers) else index.size_bytes
    return max(end - begin, 0)
