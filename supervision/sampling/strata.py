"""Strata: parts of the frame with known weights, their sample sizes and what the whole promises. R55, R66; domain.md 2.3.2. Pure.

Inside a stratum every lesson has the same chance, `size / count`, exactly: no approximation stands between the draw and the estimate. A weight
of 1000 ‰ is the base rate; a higher one raises the rate of its stratum and never lowers another's. All figures are integers.
"""

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import comb
from typing import Final
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from supervision.sampling.draw import PERMILLE, SamplingRule, bad_count, check_rule
from supervision.sampling.errors import MalformedPlan

COMMITMENT_TAG: Final = b"classproof-strata-v1"
SALT_BYTES: Final = 32
PROBATION: Final = "probation"  # stands for the tier of an institution that was readmitted: every lesson is drawn (2.3.5)


class StratifyBy(StrEnum):
    """What may split a frame."""

    TIER = "tier"  # 信用等级 R66
    CATEGORY = "category"  # 培训类别
    DEPARTMENT = "department"  # 行业主管部门
    FLAGS = "flags"  # the machine has something to say about the lesson


@dataclass(frozen=True, slots=True)
class RiskWeights:
    """Weights in force, permille of the base rate, each at least 1000: nobody is drawn less often than the base (R55, R66).

    `screening_flag_strength`: a lead of screening counts as a flag from this strength on (R60).
    """

    weight_tier_a_permille: int
    weight_tier_b_permille: int
    weight_tier_c_permille: int
    weight_tier_d_permille: int
    weight_unrated_permille: int
    weight_flagged_permille: int
    weight_probation_permille: int
    screening_flag_strength: int = 1000  # of plans made before screening: only the strongest

    def of_tier(self, tier: str) -> int:
        """‰ of the base rate for the lessons of a tier; an empty one is an institution without a rating, `PROBATION` one readmitted of late."""
        weights = {
            "A": self.weight_tier_a_permille,
            "B": self.weight_tier_b_permille,
            "C": self.weight_tier_c_permille,
            "D": self.weight_tier_d_permille,
            PROBATION: self.weight_probation_permille,
        }
        return weights.get(tier, self.weight_unrated_permille)


@dataclass(frozen=True, slots=True)
class LessonFacts:
    """What decides a lesson's stratum. `tier` is empty while the institution is not rated, `PROBATION` while all is reviewed."""

    tier: str
    category: str
    department: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class Stratum:
    """`key` names it, in its round. `count` lessons, of which `size` are drawn."""

    key: str
    weight_permille: int
    count: int
    size: int


def check_plan(by: Sequence[str], weights: RiskWeights | None) -> tuple[StratifyBy, ...]:
    """The dimensions in their fixed order. Raises: MalformedPlan — an unknown or repeated one, no weights for it, a weight under 1000."""
    errors: list[dict[str, object]] = [
        {"where": "strata_by", "code": "unknown", "value": name} for name in by if name not in set(StratifyBy) or by.count(name) > 1
    ]
    if by and weights is None:
        errors.append({"where": "weights", "code": "missing", "value": ""})
    for name in (name for name in RiskWeights.__dataclass_fields__ if weights and name.startswith("weight_")):
        value = getattr(weights, name)
        if not PERMILLE <= value <= 1000 * PERMILLE:
            errors.append({"where": name, "code": "out-of-range", "value": value})
    if errors:
        raise MalformedPlan(errors=errors)
    return tuple(one for one in StratifyBy if one.value in by)


def stratum_of(facts: LessonFacts, by: Sequence[StratifyBy], weights: RiskWeights) -> tuple[str, int]:
    """Key and weight (permille) of a lesson. No dimension: the one stratum with the empty key.

    The key reads `tier=B;category=project;flags=yes`; values are percent-encoded, so `;` and `=` stand only between them.
    """
    values = {
        StratifyBy.TIER: facts.tier,
        StratifyBy.CATEGORY: facts.category,
        StratifyBy.DEPARTMENT: facts.department,
        StratifyBy.FLAGS: "yes" if facts.flagged else "no",
    }
    weight = PERMILLE
    if StratifyBy.TIER in by:
        weight = weights.of_tier(facts.tier)
    if StratifyBy.FLAGS in by and facts.flagged:
        weight = weight * weights.weight_flagged_permille // PERMILLE
    return ";".join(f"{one.value}={quote(values[one], safe='')}" for one in by), weight


