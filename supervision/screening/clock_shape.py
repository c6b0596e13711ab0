"""How one camera writes its clock: where each digit stands, in which order, and what the ten digits look like. Learned without anybody's help. F-19.

In a stretch of one picture a second the seconds digit is the one place that repeats every ten seconds: it is found by that alone. The digit beside
it changes when the seconds wrap, so it says which of the ten pictures is the nought. With ten pictures known, every other digit of the line can be
read; the distance between hours, minutes and seconds, and the order of the date, are those under which all of them are digits. Nothing is learned
unless the line then reads as a clock that runs with the recording. Pure.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.media.strips import Band

METHOD: Final = 1  # rises when the same stretch would be learned otherwise
BANDS: Final[tuple[Band, Band]] = ((0, 150), (850, 1000))  # where recorders write: along the upper and the lower edge
DIGIT_PX: Final = 28  # digits are read at least this tall
MOST_SCALE: Final = 4
LEAST_DIGIT_PX, MOST_DIGIT_PX = 7, 90
LEAST_CHANGE: Final = 12.0  # grey levels between the digits
LEAST_EXPLAINED: Final = 0.6  # share of a pixel's changes that the seconds explain
LEAST_FIT: Final = 0.55  # of every cell of the line, on the average of some pictures
LEAST_AGREED: Final = 0.8  # of the pictures of the stretch read as one running clock
FITTED: Final = 10  # pictures on which the line is fitted
ORDERS: Final = ("ymd", "dmy", "mdy")
Luma = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says, local time; `score` in permille is how well its worst digit fits. `at` None: no digits of a date and a time."""

    at: datetime | None
    score: int


@dataclass(frozen=True, slots=True, eq=False)
class ClockShape:
    """`cells` are the left edges of year (4), month, day, hour, minute and second (2 each) in the enlarged line; `digits` is (10, height, width).

    `top_px` is the first row of the line in the picture of `width_px` × `height_px`, `rows` how many of them, `scale` how much they are enlarged.
    """

    width_px: int
    height_px: int
    top_px: int
    rows: int
    scale: int
    order: str
    cells: NDArray[np.int32]
    digits: Luma

    @property
    def band(self) -> Band:
        """The rows to ask for, in permille of the height."""
        first, last = self.top_px * 1000 // self.height_px, -(-(self.top_px + self.rows) * 1000 // self.height_px)
        return max(first - 2, 0), min(last + 2, 1000)

    @property
    def layout(self) -> str:
        """In words: `ymd hms` or `hms dmy` and the like."""
        return f"{self.order} hms" if self.cells[0] < self.cells[8] else f"hms {self.order}"

    def to_bytes(self) -> bytes:
        held = io.BytesIO()
        numbers = np.array([self.width_px, self.height_px, self.top_px, self.rows, self.scale, ORDERS.index(self.order)], np.int32)
        np.savez_compressed(held, numbers=numbers, cells=self.cells, digits=self.digits)
        return held.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            width, height, top, rows, scale, order = (int(n) for n in held["numbers"])
            return cls(width, height, top, rows, scale, ORDERS[order], held["cells"], held["digits"])

    def read(self, rows: Luma) -> Reading:
        """Read the line out of `rows` (self.rows, width)."""
        line = _enlarged(rows, self.scale)
        fits = np.array([_fits(line, int(left), self.digits) for left in self.cells])
        digits, score = fits.argmax(axis=1), int(max(float(fits.max(axis=1).min()), 0) * 1000)
        return Reading(_moment("".join(str(d) for d in digits)), score)

    def rows_in(self, strip: Luma, first_row: int) -> Luma:
        """The line's rows out of a strip whose first row is `first_row` of the picture."""
        return strip[self.top_px - first_row : self.top_px - first_row + self.rows]


def _moment(digits: str) -> datetime | None:
    """YYYYMMDDhhmmss as it stands; None when no calendar has it."""
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - what the wall shows, without a zone
    except ValueError:
        return None


def learn(media_ms: NDArray[np.int64], strip: Luma, first_row: int, size_px: tuple[int, int], claimed_on: date) -> ClockShape | None:
    """The clock of a band `strip` (pictures, rows, width), about one picture a second for more than a minute; None: no running clock is read there.

    `claimed_on` decides between day and month where a date can be read both ways, and nothing else.
    """
    for box, seconds in _changing(media_ms, strip):
        shape = _line(media_ms, strip, box, seconds, first_row, size_px, claimed_on)
        if shape is not None:
            return shape
    return None


Box = tuple[int, int, int, int]  # left, top, right, bottom; half-open


