"""What becomes of a mark in the review room: a finding, or nothing, with the reason why. domain.md 2.3.2. A draft until then."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given
from storage.kernel.lifecycle import Move, Moves


class MarkState(StrEnum):
    OPEN = "open"  # saved as typed, by its inspector alone
    RECORDED = "recorded"  # became a finding
    DROPPED = "dropped"


class MarkEvent(StrEnum):
    RECORD = "record"
    DROP = "drop"


def _names_a_finding(facts: Mapping[str, object]) -> str | None:
    return None if str(facts.get("finding") or "") else "no-finding-recorded"


MARK_MOVES: Final[Moves[MarkState, MarkEvent]] = {
    (MarkState.OPEN, MarkEvent.RECORD): Move(MarkState.RECORDED, guard=_names_a_finding, clause="2.3.2"),
    (MarkState.OPEN, MarkEvent.DROP): Move(MarkState.DROPPED, guard=reason_given, clause="2.3.2"),
}
