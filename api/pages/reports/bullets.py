"""A target as a bullet bar: what is there, what is booked, and the marks of 30 June and 30 November. UI.md (Plots). Pure geometry.

The axis runs from nothing to the target; more than the target ends at the edge. The same numbers stand beside it as text.
"""

from dataclasses import dataclass
from typing import Final

from compliance.reports.rules import Duty

WIDTH: Final = 240
EDGE: Final = 2


@dataclass(frozen=True, slots=True)
class Bullet:
    """Drawing units: `have` and `booked` are widths from the left edge, `half` and `whole` the places of the two marks (None: no such mark)."""

    have: float
    booked: float
    half: float | None
    whole: float


def bullet(line: Duty, *, half: int | None = None) -> Bullet | None:
    """`half`: what was owed at the half-year on the same axis. None while nobody knows the figure."""
    if line.progress.have is None or line.needed <= 0:
        return None
    have = line.progress.have
    return Bullet(
        have=_place(have, line.needed),
        booked=_place(have + line.progress.booked, line.needed),
        half=None if half is None else _place(half, line.needed),
        whole=_place(line.needed, line.needed),
    )


def _place(value: int, needed: int) -> float:
    return round((WIDTH - 2 * EDGE) * min(value / needed, 1.0), 1)
