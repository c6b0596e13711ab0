"""The county's share of bad lessons from a weighted sample: unbiased, with an interval that keeps its word. R55, R59."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import comb, exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.sampling.draw import SamplingRule, bad_count, bound
from supervision.sampling.estimate import Sampled, estimate
from supervision.sampling.strata import allocate

COUNTIES = 10_000


def outcomes(count: int, size: int, bad: int) -> list[tuple[int, Fraction]]:
    return [
        (x, Fraction(comb(bad, x) * comb(count - bad, size - x), comb(count, size))) for x in range(max(0, size - (count - bad)), min(bad, size) + 1)
    ]


def test_a_sample_of_everything_is_the_truth_itself() -> None:
    found = estimate([Sampled(50, 50, 3), Sampled(20, 20, 1)], 950)
    assert (found.total, found.low, found.high) == (4, 4, 4)


def test_a_drawn_bad_lesson_stands_for_those_of_its_stratum_alone() -> None:
    assert estimate([Sampled(100, 5, 1), Sampled(30, 15, 3)], 950).total == 20 + 6


def test_one_stratum_has_the_exact_interval() -> None:
    found = estimate([Sampled(200, 10, 0)], 950)
    assert (found.low, found.high) == (0, 60)
    assert comb(140, 10) * 1000 > comb(200, 10) * 25 >= comb(139, 10) * 1000


@pytest.mark.parametrize("wrong", [[], [Sampled(10, 0, 0)], [Sampled(10, 5, 6)], [Sampled(4, 5, 0)], [Sampled(4, 2, -1)]])
def test_nonsense_is_refused(wrong: list[Sampled]) -> None:
    with pytest.raises(ValueError, match=r"^every stratum needs 1 ≤ size ≤ count and 0 ≤ bad ≤ size$"):
        estimate(wrong, 950)


def test_one_stratum_has_both_exact_tails_and_shares_rounded_outward() -> None:
    found = estimate([Sampled(14, 5, 2)], 945)  # 973 and not 972.5 of 1000 for each tail, which would exclude one more
    assert (found.count, found.total, found.low, found.high) == (14, Fraction(28, 5), 14 - bound(14, 5, 973, found=3).bad, 11)
    assert bound(14, 5, 973, found=2).bad == 11
    assert (found.permille, found.low_permille, found.high_permille) == (400, 1000 * found.low // 14, 786)
    assert found.low * 1000 % 14 > 0  # so that rounding shows
    assert estimate([Sampled(3, 3, 2)], 945).permille == 667


def _by_the_page(strata: Sequence[Sampled], confidence: int) -> int:
    """The upper limit as the module's first lines say it, place by place and θ by θ."""
    tail, weights = (1000 - confidence) / 2000, [s.count / s.size for s in strata]
    thetas = [1e-3 * 60_000.0 ** (i / 39) / min(weights) for i in range(40)]
    shown = sum(w * s.bad for w, s in zip(weights, strata, strict=True))

    def mean(s: Sampled, d: int, theta: float) -> float:
        z = exp(-theta * s.count / s.size)
        share, fraction = d / s.count, s.size / s.count
        return min(s.size * log(1 - share + share * z), d * log(1 - fraction + fraction * z))

    worst: dict[int, list[float]] = {}
    for place in product(*(range(s.bad, s.count - s.size + s.bad + 1) for s in strata)):
        logs = [theta * shown + sum(mean(s, d, theta) for s, d in zip(strata, place, strict=True)) for theta in thetas]
        worst[sum(place)] = [max(pair) for pair in zip(worst.get(sum(place), logs), logs, strict=True)]
    return max(bad for bad, logs in worst.items() if min(logs) >= log(tail))


@pytest.mark.parametrize(
    "strata",
    [
        [Sampled(40, 8, 1), Sampled(21, 7, 2)],
        [Sampled(30, 3, 0), Sampled(12, 10, 3), Sampled(5, 5, 2)],
        [Sampled(15, 1, 0), Sampled(35, 2, 1)],  # so few looks that the choice of θ shows
    ],
)
def test_the_limits_of_several_strata_are_those_that_the_page_derives(strata: list[Sampled]) -> None:
    for confidence in (800, 950):
        found, good = estimate(strata, confidence), [Sampled(s.count, s.size, s.size - s.bad) for s in strata]
        assert (found.low, found.high) == (found.count - _by_the_page(good, confidence), _by_the_page(strata, confidence))


