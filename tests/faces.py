"""A drawn face that walks: no photograph of anybody, yet the product's detector takes it for a face (a test says so)."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

HAIR, SKIN, SHADE, LIPS = (30, 35, 45), (150, 180, 225), (135, 165, 210), (95, 90, 175)


def draw_face(image: NDArray[np.uint8], x: int, y: int, height: int) -> None:
    """A face `height` pixels high around (x, y), on a BGR picture, in place."""
    w = int(height * 0.74)

    def oval(dx: float, dy: float, half_width: float, half_height: float, colour: tuple[int, int, int], *arc: int) -> None:
        start, end = arc or (0, 360)
        centre, axes = (x + round(dx * w), y + round(dy * height)), (max(round(half_width * w), 1), max(round(half_height * height), 1))
        cv2.ellipse(image, centre, axes, 0, start, end, colour, -1)

    oval(0, -0.07, 0.58, 0.56, HAIR)
    cv2.rectangle(image, (x - w // 5, y + height // 3), (x + w // 5, y + int(height * 0.62)), SHADE, -1)
    oval(0, 0.05, 0.5, 0.5, SKIN)
    oval(0, -0.36, 0.47, 0.2, HAIR, 180, 360)
    for side in (-1, 1):
        oval(side * 0.22, -0.04, 0.11, 0.045, (120, 140, 180))
        oval(side * 0.22, -0.04, 0.09, 0.035, (245, 245, 245))
        oval(side * 0.22, -0.04, 0.045, 0.033, (25, 25, 35))
        oval(side * 0.22, -0.13, 0.13, 0.025, HAIR, 180, 360)
        oval(side * 0.05, 0.17, 0.05, 0.02, (100, 125, 170))
        oval(side * 0.51, 0.05, 0.06, 0.11, SHADE)
    oval(0, 0.08, 0.045, 0.12, SHADE)
    oval(0, 0.29, 0.19, 0.045, LIPS)
    cv2.line(image, (x - int(w * 0.18), y + int(height * 0.285)), (x + int(w * 0.18), y + int(height * 0.285)), (60, 50, 110), max(height // 60, 1))


def face_place(scene: Any, n: int) -> tuple[int, int, int] | None:
    """(x, y, height) of the face in picture n of a scene with `face_px`, None where nobody is there: it walks from left to right, comes after a
    quarter of the film and leaves after three."""
    share = n / scene.frames
    if not scene.face_px or not 0.25 <= share < 0.75:
        return None
    margin = scene.face_px
    x = margin + round((scene.width - 2 * margin) * (share - 0.25) * 2)
    return x, scene.height * 2 // 5, scene.face_px
