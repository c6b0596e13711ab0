"""States of a review assignment, and of the outcome that its looks lead to. domain.md 2.3.2 (ASSIGNED … RESULT, RECUSED → reassign)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given
from storage.kernel.lifecycle import Guard, Move, Moves


class AssignmentState(StrEnum):
    """One inspector's task to look at one drawn lesson."""

    ASSIGNED = "assigned"
    REVIEWING = "reviewing"  # the inspector opened it
    JUDGED_OK = "judged-ok"
    JUDGED_FINDING = "judged-finding"
    RECUSED = "recused"  # 回避: another inspector was drawn in place of this one
    VOID = "void"  # the round was declared void


class AssignmentEvent(StrEnum):
    START = "start"
    JUDGE_OK = "judge-ok"
    JUDGE_FINDING = "judge-finding"
    RECUSE = "recuse"
    VOID = "void"


class Verdict(StrEnum):
    """What the inspector signs."""

    OK = "ok"
    FINDING = "finding"


def _int(facts: Mapping[str, object], name: str, default: int) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else default


def _watched_enough(facts: Mapping[str, object]) -> str | None:
    return None if _int(facts, "watched_s", -1) >= _int(facts, "required_watch_s", 1) else "not-watched-enough"


def _clean(facts: Mapping[str, object]) -> str | None:
    return _watched_enough(facts) or (None if facts.get("findings") == 0 else "findings-recorded")


def _has_findings(facts: Mapping[str, object]) -> str | None:
    return _watched_enough(facts) or (None if _int(facts, "findings", 0) > 0 else "no-finding-recorded")


ASSIGNMENT_MOVES: Final[Moves[AssignmentState, AssignmentEvent]] = {
    (AssignmentState.ASSIGNED, AssignmentEvent.START): Move(AssignmentState.REVIEWING, clause="2.3.2"),
    (AssignmentState.REVIEWING, AssignmentEvent.JUDGE_OK): Move(AssignmentState.JUDGED_OK, guard=_clean, clause="2.3.2"),
    (AssignmentState.REVIEWING, AssignmentEvent.JUDGE_FINDING): Move(AssignmentState.JUDGED_FINDING, guard=_has_findings, clause="2.3.2"),
    (AssignmentState.ASSIGNED, AssignmentEvent.RECUSE): Move(AssignmentState.RECUSED, guard=reason_given, clause="2.3.2"),
    (AssignmentState.REVIEWING, AssignmentEvent.RECUSE): Move(AssignmentState.RECUSED, guard=reason_given, clause="2.3.2"),
    (AssignmentState.ASSIGNED, AssignmentEvent.VOID): Move(AssignmentState.VOID, guard=reason_given, clause="2.3.2"),
    (AssignmentState.REVIEWING, AssignmentEvent.VOID): Move(AssignmentState.VOID, guard=reason_given, clause="2.3.2"),
}

OPEN_STATES: Final = (AssignmentState.ASSIGNED, AssignmentState.REVIEWING)


class OutcomeState(StrEnum):
    """What is known of one drawn lesson, after as many blind looks as it took."""

    LOOKING = "looking"  # somebody looks, or what follows from the last verdict is being worked out
    WAITING = "waiting"  # a look is due and nobody is eligible: a duty of the office, never skipped
    DECIDED_OK = "decided-ok"
    DECIDED_FINDING = "decided-finding"
    VOID = "void"


class OutcomeEvent(StrEnum):
    WAIT = "wait"
    RESUME = "resume"
    DECIDE_OK = "decide-ok"
    DECIDE_FINDING = "decide-finding"
    VOID = "void"


def _majority(verdict: Verdict) -> Guard:
    """`verdicts` in order; `clean_share` tells whether one *ok* is enough."""

    def guard(facts: Mapping[str, object]) -> str | None:
        given = facts.get("verdicts")
        verdicts = [str(v) for v in given] if isinstance(given, list | tuple) else []
        alone = verdict is Verdict.OK and verdicts == [Verdict.OK] and facts.get("clean_share") is False
        return None if alone or sum(v == verdict for v in verdicts) >= 2 else "looks-missing"

    return guard


OUTCOME_MOVES: Final[Moves[OutcomeState, OutcomeEvent]] = {
    (OutcomeState.LOOKING, OutcomeEvent.WAIT): Move(OutcomeState.WAITING, guard=reason_given, clause="2.3.2"),
    (OutcomeState.WAITING, OutcomeEvent.RESUME): Move(OutcomeState.LOOKING, clause="2.3.2"),
    (OutcomeState.LOOKING, OutcomeEvent.DECIDE_OK): Move(OutcomeState.DECIDED_OK, guard=_majority(Verdict.OK), clause="2.3.2"),
    (OutcomeState.LOOKING, OutcomeEvent.DECIDE_FINDING): Move(OutcomeState.DECIDED_FINDING, guard=_majority(Verdict.FINDING), clause="2.3.2"),
    (OutcomeState.LOOKING, OutcomeEvent.VOID): Move(OutcomeState.VOID, guard=reason_given, clause="2.3.2"),
    (OutcomeState.WAITING, OutcomeEvent.VOID): Move(OutcomeState.VOID, guard=reason_given, clause="2.3.2"),
}

UNDECIDED: Final = (OutcomeState.LOOKING, OutcomeState.WAITING)
JUDGED: Final = {AssignmentState.JUDGED_OK: Verdict.OK, AssignmentState.JUDGED_FINDING: Verdict.FINDING}
VERDICT_OF: Final = {OutcomeState.DECIDED_OK: Verdict.OK, OutcomeState.DECIDED_FINDING: Verdict.FINDING}


class MatchState(StrEnum):
    """An institution that an interest of an inspector points at."""

    POSSIBLE = "possible"  # a name alone
    CONFIRMED = "confirmed"  # stands in the recusal register
    DISMISSED = "dismissed"


class MatchEvent(StrEnum):
    CONFIRM = "confirm"
    DISMISS = "dismiss"


MATCH_MOVES: Final[Moves[MatchState, MatchEvent]] = {
    (MatchState.POSSIBLE, MatchEvent.CONFIRM): Move(MatchState.CONFIRMED, guard=reason_given, clause="R55"),
    (MatchState.POSSIBLE, MatchEvent.DISMISS): Move(MatchState.DISMISSED, guard=reason_given, clause="R55"),
}
