"""Whose turn it is in an exit case, and until when. domain.md 2.3.5, 2.1. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from compliance.exit.lifecycle import ExitState
from storage.kernel.clock import BUREAU_ZONE, local_date
from supervision.findings.clocks import Party, Turn, deadline, following


@dataclass(frozen=True, slots=True)
class ExitClocks:
    """Days in force (`exit.yaml`)."""

    exit_legal_review_working_days: int
    exit_notice_working_days: int
    exit_statement_working_days: int
    exit_hearing_request_working_days: int
    exit_hearing_notice_working_days: int
    exit_recheck_working_days: int
    exit_decision_days: int
    exit_service_working_days: int
    exit_publication_working_days: int
    exit_correction_working_days: int
    exit_readmission_working_days: int


@dataclass(frozen=True, slots=True)
class Dates:
    """What the case says of its own days; deadlines that a letter named bind whatever the figures are today."""

    state: ExitState
    entered_at: datetime
    detected_at: datetime
    statement_until_at: datetime | None = None
    hearing_until_at: datetime | None = None
    hearing_at: datetime | None = None


def decision_until(detected_at: datetime, rule: ExitClocks) -> datetime:
    """The midnight that ends the last of the calendar days from the opening of the case."""
    return _midnight(local_date(detected_at) + timedelta(days=rule.exit_decision_days + 1))


def earliest_hearing(told_at: datetime, rule: ExitClocks) -> datetime:
    """A hearing is not before this instant when the institution is told at `told_at`."""
    return deadline(told_at, rule.exit_hearing_notice_working_days)


def turn(dates: Dates, rule: ExitClocks, now_at: datetime) -> Turn | None:
    """The clock that runs; None when nothing is awaited from anybody."""
    state, entered = dates.state, dates.entered_at
    if state in (ExitState.NOTICED, ExitState.STATED) and dates.statement_until_at and dates.hearing_until_at:
        last = max(dates.statement_until_at, dates.hearing_until_at)
        if now_at < last:
            return Turn(Party.INSTITUTION, "state", last)
        return Turn(Party.BUREAU, "recheck", following(last, rule.exit_recheck_working_days))
    if state is ExitState.HEARING_CALLED and dates.hearing_at:
        return Turn(Party.BUREAU, "hold-hearing", _midnight(local_date(dates.hearing_at) + timedelta(days=1)))
    if state in (ExitState.RECHECKED, ExitState.PROPOSED):
        act = "propose" if state is ExitState.RECHECKED else "decide"
        return Turn(Party.BUREAU, act, decision_until(dates.detected_at, rule))
    working_days = {
        ExitState.FROZEN: ("submit", rule.exit_notice_working_days),
        ExitState.LEGAL_REVIEW: ("clear", rule.exit_legal_review_working_days),
        ExitState.CLEARED: ("notice", rule.exit_notice_working_days),
        ExitState.HEARING_REQUESTED: ("call-hearing", rule.exit_hearing_notice_working_days),
        ExitState.HEARD: ("recheck", rule.exit_recheck_working_days),
        ExitState.DECIDED: ("serve", rule.exit_service_working_days),
        ExitState.IN_FORCE: ("publish", rule.exit_publication_working_days),
        ExitState.READMISSION_APPLIED: ("assess", rule.exit_readmission_working_days),
        ExitState.ASSESSED: ("readmit", rule.exit_readmission_working_days),
    }.get(state)
    if working_days is not None:
        return Turn(Party.BUREAU, working_days[0], deadline(entered, working_days[1]))
    if state is ExitState.CORRECTING:
        return Turn(Party.INSTITUTION, "correct", deadline(entered, rule.exit_correction_working_days))
    return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), BUREAU_ZONE)
