"""Employment evidence: filed by the institution, verified or rejected by somebody else. F-21, Q1. Pure."""

from enum import StrEnum
from typing import Final

from storage.kernel.lifecycle import Move, Moves


class EvidenceState(StrEnum):
    FILED = "filed"
    VERIFIED = "verified"
    REJECTED = "rejected"


class EvidenceEvent(StrEnum):
    VERIFY = "verify"
    REJECT = "reject"


MOVES: Final[Moves[EvidenceState, EvidenceEvent]] = {
    (EvidenceState.FILED, EvidenceEvent.VERIFY): Move(EvidenceState.VERIFIED, clause="R44"),
    (EvidenceState.FILED, EvidenceEvent.REJECT): Move(EvidenceState.REJECTED, clause="R44"),
    (EvidenceState.VERIFIED, EvidenceEvent.REJECT): Move(EvidenceState.REJECTED, clause="R44"),
    (EvidenceState.REJECTED, EvidenceEvent.VERIFY): Move(EvidenceState.VERIFIED, clause="R44"),
}
