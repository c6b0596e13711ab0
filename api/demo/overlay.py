"""The recorder's own lettering: white digits with a black outline burned into the picture, as every CCTV recorder does."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from api.demo.view import Box

CELL_PX = 20
LINE_PX = 36
WHITE_LUMA = 235
BLACK_LUMA = 16
CLOCK_AT = (24, 20)
NAME_MARGIN_PX = 24
NEUTRAL = 128

Glyph = tuple[NDArray[np.uint8], NDArray[np.bool_]]


@lru_cache(maxsize=256)
def _glyph(letter: str) -> Glyph:
    """Luma of one fixed-width cell and which of its pixels are opaque."""
    stroke = np.zeros((LINE_PX, CELL_PX), np.uint8)
    (wide, _), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, 0.86, 2)
    cv2.putText(stroke, letter, ((CELL_PX - wide) // 2, 27), cv2.FONT_HERSHEY_SIMPLEX, 0.86, 255, 2, cv2.LINE_AA)
    mask = cv2.dilate(stroke, np.ones((5, 5), np.uint8)) > 90
    luma = np.full((LINE_PX, CELL_PX), BLACK_LUMA, np.float32) + stroke.astype(np.float32) / 255 * (WHITE_LUMA - BLACK_LUMA)
    return luma.astype(np.uint8), mask


def clock_box(letters: int) -> Box:
    """Where the clock line of so many letters stands: top left."""
    return Box(CLOCK_AT[0], CLOCK_AT[1], CLOCK_AT[0] + letters * CELL_PX, CLOCK_AT[1] + LINE_PX)


def name_box(letters: int) -> Box:
    """Where the camera's name stands: bottom right."""
    return Box(1280 - NAME_MARGIN_PX - letters * CELL_PX, 720 - NAME_MARGIN_PX - LINE_PX, 1280 - NAME_MARGIN_PX, 720 - NAME_MARGIN_PX)


def burn(planes: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]], box: Box, text: str) -> None:
    """Write `text` over whatever the planes hold at `box`; writing it twice changes nothing."""
    glyphs = [_glyph(letter) for letter in text]
    luma = np.concatenate([g[0] for g in glyphs], axis=1)
    mask = np.concatenate([g[1] for g in glyphs], axis=1)
    np.copyto(planes[0][box.top : box.bottom, box.left : box.right], luma, where=mask)
    half = mask[::2, ::2] | mask[1::2, 1::2]
    for plane in planes[1:]:
        np.copyto(plane[box.top // 2 : box.bottom // 2, box.left // 2 : box.right // 2], np.uint8(NEUTRAL), where=half)


def read_text(luma: NDArray[np.uint8], box: Box, alphabet: str = "0123456789-: ") -> str:
    """What the lettering at `box` says, by comparing each cell with each glyph. The inverse of `burn`, also after encoding."""
    text = ""
    for left in range(box.left, box.right, CELL_PX):
        cell = luma[box.top : box.bottom, left : left + CELL_PX].astype(np.int16)
        text += min(alphabet, key=lambda letter: _distance(cell, letter))
    return text


def _distance(cell: NDArray[np.int16], letter: str) -> float:
    """Mean difference inside the glyph, and a penalty for white strokes that it does not explain."""
    luma, mask = _glyph(letter)
    if not mask.any():
        return float(np.mean(cell > 200) * 1000) + 20.0
    inside = float(np.abs(cell - luma)[mask].mean())
    white = cell > 205
    return inside + 120.0 * float(np.mean(white & ~mask)) * 4
