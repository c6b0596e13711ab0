"""States of a request to see a stretch of an original, unblurred. domain.md 2.3.2; PIPL data minimisation: the blurred copy is the rule."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class ReleaseState(StrEnum):
    """One request of one inspector for one stretch of one assigned item."""

    REQUESTED = "requested"
    APPROVED = "approved"  # the stretch can be played by the one who asked, for some hours
    REFUSED = "refused"
    LAPSED = "lapsed"  # nobody decided in time: silence is no approval
    ENDED = "ended"  # the hours are over, or the review is; the copy is deleted


class ReleaseEvent(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    LAPSE = "lapse"
    END = "end"


_another_person: Final = somebody_else("decider", "asker")


def _approvable(facts: Mapping[str, object]) -> str | None:
    if facts.get("asker_may_see") is not True:  # a third-party verifier never sees an original, whoever would approve it
        return "originals-not-for-this-role"
    if facts.get("review_open") is not True:
        return "review-not-open"
    return _another_person(facts) or ("deadline-over" if facts.get("in_time") is not True else None)


def _refusable(facts: Mapping[str, object]) -> str | None:
    return _another_person(facts) or reason_given(facts)


def _unanswered(facts: Mapping[str, object]) -> str | None:
    return "deadline-open" if facts.get("in_time") is not False else None


RELEASE_MOVES: Final[Moves[ReleaseState, ReleaseEvent]] = {
    (ReleaseState.REQUESTED, ReleaseEvent.APPROVE): Move(ReleaseState.APPROVED, guard=_approvable, clause="2.3.2"),
    (ReleaseState.REQUESTED, ReleaseEvent.REFUSE): Move(ReleaseState.REFUSED, guard=_refusable, clause="2.3.2"),
    (ReleaseState.REQUESTED, ReleaseEvent.LAPSE): Move(ReleaseState.LAPSED, guard=_unanswered, clause="2.3.2"),
    (ReleaseState.REQUESTED, ReleaseEvent.END): Move(ReleaseState.ENDED, clause="2.3.2"),
    (ReleaseState.APPROVED, ReleaseEvent.END): Move(ReleaseState.ENDED, clause="2.3.2"),
}

LIVE_STATES: Final = (ReleaseState.REQUESTED, ReleaseState.APPROVED)
