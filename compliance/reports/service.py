"""Use-cases: state a figure with its document; prepare, sign or return a biweekly report. R5–R7, R29, R98, R99; G25."""

import hashlib
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from compliance.reports import queries
from compliance.reports.errors import MalformedFigure, PeriodNotOver, ReportChanged, ReportExists
from compliance.reports.lifecycle import REPORT_MOVES, ReportEvent, ReportState
from compliance.reports.models import FigureKind, ProgressReport, StatedFigure
from compliance.reports.periods import Period
from compliance.reports.rules import TargetRule, duties, payment_duty
from compliance.reports.snapshot import content
from compliance.subsidy.queries import money_of_year
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import Clock
from storage.kernel.errors import NotAllowed
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger

MOST_PERSONS: Final = 10_000_000
MOST_DOCUMENT_CHARS: Final = 200


def state_figure(session: Session, *, kind: FigureKind, value: int, as_of_on: date, document: str, actor: Actor, clock: Clock) -> StatedFigure:
    """Enter what the system cannot count. The year is that of its day. Raises: MalformedFigure."""
    stated, today = " ".join(document.split()), clock.today_on()
    errors: list[dict[str, object]] = []
    if not 0 <= value <= MOST_PERSONS:
        errors.append({"where": "value", "code": "out-of-range", "value": value})
    if as_of_on > today:
        errors.append({"where": "as_of_on", "code": "in-the-future", "value": as_of_on.isoformat()})
    if not 1 < len(stated) <= MOST_DOCUMENT_CHARS:
        errors.append({"where": "document", "code": "wrong-length", "value": len(stated)})
    if errors:
        raise MalformedFigure(errors=errors)
    at = clock.now_at()
    row = StatedFigure(
        kind=kind,
        year=as_of_on.year,
        value=value,
        as_of_on=as_of_on,
        document=stated,
        recorded_at=at,
        recorded_by_id=_person(actor),
        recorded_by=actor.name,
    )
    session.add(row)
    session.flush()
    body = {"kind": kind, "year": row.year, "value": value, "as_of_on": as_of_on, "document": stated}
    ledger.append(session, actor=actor, at=at, action="stated-figure.entered", subject=f"stated-figure/{row.id}", tenant=None, body=body)
    return row


def prepare(session: Session, period: Period, rule: TargetRule, *, actor: Actor, clock: Clock) -> ProgressReport:
    """Take the figures of an ended period down. Raises: PeriodNotOver; ReportExists — it is prepared or signed already."""
    at, today = clock.now_at(), clock.today_on()
    if today <= period.ends_on:
        raise PeriodNotOver(ends_on=period.ends_on.isoformat())
    if (live := queries.live_report(session, period.ends_on)) is not None:
        raise ReportExists(report=live.code)
    earlier = queries.count_of_period(session, period.ends_on)
    told = _content(session, period, rule)
    row = ProgressReport(
        code=f"P{period.ends_on:%Y%m%d}" + (f"-{earlier + 1}" if earlier else ""),
        period_starts_on=period.starts_on,
        period_ends_on=period.ends_on,
        due_on=period.due_on,
        state=ReportState.PREPARED,
        content=told,
        sha256=digest(told),
        prepared_at=at,
        prepared_by_id=_person(actor),
        prepared_by=actor.name,
    )
    facts = {"report": row.code, "sha256": row.sha256.hex(), "due_on": period.due_on}
    history.begin(session, row, actor=actor, at=at, event="prepare", clause="R98", facts=facts)
    return row


def sign(session: Session, code: str, *, actor: Actor, clock: Clock) -> ProgressReport:
    """Another person answers for the figures. Raises: ReportNotFound; ReportChanged; ForbiddenMove — `same-person`, or not prepared."""
    row = queries.report(session, code, lock=True)
    content_of(row)
    at = clock.now_at()
    facts: dict[str, object] = {"preparer": str(row.prepared_by_id), "signer": str(actor.id or ""), "sha256": row.sha256.hex()}
    advance(REPORT_MOVES, row.state, ReportEvent.SIGN, facts)  # before the signature stands in the row: its CHECK asks for both at once
    row.signed_at, row.signed_by_id, row.signed_by = at, actor.id, actor.name
    _settle(session, row, ReportEvent.SIGN, actor, at, "", facts)
    return row


def send_back(session: Session, code: str, *, reason: str, actor: Actor, clock: Clock) -> ProgressReport:
    """Not right: another report takes its place. Raises: ReportNotFound; ForbiddenMove — `reason-needed`, or not prepared."""
    row = queries.report(session, code, lock=True)
    stated = " ".join(reason.split())
    facts: dict[str, object] = {"reason": stated}
    advance(REPORT_MOVES, row.state, ReportEvent.RETURN, facts)
    row.return_reason = stated
    _settle(session, row, ReportEvent.RETURN, actor, clock.now_at(), stated, facts)
    return row


def content_of(row: ProgressReport) -> dict[str, Any]:
    """What the report prints, after comparing it with its hash. Raises: ReportChanged."""
    if digest(row.content) != row.sha256:
        raise ReportChanged(report=row.code)
    return row.content


def digest(told: dict[str, Any]) -> bytes:
    """SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(told)).digest()


def _content(session: Session, period: Period, rule: TargetRule) -> dict[str, Any]:
    year, last = period.ends_on.year, period.ends_on
    watched = queries.year_of(session, year, rule, today=last)
    return content(
        period,
        queries.task_lines(session, year),
        queries.class_lines(session, year, period.starts_on - timedelta(days=1)),
        queries.class_lines(session, year, last),
        money_of_year(session, year, last),
        [*duties(watched, rule, today=last), payment_duty(year - 1, queries.payments_of(session, year - 1, last), rule, today=last)],
    )


def _settle(session: Session, row: ProgressReport, event: ReportEvent, actor: Actor, at: datetime, reason: str, facts: dict[str, object]) -> None:
    history.move(session, row, REPORT_MOVES, event, actor=actor, at=at, reason=reason, facts=facts)


def _person(actor: Actor) -> UUID:
    if actor.id is None:
        raise NotAllowed(role=actor.role)
    return actor.id
