"""Who is counted in the employment rate, who is employed, and what deserves a second look, as cases. R16, R44; Q1; F-21."""

from datetime import date
from typing import Any

from supervision.outcomes.leads import Filed, LeadRule, just_over, leads
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person, employment_rate
from tests.policy.cases import Case, cases


def person(number: int, facts: dict[str, Any]) -> Person:  # Any: facts of a case
    evidence = (Evidence("contract", f"HT-{number}", facts["employed"], EvidenceState(facts["evidence"])),) if "employed" in facts else ()
    return Person(f"p{number}", "BJ-1", facts.get("enterprise", False), facts["result"], facts["ended"], evidence)


def pointed_out(case: Case) -> list[str]:
    """Codes of the leads about a class, or about a rate and the marks it is near to."""
    facts, rule = case.facts, case.rule(LeadRule)
    if "counted" in facts:
        return [one.code for one in just_over(facts["employed"], facts["counted"], (rule.lead_exit_permille,), rule)]
    others = [Filed(f"单位{n}", date(2026, 1, 1 + n)) for n in range(facts["papers"])]
    same, day = facts.get("same_employer", 0), facts.get("same_day", 0)
    filed = [Filed("同一公司" if n < same else one.employer, date(2026, 3, 1) if n < day else one.employed_on) for n, one in enumerate(others)]
    return [one.code for one in leads(filed, rule)]


@cases("employment")
def test_employment_rate(case: Case) -> None:
    if "leads" in case.expect:
        case.check(leads=pointed_out(case))
        return
    people = [person(number, one) for number, one in enumerate(case.facts["people"])]
    rate = employment_rate(people, case.rule(EmploymentRule), on=date.fromisoformat(case.facts["on"]))
    case.check(counted=rate.counted, employed=rate.employed)
