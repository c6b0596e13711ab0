"""States of an application for a place or an extension, and of the record of a late one. domain.md 2.3.3; R21–R23, R77–R79, F-24."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import every, fact, reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class ApprovalState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ASSIGNED = "assigned"  # accepted, a named person has it
    SITE_VISIT = "site-visit"  # the place was visited
    ASSESSED = "assessed"  # quality and safety, each by a named person
    APPROVED = "approved"  # in force from its first day on
    CONDITIONAL = "conditional"  # in force when the conditions are met
    REFUSED = "refused"
    ACTIVE = "active"
    EXPIRED = "expired"
    SUSPENDED = "suspended"  # a safety finding is open at that place
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class ApprovalEvent(StrEnum):
    SUBMIT = "submit"
    RETURN = "return"
    ACCEPT = "accept"
    VISIT = "visit"
    ASSESS = "assess"
    APPROVE = "approve"
    APPROVE_CONDITIONALLY = "approve-conditionally"
    REFUSE = "refuse"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    EXPIRE = "expire"
    REVOKE = "revoke"
    WITHDRAW = "withdraw"


def _conditions_stated(facts: Mapping[str, object]) -> str | None:
    return None if str(facts.get("conditions") or "").strip() else "conditions-missing"


def _visited_where_needed(facts: Mapping[str, object]) -> str | None:
    """A place is looked at before it is assessed; an extension needs no visit."""
    return "visit-needed" if facts.get("kind") != "extension" and facts.get("visited") is not True else None


_another_person: Final = somebody_else("decided_by", "assessed_by")


def _fresh_eyes(facts: Mapping[str, object]) -> str | None:
    """About a place, who assessed it does not decide; an extension of a small department's class may be decided by its one officer."""
    return None if facts.get("kind") == "extension" else _another_person(facts)


_right_decider: Final = fact("right_decider", "wrong-decider")
_assessed: Final = every(_right_decider, _visited_where_needed, fact("assessments_whole", "assessments-missing"))
_granted: Final = every(
    _right_decider,
    _fresh_eyes,
    fact("tests_passed", "test-failed"),
    fact("within_limits", "beyond-limits"),
    fact("future_left", "nothing-left"),
    fact("signed", "signer-missing"),
)
_refused: Final = every(_right_decider, _fresh_eyes, reason_given, fact("rights_stated", "rights-missing"), fact("signed", "signer-missing"))
_revoked: Final = every(
    _right_decider,
    reason_given,
    fact("notice_served", "notice-missing"),
    fact("statement_time_over", "objection-time-open"),
    fact("signed", "signer-missing"),
    fact("another_signer", "same-person"),
)

_S, _E = ApprovalState, ApprovalEvent
_WITHDRAW: Final = Move(_S.WITHDRAWN, clause="2.3.3")
_EXPIRE: Final = Move(_S.EXPIRED, guard=fact("term_over", "term-running"), clause="2.3.3")
_REVOKE: Final = Move(_S.REVOKED, guard=_revoked, clause="2.3.3")
_ASSESS: Final = Move(_S.ASSESSED, guard=_assessed, clause="R79")

APPROVAL_MOVES: Final[Moves[ApprovalState, ApprovalEvent]] = {
    (_S.DRAFT, _E.SUBMIT): Move(_S.SUBMITTED, guard=fact("application_whole", "application-incomplete"), clause="R78"),
    (_S.SUBMITTED, _E.RETURN): Move(_S.DRAFT, guard=every(_right_decider, reason_given), clause="2.3.3"),
    (_S.SUBMITTED, _E.ACCEPT): Move(_S.ASSIGNED, guard=every(_right_decider, fact("assignee_named", "decider-unknown")), clause="2.3.3"),
    (_S.ASSIGNED, _E.VISIT): Move(_S.SITE_VISIT, guard=every(_right_decider, fact("visit_recorded", "visit-needed")), clause="R79"),
    (_S.ASSIGNED, _E.ASSESS): _ASSESS,
    (_S.SITE_VISIT, _E.ASSESS): _ASSESS,
    (_S.ASSESSED, _E.APPROVE): Move(_S.APPROVED, guard=_granted, clause="R78"),
    (_S.ASSESSED, _E.APPROVE_CONDITIONALLY): Move(_S.CONDITIONAL, guard=every(_granted, _conditions_stated), clause="R78"),
    (_S.ASSESSED, _E.REFUSE): Move(_S.REFUSED, guard=_refused, clause="R79"),
    (_S.APPROVED, _E.ACTIVATE): Move(_S.ACTIVE, guard=fact("day_come", "not-yet-in-force"), clause="2.3.3"),
    (_S.CONDITIONAL, _E.ACTIVATE): Move(
        _S.ACTIVE, guard=every(fact("conditions_met", "conditions-open"), fact("future_left", "nothing-left")), clause="2.3.3"
    ),
    (_S.ACTIVE, _E.SUSPEND): Move(_S.SUSPENDED, guard=fact("safety_finding_open", "no-safety-finding"), clause="R103"),
    (_S.SUSPENDED, _E.RESUME): Move(_S.ACTIVE, guard=fact("safety_finding_over", "safety-finding-open"), clause="R103"),
    (_S.APPROVED, _E.EXPIRE): _EXPIRE,
    (_S.CONDITIONAL, _E.EXPIRE): _EXPIRE,
    (_S.ACTIVE, _E.EXPIRE): _EXPIRE,
    (_S.SUSPENDED, _E.EXPIRE): _EXPIRE,
    (_S.ACTIVE, _E.REVOKE): _REVOKE,
    (_S.SUSPENDED, _E.REVOKE): _REVOKE,
    (_S.DRAFT, _E.WITHDRAW): _WITHDRAW,
    (_S.SUBMITTED, _E.WITHDRAW): _WITHDRAW,
    (_S.ASSIGNED, _E.WITHDRAW): _WITHDRAW,
    (_S.SITE_VISIT, _E.WITHDRAW): _WITHDRAW,
    (_S.ASSESSED, _E.WITHDRAW): _WITHDRAW,
}

UNDECIDED: Final = (_S.SUBMITTED, _S.ASSIGNED, _S.SITE_VISIT, _S.ASSESSED)
GRANTED: Final = (_S.APPROVED, _S.CONDITIONAL, _S.ACTIVE, _S.SUSPENDED)
WITHDRAWABLE: Final = (_S.DRAFT, *UNDECIDED)


class LateState(StrEnum):
    """A late request is a proposal; a named person decides what follows."""

    PROPOSED = "proposed"
    TAKEN_UP = "taken-up"  # a finding or an on-site check follows
    DISMISSED = "dismissed"


class LateEvent(StrEnum):
    TAKE_UP = "take-up"
    DISMISS = "dismiss"


LATE_MOVES: Final[Moves[LateState, LateEvent]] = {
    (LateState.PROPOSED, LateEvent.TAKE_UP): Move(LateState.TAKEN_UP, guard=reason_given, clause="F-24"),
    (LateState.PROPOSED, LateEvent.DISMISS): Move(LateState.DISMISSED, guard=reason_given, clause="F-24"),
}
