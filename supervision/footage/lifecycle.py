"""States of an expected slot, of a recording and of an explanation. domain.md 2.3.1; R71–R73."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.lifecycle import Move, Moves


class SlotState(StrEnum):
    """What became of one camera's duty to film one lesson."""

    ANNOUNCED = "announced"  # expected by the timetable
    COVERED = "covered"  # something catalogued proves at least part of it
    MISSING = "missing"  # deadline over, nothing (or not enough) proven
    EXPLAINED = "explained-gap"  # the rest is explained and the bureau accepted
    CANCELLED = "cancelled"  # the lesson was cancelled before it began


class SlotEvent(StrEnum):
    PROVE = "prove"
    MISS = "miss"
    EXPLAIN = "explain"
    CANCEL = "cancel"
    REOPEN = "reopen"


SLOT_MOVES: Final[Moves[SlotState, SlotEvent]] = {
    (SlotState.ANNOUNCED, SlotEvent.PROVE): Move(SlotState.COVERED, clause="R71"),
    (SlotState.ANNOUNCED, SlotEvent.MISS): Move(SlotState.MISSING, clause="R71"),
    (SlotState.ANNOUNCED, SlotEvent.EXPLAIN): Move(SlotState.EXPLAINED, clause="R71"),
    (SlotState.ANNOUNCED, SlotEvent.CANCEL): Move(SlotState.CANCELLED, clause="R71"),
    (SlotState.COVERED, SlotEvent.MISS): Move(SlotState.MISSING, clause="R71"),
    (SlotState.COVERED, SlotEvent.EXPLAIN): Move(SlotState.EXPLAINED, clause="R71"),
    (SlotState.MISSING, SlotEvent.PROVE): Move(SlotState.COVERED, clause="R71"),
    (SlotState.MISSING, SlotEvent.EXPLAIN): Move(SlotState.EXPLAINED, clause="R71"),
    (SlotState.EXPLAINED, SlotEvent.PROVE): Move(SlotState.COVERED, clause="R71"),
    (SlotState.EXPLAINED, SlotEvent.REOPEN): Move(SlotState.MISSING, clause="R71"),
}


class RecordingState(StrEnum):
    """From the first byte to destruction."""

    UPLOADING = "uploading"
    RECEIVED = "received"  # the store has every byte under a version id
    QUARANTINED = "quarantined"  # the worker is reading it
    VERIFIED = "verified"  # measured and hashed, not yet locked
    CATALOGUED = "catalogued"  # COMPLIANCE lock set, logged
    RETAINED = "retained"  # lock, hash and version id read back
    DUE = "due"  # retention over, nothing holds it
    DESTROYED = "destroyed"
    REJECTED = "rejected"
    ABANDONED = "abandoned"  # the upload was given up or expired before the last byte
    ALARM = "integrity-alarm"  # the store no longer has what the catalogue says


class RecordingEvent(StrEnum):
    RECEIVE = "receive"
    ABANDON = "abandon"
    QUARANTINE = "quarantine"
    VERIFY = "verify"
    REJECT = "reject"
    CATALOGUE = "catalogue"
    CONFIRM = "confirm"
    RAISE_ALARM = "raise-alarm"
    CLEAR_ALARM = "clear-alarm"
    FALL_DUE = "fall-due"
    HOLD = "hold"
    DESTROY = "destroy"
    DISCARD = "discard"  # the original of a refused file, after its days


def _lock_was_read_back(facts: Mapping[str, object]) -> str | None:
    return None if facts.get("lock_read_back") is True else "lock-not-read-back"


def _nothing_holds_it(facts: Mapping[str, object]) -> str | None:
    if facts.get("retention_over") is not True:
        return "retention-not-over"
    return "held-by-a-matter" if facts.get("holds") else None


def _its_days_are_over(facts: Mapping[str, object]) -> str | None:
    if facts.get("days_over") is not True:
        return "days-for-dispute-not-over"
    return str(facts["kept_for"]) if facts.get("kept_for") else None


def _two_people_agreed(facts: Mapping[str, object]) -> str | None:
    return None if facts.get("approvers", 0) == 2 else "two-approvers-needed"


RECORDING_MOVES: Final[Moves[RecordingState, RecordingEvent]] = {
    (RecordingState.UPLOADING, RecordingEvent.RECEIVE): Move(RecordingState.RECEIVED, clause="R72"),
    (RecordingState.UPLOADING, RecordingEvent.ABANDON): Move(RecordingState.ABANDONED, clause="R72"),
    (RecordingState.RECEIVED, RecordingEvent.QUARANTINE): Move(RecordingState.QUARANTINED, clause="R72"),
    (RecordingState.QUARANTINED, RecordingEvent.QUARANTINE): Move(RecordingState.QUARANTINED, clause="R72"),  # the worker died; another takes over
    (RecordingState.QUARANTINED, RecordingEvent.VERIFY): Move(RecordingState.VERIFIED, clause="R72"),
    (RecordingState.QUARANTINED, RecordingEvent.REJECT): Move(RecordingState.REJECTED, clause="R72"),
    (RecordingState.VERIFIED, RecordingEvent.REJECT): Move(RecordingState.REJECTED, clause="R72"),
    (RecordingState.REJECTED, RecordingEvent.DISCARD): Move(RecordingState.REJECTED, guard=_its_days_are_over, clause="2.3.1"),
    (RecordingState.VERIFIED, RecordingEvent.CATALOGUE): Move(RecordingState.CATALOGUED, guard=_lock_was_read_back, clause="R73"),
    (RecordingState.CATALOGUED, RecordingEvent.CONFIRM): Move(RecordingState.RETAINED, guard=_lock_was_read_back, clause="R73"),
    (RecordingState.CATALOGUED, RecordingEvent.RAISE_ALARM): Move(RecordingState.ALARM, clause="R73"),
    (RecordingState.RETAINED, RecordingEvent.RAISE_ALARM): Move(RecordingState.ALARM, clause="R73"),
    (RecordingState.ALARM, RecordingEvent.CLEAR_ALARM): Move(RecordingState.RETAINED, guard=_lock_was_read_back, clause="R73"),
    (RecordingState.RETAINED, RecordingEvent.FALL_DUE): Move(RecordingState.DUE, guard=_nothing_holds_it, clause="R73"),
    (RecordingState.DUE, RecordingEvent.RAISE_ALARM): Move(RecordingState.ALARM, clause="R73"),
    (RecordingState.DUE, RecordingEvent.HOLD): Move(RecordingState.RETAINED, clause="R73"),
    (RecordingState.DUE, RecordingEvent.DESTROY): Move(RecordingState.DESTROYED, guard=_two_people_agreed, clause="R73"),
}

CATALOGUED_STATES: Final = (RecordingState.CATALOGUED, RecordingState.RETAINED, RecordingState.DUE)


class ExplanationState(StrEnum):
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ExplanationEvent(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


EXPLANATION_MOVES: Final[Moves[ExplanationState, ExplanationEvent]] = {
    (ExplanationState.SUBMITTED, ExplanationEvent.ACCEPT): Move(ExplanationState.ACCEPTED, clause="R71"),
    (ExplanationState.SUBMITTED, ExplanationEvent.REFUSE): Move(ExplanationState.REFUSED, clause="R71"),
    (ExplanationState.SUBMITTED, ExplanationEvent.WITHDRAW): Move(ExplanationState.WITHDRAWN, clause="R71"),
}
