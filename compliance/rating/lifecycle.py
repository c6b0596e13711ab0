"""States of one institution's rating of one year, from the opening to what supersedes it. R62, R66, R67; domain.md 2.3.4.

A rating that a repair recomputed (`repair_of`) only improves, so it needs no notice; every other one is told, can be objected to, and is signed.
"""

from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class RatingState(StrEnum):
    OPEN = "open"  # the year's cycle has begun for this institution
    COLLECTING = "collecting"  # inputs are looked at and completed
    FROZEN = "frozen"  # inputs are stored, their hash is in the ledger
    SCORED = "scored"
    PRELIMINARY = "preliminary"  # an officer checked it
    NOTICED = "noticed"  # 初评结果告知书 served
    OBJECTION = "objection"  # 异议
    UNCONTESTED = "uncontested"  # 放弃异议: the head declared to raise none
    ANSWERED = "answered"  # every point answered by somebody else
    FINAL = "final"  # signed by a named leader; in force
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    VOID = "void"


class RatingEvent(StrEnum):
    COLLECT = "collect"
    FREEZE = "freeze"
    SCORE = "score"
    CHECK = "check"
    REOPEN = "reopen"
    NOTICE = "notice"
    OBJECT = "object"
    WAIVE = "waive"
    ANSWER = "answer"
    FINALISE = "finalise"
    FINISH_REPAIR = "finish-repair"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"
    VOID = "void"


_fresh_eyes: Final = somebody_else("decided_by", "seen_by")
_notice_is_whole: Final = every(
    fact("reasons_stated", "facts-missing"),
    fact("basis_stated", "legal-basis-missing"),
    fact("rights_stated", "rights-missing"),
    fact("repair_stated", "repair-page-missing"),
    fact("signed", "signer-missing"),
)
_objection_in_time: Final = every(fact("within_deadline", "deadline-over"), fact("statement_given", "statement-missing"))
_declared_by_the_head: Final = every(
    fact("by_head", "not-the-head"), fact("within_deadline", "deadline-over"), fact("statement_given", "statement-missing")
)
_answer_is_whole: Final = every(_fresh_eyes, fact("points_answered", "objection-unanswered"), fact("not_worse", "worse-because-of-objection"))
_signed_after_the_days: Final = every(
    fact("objection_time_over", "objection-time-open"), _fresh_eyes, fact("signed", "signer-missing"), fact("reproduced", "not-reproduced")
)
_signed_by_another: Final = every(_fresh_eyes, fact("signed", "signer-missing"), fact("reproduced", "not-reproduced"))
_only_better: Final = every(fact("repaired_item", "no-repaired-item"), fact("not_worse", "worse-after-repair"), fact("signed", "signer-missing"))
_inputs_stored: Final = fact("inputs_stored", "inputs-not-stored")

_S, _E = RatingState, RatingEvent
_VOID: Final = Move(_S.VOID, guard=reason_given, clause="2.3.4")
_SUPERSEDED: Final = Move(_S.SUPERSEDED, guard=fact("successor", "no-successor"), clause="2.3.4")

RATING_MOVES: Final[Moves[RatingState, RatingEvent]] = {
    (_S.OPEN, _E.COLLECT): Move(_S.COLLECTING, clause="R61"),
    (_S.COLLECTING, _E.FREEZE): Move(_S.FROZEN, guard=_inputs_stored, clause="2.3.4"),
    (_S.FROZEN, _E.SCORE): Move(_S.SCORED, clause="R62"),
    (_S.SCORED, _E.CHECK): Move(_S.PRELIMINARY, clause="R62"),
    (_S.SCORED, _E.REOPEN): Move(_S.COLLECTING, guard=reason_given, clause="2.3.4"),
    (_S.PRELIMINARY, _E.REOPEN): Move(_S.COLLECTING, guard=reason_given, clause="2.3.4"),
    (_S.PRELIMINARY, _E.NOTICE): Move(_S.NOTICED, guard=_notice_is_whole, clause="2.3.4"),
    (_S.NOTICED, _E.OBJECT): Move(_S.OBJECTION, guard=_objection_in_time, clause="2.3.4"),
    (_S.NOTICED, _E.WAIVE): Move(_S.UNCONTESTED, guard=_declared_by_the_head, clause="2.3.4"),
    (_S.OBJECTION, _E.ANSWER): Move(_S.ANSWERED, guard=_answer_is_whole, clause="2.3.4"),
    (_S.NOTICED, _E.FINALISE): Move(_S.FINAL, guard=_signed_after_the_days, clause="R62"),
    (_S.UNCONTESTED, _E.FINALISE): Move(_S.FINAL, guard=_signed_by_another, clause="R62"),
    (_S.ANSWERED, _E.FINALISE): Move(_S.FINAL, guard=_signed_by_another, clause="R62"),
    (_S.SCORED, _E.FINISH_REPAIR): Move(_S.FINAL, guard=_only_better, clause="R65"),
    (_S.FINAL, _E.PUBLISH): Move(_S.PUBLISHED, clause="R67"),
    (_S.FINAL, _E.SUPERSEDE): _SUPERSEDED,
    (_S.PUBLISHED, _E.SUPERSEDE): _SUPERSEDED,
    (_S.OPEN, _E.VOID): _VOID,
    (_S.COLLECTING, _E.VOID): _VOID,
    (_S.FROZEN, _E.VOID): _VOID,
    (_S.SCORED, _E.VOID): _VOID,
    (_S.PRELIMINARY, _E.VOID): _VOID,
    (_S.NOTICED, _E.VOID): _VOID,
    (_S.OBJECTION, _E.VOID): _VOID,
    (_S.UNCONTESTED, _E.VOID): _VOID,
    (_S.ANSWERED, _E.VOID): _VOID,
}

INSTITUTION_SEES: Final = (_S.NOTICED, _S.OBJECTION, _S.UNCONTESTED, _S.ANSWERED, _S.FINAL, _S.PUBLISHED, _S.SUPERSEDED)
IN_FORCE: Final = (_S.FINAL, _S.PUBLISHED)
EFFECTIVE: Final = (_S.FINAL, _S.PUBLISHED, _S.SUPERSEDED)  # has or had effect: never without notice or repair
EARLY: Final = (_S.OPEN, _S.COLLECTING, _S.FROZEN, _S.SCORED, _S.PRELIMINARY)
