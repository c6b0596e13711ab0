"""Geometry of the rating's pictures: stacked contributions and the history line. UI.md (Rating, Plots). Pure; the same numbers stand in a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from compliance.rating.rules import FULL_MARK, RatingRule

WIDTH: Final = 1000
STEP: Final = 100


@dataclass(frozen=True, slots=True)
class Part:
    """`x`, `width` on a bar of 1000 units; `code` empty for what is left."""

    x: float
    width: float
    code: str
    points: int


@dataclass(frozen=True, slots=True)
class Contributions:
    """From `least` points at the left to the full mark at the right; ticks as (x, points, tier that begins there or empty)."""

    least: int
    parts: tuple[Part, ...]
    ticks: tuple[tuple[float, int, str], ...]


def contributions(score: int, reasons: Sequence[Mapping[str, Any]], rule: RatingRule) -> Contributions:  # Any: rules.Reason.plain()
    """What is left of the full mark, then each thing that was taken, the heaviest first."""
    least = max(0, (min(score, rule.tier_c_points) - STEP // 2) // STEP * STEP)

    def place(points: int) -> float:
        return round((max(least, min(FULL_MARK, points)) - least) * WIDTH / (FULL_MARK - least), 1)

    parts = [Part(0.0, place(score), "", score)]
    at = score
    for reason in sorted((one for one in reasons if one["points"] < 0), key=lambda one: one["points"]):
        end = min(FULL_MARK, at - reason["points"])
        if end > at:
            parts.append(Part(place(at), round(place(end) - place(at), 1), reason["code"], reason["points"]))
        at = end
    tiers = {rule.tier_a_points: "A", rule.tier_b_points: "B", rule.tier_c_points: "C"}
    marks = sorted({least, FULL_MARK, *tiers})
    return Contributions(least, tuple(parts), tuple((place(mark), mark, tiers.get(mark, "")) for mark in marks))


@dataclass(frozen=True, slots=True)
class History:
    """`points` as an SVG polyline wants them; dots as (x, y, label, score, tier); limits as (y, tier)."""

    points: str
    dots: tuple[tuple[float, float, str, int, str], ...]
    limits: tuple[tuple[float, str], ...]


HEIGHT: Final = 160
LEFT: Final = 40
LOWEST: Final = 800


def history(rows: Sequence[tuple[str, int, str]], rule: RatingRule) -> History:
    """`rows` (label, score, tier), oldest first, evenly spaced; what lies under 800 points is drawn at the foot."""

    def up(score: int) -> float:
        return round(12 + (FULL_MARK - max(LOWEST, score)) * (HEIGHT - 40) / (FULL_MARK - LOWEST), 1)

    gap = (WIDTH / 2 - LEFT * 2) / max(1, len(rows) - 1)
    dots = tuple((round(LEFT + gap * place + (gap / 2 if len(rows) == 1 else 0), 1), up(row[1]), *row) for place, row in enumerate(rows))
    limits = ((up(rule.tier_a_points), "A"), (up(rule.tier_b_points), "B"), (up(rule.tier_c_points), "C"))
    return History(" ".join(f"{x},{y}" for x, y, *_ in dots), dots, limits)
