"""Drawn lessons: who sits, sways, walks and writes on the board. A picture of any instant, from the seed alone; no noise, no clock."""

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.screening.rooms import HEIGHT, WIDTH, Luma, Room

RATE = 4  # movements are drawn from series of this many values a second
Series = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Walk:
    begin_s: float
    path: tuple[tuple[float, float], ...]
    speed: float
    figure: int


@dataclass(frozen=True)
class Lesson:
    """`people` 0 is an empty room. `cast` says who sits there: two lessons of one class have the same cast and move differently.

    `habits` gives lessons of one room the same course of the day: at the same minutes (some seconds more or less) people rise,
    walk the same ways and the slides change. Honest, and the hardest thing to tell from a copy.
    """

    room: Room
    seed: int
    seconds: int = 600
    people: int = 12
    cast: int | None = None
    activity: float = 1.0
    habits: int | None = None
    teacher: bool = True
    memory: dict[str, Luma] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def seated(self) -> list[int]:
        order = np.random.default_rng([21, self.cast_seed, self.room.seed]).permutation(len(self.room.seats))
        return sorted(int(i) for i in order[: min(self.people, len(order))])

    @cached_property
    def cast_seed(self) -> int:
        return self.seed if self.cast is None else self.cast

    @cached_property
    def figures(self) -> dict[int, tuple[Luma, Luma]]:
        return {seat: figure(np.random.default_rng([22, self.cast_seed, seat]), self.room.seats[seat][2]) for seat in self.seated}

    @cached_property
    def sway(self) -> dict[int, Series]:
        """Per seat (n, 3): right, down in pixels, and how far the head is turned aside (a change of brightness)."""
        return {seat: self._sway(seat) for seat in self.seated}

    def _sway(self, seat: int) -> Series:
        rng = np.random.default_rng([23, self.seed, seat])
        n = self.seconds * RATE + 2
        scale = self.room.seats[seat][2] * self.activity
        eager = rng.uniform(0.3, 1.7)
        quick = _smooth(rng.normal(0, 1, (n, 3)), 3) * np.array([1.2, 0.9, 4]) * eager
        places, holds = [], []
        while sum(holds) < n:
            holds.append(max(int(rng.exponential(35) * RATE / max(eager, 0.3)), 6))
            places.append(rng.normal(0, 1, 3) * np.array([6, 4, 18]))
        posture = _smooth(np.repeat(places, holds, axis=0)[:n], 4, keep_variance=False)
        return ((quick + posture) * scale).astype(np.float32)

    @cached_property
    def hands(self) -> list[tuple[float, float, int]]:
        """A hand goes up: from, until, seat."""
        rng = np.random.default_rng([24, self.seed])
        count = int(rng.poisson(self.seconds / 40 * self.activity)) if self.seated else 0
        begins = rng.uniform(0, self.seconds, count)
        return [(float(b), float(b + rng.uniform(2, 9)), int(rng.choice(self.seated))) for b in begins]

    @cached_property
    def walks(self) -> list[Walk]:
        rng = np.random.default_rng([25, self.seed])
        if not self.people:
            return []
        begins = list(rng.uniform(0, self.seconds, int(rng.poisson(self.seconds / 120 * self.activity))))
        routes = [self._route(rng) for _ in begins]
        if self.habits is not None:
            common = np.random.default_rng([26, self.habits])
            for _ in range(int(self.seconds / 100)):
                begins.append(float(common.uniform(0, self.seconds)) + float(rng.normal(0, 4)))
                routes.append(self._route(common))
        return [Walk(float(b), route, float(rng.uniform(45, 90)), int(rng.integers(1 << 30))) for b, route in zip(begins, routes, strict=True)]

    def _route(self, rng: np.random.Generator) -> tuple[tuple[float, float], ...]:
        bx, by, bw, bh = self.room.board
        seat = self.room.seats[int(rng.integers(len(self.room.seats)))]
        places = [self.room.door, (bx + bw / 2, by + bh + 30.0), (seat[0], seat[1])]
        order = rng.permutation(3)
        return tuple(places[int(i)] for i in order[: int(rng.integers(2, 4))])

    @cached_property
    def teaching(self) -> Series:
        """(n, 2): where the teacher stands before the board."""
        rng = np.random.default_rng([27, self.seed])
        n = self.seconds * RATE + 2
        bx, by, bw, bh = self.room.board
        places, holds = [], []
        while sum(holds) < n:
            places.append((rng.uniform(bx - 40, bx + bw + 40), by + bh + rng.uniform(12, 30)))
            holds.append(max(int(rng.exponential(18) * RATE), 4))
        path = _smooth(np.repeat(places, holds, axis=0)[:n], 6, keep_variance=False)
        return (path + _smooth(rng.normal(0, 1, (n, 2)), 4) * np.array([3, 1])).astype(np.float32)

    @cached_property
    def slides(self) -> list[tuple[float, int]]:
        """When which slide is shown. With habits, the same deck at nearly the same minutes."""
        rng = np.random.default_rng([28, self.seed])
        deck = self.seed if self.habits is None else self.habits
        begins = np.sort(np.random.default_rng([29, deck]).uniform(0, self.seconds, max(self.seconds // 75, 1)))
        if not self.people:
            return []
        return [(float(b + rng.normal(0, 6)), deck * 1000 + i) for i, b in enumerate(begins)]

    @cached_property
    def light(self) -> Series:
        rng = np.random.default_rng([30, self.seed])
        n = self.seconds * RATE + 2
        return (1 + 0.02 * _smooth(rng.normal(0, 1, n), 60 * RATE) + 0.1 * float(rng.uniform(-1, 1))).astype(np.float32)

    def picture(self, at_s: float) -> Luma:
        """(360, 640). The room as light reaches the camera at this second of the lesson."""
        at = min(max(at_s, 0.0), self.seconds - 1e-3)
        image = self.room.picture.copy()
        self._slide(image, at)
        if self.people and self.teacher:
            x, y = _between(self.teaching, at)
            _put(image, *self._standing(-1, 1.15), x, y + 10)
        for seat in self.seated:
            x, y, _ = self.room.seats[seat]
            dx, dy, turned = _between(self.sway[seat], at)
            body, mask = self.figures[seat]
            _put(image, cv2.add(body, float(turned)), mask, x + dx, y + dy)
        for begin, end, seat in self.hands:
            if begin <= at < end:
                x, y, scale = self.room.seats[seat]
                rise = min(at - begin, end - at, 1.0)
                cv2.line(image, (int(x + 14 * scale), int(y)), (int(x + 16 * scale), int(y - 34 * scale * rise)), 190, max(int(6 * scale), 2))
        for walk in self.walks:
            where = along(walk, at)
            if where is not None:
                _put(image, *self._standing(walk.figure, 0.5 + where[1] / 330), *where)
        return cv2.convertScaleAbs(image, alpha=float(_between(self.light, at)))

    def _slide(self, image: Luma, at: float) -> None:
        shown = [number for begin, number in self.slides if begin <= at]
        if not shown:
            return
        bx, by, bw, bh = self.room.board
        key = f"slide{shown[-1]}"
        if key not in self.memory:
            self.memory[key] = sheet(shown[-1], self.room)
        image[by : by + bh, bx : bx + bw] = self.memory[key]

    def _standing(self, who: int, scale: float) -> tuple[Luma, Luma]:
        step = round(scale * 12)
        key = f"standing{who}/{step}"
        if key not in self.memory:
            rng = np.random.default_rng([32, self.cast_seed if who < 0 else who, 7])
            body, mask = figure(rng, step / 12, standing=True)
            self.memory[key], self.memory[key + "m"] = body, mask
        return self.memory[key], self.memory[key + "m"]


def sheet(number: int, place: Room) -> Luma:
    """A slide, as large as the board."""
    _, _, bw, bh = place.board
    rng = np.random.default_rng([31, number])
    shown = np.full((bh, bw), int(rng.integers(180, 250)), np.uint8)
    for line in range(6, bh - 6, 9):
        cv2.line(shown, (8, line), (int(rng.integers(30, bw - 6)), line), int(rng.integers(20, 120)), 3)
    return shown


def figure(rng: np.random.Generator, scale: float, *, standing: bool = False) -> tuple[Luma, Luma]:
    """A head over shoulders (or a whole body), with its mask. The head's centre is at a third of the width from the top."""
    wide, tall = int(44 * scale) + 4, int((110 if standing else 58) * scale) + 4
    body, mask = np.zeros((tall, wide), np.uint8), np.zeros((tall, wide), np.uint8)
    coat, skin, hair = int(rng.integers(20, 235)), int(rng.integers(110, 200)), int(rng.integers(15, 70))
    centre = (wide // 2, int(15 * scale) + 1)
    trunk = (wide // 2, int(46 * scale) if not standing else int(60 * scale))
    for target, tone in ((body, coat), (mask, 255)):
        cv2.ellipse(target, trunk, (int(20 * scale), int((26 if not standing else 46) * scale)), 0, 0, 360, tone, -1)
    for target, tone in ((body, hair), (mask, 255)):
        cv2.circle(target, centre, max(int(12 * scale), 2), tone, -1)
    cv2.ellipse(body, (centre[0], centre[1] + int(3 * scale)), (max(int(8 * scale), 1), max(int(9 * scale), 1)), 0, 0, 360, skin, -1)
    for _ in range(4):
        x, y = int(rng.integers(0, wide)), int(rng.integers(int(30 * scale), tall))
        cv2.circle(body, (x, y), max(int(5 * scale), 1), int(rng.integers(20, 235)), -1)
    return body, mask


def _put(image: Luma, body: Luma, mask: Luma, x: float, y: float) -> None:
    """Lay a figure over the picture, its head at (x, y), to a quarter of a pixel."""
    left, top = x - body.shape[1] / 2, y - body.shape[1] / 3
    whole_x, whole_y = int(np.floor(left)), int(np.floor(top))
    shift = np.array([[1, 0, left - whole_x], [0, 1, top - whole_y]], np.float32)
    size = (body.shape[1] + 1, body.shape[0] + 1)
    moved, covered = cv2.warpAffine(body, shift, size), cv2.warpAffine(mask, shift, size)
    x0, y0 = max(whole_x, 0), max(whole_y, 0)
    x1, y1 = min(whole_x + size[0], WIDTH), min(whole_y + size[1], HEIGHT)
    if x0 >= x1 or y0 >= y1:
        return
    area = np.s_[y0 - whole_y : y1 - whole_y, x0 - whole_x : x1 - whole_x]
    cv2.copyTo(moved[area], (covered[area] > 127).astype(np.uint8), image[y0:y1, x0:x1])


def along(walk: Walk, at: float) -> tuple[float, float] | None:
    """Where a walker is; None before and after."""
    gone = (at - walk.begin_s) * walk.speed
    if gone < 0:
        return None
    for (ax, ay), (bx, by) in zip(walk.path, walk.path[1:], strict=False):
        length = float(np.hypot(bx - ax, by - ay))
        if gone <= length:
            share = gone / max(length, 1e-6)
            return ax + (bx - ax) * share, ay + (by - ay) * share + 2 * np.sin(at * 9)
        gone -= length
    return None


def _between(series: Series, at: float) -> Series:
    place = at * RATE
    low = min(int(place), len(series) - 2)
    share = place - low
    return series[low] * (1 - share) + series[low + 1] * share  # type: ignore[no-any-return]


def _smooth(values: NDArray[np.float64], window: int, *, keep_variance: bool = True) -> NDArray[np.float64]:
    """Mean over `window` values each side, along the first axis."""
    flat = values.reshape(len(values), -1)
    padded = np.pad(flat, ((window, window), (0, 0)), mode="edge")
    sums = np.cumsum(np.vstack([np.zeros((1, flat.shape[1])), padded]), axis=0)
    mean = (sums[2 * window + 1 :] - sums[: -2 * window - 1]) / (2 * window + 1)
    if keep_variance:
        mean *= np.sqrt(2 * window + 1)
    return mean.reshape(values.shape)
