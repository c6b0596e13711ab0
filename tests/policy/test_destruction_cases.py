"""By when what is due must be destroyed, as cases: `destroy_within_days`. R73; domain.md 2.3.1."""

from supervision.footage.destruction_rules import DestructionRule, destroy_by
from tests.policy.cases import Case, cases, local


@cases("destruction")
def test_destruction(case: Case) -> None:
    case.check(by=destroy_by(local(case.facts["since"]), case.rule(DestructionRule)))
