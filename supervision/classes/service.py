"""Agreements, classes and their timetable: what the county ordered and when it takes place. R39–R41, R47, R68, R77."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.ledger import service as ledger
from supervision.classes import extensions, places
from supervision.classes.errors import (
    BarredByDecision,
    LessonBegun,
    LessonOutsideClass,
    NotTaskable,
    QualificationLapsed,
    RoomTaken,
    RoomWithoutCamera,
    TaskRestricted,
)
from supervision.classes.models import Category, Lesson, TrainingAgreement, TrainingClass
from supervision.classes.place_models import ApprovedPlace, Basis
from supervision.institutions import restrictions, standing
from supervision.institutions.errors import CodeTaken
from supervision.institutions.models import Camera, Institution, InstitutionStatus, Qualification, Room, TeachingPoint
from supervision.institutions.service import by_code


@dataclass(frozen=True, slots=True)
class PlannedLesson:
    """One line of a timetable as filed: local times at the bureau."""

    on: date
    number: int  # which lesson of the day, from 1
    starts_at: datetime
    ends_at: datetime
    room_code: str
    teacher: str
    topic: str = ""


def sign_agreement(
    session: Session,
    institution: Institution,
    *,
    number: str,
    year: int,
    category: Category,
    task_persons: int,
    signed_on: date,
    valid_from: date,
    valid_until: date,
    teaching_point_codes: Sequence[str],
    selected_by: str = "",
    selection_document: str = "",
    funds_used_by: str = "",
    actor: Actor,
    at: datetime,
) -> TrainingAgreement:
    """Record a training agreement with its agreed places (R77), who selected the institution and who uses the funds (R80; empty: the bureau).

    Raises: NotTaskable — suspended; BarredByDecision — a decision forbids it (R47); TaskRestricted — its credit tier allows no such task (R64);
    QualificationLapsed — no licence valid on every day of it (R41); CodeTaken.
    """
    demand_taskable(session, institution)
    _demand_room_in_task(session, institution, year, task_persons)
    licensed = session.scalar(
        select(Qualification.id)
        .where(
            Qualification.institution_id == institution.id,
            Qualification.valid_from <= valid_from,
            Qualification.valid_until >= valid_until,
        )
        .limit(1)
    )
    if licensed is None:
        raise QualificationLapsed(institution=institution.name, day=valid_until)
    if session.scalar(select(TrainingAgreement.id).where(TrainingAgreement.number == number)) is not None:
        raise CodeTaken(what="agreement", code=number)
    row = TrainingAgreement(
        institution_id=institution.id,
        number=number,
        year=year,
        category=category,
        task_persons=task_persons,
        signed_on=signed_on,
        valid_from=valid_from,
        valid_until=valid_until,
        selected_by=selected_by.strip(),
        selection_document=selection_document.strip(),
        funds_used_by=funds_used_by.strip(),
    )
    session.add(row)
    session.flush()
    for code in teaching_point_codes:
        point = by_code(session, TeachingPoint, code, institution.id, "teaching-point")
        session.add(
            ApprovedPlace(
                institution_id=institution.id,
                basis=Basis.AGREEMENT,
                reference=number,
                agreement_id=row.id,
                teaching_point_id=point.id,
                from_on=valid_from,
                until_on=valid_until,
                approved_at=datetime.combine(signed_on, time(), BUREAU_ZONE),
            )
        )
    session.flush()
    facts = {"number": number, "year": year, "category": category, "task_persons": task_persons, "places": list(teaching_point_codes)}
    ledger.append(session, actor=actor, at=at, action="agreement.signed", subject=f"agreement/{number}", tenant=institution.id, body=facts)
    return row


def _demand_room_in_task(session: Session, institution: Institution, year: int, asked_persons: int) -> None:
    """Tasks given in a year after the restriction, with this one, stay within it (R64). Raises: TaskRestricted.

    "After" is told by the time-ordered keys of the rows, not by the day that somebody typed as the day of signing.
    """
    limited = restrictions.most_persons(session, institution.id, year)
    if limited is None:
        return
    most, by = limited
    given = session.scalar(
        select(func.coalesce(func.sum(TrainingAgreement.task_persons), 0)).where(
            TrainingAgreement.institution_id == institution.id,
            TrainingAgreement.year == year,
            TrainingAgreement.id > by.id,
        )
    )
    if (given or 0) + asked_persons > most:
        raise TaskRestricted(
            institution=institution.name,
            tier=by.tier,
            document=by.document,
            most_persons=most,
            given_persons=given or 0,
            asked_persons=asked_persons,
        )


def raise_task(
    session: Session, institution: Institution, agreement: TrainingAgreement, *, persons: int, document: str, actor: Actor, at: datetime
) -> None:
    """Give `persons` more to train under an agreement. Raises: NotTaskable, BarredByDecision (R47), TaskRestricted (R64)."""
    demand_taskable(session, institution)
    _demand_room_in_task(session, institution, agreement.year, persons)
    agreement.task_persons += persons
    session.flush()
    facts = {"persons": persons, "task_persons": agreement.task_persons, "document": document}
    subject = f"agreement/{agreement.number}"
    ledger.append(session, actor=actor, at=at, action="agreement.task-raised", subject=subject, tenant=institution.id, body=facts)


def demand_taskable(session: Session, institution: Institution, *, classes: bool = False) -> None:
    """`classes`: it is about a class of an agreement that exists, which a restriction leaves alone.

    The decision is read, not only the status: its number and its end stand in the refusal. Raises: NotTaskable, BarredByDecision.
    """
    bar = standing.bar_in_force(session, institution.id, classes=classes)
    if bar is not None:
        raise BarredByDecision(institution=institution.name, status=bar.bar.value, decision=bar.decision_number, until=bar.until_on)
    if institution.status is not InstitutionStatus.ACTIVE:
        raise NotTaskable(institution=institution.name, status=institution.status.value)


def open_class(
    session: Session,
    institution: Institution,
    *,
    agreement: TrainingAgreement,
    code: str,
    trade: str,
    department: str | None,
    starts_on: date,
    ends_on: date,
    actor: Actor,
    at: datetime,
) -> TrainingClass:
    """Open a class under an agreement. Raises: NotTaskable, BarredByDecision (R47), CodeTaken."""
    demand_taskable(session, institution, classes=True)
    if session.scalar(select(TrainingClass.id).where(TrainingClass.code == code)) is not None:
        raise CodeTaken(what="class", code=code)
    row = TrainingClass(
        institution_id=institution.id,
        agreement_id=agreement.id,
        code=code,
        trade=trade,
        department=department,
        starts_on=starts_on,
        ends_on=ends_on,
        planned_ends_on=ends_on,
    )
    session.add(row)
    session.flush()
    facts = {"code": code, "trade": trade, "agreement": agreement.number, "starts_on": starts_on, "ends_on": ends_on}
    ledger.append(session, actor=actor, at=at, action="class.opened", subject=f"class/{code}", tenant=institution.id, body=facts)
    return row


def file_timetable(
    session: Session, institution: Institution, training_class: TrainingClass, planned: Sequence[PlannedLesson], *, actor: Actor, at: datetime
) -> list[Lesson]:
    """Add lessons to a class. A line filed before is left as it is, so filing twice changes nothing; nothing is half-filed.

    Raises: RoomWithoutCamera, LessonOutsideClass, RoomTaken, HallTaken, ExtensionNeeded, ExtensionDaysUsed, RegistryMissing — an unknown room.
    """
    rooms = {code: by_code(session, Room, code, institution.id, "room") for code in {p.room_code for p in planned}}
    wanted = {_natural_id(training_class, p): p for p in planned}
    watched = set(session.scalars(select(Camera.room_id).where(Camera.room_id.in_([room.id for room in rooms.values()]), Camera.active)))
    if dark := sorted(code for code, room in rooms.items() if room.id not in watched):
        raise RoomWithoutCamera(rooms=", ".join(dark))
    halls = {code: places.hall_of(session, room.id) for code, room in rooms.items()}
    known = set(session.scalars(select(Lesson.natural_id).where(Lesson.natural_id.in_(list(wanted)))))
    new = [(line.on, line.starts_at) for natural_id, line in wanted.items() if natural_id not in known and line.on <= training_class.ends_on]
    extensions.require_days(session, training_class, new)
    lessons: list[Lesson] = []
    for natural_id, line in wanted.items():
        if natural_id in known:
            continue
        if not training_class.starts_on <= line.on <= training_class.ends_on:
            raise LessonOutsideClass(lesson=natural_id, starts_on=training_class.starts_on, ends_on=training_class.ends_on)
        room = rooms[line.room_code]
        clash = session.scalar(
            select(Lesson.natural_id)
            .where(Lesson.room_id == room.id, Lesson.starts_at < line.ends_at, Lesson.ends_at > line.starts_at, Lesson.cancelled_at.is_(None))
            .limit(1)
        )
        if clash is not None:
            raise RoomTaken(room=line.room_code, lesson=clash)
        lesson = Lesson(
            institution_id=institution.id,
            class_id=training_class.id,
            room_id=room.id,
            natural_id=natural_id,
            teacher=line.teacher,
            topic=line.topic,
            starts_at=line.starts_at,
            ends_at=line.ends_at,
        )
        session.add(lesson)
        session.flush()
        if halls[line.room_code]:
            places.book(session, lesson, halls[line.room_code], line.room_code)
        lessons.append(lesson)
    if lessons:
        facts = {"lessons": [[lesson.natural_id, lesson.starts_at, lesson.ends_at] for lesson in lessons]}
        subject = f"class/{training_class.code}"
        ledger.append(session, actor=actor, at=at, action="class.timetable-filed", subject=subject, tenant=institution.id, body=facts)
    return lessons


def cancel_lesson(session: Session, lesson: Lesson, *, reason: str, actor: Actor, at: datetime) -> None:
    """Cancel a lesson before it begins. Raises: LessonBegun — afterwards only an explanation helps."""
    if at >= lesson.starts_at:
        raise LessonBegun(lesson=lesson.natural_id)
    if lesson.cancelled_at is not None:
        return
    lesson.cancelled_at = at
    session.flush()
    places.unbook(session, lesson.id)
    subject = f"lesson/{lesson.natural_id}"
    ledger.append(session, actor=actor, at=at, action="lesson.cancelled", subject=subject, tenant=lesson.institution_id, body={"reason": reason})


def move_end(session: Session, row: TrainingClass, ends_on: date, *, reason: str, actor: Actor, at: datetime) -> None:
    """Move the last day of a class. Locks of its recordings follow within the hour (`extend-locks`), they are never shortened. R22, R73.

    Raises: LessonOutsideClass — a lesson lies after the new end; ExtensionNeeded — later than planned, and no approval leads there (R21).
    """
    extensions.require_end(session, row, ends_on)
    last = session.scalars(
        select(Lesson).where(Lesson.class_id == row.id, Lesson.cancelled_at.is_(None)).order_by(Lesson.starts_at.desc()).limit(1)
    ).one_or_none()
    if ends_on < row.starts_on or (last is not None and lesson_date(last) > ends_on):
        named = last.natural_id if last is not None else row.code
        raise LessonOutsideClass(lesson=named, starts_on=row.starts_on, ends_on=ends_on)
    if ends_on == row.ends_on:
        return
    facts = {"from": row.ends_on, "to": ends_on, "reason": reason}
    row.ends_on = ends_on
    session.flush()
    ledger.append(session, actor=actor, at=at, action="class.end-moved", subject=f"class/{row.code}", tenant=row.institution_id, body=facts)


def note_subsidy_paid(session: Session, row: TrainingClass, paid_on: date, *, actor: Actor, at: datetime) -> None:
    """Remember the last day on which the class was paid for. Locks of its recordings follow within the hour, never shortened. Q2, R73, R87."""
    if row.subsidy_paid_on is not None and row.subsidy_paid_on >= paid_on:
        return
    row.subsidy_paid_on = paid_on
    session.flush()
    subject = f"class/{row.code}"
    ledger.append(session, actor=actor, at=at, action="class.subsidy-paid", subject=subject, tenant=row.institution_id, body={"paid_on": paid_on})


def lesson_date(lesson: Lesson) -> date:
    """The local day of a lesson."""
    return local_date(lesson.starts_at)


def local_times(on: date, begins: str, ends: str) -> tuple[datetime, datetime]:
    """`09:00`, `11:30` on a day at the bureau as instants. Raises: ValueError."""
    start = datetime.strptime(f"{on.isoformat()} {begins}", "%Y-%m-%d %H:%M").replace(tzinfo=BUREAU_ZONE)
    end = datetime.strptime(f"{on.isoformat()} {ends}", "%Y-%m-%d %H:%M").replace(tzinfo=BUREAU_ZONE)
    return start, end


def _natural_id(training_class: TrainingClass, line: PlannedLesson) -> str:
    return f"{training_class.code}/{line.on.isoformat()}/{line.number}"
