"""How far a reviewer can be relied on: agreement with the other blind look, misses and false alarms on known items, time. G16. Pure.

Cohen's κ = (p_o − p_e) / (1 − p_e), from the 2×2 table of own verdict × verdict of the other blind look (looks 1 and 2 of one lesson).
Its 95 % interval: κ ± 1.96 · SE (Fleiss, Cohen and Everitt 1969) of the table with ½ added to every cell, cut to [−1, 1]; the ½ keeps a width
where everything agrees. Every *finding* but only a share of *ok* is looked at twice, so κ compares reviewers of one county with each other; it is
not the κ of all lessons.

Shares carry the exact interval of Clopper and Pearson (1934): it holds its 95 % for every true share.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from supervision.spotchecks.lifecycle import Verdict

Z_95: Final = 1.959963984540054
_ALPHA: Final = 0.05
_STEPS: Final = 60  # halvings: below the precision of a float


@dataclass(frozen=True, slots=True)
class FigureRule:
    """Figures in force. Below `agreement_min_pairs` lessons looked at twice no κ is shown."""

    agreement_min_pairs: int


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict. `other` = the other blind look's; `truth` = what is known of the item, None if nothing is; `took_s` from opening to signing."""

    verdict: Verdict
    other: Verdict | None
    truth: Verdict | None
    took_s: float
    footage_s: float


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with its exact interval; None when there is nothing to divide by."""

    count: int
    of: int
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one reviewer. `kappa` None: too few pairs, or both sides said the same of every lesson."""

    items: int
    pairs: int
    agreed: int
    kappa: Interval | None
    too_few: bool
    misses: Share
    false_alarms: Share
    minutes_per_item: float | None
    minutes_per_footage_minute: float | None


def figures(judged: Sequence[Judged], rule: FigureRule) -> Figures:
    """Everything that is shown of a reviewer."""
    table = pair_table(judged)
    pairs = sum(map(sum, table))
    bad = [one for one in judged if one.truth is Verdict.FINDING]
    good = [one for one in judged if one.truth is Verdict.OK]
    return Figures(
        items=len(judged),
        pairs=pairs,
        agreed=table[0][0] + table[1][1],
        kappa=kappa_interval(table) if pairs >= rule.agreement_min_pairs else None,
        too_few=pairs < rule.agreement_min_pairs,
        misses=share(sum(one.verdict is Verdict.OK for one in bad), len(bad)),
        false_alarms=share(sum(one.verdict is Verdict.FINDING for one in good), len(good)),
        minutes_per_item=median(one.took_s for one in judged) / 60 if judged else None,
        minutes_per_footage_minute=_median([one.took_s / one.footage_s for one in judged if one.footage_s > 0]),
    )


def pair_table(judged: Sequence[Judged]) -> list[list[int]]:
    """Rows: own verdict *finding*, *ok*; columns: the other's."""
    order = (Verdict.FINDING, Verdict.OK)
    return [[sum(one.verdict is own and one.other is other for one in judged) for other in order] for own in order]


def kappa(table: Sequence[Sequence[float]]) -> float | None:
    """Cohen's κ; None for an empty table and where p_e = 1."""
    total = sum(map(sum, table))
    if not total:
        return None
    p = [[cell / total for cell in row] for row in table]
    observed, expected = p[0][0] + p[1][1], _expected(p)
    return None if math.isclose(expected, 1.0) else (observed - expected) / (1 - expected)


def kappa_interval(table: Sequence[Sequence[int]]) -> Interval | None:
    """κ of the table as it is, and its 95 % interval; None where κ is undefined."""
    value = kappa(table)
    if value is None:
        return None
    smooth = [[cell + 0.5 for cell in row] for row in table]
    total = sum(map(sum, smooth))
    p = [[cell / total for cell in row] for row in smooth]
    rows, columns = [sum(row) for row in p], [p[0][j] + p[1][j] for j in (0, 1)]
    expected = _expected(p)
    centre = (p[0][0] + p[1][1] - expected) / (1 - expected)
    agreeing = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - centre)) ** 2 for i in (0, 1))
    differing = (1 - centre) ** 2 * sum(p[i][j] * (columns[i] + rows[j]) ** 2 for i in (0, 1) for j in (0, 1) if i != j)
    variance = (agreeing + differing - (centre - expected * (1 - centre)) ** 2) / (total * (1 - expected) ** 2)
    reach = Z_95 * math.sqrt(max(variance, 0.0))
    return Interval(value, min(value, max(-1.0, centre - reach)), max(value, min(1.0, centre + reach)))


def share(count: int, of: int) -> Share:
    """`count` of `of` with the interval of Clopper and Pearson. 0 ≤ count ≤ of."""
    if of == 0:
        return Share(0, 0, None)
    low = 0.0 if count == 0 else _bisect(lambda p: 1 - _at_most(count - 1, of, p) >= _ALPHA / 2)
    high = 1.0 if count == of else _bisect(lambda p: _at_most(count, of, p) <= _ALPHA / 2)
    return Share(count, of, Interval(count / of, low, high))


def _expected(p: Sequence[Sequence[float]]) -> float:
    """Agreement by chance, from the margins."""
    first, second = p[0][0] + p[0][1], p[0][0] + p[1][0]
    return first * second + (1 - first) * (1 - second)


def _at_most(count: int, of: int, p: float) -> float:
    """P(X ≤ count) for X binomial(of, p), 0 < p < 1; summed in logarithms, so that 10 000 items neither overflow nor vanish."""
    log_p, log_q = math.log(p), math.log1p(-p)
    whole = math.lgamma(of + 1)
    return math.fsum(math.exp(whole - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * log_p + (of - k) * log_q) for k in range(count + 1))


def _bisect(holds_above: Callable[[float], bool]) -> float:
    """The p in (0, 1) from which on `holds_above`."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if holds_above(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
