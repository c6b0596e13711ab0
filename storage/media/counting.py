"""The confined child's part of a head count: decode a few key frames, look for faces, answer how many and how tall. No picture leaves it. F-01, F-17.

What is answered of a face is its height alone: no place, no likeness, nothing by which two faces could be compared.
"""

from collections.abc import Callable
from typing import Any, Final

import av.video.reformatter
import numpy as np

from storage.media.blur import FaceFinder
from storage.media.looking import pictures

THREADS: Final = 1  # background work: the other core is somebody's who waits
MOST_FACES: Final = 1000  # of one picture; more is a pattern on a wall
Task = Callable[[dict[str, Any], dict[str, str], dict[str, str]], dict[str, object]]  # Any: parsed JSON


def heads_task(finder: FaceFinder) -> Task:
    """A task that answers `{"pictures": [[number of the key frame, [height of each face in permille of the picture's]]]}`."""

    def task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
        scaler = av.video.reformatter.VideoReformatter()
        found: list[list[object]] = []
        for number, _, picture in pictures(arguments, reads["media"], {}):
            wide = min(picture.width, int(arguments["width_px"]))
            small = scaler.reformat(picture, width=wide, height=max(picture.height * wide // picture.width, 1), format="bgr24", interpolation="AREA")
            image = np.ascontiguousarray(np.rot90(np.asarray(small.to_ndarray(), np.uint8), int(arguments["turns"])))
            faces = finder.find(
                image,
                look_width_px=max(image.shape[:2]) if int(arguments["turns"]) % 2 else wide,
                least_score=int(arguments["score_permille"]) / 1000,
            )
            found.append([number, [round((face.bottom - face.top) * 1000) for face in faces[:MOST_FACES]]])
        return {"pictures": found}

    return task
