"""Figures of a review and what must have been watched. domain.md 2.3.2 (REVIEWING); R55. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.workdays import add_working_days

PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """Figures in force. `clip_seconds` 0 = the whole proven lesson; `watch_permille` = share of the drawn stretch to be played;
    `clean_second_look_permille` = share of lessons looked at again although nothing was found; `planted_permille` = known items per drawn lesson,
    at most; `cooling_off_years` = how long an earlier post bars from judging.
    """

    clip_seconds: int
    watch_permille: int
    review_working_days: int
    clean_second_look_permille: int
    planted_permille: int
    cooling_off_years: int


@dataclass(frozen=True, slots=True)
class ReviewClock:
    """Figures in force for the end of a review."""

    review_working_days: int
    office_closes_hour: int


def review_due(given_on: date, rule: ReviewClock) -> datetime:
    """When offices close on the last working day allowed for a review given on that day."""
    return datetime.combine(add_working_days(given_on, rule.review_working_days), time(rule.office_closes_hour), BUREAU_ZONE)


def required_watch_s(drawn_ms: int, watch_permille: int) -> int:
    """Whole seconds of wall-clock time of the lesson that must have been seen, rounded down; cameras side by side count once."""
    return drawn_ms * watch_permille // PERMILLE // 1000
