"""From head counts of single pictures to what one room showed during one lesson. Pure. F-01, F-17; R75.

A lesson is divided into equal parts, and the middle of each is an instant: the same for every camera of the room, whichever file holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low


@dataclass(frozen=True, slots=True)
class Instant:
    """One instant of a lesson: the most faces that a camera of the room showed, and where in `media_ms` of the recording the lead is told of."""

    number: int
    at: datetime
    faces: int
    signed_in: int
    media_ms: int


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest, median and highest count of a lesson."""

    lowest: int
    middle: int
    highest: int


def instants_of(starts_at: datetime, ends_at: datetime, count: int) -> list[datetime]:
    """The middles of `count` equal parts of a lesson."""
    part = (ends_at - starts_at) / (2 * count)
    return [starts_at + part * (2 * n + 1) for n in range(count)]


def fullest(counts: Iterable[tuple[int, int]]) -> dict[int, int]:
    """(number of the instant, faces) of all cameras: the highest of each. Never the sum, for they see the same people."""
    best: dict[int, int] = {}
    for number, faces in counts:
        best[number] = max(faces, best.get(number, 0))
    return best


def signed_in(stays: Iterable[tuple[datetime, datetime | None]], at: datetime) -> int:
    """How many had signed in and not out at that time."""
    return sum(1 for begins, ends in stays if begins <= at and (ends is None or at < ends))


def range_of(faces: Sequence[int]) -> Range | None:
    """None without a count."""
    return Range(min(faces), median_low(faces), max(faces)) if faces else None


def best_share_permille(faces: Mapping[int, int], signed: Mapping[int, int], least_group: int) -> int:
    """The best share of those signed in that was shown at one instant, among instants with at least `least_group` signed in; at most 1000."""
    return max((min(count * 1000 // signed[n], 1000) for n, count in faces.items() if signed.get(n, 0) >= max(least_group, 1)), default=0)
