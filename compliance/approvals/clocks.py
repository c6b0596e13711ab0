"""Whose turn it is with an application, and until when, in working days. domain.md 2.3.3. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from compliance.approvals.lifecycle import ApprovalState
from compliance.approvals.rules import ApprovalRule, Decider, Kind
from supervision.findings.clocks import deadline


class Party(StrEnum):
    BUREAU = "bureau"
    DEPARTMENT = "department"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class Turn:
    """Who must act next, what is awaited, and until when (exclusive); None: no day is set."""

    party: Party
    act: str
    until: datetime | None

    def is_late(self, now_at: datetime) -> bool:
        return self.until is not None and now_at >= self.until


@dataclass(frozen=True, slots=True)
class Times:
    """When an application came into the hands of whom."""

    submitted_at: datetime | None
    accepted_at: datetime | None
    visited_at: datetime | None
    statement_until: datetime | None


def turn(kind: Kind, decider: Decider, state: ApprovalState, times: Times, rule: ApprovalRule, now_at: datetime) -> Turn | None:
    """The clock that runs; None when nothing is awaited. A department's days are the same as the bureau's."""
    party = Party.DEPARTMENT if decider is Decider.DEPARTMENT else Party.BUREAU
    if state is ApprovalState.DRAFT:
        return Turn(Party.INSTITUTION, "submit", None)
    if state is ApprovalState.SUBMITTED and times.submitted_at:
        return Turn(party, "accept", deadline(times.submitted_at, rule.approval_accept_working_days))
    if state is ApprovalState.ASSIGNED and times.accepted_at:
        if kind is Kind.LOCATION:
            return Turn(party, "visit", deadline(times.accepted_at, rule.approval_visit_working_days))
        return Turn(party, "assess", deadline(times.accepted_at, rule.approval_decide_working_days))
    base = times.visited_at or times.accepted_at
    if state in (ApprovalState.SITE_VISIT, ApprovalState.ASSESSED) and base:
        return Turn(party, "assess" if state is ApprovalState.SITE_VISIT else "decide", deadline(base, rule.approval_decide_working_days))
    if state is ApprovalState.CONDITIONAL:
        return Turn(Party.INSTITUTION, "meet-conditions", None)
    if state in (ApprovalState.ACTIVE, ApprovalState.SUSPENDED) and times.statement_until:
        if now_at < times.statement_until:
            return Turn(Party.INSTITUTION, "state-view", times.statement_until)
        return Turn(party, "revoke", None)
    return None
