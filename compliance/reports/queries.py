"""Counts of persons behind targets and reports, by institution, category and class; never a name. R4–R9, R13, R24, R28, R98; G25."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Subquery, case, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from compliance.reports.errors import ReportNotFound
from compliance.reports.lifecycle import LIVE_STATES, ReportState
from compliance.reports.models import FigureKind, ProgressReport, StatedFigure
from compliance.reports.rules import Counts, Payments, Stated, TargetRule, Year, day_of
from compliance.subsidy.queries import money_of_year
from storage.kernel.clock import local_date
from storage.ledger.models import LedgerEntry
from supervision.classes.models import Category, Enrolment, TrainingAgreement, TrainingClass
from supervision.institutions.models import Institution
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import Completion, EmploymentEvidence, EvidenceKind, Result, TaskReduction

MOST_CLASSES: Final = 2000  # of one year and county; 25 are usual
ORDER_PROJECT: Final = (Category.ORDER, Category.PROJECT)


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of a year with persons up to a day. `open`: enrolled, and nobody has recorded how it ended for them."""

    class_id: UUID
    code: str
    trade: str
    institution_id: UUID
    institution_code: str
    institution: str
    category: Category
    agreement_id: UUID
    starts_on: date
    ends_on: date
    enrolled: int
    trained: int
    certified: int
    employed: int
    open: int


@dataclass(frozen=True, slots=True)
class TaskLine:
    """The tasks of one institution and category in a year, less approved reductions."""

    institution_id: UUID
    institution_code: str
    institution: str
    category: Category
    task: int


def class_lines(
    session: Session, year: int, on: date, *, institution: str = "", category: Category | None = None, limit: int = MOST_CLASSES
) -> list[ClassLine]:
    """Classes of the year's agreements, those to come too, by code."""
    enrolled = _enrolled()
    done = _completed(on)
    working = _employed(on)
    query = (
        select(
            TrainingClass.id,
            TrainingClass.code,
            TrainingClass.trade,
            Institution.id,
            Institution.code,
            Institution.name,
            TrainingAgreement.category,
            TrainingAgreement.id,
            TrainingClass.starts_on,
            TrainingClass.ends_on,
            func.coalesce(enrolled.c.persons, 0),
            func.coalesce(done.c.trained, 0),
            func.coalesce(done.c.certified, 0),
            func.coalesce(working.c.persons, 0),
            func.coalesce(enrolled.c.persons, 0) - func.coalesce(done.c.settled, 0),
        )
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .join(Institution, Institution.id == TrainingClass.institution_id)
        .outerjoin(enrolled, enrolled.c.class_id == TrainingClass.id)
        .outerjoin(done, done.c.class_id == TrainingClass.id)
        .outerjoin(working, working.c.class_id == TrainingClass.id)
        .where(TrainingAgreement.year == year)
        .order_by(TrainingClass.code)
        .limit(limit)
    )
    if institution:
        query = query.where(Institution.code == institution)
    if category is not None:
        query = query.where(TrainingAgreement.category == category)
    return [ClassLine(*list(row)) for row in session.execute(query)]


def booked_by(lines: Sequence[ClassLine], due_on: date) -> dict[Category, int]:
    """Persons who are enrolled in classes that end by `due_on` and whose course nobody recorded as ended, by category."""
    found: defaultdict[Category, int] = defaultdict(int)
    for line in lines:
        if line.ends_on <= due_on:
            found[line.category] += max(line.open, 0)
    return found


