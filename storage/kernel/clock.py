"""The only source of time. Rules receive a `Clock`, never read the system's.

`_at` names an aware UTC instant, `_on` a local date in the bureau's time zone.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

BUREAU_ZONE: Final = ZoneInfo("Asia/Shanghai")


def _system_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Says what instant it is; tests hand in a fixed one."""

    read: Callable[[], datetime] = _system_now

    def now_at(self) -> datetime:
        """Aware UTC instant."""
        return self.read()

    def today_on(self) -> date:
        """Date at the bureau (Asia/Shanghai)."""
        return local_date(self.read())


def local_date(instant: datetime) -> date:
    """Date of an instant at the bureau."""
    return instant.astimezone(BUREAU_ZONE).date()


def local_instant(instant: datetime) -> datetime:
    """The same instant shown in the bureau's time zone."""
    return instant.astimezone(BUREAU_ZONE)


def require_aware(instant: datetime, name: str) -> datetime:
    """Refuse a naive datetime: a time without a zone proves nothing."""
    if instant.tzinfo is None:
        msg = f"{name} has no time zone"
        raise ValueError(msg)
    return instant.astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day some months later; where that month is too short, its last day (31 August + 6 months is the last of February)."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return day.replace(year=year, month=month, day=min(day.day, monthrange(year, month)[1]))


def add_years(day: date, years: int, leap_day_rule: str) -> date:
    """The same day some years later. 29 February by `leap_day_rule`: `next-day` (1 March) or `last-day` (28 February)."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1) if leap_day_rule == "next-day" else date(day.year + years, 2, 28)
