"""κ, shares and times of reviewers: values worked by hand, and intervals that hold what they promise."""

import math
import random
from itertools import product

import pytest

from supervision.spotchecks.agreement import FigureRule, Judged, figures, kappa, kappa_interval, pair_table, share
from supervision.spotchecks.lifecycle import Verdict

OK, FINDING = Verdict.OK, Verdict.FINDING
RULE = FigureRule(agreement_min_pairs=4)


def one(verdict: Verdict, other: Verdict | None = None, truth: Verdict | None = None, took_s: float = 600, footage_s: float = 300) -> Judged:
    return Judged(verdict, other, truth, took_s, footage_s)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ([[20, 5], [10, 15]], 0.4),  # p_o = 35/50, p_e = (25·30 + 25·20)/2500 = 1/2
        ([[10, 0], [0, 10]], 1.0),
        ([[0, 10], [10, 0]], -1.0),
        ([[25, 25], [25, 25]], 0.0),
        ([[45, 15], [25, 15]], 6 / 46),  # p_o = 0.60, p_e = 0.7·0.6 + 0.3·0.4 = 0.54
    ],
)
def test_kappa_is_what_it_is_by_hand(table: list[list[int]], value: float) -> None:
    found = kappa(table)
    assert found is not None
    assert found == pytest.approx(value)


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[0, 0], [0, 12]], [[7, 0], [0, 0]]])
def test_kappa_says_nothing_where_nothing_varies(table: list[list[int]]) -> None:
    assert kappa(table) is None
    assert kappa_interval(table) is None


def test_the_standard_error_is_that_of_the_delta_method() -> None:
    """The closed form against the gradient of κ, taken numerically, with the multinomial covariance."""
    cells = [20.5, 5.5, 10.5, 15.5]
    n = sum(cells)
    p = [c / n for c in cells]

    def of(q: list[float]) -> float:
        found = kappa([[q[0], q[1]], [q[2], q[3]]])
        assert found is not None
        return found

    step = 1e-6
    gradient = [
        (of([q + step * (i == k) for k, q in enumerate(p)]) - of([q - step * (i == k) for k, q in enumerate(p)])) / (2 * step) for i in range(4)
    ]
    mean = sum(g * q for g, q in zip(gradient, p, strict=True))
    variance = (sum(g * g * q for g, q in zip(gradient, p, strict=True)) - mean * mean) / n
    found = kappa_interval([[20, 5], [10, 15]])
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.959963984540054 * math.sqrt(variance), rel=1e-4)


def test_perfect_agreement_is_not_certainty() -> None:
    few, many = kappa_interval([[3, 0], [0, 5]]), kappa_interval([[30, 0], [0, 50]])
    assert few is not None and many is not None
    assert few.value == many.value == 1.0
    assert few.low < many.low < 1.0


@pytest.mark.parametrize(("n", "bad", "agreement"), list(product((20, 60), (0.2, 0.5), (0.3, 0.6, 0.85))))
def test_the_interval_of_kappa_covers(n: int, bad: float, agreement: float) -> None:
    rng = random.Random(f"{n}/{bad}/{agreement}")
    cells = [bad * bad + agreement * bad * (1 - bad), bad * (1 - bad) * (1 - agreement), bad * (1 - bad) * (1 - agreement)]
    weights = [*cells, 1 - sum(cells)]
    runs, covered = 1500, 0
    for _ in range(runs):
        drawn = rng.choices(range(4), weights, k=n)
        counts = [drawn.count(cell) for cell in range(4)]
        found = kappa_interval([counts[:2], counts[2:]])
        covered += found is not None and found.low <= agreement <= found.high
    assert covered / runs >= 0.93 - 3 * math.sqrt(0.93 * 0.07 / runs), covered / runs


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 1 - 0.025 ** (1 / 10)),
        (10, 10, 0.025 ** (1 / 10), 1.0),
        (0, 1, 0.0, 0.975),
        (1, 10, 0.0025286, 0.4450161),  # tables of Clopper and Pearson
        (5, 20, 0.0865715, 0.4910459),
    ],
)
def test_a_share_has_the_exact_interval(count: int, of: int, low: float, high: float) -> None:
    found = share(count, of).interval
    assert found is not None
    assert (found.value, found.low, found.high) == (count / of, pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@pytest.mark.parametrize("of", [1, 7, 20, 60])
def test_the_interval_of_a_share_holds_its_promise_for_every_true_share(of: int) -> None:
    """By enumeration, not by chance: the probability of all results whose interval holds the true share."""
    intervals = [share(count, of).interval for count in range(of + 1)]
    for thousandth in range(5, 1000, 5):
        p = thousandth / 1000
        holds = sum(math.comb(of, k) * p**k * (1 - p) ** (of - k) for k, i in enumerate(intervals) if i and i.low <= p <= i.high)
        assert holds >= 0.95 - 1e-9, (of, p, holds)


def test_a_share_of_ten_thousand_neither_overflows_nor_vanishes() -> None:
    found = share(5000, 10_000).interval
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.5098)


def test_a_share_of_nothing_has_no_interval() -> None:
    assert share(0, 0).interval is None


def test_the_figures_of_a_reviewer() -> None:
    judged = [
        one(FINDING, FINDING, FINDING, took_s=300),
        one(FINDING, OK, OK, took_s=600),
        one(OK, FINDING, FINDING, took_s=900, footage_s=600),
        one(OK, OK, OK, took_s=1200, footage_s=0),
        one(OK),
        one(OK, None, FINDING, took_s=60),
    ]
    assert pair_table(judged) == [[1, 1], [1, 1]]
    found = figures(judged, RULE)
    assert (found.items, found.pairs, found.agreed, found.too_few) == (6, 4, 2, False)
    assert found.kappa is not None
    assert found.kappa.value == 0.0
    assert (found.misses.count, found.misses.of) == (2, 3)
    assert (found.false_alarms.count, found.false_alarms.of) == (1, 2)
    assert (found.minutes_per_item, found.minutes_per_footage_minute) == (10.0, 1.5)


def test_too_few_pairs_show_no_agreement() -> None:
    found = figures([one(OK, OK), one(FINDING, FINDING), one(OK, FINDING)], RULE)
    assert (found.pairs, found.kappa, found.too_few) == (3, None, True)


def test_nobody_has_no_figures() -> None:
    found = figures([], RULE)
    assert (found.items, found.minutes_per_item, found.misses.interval) == (0, None, None)
