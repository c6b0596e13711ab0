"""What a trainee's payable days are worth. R12, R16–R18. Pure: days and a category in, lines of whole yuan out; the lines always make the total.

Which days are payable is `days.py`; the whole class is `assessment.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class Programme(StrEnum):
    """Categories as the tariff knows them; the values are those of `supervision.classes.models.Category`."""

    ENTERPRISE = "enterprise"
    ORDER = "order"
    PROJECT = "project"
    UNIVERSAL = "universal"
    STARTUP = "startup"


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """The tariff and the conditions in force on a day (`subsidy.yaml`). Lists of words are separated by commas."""

    enterprise_person_yuan: int
    enterprise_attended_permille: int
    order_first_days: int
    order_first_day_yuan: int
    order_later_day_yuan: int
    order_cap_yuan: int
    order_employment_permille: int
    order_employment_denominator: str
    universal_day_yuan: int
    universal_cap_yuan: int
    startup_rate: str
    subsidy_gates: str
    waived_gates: str
    archive_papers: str
    curriculum_topics: str
    day_covered_permille: int
    day_attended_permille: int
    explained_time_counts: int
    every_camera_needed: int
    subsidy_needs_completion: int
    same_programme_once_a_year: int
    incomplete_class_pays_proven_days: int


@dataclass(frozen=True, slots=True)
class Day:
    """One training day of one trainee: payable, or why not (codes of `days.WHY_NOT`)."""

    on: date
    refused: tuple[str, ...] = ()

    @property
    def is_payable(self) -> bool:
        return not self.refused


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the reckoning. `on` None: a sum for the person, not for a day. `why` says by which rule, or why nothing is paid."""

    on: date | None
    yuan: int
    why: tuple[str, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Reckoning:
    """One trainee. `tariff` is the one applied: enterprise, order, universal, none."""

    tariff: str
    lines: tuple[Line, ...]
    payable_days: int

    @property
    def total_yuan(self) -> int:
        return sum(line.yuan for line in self.lines)


NO_RECORD: Final = "R84"


def words(listed: str) -> tuple[str, ...]:
    """The words of a list parameter."""
    return tuple(word.strip() for word in listed.split(",") if word.strip())


def tariff_of(programme: Programme, *, rate_reached: bool, rule: SubsidyRule) -> str:
    """Order and project training falls back to the universal rate when too few found work (R16, R17)."""
    if programme is Programme.ENTERPRISE:
        return "enterprise"
    if programme in (Programme.ORDER, Programme.PROJECT):
        return "order" if rate_reached else "universal"
    if programme is Programme.STARTUP:
        return "universal" if rule.startup_rate == "universal" else "none"
    return "universal"


def reckon(programme: Programme, days: Sequence[Day], *, rate_reached: bool, rule: SubsidyRule) -> Reckoning:
    """The days of one trainee, in the order of the calendar, priced. A day more that is payable never lowers the sum."""
    tariff = tariff_of(programme, rate_reached=rate_reached, rule=rule)
    ordered = sorted(days, key=lambda day: day.on)
    payable = sum(day.is_payable for day in ordered)
    if tariff == "enterprise":
        return Reckoning(tariff, _lump(ordered, payable, rule), payable)
    if tariff == "none":
        return Reckoning(tariff, tuple(Line(day.on, 0, day.refused or ("no-tariff",), "R20") for day in ordered), payable)
    lines: list[Line] = []
    paid, number = 0, 0
    cap = rule.order_cap_yuan if tariff == "order" else rule.universal_cap_yuan
    clause = "R16" if tariff == "order" else "R17" if programme in (Programme.ORDER, Programme.PROJECT) else "R18"
    for day in ordered:
        if not day.is_payable:
            lines.append(Line(day.on, 0, day.refused, NO_RECORD))
            continue
        number += 1
        rate, why = _day_rate(tariff, number, rule)
        yuan = min(rate, cap - paid)
        paid += yuan
        lines.append(Line(day.on, yuan, (why,) if yuan == rate else ("cap-reached",) if yuan == 0 else (why, "cap-reached"), clause))
    return Reckoning(tariff, tuple(lines), payable)


def _day_rate(tariff: str, number: int, rule: SubsidyRule) -> tuple[int, str]:
    if tariff == "universal":
        return rule.universal_day_yuan, "universal-day"
    if number <= rule.order_first_days:
        return rule.order_first_day_yuan, "order-first-day"
    return rule.order_later_day_yuan, "order-later-day"


def _lump(days: Sequence[Day], payable: int, rule: SubsidyRule) -> tuple[Line, ...]:
    enough = payable > 0 and payable * 1000 >= rule.enterprise_attended_permille * len(days)
    missed = tuple(Line(day.on, 0, day.refused or ("counted",), NO_RECORD if day.refused else "R12") for day in days)
    sum_ = Line(None, rule.enterprise_person_yuan if enough else 0, ("enterprise-person",) if enough else ("too-few-days",), "R12")
    return (*missed, sum_)
