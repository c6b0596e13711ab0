"""A biweekly report: prepared by a named person, signed by another, or sent back. R98, R99; G25. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.lifecycle import Move, Moves


class ReportState(StrEnum):
    PREPARED = "prepared"
    SIGNED = "signed"
    RETURNED = "returned"  # another takes its place


class ReportEvent(StrEnum):
    SIGN = "sign"
    RETURN = "return"


def _another_person(facts: Mapping[str, object]) -> str | None:
    signer = str(facts.get("signer") or "")
    if not signer:
        return "decider-unknown"
    return "same-person" if signer == str(facts.get("preparer")) else None


def _returnable(facts: Mapping[str, object]) -> str | None:
    return None if str(facts.get("reason") or "").strip() else "reason-needed"


REPORT_MOVES: Final[Moves[ReportState, ReportEvent]] = {
    (ReportState.PREPARED, ReportEvent.SIGN): Move(ReportState.SIGNED, guard=_another_person, clause="R98"),
    (ReportState.PREPARED, ReportEvent.RETURN): Move(ReportState.RETURNED, guard=_returnable, clause="R98"),
}

LIVE_STATES: Final = (ReportState.PREPARED, ReportState.SIGNED)
