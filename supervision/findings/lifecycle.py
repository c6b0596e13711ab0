"""States of a finding, from the first mark to publication. domain.md 2.3.2 (RESULT … PUBLISHED, VOID, ESCALATED).

The escalation names the exit case that the finding became; what follows is that case's.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class FindingState(StrEnum):
    RECORDED = "recorded"  # first look
    DISPUTED = "disputed"  # the second look disagrees; a third decides
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    NOTICED = "noticed"  # 告知书 delivered
    REPLIED = "replied"
    OBJECTED = "objected"  # 陈述申辩
    WITHDRAWN = "withdrawn"  # the objection was right
    RECTIFYING = "rectifying"  # 整改
    RECTIFIED = "verified-rectified"  # 整改核验通过
    CLOSED = "closed"
    UNDER_REVIEW = "under-review"  # 申请复核 after the closing letter
    PUBLISHED = "published"
    ESCALATED = "escalated"  # became an exit case (R43–R47)
    VOID = "void"


class FindingEvent(StrEnum):
    CONFIRM = "confirm"
    DISPUTE = "dispute"
    ADJUDICATE = "adjudicate"
    REJECT = "reject"
    NOTICE = "notice"
    REPLY = "reply"
    OBJECT = "object"
    UPHOLD_OBJECTION = "uphold-objection"
    OVERRULE_OBJECTION = "overrule-objection"
    ORDER_RECTIFICATION = "order-rectification"
    VERIFY = "verify"
    CLOSE = "close"
    REQUEST_REVIEW = "request-review"
    UPHOLD_REVIEW = "uphold-review"
    KEEP_RESULT = "keep-result"
    PUBLISH = "publish"
    ESCALATE = "escalate"
    VOID = "void"


_fresh_eyes: Final = somebody_else("decided_by", "seen_by")


def footage_verified(facts: Mapping[str, object]) -> str | None:
    """A finding rests only on footage whose hash verifies at that moment."""
    return None if facts.get("hash_verified") is True else "footage-not-verified"


_second_look: Final = every(_fresh_eyes, footage_verified)
_other_view: Final = every(_fresh_eyes, reason_given)
_notice_is_whole: Final = every(
    footage_verified,
    fact("facts_stated", "facts-missing"),
    fact("basis_stated", "legal-basis-missing"),
    fact("rights_stated", "rights-missing"),
    fact("signed", "signer-missing"),
)
_objection_in_time: Final = every(fact("within_deadline", "deadline-over"), fact("statement_given", "statement-missing"))
_every_point_answered: Final = every(_fresh_eyes, fact("points_answered", "objection-unanswered"), reason_given)
_rectification_shown: Final = every(fact("evidence_given", "evidence-missing"), fact("inspected", "not-inspected"))
_objection_time_over: Final = fact("objection_time_over", "objection-time-open")
_without_personal_data: Final = every(fact("redacted", "personal-data-not-removed"), fact("appeal_time_over", "appeal-time-open"))
_review_in_time: Final = every(
    fact("within_deadline", "review-time-over"), fact("first_review", "review-already-decided"), fact("statement_given", "statement-missing")
)
_case_opened: Final = every(reason_given, fact("case_opened", "no-exit-case"))

_S, _E = FindingState, FindingEvent
_VOID: Final = Move(_S.VOID, guard=reason_given, clause="2.3.2")
_ESCALATE: Final = Move(_S.ESCALATED, guard=_case_opened, clause="R46")

FINDING_MOVES: Final[Moves[FindingState, FindingEvent]] = {
    (_S.RECORDED, _E.CONFIRM): Move(_S.CONFIRMED, guard=_second_look, clause="2.3.2"),
    (_S.RECORDED, _E.DISPUTE): Move(_S.DISPUTED, guard=_other_view, clause="2.3.2"),
    (_S.RECORDED, _E.REJECT): Move(_S.REJECTED, guard=_other_view, clause="2.3.2"),
    (_S.DISPUTED, _E.ADJUDICATE): Move(_S.CONFIRMED, guard=_second_look, clause="2.3.2"),
    (_S.DISPUTED, _E.REJECT): Move(_S.REJECTED, guard=_other_view, clause="2.3.2"),
    (_S.CONFIRMED, _E.NOTICE): Move(_S.NOTICED, guard=_notice_is_whole, clause="2.3.2"),
    (_S.NOTICED, _E.REPLY): Move(_S.REPLIED, guard=fact("statement_given", "statement-missing"), clause="2.3.2"),
    (_S.NOTICED, _E.OBJECT): Move(_S.OBJECTED, guard=_objection_in_time, clause="2.3.2"),
    (_S.NOTICED, _E.ORDER_RECTIFICATION): Move(_S.RECTIFYING, guard=_objection_time_over, clause="2.3.2"),
    (_S.REPLIED, _E.OBJECT): Move(_S.OBJECTED, guard=_objection_in_time, clause="2.3.2"),
    (_S.REPLIED, _E.ORDER_RECTIFICATION): Move(_S.RECTIFYING, guard=_objection_time_over, clause="2.3.2"),
    (_S.OBJECTED, _E.UPHOLD_OBJECTION): Move(_S.WITHDRAWN, guard=_every_point_answered, clause="2.3.2"),
    (_S.OBJECTED, _E.OVERRULE_OBJECTION): Move(_S.RECTIFYING, guard=_every_point_answered, clause="2.3.2"),
    (_S.RECTIFYING, _E.VERIFY): Move(_S.RECTIFIED, guard=_rectification_shown, clause="2.3.2"),
    (_S.RECTIFIED, _E.CLOSE): Move(_S.CLOSED, clause="2.3.2"),
    (_S.CLOSED, _E.REQUEST_REVIEW): Move(_S.UNDER_REVIEW, guard=_review_in_time, clause="2.3.2"),
    (_S.UNDER_REVIEW, _E.UPHOLD_REVIEW): Move(_S.WITHDRAWN, guard=_every_point_answered, clause="2.3.2"),
    (_S.UNDER_REVIEW, _E.KEEP_RESULT): Move(_S.CLOSED, guard=_every_point_answered, clause="2.3.2"),
    (_S.CLOSED, _E.PUBLISH): Move(_S.PUBLISHED, guard=_without_personal_data, clause="R67"),
    (_S.NOTICED, _E.ESCALATE): _ESCALATE,
    (_S.REPLIED, _E.ESCALATE): _ESCALATE,
    (_S.RECTIFYING, _E.ESCALATE): _ESCALATE,
    (_S.RECORDED, _E.VOID): _VOID,
    (_S.DISPUTED, _E.VOID): _VOID,
    (_S.CONFIRMED, _E.VOID): _VOID,
    (_S.NOTICED, _E.VOID): _VOID,
    (_S.REPLIED, _E.VOID): _VOID,
    (_S.OBJECTED, _E.VOID): _VOID,
    (_S.RECTIFYING, _E.VOID): _VOID,
}

ENDED: Final = frozenset(FindingState) - {state for state, _ in FINDING_MOVES}  # nothing follows any more
INSTITUTION_SEES: Final = (
    _S.NOTICED,
    _S.REPLIED,
    _S.OBJECTED,
    _S.WITHDRAWN,
    _S.RECTIFYING,
    _S.RECTIFIED,
    _S.CLOSED,
    _S.UNDER_REVIEW,
    _S.PUBLISHED,
    _S.ESCALATED,
)
