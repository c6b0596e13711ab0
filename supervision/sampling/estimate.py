"""How many lessons of the whole frame are bad, from a stratified sample: an unbiased figure and an interval that keeps its word. R55, R59. Pure.

The estimate is Horvitz–Thompson's: every bad lesson that was drawn stands for `count / size` of its stratum. It is exact arithmetic.

The interval holds with *at least* the confidence stated, for every frame and wherever the bad lessons lie. One stratum: both hypergeometric tails,
exactly. Several: with X_h bad lessons drawn in stratum h of which d_h are bad in truth, f = size / count and a = count / size, every θ gives
  P(Σ a X ≤ t) ≤ exp(θ t) · Π E[exp(-θ a X_h)]   (Chernoff),
  log E[z^X_h] ≤ min(size · log(1 + (z-1) d/count), d · log(1 + (z-1) f))   (drawing without replacement, seen from either side; Hoeffding 1963).
The right side is concave in d, so the worst place for B bad lessons is the B largest steps over all strata; B is possible while the best θ leaves
more than half of (1 - confidence). Wider than a normal approximation, which at few bad lessons promises more than it keeps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.sampling.draw import PERMILLE, bound

Floats = NDArray[np.float64]
_THETAS: Final = np.geomspace(1e-3, 60.0, 40)  # times the smallest step of t; any θ is valid, a better one only narrows


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stratum after its review: `count` lessons, `size` looked at, `bad` of these with a confirmed finding."""

    count: int
    size: int
    bad: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bad lessons of the frame: `total` unbiased, `low` to `high` what is possible; shares in permille, those of the interval rounded outward."""

    count: int
    total: Fraction
    low: int
    high: int

    @property
    def permille(self) -> int:
        """Rounded to the nearest."""
        return round(self.total * PERMILLE / self.count)

    @property
    def low_permille(self) -> int:
        return self.low * PERMILLE // self.count

    @property
    def high_permille(self) -> int:
        return -(-self.high * PERMILLE // self.count)


def estimate(strata: Sequence[Sampled], confidence_permille: int) -> Estimate:
    """Raises: ValueError — nothing sampled, or more bad than looked at."""
    if not strata or any(not 0 <= s.bad <= s.size <= s.count or s.size < 1 for s in strata):
        raise ValueError("every stratum needs 1 ≤ size ≤ count and 0 ≤ bad ≤ size")
    count = sum(s.count for s in strata)
    total = sum((Fraction(s.bad * s.count, s.size) for s in strata), Fraction(0))
    tail = (PERMILLE - confidence_permille) / PERMILLE / 2
    if len(strata) == 1:
        (one,) = strata
        both = PERMILLE - (PERMILLE - confidence_permille) // 2  # half of the rest for each tail, rounded to the safe side
        high = bound(one.count, one.size, both, found=one.bad).bad
        low = one.count - bound(one.count, one.size, both, found=one.size - one.bad).bad
    else:
        high = _most(strata, tail)
        # a lower limit for the bad is an upper limit for the good, which were counted by the same draw
        low = count - _most([Sampled(s.count, s.size, s.size - s.bad) for s in strata], tail)
    return Estimate(count, total, low, high)


def _most(strata: Sequence[Sampled], tail: float) -> int:
    """The largest number of bad lessons whose chance to show this few is not certainly below `tail`."""
    seen = sum(s.bad for s in strata)
    weighed = [(s, s.count / s.size) for s in strata]
    shown = sum(weight * s.bad for s, weight in weighed)
    # what is known already: the bad ones seen are bad, the good ones seen are good
    thetas = _THETAS / min(weight for _, weight in weighed)
    worst = [_log_mean(s, -thetas * weight) for s, weight in weighed]  # a row for each θ
    start = np.sum([one[:, 0] for one in worst], axis=0)
    order = np.sort(np.concatenate([np.diff(one, axis=1) for one in worst], axis=1), axis=1)[:, ::-1]
    more = np.concatenate([np.zeros((len(thetas), 1)), np.cumsum(order, axis=1)], axis=1)
    best = np.min((thetas * shown + start)[:, np.newaxis] + more, axis=0)
    return seen + int(np.flatnonzero(best >= np.log(tail) - 1e-9)[-1])  # what was seen is possible


def _log_mean(s: Sampled, log_z: Floats) -> Floats:
    """Upper bound of log E[z^X], (z, number of bad lessons), for every possible number of the stratum, from `bad` up. Concave, falling."""
    bad = np.arange(s.bad, s.count - s.size + s.bad + 1)
    with np.errstate(divide="ignore"):  # log 0 = -inf: a share of 0 or 1
        share, fraction = bad / s.count, np.float64(s.size / s.count)
        of_size = s.size * np.logaddexp(np.log1p(-share), np.log(share) + log_z[:, np.newaxis])
        of_bad = bad * np.logaddexp(np.log1p(-fraction), np.log(fraction) + log_z)[:, np.newaxis]
    least: Floats = np.minimum(of_size, of_bad)
    return least
