"""Drawn people: trainees seen from behind at their desks, and a teacher at the board. Nobody real, no faces to recognise.

A pose is a small picture with transparency, already in the colour planes that the encoder eats, so that a movement costs microseconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from api.demo.view import Box, Image

FINE = 3  # drawn this many times larger, then averaged down

SKIN = ((150, 182, 222), (132, 166, 208), (160, 190, 228))
HAIR = ((26, 24, 24), (34, 32, 36), (44, 48, 58), (40, 36, 34))
CLOTHES = (
    (150, 92, 52), (92, 60, 44), (70, 76, 160), (84, 128, 88), (176, 172, 168), (58, 56, 60),
    (120, 84, 118), (72, 120, 168), (190, 182, 150), (96, 100, 104), (60, 90, 140), (142, 150, 96),
)  # fmt: skip
Colour = tuple[int, int, int]


class Pose(IntEnum):
    """What a trainee does."""

    UPRIGHT = 0
    WRITING = 1
    LEFT = 2
    RIGHT = 3
    LEANING = 4
    HAND_UP = 5


class Stance(IntEnum):
    """What the teacher does."""

    FACING = 0
    POINTING = 1
    WRITING = 2
    WALKING = 3


HABIT = (
    Pose.UPRIGHT,
    Pose.WRITING,
    Pose.UPRIGHT,
    Pose.LEFT,
    Pose.WRITING,
    Pose.RIGHT,
    Pose.LEANING,
    Pose.WRITING,
    Pose.UPRIGHT,
    Pose.RIGHT,
    Pose.LEFT,
    Pose.HAND_UP,
)


@dataclass(frozen=True, slots=True)
class Sprite:
    """One pose: premultiplied Y, U, V (value x alpha, 0..65280) and what stays of the ground (0..256); `box` says where."""

    box: Box
    planes: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]
    rest: tuple[NDArray[np.uint16], NDArray[np.uint16]]  # full size for Y, half size for U and V

    def moved(self, dx_px: int) -> "Sprite":
        """The same, `dx_px` (even) to the right. Must stay inside the picture."""
        return Sprite(Box(self.box.left + dx_px, self.box.top, self.box.right + dx_px, self.box.bottom), self.planes, self.rest)


class _Figure:
    """A canvas in metres around a foot point; x to the right, y up."""

    def __init__(self, foot: tuple[float, float], px_per_m: float, reach_m: float, low_m: float, high_m: float) -> None:
        self.box = Box.around(foot[0] - reach_m * px_per_m, foot[1] - high_m * px_per_m, foot[0] + reach_m * px_per_m, foot[1] - low_m * px_per_m)
        self._origin = ((foot[0] - self.box.left) * FINE, (foot[1] - self.box.top) * FINE)
        self._scale = px_per_m * FINE
        shape = ((self.box.bottom - self.box.top) * FINE, (self.box.right - self.box.left) * FINE)
        self.paint: Image = np.zeros((*shape, 3), np.uint8)
        self.mask: Image = np.zeros(shape, np.uint8)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        return round(self._origin[0] + x * self._scale), round(self._origin[1] - y * self._scale)

    def _both(self, draw: Callable[[Image, Colour], object], colour: Colour) -> None:
        draw(self.paint, colour)
        draw(self.mask, (255, 255, 255))

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour, tilt_deg: float = 0.0) -> None:
        size = (max(1, round(wide / 2 * self._scale)), max(1, round(high / 2 * self._scale)))
        self._both(lambda image, ink: cv2.ellipse(image, self._at(x, y), size, tilt_deg, 0, 360, ink, -1), colour)

    def shape(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        outline = np.array([self._at(x, y) for x, y in points], np.int32)
        self._both(lambda image, ink: cv2.fillPoly(image, [outline], ink), colour)

    def limb(self, points: Sequence[tuple[float, float]], thick: float, colour: Colour) -> None:
        outline = np.array([self._at(x, y) for x, y in points], np.int32)
        self._both(lambda image, ink: cv2.polylines(image, [outline], False, ink, max(2, round(thick * self._scale))), colour)

    def sprite(self) -> Sprite:
        size = (self.paint.shape[1] // FINE, self.paint.shape[0] // FINE)
        light = np.linspace(1.06, 0.86, self.paint.shape[0], dtype=np.float32)[:, None, None]
        paint = np.clip(self.paint.astype(np.float32) * light, 0, 255)
        alpha = cv2.resize(self.mask, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        colour = cv2.resize(paint, size, interpolation=cv2.INTER_AREA) * (255 / np.maximum(alpha, 1))[..., None]
        yuv = cv2.cvtColor(np.clip(colour, 0, 255).astype(np.uint8), cv2.COLOR_BGR2YUV_I420)
        high, wide = size[1], size[0]
        quarter = high * wide // 4
        flat = yuv.reshape(-1)
        full = np.round(alpha * (256 / 255)).astype(np.uint16)
        half = cv2.resize(full.astype(np.float32), (wide // 2, high // 2), interpolation=cv2.INTER_AREA).round().astype(np.uint16)
        y = flat[: high * wide].reshape(high, wide)
        u = flat[high * wide : high * wide + quarter].reshape(high // 2, wide // 2)
        v = flat[high * wide + quarter :].reshape(high // 2, wide // 2)
        planes = (y * full, u * half, v * half)
        return Sprite(self.box, planes, (256 - full, 256 - half))


def lit(sprite: Sprite, level: float) -> Sprite:
    """The same pose under another light; 1.0 is as drawn. Keeps video range black (16) and grey (128) where they are."""
    alphas = (256 - sprite.rest[0], 256 - sprite.rest[1], 256 - sprite.rest[1])
    planes = [
        np.clip(plane * level + alpha * (ground * (1 - level)), 0, 65280).astype(np.uint16)
        for plane, alpha, ground in zip(sprite.planes, alphas, (16, 128, 128), strict=True)
    ]
    return Sprite(sprite.box, (planes[0], planes[1], planes[2]), sprite.rest)


def _shade(colour: Colour, factor: float) -> Colour:
    return (min(255, int(colour[0] * factor)), min(255, int(colour[1] * factor)), min(255, int(colour[2] * factor)))


def trainee(seed: int, foot: tuple[float, float], px_per_m: float) -> tuple[Sprite, ...]:
    """All poses of one seated person, from behind; `foot` is the floor under the seat, in pixels."""
    rng = np.random.default_rng(seed)
    skin, hair, cloth = SKIN[rng.integers(len(SKIN))], HAIR[rng.integers(len(HAIR))], CLOTHES[rng.integers(len(CLOTHES))]
    long_hair, build, tall = bool(rng.random() < 0.45), float(rng.uniform(0.92, 1.1)), float(rng.uniform(-0.04, 0.05))
    return tuple(_seated(pose, _Figure(foot, px_per_m, 0.42, 0.44, 1.72), skin, hair, cloth, long_hair, build, tall) for pose in Pose)


def _seated(pose: Pose, figure: _Figure, skin: Colour, hair: Colour, cloth: Colour, long_hair: bool, build: float, tall: float) -> Sprite:
    lean = 0.07 if pose is Pose.LEANING else 0.0
    drop = 0.09 if pose is Pose.WRITING else 0.03 if pose is Pose.LEANING else 0.0
    turn = {Pose.LEFT: -1.0, Pose.RIGHT: 1.0}.get(pose, 0.0)
    shoulder, wide = 1.06 + tall - drop * 0.5, 0.215 * build
    dark = _shade(cloth, 0.8)
    for side in (-1, 1):
        if pose is Pose.HAND_UP and side == 1:
            figure.limb(
                [(side * wide * 0.9, shoulder - 0.04), (side * (wide + 0.06), shoulder + 0.2), (side * (wide + 0.02), shoulder + 0.4)], 0.085, dark
            )
            figure.oval(side * (wide + 0.02), shoulder + 0.46, 0.085, 0.11, skin)
        else:
            out = 0.075 if pose is Pose.WRITING else 0.045
            figure.limb(
                [
                    (lean + side * wide * 0.92, shoulder - 0.05),
                    (lean * 0.6 + side * (wide + out), shoulder - 0.24),
                    (side * (wide + out - 0.06), shoulder - 0.3),
                ],
                0.095,
                dark,
            )
    figure.shape(
        [
            (lean - wide, shoulder - 0.04),
            (lean - wide * 0.55, shoulder + 0.035),
            (lean + wide * 0.55, shoulder + 0.035),
            (lean + wide, shoulder - 0.04),
            (wide * 0.86, 0.5),
            (-wide * 0.86, 0.5),
        ],
        cloth,
    )
    figure.shape([(lean - 0.012, shoulder), (lean + 0.012, shoulder), (0.008, 0.55), (-0.008, 0.55)], _shade(cloth, 0.9))
    head_x, head_y = lean * 1.35 + turn * 0.035, shoulder + 0.205 - drop
    figure.limb([(lean, shoulder - 0.01), (head_x, head_y - 0.06)], 0.1, _shade(skin, 0.86))
    figure.limb([(lean - 0.07, shoulder + 0.028), (lean + 0.07, shoulder + 0.028)], 0.035, _shade(cloth, 1.15))
    if long_hair:
        figure.oval(head_x - turn * 0.02, head_y - 0.1, 0.15, 0.3, _shade(hair, 1.25))
    for side in (-1, 1):
        figure.oval(head_x + side * 0.094, head_y - 0.02, 0.035, 0.06, skin)
    if turn:
        figure.oval(head_x + turn * 0.03, head_y - 0.02, 0.17, 0.21, skin)
    figure.oval(head_x - turn * 0.014, head_y + 0.012, 0.195, 0.245 if not turn else 0.23, hair)
    figure.oval(head_x - turn * 0.02 - 0.02, head_y + 0.06, 0.09, 0.07, _shade(hair, 1.5), -20)
    chair = (130, 102, 74)
    figure.shape([(-0.19, 0.84), (0.19, 0.84), (0.18, 0.54), (-0.18, 0.54)], chair)
    figure.shape([(-0.19, 0.84), (0.19, 0.84), (0.185, 0.81), (-0.185, 0.81)], _shade(chair, 1.2))
    return figure.sprite()


def teacher(seed: int, foot: tuple[float, float], px_per_m: float) -> tuple[Sprite, ...]:
    """All stances of one standing person; `foot` is where the shoes stand, in pixels."""
    rng = np.random.default_rng(seed)
    skin, hair, cloth = SKIN[rng.integers(len(SKIN))], HAIR[rng.integers(len(HAIR))], CLOTHES[rng.integers(len(CLOTHES))]
    return tuple(_standing(stance, _Figure(foot, px_per_m, 0.62, -0.04, 1.98), skin, hair, cloth) for stance in Stance)


def _standing(stance: Stance, figure: _Figure, skin: Colour, hair: Colour, cloth: Colour) -> Sprite:
    trousers, stride = (58, 54, 52), 0.12 if stance is Stance.WALKING else 0.04
    figure.oval(0, 0.0, 0.5, 0.07, (96, 100, 104))
    for side in (-1, 1):
        figure.limb([(side * 0.08, 0.88), (side * (0.08 + stride * 0.6), 0.46), (side * (0.07 + stride), 0.06)], 0.13, trousers)
        figure.oval(side * (0.07 + stride), 0.03, 0.16, 0.07, (30, 30, 32))
    away = stance is Stance.WRITING
    arms = {
        Stance.FACING: (((-0.2, 1.38), (-0.25, 1.1), (-0.1, 1.0)), ((0.2, 1.38), (0.26, 1.1), (0.12, 1.02))),
        Stance.POINTING: (((-0.2, 1.38), (-0.36, 1.46), (-0.54, 1.6)), ((0.2, 1.38), (0.25, 1.12), (0.23, 0.86))),
        Stance.WRITING: (((-0.2, 1.38), (-0.24, 1.1), (-0.22, 0.86)), ((0.19, 1.4), (0.3, 1.52), (0.24, 1.78))),
        Stance.WALKING: (((-0.2, 1.38), (-0.27, 1.12), (-0.2, 0.9)), ((0.2, 1.38), (0.25, 1.1), (0.3, 0.9))),
    }[stance]
    for arm in arms:
        figure.limb(arm, 0.1, _shade(cloth, 0.82))
        figure.oval(arm[-1][0], arm[-1][1], 0.085, 0.095, skin)
    figure.shape([(-0.22, 1.4), (-0.1, 1.48), (0.1, 1.48), (0.22, 1.4), (0.17, 0.84), (-0.17, 0.84)], cloth)
    if not away:
        figure.shape([(-0.05, 1.48), (0.05, 1.48), (0.0, 1.28)], (238, 240, 240))
    figure.limb([(0, 1.44), (0, 1.56)], 0.095, _shade(skin, 0.88))
    figure.oval(0, 1.65, 0.185, 0.24, hair if away else skin)
    if not away:
        figure.oval(0, 1.73, 0.195, 0.13, hair)
    return figure.sprite()
