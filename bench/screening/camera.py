"""The camera before a lesson: lens, sensor noise, burned-in clock, and what cheats do to it. Pictures of any instant."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

import cv2
import numpy as np

from bench.screening.lessons import Lesson
from bench.screening.rooms import HEIGHT, WIDTH, Luma, Room

NOISE_SHEETS = 24


@dataclass(frozen=True, slots=True)
class Defect:
    """Wrong between two seconds of the recording: black, covered, defocused, frozen, moved, other-room, jump, loop, no-movement (all are gone).

    `amount`: jump = seconds left out (the clock goes on with what was filmed); loop = seconds of the repeated piece; defocused = sigma
    in pixels; moved = pixels. A gap of `jump` shows in the clock and, when `in_time`, in the presentation times too.
    """

    kind: str
    begin_s: float
    end_s: float
    amount: float = 0.0
    other: Room | None = None
    in_time: bool = True


@dataclass(frozen=True)
class Camera:
    lesson: Lesson
    begins_at: datetime
    noise: float = 2.0
    noise_seed: int = 0
    clock: str | None = "%Y-%m-%d %H:%M:%S"
    clock_at: tuple[int, int] = (10, 24)
    defects: tuple[Defect, ...] = ()
    beside: tuple[float, float, float, float] | None = None
    """A second camera beside the first: turned by degrees, enlarged by, moved right and down by pixels."""

    def pictures(self, fps: float, seconds: float | None = None) -> Iterator[tuple[float, Luma]]:
        """(presentation time in seconds, picture), in order."""
        length = self.lesson.seconds if seconds is None else seconds
        sheets = self._sheets()
        for n in range(int(length * fps)):
            at = n / fps
            filmed, shown_at = at, at
            for d in self.defects:
                if d.kind == "jump" and at >= d.begin_s:
                    filmed += d.amount
                    shown_at += d.amount if d.in_time else 0
            if filmed >= length:
                return
            yield shown_at, self._frame(filmed, at, sheets)

    def _frame(self, filmed: float, at: float, sheets: list[Luma]) -> Luma:
        replayed, image = filmed, None
        seen = [d for d in self.defects if d.begin_s <= at < d.end_s]
        lesson = self.lesson
        for d in seen:
            if d.kind == "loop":
                replayed = d.begin_s - d.amount + (at - d.begin_s) % d.amount
            elif d.kind == "frozen":
                replayed = d.begin_s
            elif d.kind == "other-room" and d.other is not None:
                lesson = Lesson(d.other, lesson.seed, lesson.seconds, lesson.people, lesson.cast, lesson.activity)
            elif d.kind == "no-movement":
                lesson = self._empty
        image = lesson.picture(replayed)
        if self.beside is not None:
            turned, larger, right, down = self.beside
            matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turned, larger)
            matrix[:, 2] += (right, down)
            image = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        for d in seen:
            image = _spoil(image, d)
        # the noise belongs to the filmed instant: what is played again brings its own noise with it
        k = round(replayed * 25) + self.noise_seed
        sheet = np.roll(sheets[k % NOISE_SHEETS], (k * 37 % 211, k * 53 % 307), (0, 1))
        image = cv2.addWeighted(image, 1.0, sheet, 1.0, -128.0)
        if self.clock is not None:
            put_clock(image, self.begins_at + timedelta(seconds=filmed), self.clock, self.clock_at)
        return image

    @cached_property
    def _empty(self) -> Lesson:
        return replace(self.lesson, people=0, memory={})

    def _sheets(self) -> list[Luma]:
        rng = np.random.default_rng([41, self.noise_seed])
        return [(128 + rng.normal(0, self.noise, (HEIGHT, WIDTH))).round().clip(0, 255).astype(np.uint8) for _ in range(NOISE_SHEETS)]


def put_clock(image: Luma, at: datetime, form: str, place: tuple[int, int]) -> None:
    """White digits with a dark outline, as recorders write them."""
    text = at.strftime(form)
    for right, down in ((-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)):
        cv2.putText(image, text, (place[0] + right, place[1] + down), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
    cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 1, cv2.LINE_AA)


def _spoil(image: Luma, defect: Defect) -> Luma:
    if defect.kind == "black":
        return np.full_like(image, 4)
    if defect.kind == "covered":
        y = np.linspace(0, 14, HEIGHT, dtype=np.float32)[:, None]
        return np.repeat((48 + y), WIDTH, axis=1).astype(np.uint8)
    if defect.kind == "defocused":
        return cv2.GaussianBlur(image, (0, 0), defect.amount or 6)
    if defect.kind == "moved":
        far = defect.amount or 60
        matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), far / 12, 1.05)
        matrix[:, 2] += (far, far / 4)
        return cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    return image
