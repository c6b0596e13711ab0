"""The two-week periods of the progress dispatch (双周调度) and the day by which each is reported. R98, R99; G25. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from storage.kernel.workdays import add_working_days


@dataclass(frozen=True, slots=True)
class ReportRule:
    """Figures in force."""

    report_first_day: str  # first day of period 1, ISO
    report_period_days: int
    report_working_days: int  # after the period's last day


@dataclass(frozen=True, slots=True)
class Period:
    """`[starts_on, ends_on]`, both included; `due_on` is the last day on which its report is in time."""

    number: int
    starts_on: date
    ends_on: date
    due_on: date


class ReportStanding(StrEnum):
    RUNNING = "running"  # the period is not over
    DUE = "due"
    LATE = "late"
    SIGNED = "signed"
    SIGNED_LATE = "signed-late"


def period(number: int, rule: ReportRule) -> Period:
    """Period `number`, from 1."""
    starts_on = date.fromisoformat(rule.report_first_day) + timedelta(days=(number - 1) * rule.report_period_days)
    ends_on = starts_on + timedelta(days=rule.report_period_days - 1)
    return Period(number, starts_on, ends_on, add_working_days(ends_on, rule.report_working_days))


def period_of(day: date, rule: ReportRule) -> Period:
    """The period a day lies in. Raises: ValueError — before the first."""
    number = (day - date.fromisoformat(rule.report_first_day)).days // rule.report_period_days + 1
    if number < 1:
        msg = f"{day.isoformat()} is before the first period"
        raise ValueError(msg)
    return period(number, rule)


def ended_periods(since: date, today: date, rule: ReportRule) -> Iterator[Period]:
    """Periods that ended in `[since, today)`, newest first."""
    number = period_of(today, rule).number - 1
    while number >= 1:
        found = period(number, rule)
        if found.ends_on < since:
            return
        yield found
        number -= 1


def standing(found: Period, *, signed_on: date | None, today: date) -> ReportStanding:
    """How the report of a period stands: its last day still counts whole."""
    if signed_on is not None:
        return ReportStanding.SIGNED if signed_on <= found.due_on else ReportStanding.SIGNED_LATE
    if today <= found.ends_on:
        return ReportStanding.RUNNING
    return ReportStanding.DUE if today <= found.due_on else ReportStanding.LATE
