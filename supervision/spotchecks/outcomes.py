"""When the outcome of a drawn lesson stands, and which look is due before that. domain.md 2.3.2 (SECOND_REVIEW, ADJUDICATED); G16. Pure.

Looks are blind: whoever looks knows of no other look. Two equal verdicts decide; of three, the majority.

The round's salt (32 random bytes, committed when the round is assigned, published when it is closed) keeps everybody from computing from the
published seed whose verdict will be checked, by whom, and which tasks are known items:
look seed = SHA-256(seed ‖ 0x04 ‖ salt); commitment = SHA-256(f("classproof-looks-v1") ‖ f(salt)), f(x) = length of x as 4 bytes big-endian, x.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from storage.kernel.span import Span
from supervision.spotchecks.lifecycle import Verdict

SALT_BYTES: Final = 32
MAX_LOOKS: Final = 3
_TAG: Final = b"classproof-looks-v1"
_PERMILLE: Final = 1000


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome stands."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LookDue:
    """Look number 1, 2 or 3 is still to be made."""

    look: int


def next_step(verdicts: Sequence[Verdict], *, clean_share: bool) -> Decided | LookDue:
    """`verdicts` in the order of the looks, at most three; `clean_share`: the lesson is looked at a second time even when nothing was found."""
    match list(verdicts):
        case []:
            return LookDue(1)
        case [Verdict.OK] if not clean_share:
            return Decided(Verdict.OK)
        case [_]:
            return LookDue(2)
        case [first, second]:
            return Decided(first) if first is second else LookDue(3)
        case [_, _, _]:
            return Decided(Verdict.FINDING if sum(v is Verdict.FINDING for v in verdicts) >= 2 else Verdict.OK)
    raise ValueError(len(verdicts))


def look_seed(seed: bytes, salt: bytes) -> bytes:
    """32 bytes from which everything after the first look is drawn."""
    return hashlib.sha256(seed + b"\x04" + salt).digest()


def salt_commitment(salt: bytes) -> bytes:
    """32 bytes, in the ledger from the assignment on."""
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in (_TAG, salt))).digest()


def in_clean_share(looks: bytes, natural_id: str, permille: int) -> bool:
    """SHA-256(look seed ‖ 0x03 ‖ natural id), as a number, modulo 1000 < permille."""
    return int.from_bytes(hashlib.sha256(looks + b"\x03" + natural_id.encode()).digest(), "big") % _PERMILLE < permille


def planted_ticket(looks: bytes, natural_id: str) -> bytes:
    """SHA-256(look seed ‖ 0x05 ‖ natural id): of known items equally near, the smallest tickets are taken."""
    return hashlib.sha256(looks + b"\x05" + natural_id.encode()).digest()


def days_away(begins_at: datetime, period: Span) -> int:
    """Whole or begun days between a lesson and the period of a round; 0 inside: such a known item cannot be told by its date."""
    outside = max(period.start_at - begins_at, begins_at - period.end_at + timedelta(microseconds=1), timedelta())
    return -(-outside // timedelta(days=1))


def planted_count(tasks: int, permille: int) -> int:
    """Known items among `tasks` drawn lessons, rounded down: never more than the figure allows."""
    return tasks * permille // _PERMILLE
