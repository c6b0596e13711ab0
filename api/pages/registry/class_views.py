"""One class as a page: timetable, roster, sign-ins, and what clerks do with them from sheets. R68, R71, R74, R75, R77."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.problem import problem_of
from api.http.services import ServicesDep, services_of
from api.http.session import SessionDep
from api.http.typed import attempt
from api.inspectors import REGISTRY_CHANGED
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.pages.reading import Typed, read_form
from storage.kernel.errors import DomainError, NotFound
from storage.kernel.events import Event
from supervision.classes import places, roster, timetable
from supervision.classes import service as classes
from supervision.classes.extensions import approved_days
from supervision.classes.models import Enrolment, Lesson, SignRecord, TrainingAgreement, TrainingClass
from supervision.classes.sheets import MAX_BYTES
from supervision.footage import service as footage
from supervision.footage.rules import CoverageRule
from supervision.institutions.models import Institution, Room

router = APIRouter(include_in_schema=False)
ClassReader = Annotated[Caller, access(roles=(INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER})]
Importer = Annotated[Caller, access(roles=INSTITUTION | {Role.BUREAU_OFFICER})]
OwnImporter = Annotated[Caller, access(roles=INSTITUTION)]
Officer = Annotated[Caller, access(roles={Role.BUREAU_OFFICER})]


class ForReason(BaseModel):
    """What every act with a reason demands."""

    reason: Annotated[str, StringConstraints(min_length=2, max_length=1000, strip_whitespace=True)]


class NewEnd(ForReason):
    """The last day of a class, moved."""

    ends_on: date


@router.get("/classes/{code}")
def class_page(request: Request, caller: ClassReader, session: SessionDep, code: str) -> Response:
    """Timetable, roster and sign-ins of one class."""
    return _class_page(request, caller, session, code)


def _class_page(
    request: Request,
    caller: Caller,
    session: Session,
    code: str,
    *,
    problem: Any = None,
    typed: dict[str, str] | None = None,
    done: roster.Imported | None = None,
    filed: tuple[int, int, int] | None = None,
    signed_in: roster.Imported | None = None,
) -> Response:
    row = _class(session, caller, code)
    counts = (func.count().label("signed"), func.count(SignRecord.signed_out_at).label("left"))
    signed = select(SignRecord.lesson_id, *counts).group_by(SignRecord.lesson_id).subquery()
    lessons = session.execute(
        select(Lesson, Room.name, signed.c.signed, signed.c.left)
        .join(Room, Room.id == Lesson.room_id)
        .outerjoin(signed, signed.c.lesson_id == Lesson.id)
        .where(Lesson.class_id == row.id)
        .order_by(Lesson.starts_at)
    ).all()
    return render(
        request,
        "registry/class.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "registry" if caller.role not in INSTITUTION else "coverage"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        agreement=session.get_one(TrainingAgreement, row.agreement_id),
        lessons=lessons,
        enrolled=session.scalar(select(func.count()).where(Enrolment.class_id == row.id)) or 0,
        may_import=caller.role in INSTITUTION or caller.role is Role.BUREAU_OFFICER,
        may_move_end=caller.role is Role.BUREAU_OFFICER,
        unapproved=places.unapproved(session, row.id),
        approved=approved_days(session, row),
        problem=problem,
        typed=typed or {},
        done=done,
        filed=filed,
        signed_in=signed_in,
        may_sign=caller.role in INSTITUTION,
        shows_outcomes=caller.role in INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR},
        now_at=services_of(request).clock.now_at(),
    )


@router.post("/classes/{code}/roster")
def import_roster(
    request: Request, caller: Importer, session: SessionDep, services: ServicesDep, code: str, sheet: Annotated[UploadFile, File()]
) -> Response:
    """Import the roster: every bad row is shown, and then nothing is imported."""
    row = _class(session, caller, code)
    try:
        lines = roster.read_roster(sheet.filename or "", sheet.file.read(MAX_BYTES + 1))
        with attempt(request, session):
            done = roster.import_roster(session, row, lines, master_key=services.secrets.master_key(), actor=caller.actor, at=services.clock.now_at())
            services.events.publish(session, Event(REGISTRY_CHANGED, {}))
    except DomainError as refused:
        return _class_page(request, caller, session, code, problem=problem_of(refused, request))
    return _class_page(request, caller, session, code, done=done)


@router.post("/classes/{code}/signs")
def import_signs(
    request: Request, caller: OwnImporter, session: SessionDep, services: ServicesDep, code: str, sheet: Annotated[UploadFile, File()]
) -> Response:
    """Import sign-ins and sign-outs from a sheet."""
    row = _class(session, caller, code)
    try:
        lines = roster.read_sign_sheet(sheet.filename or "", sheet.file.read(MAX_BYTES + 1))
        key, at = services.secrets.master_key(), services.clock.now_at()
        with attempt(request, session):
            done = roster.record_signs(session, row.institution_id, lines, source="import", master_key=key, actor=caller.actor, at=at)
    except DomainError as refused:
        return _class_page(request, caller, session, code, problem=problem_of(refused, request))
    return _class_page(request, caller, session, code, signed_in=done)


@router.post("/classes/{code}/timetable")
def import_timetable(
    request: Request, caller: Importer, session: SessionDep, services: ServicesDep, code: str, sheet: Annotated[UploadFile, File()]
) -> Response:
    """File lessons from a sheet: every bad cell is shown, and then nothing is filed."""
    row = _class(session, caller, code)
    at = services.clock.now_at()
    try:
        rooms = session.execute(select(Room.code, Room.name).where(Room.institution_id == row.institution_id))
        planned = timetable.read_timetable(
            sheet.filename or "", sheet.file.read(MAX_BYTES + 1), rooms=timetable.room_words([(room.code, room.name) for room in rooms])
        )
        with attempt(request, session):
            owner = session.get_one(Institution, row.institution_id)
            lessons = classes.file_timetable(session, owner, row, planned, actor=caller.actor, at=at)
            services.events.publish(session, Event(REGISTRY_CHANGED, {}))
            rule = services.policy.read(CoverageRule, services.clock.today_on())
            slots = footage.plan_slots(session, lessons, rule, actor=caller.actor, at=at)
    except DomainError as refused:
        return _class_page(request, caller, session, code, problem=problem_of(refused, request))
    return _class_page(request, caller, session, code, filed=(len(lessons), len(planned) - len(lessons), slots))


@router.post("/classes/{code}/lessons/{lesson_id}/cancel")
def cancel_lesson(
    request: Request, caller: Importer, session: SessionDep, services: ServicesDep, code: str, lesson_id: UUID, reason: Typed = ""
) -> Response:
    """A lesson that will not take place; only before it begins."""
    row = _class(session, caller, code)
    lesson = session.scalars(select(Lesson).where(Lesson.id == lesson_id, Lesson.class_id == row.id)).one_or_none()
    if lesson is None:
        raise NotFound(what="lesson", id=str(lesson_id))
    typed = {"lesson": str(lesson_id), "reason": reason}
    try:
        why = read_form(ForReason, typed)
        with attempt(request, session):
            footage.cancel_lesson(session, lesson, reason=why.reason, actor=caller.actor, at=services.clock.now_at())
    except DomainError as refused:
        return _class_page(request, caller, session, code, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/classes/{code}", status_code=303)


@router.post("/classes/{code}/end")
def move_end(
    request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: str, ends_on: Typed = "", reason: Typed = ""
) -> Response:
    """Move the last day of a class."""
    row = _class(session, caller, code)
    typed = {"ends_on": ends_on, "reason": reason}
    try:
        new = read_form(NewEnd, typed)
        with attempt(request, session):
            classes.move_end(session, row, new.ends_on, reason=new.reason, actor=caller.actor, at=services.clock.now_at())
    except DomainError as refused:
        return _class_page(request, caller, session, code, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/classes/{code}", status_code=303)


def _class(session: Session, caller: Caller, code: str) -> TrainingClass:
    query = select(TrainingClass).where(TrainingClass.code == code)
    if caller.role in INSTITUTION:
        query = query.where(TrainingClass.institution_id == caller.tenant())
    if caller.only_department is not None:
        query = query.where(TrainingClass.department == caller.only_department)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(what="class", id=code)
    return row
