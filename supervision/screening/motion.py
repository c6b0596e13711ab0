"""How the picture of a fixed camera moves: what recycled footage and loops are recognised by. F-06, F-07, F-13; R60, R72. Pure.

Of each look the mean brightness of 18 × 32 fields is kept, and of the whole recording one median picture: the empty room. Two lessons in
one room share the room, so the room is taken away: what is left of a field is how far it differs from its own mean of the minute around it,
as a multiple of how far it usually does, with its sign. The rows in which recorders write the clock are not looked at.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import HEIGHT_PX, WIDTH_PX, Look

GRID_COLUMNS: Final = 32
GRID_ROWS: Final = 18
STEP_MS: Final = 2_000  # everything is compared on a grid of this step
CLOCK_ROWS: Final = 2  # of the 18, at the top and at the bottom
REST_MS: Final = 30_000  # a field's rest is its mean over this long before and after
LONGEST_BRIDGE_MS: Final = 15_000  # two looks further apart leave the time between them unknown
NOISE_LEVEL: Final = 0.4  # of 255, for a picture of usual contrast: sensor noise and codec move a field by this
USUAL_CONTRAST: Final = 40.0
LIMIT: Final = 4.0
DARKEST: Final = 8.0  # grey levels; what is darker than this says nothing about light
SPREAD_OF: Final = 600  # steps, evenly chosen, from which it is known how far a field usually strays
LEAST_MOVES: Final = 3  # steps in which a field is further from its rest than it usually is
MEDIAN_OF: Final = 61  # looks from which the empty room is made
SCALE: Final = 4  # a field is kept in quarters of a grey level

Fields = NDArray[np.float32]  # (n, 18, 32) mean brightness
Residual = NDArray[np.float32]  # (n, 7 * 16), each value in [-LIMIT, LIMIT], 0 where nothing is known


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """`times_ms` rise; `fields[i]` belongs to `times_ms[i]`; `room` is (180, 320)."""

    times_ms: NDArray[np.int64]
    fields: Fields
    room: NDArray[np.uint8]

    @property
    def duration_ms(self) -> int:
        return int(self.times_ms[-1]) + STEP_MS if len(self.times_ms) else 0


def fields_of(luma: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(18, 32) means of a look."""
    high, wide = HEIGHT_PX // GRID_ROWS, WIDTH_PX // GRID_COLUMNS
    means: NDArray[np.float32] = luma.reshape(GRID_ROWS, high, GRID_COLUMNS, wide).mean((1, 3), dtype=np.float32)
    return means


