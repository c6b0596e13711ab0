"""Veil the faces of a film while it is re-encoded: a few pictures wait until it is known what is seen just after them."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np

from storage.media import blur
from storage.media.faces import EVERY_US, HOLD_US, LEAD_US, Box, Sighting, sighting, veiled_at

MOST_WAITING: Final = 64  # pictures held back at most, whatever a file claims its times to be: bounds the memory


@dataclass(slots=True)
class Seen:
    """What was done, for the record."""

    frames: int = 0
    looked_at: int = 0
    faces: int = 0  # found, over all pictures looked at
    frames_veiled: int = 0


class Veil:
    """Takes pictures (yuv420p, even sides) in order of showing and gives them back in that order, veiled."""

    def __init__(self, find: blur.Find) -> None:
        self._find = find
        self._waiting: deque[tuple[int, Any]] = deque()  # Any: av.VideoFrame
        self._sightings: deque[Sighting] = deque()
        self.seen = Seen()

    def push(self, at_us: int, picture: Any) -> Iterator[Any]:
        """Pictures that are ready now; `picture` usually is not among them."""
        last = self._sightings[-1] if self._sightings else None
        if last is None or at_us - last.at_us >= EVERY_US:
            found = self._look(picture)
            self._sightings.append(sighting(at_us, found, last))
            self.seen.looked_at += 1
            self.seen.faces += len(found)
        self._waiting.append((at_us, picture))
        known_us = self._sightings[-1].at_us - LEAD_US
        while self._waiting and (self._waiting[0][0] <= known_us or len(self._waiting) > MOST_WAITING):
            yield self._release()

    def flush(self) -> Iterator[Any]:
        """The rest, at the end of the film."""
        while self._waiting:
            yield self._release()

    def _look(self, picture: Any) -> tuple[Box, ...]:
        width = min(picture.width, blur.LOOK_WIDTH_PX)
        height = max(round(picture.height * width / picture.width), 1)
        return self._find(picture.reformat(width=width, height=height, format="bgr24").to_ndarray())

    def _release(self) -> Any:
        at_us, picture = self._waiting.popleft()
        while self._sightings[0].at_us + HOLD_US < at_us and len(self._sightings) > 1:
            self._sightings.popleft()
        boxes = veiled_at(tuple(self._sightings), at_us)
        self.seen.frames += 1
        if not boxes:
            return picture
        self.seen.frames_veiled += 1
        return _veiled(picture, boxes)


def _veiled(picture: Any, boxes: list[Box]) -> Any:
    width, height = picture.width, picture.height
    image = np.ascontiguousarray(picture.to_ndarray())
    luma, colour = image[:height], image[height:].reshape(2, height // 2, width // 2)
    blur.pixelate([luma, colour[0], colour[1]], boxes)
    made = av.VideoFrame.from_ndarray(image, format="yuv420p")
    made.pts, made.time_base, made.pict_type = picture.pts, picture.time_base, 0
    return made
