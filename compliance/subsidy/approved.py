"""Where and on which days a class may be taught, as the approvals stand: the one place that asks. R21, R22, R77, R78."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from supervision.classes import extensions, places
from supervision.classes.models import Lesson, TrainingClass
from supervision.institutions.models import Room


def lessons_at_approved_places(session: Session, class_ids: Sequence[UUID]) -> set[UUID]:
    """The lessons of some classes whose room is at a place that was agreed, or assessed before they took place."""
    return set(
        session.scalars(
            select(Lesson.id)
            .join(TrainingClass, TrainingClass.id == Lesson.class_id)
            .join(Room, Room.id == Lesson.room_id)
            .where(Lesson.class_id.in_(list(class_ids)), places.approved_here())
        )
    )


def approved_days(session: Session, row: TrainingClass) -> tuple[date, date]:
    """First and last day that are approved for a class: planned, or added before they began."""
    return row.starts_on, min(row.ends_on, extensions.approved_days(session, row).until_on)
