"""A value with its interval as a small bar on a fixed axis. UI.md (Plots). Pure geometry; the numbers stand beside it as text."""

from dataclasses import dataclass

from supervision.spotchecks.agreement import Interval

WIDTH = 120
EDGE = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """`x`, `width` of the interval, `at` of the value, `zero` of the axis' zero; drawing units."""

    x: float
    width: float
    at: float
    zero: float


def bar(interval: Interval | None, *, least: float = 0.0, most: float = 1.0) -> Bar | None:
    """On the axis from `least` to `most`; None without an interval."""
    if interval is None:
        return None

    def place(value: float) -> float:
        return round(EDGE + (value - least) / (most - least) * (WIDTH - 2 * EDGE), 1)

    return Bar(place(interval.low), round(max(place(interval.high) - place(interval.low), 1.0), 1), place(interval.value), place(0.0))
