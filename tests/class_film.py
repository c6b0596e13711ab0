"""A filmed class of drawn people: so many face the camera, so many show their backs. For tests and for measuring head counts; nobody is real."""

import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from tests.faces import HAIR, draw_face
from tests.studio import once

Picture = NDArray[np.uint8]  # (h, w, 3), blue green red
COLUMNS, ROWS = 8, 5
SEATS: Final = COLUMNS * ROWS
COATS: Final = ((150, 92, 52), (92, 60, 44), (70, 76, 160), (84, 128, 88), (176, 172, 168), (58, 56, 60), (120, 84, 118), (142, 150, 96))


@dataclass(frozen=True, slots=True)
class Class:
    """`facing` people look towards the camera, `away` sit with their backs to it; at most SEATS in all. Every `shift_s` each moves a little."""

    facing: int
    away: int = 0
    seconds: int = 120
    width: int = 1280
    height: int = 720
    fps: int = 2
    gop_s: int = 5
    crf: int = 27
    seed: int = 1
    shift_s: int = 4


def picture(scene: Class, at_s: float) -> Picture:
    """The room at one moment, without noise."""
    image = _room(scene)
    order = np.random.default_rng([scene.seed, 1]).permutation(SEATS)
    seated = sorted((int(seat), n < scene.facing) for n, seat in enumerate(order[: scene.facing + scene.away]))
    for seat, faces_us in seated:  # back rows first: the nearer cover the farther
        row, column = divmod(seat, COLUMNS)
        dice = np.random.default_rng([scene.seed, 2, seat, int(at_s // scene.shift_s)])
        tall = round(scene.height * (0.042 + 0.014 * row))
        spread = scene.width * (0.085 + 0.007 * row)
        dx, dy = (int(v) for v in dice.normal(0, tall * 0.12, 2))
        x = round(scene.width / 2 + (column - (COLUMNS - 1) / 2) * spread + (tall * 0.5 if row % 2 else 0)) + dx
        y = round(scene.height * (0.26 + 0.145 * row)) + dy
        _person(image, x, y, tall, COATS[(seat * 5 + scene.seed) % len(COATS)], faces_us=faces_us)
    return image


def _room(scene: Class) -> Picture:
    dice = np.random.default_rng([scene.seed, 3])
    image = np.full((scene.height, scene.width, 3), (168, 178, 184), np.uint8)
    image[scene.height // 4 :] = (120, 138, 152)
    for _ in range(60):
        x, y = int(dice.integers(0, scene.width)), int(dice.integers(0, scene.height // 4))
        w, h = int(dice.integers(8, scene.width // 9)), int(dice.integers(8, scene.height // 9))
        cv2.rectangle(image, (x, y), (x + w, y + h), tuple(int(v) for v in dice.integers(40, 220, 3)), -1)
    return image


def _person(image: Picture, x: int, y: int, tall: int, coat: tuple[int, int, int], *, faces_us: bool) -> None:
    cv2.ellipse(image, (x, y + round(tall * 1.55)), (round(tall * 0.95), round(tall * 1.05)), 0, 180, 360, coat, -1)
    cv2.rectangle(image, (x - round(tall * 0.95), y + round(tall * 1.5)), (x + round(tall * 0.95), y + round(tall * 2.1)), coat, -1)
    if faces_us:
        draw_face(image, x, y, tall)
    else:
        cv2.ellipse(image, (x, y), (round(tall * 0.43), round(tall * 0.58)), 0, 0, 360, HAIR, -1)


def film_class(target: Path, scene: Class) -> Path:
    """An MP4 of the scene with camera noise; the same scene is filmed once per run."""
    shutil.copyfile(once(scene, lambda path: _encode(path, scene)), target)
    return target


def _encode(target: Path, scene: Class) -> None:
    dice = np.random.default_rng([scene.seed, 4])
    grain = dice.normal(0, 3, (4, scene.height, scene.width, 1)).astype(np.int16)
    scaler = VideoReformatter()
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video: Any = out.add_stream("libx264", rate=scene.fps)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, 1000)
        video.codec_context.thread_count = 1
        gop = scene.gop_s * scene.fps
        video.options = {"preset": "ultrafast", "crf": str(scene.crf), "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:threads=1"}
        still: Picture | None = None
        for n in range(scene.seconds * scene.fps):
            if still is None or n % (scene.shift_s * scene.fps) == 0:
                still = picture(scene, n / scene.fps)
            shown = np.clip(still + np.roll(grain[n % 4], n * 7919 % scene.width, 1), 0, 255).astype(np.uint8)
            frame = scaler.reformat(av.VideoFrame.from_ndarray(shown, format="bgr24"), format="yuv420p")
            frame.pts, frame.time_base = n * 1000 // scene.fps, Fraction(1, 1000)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
