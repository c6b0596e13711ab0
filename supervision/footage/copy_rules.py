"""Does the institution still hold its own copy? Which stretch it is asked for, what the right answer is, what a check says. R73; Q3, F-14, G14. Pure.

The duty to keep the footage is the institution's; the bureau's locked store is a second copy. A check asks for SHA-256(nonce ‖ bytes) of a stretch
that nobody could know before, so only who has the bytes can answer. A check says what happened; what follows is a person's affair.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

NONCE_BYTES: Final = 16
KIB: Final = 1024


class Standing(StrEnum):
    """What a check says now."""

    ASKED = "asked"  # 待应答
    KEPT = "kept"  # 应答相符
    WRONG = "wrong"  # 应答不符
    UNANSWERED = "unanswered"  # 逾期未应答


@dataclass(frozen=True, slots=True)
class CopyRule:
    """Figures in force (`retention.yaml`)."""

    copy_check_every_days: int
    copy_check_hours: int
    copy_check_kib: int


def is_owed(last_asked_at: datetime | None, now: datetime, rule: CopyRule) -> bool:
    """Whether an institution is asked again: the last time lies at least so many days back."""
    return last_asked_at is None or now - last_asked_at >= timedelta(days=rule.copy_check_every_days)


def due_at(asked_at: datetime, rule: CopyRule) -> datetime:
    """The first moment at which no answer is taken any more."""
    return asked_at + timedelta(hours=rule.copy_check_hours)


def stretch(size_bytes: int, chance: int, rule: CopyRule) -> tuple[int, int]:
    """`(offset, length)` of the bytes asked for: so many KiB anywhere in the file, the whole of a smaller one. `chance`: any large random number."""
    length = min(size_bytes, rule.copy_check_kib * KIB)
    return chance % (size_bytes - length + 1), length


def right_answer(nonce: bytes, data: bytes) -> bytes:
    """SHA-256 of the nonce, then the bytes."""
    return hashlib.sha256(nonce + data).digest()


def standing(*, matches: bool | None, due: datetime, now: datetime) -> Standing:
    """`matches`: None while nothing was answered."""
    if matches is not None:
        return Standing.KEPT if matches else Standing.WRONG
    return Standing.ASKED if now < due else Standing.UNANSWERED
