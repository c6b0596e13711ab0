"""Whose turn it is, and until when: working-day clocks over the published calendar with make-up days. domain.md 2.3.2. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.workdays import add_working_days
from supervision.findings.lifecycle import FindingState


class Party(StrEnum):
    BUREAU = "bureau"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class ProcedureRule:
    """Figures in force, from the policy book."""

    notice_working_days: int
    objection_working_days: int
    answer_working_days: int
    rectification_working_days: int
    verification_working_days: int
    closing_working_days: int
    review_request_working_days: int
    publication_working_days: int
    reminder_working_days: int  # how long before the end the first reminder is written
    escalation_working_days: int  # how long after the end somebody higher is told


@dataclass(frozen=True, slots=True)
class Turn:
    """Who must act next, what is awaited, and until when. `until` is exclusive."""

    party: Party
    act: str
    until: datetime

    def is_late(self, now_at: datetime) -> bool:
        return now_at >= self.until


def deadline(after: datetime, working_days: int) -> datetime:
    """Midnight (Asia/Shanghai) that ends the `working_days`-th working day after the day of `after`: the last day counts whole."""
    last = add_working_days(local_date(after), working_days)
    return datetime.combine(last + timedelta(days=1), time(0), BUREAU_ZONE)


def following(until: datetime, working_days: int) -> datetime:
    """Likewise after a time that ended at `until`, which is exclusive: the day after its last day is the first."""
    return deadline(until - timedelta.resolution, working_days)


_OBJECTABLE: Final = (FindingState.NOTICED, FindingState.REPLIED)


def turn(
    state: FindingState,
    entered_at: datetime,
    rule: ProcedureRule,
    now_at: datetime,
    *,
    object_until: datetime | None = None,
    rectify_until: datetime | None = None,
    reported_at: datetime | None = None,
) -> Turn | None:
    """The clock that runs in a state entered at `entered_at`; None when nothing is awaited.

    `object_until`, `rectify_until`: what the letters named, which binds whatever the figures are today. `reported_at`: when the institution last
    reported its rectification.
    """
    if state is FindingState.CONFIRMED:
        return Turn(Party.BUREAU, "notice", deadline(entered_at, rule.notice_working_days))
    if state in _OBJECTABLE:
        until = object_until or deadline(entered_at, rule.objection_working_days)
        if now_at < until:
            return Turn(Party.INSTITUTION, "object", until)
        return Turn(Party.BUREAU, "order-rectification", following(until, rule.answer_working_days))
    if state is FindingState.OBJECTED:
        return Turn(Party.BUREAU, "answer", deadline(entered_at, rule.answer_working_days))
    if state is FindingState.RECTIFYING:
        if reported_at is not None:
            return Turn(Party.BUREAU, "verify", deadline(reported_at, rule.verification_working_days))
        return Turn(Party.INSTITUTION, "report", rectify_until or deadline(entered_at, rule.rectification_working_days))
    if state is FindingState.UNDER_REVIEW:
        return Turn(Party.BUREAU, "decide-review", deadline(entered_at, rule.answer_working_days))
    if state is FindingState.RECTIFIED:
        return Turn(Party.BUREAU, "close", deadline(entered_at, rule.closing_working_days))
    if state is FindingState.CLOSED:
        return Turn(Party.BUREAU, "publish", deadline(entered_at, rule.publication_working_days))
    return None


class Grade(StrEnum):
    SOON = "soon"
    LATE = "late"
    ESCALATED = "escalated"


def grade(awaited: Turn, rule: ProcedureRule, now_at: datetime) -> Grade | None:
    """How pressing a turn is; None while there is time.

    Soon: `now_at` lies within the last `reminder_working_days` working days. Escalated: more than `escalation_working_days` working days over.
    """
    if now_at >= following(awaited.until, rule.escalation_working_days):
        return Grade.ESCALATED
    if awaited.is_late(now_at):
        return Grade.LATE
    return Grade.SOON if deadline(now_at, rule.reminder_working_days - 1) >= awaited.until else None
