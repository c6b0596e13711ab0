"""States of an exit case, from the trigger to the readmission. domain.md 2.3.5, 2.1; R43–R47. Pure.

MONITORING is not a state: an institution without a case is being monitored. Reconsideration and litigation are a machine of their own
(`challenges.py`), because both may run while the case is in force, published, or past its term (ADR 0090).
"""

from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class ExitState(StrEnum):
    DETECTED = "detected"
    FROZEN = "evidence-frozen"
    LEGAL_REVIEW = "legal-review"
    CLEARED = "legally-cleared"
    NOTICED = "notice-served"
    STATED = "stated"
    HEARING_REQUESTED = "hearing-requested"
    HEARING_CALLED = "hearing-called"
    HEARD = "heard"
    RECHECKED = "rechecked"
    PROPOSED = "proposed"
    DECIDED = "decided"
    SERVED = "served"
    CORRECTING = "correcting"
    IN_FORCE = "in-force"
    PUBLISHED = "published"
    TERM_ENDED = "term-ended"
    READMISSION_APPLIED = "readmission-applied"
    ASSESSED = "assessed"
    READMITTED = "readmitted"
    READMISSION_REFUSED = "readmission-refused"
    CLOSED = "closed"  # dismissed, or corrected
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn-error"


class ExitEvent(StrEnum):
    FREEZE = "freeze"
    SUBMIT = "submit"
    RETURN = "return"
    CLEAR = "clear"
    NOTICE = "notice"
    STATE = "state"
    REQUEST_HEARING = "request-hearing"
    CALL_HEARING = "call-hearing"
    HOLD_HEARING = "hold-hearing"
    RECHECK = "recheck"
    PROPOSE = "propose"
    SEND_BACK = "send-back"
    DECIDE = "decide"
    SERVE = "serve"
    ENTER_FORCE = "enter-force"
    ORDER_CORRECTION = "order-correction"
    CLOSE = "close"
    PUBLISH = "publish"
    SHORTEN = "shorten"
    END_TERM = "end-term"
    APPLY_READMISSION = "apply-readmission"
    ASSESS = "assess"
    READMIT = "readmit"
    REFUSE_READMISSION = "refuse-readmission"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"


_fresh_eyes: Final = somebody_else("person", "seen_by")
_periods_over: Final = every(fact("statement_over", "statement-time-open"), fact("hearing_over", "hearing-time-open"))
_notice_is_whole: Final = every(
    fact("facts_stated", "facts-missing"),
    fact("basis_stated", "legal-basis-missing"),
    fact("rights_stated", "rights-missing"),
    fact("signed", "signer-missing"),
)
_measure_allowed: Final = every(fact("not_heavier", "heavier-than-the-notice"), fact("ground_stands", "ground-fell-away"))
_statement: Final = every(fact("within_deadline", "deadline-over"), fact("statement_given", "statement-missing"))
_decision: Final = every(
    _fresh_eyes,
    fact("notice_given", "notice-missing"),
    _periods_over,
    fact("points_answered", "objection-unanswered"),
    _measure_allowed,
    fact("collective", "collective-discussion-missing"),
)
_bars: Final = fact("bars", "nothing-to-enforce")
_S, _E = ExitState, ExitEvent
_WITHDRAW: Final = Move(_S.WITHDRAWN, guard=reason_given, clause="2.3.5")
_REVOKE: Final = Move(_S.REVOKED, guard=every(reason_given, fact("document", "document-missing")), clause="2.3.5")
_RECHECK: Final = Move(_S.RECHECKED, guard=every(_fresh_eyes, _periods_over, fact("not_worse", "recheck-worse")), clause="2.3.5")
_APPLY: Final = Move(_S.READMISSION_APPLIED, guard=fact("statement_given", "statement-missing"), clause="R47")
_END_TERM: Final = Move(_S.TERM_ENDED, guard=fact("term_over", "term-not-over"), clause="R47")
_HEAR: Final = Move(_S.HEARING_REQUESTED, guard=_statement, clause="2.1")

BEFORE_DECISION: Final = (
    _S.DETECTED,
    _S.FROZEN,
    _S.LEGAL_REVIEW,
    _S.CLEARED,
    _S.NOTICED,
    _S.STATED,
    _S.HEARING_REQUESTED,
    _S.HEARING_CALLED,
    _S.HEARD,
    _S.RECHECKED,
    _S.PROPOSED,
)
BEFORE_NOTICE: Final = BEFORE_DECISION[:4]
ENDED: Final = (_S.CLOSED, _S.READMITTED, _S.REVOKED, _S.WITHDRAWN)
BARRING: Final = (
    _S.IN_FORCE,
    _S.PUBLISHED,
    _S.TERM_ENDED,
    _S.READMISSION_APPLIED,
    _S.ASSESSED,
    _S.READMISSION_REFUSED,
)
REVOCABLE: Final = (_S.SERVED, _S.CORRECTING, *BARRING)

