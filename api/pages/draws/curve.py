"""What the sample of a round finds, and what a five-per-cent sample would have found: a curve over the share of bad lessons. R55; UI.md. Pure.

Picture and table share these numbers, rounded down to a permille: exact (hypergeometric) for one stratum; for several the chance where the bad
lessons are hardest to find.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from supervision.sampling.draw import PERMILLE, detection_permille
from supervision.sampling.strata import found_ratio

WIDTH, HEIGHT = 600, 220
LEFT, RIGHT, BOTTOM = 50, 26, 30
MOST_PERMILLE: Final = 300  # beyond that even small samples find something
STEPS: Final = 30
TOLD_PERMILLE: Final = (10, 20, 50, 100, 200, 300)
COMPARED_PERMILLE: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """`points` as an SVG polyline wants them; `at` = share of bad lessons → chance to find at least one, both in permille."""

    sampled: int
    points: str
    at: dict[int, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """The round's own line and that of a 5 % sample of the same list; ticks as (position, permille)."""

    own: Line
    compared: Line
    across: tuple[tuple[float, int], ...]
    up: tuple[tuple[float, int], ...]
    shares: tuple[int, ...]


def curve(counts: Sequence[int], sizes: Sequence[int]) -> Curve:
    """For strata of `counts` lessons of which `sizes` are looked at."""
    frame_count = sum(counts)
    few = max(1, -(-frame_count * COMPARED_PERMILLE // PERMILLE))
    return Curve(
        own=_line(counts, sizes),
        compared=_line([frame_count], [few]),
        across=tuple((_x(share), share) for share in range(0, MOST_PERMILLE + 1, 50)),
        up=tuple((_y(chance), chance) for chance in range(0, PERMILLE + 1, 250)),
        shares=TOLD_PERMILLE,
    )


def _line(counts: Sequence[int], sizes: Sequence[int]) -> Line:
    frame_count, sampled = sum(counts), sum(sizes)

    def chance(share_permille: int) -> int:
        bad = min(-(-frame_count * share_permille // PERMILLE), frame_count)
        if not bad or len(counts) == 1:
            return detection_permille(frame_count, sampled, bad) if bad else 0
        return int(found_ratio(counts, sizes, bad) * PERMILLE)

    shares = [MOST_PERMILLE * n // STEPS for n in range(STEPS + 1)]
    points = " ".join(f"{_x(share):.1f},{_y(chance(share)):.1f}" for share in shares)
    return Line(sampled, points, {share: chance(share) for share in TOLD_PERMILLE})


def _x(share_permille: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share_permille / MOST_PERMILLE


def _y(chance_permille: int) -> float:
    return (HEIGHT - BOTTOM) - (HEIGHT - BOTTOM - 10) * chance_permille / PERMILLE
