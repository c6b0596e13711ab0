"""How the year's classes are made up: not all universal classes at the cap, enough enterprise and order training. R13, R19, R24; F-22. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from compliance.subsidy.rules import Programme


@dataclass(frozen=True, slots=True)
class PortfolioRule:
    """The county's task, the shares of it (`reports.yaml`), and the tariff that makes the cap (`subsidy.yaml`)."""

    target_trained_count: int

    enterprise_least_one_in: int
    order_project_least_one_in: int
    portfolio_least_count: int
    universal_day_yuan: int
    universal_cap_yuan: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One class of the year: how many days its timetable has."""

    code: str
    programme: Programme
    days: int
    trained: int


@dataclass(frozen=True, slots=True)
class Check:
    """One share. `value` against `limit` persons or classes; `met` None while nothing can be said yet. `among`: the classes it is about."""

    code: str
    clause: str
    value: int
    limit: int
    met: bool | None
    among: tuple[str, ...] = ()


def check(classes: Sequence[Planned], *, task: int, enterprise_task: int, rule: PortfolioRule) -> tuple[Check, ...]:
    """`task`: persons of all agreements of the year, `enterprise_task` those of enterprise agreements. Persons are those who completed."""
    return (
        _enterprise(classes, task, rule),
        _order(classes, task - enterprise_task, rule),
        not_all_at_the_cap(classes, rule),
    )


def not_all_at_the_cap(classes: Sequence[Planned], rule: PortfolioRule) -> Check:
    """普惠制培训不得全部按照顶额安排培训. `value` classes at the cap, of at most `limit` that may be."""
    universal = [one for one in classes if one.programme is Programme.UNIVERSAL and one.days > 0]
    capped = tuple(one.code for one in universal if one.days * rule.universal_day_yuan >= rule.universal_cap_yuan)
    met = None if len(universal) < rule.portfolio_least_count else len(capped) < len(universal)
    return Check("universal-not-all-at-cap", "R19", len(capped), max(len(universal) - 1, 0), met, capped)


def _enterprise(classes: Sequence[Planned], task: int, rule: PortfolioRule) -> Check:
    trained = sum(one.trained for one in classes if one.programme is Programme.ENTERPRISE)
    met = None if task <= 0 else trained * rule.enterprise_least_one_in >= task
    return Check("enterprise-share", "R13", trained, one_in(task, rule.enterprise_least_one_in), met)


def _order(classes: Sequence[Planned], task: int, rule: PortfolioRule) -> Check:
    trained = sum(one.trained for one in classes if one.programme in (Programme.ORDER, Programme.PROJECT))
    met = None if task <= 0 else trained * rule.order_project_least_one_in >= task
    return Check("order-share", "R24", trained, one_in(task, rule.order_project_least_one_in), met)


def one_in(task: int, parts: int) -> int:
    """The smallest whole number that is at least one in `parts` of a task: 334 of 1000 for a third."""
    return -(-max(task, 0) // parts)