def task_lines(session: Session, year: int) -> list[TaskLine]:
    """By institution code and category."""
    reduced = select(TaskReduction.agreement_id, func.sum(TaskReduction.persons).label("persons")).group_by(TaskReduction.agreement_id).subquery()
    rows = session.execute(
        select(
            Institution.id,
            Institution.code,
            Institution.name,
            TrainingAgreement.category,
            func.sum(TrainingAgreement.task_persons - func.coalesce(reduced.c.persons, 0)),
        )
        .join(TrainingAgreement, TrainingAgreement.institution_id == Institution.id)
        .outerjoin(reduced, reduced.c.agreement_id == TrainingAgreement.id)
        .where(TrainingAgreement.year == year)
        .group_by(Institution.id, Institution.code, Institution.name, TrainingAgreement.category)
        .order_by(Institution.code, TrainingAgreement.category)
    )
    return [TaskLine(ident, code, name, category, int(task)) for ident, code, name, category, task in rows]


def year_of(session: Session, year: int, rule: TargetRule, *, today: date) -> Year:
    """The figures that the duties of a year compare, each as of its own last day or today."""
    mid, end = (min(day_of(year, day), today) for day in (rule.midyear_due_day, rule.yearend_due_day))
    ends = [day_of(year, rule.midyear_due_day), day_of(year, rule.yearend_due_day)]
    task = sum(line.task for line in task_lines(session, year) if line.category is Category.ENTERPRISE)
    return Year(
        year=year,
        midyear=_counts(class_lines(session, year, mid), ends[0], task),
        yearend=_counts(class_lines(session, year, end), ends[1], task),
        stated_midyear=stated(session, year, mid),
        stated_yearend=stated(session, year, end),
    )


def _counts(lines: Sequence[ClassLine], due_on: date, enterprise_task: int) -> Counts:
    booked = booked_by(lines, due_on)
    return Counts(
        trained=sum(line.trained for line in lines),
        certified=sum(line.certified for line in lines),
        enterprise=sum(line.trained for line in lines if line.category is Category.ENTERPRISE),
        order_project=sum(line.trained for line in lines if line.category in ORDER_PROJECT),
        booked=sum(booked.values()),
        booked_enterprise=booked[Category.ENTERPRISE],
        booked_order_project=sum(booked[one] for one in ORDER_PROJECT),
        enterprise_task=enterprise_task,
    )


def stated(session: Session, year: int, on: date) -> Stated:
    """The newest figure of each kind as of a day no later than `on`."""
    newest = (
        select(StatedFigure.kind, StatedFigure.value)
        .ext(distinct_on(StatedFigure.kind))
        .where(StatedFigure.year == year, StatedFigure.as_of_on <= on)
        .order_by(StatedFigure.kind, StatedFigure.as_of_on.desc(), StatedFigure.id.desc())
    )
    found = {kind: value for kind, value in session.execute(newest)}  # noqa: C416 - Row is not a pair for mypy
    return Stated(
        skilled=found.get(FigureKind.SKILLED),
        high_skilled=found.get(FigureKind.HIGH_SKILLED),
        skilled_total=found.get(FigureKind.SKILLED_TOTAL),
        employed_total=found.get(FigureKind.EMPLOYED_TOTAL),
        brand=found.get(FigureKind.BRAND),
    )


def figures(session: Session, year: int, *, limit: int = 200) -> Sequence[StatedFigure]:
    """What was stated for a year, newest first."""
    return session.scalars(
        select(StatedFigure).where(StatedFigure.year == year).order_by(StatedFigure.as_of_on.desc(), StatedFigure.id.desc()).limit(limit)
    ).all()


def startup_licences(session: Session, class_ids: Sequence[UUID]) -> dict[UUID, list[date]]:
    """Class id → days of verified business licences of its trainees, one per trainee (R28)."""
    rows = session.execute(
        select(EmploymentEvidence.class_id, func.min(EmploymentEvidence.employed_on))
        .where(
            EmploymentEvidence.class_id.in_(class_ids),
            EmploymentEvidence.kind == EvidenceKind.LICENCE,
            EmploymentEvidence.state == EvidenceState.VERIFIED,
        )
        .group_by(EmploymentEvidence.class_id, EmploymentEvidence.trainee_id)
    )
    found: dict[UUID, list[date]] = {}
    for class_id, day in rows:
        found.setdefault(class_id, []).append(day)
    return found


