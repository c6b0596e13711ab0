"""Where and on which days a class may be taught: the one place that asks. R21, R22, R77, R78.

An approval of another place or of more days answers here, and nowhere else in this package.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from supervision.classes.models import AgreementLocation, Lesson, TrainingClass
from supervision.institutions.models import Room


def lessons_at_approved_places(session: Session, class_ids: Sequence[UUID]) -> set[UUID]:
    """The lessons of some classes whose room is at a place that was approved before they took place."""
    agreed = exists(
        select(AgreementLocation.id).where(
            AgreementLocation.agreement_id == TrainingClass.agreement_id, AgreementLocation.teaching_point_id == Room.teaching_point_id
        )
    )
    return set(
        session.scalars(
            select(Lesson.id)
            .join(TrainingClass, TrainingClass.id == Lesson.class_id)
            .join(Room, Room.id == Lesson.room_id)
            .where(Lesson.class_id.in_(list(class_ids)), agreed)
        )
    )


def approved_days(row: TrainingClass) -> tuple[date, date]:
    """First and last day that are approved for a class."""
    return row.starts_on, row.ends_on
