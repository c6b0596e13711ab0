"""Honest lessons as the search for footage used again sees them, without drawing whole pictures: a hundredth of the work, for thousands of hours.

Everything is laid on a picture of 160 × 90, a quarter of the drawn one each way, with the coverage of each small pixel; of it the 18 × 32 fields are
means. How near that comes to a real encoder and decoder is measured (`python -m bench.screening_alarms fields`), not assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.screening.lessons import RATE, Lesson, Walk, along, figure, sheet
from bench.screening.rooms import HEIGHT, WIDTH, Luma, Room
from supervision.screening.motion import GRID_COLUMNS, GRID_ROWS, MEDIAN_OF, SCALE, Motion

SHRINK: Final = 4
HIGH, WIDE = HEIGHT // SHRINK, WIDTH // SHRINK
MARGIN: Final = 36  # small pixels around the picture, so that nobody has to be cut at its edge
TURNS: Final = 4  # places of a figure within a drawn pixel
CHUNK: Final = 150  # looks at once: some ten megabytes
NOISE_GREY: Final = 0.35  # what sensor and encoder leave in a field, as measured; less noise makes lessons more alike
Small = NDArray[np.float32]  # (90, 160) or a patch of it
Again = tuple[float, float, float]  # the seconds before `first` are shown again and again until `last`: their number, first, last
View = tuple[float, float, float, float]  # a second camera: degrees, enlarged by, right and down in drawn pixels


@dataclass(frozen=True)
class Drilled(Lesson):
    """The same course of the day to the second, not to some seconds: each minute the same person walks the same way at the same speed."""

    @cached_property
    def walks(self) -> list[Walk]:
        rng = np.random.default_rng([33, self.seed])
        common = np.random.default_rng([34, self.habits or 0])
        made = []
        for _ in range(self.seconds // 60):
            begin, route = float(common.uniform(0, self.seconds)), self._route(common)
            speed, who = float(common.uniform(45, 90)), int(common.integers(1 << 30))
            made.append(Walk(begin + float(rng.normal(0, 2)), route, speed * float(rng.uniform(0.95, 1.05)), who))
        return made


class Sprite:
    """A figure at every place within the small pixels: what it covers and what light it has there, both means of 4 × 4 drawn pixels."""

    def __init__(self, body: Luma, mask: Luma) -> None:
        self._body, self._mask = body, mask
        self.high, self.wide = (-(-(side + 1 + SHRINK) // SHRINK) for side in body.shape)
        self._known: dict[tuple[int, int], tuple[Small, Small]] = {}

    def at(self, x: float, y: float) -> tuple[int, int, tuple[int, int]]:
        """Head at (x, y) of the drawn picture: column and row of the patch, and which one of them it is."""
        right = round((x - self._body.shape[1] / 2) * TURNS)
        down = round((y - self._body.shape[1] / 3) * TURNS)
        return right // (SHRINK * TURNS), down // (SHRINK * TURNS), (right % (SHRINK * TURNS), down % (SHRINK * TURNS))

    def patch(self, place: tuple[int, int]) -> tuple[Small, Small]:
        """(coverage, light times coverage)."""
        known = self._known.get(place)
        if known is None:
            shift = np.array([[1, 0, place[0] / TURNS], [0, 1, place[1] / TURNS]], np.float32)
            size = (self.wide * SHRINK, self.high * SHRINK)
            covered = (cv2.warpAffine(self._mask, shift, size) > 127).astype(np.float32)
            light = cv2.warpAffine(self._body, shift, size) * covered
            small = (self.wide, self.high)
            known = self._known[place] = (
                cv2.resize(covered, small, interpolation=cv2.INTER_AREA),
                cv2.resize(light, small, interpolation=cv2.INTER_AREA),
            )
        return known


@lru_cache(maxsize=512)
def _sprite(seed: tuple[int, ...], scale: float, standing: bool) -> Sprite:
    return Sprite(*figure(np.random.default_rng(list(seed)), scale, standing=standing))


def seen(
    lesson: Lesson, step_s: float, *, noise_seed: int, beside: View | None = None, begin_s: float = 0, speed: float = 1, loop: Again | None = None
) -> Motion:
    """One look in `step_s`, from `begin_s` of the lesson on; a copy of it plays `speed` times as quick, or shows a piece again."""
    since = np.arange(0, (lesson.seconds - begin_s) / speed, step_s)
    at = begin_s + speed * since
    if loop is not None:
        piece, first, last = loop
        at = np.where((at >= first) & (at < last), first - piece + (at - first) % piece, at)
    dice = np.random.default_rng([35, noise_seed])
    fields, middles = [], []
    every = max(len(at) // MEDIAN_OF, 1)
    for first, pictures in pieces(lesson, at, beside):
        fields.append(pictures.reshape(-1, GRID_ROWS, HIGH // GRID_ROWS, GRID_COLUMNS, WIDE // GRID_COLUMNS).mean((2, 4)))
        middles.append(pictures[-first % every :: every])
    room = np.median(np.concatenate(middles)[:MEDIAN_OF], axis=0).round().clip(0, 255).astype(np.uint8)
    means = np.concatenate(fields) + dice.normal(0, NOISE_GREY, (len(at), GRID_ROWS, GRID_COLUMNS))
    quantised = (np.round(means * SCALE) / SCALE).astype(np.float32)
    return Motion((since * 1000).round().astype(np.int64), quantised, np.kron(room, np.ones((2, 2), np.uint8)))


def pieces(lesson: Lesson, at: NDArray[np.float64], beside: View | None = None) -> Iterator[tuple[int, Small]]:
    """(number of the first look, (n, 90, 160)) piece by piece."""
    for first in range(0, len(at), CHUNK):
        here = at[first : first + CHUNK]
        pictures = _drawn(lesson, here)
        pictures *= _between_many(lesson.light, here)[:, None, None]
        np.minimum(pictures, 255, out=pictures)
        yield first, pictures if beside is None else _turned(pictures, beside)


def _drawn(lesson: Lesson, at: NDArray[np.float64]) -> Small:
    wide = np.zeros((len(at), HIGH + 2 * MARGIN, WIDE + 2 * MARGIN), np.float32)
    inner = wide[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    begins = np.array([begin for begin, _ in lesson.slides])
    for n, second in enumerate(at.tolist()):
        shown = np.flatnonzero(begins <= second)
        inner[n] = _background(lesson.room, lesson.slides[int(shown[-1])][1] if len(shown) else None)
    if lesson.people and lesson.teacher:
        teacher = _sprite((32, lesson.cast_seed, 7), round(1.15 * 12) / 12, True)
        _lay(wide, teacher, _between_many(lesson.teaching, at) + np.array([0, 10]))
    for seat in lesson.seated:
        x, y, scale = lesson.room.seats[seat]
        sway = _between_many(lesson.sway[seat], at)
        _lay(wide, _sprite((22, lesson.cast_seed, seat), scale, False), sway[:, :2] + np.array([x, y]), sway[:, 2])
    for begin, end, seat in lesson.hands:
        for n in np.flatnonzero((at >= begin) & (at < end)).tolist():
            _hand(wide[n], lesson.room.seats[seat], min(at[n] - begin, end - at[n], 1.0))
    for walk in lesson.walks:
        for n in np.flatnonzero((at >= walk.begin_s) & (at < walk.begin_s + 60)).tolist():
            where = along(walk, float(at[n]))
            if where is not None:
                step = round((0.5 + where[1] / 330) * 12)
                _put_one(wide[n], _sprite((32, walk.figure, 7), step / 12, True), *where)
    return np.ascontiguousarray(inner)


@lru_cache(maxsize=256)
def _background(place: Room, number: int | None) -> Small:
    """The room with a slide on its board."""
    image = place.picture.copy()
    if number is not None:
        bx, by, bw, bh = place.board
        image[by : by + bh, bx : bx + bw] = sheet(number, place)
    return _small(image)


def _small(image: Luma) -> Small:
    return np.asarray(cv2.resize(image.astype(np.float32), None, fx=1 / SHRINK, fy=1 / SHRINK, interpolation=cv2.INTER_AREA), np.float32)


def _lay(wide: Small, sprite: Sprite, places: NDArray[np.float64], lighter: NDArray[np.float32] | None = None) -> None:
    """One figure over all pictures at once. `places` (n, 2) of its head; `lighter` (n,) is added to its light."""
    spots = [sprite.at(x, y) for x, y in places.tolist()]
    covers, lights = (np.stack(patches) for patches in zip(*(sprite.patch(which) for _, _, which in spots), strict=True))
    if lighter is not None:
        lights = np.clip(lights + lighter[:, None, None] * covers, 0, 255 * covers)
    left = np.clip([column + MARGIN for column, _, _ in spots], 0, wide.shape[2] - sprite.wide)
    top = np.clip([row + MARGIN for _, row, _ in spots], 0, wide.shape[1] - sprite.high)
    corners = (np.arange(len(wide)) * wide.shape[1] + top) * wide.shape[2] + left
    inside = np.arange(sprite.high)[:, None] * wide.shape[2] + np.arange(sprite.wide)
    where = corners[:, None, None] + inside
    flat = wide.reshape(-1)
    flat[where] = flat[where] * (1 - covers) + lights


def _put_one(picture: Small, sprite: Sprite, x: float, y: float) -> None:
    column, row, which = sprite.at(x, y)
    covered, light = sprite.patch(which)
    area = picture[row + MARGIN : row + MARGIN + sprite.high, column + MARGIN : column + MARGIN + sprite.wide]
    if area.shape == covered.shape:
        area *= 1 - covered
        area += light


def _hand(picture: Small, seat: tuple[float, float, float], rise: float) -> None:
    x, y, scale = seat
    canvas = np.zeros((64, 32), np.uint8)
    left, top = (int(x) // SHRINK - 2) * SHRINK, (int(y) // SHRINK - 13) * SHRINK
    begin, end = (int(x + 14 * scale) - left, int(y) - top), (int(x + 16 * scale) - left, int(y - 34 * scale * rise) - top)
    cv2.line(canvas, begin, end, 1, max(int(6 * scale), 2))
    covered = _small(canvas)
    row, column = top // SHRINK + MARGIN, left // SHRINK + MARGIN
    area = picture[row : row + covered.shape[0], column : column + covered.shape[1]]
    area *= 1 - covered
    area += covered * 190


def _between_many(series: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    place = at * RATE
    low = np.minimum(place.astype(int), len(series) - 2)
    share = (place - low).astype(np.float32).reshape(-1, *[1] * (series.ndim - 1))
    return np.asarray(series[low] * (1 - share) + series[low + 1] * share, np.float32)


def _turned(pictures: Small, beside: View) -> Small:
    turned, larger, right, down = beside
    matrix = cv2.getRotationMatrix2D((WIDE / 2 - 0.5, HIGH / 2 - 0.5), turned, larger)
    matrix[:, 2] += (right / SHRINK, down / SHRINK)
    return np.stack([cv2.warpAffine(one, matrix, (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT) for one in pictures])
