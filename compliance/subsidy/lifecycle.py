"""States of the certificate of a class (不录不补) and of a claim. domain.md 2.3.6; R84, R85, R87. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given, somebody_else
from storage.kernel.lifecycle import Move, Moves


class CertificateState(StrEnum):
    OPEN = "open"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    WAIVED = "waived"  # a classified unit, by its paper (R85)
    CITED_IN_CLAIM = "cited-in-claim"


class CertificateEvent(StrEnum):
    COMPLETE = "complete"
    FALL_SHORT = "fall-short"
    WAIVE = "waive"
    CITE = "cite"
    RELEASE = "release"  # the claim ended without payment


class ClaimState(StrEnum):
    SUBMITTED = "submitted"
    CHECKED = "checked"  # by an officer
    APPROVED = "approved"  # by a leader, another person
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    PAID = "paid"


class ClaimEvent(StrEnum):
    CHECK = "check"
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    PAY = "pay"


_another_person: Final = somebody_else("decider", "checker", "claimant")


def _complete(facts: Mapping[str, object]) -> str | None:
    return None if facts.get("complete") is True else "gates-open"


def _short(facts: Mapping[str, object]) -> str | None:
    return "gates-passed" if facts.get("complete") is True else None


def _authorised(facts: Mapping[str, object]) -> str | None:
    if not str(facts.get("decider") or ""):
        return "decider-unknown"
    return None if str(facts.get("document") or "").strip() and str(facts.get("unit") or "").strip() else "legal-basis-missing"


def _worth(facts: Mapping[str, object]) -> str | None:
    return None if _yuan(facts, "amount_yuan") > 0 else "nothing-payable"


def _partly(facts: Mapping[str, object]) -> str | None:
    return _worth(facts) if facts.get("partial_allowed") is True else "gates-open"


def _checkable(facts: Mapping[str, object]) -> str | None:
    if not str(facts.get("checker") or ""):
        return "decider-unknown"
    return None if 0 < _yuan(facts, "checked_yuan") <= _yuan(facts, "claimed_yuan") else "amount-out-of-range"


def _refusable(facts: Mapping[str, object]) -> str | None:
    return _another_person(facts) or reason_given(facts)


def _paid_up(facts: Mapping[str, object]) -> str | None:
    return None if _yuan(facts, "paid_yuan") == _yuan(facts, "approved_yuan") else "not-paid-up"


def _yuan(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


_ISSUED: Final = (CertificateState.OPEN, CertificateState.COMPLETE, CertificateState.INCOMPLETE)

CERTIFICATE_MOVES: Final[Moves[CertificateState, CertificateEvent]] = {
    **{(state, CertificateEvent.COMPLETE): Move(CertificateState.COMPLETE, guard=_complete, clause="R84") for state in _ISSUED},
    **{(state, CertificateEvent.FALL_SHORT): Move(CertificateState.INCOMPLETE, guard=_short, clause="R84") for state in _ISSUED},
    **{(state, CertificateEvent.WAIVE): Move(CertificateState.WAIVED, guard=_authorised, clause="R85") for state in _ISSUED},
    (CertificateState.WAIVED, CertificateEvent.WAIVE): Move(CertificateState.WAIVED, guard=_authorised, clause="R85"),
    (CertificateState.COMPLETE, CertificateEvent.CITE): Move(CertificateState.CITED_IN_CLAIM, guard=_worth, clause="R84"),
    (CertificateState.INCOMPLETE, CertificateEvent.CITE): Move(CertificateState.CITED_IN_CLAIM, guard=_partly, clause="R84"),
    (CertificateState.WAIVED, CertificateEvent.CITE): Move(CertificateState.CITED_IN_CLAIM, guard=_worth, clause="R85"),
    (CertificateState.CITED_IN_CLAIM, CertificateEvent.RELEASE): Move(CertificateState.OPEN, clause="R84"),
}

CLAIM_MOVES: Final[Moves[ClaimState, ClaimEvent]] = {
    (ClaimState.SUBMITTED, ClaimEvent.CHECK): Move(ClaimState.CHECKED, guard=_checkable, clause="R84"),
    (ClaimState.SUBMITTED, ClaimEvent.REFUSE): Move(ClaimState.REFUSED, guard=_refusable, clause="R84"),
    (ClaimState.SUBMITTED, ClaimEvent.WITHDRAW): Move(ClaimState.WITHDRAWN, clause="R84"),
    (ClaimState.CHECKED, ClaimEvent.APPROVE): Move(ClaimState.APPROVED, guard=_another_person, clause="R84"),
    (ClaimState.CHECKED, ClaimEvent.REFUSE): Move(ClaimState.REFUSED, guard=_refusable, clause="R84"),
    (ClaimState.CHECKED, ClaimEvent.WITHDRAW): Move(ClaimState.WITHDRAWN, clause="R84"),
    (ClaimState.APPROVED, ClaimEvent.PAY): Move(ClaimState.PAID, guard=_paid_up, clause="R87"),
}

ENDED_WITHOUT_PAYMENT: Final = (ClaimState.REFUSED, ClaimState.WITHDRAWN)