def room_of(lumas: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The median picture of evenly chosen looks: who moves is not in it."""
    chosen = lumas if len(lumas) <= MEDIAN_OF else [lumas[i * len(lumas) // MEDIAN_OF] for i in range(MEDIAN_OF)]
    middle: NDArray[np.uint8] = np.median(np.stack(chosen), axis=0).astype(np.uint8)
    return middle


def motion_of(looks: Iterable[Look]) -> Motion:
    """From looks in order of time. Keeps all pictures until the end: for whole recordings, collect fields and a sample instead."""
    times, fields, lumas = [], [], []
    for look in looks:
        times.append(look.media_ms)
        fields.append(fields_of(look.luma))
        lumas.append(look.luma)
    if not times:
        return Motion(np.zeros(0, np.int64), np.zeros((0, GRID_ROWS, GRID_COLUMNS), np.float32), np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8))
    return Motion(np.array(times, np.int64), np.stack(fields), room_of(lumas))


def mirrored(motion: Motion) -> Motion:
    return Motion(motion.times_ms, motion.fields[:, :, ::-1], np.ascontiguousarray(motion.room[:, ::-1]))


def registered(motion: Motion, onto: NDArray[np.uint8]) -> tuple[Motion, float]:
    """Bring a cropped, enlarged or slightly turned picture over the room it may show; with how well the rooms then agree (0 to 1).

    Where no transformation is found, or none is needed, the motion comes back as it was.
    """
    rows = slice(CLOCK_ROWS * HEIGHT_PX // GRID_ROWS, HEIGHT_PX - CLOCK_ROWS * HEIGHT_PX // GRID_ROWS)
    a, b = (_even(cv2.resize(np.ascontiguousarray(room[rows]), (160, 70), interpolation=cv2.INTER_AREA)) for room in (onto, motion.room))
    plain = float((a * b).mean())
    best, matrix = plain, None
    for start in (1.0, 0.94):  # the second reaches what a crop of a tenth has enlarged
        guess = np.array([[start, 0, 80 * (1 - start)], [0, start, 35 * (1 - start)]], np.float32)
        try:
            _, found = cv2.findTransformECC(a, b, guess, cv2.MOTION_AFFINE, (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4))
        except cv2.error:  # the iteration ran away: the rooms have nothing in common
            continue
        warped = cv2.warpAffine(b, found, (160, 70), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        inside = cv2.warpAffine(np.ones_like(b), found, (160, 70), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
        if inside.mean() < 0.7 or not 0.8 < abs(float(np.linalg.det(found[:, :2]))) < 1.25:
            continue
        agreed = float((_even(warped)[inside] * a[inside]).mean())
        if agreed > best + 0.02:
            best, matrix = agreed, found
    if matrix is None:
        return motion, plain
    # from the 160 × 70 picture below the clock rows to the 32 × 18 grid: 5 px a field across, 5 px a field down
    scale = np.array([[1 / 5, 0, -0.4], [0, 1 / 5, CLOCK_ROWS - 0.4], [0, 0, 1]])
    whole = scale @ np.vstack([matrix, [0, 0, 1]]) @ np.linalg.inv(scale)
    moved = np.stack(
        [
            cv2.warpAffine(one, whole[:2], (GRID_COLUMNS, GRID_ROWS), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
            for one in motion.fields
        ]
    )
    return Motion(motion.times_ms, moved, motion.room), best


def _even(picture: cv2.typing.MatLike) -> NDArray[np.float32]:
    values = picture.astype(np.float32)
    values = values - cv2.GaussianBlur(values, (0, 0), 12)
    spread = float(values.std())
    return values / spread if spread > 1e-3 else np.zeros_like(values)


def residual(motion: Motion, *, begin_ms: int = 0, slope: float = 1.0, steps: int | None = None) -> Residual:
    """Row k is the movement around media time `begin_ms + slope * k * STEP_MS`."""
    n = max(int(motion.duration_ms // STEP_MS), 0) if steps is None else steps
    inner = motion.fields[:, CLOCK_ROWS : GRID_ROWS - CLOCK_ROWS]
    count = len(motion.times_ms)
    if count < 3 or n == 0:
        return np.zeros((n, 112), np.float32)
    pooled = inner.reshape(count, 7, 2, 16, 2).mean((2, 4)).reshape(count, 112)
    at = begin_ms + slope * STEP_MS * np.arange(n)
    right = np.searchsorted(motion.times_ms, at).clip(1, count - 1)
    left = right - 1
    before, after = motion.times_ms[left].astype(np.float64), motion.times_ms[right].astype(np.float64)
    share = ((at - before) / np.maximum(after - before, 1)).clip(0, 1).astype(np.float32)[:, None]
    known = (after - before <= LONGEST_BRIDGE_MS) & (at >= before - STEP_MS) & (at <= after + STEP_MS)
    values = pooled[left] * (1 - share) + pooled[right] * share
    contrast = max(float(np.median(values.std(axis=1))), 1.0)
    # exposure: the share by which the field in the middle is lighter than it usually is, since light multiplies. Of the fields' own levels the one in
    # the middle changes when somebody walks past, and with it all of them would seem to move
    usual = values.mean(axis=0)
    values = values - usual
    values -= np.median(values / np.maximum(usual, DARKEST), axis=1, keepdims=True) * usual
    values -= _mean_around(values, known, REST_MS // STEP_MS)
    floor = NOISE_LEVEL * max(contrast / USUAL_CONTRAST, 0.25)
    moves = values[known]
    moves = moves[:: max(len(moves) // SPREAD_OF, 1)]
    if not len(moves):
        return np.zeros((n, 112), np.float32)
    spread = np.maximum(1.48 * np.median(np.abs(moves), axis=0), floor)
    alive = moves.std(axis=0) > floor
    return np.where(known[:, None] & alive[None], np.clip(values / spread, -LIMIT, LIMIT), 0).astype(np.float32)


def _mean_around(values: NDArray[np.float32], known: NDArray[np.bool_], reach: int) -> NDArray[np.float32]:
    weights = known.astype(np.float32)[:, None]
    sums = np.cumsum(np.vstack([np.zeros((1, values.shape[1]), np.float64), values * weights]), axis=0)
    counts = np.concatenate([[0.0], np.cumsum(weights[:, 0])])
    n = len(values)
    low, high = np.maximum(np.arange(n) - reach, 0), np.minimum(np.arange(n) + reach + 1, n)
    means: NDArray[np.float32] = ((sums[high] - sums[low]) / np.maximum(counts[high] - counts[low], 1)[:, None]).astype(np.float32)
    return means


def fields_agree(here: Residual, there: Residual, least: int) -> float:
    """How alike the field in the middle of all that move in both moves here and there, each by itself: -1 to 1; 0 with fewer than `least`.

    A class that rises, walks and is shown slides at the same minutes every day agrees in the few fields where that shows, and strongly; how each
    person sits is another matter on each day. A copy agrees all over the picture.
    """
    moving = ((np.abs(here) > 1).sum(0) >= LEAST_MOVES) & ((np.abs(there) > 1).sum(0) >= LEAST_MOVES)
    if moving.sum() < max(least, 1):
        return 0.0
    a, b = here[:, moving], there[:, moving]
    each = (a * b).sum(0) / np.sqrt((a**2).sum(0) * (b**2).sum(0) + 1e-6)
    return float(np.median(each))


def to_bytes(motion: Motion) -> bytes:
    """Compact: fields in quarter levels as differences from look to look, the room as it is."""
    quantised = np.round(motion.fields * SCALE).astype(np.int16)
    steps = np.diff(quantised, axis=0, prepend=np.zeros((1, GRID_ROWS, GRID_COLUMNS), np.int16))
    times = np.diff(motion.times_ms, prepend=0).astype(np.int32)
    return zlib.compress(len(times).to_bytes(4, "little") + times.tobytes() + steps.tobytes() + motion.room.tobytes(), 6)


def from_bytes(packed: bytes) -> Motion:
    body = zlib.decompress(packed)
    n = int.from_bytes(body[:4], "little")
    split = 4 + 4 * n
    steps = np.frombuffer(body, np.int16, n * GRID_ROWS * GRID_COLUMNS, split).reshape(n, GRID_ROWS, GRID_COLUMNS)
    room = np.frombuffer(body, np.uint8, HEIGHT_PX * WIDTH_PX, split + steps.nbytes).reshape(HEIGHT_PX, WIDTH_PX)
    times = np.cumsum(np.frombuffer(body, np.int32, n, 4).astype(np.int64))
    fields: Fields = np.cumsum(steps, axis=0, dtype=np.int16).astype(np.float32) / np.float32(SCALE)
    return Motion(times, fields, room)
