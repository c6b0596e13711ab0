"""States of a visit to a lesson (现场检查). R54, R56; domain.md 2.3.2: sealed until the day, at least two people, nothing signed in half.

Presence, answers and photos change no state; they are facts that the guards ask for.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given
from storage.kernel.lifecycle import Move, Moves

MIN_MEMBERS: Final = 2


class VisitState(StrEnum):
    SEALED = "sealed"  # drawn; nobody but its members may know, and they only shortly before
    OPENED = "opened"  # a member is at the door, the clock runs
    UNDER_WAY = "under-way"  # at least two members have confirmed presence, each from an own session
    SIGNED = "signed"  # by every member
    CLOSED = "closed"  # the office has dealt with what was found
    MISSED = "missed"  # the day ended without an opening
    VOID = "void"


class VisitEvent(StrEnum):
    OPEN = "open"
    BEGIN = "begin"
    RECUSE = "recuse"
    COUNTERSIGN = "countersign"
    SIGN = "sign"
    CLOSE = "close"
    MISS = "miss"
    VOID = "void"


def _count(facts: Mapping[str, object], name: str, default: int) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _two_are_there(facts: Mapping[str, object]) -> str | None:
    return None if _count(facts, "present", 0) >= MIN_MEMBERS else "two-members-needed"


def _everything_is_answered(facts: Mapping[str, object]) -> str | None:
    return None if _count(facts, "unanswered", 1) == 0 else "items-unanswered"


def _photos_are_received(facts: Mapping[str, object]) -> str | None:
    return None if _count(facts, "photos_missing", 1) == 0 else "photos-missing"


def _all_have_signed(facts: Mapping[str, object]) -> str | None:
    return None if _count(facts, "signatures", 0) == _count(facts, "members", -1) else "signature-missing"


def _problems_are_dealt_with(facts: Mapping[str, object]) -> str | None:
    return None if _count(facts, "problems_open", 1) == 0 else reason_given(facts) and "problems-without-finding"


# a fact is asked for by name: what nobody looked at does not pass
_today: Final = every(fact("lesson_stands", "lesson-cancelled"), fact("on_the_day", "not-the-day"))
_day_over: Final = fact("day_over", "day-not-over")
_whole: Final = every(_two_are_there, _everything_is_answered, _photos_are_received)
_S, _E = VisitState, VisitEvent
_VOID: Final = Move(_S.VOID, guard=reason_given, clause="2.3.2")

VISIT_MOVES: Final[Moves[VisitState, VisitEvent]] = {
    (_S.SEALED, _E.OPEN): Move(_S.OPENED, guard=_today, clause="2.3.2"),
    (_S.OPENED, _E.BEGIN): Move(_S.UNDER_WAY, guard=_two_are_there, clause="2.3.2"),
    (_S.UNDER_WAY, _E.COUNTERSIGN): Move(_S.UNDER_WAY, guard=_whole, clause="2.3.2"),
    (_S.UNDER_WAY, _E.SIGN): Move(_S.SIGNED, guard=every(_whole, _all_have_signed), clause="2.3.2"),
    (_S.SIGNED, _E.CLOSE): Move(_S.CLOSED, guard=_problems_are_dealt_with, clause="2.3.2"),
    (_S.SEALED, _E.RECUSE): Move(_S.SEALED, guard=reason_given, clause="2.3.2"),
    (_S.OPENED, _E.RECUSE): Move(_S.OPENED, guard=reason_given, clause="2.3.2"),
    (_S.UNDER_WAY, _E.RECUSE): Move(_S.OPENED, guard=reason_given, clause="2.3.2"),
    (_S.SEALED, _E.MISS): Move(_S.MISSED, guard=_day_over, clause="2.3.2"),
    (_S.SEALED, _E.VOID): _VOID,
    (_S.OPENED, _E.VOID): _VOID,
    (_S.UNDER_WAY, _E.VOID): _VOID,
}

OPEN_STATES: Final = (_S.SEALED, _S.OPENED, _S.UNDER_WAY)
TAKES_ANSWERS: Final = (_S.OPENED, _S.UNDER_WAY)
ENDED_STATES: Final = (_S.SIGNED, _S.CLOSED, _S.MISSED, _S.VOID)
