"""When an own copy is checked, until when it is answered, how much is asked for, as cases. R73; Q3, F-14."""

from supervision.footage.copy_rules import CopyRule, due_at, is_owed, standing, stretch
from tests.policy.cases import Case, cases, local


@cases("copies")
def test_copies(case: Case) -> None:
    rule, facts = case.rule(CopyRule), case.facts
    if "size" in facts:
        case.check(length=stretch(facts["size"], 0, rule)[1])
    elif "asked" in facts:
        case.check(standing=standing(matches=None, due=due_at(local(facts["asked"]), rule), now=local(facts["now"])).value)
    else:
        last = facts["last"]
        case.check(owed=is_owed(local(last) if last else None, local(facts["now"]), rule))
