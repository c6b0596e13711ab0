"""Targets and duties of the year: what is owed, what is there, and whether it will be enough. R4–R9, R13, R19, R24, R28, R29, R94; G25. Pure.

A duty compares whole numbers as they stood at the end of its day, so a deadline that was missed stays missed. A forecast is honest about what it is:
*pace* goes on as the year went so far (a straight line from 1 January), *booked* adds only persons enrolled in classes that end in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from compliance.subsidy.portfolio import one_in
from storage.kernel.clock import add_months

PERMILLE = 1000


@dataclass(frozen=True, slots=True)
class TargetRule:
    """Figures in force on the day of the question (`reports.yaml`)."""

    target_trained_count: int
    target_skilled_count: int
    target_high_skilled_count: int
    target_skilled_permille: int
    target_certified_count: int
    midyear_due_day: str  # "06-30"
    midyear_least_permille: int
    yearend_due_day: str
    enterprise_least_one_in: int
    order_project_least_one_in: int
    brand_least_count: int
    startup_success_months: int
    startup_success_count: int
    payment_due_day: str


class Standing(StrEnum):
    """How a duty stands. The last two are facts, the others a forecast or a question."""

    ON_PACE = "on-pace"  # the straight line reaches it
    BOOKED = "booked"  # the line does not, but the enrolled would if all complete
    SHORT = "short"  # neither does
    UNKNOWN = "unknown"  # nobody has stated the figure
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Progress:
    """`have` is counted up to the day asked about, or to the duty's last day when that is over; None: nobody knows."""

    have: int | None
    booked: int = 0  # enrolled, not complete, in classes that end no later than the duty's last day


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the duty's last day would show. Whole persons, rounded down."""

    pace: int
    booked: int


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of the watch. `needed` persons (or permille) by the end of `due_on`."""

    key: str
    clause: str
    due_on: date
    needed: int
    progress: Progress
    standing: Standing
    forecast: Forecast | None

    @property
    def missing(self) -> int | None:
        """How many are still wanted; None while nobody knows."""
        return None if self.progress.have is None else max(self.needed - self.progress.have, 0)


def day_of(year: int, month_day: str) -> date:
    """`06-30` of a year. Raises: ValueError — no such day."""
    return date.fromisoformat(f"{year:04d}-{month_day}")


def least(of: int, permille: int) -> int:
    """The smallest whole number that is at least `permille` of `of`."""
    return -(-of * permille // PERMILLE)


def forecast(progress: Progress, *, due_on: date, today: date) -> Forecast | None:
    """Both forecasts, as of the end of `today`; None when there is nothing to forecast from or the day is over."""
    if progress.have is None or today > due_on:
        return None
    first = date(due_on.year, 1, 1)
    if today < first:
        return None
    elapsed, whole = (today - first).days + 1, (due_on - first).days + 1
    return Forecast(pace=progress.have * whole // elapsed, booked=progress.have + progress.booked)


def duty(key: str, clause: str, *, needed: int, progress: Progress, due_on: date, today: date) -> Duty:
    """The duty as it stands on `today`: its last day still counts whole."""
    ahead = forecast(progress, due_on=due_on, today=today)
    return Duty(key, clause, due_on, needed, progress, _standing(needed, progress, ahead, due_on, today), ahead)


def _standing(needed: int, progress: Progress, ahead: Forecast | None, due_on: date, today: date) -> Standing:
    if progress.have is None:
        return Standing.UNKNOWN
    if progress.have >= needed:
        return Standing.MET
    if today > due_on:
        return Standing.MISSED
    if ahead is not None and ahead.pace >= needed:
        return Standing.ON_PACE
    if ahead is not None and ahead.booked >= needed:
        return Standing.BOOKED
    return Standing.SHORT


@dataclass(frozen=True, slots=True)
class Counts:
    """Persons up to a day, over the whole county and year."""

    trained: int
    certified: int
    enterprise: int
    order_project: int
    booked: int = 0
    booked_enterprise: int = 0
    booked_order_project: int = 0
    enterprise_task: int = 0  # of the agreements, less approved reductions


@dataclass(frozen=True, slots=True)
class Stated:
    """What the system cannot count itself and an officer entered with a document; None: nobody did."""

    skilled: int | None = None
    high_skilled: int | None = None
    skilled_total: int | None = None
    employed_total: int | None = None
    brand: int | None = None


@dataclass(frozen=True, slots=True)
class Year:
    """Everything the watch of a year needs: figures as they stood at the end of each deadline, or of today before it."""

    year: int
    midyear: Counts
    yearend: Counts
    stated_midyear: Stated
    stated_yearend: Stated


def duties(found: Year, rule: TargetRule, *, today: date) -> list[Duty]:
    """All duties of the year that count persons, in the order of their days."""
    mid, end = day_of(found.year, rule.midyear_due_day), day_of(found.year, rule.yearend_due_day)
    half = rule.midyear_least_permille
    at_end, stated = found.yearend, found.stated_yearend
    rest = max(rule.target_trained_count - at_end.enterprise_task, 0)
    made = [
        ("trained-midyear", "R8", mid, least(rule.target_trained_count, half), Progress(found.midyear.trained, found.midyear.booked)),
        ("certified-midyear", "R8", mid, least(rule.target_certified_count, half), Progress(found.midyear.certified, found.midyear.booked)),
        ("trained", "R4, R9", end, rule.target_trained_count, Progress(at_end.trained, at_end.booked)),
        ("certified", "R9", end, rule.target_certified_count, Progress(at_end.certified, at_end.booked)),
        ("skilled", "R5", end, rule.target_skilled_count, Progress(stated.skilled)),
        ("high-skilled", "R6", end, rule.target_high_skilled_count, Progress(stated.high_skilled)),
        ("skilled-share", "R7", end, rule.target_skilled_permille, Progress(share_permille(stated.skilled_total, stated.employed_total))),
        (
            "enterprise",
            "R13",
            end,
            one_in(rule.target_trained_count, rule.enterprise_least_one_in),
            Progress(at_end.enterprise, at_end.booked_enterprise),
        ),
        ("order-project", "R24", end, one_in(rest, rule.order_project_least_one_in), Progress(at_end.order_project, at_end.booked_order_project)),
        ("brand", "R29", end, rule.brand_least_count, Progress(stated.brand)),
    ]
    lines = [duty(key, clause, needed=needed, progress=progress, due_on=on, today=today) for key, clause, on, needed, progress in made]
    return [_of_a_state(line) if line.key == "skilled-share" else line for line in lines]


def _of_a_state(line: Duty) -> Duty:
    """A share is a state, not a flow: it has no pace, so before its day it is met or short."""
    standing = Standing.SHORT if line.standing in (Standing.ON_PACE, Standing.BOOKED) else line.standing
    return Duty(line.key, line.clause, line.due_on, line.needed, line.progress, standing, None)


def share_permille(part: int | None, of: int | None) -> int | None:
    """Rounded down, so that 31.99 % is never shown as 32 %; None while either is unknown."""
    return None if part is None or not of else part * PERMILLE // of


class StartupStanding(StrEnum):
    OPEN = "open"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Startup:
    """A start-up class: `deadline_on` is the last day on which a licence counts."""

    deadline_on: date
    successes: int
    standing: StartupStanding


def startup(ends_on: date, licensed_on: Sequence[date], rule: TargetRule, *, today: date) -> Startup:
    """R28: a verified business licence dated no later than the same day some months after the end. A licence from before the end counts too."""
    deadline = add_months(ends_on, rule.startup_success_months)
    successes = sum(day <= min(deadline, today) for day in licensed_on)
    if successes >= rule.startup_success_count:
        return Startup(deadline, successes, StartupStanding.MET)
    return Startup(deadline, successes, StartupStanding.OPEN if today <= deadline else StartupStanding.MISSED)


def payment_due_on(year: int, rule: TargetRule) -> date:
    """R94: subsidies of a year are paid by this day of the following one."""
    return day_of(year + 1, rule.payment_due_day)


@dataclass(frozen=True, slots=True)
class Payments:
    """Yuan owed and paid for the classes of a year. `waiting`: ended classes that nobody has claimed and that may be worth something."""

    owed: int
    paid: int
    waiting: int = 0


def payment_duty(year: int, payments: Payments | None, rule: TargetRule, *, today: date) -> Duty:
    """R94, in yuan. Unknown while no class has ended; never met while a class waits to be claimed."""
    due_on = payment_due_on(year, rule)
    if payments is None:
        return Duty("payments", "R94", due_on, 0, Progress(None), Standing.UNKNOWN, None)
    standing = Standing.MET if payments.paid >= payments.owed and not payments.waiting else Standing.MISSED if today > due_on else Standing.SHORT
    return Duty("payments", "R94", due_on, payments.owed, Progress(payments.paid), standing, None)
