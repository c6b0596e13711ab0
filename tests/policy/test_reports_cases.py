"""The targets and deadlines of the county document, case by case, with the figures in force on the day of the question. G25."""

from datetime import date
from typing import Any

from api.pages.reports.multiples import DashboardRule
from compliance.reports.periods import ReportRule, period_of, standing
from compliance.reports.rules import Counts, Payments, Stated, TargetRule, Year, duties, payment_duty, startup
from compliance.reports.watch import Task, WatchRule, finders, matrix
from tests.policy.cases import FOLDER, Case, cases, load, local


def outcome(case: Case) -> dict[str, object]:
    facts, on, rule = dict(case.facts), case.on, case.rule(TargetRule)
    if "lesson_on" in facts:
        return {"counted": case.rule(DashboardRule).first_on(on) <= facts["lesson_on"] <= on}
    if "happened" in facts:
        return {"looked_at": local(facts["happened"]) >= case.rule(WatchRule).since(local(facts["now"]))}
    if "times" in facts:
        return of_chance(facts, case.rule(WatchRule))
    if "duty" in facts:
        return of_duty(facts, rule, on)
    if "startup_ended" in facts:
        found = startup(facts["startup_ended"], facts["licensed"], rule, today=on)
        return {"startup": found.standing.value, "deadline": found.deadline_on}
    if "owed" in facts:
        payments = None if facts["owed"] is None else Payments(facts["owed"], facts["paid"], facts.get("waiting", 0))
        due = payment_duty(2026, payments, rule, today=on)
        return {"payment": due.standing.value, "deadline": due.due_on}
    period = period_of(facts["period_of"], case.rule(ReportRule))
    return {"report": standing(period, signed_on=facts.get("signed"), today=on).value, "due": period.due_on}


def of_duty(facts: dict[str, Any], rule: TargetRule, on: date) -> dict[str, object]:  # Any: YAML
    counts = Counts(
        trained=facts.get("trained", 0),
        certified=facts.get("certified", 0),
        enterprise=facts.get("enterprise", 0),
        order_project=facts.get("order_project", 0),
        booked=facts.get("booked", 0),
        enterprise_task=facts.get("enterprise_task", 0),
    )
    stated = Stated(**{name: facts.get(name) for name in Stated.__slots__})
    (found,) = [one for one in duties(Year(2026, counts, counts, stated, stated), rule, today=on) if one.key == facts["duty"]]
    return {
        "standing": found.standing.value,
        "needed": found.needed,
        "missing": found.missing,
        "pace": found.forecast.pace if found.forecast else None,
    }


def of_chance(facts: dict[str, Any], rule: WatchRule) -> dict[str, object]:  # Any: YAML
    """One of two people gets every task of a school; and one of two who judge alike finds nothing in `times` judgements."""
    cells = matrix([Task("school", frozenset({"甲", "乙"}), frozenset({"甲"}))] * facts["times"], rule)
    found = finders({"甲": (0, facts["times"]), "乙": (50, 100)}, rule)
    return {"given": any(cell.unusual for cell in cells), "finds_nothing": [one.person for one in found if one.unusual]}


@cases("reports")
def test_a_case_comes_out_as_the_clause_says(case: Case) -> None:
    case.check(**outcome(case))


def test_there_are_enough_cases() -> None:
    assert len(load(FOLDER / "reports.yaml")) >= 40
