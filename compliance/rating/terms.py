"""How long an information item (信用信息) is published, and from when it can be repaired. R65; domain.md 2.1. Pure.

Two rule sets, each in force by day: Order 58 (from 2023-05-01) and Order 36 (from 2026-04-01). A decision uses the one of its day; a later, milder
one shortens what an earlier one began and never lengthens it (ADR 0086). Months are counted from the day of the decision.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from storage.kernel.clock import add_months


class ItemClass(StrEnum):
    """How grave it is; a named person classifies."""

    MINOR = "minor"  # 轻微
    GENERAL = "general"  # 一般
    SERIOUS = "serious"  # 严重


@dataclass(frozen=True, slots=True)
class ItemRule:
    """The rule set in force on a day (`credit_items.yaml`)."""

    item_rule_set: str
    item_minor_published: int  # 0: only when necessary, with a reason
    item_minor_least_months: int
    item_minor_most_months: int
    item_general_least_months: int
    item_general_most_months: int
    item_serious_least_months: int
    item_serious_most_months: int
    item_safety_least_months: int
    item_objection_working_days: int
    item_acceptance_working_days: int
    item_verification_working_days: int


@dataclass(frozen=True, slots=True)
class Terms:
    """`repairable_on`: first day on which repair may be applied for. `ends_on`: first day without publication, whatever happens."""

    rule_set: str
    repairable_on: date
    ends_on: date


def terms(kind: ItemClass, decided_on: date, rule: ItemRule, *, safety: bool) -> Terms:
    """The terms that a decision of `decided_on` gets under `rule`. `safety`: the fields for which Order 58 sets a longer minimum."""
    least, most = {
        ItemClass.MINOR: (rule.item_minor_least_months, rule.item_minor_most_months),
        ItemClass.GENERAL: (rule.item_general_least_months, rule.item_general_most_months),
        ItemClass.SERIOUS: (rule.item_serious_least_months, rule.item_serious_most_months),
    }[kind]
    if safety:
        least = max(least, rule.item_safety_least_months)
    return Terms(rule.item_rule_set, add_months(decided_on, min(least, most)), add_months(decided_on, most))


def milder(first: Terms, later: Terms) -> Terms:
    """What holds when an item of one rule set lives on under another: of each day the earlier."""
    return Terms(later.rule_set, min(first.repairable_on, later.repairable_on), min(first.ends_on, later.ends_on))


def is_published(kind: ItemClass, rule: ItemRule, *, necessary: bool) -> bool:
    """Whether it may be published at all: a minor one under Order 36 only when a named person says why it is necessary."""
    return kind is not ItemClass.MINOR or bool(rule.item_minor_published) or necessary


def may_apply(on: date, held: Terms) -> bool:
    """Whether repair may be applied for on a day."""
    return on >= held.repairable_on


def is_over(on: date, held: Terms) -> bool:
    """Whether the longest publication has ended by a day."""
    return on >= held.ends_on
