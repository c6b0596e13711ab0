"""The cases of `cases/subsidy.yaml` against the pure rules, with the policy in force on the day of each case. R12–R28, R71–R94."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from compliance.policy.book import Book
from compliance.subsidy.assessment import ClassFacts, OtherClass, assess
from compliance.subsidy.deadlines import DeadlineRule, payment_duty, startup_duty
from compliance.subsidy.portfolio import Planned, PortfolioRule, check
from compliance.subsidy.rules import Programme, SubsidyRule
from tests.policy.cases import FOLDER, Case, cases, load
from tests.unit.compliance.subsidy.class_of import FIRST, NOW, class_of, lesson, sign, trainee

Facts = Mapping[str, Any]  # Any: as the legal officer wrote it
BOOK = Book.load()


def assessed(facts: ClassFacts, on: date, *, held: bool = True) -> Any:  # Any: an Assessment
    now = NOW if held else lesson(0).span.start_at
    return assess(facts, BOOK.read(SubsidyRule, on=on), now=now, on=now.date())


def amount(facts: Facts, on: date) -> Facts:
    days, missed = facts["days"], facts.get("missed", 0)
    lessons = tuple(lesson(n, covered=0 if n < missed else 1000) for n in range(days))
    made = class_of(
        days,
        programme=Programme(facts["programme"]),
        lessons=lessons,
        trainees=(trainee(1, lessons),),
        employed=facts["employed"],
        counted=facts["counted"],
    )
    return {"yuan": assessed(made, on).total_yuan}


def a_day(facts: Facts, on: date) -> Facts:
    one = lesson(0, covered=facts.get("covered", 1000), explained=facts.get("explained", 0), place=facts.get("place", True))
    signs = {
        "none": {},
        "in-only": {one.natural_id: sign(one, out=False)},
        "both": {one.natural_id: sign(one, minutes_late=facts.get("late", 0))},
    }[facts.get("signed", "both")]
    made = class_of(
        1, lessons=(one,), trainees=(trainee(1, (one,), signs=signs, result=facts.get("result", "passed")),), waived=facts.get("waived", False)
    )
    if not facts.get("approved", True):
        made = replace(made, approved_until=FIRST - timedelta(days=1))
    if "archive" in facts:
        made = replace(made, archived=made.archived - {facts["archive"]})
    (line,) = assessed(made, on, held=facts.get("held", True)).people[0].reckoning.lines
    return {"yuan": line.yuan, "why": line.why[0]}


def double(facts: Facts, on: date) -> Facts:
    other = OtherClass(
        code=facts.get("other_code", "K0"),
        programme=Programme.UNIVERSAL if facts.get("same") else Programme.ORDER,
        year=facts.get("other_year", 2026),
        starts_on=FIRST + timedelta(days=facts["other_starts"]),
        ends_on=FIRST + timedelta(days=facts["other_ends"]),
        cited=facts.get("other_cited", False),
    )
    lessons = tuple(lesson(n) for n in range(10))
    return {"paid": assessed(class_of(10, trainees=(trainee(1, lessons, others=(other,)),)), on).total_yuan > 0}


def portfolio(facts: Facts, on: date) -> Facts:
    classes = [Planned(f"K{n}", Programme.UNIVERSAL, days, 1) for n, days in enumerate(facts.get("days", []))]
    programme = {"enterprise-share": Programme.ENTERPRISE, "order-share": Programme.PROJECT}.get(facts["check"])
    if programme is not None:
        classes.append(Planned("P", programme, 10, facts["trained"]))
    found = check(classes, task=facts.get("task", 0), enterprise_task=facts.get("enterprise_task", 0), rule=BOOK.read(PortfolioRule, on=on))
    return {"met": next(one.met for one in found if one.code == facts["check"])}


def payment(facts: Facts, on: date) -> Facts:
    duty = payment_duty(facts["year"], paid=facts["paid"], on=on, rule=BOOK.read(DeadlineRule, on=on))
    return {"standing": duty.standing.value, "days_left": duty.days_left}


def startup(facts: Facts, on: date) -> Facts:
    licences = [facts["licence"]] if "licence" in facts else []
    return {"standing": startup_duty(facts["ended"], licences, on=on, rule=BOOK.read(DeadlineRule, on=on)).standing.value}


RUN: Mapping[str, Callable[[Facts, date], Facts]] = {
    "amount": amount,
    "day": a_day,
    "double": double,
    "portfolio": portfolio,
    "payment": payment,
    "startup": startup,
}


@cases("subsidy")
def test_the_rules_decide_the_case_as_written(case: Case) -> None:
    case.check(**RUN[case.facts["about"]](case.facts, case.on))


def test_there_are_enough_cases() -> None:
    assert len(load(FOLDER / "subsidy.yaml")) >= 60
