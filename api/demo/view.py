"""A fixed camera in an invented room: where a point of the room falls in the picture. Metres in, pixels out.

Room axes: x across (centre 0), y up from the floor, z from the rear wall (0) to the board wall.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH_PX = 1280
HEIGHT_PX = 720
NEAR_M = 0.25  # nothing closer to the lens than this is drawn

Point = tuple[float, float, float]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Box:
    """Half-open pixel rectangle, even on all sides so that the half-size colour planes line up."""

    left: int
    top: int
    right: int
    bottom: int

    @staticmethod
    def around(left: float, top: float, right: float, bottom: float) -> "Box":
        """The smallest even box that holds the corners, cut at the picture's edge. May be empty."""
        return Box(
            min(max(int(left) // 2 * 2, 0), WIDTH_PX),
            min(max(int(top) // 2 * 2, 0), HEIGHT_PX),
            min(max(-(-int(right + 1) // 2) * 2, 0), WIDTH_PX),
            min(max(-(-int(bottom + 1) // 2) * 2, 0), HEIGHT_PX),
        )

    def meets(self, other: "Box") -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def common(self, other: "Box") -> "Box":
        return Box(max(self.left, other.left), max(self.top, other.top), min(self.right, other.right), min(self.bottom, other.bottom))

    def hull(self, other: "Box") -> "Box":
        return Box(min(self.left, other.left), min(self.top, other.top), max(self.right, other.right), max(self.bottom, other.bottom))


FULL = Box(0, 0, WIDTH_PX, HEIGHT_PX)


class View:
    """A pinhole camera at `eye` looking at `target`."""

    def __init__(self, eye: Point, target: Point, focal_px: float) -> None:
        self._eye = np.array(eye)
        forward = np.array(target) - self._eye
        forward /= np.linalg.norm(forward)
        right = np.cross((0.0, 1.0, 0.0), forward)
        right /= np.linalg.norm(right)
        self._axes = np.stack([right, np.cross(forward, right), forward])
        self._focal_px = focal_px

    def _seen(self, points: Sequence[Point]) -> NDArray[np.float64]:
        return np.asarray((np.asarray(points, dtype=np.float64) - self._eye) @ self._axes.T, dtype=np.float64)

    def _flat(self, seen: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([WIDTH_PX / 2 + self._focal_px * seen[:, 0] / seen[:, 2], HEIGHT_PX / 2 - self._focal_px * seen[:, 1] / seen[:, 2]], axis=1)

    def point(self, at: Point) -> tuple[float, float]:
        """Pixel position of one point in front of the lens."""
        x, y = self._flat(self._seen([at]))[0]
        return float(x), float(y)

    def px_per_m(self, at: Point) -> float:
        """How large a metre looks at that place."""
        return float(self._focal_px / self._seen([at])[0, 2])

    def polygon(self, corners: Sequence[Point]) -> NDArray[np.float64]:
        """The outline of a flat shape, cut at the near plane; empty when it is behind the lens."""
        seen = self._seen(corners)
        kept: list[NDArray[np.float64]] = []
        for here, there in zip(seen, np.roll(seen, -1, axis=0), strict=True):
            if here[2] >= NEAR_M:
                kept.append(here)
            if (here[2] >= NEAR_M) != (there[2] >= NEAR_M):
                share = (NEAR_M - here[2]) / (there[2] - here[2])
                kept.append(here + share * (there - here))
        return self._flat(np.stack(kept)) if len(kept) >= 3 else np.empty((0, 2))
