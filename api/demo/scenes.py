"""A filmed lesson as a function of time. Same options and same instant, same picture; advancing patches only what changed.

The canvas is the YUV 4:2:0 memory that the encoder reads. Three layers: the room (drawn again every ten minutes, as light moves on),
the people (patched where somebody moves), sensor noise (a new field per group of pictures) and the recorder's lettering.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from api.demo.overlay import burn, clock_box, name_box
from api.demo.people import HABIT, Sprite, Stance, lit, teacher, trainee
from api.demo.rooms import DESK_M, ROWS_M, SEATS_ACROSS, RoomLook, draw_room, light_at
from api.demo.view import FULL, HEIGHT_PX, WIDTH_PX, Box
from storage.kernel.clock import BUREAU_ZONE

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]

ROOM_REDRAW_S = 600
NOISE_FIELDS = 5
TEACHER_Z_M = 9.75
TEACHER_REACH_M = 1.9


@dataclass(frozen=True, slots=True)
class SceneOptions:
    """Who and what one camera films. `seed` varies people and habits of a lesson; the room's own seed stays with the room.

    `people` sit in the room; two cameras with the same seed film the same ones, and a corner camera may miss a seat beneath it.
    """

    look: RoomLook
    camera: str
    seed: int
    people: int = 18
    teacher: bool = True
    lamps_on: bool = True
    covered: bool = False
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class _Person:
    poses: tuple[Sprite, ...]
    period_s: int
    phase_s: int


def _pick(*numbers: int) -> int:
    """A fixed pseudo-random number of its arguments: lets any instant be drawn without drawing those before it."""
    return zlib.crc32(":".join(map(str, numbers)).encode())


@lru_cache(maxsize=16)
def _noise(index: int, strength: int) -> tuple[Planes, Planes]:
    """What a sensor adds and takes away, for Y, U, V. `strength` in tenths of a luma step."""
    rng = np.random.default_rng([index, strength])
    fields = []
    for high, wide, share in ((HEIGHT_PX, WIDTH_PX, 1.0), (HEIGHT_PX // 2, WIDTH_PX // 2, 0.5), (HEIGHT_PX // 2, WIDTH_PX // 2, 0.5)):
        grain = cv2.GaussianBlur(rng.standard_normal((high, wide), np.float32), (3, 3), 0.8)
        fields.append(np.round(grain * (strength / 10 * share * 2.2)))
    plus = [np.clip(f, 0, 255).astype(np.uint8) for f in fields]
    minus = [np.clip(-f, 0, 255).astype(np.uint8) for f in fields]
    return (plus[0], plus[1], plus[2]), (minus[0], minus[1], minus[2])


def new_planes() -> Planes:
    """A black picture."""
    return (
        np.full((HEIGHT_PX, WIDTH_PX), 16, np.uint8),
        np.full((HEIGHT_PX // 2, WIDTH_PX // 2), 128, np.uint8),
        np.full((HEIGHT_PX // 2, WIDTH_PX // 2), 128, np.uint8),
    )


class Stage:
    """One camera's running picture in `out` (the caller's memory, 1280x720 YUV 4:2:0)."""

    def __init__(self, options: SceneOptions, out: Planes) -> None:
        self._options = options
        self._out = out
        self._room = new_planes()
        self._clean = new_planes()
        self._people = [] if options.covered else self._seat_people()
        self._lit: list[tuple[Sprite, ...]] = []
        self._teacher_poses = self._teacher_sprites() if options.teacher and not options.covered else ()
        self._teacher_lit: tuple[Sprite, ...] = ()
        self._poses = [-1] * len(self._people)
        self._teacher: Sprite | None = None
        self._room_drawn = -1
        self._noise_index = -1
        self._text = ""

    def advance(self, wall_at: datetime, noise_index: int = 0, *, frozen: bool = False) -> None:
        """Bring the picture to `wall_at`. `noise_index` changes once per group of pictures; `frozen` lets only the recorder's clock run."""
        local = wall_at.astimezone(BUREAU_ZONE)
        if not frozen or self._room_drawn < 0:
            self._move(local, noise_index)
        text = local.strftime("%Y-%m-%d %H:%M:%S")
        if text != self._text:
            box = clock_box(len(text))
            self._show(box if not self._options.mirrored else _flip(box))
            burn(self._out, box, text)
            self._text = text
        burn(self._out, name_box(len(self._options.camera)), self._options.camera)

    def _move(self, local: datetime, noise_index: int) -> None:
        epoch_s = local.timestamp()
        dirty: list[Box] = []
        if int(epoch_s) // ROOM_REDRAW_S != self._room_drawn:
            self._draw_room(local, int(epoch_s) // ROOM_REDRAW_S)
            dirty = [FULL]
        for index, person in enumerate(self._people):
            turn = (int(epoch_s) + person.phase_s) // person.period_s
            pose = HABIT[_pick(self._options.seed, index, turn) % len(HABIT)]
            if pose != self._poses[index]:
                self._poses[index] = pose
                dirty.append(person.poses[pose].box)
        dirty += self._walk(epoch_s)
        if FULL in dirty:
            dirty = [FULL]
        for box in dirty:
            self._compose(box)
        if noise_index != self._noise_index:
            self._noise_index = noise_index
            dirty, self._text = [FULL], ""
        for box in dirty:
            self._show(box)
            if box is FULL or box.meets(clock_box(20)) or (self._options.mirrored and _flip(box).meets(clock_box(20))):
                self._text = ""

    def _seat_people(self) -> list[_Person]:
        options, view = self._options, self._options.look.view
        seats = [(x, z - 0.3) for z in ROWS_M for x in SEATS_ACROSS]
        wish = np.random.default_rng(options.seed).permutation(len(seats))[: options.people]
        people = []
        for seat in sorted(wish, reverse=True):  # far rows first: nearer people cover them
            x, z = seats[int(seat)]
            if not _in_sight(*view.point((x, 1.25, z))):
                continue
            scale = view.px_per_m((x, DESK_M, z))
            across_px, down_px = view.point((x, 0.8, z))
            habit = _pick(options.seed, int(seat))
            people.append(_Person(trainee(habit, (across_px, down_px + 0.78 * scale), scale), 8 + habit % 15, habit % 97))
        return people

    def _teacher_sprites(self) -> tuple[Sprite, ...]:
        view, centre = self._options.look.view, (0.0, 0.0, TEACHER_Z_M)
        return teacher(_pick(self._options.seed, 4711), view.point(centre), view.px_per_m((0.0, 1.0, TEACHER_Z_M)))

    def _walk(self, epoch_s: float) -> list[Box]:
        """Where the teacher stands: walks to a new place each 24 s, then stays and writes, points or speaks."""
        if not self._teacher_lit:
            return []
        turn, since_s = int(epoch_s // 24), epoch_s % 24
        before, goal = (_pick(self._options.seed, 9, t) % 1000 / 500 - 1 for t in (turn - 1, turn))
        share = min(1.0, since_s / 5)
        x_m = (before + (goal - before) * share) * TEACHER_REACH_M
        stance = Stance.WALKING if share < 1 else Stance(_pick(self._options.seed, 8, turn, int(since_s) // 7) % 3)
        view = self._options.look.view
        dx_px = round((view.point((x_m, 0, TEACHER_Z_M))[0] - view.point((0, 0, TEACHER_Z_M))[0]) / 2) * 2
        now = self._teacher_lit[stance].moved(dx_px)
        if self._teacher is not None and self._teacher.box == now.box and self._teacher.planes[0] is now.planes[0]:
            return []
        boxes = [now.box if self._teacher is None else now.box.hull(self._teacher.box)]
        self._teacher = now
        return boxes

    def _draw_room(self, local: datetime, drawn: int) -> None:
        """The room as it looks in this ten-minute step; the step, not the instant, decides, so any start gives the same picture."""
        options = self._options
        step = datetime.fromtimestamp(drawn * ROOM_REDRAW_S, tz=local.tzinfo)
        hour = step.hour + step.minute / 60
        if options.covered:
            picture = np.random.default_rng([options.seed, 3]).normal(26, 3, (9, 16, 3)).astype(np.float32)
            image = np.clip(cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), 0, 255).astype(np.uint8)
        else:
            image = draw_room(options.look, hour, options.lamps_on, options.seed, drawn * ROOM_REDRAW_S // 60 % 120)
        flat = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        half = HEIGHT_PX // 4
        for plane, source in zip(self._room, (flat[:HEIGHT_PX], flat[HEIGHT_PX : HEIGHT_PX + half], flat[HEIGHT_PX + half :]), strict=True):
            np.copyto(plane, source.reshape(plane.shape))
        level = light_at(hour, options.lamps_on).level
        self._lit = [tuple(lit(pose, level) for pose in person.poses) for person in self._people]
        self._teacher_lit = tuple(lit(pose, level) for pose in self._teacher_poses)
        self._teacher = None
        self._room_drawn = drawn

    def _compose(self, box: Box) -> None:
        """Room, then people from far to near, inside `box`."""
        for plane, room, by in zip(self._clean, self._room, (1, 2, 2), strict=True):
            area = np.s_[box.top // by : box.bottom // by, box.left // by : box.right // by]
            plane[area] = room[area]
        if self._teacher is not None and self._teacher.box.meets(box):
            _blend(self._clean, self._teacher, box)
        for index, person in enumerate(self._people):
            if person.poses[0].box.meets(box):
                _blend(self._clean, self._lit[index][self._poses[index]], box)

    def _show(self, box: Box) -> None:
        """Clean picture plus this group's noise into the encoder's memory, mirrored if the camera is."""
        plus, minus = _noise(self._noise_index % NOISE_FIELDS, 16 if self._options.lamps_on and not self._options.covered else 26)
        place = _flip(box) if self._options.mirrored else box
        for out, clean, add, take, by in zip(self._out, self._clean, plus, minus, (1, 2, 2), strict=True):
            source = np.s_[box.top // by : box.bottom // by, box.left // by : box.right // by]
            noisy = cv2.subtract(cv2.add(clean[source], add[source]), take[source])
            out[place.top // by : place.bottom // by, place.left // by : place.right // by] = noisy[:, ::-1] if self._options.mirrored else noisy


def _in_sight(across_px: float, down_px: float) -> bool:
    """Whether a head at this place is wholly in the picture, so that a count of heads can be right."""
    return 50 < across_px < WIDTH_PX - 50 and 70 < down_px < HEIGHT_PX - 90


def _flip(box: Box) -> Box:
    return Box(WIDTH_PX - box.right, box.top, WIDTH_PX - box.left, box.bottom)


def _blend(planes: Planes, sprite: Sprite, within: Box) -> None:
    """Lay a sprite over the planes, only inside `within`."""
    area = sprite.box.common(within)
    dx, dy = area.left - sprite.box.left, area.top - sprite.box.top
    wide, high = area.right - area.left, area.bottom - area.top
    for plane, paint, rest, by in zip(planes, sprite.planes, (sprite.rest[0], sprite.rest[1], sprite.rest[1]), (1, 2, 2), strict=True):
        ground = plane[area.top // by : area.bottom // by, area.left // by : area.right // by]
        part = np.s_[dy // by : (dy + high) // by, dx // by : (dx + wide) // by]
        ground[...] = (ground * rest[part] + paint[part]) >> 8
