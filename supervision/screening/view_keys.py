"""A key of 256 bits for what a fixed camera sees when nobody moves: recordings of one view come together, nothing is decided by it. Pure.

The key says which low frequencies of the empty room lie above their median: brightness and contrast do not change it, re-encoding hardly.
Lessons in one room have nearly the same key, so it tells nothing about copies; it only says between which recordings a copy is worth looking
for. Mirrored and cropped pictures have other keys: those are asked for with keys of their own.
"""

from collections.abc import Sequence
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import HEIGHT_PX
from supervision.screening.motion import CLOCK_ROWS, GRID_ROWS

KEY_BITS: Final = 256
CROPS: Final = (0.0, 0.025, 0.05, 0.075, 0.10)  # of the width and of the height, both sides together
Key = NDArray[np.uint64]  # (4,)


def view_key(room: NDArray[np.uint8], *, crop: float = 0.0, mirror: bool = False) -> Key:
    """`room` is (180, 320); the rows of the clock are left out."""
    high, wide = room.shape
    y, x = round(high * crop / 2), round(wide * crop / 2)
    picture: cv2.typing.MatLike = room[y : high - y, x : wide - x]
    if crop:
        picture = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_LINEAR)
    rows = CLOCK_ROWS * HEIGHT_PX // GRID_ROWS
    picture = picture[rows : high - rows]
    if mirror:
        picture = picture[:, ::-1]
    small = cv2.resize(np.ascontiguousarray(picture), (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    transform = _cosines()
    low = transform @ small @ transform.T
    bits = (low > np.median(low)).ravel()
    return np.packbits(bits).view(np.uint64)


def asked_keys(room: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(10, 4): as it is and mirrored, each with the crops that the stored picture would have if it had been cut from this one."""
    return np.stack([view_key(room, crop=crop, mirror=mirror) for mirror in (False, True) for crop in CROPS])


def stored_keys(room: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(5, 4): the keys under which a view is found when what is asked for was cut from it."""
    return np.stack([view_key(room, crop=crop) for crop in CROPS])


def distances(keys: NDArray[np.uint64], asked: Key) -> NDArray[np.uint16]:
    """Bits in which each of `keys` (n, 4) differs."""
    bits: NDArray[np.uint16] = np.bitwise_count(keys ^ asked).sum(axis=1, dtype=np.uint16)
    return bits


def nearest(keys: NDArray[np.uint64], asked: Sequence[Key] | NDArray[np.uint64], limit: int, most: int) -> list[tuple[int, int]]:
    """(row, bits) of the at most `most` keys within `limit` bits of any of `asked`, nearest first. Reads `keys` once per asked key, flat."""
    best: dict[int, int] = {}
    for first in range(0, len(keys), 1 << 15):  # a piece stays in the cache for all asked keys
        for key in asked:
            bits = distances(keys[first : first + (1 << 15)], key)
            for row in np.flatnonzero(bits <= limit):
                best[first + int(row)] = min(best.get(first + int(row), KEY_BITS), int(bits[row]))
    return sorted(best.items(), key=lambda item: (item[1], item[0]))[:most]


@cache
def _cosines() -> NDArray[np.float32]:
    """(16, 64): the 2nd to 17th rows of the cosine transform; the first is the mean brightness."""
    k, n = np.mgrid[1:17, 0:64].astype(np.float64)
    rows: NDArray[np.float32] = (np.sqrt(2 / 64) * np.cos(np.pi / 64 * (n + 0.5) * k)).astype(np.float32)
    return rows
