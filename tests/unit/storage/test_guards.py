"""The guards that machines share refuse whatever nobody looked at. Invariant 5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.guards import every, fact, reason_given, somebody_else


@pytest.mark.parametrize("value", [None, False, 1, "yes", 0])
def test_only_a_plain_yes_is_a_fact(value: object) -> None:
    assert fact("looked", "not-looked")({"looked": value}) == "not-looked"
    assert fact("looked", "not-looked")({}) == "not-looked"
    assert fact("looked", "not-looked")({"looked": True}) is None


def test_every_guard_must_pass_and_the_first_that_does_not_is_told() -> None:
    both = every(fact("a", "no-a"), fact("b", "no-b"))
    assert both({"a": True, "b": True}) is None
    assert both({"b": True}) == "no-a"
    assert both({"a": True}) == "no-b"


@pytest.mark.parametrize(("reason", "told"), [("words", None), ("  ", "reason-needed"), ("", "reason-needed"), (None, "reason-needed")])
def test_blanks_are_no_reason(reason: str | None, told: str | None) -> None:
    assert reason_given({"reason": reason}) == told


@given(person=st.text(min_size=1), before=st.lists(st.text(min_size=1)), last=st.text())
def test_whoever_took_part_does_not_act_again(person: str, before: list[str], last: str) -> None:
    told = somebody_else("person", "seen_by", "asker")({"person": person, "seen_by": before, "asker": last})
    assert told == ("same-person" if person in {*before, last} else None)


def test_nobody_acting_or_nobody_asked_who_took_part_is_refused() -> None:
    guard = somebody_else("person", "seen_by")
    assert guard({"person": "", "seen_by": []}) == "decider-unknown"
    assert guard({"person": "a"}) == "decider-unknown"
    assert guard({"person": "a", "seen_by": None}) == "decider-unknown"
    assert guard({"person": "a", "seen_by": ""}) is None