def _changing(media_ms: NDArray[np.int64], strip: Luma) -> Iterator[tuple[Box, NDArray[np.int64]]]:
    """Places that repeat every ten seconds and nothing else does, the best first: (box, seconds since an unknown multiple of ten)."""
    values = strip.reshape(len(strip), -1).astype(np.float32)
    mean = values.mean(axis=0)
    total = np.maximum(values.var(axis=0), 1e-3)
    best: tuple[float, Floats, NDArray[np.int64]] | None = None
    for part in (0.0, 0.25, 0.5, 0.75):
        seconds = np.floor(media_ms / 1000 + part).astype(np.int64)
        between = _between(values, mean, seconds % 10)
        explained = np.where(between > LEAST_CHANGE**2 / 4, between / total, 0)
        score = float((explained > LEAST_EXPLAINED).sum() + explained.sum() * 1e-3)
        if best is None or score > best[0]:
            best = score, explained.reshape(strip.shape[1:]), seconds
    if best is None:
        return
    _, explained, seconds = best
    held = (explained > LEAST_EXPLAINED).astype(np.uint8)
    joined = cv2.morphologyEx(held, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    for n in sorted(range(1, count), key=lambda n: -int(stats[n, cv2.CC_STAT_AREA]))[:4]:
        left, top, wide, high = (int(v) for v in stats[n, :4])
        if LEAST_DIGIT_PX <= high <= MOST_DIGIT_PX and 0.3 * high <= wide <= 1.2 * high:
            yield (left, top, left + wide, top + high), seconds


def _between(values: Floats, mean: Floats, classes: NDArray[np.int64]) -> Floats:
    """Of each pixel: the variance of its class means."""
    found = np.zeros(values.shape[1], np.float32)
    for one in np.unique(classes):
        rows = values[classes == one]
        found += len(rows) * (rows.mean(axis=0) - mean) ** 2
    return np.asarray(found / len(values), np.float32)


def _line(
    media_ms: NDArray[np.int64], strip: Luma, box: Box, seconds: NDArray[np.int64], first_row: int, size_px: tuple[int, int], claimed_on: date
) -> ClockShape | None:
    left, top, right, bottom = box
    wrap = _wrap(strip, box, seconds)
    if wrap is None:
        return None
    shown = (seconds + wrap) % 10
    if len(np.unique(shown)) < len("0123456789"):
        return None
    scale = max(1, min(MOST_SCALE, -(-DIGIT_PX // (bottom - top))))
    above, below = max(top - 2, 0), min(bottom + 2, strip.shape[1])
    lines = np.stack([_enlarged(one[above:below], scale) for one in strip])
    a, b = max(left - 1, 0) * scale, min(right + 1, strip.shape[2]) * scale
    c, d = max(top - 1 - above, 0) * scale, min(bottom + 1 - above, below - above) * scale
    digits = np.stack([lines[shown == n, c:d, a:b].mean(axis=0) for n in range(10)]).round().astype(np.uint8)
    chosen = np.linspace(0, len(lines) - 1, min(FITTED, len(lines))).astype(int)
    fit = np.mean([_profile(lines[n], digits) for n in chosen], axis=0)
    time_cells = _time_cells(fit, a, (right - left) * scale)
    if time_cells is None:
        return None
    pitch = time_cells[-1] - time_cells[-2]
    for cells, order in _date_cells(fit, time_cells, pitch):
        for named in ("ymd",) if order == "ymd" else ("dmy", "mdy"):
            year, month, day = (cells[4:8], cells[2:4], cells[:2]) if named == "dmy" else (cells[4:8], cells[:2], cells[2:4])
            ordered = [*cells] if named == "ymd" else [*year, *month, *day]
            shape = ClockShape(
                size_px[0], size_px[1], first_row + above, below - above, scale, named, np.array([*ordered, *time_cells], np.int32), digits
            )  # fmt: skip
            if _runs(shape, media_ms, strip[:, above:below], claimed_on, swap=named != "ymd"):
                return shape
    return None


def _wrap(strip: Luma, box: Box, seconds: NDArray[np.int64]) -> int | None:
    """How many seconds to add so that the digit beside the box changes exactly when the seconds become 0."""
    left, top, right, bottom = box
    wide = right - left
    beside = strip[:, top:bottom, max(left - round(2.2 * wide), 0) : max(left - wide // 5, 1)]
    values = beside.reshape(len(strip), -1).astype(np.float32)
    mean, total = values.mean(axis=0), np.maximum(values.var(axis=0), 1e-3)
    busy = total > LEAST_CHANGE**2 / 4
    if not busy.any():
        return None
    explained = [float((_between(values, mean, (seconds + n) // 10)[busy] / total[busy]).mean()) for n in range(10)]
    best = int(np.argmax(explained))
    return best if explained[best] > LEAST_EXPLAINED else None


def _enlarged(rows: Luma, scale: int) -> Luma:
    if scale == 1:
        return rows
    return np.asarray(cv2.resize(rows, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def _profile(line: Luma, digits: Luma) -> Floats:
    """How well the best digit fits with its left edge at each column."""
    found = np.stack([cv2.matchTemplate(line, one, cv2.TM_CCOEFF_NORMED).max(axis=0) for one in digits])
    return np.asarray(np.nan_to_num(found.max(axis=0), nan=0.0, posinf=0.0, neginf=0.0), np.float32)


def _fits(line: Luma, left: int, digits: Luma) -> Floats:
    """How well each of the ten fits at a cell, a pixel more or less in each direction."""
    part = line[:, max(left - 1, 0) : left + digits.shape[2] + 1]
    if part.shape[1] < digits.shape[2]:
        return np.full(10, -1, np.float32)
    found = np.array([cv2.matchTemplate(part, one, cv2.TM_CCOEFF_NORMED).max() for one in digits], np.float32)
    return np.where(np.isfinite(found), found, -1).astype(np.float32)


def _near(fit: Floats) -> list[float]:
    """The fit at each column, a pixel more or less; a list, because it is asked for many thousand times."""
    wide = np.pad(fit, 1, constant_values=-1)
    near: list[float] = np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:]).tolist()
    return near


def _settled(fit: Floats, column: int) -> int:
    """The column of the best fit within a pixel."""
    low = max(column - 1, 0)
    return low + int(np.argmax(fit[low : column + 2]))


def _time_cells(fit: Floats, units: int, wide: int) -> list[int] | None:
    """Left edges of hh mm ss, from the seconds' units: one distance between digits of a pair, one between pairs."""
    best: tuple[float, list[int]] | None = None
    near = _near(fit)
    for pitch in range(round(wide * 0.8), round(wide * 1.9) + 1):
        if units < pitch or near[units - pitch] < LEAST_FIT:
            continue
        for pair in range(round(pitch * 2.15), round(pitch * 3.6) + 1):
            cells = [units - pitch * (1 - unit) - pair * place for place in (2, 1, 0) for unit in (0, 1)]
            if cells[0] < 0:
                break
            fits = [near[cell] for cell in cells]
            if min(fits) >= LEAST_FIT and (best is None or sum(fits) > best[0]):
                best = sum(fits), cells
    return [_settled(fit, cell) for cell in best[1]] if best else None


def _date_cells(fit: Floats, time_cells: list[int], pitch: int) -> list[tuple[list[int], str]]:
    """Left edges of the eight digits of a date beside the time, the best places first, with what comes first in it."""
    found: list[tuple[float, list[int], str]] = []
    near = _near(fit)
    for order, groups in (("ymd", (4, 2, 2)), ("dmy", (2, 2, 4))):
        for between in range(round(pitch * 0.15), round(pitch * 2.6) + 1):
            offsets, at = [], 0
            for group in groups:
                offsets += [at + pitch * n for n in range(group)]
                at += pitch * group + between
            length = at - between
            for gap in range(round(pitch * 0.2), round(pitch * 9)):
                for start in (time_cells[0] - gap - length, time_cells[-1] + pitch + gap):
                    cells = [start + offset for offset in offsets]
                    if cells[0] < 0 or cells[-1] >= len(near) or near[cells[0]] < LEAST_FIT:
                        continue
                    fits = [near[cell] for cell in cells]
                    if min(fits) >= LEAST_FIT:
                        found.append((sum(fits), cells, order))
    found.sort(key=lambda one: -one[0])
    return [([_settled(fit, cell) for cell in cells], order) for _, cells, order in found[:12]]


def _runs(shape: ClockShape, media_ms: NDArray[np.int64], rows: Luma, claimed_on: date, *, swap: bool) -> bool:
    """Whether the line reads as one clock that runs with the recording; of two orders of day and month, whether this one is nearer to the claim."""
    offsets, first = [], None
    for at, one in zip(media_ms.tolist(), rows, strict=True):
        read = shape.read(one)
        if read.at is not None:
            offsets.append((read.at - datetime(2000, 1, 1)).total_seconds() - at / 1000)  # noqa: DTZ001 - both without a zone
            first = first or read.at.date()
    if not offsets or first is None or first.year < 2000:
        return False
    usual = float(np.median(offsets))
    if sum(abs(one - usual) <= 1.5 for one in offsets) < LEAST_AGREED * len(media_ms):
        return False
    if not swap or first.month > 12 or first.day > 12:
        return True
    other = date(first.year, first.day, first.month)
    return abs(first - claimed_on) <= abs(other - claimed_on)
