"""Geometry of a coverage bar: a scheduled span with its proven, explained and missing parts. R71.

Pure; the picture and its table share these numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.kernel.span import Span, intersect, subtract, total_seconds

Kind = Literal["proven", "explained", "missing"]
WIDTH_UNITS = 1000  # width of the drawing; the browser scales it


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch. `x`, `width` in drawing units, clipped to the scheduled span."""

    kind: Kind
    start_at: datetime
    end_at: datetime
    seconds: float
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class CoverageBar:
    """`parts` in order of time, without holes or overlaps; `*_s` are their sums."""

    start_at: datetime
    end_at: datetime
    parts: tuple[Part, ...]
    scheduled_s: float
    proven_s: float
    explained_s: float
    missing_s: float

    @property
    def proven_ratio(self) -> float:
        return self.proven_s / self.scheduled_s


def coverage_bar(scheduled: Span, proven: Sequence[Span], explained: Sequence[Span] = ()) -> CoverageBar:
    """Split `scheduled`. What is proven is not explained too; what is neither is missing."""
    shown = intersect([scheduled], proven)
    excused = subtract(intersect([scheduled], explained), shown)
    rest = subtract([scheduled], [*shown, *excused])
    scale = WIDTH_UNITS / scheduled.seconds
    kinds: tuple[tuple[Kind, list[Span]], ...] = (("proven", shown), ("explained", excused), ("missing", rest))
    parts = [
        Part(kind, s.start_at, s.end_at, s.seconds, round((s.start_at - scheduled.start_at).total_seconds() * scale, 3), round(s.seconds * scale, 3))
        for kind, spans in kinds
        for s in spans
    ]
    parts.sort(key=lambda part: part.start_at)
    return CoverageBar(
        start_at=scheduled.start_at,
        end_at=scheduled.end_at,
        parts=tuple(parts),
        scheduled_s=scheduled.seconds,
        proven_s=total_seconds(shown),
        explained_s=total_seconds(excused),
        missing_s=total_seconds(rest),
    )