two = st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n), st.integers(0, n)))


@settings(max_examples=40, deadline=None)
@given(st.tuples(two, two), st.sampled_from([800, 950]))
def test_over_all_possible_samples_the_estimate_is_unbiased_and_the_interval_covers(
    strata: tuple[tuple[int, int, int], tuple[int, int, int]], confidence: int
) -> None:
    truth = sum(bad for _, _, bad in strata)
    mean = covered = Fraction(0)
    for drawn in product(*(outcomes(*one) for one in strata)):
        chance = drawn[0][1] * drawn[1][1]
        found = estimate([Sampled(n, size, x) for (n, size, _), (x, _) in zip(strata, drawn, strict=True)], confidence)
        mean += chance * found.total
        covered += chance if found.low <= truth <= found.high else 0
    assert mean == truth
    assert covered * 1000 >= confidence


def _county(rng: np.random.Generator) -> tuple[dict[str, tuple[int, int]], SamplingRule]:
    strata = {f"s{i}": (int(rng.integers(1, 150)), int(rng.choice([1000, 1500, 2000, 4000]))) for i in range(int(rng.integers(1, 7)))}
    return strata, SamplingRule(50, int(rng.choice([50, 100])), int(rng.choice([800, 950])))


def _within(hits: int, tries: int, promised: float) -> bool:
    """At least what was promised, up to four standard errors of the simulation itself."""
    return hits / tries >= promised - 4 * sqrt(promised * (1 - promised) / tries)


@pytest.mark.slow
def test_over_ten_thousand_counties_detection_and_interval_keep_what_was_promised() -> None:
    rng = np.random.default_rng(20261125)
    kept = {800: [0, 0], 950: [0, 0]}
    covered = 0
    errors: list[float] = []
    for _ in range(COUNTIES):
        strata, rule = _county(rng)
        plan = allocate(strata, rule)
        counts, sizes = [s.count for s in plan], [s.size for s in plan]
        # as many bad lessons as the promise speaks of, where they are hardest to find: in the strata looked at least
        bad = _hidden(counts, sizes, bad_count(sum(counts), rule.detection_bad_permille))
        seen = [int(rng.hypergeometric(b, n - b, s)) for n, s, b in zip(counts, sizes, bad, strict=True)]
        tally = kept[rule.detection_confidence_permille]
        tally[0] += any(seen)
        tally[1] += 1
        # and any number of bad lessons anywhere for the estimate
        bad = [int(rng.binomial(n, rng.beta(0.4, 4))) for n in counts]
        drawn = [Sampled(n, s, int(rng.hypergeometric(b, n - b, s))) for n, s, b in zip(counts, sizes, bad, strict=True)]
        found = estimate(drawn, 950)
        covered += found.low <= sum(bad) <= found.high
        spread = sum(n * n / s * (b / n) * (1 - b / n) * (n - s) / max(1, n - 1) for n, s, b in zip(counts, sizes, bad, strict=True))
        if spread > 0:
            errors.append((float(found.total) - sum(bad)) / sqrt(spread))
    for confidence, (hits, tries) in kept.items():
        assert tries > COUNTIES / 3
        assert _within(hits, tries, confidence / 1000), (confidence, hits, tries)
    assert _within(covered, COUNTIES, 0.95), covered
    assert abs(float(np.mean(errors))) < 4 / sqrt(len(errors))  # unbiased: the standardised errors average to nothing
    assert 0.9 < float(np.std(errors)) < 1.1


def _hidden(counts: Sequence[int], sizes: Sequence[int], bad: int) -> list[int]:
    placed = [0] * len(counts)
    for _ in range(bad):
        free = [i for i in range(len(counts)) if placed[i] < counts[i]]
        best = max(free, key=lambda i: Fraction(max(0, counts[i] - sizes[i] - placed[i]), counts[i] - placed[i]))
        placed[best] += 1
    return placed