def startup_classes(session: Session, *, ended_from: date, limit: int = 200) -> Sequence[tuple[UUID, str, str, date]]:
    """Start-up classes of any year that ended since: (id, code, institution, last day), newest first."""
    rows = session.execute(
        select(TrainingClass.id, TrainingClass.code, Institution.name, TrainingClass.ends_on)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .join(Institution, Institution.id == TrainingClass.institution_id)
        .where(TrainingAgreement.category == Category.STARTUP, TrainingClass.ends_on >= ended_from)
        .order_by(TrainingClass.ends_on.desc(), TrainingClass.code)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def payments_of(session: Session, year: int, on: date) -> Payments | None:
    """What is owed and was paid up to a day for the classes of a year that ended (R87, R94); None while no class of the year has ended."""
    found = money_of_year(session, year, on).values()
    if not found:
        return None
    return Payments(sum(one.owed_yuan for one in found), sum(one.paid_yuan for one in found), sum(one.waits for one in found))


def report(session: Session, code: str, *, lock: bool = False) -> ProgressReport:
    """Raises: ReportNotFound."""
    wanted = select(ProgressReport).where(ProgressReport.code == code)
    found = session.scalars(wanted.with_for_update() if lock else wanted, execution_options={"populate_existing": lock}).one_or_none()
    if found is None:
        raise ReportNotFound(report=code)
    return found


def first_use_on(session: Session) -> date | None:
    """The day on which the system was first used: nothing is owed for periods that ended before it (R98). None before the first entry."""
    at = session.scalar(select(LedgerEntry.at).order_by(LedgerEntry.id).limit(1))
    return local_date(at) if at else None


def owed_since(session: Session, since: date, *, today: date) -> date:
    """From which day on ended periods are looked at: `since`, or the first use when that is later."""
    return max(since, first_use_on(session) or today)


def reports_since(session: Session, ends_from: date, *, limit: int = 60) -> Sequence[ProgressReport]:
    """Reports of periods that ended since, newest period first; returned ones too."""
    return session.scalars(
        select(ProgressReport)
        .where(ProgressReport.period_ends_on >= ends_from)
        .order_by(ProgressReport.period_ends_on.desc(), ProgressReport.id.desc())
        .limit(limit)
    ).all()


def live_report(session: Session, ends_on: date) -> ProgressReport | None:
    """The report of a period that is prepared or signed."""
    return session.scalars(
        select(ProgressReport).where(ProgressReport.period_ends_on == ends_on, ProgressReport.state.in_(LIVE_STATES))
    ).one_or_none()


def count_of_period(session: Session, ends_on: date) -> int:
    return session.scalar(select(func.count()).where(ProgressReport.period_ends_on == ends_on)) or 0


def count_to_sign(session: Session) -> int:
    return session.scalar(select(func.count()).where(ProgressReport.state == ReportState.PREPARED)) or 0


def _enrolled() -> Subquery:
    return select(Enrolment.class_id, func.count().label("persons")).group_by(Enrolment.class_id).subquery()


def _completed(on: date) -> Subquery:
    return (
        select(
            Completion.class_id,
            func.count(case((Completion.result != Result.WITHDRAWN, 1))).label("trained"),
            func.count(case((Completion.result == Result.PASSED, 1))).label("certified"),
            func.count().label("settled"),
        )
        .where(Completion.ended_on <= on)
        .group_by(Completion.class_id)
        .subquery()
    )


def _employed(on: date) -> Subquery:
    return (
        select(EmploymentEvidence.class_id, func.count(EmploymentEvidence.trainee_id.distinct()).label("persons"))
        .where(EmploymentEvidence.state == EvidenceState.VERIFIED, EmploymentEvidence.employed_on <= on)
        .group_by(EmploymentEvidence.class_id)
        .subquery()
    )
