"""Who inspects whom: chance points at nobody, steering does. F-25, F-26; G26."""

import random
from itertools import product
from math import comb, isclose

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.reports.watch import Task, WatchRule, distribution, finders, matrix, two_sided

RULE = WatchRule(watch_period_days=365, watch_error_permille=10)
PEOPLE = frozenset("abcdef")


def tasks_by_chance(seed: int, *, count: int, institutions: int) -> list[Task]:
    dice = random.Random(seed)
    return [Task(n % institutions, PEOPLE, frozenset({dice.choice(sorted(PEOPLE))})) for n in range(count)]


@given(st.lists(st.floats(0.01, 0.99), max_size=7))
def test_the_distribution_is_the_one_that_all_outcomes_give(chances: list[float]) -> None:
    law = distribution(chances)
    expected = [0.0] * (len(chances) + 1)
    for outcome in product((0, 1), repeat=len(chances)):
        weight = 1.0
        for happened, chance in zip(outcome, chances, strict=True):
            weight *= chance if happened else 1 - chance
        expected[sum(outcome)] += weight
    assert all(isclose(a, b, abs_tol=1e-12) for a, b in zip(law, expected, strict=True))


def test_equal_chances_give_the_binomial_law() -> None:
    law = distribution([0.25] * 12)
    assert all(isclose(law[k], comb(12, k) * 0.25**k * 0.75 ** (12 - k)) for k in range(13))
    assert isclose(two_sided(law, 0), 2 * 0.75**12)
    assert two_sided(law, 3) == 1.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 8))
def test_counts_add_up_and_expectations_too(seed: int, count: int, institutions: int) -> None:
    tasks = tasks_by_chance(seed, count=count, institutions=institutions)
    cells = matrix(tasks, RULE)
    assert sum(cell.count for cell in cells) == count
    assert isclose(sum(cell.expected for cell in cells), count)
    assert all(cell.low <= cell.expected + 1 and cell.expected - 1 <= cell.high for cell in cells)


def test_chance_alone_points_at_somebody_in_fewer_than_one_county_of_fifty() -> None:
    accused = sum(any(cell.unusual for cell in matrix(tasks_by_chance(seed, count=90, institutions=6), RULE)) for seed in range(150))
    assert accused <= 3


def test_small_numbers_point_at_nobody() -> None:
    cells = matrix([Task("school", PEOPLE, frozenset({"a"}))] * 3, RULE)
    assert not any(cell.unusual for cell in cells)


def test_the_same_person_at_the_same_school_every_time_is_unusual() -> None:
    fair = tasks_by_chance(7, count=60, institutions=5)
    steered = [Task("school", PEOPLE, frozenset({"a"}))] * 12
    unusual = [cell for cell in matrix([*fair, *steered], RULE) if cell.unusual]
    assert [(cell.person, cell.institution) for cell in unusual] == [("a", "school")]
    assert unusual[0].count > unusual[0].high


def test_whoever_steps_aside_is_not_expected_there() -> None:
    cells = matrix([Task("school", frozenset("bc"), frozenset({"b"}))] * 6, RULE)
    assert {cell.person for cell in cells} == {"b", "c"}


def test_somebody_who_finds_nothing_is_pointed_at_only_when_the_others_find_enough() -> None:
    few = finders({"a": (0, 5), "b": (1, 20), "c": (2, 20)}, RULE)
    assert not any(one.unusual for one in few)
    many = finders({"a": (0, 60), "b": (12, 60), "c": (15, 60)}, RULE)
    assert [one.person for one in many if one.unusual] == ["a"]
    assert many[0].share.interval is not None
    assert many[0].share.interval.high < 0.07


def test_a_reviewer_without_verdicts_or_without_others_has_no_chance_at_all() -> None:
    (alone,) = finders({"a": (0, 40)}, RULE)
    assert (alone.chance, alone.unusual) == (None, False)
