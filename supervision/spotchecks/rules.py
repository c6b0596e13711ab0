"""Figures of a review and what must have been watched. domain.md 2.3.2 (REVIEWING); R55. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.workdays import add_working_days
from supervision.sampling.strata import PROBATION

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
    depth_tier_c_permille: int
    depth_tier_d_permille: int

    def clip_s(self, tier: str) -> int:
        """How much of a drawn lesson is looked at (R66): more where the tier is low or the institution is on probation; 0 stays the whole lesson."""
        depth = {"C": self.depth_tier_c_permille, "D": self.depth_tier_d_permille, PROBATION: self.depth_tier_d_permille}
        return self.clip_seconds * depth.get(tier, PERMILLE) // PERMILLE


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
