"""Is this still the approved view? Corner points of the reference picture looked for in the look. R77; F-09, F-12. Pure.

What people do in front of the wall hides points and moves none of the rest: the few that agree on one shift, turn and scale are the room.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np

from supervision.screening.looks import HEIGHT_PX, WIDTH_PX, Luma

POINTS: Final = 600
NOT_COMPARED: Final = (np.nan,) * 4
LEAST_MATCHES: Final = 6
PARTS: Final = 64
POINT_BYTES: Final = 36
HALF: Final = 500  # permille of the width from the middle to a side


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Corner points of the approved picture, found once."""

    places: np.ndarray[Any, Any]  # Any: shape of OpenCV's making
    descriptors: np.ndarray[Any, Any]

    @classmethod
    def of(cls, luma: Luma) -> Self:
        return cls(*_points(luma))

    @classmethod
    def of_picture(cls, encoded: bytes) -> Self | None:
        """From a JPEG or PNG of any size; None for anything else."""
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            return None
        return cls.of(np.asarray(cv2.resize(picture, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8))

    def to_bytes(self) -> bytes:
        """36 bytes a point, places to a sixty-fourth of a pixel: at most 22 kB, and nobody can be seen in it."""
        return (self.places * PARTS).round().astype("<u2").tobytes() + self.descriptors.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        count = len(data) // POINT_BYTES
        places = np.frombuffer(data, "<u2", 2 * count).reshape(count, 2).astype(np.float32) / PARTS
        return cls(places, np.frombuffer(data, np.uint8, 32 * count, 4 * count).reshape(count, 32))


def compare(reference: Reference, luma: Luma) -> tuple[float, ...]:
    """(points that agree, shift in permille of the width, turn in degrees, scale in permille). Nothing in common: no points, no shift."""
    return compare_views(reference, Reference.of(luma))


def away_permille(compared: tuple[float, ...]) -> float:
    """How far the middle or the sides of the picture lie from where they were, in permille of the width: shift, turn and zoom in one figure."""
    _, shift, angle, scale = compared
    return max(shift, HALF * float(np.sin(np.radians(min(angle, 90.0)))), HALF * abs(scale / 1000 - 1))


def compare_views(reference: Reference, other: Reference) -> tuple[float, ...]:
    """The same of two pictures of which only the points are left."""
    places, descriptors = other.places, other.descriptors
    if len(places) < LEAST_MATCHES or len(reference.places) < LEAST_MATCHES:
        return 0.0, 0.0, 0.0, 1000.0
    pairs: Sequence[Any] = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(reference.descriptors, descriptors)
    if len(pairs) < LEAST_MATCHES:
        return 0.0, 0.0, 0.0, 1000.0
    here = np.array([reference.places[p.queryIdx] for p in pairs], np.float32)
    there = np.array([places[p.trainIdx] for p in pairs], np.float32)
    fitted: tuple[Any, Any] = cv2.estimateAffinePartial2D(here, there, ransacReprojThreshold=2.0, maxIters=500)
    found, agreeing = fitted
    if found is None:
        return 0.0, 0.0, 0.0, 1000.0
    (a, _, _), (b, _, _) = found
    middle = np.array([WIDTH_PX / 2, HEIGHT_PX / 2, 1.0])
    shift = float(np.hypot(*(found @ middle - middle[:2])))
    return float(agreeing.sum()), shift * 1000 / WIDTH_PX, abs(float(np.degrees(np.arctan2(b, a)))), float(np.hypot(a, b)) * 1000


def _points(luma: Luma) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    edge = HEIGHT_PX // 9  # clock and title are the same in every room
    mask = np.zeros_like(luma)
    mask[edge:-edge] = 255
    finder: Any = cv2.ORB.create(nfeatures=POINTS, fastThreshold=10)
    keypoints, descriptors = finder.detectAndCompute(luma, mask)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
    return np.array([k.pt for k in keypoints], np.float32), descriptors
