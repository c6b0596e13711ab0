"""A key of 256 bits for what a fixed camera sees when nobody moves: recordings of one view come together, nothing is decided by it. Pure.

The key says which low frequencies of the empty room lie above their median: brightness and contrast do not change it, re-encoding hardly.
Lessons in one room have nearly the same key, so it tells nothing about copies; it only says between which recordings a copy is worth looking
for. Mirrored and cropped pictures have other keys: those are asked for with keys of their own.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import HEIGHT_PX
from supervision.screening.motion import CLOCK_ROWS, GRID_ROWS

KEY_BITS: Final = 256
CROPS: Final = (0.0, 0.025, 0.05, 0.075, 0.10)  # of the width and of the height, both sides together
PIECE: Final = 1 << 13  # keys that stay in the cache for all asked ones
TILE: Final = 1 << 10  # words of an asked key beside itself: a short row would be compared word by word
ONES: Final = np.uint32(0x01010101)
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
    """(row, bits) of the at most `most` keys (n, 4) within `limit` bits of any of `asked`, nearest first. Every key is compared with every asked one.

    Memory is read once for all of them. Neither parts that must be equal nor distances among the asked keys spare any comparison at a limit as wide
    as is asked for (docs/design/recycled.md), so each is made as cheap as it can be.
    """
    best: dict[int, int] = {}
    whole = len(keys) // PIECE * PIECE
    for first, held in _pieces(keys[:whole], asked, limit):
        _note(best, keys[first : first + PIECE][held], first + np.flatnonzero(held), asked, limit)
    _note(best, keys[whole:], whole + np.arange(len(keys) - whole), asked, limit)
    return sorted(best.items(), key=lambda item: (item[1], item[0]))[:most]


def _pieces(keys: NDArray[np.uint64], asked: Sequence[Key] | NDArray[np.uint64], limit: int) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """(first row, rows that may be near) of each piece in which there are any; none that is near is left out.

    A distance is four counts of at most 64: their sum comes out of one multiplication, modulo 256, which a distance below 256 is not changed by.
    """
    tiles = [np.tile(key, TILE // 4) for key in asked]
    differing, counts = np.empty((PIECE * 4 // TILE, TILE), np.uint64), np.empty((PIECE * 4 // TILE, TILE), np.uint8)
    four, sums, near = counts.reshape(-1).view(np.uint32), np.empty(PIECE, np.uint32), np.empty(PIECE, np.bool_)
    largest = np.uint32(min(max(limit, 0), KEY_BITS - 1) << 24 | 0xFFFFFF)  # the sum stands in the uppermost byte
    for first in range(0, len(keys), PIECE):
        piece, held = np.ascontiguousarray(keys[first : first + PIECE]).reshape(-1, TILE), None
        for tile in tiles:
            np.bitwise_xor(piece, tile, out=differing)
            np.bitwise_count(differing, out=counts)
            np.multiply(four, ONES, out=sums)
            np.less_equal(sums, largest, out=near)
            if near.any():
                held = near.copy() if held is None else held | near
        if held is not None:
            yield first, held


def _note(best: dict[int, int], keys: NDArray[np.uint64], rows: NDArray[np.int64], asked: Sequence[Key] | NDArray[np.uint64], limit: int) -> None:
    """The exact distances of these few."""
    for key in asked:
        for row, bits in zip(rows.tolist(), distances(keys, key).tolist(), strict=True):
            if bits <= limit:
                best[row] = min(best.get(row, KEY_BITS), bits)


@cache
def _cosines() -> NDArray[np.float32]:
    """(16, 64): the 2nd to 17th rows of the cosine transform; the first is the mean brightness."""
    k, n = np.mgrid[1:17, 0:64].astype(np.float64)
    rows: NDArray[np.float32] = (np.sqrt(2 / 64) * np.cos(np.pi / 64 * (n + 0.5) * k)).astype(np.float32)
    return rows
