"""The employment rate counts lists, not percentages. R16, R44, Q1."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.clock import add_months
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person, employment_rate, window_over

RULE = EmploymentRule("completed", 6, 0, 0)
END = date(2026, 3, 31)


def person(number: int, *, employed_on: date | None = None, state: EvidenceState = EvidenceState.VERIFIED, **more: object) -> Person:
    evidence = () if employed_on is None else (Evidence("contract", f"C{number}", employed_on, state),)
    return replace(Person(f"K1/{number}", "K1", False, "passed", END, evidence), **more)  # type: ignore[arg-type]


def people(employed: int, counted: int) -> list[Person]:
    return [person(n, employed_on=date(2026, 5, 1) if n < employed else None) for n in range(counted)]


@pytest.mark.parametrize(
    ("employed", "counted", "below"), [(2499, 10000, True), (2500, 10000, False), (2501, 10000, False), (1, 4, False), (0, 1, True)]
)
def test_exactly_a_quarter_is_not_below_a_quarter(employed: int, counted: int, below: bool) -> None:
    assert employment_rate(people(employed, counted), RULE, on=date(2026, 12, 1)).below(250) is below


@pytest.mark.parametrize(("employed", "counted", "reached"), [(79, 100, False), (80, 100, True), (81, 100, True), (3, 4, False), (4, 5, True)])
def test_four_fifths_are_reached_at_four_fifths(employed: int, counted: int, reached: bool) -> None:
    assert employment_rate(people(employed, counted), RULE, on=date(2026, 12, 1)).reaches(800) is reached


def test_nobody_counted_is_neither_below_nor_reached() -> None:
    rate = employment_rate([], RULE, on=END)
    assert not rate.below(250)
    assert not rate.reaches(800)


@pytest.mark.parametrize(("day", "employed"), [(date(2026, 9, 30), True), (date(2026, 10, 1), False)])
def test_work_that_begins_after_six_months_is_too_late(day: date, employed: bool) -> None:
    (line,) = employment_rate([person(1, employed_on=day)], RULE, on=date(2027, 1, 1)).lines
    assert line.employed is employed
    assert line.why == ("employed" if employed else "after-the-window")


def test_who_is_counted_depends_on_the_definition_named() -> None:
    mixed = [person(1), person(2, result="completed"), person(3, result="withdrawn"), person(4, result=""), person(5, enterprise=True)]
    counted = {
        definition: [line.counted for line in employment_rate(mixed, replace(RULE, employment_denominator=definition), on=END).lines]
        for definition in ("passed", "completed", "enrolled")
    }
    assert counted == {
        "passed": [True, False, False, False, False],
        "completed": [True, True, False, False, False],
        "enrolled": [True, True, True, True, False],
    }


def test_a_paper_nobody_verified_counts_only_where_the_policy_says_so() -> None:
    filed = [person(1, employed_on=END, state=EvidenceState.FILED), person(2, employed_on=END, state=EvidenceState.REJECTED)]
    assert [line.why for line in employment_rate(filed, RULE, on=END).lines] == ["not-verified", "not-verified"]
    assert employment_rate(filed, replace(RULE, employment_counts_unverified=1), on=END).employed == 1


def test_the_window_is_over_the_day_after_its_last_day() -> None:
    assert not window_over([person(1)], RULE, on=date(2026, 9, 30))
    assert window_over([person(1)], RULE, on=date(2026, 10, 1))


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
    ],
)
def test_months_end_where_the_month_ends(day: date, months: int, then: date) -> None:
    assert add_months(day, months) == then


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 1000))
def test_one_more_employed_never_makes_a_rate_fall_below(employed: int, others: int, permille: int) -> None:
    fewer = employment_rate(people(employed, employed + others + 1), RULE, on=date(2026, 12, 1))
    more = employment_rate(people(employed + 1, employed + others + 1), RULE, on=date(2026, 12, 1))
    assert fewer.below(permille) or not more.below(permille)
    assert more.reaches(permille) or not fewer.reaches(permille)
