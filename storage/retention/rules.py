"""How long a recording must be kept. R73; Q2 of domain.md. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from storage.kernel.clock import BUREAU_ZONE, add_years, local_date


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Figures in force. `leap_day_rule`: `next-day` (29 Feb → 1 Mar, never shorter than the term) or `last-day` (→ 28 Feb)."""

    retention_years: int
    leap_day_rule: str


def retain_until(rule: RetentionRule, *, recorded_end_at: datetime, class_ends_on: date | None, subsidy_paid_on: date | None = None) -> datetime:
    """The first instant at which destruction may be considered.

    `max(recorded end, class end, subsidy paid when known) + retention_years` calendar years, counted in whole days at the bureau: the day
    itself is kept to its last second, so the answer is midnight (Asia/Shanghai) after it. A longer term is always allowed, a shorter one never.
    """
    last_day = local_date(recorded_end_at)
    last_day = max(day for day in (last_day, class_ends_on, subsidy_paid_on) if day is not None)
    final_day = add_years(last_day, rule.retention_years, rule.leap_day_rule)
    return datetime.combine(final_day + timedelta(days=1), time(), BUREAU_ZONE).astimezone(UTC)
