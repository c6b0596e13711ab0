"""Data entered after the year's dates: classes, rosters, results, payments. R86, R87. Reads and one pure rule.

A class and its roster are due on its first day, the results after the days that the archive allows, a payment some working days after it was made.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from compliance.subsidy.models import SubsidyPayment
from storage.kernel.clock import local_date
from storage.kernel.workdays import add_working_days
from supervision.classes.models import Enrolment, TrainingClass
from supervision.institutions.models import Institution
from supervision.outcomes.models import Completion


@dataclass(frozen=True, slots=True)
class EntryRule:
    """Figures in force."""

    entry_working_days: int
    rating_archive_grace_days: int

    def payment_due_on(self, paid_on: date) -> date:
        """The last day on which a payment is entered in time."""
        return add_working_days(paid_on, self.entry_working_days)


class EntryKind(StrEnum):
    CLASS = "class"
    ROSTER = "roster"
    RESULTS = "results"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that had to be entered by a day. `entered_on` None: it is not there yet. `subject` is a class, or a voucher."""

    kind: EntryKind
    subject: str
    institution: str
    due_on: date
    entered_on: date | None

    def late_days(self, today: date) -> int:
        """How many days after the due day it was entered, or how long it is owed; 0 when in time or not due yet."""
        return max(0, ((self.entered_on or today) - self.due_on).days)


def late(session: Session, year: int, rule: EntryRule, *, today: date, limit: int = 500) -> list[Entry]:
    """Everything of a year that was or is late, the latest first."""
    found = [one for one in (*_of_classes(session, year, rule), *_of_payments(session, year, rule)) if one.late_days(today)]
    return sorted(found, key=lambda one: (-one.late_days(today), one.subject, one.kind))[:limit]


def _of_classes(session: Session, year: int, rule: EntryRule) -> Iterator[Entry]:
    entered = func.min(func.uuid_extract_timestamp(Enrolment.id)).label("entered_at")  # keys carry the time of their row
    rosters = select(Enrolment.class_id, entered).group_by(Enrolment.class_id).subquery()
    results = select(Completion.class_id, func.min(Completion.recorded_at).label("at")).group_by(Completion.class_id).subquery()
    rows = session.execute(
        select(TrainingClass, Institution.name, rosters.c.entered_at, results.c.at)
        .join(Institution, Institution.id == TrainingClass.institution_id)
        .outerjoin(rosters, rosters.c.class_id == TrainingClass.id)
        .outerjoin(results, results.c.class_id == TrainingClass.id)
        .where(TrainingClass.starts_on >= date(year, 1, 1), TrainingClass.starts_on <= date(year, 12, 31))
        .order_by(TrainingClass.code)
    )
    for group, owner, roster_at, results_at in rows:
        yield Entry(EntryKind.CLASS, group.code, owner, group.starts_on, local_date(group.created_at))
        yield Entry(EntryKind.ROSTER, group.code, owner, group.starts_on, local_date(roster_at) if roster_at else None)
        due_on = group.ends_on + timedelta(days=rule.rating_archive_grace_days)
        yield Entry(EntryKind.RESULTS, group.code, owner, due_on, local_date(results_at) if results_at else None)


def _of_payments(session: Session, year: int, rule: EntryRule) -> Iterator[Entry]:
    rows = session.execute(
        select(SubsidyPayment, Institution.name)
        .join(Institution, Institution.id == SubsidyPayment.institution_id)
        .where(SubsidyPayment.paid_on >= date(year, 1, 1), SubsidyPayment.paid_on <= date(year, 12, 31))
        .order_by(SubsidyPayment.voucher)
    )
    for paid, owner in rows:
        yield Entry(EntryKind.PAYMENT, paid.voucher, owner, rule.payment_due_on(paid.paid_on), local_date(paid.recorded_at))