EXIT_MOVES: Final[Moves[ExitState, ExitEvent]] = {
    (_S.DETECTED, _E.FREEZE): Move(_S.FROZEN, guard=fact("sheet_hashed", "evidence-missing"), clause="2.3.5"),
    (_S.FROZEN, _E.SUBMIT): Move(_S.LEGAL_REVIEW, guard=fact("measure_stated", "measure-missing"), clause="2.3.5"),
    (_S.LEGAL_REVIEW, _E.RETURN): Move(_S.FROZEN, guard=every(_fresh_eyes, reason_given), clause="2.3.5"),
    (_S.LEGAL_REVIEW, _E.CLEAR): Move(_S.CLEARED, guard=every(_fresh_eyes, fact("checklist_passed", "checklist-open")), clause="2.3.5"),
    (_S.CLEARED, _E.NOTICE): Move(_S.NOTICED, guard=_notice_is_whole, clause="2.1"),
    (_S.NOTICED, _E.STATE): Move(_S.STATED, guard=_statement, clause="2.1"),
    (_S.STATED, _E.STATE): Move(_S.STATED, guard=_statement, clause="2.1"),
    (_S.NOTICED, _E.REQUEST_HEARING): _HEAR,
    (_S.STATED, _E.REQUEST_HEARING): _HEAR,
    (_S.HEARING_REQUESTED, _E.STATE): Move(_S.HEARING_REQUESTED, guard=_statement, clause="2.1"),
    (_S.HEARING_REQUESTED, _E.CALL_HEARING): Move(
        _S.HEARING_CALLED, guard=every(fact("told_in_time", "hearing-too-soon"), _fresh_eyes), clause="2.1"
    ),
    (_S.HEARING_CALLED, _E.HOLD_HEARING): Move(
        _S.HEARD, guard=every(_fresh_eyes, fact("day_come", "not-the-day"), fact("recorded", "statement-missing")), clause="2.1"
    ),
    (_S.NOTICED, _E.RECHECK): _RECHECK,
    (_S.STATED, _E.RECHECK): _RECHECK,
    (_S.HEARD, _E.RECHECK): _RECHECK,
    (_S.RECHECKED, _E.PROPOSE): Move(_S.PROPOSED, guard=every(fact("points_answered", "objection-unanswered"), _measure_allowed), clause="2.3.5"),
    (_S.PROPOSED, _E.SEND_BACK): Move(_S.RECHECKED, guard=reason_given, clause="2.3.5"),
    (_S.PROPOSED, _E.DECIDE): Move(_S.DECIDED, guard=_decision, clause="R43"),
    (_S.DECIDED, _E.SERVE): Move(_S.SERVED, guard=every(fact("received", "receipt-missing"), fact("signed", "signer-missing")), clause="2.3.5"),
    (_S.SERVED, _E.ENTER_FORCE): Move(_S.IN_FORCE, guard=_bars, clause="R47"),
    (_S.SERVED, _E.ORDER_CORRECTION): Move(_S.CORRECTING, clause="2.3.5"),
    (_S.SERVED, _E.CLOSE): Move(_S.CLOSED, guard=fact("dismissed", "not-dismissed"), clause="2.3.5"),
    (_S.CORRECTING, _E.CLOSE): Move(_S.CLOSED, guard=every(reason_given, fact("inspected", "not-inspected")), clause="2.3.5"),
    (_S.IN_FORCE, _E.PUBLISH): Move(_S.PUBLISHED, guard=fact("redacted", "personal-data-not-removed"), clause="R67"),
    (_S.IN_FORCE, _E.SHORTEN): Move(_S.IN_FORCE, guard=fact("document", "document-missing"), clause="2.3.5"),
    (_S.PUBLISHED, _E.SHORTEN): Move(_S.PUBLISHED, guard=fact("document", "document-missing"), clause="2.3.5"),
    (_S.IN_FORCE, _E.END_TERM): _END_TERM,
    (_S.PUBLISHED, _E.END_TERM): _END_TERM,
    (_S.TERM_ENDED, _E.CLOSE): Move(_S.CLOSED, guard=fact("restriction_lapsed", "readmission-needed"), clause="R47"),
    (_S.TERM_ENDED, _E.APPLY_READMISSION): _APPLY,
    (_S.READMISSION_REFUSED, _E.APPLY_READMISSION): _APPLY,
    (_S.READMISSION_APPLIED, _E.ASSESS): Move(_S.ASSESSED, guard=fact("assessed", "not-inspected"), clause="2.3.5"),
    (_S.ASSESSED, _E.READMIT): Move(_S.READMITTED, guard=every(_fresh_eyes, fact("conditions_met", "readmission-conditions-open")), clause="R47"),
    (_S.ASSESSED, _E.REFUSE_READMISSION): Move(_S.READMISSION_REFUSED, guard=every(_fresh_eyes, reason_given), clause="R47"),
    **{(state, _E.REVOKE): _REVOKE for state in REVOCABLE},
    **{(state, _E.WITHDRAW): _WITHDRAW for state in (*BEFORE_DECISION, _S.DECIDED)},
}


class ChallengeState(StrEnum):
    """行政复议 or 行政诉讼 of one decision."""

    PENDING = "pending"
    UPHELD = "upheld"
    CHANGED = "changed"
    REVOKED = "revoked"
    ENDED = "ended"  # withdrawn or rejected without a ruling on the matter


class ChallengeEvent(StrEnum):
    UPHOLD = "uphold"
    CHANGE = "change"
    REVOKE = "revoke"
    END = "end"


_document: Final = fact("document", "document-missing")
CHALLENGE_MOVES: Final[Moves[ChallengeState, ChallengeEvent]] = {
    (ChallengeState.PENDING, ChallengeEvent.UPHOLD): Move(ChallengeState.UPHELD, guard=_document, clause="2.1"),
    (ChallengeState.PENDING, ChallengeEvent.CHANGE): Move(
        ChallengeState.CHANGED, guard=every(_document, fact("lighter", "heavier-than-the-notice")), clause="2.1"
    ),
    (ChallengeState.PENDING, ChallengeEvent.REVOKE): Move(ChallengeState.REVOKED, guard=_document, clause="2.1"),
    (ChallengeState.PENDING, ChallengeEvent.END): Move(ChallengeState.ENDED, guard=_document, clause="2.1"),
}
