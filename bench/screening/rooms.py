"""Drawn class rooms: what a fixed camera sees of a room in which nobody is. One seed, one room."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]
WIDTH, HEIGHT = 640, 360


@dataclass(frozen=True, slots=True)
class Room:
    """`seats` are (x, y, scale) of the heads of those who sit; `door` and `board` are where walkers begin and end."""

    seed: int
    seats: tuple[tuple[float, float, float], ...]
    door: tuple[float, float]
    board: tuple[int, int, int, int]

    @property
    def picture(self) -> Luma:
        return _empty(self.seed)


@lru_cache(maxsize=64)
def room(seed: int) -> Room:
    rng = np.random.default_rng([11, seed])
    rows, columns = int(rng.integers(2, 5)), int(rng.integers(4, 8))
    left, right = rng.uniform(20, 90), rng.uniform(540, 620)
    top, bottom = rng.uniform(130, 165), rng.uniform(270, 310)
    seats = []
    for r in range(rows):
        depth = r / max(rows - 1, 1)
        squeeze = 0.55 + 0.45 * depth
        for c in range(columns):
            x = (left + right) / 2 + (c / (columns - 1) - 0.5) * (right - left) * squeeze
            seats.append((x + float(rng.normal(0, 4)), top + depth * (bottom - top) + float(rng.normal(0, 3)), 0.6 + 0.6 * depth))
    x = int(rng.integers(120, 330))
    board = (x, int(rng.integers(46, 62)), int(rng.integers(150, 240)), int(rng.integers(50, 66)))
    door = (float(rng.choice([12.0, 626.0])), float(rng.uniform(150, 190)))
    return Room(seed, tuple(seats), door, board)


@lru_cache(maxsize=64)
def _empty(seed: int) -> Luma:
    """Walls, floor, windows, posters, desks, board, and the dirt that gives everything texture."""
    rng = np.random.default_rng([12, seed])
    place = room(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    horizon = rng.uniform(115, 150)
    wall = rng.uniform(120, 190) + rng.uniform(-0.08, 0.08) * (x - 320) + rng.uniform(-0.15, 0.1) * y
    floor = rng.uniform(70, 130) + rng.uniform(-0.05, 0.05) * (x - 320) + rng.uniform(0, 0.15) * (y - horizon)
    base = np.where(y < horizon, wall, floor)
    for size, strength in ((40, 5), (12, 4), (4, 4)):
        coarse = rng.normal(0, strength, (HEIGHT // size + 2, WIDTH // size + 2)).astype(np.float32)
        base = base + cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture = base.clip(0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(2, 5))):  # windows
        wx, wy, ww, wh = int(rng.integers(0, 560)), int(rng.integers(40, 70)), int(rng.integers(40, 100)), int(rng.integers(40, 80))
        cv2.rectangle(picture, (wx, wy), (wx + ww, wy + wh), int(rng.integers(200, 245)), -1)
        cv2.rectangle(picture, (wx, wy), (wx + ww, wy + wh), int(rng.integers(30, 90)), 2)
        cv2.line(picture, (wx + ww // 2, wy), (wx + ww // 2, wy + wh), 60, 2)
    for _ in range(int(rng.integers(3, 8))):  # posters, cupboards
        px, py, pw, ph = int(rng.integers(0, 600)), int(rng.integers(45, 120)), int(rng.integers(16, 60)), int(rng.integers(16, 60))
        patch = rng.integers(20, 235, (max(ph // 8, 2), max(pw // 8, 2))).astype(np.uint8)
        target = picture[py : py + ph, px : px + pw]
        target[:] = cv2.resize(patch, (target.shape[1], target.shape[0]), interpolation=cv2.INTER_NEAREST)
    bx, by, bw, bh = place.board
    cv2.rectangle(picture, (bx, by), (bx + bw, by + bh), int(rng.choice([35, 225])), -1)
    cv2.rectangle(picture, (bx, by), (bx + bw, by + bh), 90, 3)
    for sx, sy, scale in place.seats:
        wide, deep = int(34 * scale), int(12 * scale)
        cv2.rectangle(picture, (int(sx) - wide, int(sy + 26 * scale)), (int(sx) + wide, int(sy + 26 * scale) + deep), int(rng.integers(40, 220)), -1)
    grain = rng.normal(0, 3, picture.shape)
    return (picture + grain).clip(0, 255).astype(np.uint8)
