"""May this lesson take place here on this day? R77, R78; 2.3.3, F-12, F-13, F-24.

One predicate answers timetable, coverage and subsidy. Whoever decides about a place enters, suspends and ends it through this module.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Date, cast, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE
from storage.ledger import service as ledger
from supervision.classes.errors import HallTaken
from supervision.classes.models import Lesson, TrainingClass
from supervision.classes.place_models import ApprovedPlace, Basis, HallBooking, PlaceSuspension
from supervision.institutions.models import Room


def _fits() -> ColumnElement[bool]:
    """A row of `approved_place` against the row of `lesson`, `training_class` and `room` around it."""
    day = cast(func.timezone(str(BUREAU_ZONE), Lesson.starts_at), Date)
    agreed = (ApprovedPlace.agreement_id == TrainingClass.agreement_id) & (ApprovedPlace.teaching_point_id == Room.teaching_point_id)
    assessed = (ApprovedPlace.class_id == TrainingClass.id) & (ApprovedPlace.room_id == Room.id)
    stopped = exists(
        select(PlaceSuspension.id)
        .where(PlaceSuspension.place_id == ApprovedPlace.id, PlaceSuspension.from_at < Lesson.ends_at)
        .where(or_(PlaceSuspension.until_at.is_(None), PlaceSuspension.until_at > Lesson.starts_at))
        .correlate(ApprovedPlace, Lesson)
    )
    return (
        or_(agreed, assessed)
        & (ApprovedPlace.from_on <= day)
        & (ApprovedPlace.until_on >= day)
        & (ApprovedPlace.approved_at < Lesson.starts_at)
        & or_(ApprovedPlace.ended_at.is_(None), ApprovedPlace.ended_at > Lesson.starts_at)
        & ~stopped
    )


def approved_here() -> ColumnElement[bool]:
    """For a query over `Lesson`, `TrainingClass` and `Room`: the lesson is at a place that was agreed, or assessed before it began."""
    return exists(select(ApprovedPlace.id).where(_fits()).correlate(Lesson, TrainingClass, Room))


def place_of(session: Session, lesson_id: UUID) -> ApprovedPlace | None:
    """What a lesson's place rests on; None when nothing permits it. An agreed place is named before an assessed one."""
    return session.scalars(
        select(ApprovedPlace)
        .join(Lesson, Lesson.id == lesson_id)
        .join(TrainingClass, TrainingClass.id == Lesson.class_id)
        .join(Room, Room.id == Lesson.room_id)
        .where(_fits())
        .order_by(ApprovedPlace.basis, ApprovedPlace.id)
        .limit(1)
    ).one_or_none()


def unapproved(session: Session, class_id: UUID) -> set[UUID]:
    """The lessons of a class that no place permits; cancelled ones do not count."""
    rows = session.scalars(
        select(Lesson.id)
        .join(TrainingClass, TrainingClass.id == Lesson.class_id)
        .join(Room, Room.id == Lesson.room_id)
        .where(Lesson.class_id == class_id, Lesson.cancelled_at.is_(None), ~approved_here())
    )
    return set(rows)


def grant(
    session: Session,
    room: Room,
    class_ids: Sequence[UUID],
    *,
    reference: str,
    hall: str,
    from_on: date,
    until_on: date,
    actor: Actor,
    at: datetime,
) -> list[ApprovedPlace]:
    """An assessed room for these classes; their coming lessons there are booked. Raises: HallTaken."""
    rows = [
        ApprovedPlace(
            institution_id=room.institution_id,
            basis=Basis.APPROVAL,
            reference=reference,
            class_id=class_id,
            room_id=room.id,
            hall=hall,
            from_on=from_on,
            until_on=until_on,
            approved_at=at,
        )
        for class_id in class_ids
    ]
    session.add_all(rows)
    session.flush()
    coming = session.scalars(
        select(Lesson)
        .outerjoin(HallBooking, HallBooking.lesson_id == Lesson.id)
        .where(Lesson.room_id == room.id, Lesson.starts_at > at, Lesson.cancelled_at.is_(None), HallBooking.id.is_(None))
    ).all()
    for lesson in coming:
        book(session, lesson, hall, room.code)
    facts = {"reference": reference, "room": room.code, "hall": hall, "from_on": from_on, "until_on": until_on, "classes": list(class_ids)}
    ledger.append(session, actor=actor, at=at, action="place.granted", subject=f"room/{room.code}", tenant=room.institution_id, body=facts)
    return rows


def suspend(session: Session, reference: str, *, reason: str, actor: Actor, at: datetime) -> None:
    """Nothing that is not over at `at` counts any more, until `resume`."""
    rows = _of(session, reference)
    session.add_all(PlaceSuspension(place_id=row.id, institution_id=row.institution_id, from_at=at, reason=reason) for row in rows)
    session.flush()
    _tell(session, rows, "place.suspended", {"reason": reason}, actor, at)


def resume(session: Session, reference: str, *, actor: Actor, at: datetime) -> None:
    """Lessons that begin from now on count again."""
    rows = _of(session, reference)
    ids = [row.id for row in rows]
    session.execute(update(PlaceSuspension).where(PlaceSuspension.place_id.in_(ids), PlaceSuspension.until_at.is_(None)).values(until_at=at))
    _tell(session, rows, "place.resumed", {}, actor, at)


def end(session: Session, reference: str, *, reason: str, actor: Actor, at: datetime) -> None:
    """Nothing that begins from now on counts; what was proven before stays proven."""
    rows = _of(session, reference)
    for row in rows:
        row.ended_at = row.ended_at or at
    session.flush()
    _tell(session, rows, "place.ended", {"reason": reason}, actor, at)


def hall_of(session: Session, room_id: UUID) -> str:
    """The hall that a room is, once it was assessed; empty for a room of an agreed place."""
    newest = select(ApprovedPlace.hall).where(ApprovedPlace.room_id == room_id, ApprovedPlace.ended_at.is_(None)).order_by(ApprovedPlace.id.desc())
    return session.scalar(newest.limit(1)) or ""


def book(session: Session, lesson: Lesson, hall: str, room_code: str) -> None:
    """Raises: HallTaken — a lesson of whatever institution lies there at that time."""
    span = Range(lesson.starts_at, lesson.ends_at, bounds="[)")
    try:
        with session.begin_nested():
            session.add(HallBooking(lesson_id=lesson.id, institution_id=lesson.institution_id, hall=hall, span=span))
            session.flush()
    except IntegrityError as taken:
        raise HallTaken(room=room_code, starts_at=lesson.starts_at) from taken


def unbook(session: Session, lesson_id: UUID) -> None:
    """A cancelled lesson frees its hall."""
    session.execute(delete(HallBooking).where(HallBooking.lesson_id == lesson_id))


def _of(session: Session, reference: str) -> Sequence[ApprovedPlace]:
    return session.scalars(select(ApprovedPlace).where(ApprovedPlace.reference == reference, ApprovedPlace.basis == Basis.APPROVAL)).all()


def _tell(session: Session, rows: Sequence[ApprovedPlace], action: str, facts: dict[str, object], actor: Actor, at: datetime) -> None:
    for reference, institution_id in {(row.reference, row.institution_id) for row in rows}:
        ledger.append(session, actor=actor, at=at, action=action, subject=f"place/{reference}", tenant=institution_id, body=facts)
