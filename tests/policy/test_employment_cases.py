"""Who is counted in the employment rate and who is employed, as cases. R16, R44; Q1; F-21."""

from datetime import date
from typing import Any

from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person, employment_rate
from tests.policy.cases import Case, cases


def person(number: int, facts: dict[str, Any]) -> Person:  # Any: facts of a case
    evidence = (Evidence("contract", f"HT-{number}", facts["employed"], EvidenceState(facts["evidence"])),) if "employed" in facts else ()
    return Person(f"p{number}", "BJ-1", facts.get("enterprise", False), facts["result"], facts["ended"], evidence)


@cases("employment")
def test_employment_rate(case: Case) -> None:
    people = [person(number, one) for number, one in enumerate(case.facts["people"])]
    rate = employment_rate(people, case.rule(EmploymentRule), on=date.fromisoformat(case.facts["on"]))
    case.check(counted=rate.counted, employed=rate.employed)
