"""How long a class may last: its planned days, and what an approval added. R21, R22."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.ledger import service as ledger
from supervision.classes.errors import ExtensionDaysUsed, ExtensionNeeded
from supervision.classes.models import Lesson, TrainingClass
from supervision.classes.place_models import ClassExtension


@dataclass(frozen=True, slots=True)
class ApprovedDays:
    """The days that a class may have: planned ones until `planned_ends_on`, then at most `days` training days, none after `until_on`."""

    planned_ends_on: date
    days: int
    until_on: date
    approved_at: datetime | None  # of the newest extension: a lesson on an added day begins after it

    def has(self, on: date) -> bool:
        """Whether a day lies within the approved duration; whether all added days are used up is another question."""
        return on <= self.until_on


def approved_days(session: Session, row: TrainingClass) -> ApprovedDays:
    """What was planned and what was added, for one class."""
    days, until_on, approved_at = session.execute(
        select(func.coalesce(func.sum(ClassExtension.days), 0), func.max(ClassExtension.until_on), func.max(ClassExtension.approved_at)).where(
            ClassExtension.class_id == row.id
        )
    ).one()
    return ApprovedDays(row.planned_ends_on, int(days), max(until_on or row.planned_ends_on, row.planned_ends_on), approved_at)


def extend(session: Session, row: TrainingClass, days: int, until_on: date, *, reference: str, actor: Actor, at: datetime) -> ClassExtension:
    """Enter approved days. `move_end` follows, by whoever approved. The caller holds the row of the class."""
    made = ClassExtension(class_id=row.id, institution_id=row.institution_id, reference=reference, days=days, until_on=until_on, approved_at=at)
    session.add(made)
    session.flush()
    facts = {"reference": reference, "days": days, "until_on": until_on}
    ledger.append(session, actor=actor, at=at, action="class.extended", subject=f"class/{row.code}", tenant=row.institution_id, body=facts)
    return made


def require_end(session: Session, row: TrainingClass, ends_on: date) -> None:
    """Raises: ExtensionNeeded — the day lies beyond what was planned and approved (R21)."""
    approved = approved_days(session, row)
    if not approved.has(ends_on):
        raise ExtensionNeeded(class_code=row.code, planned_ends_on=row.planned_ends_on, until_on=approved.until_on)


def require_days(session: Session, row: TrainingClass, wanted: Collection[tuple[date, datetime]]) -> None:
    """Lessons to be filed, as (day, beginning), against the added days.

    Raises: ExtensionNeeded — on an added day, yet not after its approval (F-24); ExtensionDaysUsed — on more days than were added (R22).
    """
    added = [(on, starts_at) for on, starts_at in wanted if on > row.planned_ends_on]
    if not added:
        return
    approved = approved_days(session, row)
    if approved.approved_at is None or any(starts_at <= approved.approved_at for _, starts_at in added):
        raise ExtensionNeeded(class_code=row.code, planned_ends_on=row.planned_ends_on, until_on=approved.until_on)
    used = taught_beyond(session, row.id, row.planned_ends_on) | {on for on, _ in added}
    if len(used) > approved.days:
        raise ExtensionDaysUsed(class_code=row.code, days=approved.days, asked=len(used))


def taught_beyond(session: Session, class_id: UUID, last: date) -> set[date]:
    """The days after `last` on which a class has lessons."""
    day = cast(func.timezone(str(BUREAU_ZONE), Lesson.starts_at), Date)
    return set(session.scalars(select(day).distinct().where(Lesson.class_id == class_id, Lesson.cancelled_at.is_(None), day > last)))
