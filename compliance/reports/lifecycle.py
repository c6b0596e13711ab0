"""A biweekly report: prepared by a named person, signed by another, or sent back. R98, R99; G25. Pure."""

from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class ReportState(StrEnum):
    PREPARED = "prepared"
    SIGNED = "signed"
    RETURNED = "returned"  # another takes its place


class ReportEvent(StrEnum):
    SIGN = "sign"
    RETURN = "return"


_another_person: Final = somebody_else("signer", "preparer")


REPORT_MOVES: Final[Moves[ReportState, ReportEvent]] = {
    (ReportState.PREPARED, ReportEvent.SIGN): Move(ReportState.SIGNED, guard=_another_person, clause="R98"),
    (ReportState.PREPARED, ReportEvent.RETURN): Move(ReportState.RETURNED, guard=reason_given, clause="R98"),
}

LIVE_STATES: Final = (ReportState.PREPARED, ReportState.SIGNED)
