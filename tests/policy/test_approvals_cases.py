"""Cases of places and extensions that a legal officer can read, against the rules with the figures of the day. R21–R23, R77–R79, R103, F-24."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from compliance.approvals import rules
from compliance.approvals.clocks import Times, turn
from compliance.approvals.lifecycle import ApprovalState
from compliance.approvals.rules import ApprovalRule, Decider, ExtensionAsked, Kind, LocationAsked, Proof
from tests.policy.cases import FOLDER, Case, cases, load

LAST: Final = date(2026, 11, 30)
Facts = Mapping[str, Any]  # Any: what a case says


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def extension(facts: Facts, rule: ApprovalRule) -> Facts:
    after = facts.get("until_after", max(facts["days"], 1))
    asked = ExtensionAsked(facts["category"], facts["days"], facts["approved_days"], LAST, LAST + timedelta(days=after), "学员基础薄弱")
    return {"may": not rules.extension_defects(asked, rule)}


def route(facts: Facts, _rule: ApprovalRule) -> Facts:
    wanted = rules.route(Kind(facts["kind"]), facts["category"], facts["department"])
    return {"right": rules.is_right_decider(wanted, department=facts["acting"])}


def retroactive(facts: Facts, _rule: ApprovalRule) -> Facts:
    return {"late": rules.is_retroactive(_at(facts["first_at"]) if facts["first_at"] else None, _at(facts["at"]))}


def extension_late(facts: Facts, _rule: ApprovalRule) -> Facts:
    return {"late": rules.is_extension_late(date.fromisoformat(facts["ends_on"]), _at(facts["at"]))}


def future(facts: Facts, _rule: ApprovalRule) -> Facts:
    return {"may": rules.has_future(date.fromisoformat(facts["until_on"]), _at(facts["at"]))}


def from_on(facts: Facts, _rule: ApprovalRule) -> Facts:
    return {"from_on": rules.granted_from(date.fromisoformat(facts["from_on"]), _at(facts["at"])).isoformat()}


def clock(facts: Facts, rule: ApprovalRule) -> Facts:
    state, at = ApprovalState(facts["state"]), _at(facts["at"])
    awaited = turn(Kind.LOCATION, Decider.BUREAU, state, Times(at, at, at, None), rule, at)
    assert awaited is not None and awaited.until is not None
    return {"until": awaited.until.isoformat()}


def _whole(rule: ApprovalRule, **other: Any) -> list[str]:  # Any: fields of LocationAsked
    whole = {
        "reason": "确需", "address": "文化站", "room_name": "101", "capacity": 40, "has_coordinates": True, "serves_meals": False, "covers": "对角",
        "from_on": date(2026, 11, 20), "until_on": date(2026, 12, 20), "classes": 1, "largest_class": 30, "cameras": 1, "unplanned_cameras": (),
        "proofs": frozenset(Proof),
    }  # fmt: skip
    return [str(defect["where"]) for defect in rules.location_defects(LocationAsked(**(whole | other)), rule)]


def proofs(facts: Facts, rule: ApprovalRule) -> Facts:
    return {"whole": not _whole(rule, serves_meals=facts["serves_meals"], proofs=frozenset(map(Proof, facts["proofs"])))}


def capacity(facts: Facts, rule: ApprovalRule) -> Facts:
    return {"may": not _whole(rule, capacity=facts["capacity"], largest_class=facts["largest_class"])}


def term(facts: Facts, rule: ApprovalRule) -> Facts:
    return {"may": not _whole(rule, from_on=date.fromisoformat(facts["from_on"]), until_on=date.fromisoformat(facts["until_on"]))}


RULES: Final[Mapping[str, Callable[[Facts, ApprovalRule], Facts]]] = {
    "extension": extension, "route": route, "retroactive": retroactive, "extension-late": extension_late, "future": future, "from": from_on,
    "clock": clock, "proofs": proofs, "capacity": capacity, "term": term,
}  # fmt: skip


@cases("approvals")
def test_a_case_comes_out_as_the_policy_says(case: Case) -> None:
    case.check(**RULES[case.facts["rule"]](case.facts, case.rule(ApprovalRule)))


def test_there_are_cases_for_every_rule() -> None:
    told = load(FOLDER / "approvals.yaml")
    assert {case.facts["rule"] for case in told} == set(RULES)
    assert len(told) >= 30
