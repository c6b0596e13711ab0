"""The draw: which lessons, how many, and what the answer can and cannot promise. R54–R59, Q4; domain.md 2.3.2, 3.5. Pure.

ticket = SHA-256(seed ‖ 0x00 ‖ UTF-8 of the natural id). Lessons are ordered by ticket, then by id; the first k are drawn, so the first k
of a draw of n are the draw of k and a later top-up never contradicts it. All figures are integers: no rounding error decides.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from supervision.sampling.errors import MalformedPlan

PERMILLE: Final = 1000
TICKET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """Figures in force, all in permille: floor of the share, and the target "find ≥ 1 if ≥ `bad` are bad, with `confidence`".

    A confidence of 0 leaves the floor alone; 1000 demands certainty.
    """

    sampling_floor_permille: int
    detection_bad_permille: int
    detection_confidence_permille: int


class Ticket(NamedTuple):
    """`rank` from 1."""

    rank: int
    natural_id: str
    ticket: bytes


@dataclass(frozen=True, slots=True)
class UpperBound:
    """At most `bad` lessons of the frame are bad; `permille` is that share, rounded up."""

    bad: int
    permille: int


def check_rule(rule: SamplingRule) -> SamplingRule:
    """Raises: MalformedPlan — a figure outside its range, all of them at once."""
    ranges = (
        ("sampling_floor_permille", rule.sampling_floor_permille, 0, PERMILLE),
        ("detection_bad_permille", rule.detection_bad_permille, 1, PERMILLE),
        ("detection_confidence_permille", rule.detection_confidence_permille, 0, PERMILLE),
    )
    errors = [{"where": name, "code": "out-of-range", "value": value} for name, value, low, high in ranges if not low <= value <= high]
    if errors:
        raise MalformedPlan(errors=errors)
    return rule


def ticket(seed: bytes, natural_id: str) -> bytes:
    """32 bytes."""
    return hashlib.sha256(seed + b"\x00" + natural_id.encode()).digest()


@dataclass(frozen=True, slots=True)
class Ranking:
    """A whole frame in the order of the draw, without an object for each lesson (docs/benchmarks.md has the time of a million).

    `tickets`: 32 bytes for each id, in the order of `natural_ids`; `positions[rank - 1]` is where in `natural_ids` the lesson of that rank stands.
    """

    natural_ids: Sequence[str]
    tickets: bytes
    positions: NDArray[np.intp]

    def ticket_at(self, position: int) -> bytes:
        """32 bytes, of the id at this place of `natural_ids`."""
        return self.tickets[position * TICKET_BYTES : (position + 1) * TICKET_BYTES]

    def between(self, start: int, stop: int) -> list[Ticket]:
        """Ranks `start + 1` to `stop`, or to the last."""
        return [
            Ticket(rank, self.natural_ids[position], self.ticket_at(position))
            for rank, position in enumerate(self.positions[start:stop].tolist(), start=start + 1)
        ]


def ranking(natural_ids: Iterable[str], seed: bytes) -> Ranking:
    """Every id with its ticket, best first, in the light form."""
    ids, prefix, sha256 = list(natural_ids), seed + b"\x00", hashlib.sha256
    tickets = b"".join([sha256(prefix + natural_id.encode()).digest() for natural_id in ids])
    return Ranking(ids, tickets, in_order(tickets, ids))


def in_order(tickets: bytes, natural_ids: Sequence[str]) -> NDArray[np.intp]:
    """Positions, best ticket first, then by id. The first eight bytes are sorted as numbers; only what ties in them is looked at whole."""
    heads = np.frombuffer(tickets, ">u8")[:: TICKET_BYTES // 8].astype(np.uint64)
    positions = np.argsort(heads)
    ordered = heads[positions]
    ties = np.flatnonzero(ordered[1:] == ordered[:-1])
    for run in np.split(ties, np.flatnonzero(np.diff(ties) > 1) + 1) if len(ties) else ():
        span = slice(int(run[0]), int(run[-1]) + 2)
        whole = {at: (tickets[at * TICKET_BYTES : (at + 1) * TICKET_BYTES], natural_ids[at]) for at in positions[span].tolist()}
        positions[span] = sorted(whole, key=whole.__getitem__)
    return positions


def order(natural_ids: Iterable[str], seed: bytes) -> list[Ticket]:
    """Every id with its ticket, best first."""
    ranked = ranking(natural_ids, seed)
    return ranked.between(0, len(ranked.natural_ids))


def draw(natural_ids: Iterable[str], seed: bytes, size: int) -> list[Ticket]:
    """The first `size` of `order`, without building the rest. A `size` beyond the frame draws all of it."""
    return ranking(natural_ids, seed).between(0, size)


def bad_count(frame_count: int, bad_permille: int) -> int:
    """The least number of bad lessons that is at least this share; 1 or more."""
    return max(1, -(-frame_count * bad_permille // PERMILLE))


def detection_size(frame_count: int, bad_permille: int, confidence_permille: int) -> int:
    """Smallest sample that finds at least one bad lesson with the wanted confidence: exact hypergeometric, without replacement.

    Smallest k with C(n - d, k) / C(n, k) ≤ 1 - confidence, where d = `bad_count`.
    """
    good = frame_count - bad_count(frame_count, bad_permille)
    if confidence_permille >= PERMILLE:
        return good + 1
    misses, ways = 1, 1  # falling factorials of `good` and `frame_count`: their ratio is the chance that all k are good
    for k in range(good + 1):
        if misses * PERMILLE <= (PERMILLE - confidence_permille) * ways:
            return k
        misses *= good - k
        ways *= frame_count - k
    return good + 1


def sample_size(frame_count: int, rule: SamplingRule) -> int:
    """`max(ceil(floor share × n), detection size)`, at least 1, at most n. Raises: MalformedPlan."""
    check_rule(rule)
    if frame_count < 1:
        return 0
    floor = -(-frame_count * rule.sampling_floor_permille // PERMILLE)
    detect = detection_size(frame_count, rule.detection_bad_permille, rule.detection_confidence_permille)
    return min(frame_count, max(1, floor, detect))


def detection_permille(frame_count: int, sampled: int, bad: int) -> int:
    """Chance, rounded down, that a sample of this size holds at least one of `bad` bad lessons."""
    few, many = sorted((sampled, bad))  # C(n - d, k) / C(n, k) = C(n - k, d) / C(n, d): the smaller binomials give the same chance
    all_ways = math.comb(frame_count, few)
    return (all_ways - math.comb(frame_count - many, few)) * PERMILLE // all_ways


def bound(frame_count: int, sampled: int, confidence_permille: int, *, found: int = 0) -> UpperBound:
    """What a sample with `found` bad lessons still allows: the most bad lessons that would show so few with probability > 1 - confidence.

    Example: 10 of 200 looked at, none bad, 950 ‰ → up to 50 lessons (250 ‰) could be bad.
    """
    if not 0 <= found <= sampled <= frame_count:
        msg = f"found {found} of {sampled} of {frame_count}"
        raise ValueError(msg)

    def plausible(bad: int) -> bool:
        # P(at most `found` bad ones in the sample); bad and sampled may be exchanged, which keeps the binomials small
        few, many = sorted((sampled, bad))
        ways = sum(math.comb(many, i) * math.comb(frame_count - many, few - i) for i in range(min(found, few) + 1))
        return ways * PERMILLE > (PERMILLE - confidence_permille) * math.comb(frame_count, few)

    most = frame_count - (sampled - found)  # those looked at and good are good
    low, step = found, 1
    while low + step <= most and plausible(low + step):
        low, step = low + step, step * 2
    high = min(low + step, most + 1)  # plausible(low) holds, plausible(high) does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if plausible(middle) else (low, middle)
    return UpperBound(bad=low, permille=-(-low * PERMILLE // frame_count))
