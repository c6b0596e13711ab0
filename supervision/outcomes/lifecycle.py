"""Employment evidence: filed by the institution, verified or rejected by somebody else. F-21, Q1. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class EvidenceState(StrEnum):
    FILED = "filed"
    VERIFIED = "verified"
    REJECTED = "rejected"


class EvidenceEvent(StrEnum):
    VERIFY = "verify"
    REJECT = "reject"


_another_person: Final = somebody_else("decider", "filer")


def _with_a_reason(facts: Mapping[str, object]) -> str | None:
    return _another_person(facts) or reason_given(facts)


# What was decided once is decided again only with a reason: it may have counted in a rate that somebody was shown.
MOVES: Final[Moves[EvidenceState, EvidenceEvent]] = {
    (EvidenceState.FILED, EvidenceEvent.VERIFY): Move(EvidenceState.VERIFIED, guard=_another_person, clause="R44"),
    (EvidenceState.FILED, EvidenceEvent.REJECT): Move(EvidenceState.REJECTED, guard=_with_a_reason, clause="R44"),
    (EvidenceState.VERIFIED, EvidenceEvent.REJECT): Move(EvidenceState.REJECTED, guard=_with_a_reason, clause="R44"),
    (EvidenceState.REJECTED, EvidenceEvent.VERIFY): Move(EvidenceState.VERIFIED, guard=_with_a_reason, clause="R44"),
}
