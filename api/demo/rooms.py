"""Draw an invented classroom without its people: walls, board, windows with the light of the hour, desks in perspective, a clock."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from api.demo.view import HEIGHT_PX, WIDTH_PX, Image, Point, View

HALF_WIDTH_M = 4.1
LENGTH_M = 10.4
CEILING_M = 3.3
SEATS_ACROSS = (-2.95, -2.2, -0.38, 0.38, 2.2, 2.95)
ROWS_M = (2.9, 4.15, 5.4, 6.65, 7.9)  # where the desks of each row stand, rear row first
DESK_M = 0.74
SHIFT = 4  # sub-pixel bits of cv2's drawing calls

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RoomLook:
    """What tells one room from another on tape."""

    style: Literal["desks", "computers", "workshop"]
    board: Literal["green", "white"]
    camera: Literal["left", "right"]
    windows: Literal["left", "right"]
    wall: tuple[int, int, int]  # BGR
    floor: tuple[int, int, int]
    seed: int

    @property
    def view(self) -> View:
        side = -1.0 if self.camera == "left" else 1.0
        return View((side * 3.3, 2.95, 0.1), (-side * 0.35, 0.75, 6.6), 790.0)


@dataclass(frozen=True, slots=True)
class Light:
    """`level` 1.0 is a lit room at noon; `sky` is what the windows show, BGR."""

    level: float
    sky: Colour
    daylight: float


def light_at(hour: float, lamps_on: bool) -> Light:
    """Light of an hour of the day, 0..24."""
    daylight = float(np.clip(1.25 - ((hour - 12.6) / 5.6) ** 2, 0.0, 1.0))
    low_sun = float(np.clip(1 - abs(hour - 7.4) / 1.6, 0, 1) + np.clip(1 - abs(hour - 17.6) / 1.6, 0, 1)) * min(1.0, daylight * 3)
    day, night, warm = np.array((250.0, 232.0, 205.0)), np.array((58.0, 40.0, 30.0)), np.array((165.0, 200.0, 250.0))
    sky = (night + (day - night) * daylight) * (1 - low_sun * 0.6) + warm * low_sun * 0.6
    level = (0.76 if lamps_on else 0.1) + 0.26 * daylight
    return Light(level, (float(sky[0]), float(sky[1]), float(sky[2])), daylight)


class _Brush:
    """Fills projected shapes into one picture."""

    def __init__(self, image: Image, view: View) -> None:
        self.image = image
        self.view = view

    def fill(self, corners: list[Point], colour: Colour) -> None:
        outline = self.view.polygon(corners)
        if len(outline):
            points = np.clip(np.round(outline * (1 << SHIFT)), -(1 << 24), 1 << 24).astype(np.int32)
            cv2.fillPoly(self.image, [points], colour, cv2.LINE_AA, SHIFT)

    def block(self, low: Point, high: Point, colour: Colour) -> None:
        """A box: the faces that a camera above and behind it can see."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        eye_left = self.view.point((0.0, 1.0, LENGTH_M))[0] > WIDTH_PX / 2
        side = x0 if eye_left == (x0 > 0) or x0 > 0 else x1
        self.fill([(side, y0, z0), (side, y1, z0), (side, y1, z1), (side, y0, z1)], _dim(colour, 0.72))
        self.fill([(x0, y0, z0), (x1, y0, z0), (x1, y1, z0), (x0, y1, z0)], _dim(colour, 0.84))
        self.fill([(x0, y1, z0), (x1, y1, z0), (x1, y1, z1), (x0, y1, z1)], colour)

    def paste(self, texture: Image, corners: list[Point]) -> None:
        """A flat picture (the board) hung on a wall; corners clockwise from its top left."""
        high, wide = texture.shape[:2]
        target = self.view.polygon(corners).astype(np.float32)
        warp = cv2.getPerspectiveTransform(np.array([(0, 0), (wide, 0), (wide, high), (0, high)], np.float32), target)
        hung = cv2.warpPerspective(texture, warp, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
        cv2.fillConvexPoly(mask, target.astype(np.int32), 255)
        cv2.copyTo(hung, mask, self.image)


def _dim(colour: Colour, factor: float) -> Colour:
    return (colour[0] * factor, colour[1] * factor, colour[2] * factor)


def _glyph(image: Image, rng: np.random.Generator, left: int, top: int, size: int, ink: Colour) -> None:
    """Strokes in a square: from the back of a room, writing on a board looks like this in any script."""
    for _ in range(int(rng.integers(4, 8))):
        kind = rng.random()
        a, b, c = (int(v) for v in rng.integers(2, size - 2, 3))
        ends = ((a, b), (size - a, b)) if kind < 0.5 else ((a, min(b, c)), (a, max(b, c))) if kind < 0.8 else ((a, b), (b, c))
        (x0, y0), (x1, y1) = ends
        cv2.line(image, (left + x0, top + y0), (left + x1, top + y1), ink, 2, cv2.LINE_AA)


def board_texture(look: RoomLook, lesson_seed: int, minute: int) -> Image:
    """The board of a lesson, fuller as the hour goes on."""
    rng = np.random.default_rng([look.seed, lesson_seed])
    ground, ink = ((70, 84, 48), (225, 232, 228)) if look.board == "green" else ((238, 240, 240), (120, 62, 30))
    image: Image = np.full((360, 1100, 3), ground, np.uint8)
    rows = 2 + minute // 20 % 4
    for at in range(9):
        _glyph(image, rng, 60 + at * 46, 22, 42, ink)
    for row in range(rows):
        for at in range(int(rng.integers(7, 15))):
            _glyph(image, rng, 60 + at * 36, 96 + row * 52, 30, ink)
    accent = (96, 200, 240) if look.board == "green" else (50, 50, 200)
    heights = rng.integers(30, 170, 6)
    cv2.line(image, (700, 300), (1040, 300), ink, 3, cv2.LINE_AA)
    cv2.line(image, (700, 300), (700, 80), ink, 3, cv2.LINE_AA)
    for at, height in enumerate(heights[: 2 + rows]):
        cv2.rectangle(image, (724 + at * 52, 300 - int(height)), (756 + at * 52, 298), accent, 3, cv2.LINE_AA)
    cv2.rectangle(image, (0, 0), (1099, 359), (96, 128, 150) if look.board == "green" else (170, 170, 172), 16)
    return image


def _walls(brush: _Brush, look: RoomLook) -> None:
    w, h, d = HALF_WIDTH_M, CEILING_M, LENGTH_M
    brush.fill([(-w, 0, 0), (w, 0, 0), (w, 0, d), (-w, 0, d)], look.floor)
    for line in range(1, 14):
        z = line * 0.8
        brush.fill([(-w, 0.001, z), (w, 0.001, z), (w, 0.001, z + 0.025), (-w, 0.001, z + 0.025)], _dim(look.floor, 0.9))
    for line in range(-5, 6):
        x = line * 0.8
        brush.fill([(x, 0.001, 0), (x + 0.025, 0.001, 0), (x + 0.025, 0.001, d), (x, 0.001, d)], _dim(look.floor, 0.92))
    brush.fill([(-w, h, 0), (w, h, 0), (w, h, d), (-w, h, d)], (232, 234, 235))
    for side, shade in ((-w, 0.9), (w, 0.86)):
        brush.fill([(side, 0, 0), (side, h, 0), (side, h, d), (side, 0, d)], _dim(look.wall, shade))
        brush.fill([(side, 0, 0), (side, 1.0, 0), (side, 1.0, d), (side, 0, d)], _dim(look.wall, shade * 0.86))
    brush.fill([(-w, 0, d), (w, 0, d), (w, h, d), (-w, h, d)], look.wall)
    brush.fill([(-w, 0, d), (w, 0, d), (w, 0.12, d), (-w, 0.12, d)], _dim(look.wall, 0.55))


def _windows(brush: _Brush, look: RoomLook, light: Light) -> None:
    side = -HALF_WIDTH_M if look.windows == "left" else HALF_WIDTH_M
    inward = 0.02 if side < 0 else -0.02
    for start in (1.6, 4.4, 7.2):
        end, low, high = start + 1.9, 1.05, 2.75
        frame = (228, 232, 234)
        brush.fill(
            [
                (side + inward, low - 0.08, start - 0.08),
                (side + inward, high + 0.08, start - 0.08),
                (side + inward, high + 0.08, end + 0.08),
                (side + inward, low - 0.08, end + 0.08),
            ],
            frame,
        )
        for pane in range(2):
            a = start + pane * 0.97
            brush.fill([(side + inward, low, a), (side + inward, high, a), (side + inward, high, a + 0.9), (side + inward, low, a + 0.9)], light.sky)
            trees = (light.sky[0] * 0.45, light.sky[1] * 0.62, light.sky[2] * 0.5)
            brush.fill(
                [(side + inward, low, a), (side + inward, low + 0.5, a), (side + inward, low + 0.62, a + 0.9), (side + inward, low, a + 0.9)], trees
            )
        for a in (start - 0.32, end + 0.02):
            brush.fill(
                [(side + 2 * inward, 0.9, a), (side + 2 * inward, 2.95, a), (side + 2 * inward, 2.95, a + 0.3), (side + 2 * inward, 0.9, a + 0.3)],
                (176, 170, 140),
            )


def _sunlight(image: Image, look: RoomLook, view: View, light: Light, hour: float) -> None:
    """Bright patches under the windows that wander with the sun."""
    strength = light.daylight * float(np.clip(abs(hour - 12.6) / 3, 0.15, 1))
    glow = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    side = -1.0 if look.windows == "left" else 1.0
    reach = 0.7 + 1.5 * float(np.clip(abs(hour - 12.6) / 5, 0, 1))
    for start in (1.6, 4.4, 7.2):
        drift = (12.6 - hour) * 0.18
        near, far = side * 3.9, side * (3.9 - reach)
        outline = view.polygon([(near, 0.0, start), (far, 0.0, start + drift), (far, 0.0, start + 1.8 + drift), (near, 0.0, start + 1.8)])
        if len(outline):
            cv2.fillPoly(glow, [outline.astype(np.int32)], 255)
    soft = cv2.GaussianBlur(glow, (0, 0), 5).astype(np.float32)[..., None] / 255 * strength
    lit = image.astype(np.float32) * (1 + soft * np.array((0.12, 0.24, 0.34), np.float32))
    np.copyto(image, np.clip(lit, 0, 255).astype(np.uint8))


def _lamps(brush: _Brush, lamps_on: bool) -> None:
    for z in (3.0, 5.4, 7.8):
        for x in (-2.0, 2.0):
            brush.fill(
                [(x - 0.7, 3.26, z - 0.12), (x + 0.7, 3.26, z - 0.12), (x + 0.7, 3.26, z + 0.12), (x - 0.7, 3.26, z + 0.12)],
                (255, 255, 255) if lamps_on else (150, 152, 152),
            )


def _wall_clock(brush: _Brush, hour: float) -> None:
    x, y = 3.35, 2.72
    cx, cy = brush.view.point((x, y, LENGTH_M - 0.02))
    radius = 0.24 * brush.view.px_per_m((x, y, LENGTH_M))
    centre = (round(cx * 16), round(cy * 16))
    cv2.circle(brush.image, centre, round(radius * 16), (60, 60, 66), -1, cv2.LINE_AA, SHIFT)
    cv2.circle(brush.image, centre, round(radius * 13.6), (246, 248, 248), -1, cv2.LINE_AA, SHIFT)
    for turn, reach, thick in ((hour % 12 / 12, 0.45, 2), (hour % 1, 0.7, 1)):
        angle = turn * 2 * np.pi
        tip = (round((cx + np.sin(angle) * radius * reach) * 16), round((cy - np.cos(angle) * radius * reach) * 16))
        cv2.line(brush.image, centre, tip, (30, 30, 36), thick, cv2.LINE_AA, SHIFT)


def _furniture(brush: _Brush, look: RoomLook) -> None:
    rng = np.random.default_rng([look.seed, 7])
    wood = {"desks": (118, 158, 196), "computers": (196, 200, 202), "workshop": (128, 138, 140)}[look.style]
    steel = (112, 112, 110)
    brush.block((-0.75, 0, 9.0), (0.35, 1.0, 9.45), (88, 112, 140))  # the teacher's desk
    for z in reversed(ROWS_M):
        for left, right in ((-3.35, -1.8), (-0.78, 0.78), (1.8, 3.35)):
            for x in (left + 0.06, right - 0.1):
                for leg_z in (z + 0.5, z + 0.04):
                    brush.block((x, 0, leg_z), (x + 0.04, DESK_M, leg_z + 0.04), steel)
            brush.fill([(left, 0.36, z + 0.45), (right, 0.36, z + 0.45), (right, DESK_M, z + 0.45), (left, DESK_M, z + 0.45)], _dim(wood, 0.62))
            brush.block((left, DESK_M - 0.045, z), (right, DESK_M, z + 0.52), wood)
            for seat in (left + 0.4, right - 0.4):
                if look.style == "computers":
                    brush.block((seat - 0.27, DESK_M + 0.1, z + 0.34), (seat + 0.27, DESK_M + 0.44, z + 0.38), (46, 44, 42))
                    shade = int(rng.integers(0, 40))
                    brush.fill(
                        [
                            (seat - 0.24, DESK_M + 0.13, z + 0.335),
                            (seat + 0.24, DESK_M + 0.13, z + 0.335),
                            (seat + 0.24, DESK_M + 0.41, z + 0.335),
                            (seat - 0.24, DESK_M + 0.41, z + 0.335),
                        ],
                        (205 - shade, 168 - shade, 120),
                    )
                elif look.style == "workshop":
                    brush.block((seat - 0.17, DESK_M, z + 0.2), (seat + 0.17, DESK_M + 0.2, z + 0.44), (78, 82, 84))
                    brush.block(
                        (seat - 0.13, DESK_M + 0.2, z + 0.24), (seat + 0.13, DESK_M + 0.3, z + 0.38), (70, 110 + int(rng.integers(0, 60)), 190)
                    )
                x = seat - 0.16 + float(rng.random()) * 0.08
                brush.fill(
                    [
                        (x, DESK_M + 0.002, z + 0.06),
                        (x + 0.24, DESK_M + 0.002, z + 0.04),
                        (x + 0.26, DESK_M + 0.002, z + 0.28),
                        (x + 0.02, DESK_M + 0.002, z + 0.3),
                    ],
                    (240, 244, 246),
                )
        for x in SEATS_ACROSS:
            seat_z = z - 0.34
            brush.block((x - 0.19, 0.43, seat_z - 0.2), (x + 0.19, 0.46, seat_z + 0.16), (120, 96, 70))
            brush.block((x - 0.19, 0.52, seat_z - 0.22), (x + 0.19, 0.86, seat_z - 0.19), (138, 108, 78))


def _hangings(brush: _Brush, look: RoomLook) -> None:
    """Rules and certificates on the side wall opposite the windows, a red slogan strip above the board."""
    rng = np.random.default_rng([look.seed, 11])
    side = HALF_WIDTH_M - 0.02 if look.windows == "left" else -HALF_WIDTH_M + 0.02
    for z in (3.0, 4.6, 6.2, 7.8):
        tone = tuple(float(v) for v in rng.integers(150, 240, 3))
        brush.fill([(side, 1.45, z), (side, 2.35, z), (side, 2.35, z + 0.7), (side, 1.45, z + 0.7)], (tone[0], tone[1], tone[2]))
        for row in range(5):
            y = 2.2 - row * 0.15
            brush.fill(
                [(side, y, z + 0.1), (side, y + 0.04, z + 0.1), (side, y + 0.04, z + 0.6), (side, y, z + 0.6)],
                _dim((tone[0], tone[1], tone[2]), 0.62),
            )
    brush.fill(
        [(-2.4, 2.72, LENGTH_M - 0.02), (2.4, 2.72, LENGTH_M - 0.02), (2.4, 3.05, LENGTH_M - 0.02), (-2.4, 3.05, LENGTH_M - 0.02)], (52, 44, 186)
    )
    strip: Image = np.full((60, 880, 3), (52, 44, 186), np.uint8)
    for at in range(14):
        _glyph(strip, rng, 60 + at * 56, 10, 40, (120, 225, 250))
    brush.paste(strip, [(-2.4, 3.05, LENGTH_M - 0.03), (2.4, 3.05, LENGTH_M - 0.03), (2.4, 2.72, LENGTH_M - 0.03), (-2.4, 2.72, LENGTH_M - 0.03)])


def draw_room(look: RoomLook, hour: float, lamps_on: bool, lesson_seed: int, minute: int) -> Image:
    """BGR picture of the empty room at an hour of the day (0..24), `minute` minutes into the lesson."""
    light = light_at(hour, lamps_on)
    image: Image = np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    view = look.view
    brush = _Brush(image, view)
    _walls(brush, look)
    _windows(brush, look, light)
    glass = image.copy()
    _hangings(brush, look)
    board = [(-2.9, 2.55, LENGTH_M - 0.03), (2.5, 2.55, LENGTH_M - 0.03), (2.5, 1.05, LENGTH_M - 0.03), (-2.9, 1.05, LENGTH_M - 0.03)]
    brush.paste(board_texture(look, lesson_seed, minute), board)
    _wall_clock(brush, hour)
    _sunlight(image, look, view, light, hour)
    _furniture(brush, look)
    shaded = image.astype(np.float32) * (_falloff() * light.level)
    _keep_windows_bright(shaded, glass, look, view, light)
    lit: Image = np.clip(shaded, 0, 255).astype(np.uint8)
    _lamps(_Brush(lit, view), lamps_on)
    return lit


@lru_cache(maxsize=1)
def _falloff() -> NDArray[np.float32]:
    """Less light in the corners of the lens."""
    y, x = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
    radius = np.hypot((x - WIDTH_PX / 2) / WIDTH_PX, (y - HEIGHT_PX / 2) / HEIGHT_PX)
    return np.asarray((1.06 - 0.55 * radius**2)[..., None], dtype=np.float32)


def _keep_windows_bright(shaded: NDArray[np.float32], glass: Image, look: RoomLook, view: View, light: Light) -> None:
    """Panes shine by themselves: a dark room does not darken the sky."""
    side = -HALF_WIDTH_M + 0.02 if look.windows == "left" else HALF_WIDTH_M - 0.02
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for start in (1.6, 4.4, 7.2):
        for a in (start, start + 0.97):
            outline = view.polygon([(side, 1.05, a), (side, 2.75, a), (side, 2.75, a + 0.9), (side, 1.05, a + 0.9)])
            if len(outline):
                cv2.fillPoly(mask, [outline.astype(np.int32)], 255)
    seen = mask > 0
    shaded[seen] = np.maximum(shaded[seen], glass[seen].astype(np.float32) * (0.25 + 0.75 * light.daylight))
