"""Until when footage is kept, as cases. R73; Q2."""

from storage.retention.rules import RetentionRule, retain_until
from tests.policy.cases import Case, cases, local


@cases("retention")
def test_retention(case: Case) -> None:
    until = retain_until(case.rule(RetentionRule), recorded_end_at=local(case.facts["recorded_end"]), class_ends_on=case.facts.get("class_ends"))
    case.check(until=until)
