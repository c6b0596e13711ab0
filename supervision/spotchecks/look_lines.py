"""What the blind looks of a round said, as the public may read it: totals, and one sealed line for each drawn lesson. 2.3.2; R55; G16. Pure.

Totals may tell of a single lesson: of one drawn lesson "one finding" says which. So they are told only where, for every institution, the doubted
lessons could all be another's: at least `looks_fewest_others` drawn lessons are of others, and there are no more doubted ones than that. Everything
here is in docs/design/sampling.md, 12, and `sampling/verify_draw.py` computes it again.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from supervision.spotchecks.lifecycle import Verdict

SALT_BYTES: Final = 32
_TAG: Final = b"classproof-look-line-v1"


@dataclass(frozen=True, slots=True)
class ResultsRule:
    """Figures in force. `looks_fewest_others` = drawn lessons of others, at least, beside those of any institution, for totals to be told at once;
    `looks_sealed_days` = days after the closing in which no line is opened, so that a round without findings looks like one whose notices are due.
    """

    looks_fewest_others: int
    looks_sealed_days: int


@dataclass(frozen=True, slots=True)
class Line:
    """One drawn lesson: the verdicts in the order of the looks, and what they came to."""

    natural_id: str
    verdicts: tuple[Verdict, ...]
    outcome: Verdict

    @property
    def is_doubted(self) -> bool:
        """Somebody found something, whatever the others said."""
        return Verdict.FINDING in self.verdicts


@dataclass(frozen=True, slots=True)
class Totals:
    """`disagreements` = lessons of which two looks said different things."""

    drawn: int
    looked_at: int
    ok: int
    finding: int
    second_looks: int
    third_looks: int
    disagreements: int


def commit_line(salt: bytes, line: Line) -> bytes:
    """SHA-256(f(tag) ‖ f(salt) ‖ f(natural id) ‖ f(verdicts joined by commas) ‖ f(outcome)), f(x) = length of x as 4 bytes big-endian, x."""
    parts = (_TAG, salt, line.natural_id.encode(), ",".join(line.verdicts).encode(), line.outcome.encode())
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


def commit_all(commitments: Iterable[bytes]) -> bytes:
    """One hash for the log: SHA-256 of the commitments one after the other."""
    return hashlib.sha256(b"".join(commitments)).digest()


def totals(lines: Sequence[Line]) -> Totals:
    """Figures of a whole round."""
    outcomes = Counter(line.outcome for line in lines)
    return Totals(
        drawn=len(lines),
        looked_at=sum(bool(line.verdicts) for line in lines),
        ok=outcomes[Verdict.OK],
        finding=outcomes[Verdict.FINDING],
        second_looks=sum(len(line.verdicts) >= 2 for line in lines),
        third_looks=sum(len(line.verdicts) >= 3 for line in lines),
        disagreements=sum(len(set(line.verdicts)) > 1 for line in lines),
    )


def may_be_told(part: Sequence[tuple[Hashable, Line]], fewest_others: int) -> bool:
    """Whether figures of this part (institution and line of each drawn lesson) leave every institution, and whoever reads of it, in doubt."""
    of_each = Counter(institution for institution, _ in part)
    others = len(part) - max(of_each.values(), default=0)
    return others >= fewest_others and sum(line.is_doubted for _, line in part) <= others


def opens_at(closed_at: datetime, rule: ResultsRule) -> datetime:
    """Before this instant no line is opened, whatever was found."""
    return closed_at + timedelta(days=rule.looks_sealed_days)
