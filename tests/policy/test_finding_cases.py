"""Working-day clocks over the published calendar, and whose turn a finding is on each day, as cases. domain.md 2.3, 2.3.2; R67; Q9."""

from supervision.findings.clocks import ProcedureRule, deadline, grade, turn
from supervision.findings.lifecycle import FindingState
from tests.policy.cases import Case, cases, local


@cases("workdays")
def test_working_days(case: Case) -> None:
    case.check(until=deadline(local(case.facts["served"]), case.facts["working_days"]))


@cases("findings")
def test_finding(case: Case) -> None:
    rule, facts = case.rule(ProcedureRule), case.facts
    now = local(facts["now"])
    named = {name: local(facts[key]) if key in facts else None for name, key in (("object_until", "object_until"), ("reported_at", "reported"))}
    awaited = turn(FindingState(facts["state"]), local(facts["entered"]), rule, now, **named)
    if awaited is None:
        case.check(party=None, act=None)
        return
    case.check(party=awaited.party, act=awaited.act, until=awaited.until, late=awaited.is_late(now), grade=grade(awaited, rule, now))
