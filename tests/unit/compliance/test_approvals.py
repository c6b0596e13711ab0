"""The rules, clocks and acts of approvals by themselves. R21–R23, R77–R79; 2.3.3."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.roles import Role
from api.pages.approvals.acts import MOVES, PAPERS, TURNS, Acts, Standing, acts
from compliance.approvals.clocks import Times, turn
from compliance.approvals.letters import ADVERSE as ADVERSE_LETTERS
from compliance.approvals.letters import CITED, REPAIR, TITLES, WORDS, LetterKind, StatementKind, basis_of
from compliance.approvals.lifecycle import APPROVAL_MOVES, LATE_MOVES, WITHDRAWABLE, ApprovalEvent, ApprovalState, LateEvent, LateState
from compliance.approvals.rules import (
    ApprovalRule,
    Decider,
    ExtensionAsked,
    Kind,
    Proof,
    Spot,
    distance_m,
    extension_defects,
    is_right_decider,
    is_same_hall,
    route,
)
from compliance.policy.book import Book
from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance

RULE = Book.load().read(ApprovalRule, on=date(2026, 11, 20))
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
PLACE = Spot(36_266_000, 111_920_000, "古县岳阳镇文化站", "二楼会议室")
GRANTED = {
    "kind": "location", "right_decider": True, "decided_by": "c", "assessed_by": ["a", "b"], "tests_passed": True, "within_limits": True,
    "future_left": True, "signed": True,
}  # fmt: skip


@given(asked=st.lists(st.integers(-1, 5), max_size=6))
def test_whatever_is_asked_in_whatever_order_no_class_gets_more_than_three_days(asked: list[int]) -> None:
    approved = 0
    for days in asked:
        last = date(2026, 11, 30)
        wanted = ExtensionAsked("universal", days, approved, last, last + timedelta(days=max(days, 1)), "理由")
        if not extension_defects(wanted, RULE):
            approved += days
    assert 0 <= approved <= RULE.extension_most_days


@given(
    st.sampled_from(Kind), st.sampled_from(["universal", "order", "project", "enterprise", "startup"]), st.sampled_from([None, "", "甲局", "乙局"])
)
def test_exactly_one_office_decides(kind: Kind, category: str, department: str | None) -> None:
    wanted = route(kind, category, department)
    right = [who for who in (None, "甲局", "乙局", "丙局") if is_right_decider(wanted, department=who)]
    assert len(right) == 1


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (PLACE, True),
        (Spot(0, 0, " 古县 岳阳镇文化站", "二楼 会议室"), True),  # spaces are no other place
        (Spot(36_266_400, 111_920_000, "古县文化站（岳阳镇）", "二楼会议室"), True),  # 44 m
        (Spot(36_266_500, 111_920_000, "古县文化站（岳阳镇）", "二楼会议室"), False),  # 56 m
        (Spot(36_266_000, 111_920_000, "古县岳阳镇文化站", "三楼会议室"), False),
    ],
)
def test_the_same_hall_is_known_under_another_address(other: Spot, same: bool) -> None:
    assert is_same_hall(PLACE, other, RULE) is same
    assert is_same_hall(other, PLACE, RULE) is same


def test_a_thousandth_of_a_degree_north_is_a_hundred_and_eleven_metres() -> None:
    assert distance_m(PLACE, Spot(PLACE.latitude_udeg + 1000, PLACE.longitude_udeg, "", "")) == pytest.approx(111.2, abs=0.1)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ({"right_decider": False}, "wrong-decider"),
        ({"decided_by": "a"}, "same-person"),
        ({"decided_by": ""}, "decider-unknown"),
        ({"tests_passed": False}, "test-failed"),
        ({"within_limits": False}, "beyond-limits"),
        ({"future_left": False}, "nothing-left"),
        ({"signed": False}, "signer-missing"),
    ],
)
def test_an_approval_is_refused_for_each_thing_that_lacks(missing: dict[str, object], why: str) -> None:
    advance(APPROVAL_MOVES, ApprovalState.ASSESSED, ApprovalEvent.APPROVE, GRANTED)
    with pytest.raises(ForbiddenMove) as refused:
        advance(APPROVAL_MOVES, ApprovalState.ASSESSED, ApprovalEvent.APPROVE, GRANTED | missing)
    assert refused.value.facts["why"] == why


def test_an_extension_may_be_decided_by_the_one_officer_who_assessed_it() -> None:
    advance(APPROVAL_MOVES, ApprovalState.ASSESSED, ApprovalEvent.APPROVE, GRANTED | {"kind": "extension", "decided_by": "a"})


def test_only_the_moves_of_2_3_3_exist() -> None:
    ends = {ApprovalState.REFUSED, ApprovalState.EXPIRED, ApprovalState.REVOKED, ApprovalState.WITHDRAWN}
    assert not {state for state, _ in APPROVAL_MOVES} & ends, "an end is an end"
    assert {state for state, event in APPROVAL_MOVES if event is ApprovalEvent.WITHDRAW} == set(WITHDRAWABLE)
    assert {(state, move.to) for (state, event), move in APPROVAL_MOVES.items() if event is ApprovalEvent.SUSPEND} == {
        (ApprovalState.ACTIVE, ApprovalState.SUSPENDED)
    }
    for event in LateEvent:
        with pytest.raises(ForbiddenMove):
            advance(LATE_MOVES, LateState.PROPOSED, event, {"reason": " "})


def test_every_letter_has_title_number_and_when_adverse_a_way_back() -> None:
    assert set(TITLES) == set(WORDS) == set(LetterKind)
    assert set(REPAIR) == set(ADVERSE_LETTERS)
    assert set(PAPERS) == {*LetterKind, *StatementKind, *(f"proof-{proof.value}" for proof in Proof)}
    assert all(text in basis_of(Kind.LOCATION, "R78", safety=True) for text in (CITED["R77"], CITED["R78"], CITED["R79"], CITED["R103"]))
    assert CITED["R23"] in basis_of(Kind.EXTENSION, "R23")
    assert set(MOVES) == {"begin", *ApprovalEvent}


@pytest.mark.parametrize(("kind", "decider"), list(product(Kind, Decider)))
def test_every_open_state_says_whose_turn_it_is(kind: Kind, decider: Decider) -> None:
    times = Times(NOW, NOW, NOW, None)
    awaited = {state: turn(kind, decider, state, times, RULE, NOW) for state in ApprovalState}
    open_ = {ApprovalState.DRAFT, ApprovalState.SUBMITTED, ApprovalState.ASSIGNED, ApprovalState.SITE_VISIT, ApprovalState.ASSESSED}
    assert {state for state, found in awaited.items() if found} == open_ | {ApprovalState.CONDITIONAL}
    assert {found.act for found in awaited.values() if found} <= set(TURNS)


def standing(**other: object) -> Standing:
    plain = {
        "kind": Kind.LOCATION, "state": ApprovalState.ASSESSED, "right_decider": True, "quality_done": True, "safety_done": True, "passed": True,
        "mine": False, "revocation_announced": False, "statement_open": False, "announced_by_me": False, "late_open": False,
    }  # fmt: skip
    return Standing(**(plain | other))  # type: ignore[arg-type]


def test_the_wrong_office_reads_a_sentence_and_has_no_button() -> None:
    for role, kind in ((Role.DEPARTMENT_OFFICER, Kind.LOCATION), (Role.BUREAU_OFFICER, Kind.EXTENSION), (Role.DEPARTMENT_OFFICER, Kind.EXTENSION)):
        found = acts(standing(kind=kind, right_decider=False), role)
        assert not found.open
        assert len(found.why_not) == 1


@pytest.mark.parametrize("state", ApprovalState)
def test_an_auditor_never_has_a_button_and_an_operator_never_submits(state: ApprovalState) -> None:
    assert acts(standing(state=state, late_open=True), Role.AUDITOR) == Acts(frozenset(), ())
    assert not acts(standing(state=state), Role.INSTITUTION_OPERATOR).open & {"submit", "withdraw", "view"}


def test_who_assessed_a_place_sees_why_they_do_not_decide() -> None:
    found = acts(standing(mine=True), Role.BUREAU_OFFICER)
    assert not found.open
    assert found.why_not
    assert acts(standing(passed=False), Role.BUREAU_LEADER).open == {"refuse"}
    assert acts(standing(), Role.LEGAL_OFFICER).open == frozenset()
