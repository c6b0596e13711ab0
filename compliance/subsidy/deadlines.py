"""The days that subsidies are watched by: paid by 31 March of the following year; a start-up success within six months. R27, R28, R94. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from storage.kernel.clock import add_months


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """By when (`reports.yaml`), and how long before it is pointed out (`subsidy.yaml`)."""

    payment_due_day: str  # month-day
    payment_warning_days: int
    startup_success_months: int
    startup_success_count: int


class Standing(StrEnum):
    """How a duty stands on a day."""

    DONE = "done"
    OPEN = "open"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Duty:
    """`days_left` counts whole days after today up to and including the last; negative once it is over."""

    last_on: date
    days_left: int
    standing: Standing


def payment_last_day(year: int, rule: DeadlineRule) -> date:
    """The last day on which the classes of a programme year are paid: 31 March of the following one (R94)."""
    month, day = (int(part) for part in rule.payment_due_day.split("-"))
    return date(year + 1, month, day)


def payment_duty(year: int, *, paid: bool, on: date, rule: DeadlineRule) -> Duty:
    """Paid or not: the last day itself is still in time."""
    last = payment_last_day(year, rule)
    left = (last - on).days
    if paid:
        return Duty(last, left, Standing.DONE)
    return Duty(last, left, Standing.LATE if left < 0 else Standing.SOON if left <= rule.payment_warning_days else Standing.OPEN)


def startup_duty(ended_on: date, licences: Sequence[date], *, on: date, rule: DeadlineRule) -> Duty:
    """A start-up class has its success when enough licences are dated within the months after its end (R28)."""
    last = add_months(ended_on, rule.startup_success_months)
    left = (last - on).days
    if sum(licence <= last for licence in licences) >= rule.startup_success_count:
        return Duty(last, left, Standing.DONE)
    return Duty(last, left, Standing.LATE if left < 0 else Standing.OPEN)
