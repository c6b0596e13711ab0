"""What the bureau owes today, counted, each count with the list behind it. UI.md (bureau dashboard); R8, R9, R28, R94, R98; G25."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.http.services import Services
from api.locale.marks import N_
from api.pages.labels import Tone
from compliance.reports import queries
from compliance.reports.lifecycle import LIVE_STATES
from compliance.reports.periods import ReportRule, ReportStanding, ended_periods, standing
from compliance.reports.rules import StartupStanding, TargetRule, startup
from storage.kernel.clock import local_date
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.footage import destruction, destruction_queries
from supervision.footage.destruction_rules import DestructionRule
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import GapExplanation, Recording
from supervision.releases import queries as releases
from supervision.sampling.models import DrawRound
from supervision.spotchecks.lifecycle import OPEN_STATES, OutcomeState
from supervision.spotchecks.models import ReviewAssignment, ReviewOutcome
from supervision.visits.lifecycle import VisitState
from supervision.visits.models import Visit

FINDING_TURNS: Final = {
    FindingState.RECORDED: N_("findings wait for a second look"),
    FindingState.DISPUTED: N_("disputed findings wait for a third person"),
    FindingState.CONFIRMED: N_("confirmed findings wait for their notice"),
    FindingState.OBJECTED: N_("objections wait for an answer"),
    FindingState.RECTIFIED: N_("verified rectifications wait for the closing letter"),
    FindingState.UNDER_REVIEW: N_("requests for review wait for a decision"),
    FindingState.CLOSED: N_("closed findings wait for publication"),
}
LOOK_BACK_DAYS: Final = 400  # a start-up class may be missed for half a year and still be shown for another half
MOST_ROUNDS: Final = 20
REPORT_DAYS: Final = 182  # as the list of reports shows


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` things wait; `words` is a message id; the list is at `href`."""

    count: int
    words: str
    href: str
    tone: Tone = "attention"
    about: str = ""


def waiting(session: Session, services: Services) -> list[Waiting]:
    """Everything that needs somebody of the bureau, in the order of the evidence; nothing that waits for others."""
    now, today = services.clock.now_at(), services.clock.today_on()
    found = [
        Waiting(
            session.scalar(select(func.count()).where(Recording.state == RecordingState.ALARM)) or 0,
            N_("recordings are no longer what the catalogue says"),
            f"/recordings?state={RecordingState.ALARM.value}",
            "bad",
        ),
        Waiting(
            session.scalar(select(func.count()).where(GapExplanation.state == "submitted")) or 0,
            N_("explanations of gaps wait for a decision"),
            "/coverage#waiting",
        ),
        *_late_reviews(session, now),
        Waiting(
            session.scalar(select(func.count()).where(ReviewOutcome.state == OutcomeState.WAITING)) or 0,
            N_("looks that nobody may make"),
            "/reviewers",
            "bad",
        ),
        Waiting(releases.count_to_decide(session), N_("requests to see an original wait for a decision"), "/releases"),
        Waiting(destruction.count_to_decide(session), N_("proposals to destroy a recording wait for another person"), "/recordings/due"),
        Waiting(
            destruction_queries.count_overdue(
                session, services.clock.now_at(), timedelta(days=services.policy.read(DestructionRule, today).destroy_within_days)
            ),
            N_("recordings are past their term and still to be destroyed, longer than they may be"),
            "/recordings/due",
            "bad",
        ),
        Waiting(
            session.scalar(select(func.count()).where(Visit.state == VisitState.MISSED, Visit.visit_on >= today - timedelta(days=30))) or 0,
            N_("on-site visits of the last 30 days were missed"),
            "/visits",
            "bad",
        ),
        *_findings(session),
        *_reports(session, services.policy.read(ReportRule, today), today),
        *_startups(session, services.policy.read(TargetRule, today), today),
    ]
    return [one for one in found if one.count]


def _late_reviews(session: Session, now: object) -> Iterator[Waiting]:
    rows = session.execute(
        select(DrawRound.code, func.count())
        .join(ReviewAssignment, ReviewAssignment.round_id == DrawRound.id)
        .where(ReviewAssignment.state.in_(OPEN_STATES), ReviewAssignment.due_at < now)
        .group_by(DrawRound.code)
        .order_by(DrawRound.code)
        .limit(MOST_ROUNDS)
    )
    for code, count in rows:
        yield Waiting(count, N_("reviews are overdue"), f"/draws/{code}", "bad", code)


def _findings(session: Session) -> Iterator[Waiting]:
    counted = select(Finding.state, func.count()).where(Finding.state.in_(tuple(FINDING_TURNS))).group_by(Finding.state)
    counts = {state: count for state, count in session.execute(counted)}  # noqa: C416 - Row is not a pair for mypy
    for state, words in FINDING_TURNS.items():
        yield Waiting(counts.get(state, 0), words, f"/findings?state={state.value}")


def _reports(session: Session, rule: ReportRule, today: date) -> Iterator[Waiting]:
    yield Waiting(queries.count_to_sign(session), N_("biweekly reports wait for a signature"), "/reports")
    since = queries.owed_since(session, today - timedelta(days=REPORT_DAYS), today=today)
    live = {row.period_ends_on: row for row in queries.reports_since(session, since) if row.state in LIVE_STATES}
    told = []
    for found in ended_periods(since, today, rule):
        row = live.get(found.ends_on)
        told.append(standing(found, signed_on=local_date(row.signed_at) if row and row.signed_at else None, today=today))
    yield Waiting(told.count(ReportStanding.DUE), N_("biweekly reports are due"), "/reports")
    yield Waiting(told.count(ReportStanding.LATE), N_("biweekly reports are overdue"), "/reports", "bad")


def _startups(session: Session, rule: TargetRule, today: date) -> Iterator[Waiting]:
    rows = [row for row in queries.startup_classes(session, ended_from=today - timedelta(days=LOOK_BACK_DAYS)) if row[3] < today]
    licences = queries.startup_licences(session, [row[0] for row in rows])
    found = [startup(row[3], licences.get(row[0], ()), rule, today=today).standing for row in rows]
    yield Waiting(found.count(StartupStanding.OPEN), N_("start-up classes still need a success"), "/targets/startups")
    yield Waiting(found.count(StartupStanding.MISSED), N_("start-up classes had no success in time"), "/targets/startups", "bad")