def allocate(strata: Mapping[str, tuple[int, int]], rule: SamplingRule) -> list[Stratum]:
    """How many to draw of each: `strata` is key → (count, weight permille); answers in code-point order of the keys.

    With base k of n lessons a stratum gives `min(count, ceil(weight · k · count / (1000 · n)))`. The base is the least k ≥ ceil(n · floor) for which
    at least one bad lesson is found with the wanted confidence wherever the bad ones lie. One stratum of weight 1000: `draw.sample_size`.
    Raises: MalformedPlan.
    """
    check_rule(rule)
    parts = [(key, *strata[key]) for key in sorted(strata)]
    counts = [count for _, count, _ in parts]
    total = sum(counts)
    if total < 1:
        return []
    bad, miss = bad_count(total, rule.detection_bad_permille), PERMILLE - rule.detection_confidence_permille

    def sizes(base: int) -> list[int]:
        return [min(count, -(-weight * base * count // (PERMILLE * total))) for _, count, weight in parts]

    low = max(1, -(-total * rule.sampling_floor_permille // PERMILLE))
    high = total
    while low < high:  # more is never worse: the promise is monotone in the base
        middle = (low + high) // 2
        if keeps(counts, sizes(middle), bad, miss):
            high = middle
        else:
            low = middle + 1
    return [Stratum(key, weight, count, size) for (key, count, weight), size in zip(parts, sizes(low), strict=True)]


def keeps(counts: Sequence[int], sizes: Sequence[int], bad: int, miss_permille: int) -> bool:
    """Whether the chance to miss all of `bad` bad lessons stays within `miss_permille`, wherever they lie.

    The j-th bad lesson of a stratum is missed with (count - size - j) / (count - j), given that those before it were: the factors fall
    with j, so the worst place for the bad lessons is found one by one, each where its factor is largest.
    """
    placed = [0] * len(counts)
    heap = [(-Fraction(n - s, n), i) for i, (n, s) in enumerate(zip(counts, sizes, strict=True)) if n]
    heapq.heapify(heap)
    chance = 1.0
    for _ in range(bad):
        factor, i = heapq.heappop(heap)
        if factor == 0:
            return True
        placed[i] += 1
        chance *= float(-factor)
        if miss_permille and chance * PERMILLE < miss_permille * 0.999:  # far below, beyond any rounding: more bad lessons only lower it
            return True
        if (left := counts[i] - placed[i]) > 0:
            heapq.heappush(heap, (-Fraction(left - sizes[i], left), i))
    missed, ways = 1, 1
    for n, s, d in zip(counts, sizes, placed, strict=True):
        few, many = sorted((s, d))
        missed, ways = missed * comb(n - many, few), ways * comb(n, few)
    return missed * PERMILLE <= miss_permille * ways


def found_ratio(counts: Sequence[int], sizes: Sequence[int], bad: int) -> float:
    """Chance to find at least one of `bad` bad lessons where they are hardest to find; a float, for pictures."""
    heap = [(s / n - 1.0, i) for i, (n, s) in enumerate(zip(counts, sizes, strict=True)) if n]
    heapq.heapify(heap)
    left, missed = list(counts), 1.0
    for _ in range(min(bad, sum(counts))):
        factor, i = heapq.heappop(heap)
        missed *= -factor
        if missed < 1e-6:
            return 1.0
        left[i] -= 1
        if left[i]:
            heapq.heappush(heap, (sizes[i] / left[i] - 1.0, i))
    return 1.0 - missed


def choose(ranked_strata: NDArray[np.integer], sizes: Sequence[int]) -> NDArray[np.bool_]:
    """For each lesson, best ticket first: whether it is among the first `sizes[stratum]` of its stratum. `ranked_strata`: theirs, in that order."""
    chosen = np.zeros(len(ranked_strata), np.bool_)
    for stratum, size in enumerate(sizes):
        chosen[np.flatnonzero(ranked_strata == stratum)[:size]] = True
    return chosen


def commitment(salt: bytes, lines: Iterable[tuple[str, str]]) -> bytes:
    """32 bytes that fix which lesson is in which stratum: `lines` are (natural id, key) in frame order.

    SHA-256(f(tag) ‖ f(salt) ‖ f(id 1 ‖ 0x09 ‖ key 1) ‖ …), f(x) = length of x as 4 bytes big-endian ‖ x. Without the salt nobody can try out
    who is flagged.
    """
    digest = hashlib.sha256()
    for field in (COMMITMENT_TAG, salt):
        digest.update(len(field).to_bytes(4, "big") + field)
    for natural_id, key in lines:
        line = f"{natural_id}\t{key}".encode()
        digest.update(len(line).to_bytes(4, "big") + line)
    return digest.digest()


def still_possible(counts: Sequence[int], sizes: Sequence[int], confidence_permille: int) -> int:
    """The most bad lessons that a sample without any still allows, wherever they lie: missed with a chance greater than 1 - confidence."""
    total = sum(counts)
    low, high = 0, total - sum(sizes) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(counts, sizes, middle, PERMILLE - confidence_permille) else (middle, high)
    return low
