"""Filmed lessons with defects in known places: drawn rooms, a real encoder. For tests and measurements of screening.

The same film is made once per run: many tests look at the same one.
"""

import shutil
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from tests.studio import once

Picture = NDArray[np.uint8]  # (h, w) grey
Part = tuple[float, str]  # seconds, kind
Clock = Callable[[float], str]  # what is burned in at a second of the film
WIDTH, HEIGHT, FPS = 640, 360, 10
KINDS: Final = ("busy", "empty", "black", "covered", "blurred", "frozen", "moved", "elsewhere")


def room(seed: int = 1, *, person: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A furnished room; `person` in thousandths of the width is where somebody stands, 0 for nobody."""
    dice = np.random.default_rng(seed)
    wall = np.full((720, 1280), 120, np.uint8)
    for _ in range(260):
        x, y, w, h = (int(v) for v in dice.integers((0, 0, 8, 8), (1240, 700, 150, 110)))
        cv2.rectangle(wall, (x, y), (x + w, y + h), int(dice.integers(20, 235)), -1)
    if person:
        cv2.ellipse(wall, (person * 1280 // 1000, 450), (60, 160), 0, 0, 360, 30, -1)
    return np.asarray(cv2.resize(wall, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def pictures(parts: Iterable[Part], *, seed: int = 1, fps: int = FPS, clock: Clock | None = None) -> Iterable[Picture]:
    """Frame after frame, camera noise on everything but a still, the running second or `clock` in a corner."""
    dice = np.random.default_rng(seed)
    grain = dice.normal(0, 2, (8, HEIGHT, WIDTH)).astype(np.int16)
    made: dict[tuple[str, int], Picture] = {}
    number = 0
    for seconds, kind in parts:
        for n in range(round(seconds * fps)):
            step = n // fps if kind not in ("empty", "black", "covered", "frozen") else 0
            if (kind, step) not in made:
                made[kind, step] = KIND[kind](seed, step)
            base = made[kind, step]
            noisy = base if kind == "frozen" else np.clip(base + np.roll(grain[number % 8], number * 7919), 0, 255).astype(np.uint8)
            shown = noisy.copy()
            text = clock(number / fps) if clock else f"{number // fps // 60:02d}:{number // fps % 60:02d}"
            if clock:  # a dark outline, as recorders write
                for right, down in ((-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)):
                    cv2.putText(shown, text, (10 + right, 24 + down), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1)
            cv2.putText(shown, text, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, *((0.6, 255, 1) if clock else (0.8, 255, 2)))
            yield shown
            number += 1


KIND: Final[dict[str, Callable[[int, int], Picture]]] = {
    "busy": lambda seed, step: room(seed, person=100 + step * 53 % 800),
    "empty": lambda seed, _: room(seed),
    "frozen": lambda seed, _: room(seed, person=500),
    "black": lambda _, __: np.zeros((HEIGHT, WIDTH), np.uint8),
    "covered": lambda seed, _: np.asarray(cv2.GaussianBlur(room(seed), (0, 0), 70), np.uint8),
    "blurred": lambda seed, step: np.asarray(cv2.GaussianBlur(room(seed, person=100 + step * 53 % 800), (0, 0), 5), np.uint8),
    "moved": lambda seed, step: np.roll(room(seed, person=100 + step * 53 % 800), 48, 1),
    "elsewhere": lambda seed, step: room(seed + 1000, person=100 + step * 53 % 800),
}


def film(
    target: Path, parts: Iterable[Part], *, seed: int = 1, fps: int = FPS, gop_s: float = 2, crf: int = 26, leap_ms: tuple[int, int] = (0, 0),
    clock: Clock | None = None,
) -> Path:  # fmt: skip
    """An MP4 of the parts in their order. `leap_ms`: (at, length) of a jump of presentation time; `clock`: what is burned in at a second of it."""
    made = tuple(parts)
    texts = tuple(clock(n / fps) for n in range(sum(round(seconds * fps) for seconds, _ in made))) if clock else None
    how = (made, seed, fps, gop_s, crf, leap_ms, texts)
    shutil.copyfile(once(("screened", *how), lambda path: _encode(path, *how)), target)
    return target


def _encode(
    target: Path, parts: tuple[Part, ...], seed: int, fps: int, gop_s: float, crf: int, leap_ms: tuple[int, int], texts: tuple[str, ...] | None
) -> None:  # fmt: skip
    clock = (lambda at: texts[round(at * fps)]) if texts else None
    scaler = VideoReformatter()  # one for all pictures: a new one for each costs more than its work
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video: Any = out.add_stream("libx264", rate=fps)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        video.codec_context.thread_count = 1
        gop = round(gop_s * fps)
        video.options = {"preset": "ultrafast", "crf": str(crf), "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:threads=1"}
        for n, picture in enumerate(pictures(parts, seed=seed, fps=fps, clock=clock)):
            at = n * 1000 // fps
            frame = scaler.reformat(av.VideoFrame.from_ndarray(picture, format="gray"), format="yuv420p")
            frame.pts, frame.time_base = at + (leap_ms[1] if leap_ms[1] and at >= leap_ms[0] else 0), Fraction(1, 1000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
