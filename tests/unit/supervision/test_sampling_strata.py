"""Strata and weights: sizes, the promise wherever the bad lessons lie, the commitment, the choice. R55, R66."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.sampling.draw import SamplingRule, order, sample_size
from supervision.sampling.errors import MalformedPlan
from supervision.sampling.strata import (
    LessonFacts,
    RiskWeights,
    StratifyBy,
    allocate,
    check_plan,
    choose,
    commitment,
    found_ratio,
    keeps,
    still_possible,
    stratum_of,
)

WEIGHTS = RiskWeights(1000, 1000, 2000, 4000, 1500, 2000, 1_000_000)
RULE = SamplingRule(50, 100, 800)


def missed(counts: list[int], sizes: list[int], placed: tuple[int, ...]) -> Fraction:
    chance = Fraction(1)
    for n, s, d in zip(counts, sizes, placed, strict=True):
        chance *= Fraction(comb(n - d, s), comb(n, s))
    return chance


small = st.lists(st.integers(1, 7).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n))), min_size=1, max_size=3)


@given(small, st.integers(1, 8), st.integers(0, 1000))
def test_the_promise_holds_exactly_for_the_worst_place_of_the_bad_lessons(strata: list[tuple[int, int]], bad: int, miss: int) -> None:
    counts, sizes = [n for n, _ in strata], [s for _, s in strata]
    bad = min(bad, sum(counts))
    worst = max(missed(counts, sizes, placed) for placed in product(*(range(n + 1) for n in counts)) if sum(placed) == bad)
    assert keeps(counts, sizes, bad, miss) is (worst * 1000 <= miss)


@given(small, st.sampled_from([800, 950]))
def test_what_a_clean_sample_allows_is_the_most_that_the_worst_place_could_hide(strata: list[tuple[int, int]], confidence: int) -> None:
    counts, sizes = [n for n, _ in strata], [s for _, s in strata]
    hidden = [sum(placed) for placed in product(*(range(n + 1) for n in counts)) if missed(counts, sizes, placed) * 1000 > 1000 - confidence]
    assert still_possible(counts, sizes, confidence) == max(hidden)


@given(st.integers(1, 400), st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 1000))
def test_one_stratum_of_base_weight_is_the_plain_draw(count: int, floor: int, bad: int, confidence: int) -> None:
    rule = SamplingRule(floor, bad, confidence)
    (only,) = allocate({"": (count, 1000)}, rule)
    assert only.size == sample_size(count, rule)


strata_of = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(1, 90), st.sampled_from([1000, 1500, 2000, 4000, 8000])), min_size=1)
rules = st.builds(SamplingRule, st.integers(0, 1000), st.integers(1, 1000), st.integers(0, 999))


@settings(max_examples=150)
@given(strata_of, rules)
def test_no_stratum_falls_below_the_floor_or_below_one_of_less_weight(strata: dict[str, tuple[int, int]], rule: SamplingRule) -> None:
    found = allocate(strata, rule)
    assert [s.key for s in found] == sorted(strata)
    for one in found:
        assert 1 <= one.size <= one.count
        assert one.size * 1000 >= min(one.count * 1000, rule.sampling_floor_permille * one.count)
    for a in found:
        for b in found:
            if a.weight_permille < b.weight_permille:  # rounding up may give the lighter at most one lesson more than its share
                assert (a.size - 1) * b.count < b.size * a.count


@settings(max_examples=80)
@given(strata_of, rules)
def test_the_promise_is_kept_and_with_one_lesson_less_it_would_not_be(strata: dict[str, tuple[int, int]], rule: SamplingRule) -> None:
    found = allocate(strata, rule)
    counts, sizes = [s.count for s in found], [s.size for s in found]
    bad = max(1, -(-sum(counts) * rule.detection_bad_permille // 1000))
    assert keeps(counts, sizes, bad, 1000 - rule.detection_confidence_permille)


def test_a_heavier_stratum_is_drawn_more_often_in_the_proportion_of_the_weights() -> None:
    found = {s.key: s for s in allocate({"base": (1000, 1000), "double": (1000, 2000), "four": (1000, 4000)}, SamplingRule(50, 100, 0))}
    assert (found["base"].size, found["double"].size, found["four"].size) == (50, 100, 200)


def test_a_weight_beyond_everything_takes_the_whole_stratum_and_no_more() -> None:
    assert [s.size for s in allocate({"a": (100, 1000), "b": (3, 100_000)}, SamplingRule(50, 100, 0))] == [6, 3]


@pytest.mark.parametrize(
    ("by", "facts", "key", "weight"),
    [
        ((), LessonFacts("D", "project", "", True), "", 1000),
        ((StratifyBy.TIER,), LessonFacts("C", "project", "", True), "tier=C", 2000),
        ((StratifyBy.TIER,), LessonFacts("", "project", "", False), "tier=", 1500),
        ((StratifyBy.TIER, StratifyBy.FLAGS), LessonFacts("D", "project", "", True), "tier=D;flags=yes", 8000),
        ((StratifyBy.FLAGS,), LessonFacts("D", "project", "", False), "flags=no", 1000),
        ((StratifyBy.DEPARTMENT,), LessonFacts("", "", "人社/就业", False), "department=%E4%BA%BA%E7%A4%BE%2F%E5%B0%B1%E4%B8%9A", 1000),
        ((StratifyBy.CATEGORY, StratifyBy.DEPARTMENT), LessonFacts("", "universal", "a;b=c", False), "category=universal;department=a%3Bb%3Dc", 1000),
    ],
)
def test_a_lesson_knows_its_stratum(by: tuple[StratifyBy, ...], facts: LessonFacts, key: str, weight: int) -> None:
    assert stratum_of(facts, by, WEIGHTS) == (key, weight)


def test_each_tier_has_its_own_weight_and_a_part_of_a_permille_is_dropped() -> None:
    weights = RiskWeights(1001, 1002, 1003, 1004, 1005, 1500, 1006)
    assert [weights.of_tier(tier) for tier in ("A", "B", "C", "D", "", "probation")] == [1001, 1002, 1003, 1004, 1005, 1006]
    flagged = stratum_of(LessonFacts("A", "", "", True), (StratifyBy.TIER, StratifyBy.FLAGS), weights)[1]
    assert (flagged, type(flagged)) == (1501, int)


def test_a_chance_a_hair_above_the_limit_breaks_the_promise_and_a_stratum_without_a_draw_hides_all() -> None:
    assert not keeps([6], [1], 1, 833)  # 5 of 6 are 833.3 ‰
    assert keeps([6], [1], 1, 834)
    assert not keeps([1, 5], [0, 1], 1, 999)
    assert keeps([1, 5], [0, 1], 1, 1000)
    for reckon in (lambda: keeps([5, 5], [1], 1, 500), lambda: found_ratio([5, 5], [1], 1)):
        with pytest.raises(ValueError, match="shorter"):
            reckon()


@given(small, st.integers(0, 24))
def test_the_curve_of_a_plan_shows_the_chance_where_the_bad_lessons_are_hardest_to_find(strata: list[tuple[int, int]], bad: int) -> None:
    counts, sizes = [0, *(n for n, _ in strata)], [0, *(s for _, s in strata)]
    most = min(bad, sum(counts))
    worst = max(missed(counts, sizes, placed) for placed in product(*(range(n + 1) for n in counts)) if sum(placed) == most)
    assert found_ratio(counts, sizes, bad) == pytest.approx(1 - float(worst), abs=2e-6)


def test_a_plan_names_known_dimensions_once_and_weights_that_lower_nobody() -> None:
    assert check_plan(["flags", "tier"], WEIGHTS) == (StratifyBy.TIER, StratifyBy.FLAGS)
    light = RiskWeights(999, 1000, 1000, 1000, 1000, 1000, 1000)
    with pytest.raises(MalformedPlan) as refused:
        check_plan(["tier", "tier", "colour"], light)
    assert {error["where"] for error in refused.value.facts["errors"]} == {"strata_by", "weight_tier_a_permille"}


def test_each_stratum_gives_its_first_tickets() -> None:
    tickets = order([f"L{n}" for n in range(20)], b"\x07" * 32)
    place = {f"L{n}": n % 2 for n in range(20)}
    chosen = [t.natural_id for t, yes in zip(tickets, choose(np.array([place[t.natural_id] for t in tickets]), [3, 1]), strict=True) if yes]
    assert choose(np.array([1, 0]), [0, 1]).dtype == np.bool_  # not 1.0 and 0.0, which the table would not take
    even = [t.natural_id for t in tickets if place[t.natural_id] == 0][:3]
    odd = [t.natural_id for t in tickets if place[t.natural_id] == 1][:1]
    assert sorted(chosen) == sorted(even + odd)


def test_the_commitment_changes_with_salt_stratum_and_order() -> None:
    lines = [("L1", "tier=A"), ("L2", "tier=B")]
    ours = commitment(b"\x01" * 32, lines)
    others = [commitment(b"\x02" * 32, lines), commitment(b"\x01" * 32, [("L1", "tier=B"), ("L2", "tier=A")]), commitment(b"\x01" * 32, lines[::-1])]
    assert ours not in others
