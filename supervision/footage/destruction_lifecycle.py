"""States of the destruction (销毁) of one recording by two people. R73; domain.md 2.3.1, DUE → DESTROYED; G4. Pure.

What is proposed, approved and begun is checked again at each step: nothing that was true yesterday opens the door today.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Guard, Move, Moves


class DestructionState(StrEnum):
    """One proposal to destroy one recording."""

    PROPOSED = "proposed"
    APPROVED = "approved"  # by another person; the job has not begun
    DESTROYING = "destroying"  # on record before the first deletion; whoever takes the job up ends it
    DESTROYED = "destroyed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"  # something spoke against it between the proposal and the act


class DestructionEvent(StrEnum):
    APPROVE_DESTRUCTION = "approve-destruction"
    DECLINE_DESTRUCTION = "decline-destruction"
    WITHDRAW = "withdraw"
    STOP_DESTRUCTION = "stop-destruction"
    BEGIN_DESTRUCTION = "begin-destruction"
    FINISH_DESTRUCTION = "finish-destruction"


another_person: Final = somebody_else("decider", "proposer")


def _nothing_speaks_against_it(facts: Mapping[str, object]) -> str | None:
    """`against`: reason codes; a fact that nobody gathered does not pass."""
    found = facts.get("against")
    if not isinstance(found, list | tuple):
        return "not-looked-at"
    return str(found[0]) if found else None


def _two_entitled(facts: Mapping[str, object]) -> str | None:
    """Proposer and approver: two people, both still with the office that each act needs."""
    people = facts.get("entitled")
    return None if isinstance(people, list | tuple) and len(set(people)) == 2 else "two-approvers-needed"


def _one_of_the_two(facts: Mapping[str, object]) -> str | None:
    acting, two = facts.get("decider"), facts.get("two")
    return None if acting and isinstance(two, list | tuple) and acting in two else "not-yours-to-withdraw"


_approvable: Final[Guard] = every(another_person, _nothing_speaks_against_it)
_declinable: Final[Guard] = every(another_person, reason_given)
_beginnable: Final[Guard] = every(_two_entitled, _nothing_speaks_against_it)
_stoppable: Final[Guard] = every(fact("bytes_are_there", "deletion-has-begun"), reason_given)
_finished: Final[Guard] = every(fact("nothing_left", "bytes-still-there"), fact("certificate_signed", "certificate-missing"))

_S, _E = DestructionState, DestructionEvent
DESTRUCTION_MOVES: Final[Moves[DestructionState, DestructionEvent]] = {
    (_S.PROPOSED, _E.APPROVE_DESTRUCTION): Move(_S.APPROVED, guard=_approvable, clause="2.3.1"),
    (_S.PROPOSED, _E.DECLINE_DESTRUCTION): Move(_S.DECLINED, guard=_declinable, clause="2.3.1"),
    (_S.PROPOSED, _E.WITHDRAW): Move(_S.WITHDRAWN, guard=_one_of_the_two, clause="2.3.1"),
    (_S.PROPOSED, _E.STOP_DESTRUCTION): Move(_S.STOPPED, guard=_stoppable, clause="2.3.1"),
    (_S.APPROVED, _E.WITHDRAW): Move(_S.WITHDRAWN, guard=_one_of_the_two, clause="2.3.1"),
    (_S.APPROVED, _E.STOP_DESTRUCTION): Move(_S.STOPPED, guard=_stoppable, clause="2.3.1"),
    (_S.APPROVED, _E.BEGIN_DESTRUCTION): Move(_S.DESTROYING, guard=_beginnable, clause="2.3.1"),
    (_S.DESTROYING, _E.STOP_DESTRUCTION): Move(_S.STOPPED, guard=_stoppable, clause="2.3.1"),
    (_S.DESTROYING, _E.FINISH_DESTRUCTION): Move(_S.DESTROYED, guard=_finished, clause="R73"),
}

LIVE_STATES: Final = (_S.PROPOSED, _S.APPROVED, _S.DESTROYING)
TO_BE_DONE: Final = (_S.APPROVED, _S.DESTROYING)
