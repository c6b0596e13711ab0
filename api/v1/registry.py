"""The registry over HTTP: institutions and what belongs to them. The bureau enters; an institution reads its own. R40–R42, R68, R74, R75, R77."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Path, Query, UploadFile, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OUTSIDE_INSTITUTIONS, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.inspectors import REGISTRY_CHANGED
from api.v1.registry_schemas import (
    ImportedOut,
    InstitutionDetail,
    InstitutionOut,
    Made,
    NewAgreement,
    NewCamera,
    NewClass,
    NewInstitution,
    NewQualification,
    NewRoom,
    NewTeachingPoint,
    NewTier,
    NewTimetable,
    Signs,
    TimetableOut,
)
from storage.kernel.errors import InvalidInput, NotFound
from storage.kernel.events import Event
from storage.kernel.identity import IdentityNumberInvalid, parse_identity_number
from supervision.classes import roster
from supervision.classes import service as classes
from supervision.classes.errors import DefectiveSheet
from supervision.classes.models import TrainingAgreement, TrainingClass
from supervision.classes.sheets import MAX_BYTES, Defect
from supervision.footage import service as footage
from supervision.footage.rules import CoverageRule
from supervision.institutions import service as registry
from supervision.institutions.models import Camera, Institution, Qualification, Room, TeachingPoint

router = APIRouter(prefix="/api/v1", tags=["registry"])
Registrar = Annotated[Caller, access(roles={Role.BUREAU_OFFICER, Role.ADMINISTRATOR}, scopes={"registry:write"})]
Reader = Annotated[Caller, access(roles=(INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.DEPARTMENT_OFFICER}, scopes={"registry:read"})]
Planner = Annotated[Caller, access(roles=INSTITUTION | {Role.BUREAU_OFFICER}, scopes={"registry:write"})]
Signer = Annotated[Caller, access(roles=INSTITUTION, scopes={"signin:write"})]


@router.post("/institutions", status_code=status.HTTP_201_CREATED)
def register_institution(body: NewInstitution, caller: Registrar, session: SessionDep, services: ServicesDep) -> InstitutionOut:
    """Enter an institution in the directory."""
    row = registry.register_institution(session, **body.model_dump(), actor=caller.actor, at=services.clock.now_at())
    services.events.publish(session, Event(REGISTRY_CHANGED, {}))
    return institution_out(row)


@router.get("/institutions")
def list_institutions(
    caller: Reader, session: SessionDep, q: Annotated[str, Query(max_length=80)] = "", limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[InstitutionOut]:
    """The directory; an institution sees itself."""
    query = select(Institution).order_by(Institution.code).limit(limit)
    if caller.role in INSTITUTION:
        query = query.where(Institution.id == caller.tenant())
    if q:
        query = query.where(Institution.name.icontains(q, autoescape=True) | Institution.code.icontains(q, autoescape=True))
    return [institution_out(row) for row in session.scalars(query)]


@router.get("/institutions/{institution_id}")
def show_institution(caller: Reader, session: SessionDep, institution_id: Annotated[UUID, Path()]) -> InstitutionDetail:
    """An institution with its licences, places, cameras, agreements and classes."""
    row = _institution(session, caller, institution_id)

    def of(table: Any) -> Any:  # Any: mapped classes of the registry and their rows
        return session.scalars(select(table).where(table.institution_id == row.id).order_by(table.id)).all()

    return InstitutionDetail(
        **institution_out(row).model_dump(),
        qualifications=[
            {"title": x.title, "number": x.number, "valid_from": x.valid_from.isoformat(), "valid_until": x.valid_until.isoformat()}
            for x in of(Qualification)
        ],
        teaching_points=[{"code": x.code, "name": x.name, "address": x.address} for x in of(TeachingPoint)],
        rooms=[{"code": x.code, "name": x.name, "capacity": x.capacity} for x in of(Room)],
        cameras=[{"code": x.code, "name": x.name, "active": x.active} for x in of(Camera)],
        agreements=[
            {"number": x.number, "year": x.year, "category": x.category.value, "task_persons": x.task_persons} for x in of(TrainingAgreement)
        ],
        classes=[
            {"id": str(x.id), "code": x.code, "trade": x.trade, "starts_on": x.starts_on.isoformat(), "ends_on": x.ends_on.isoformat()}
            for x in of(TrainingClass)
        ],
    )


@router.post("/institutions/{institution_id}/qualifications", status_code=status.HTTP_201_CREATED)
def add_qualification(body: NewQualification, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record a licence with its validity."""
    if body.valid_until <= body.valid_from:
        raise InvalidInput(errors=[{"where": "valid_until", "code": "before-start", "value": body.valid_until.isoformat()}])
    owner = _institution(session, caller, institution_id)
    row = registry.add_qualification(session, owner, **body.model_dump(), actor=caller.actor, at=services.clock.now_at())
    return Made(id=row.id, code=row.number)


@router.post("/institutions/{institution_id}/tiers", status_code=status.HTTP_201_CREATED)
def record_tier(body: NewTier, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record the credit tier in force from a day on, with its document (R62, R66)."""
    owner = _institution(session, caller, institution_id)
    row = registry.record_tier(session, owner, **body.model_dump(), actor=caller.actor, at=services.clock.now_at())
    return Made(id=row.id, code=row.tier.value)


@router.post("/institutions/{institution_id}/teaching-points", status_code=status.HTTP_201_CREATED)
def add_teaching_point(body: NewTeachingPoint, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record a teaching point."""
    owner = _institution(session, caller, institution_id)
    row = registry.add_teaching_point(session, owner, **body.model_dump(), actor=caller.actor, at=services.clock.now_at())
    return Made(id=row.id, code=row.code)


@router.post("/institutions/{institution_id}/rooms", status_code=status.HTTP_201_CREATED)
def add_room(body: NewRoom, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record a room at a teaching point."""
    owner = _institution(session, caller, institution_id)
    row = registry.add_room(
        session,
        owner,
        teaching_point_code=body.teaching_point,
        code=body.code,
        name=body.name,
        capacity=body.capacity,
        actor=caller.actor,
        at=services.clock.now_at(),
    )
    return Made(id=row.id, code=row.code)


@router.post("/institutions/{institution_id}/cameras", status_code=status.HTTP_201_CREATED)
def add_camera(body: NewCamera, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record a camera in a room."""
    owner = _institution(session, caller, institution_id)
    at = services.clock.now_at()
    row = registry.add_camera(
        session,
        owner,
        room_code=body.room,
        code=body.code,
        name=body.name,
        serial=body.serial,
        actor=caller.actor,
        at=at,
    )
    footage.plan_camera(session, row, services.policy.read(CoverageRule, services.clock.today_on()), actor=caller.actor, at=at)
    return Made(id=row.id, code=row.code)


@router.post("/institutions/{institution_id}/agreements", status_code=status.HTTP_201_CREATED)
def sign_agreement(body: NewAgreement, caller: Registrar, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Record a training agreement; refused for an excluded institution (R47)."""
    if body.valid_until < body.valid_from:
        raise InvalidInput(errors=[{"where": "valid_until", "code": "before-start", "value": body.valid_until.isoformat()}])
    owner = _institution(session, caller, institution_id)
    given = body.model_dump(exclude={"teaching_points"})
    row = classes.sign_agreement(session, owner, **given, teaching_point_codes=body.teaching_points, actor=caller.actor, at=services.clock.now_at())
    return Made(id=row.id, code=row.number)


@router.post("/institutions/{institution_id}/classes", status_code=status.HTTP_201_CREATED)
def open_class(body: NewClass, caller: Planner, session: SessionDep, services: ServicesDep, institution_id: UUID) -> Made:
    """Open a class under an agreement."""
    if body.ends_on < body.starts_on:
        raise InvalidInput(errors=[{"where": "ends_on", "code": "before-start", "value": body.ends_on.isoformat()}])
    owner = _institution(session, caller, institution_id)
    agreement = session.scalars(
        select(TrainingAgreement).where(TrainingAgreement.number == body.agreement, TrainingAgreement.institution_id == owner.id)
    ).one_or_none()
    if agreement is None:
        raise NotFound(what="agreement", id=body.agreement)
    row = classes.open_class(
        session,
        owner,
        agreement=agreement,
        code=body.code,
        trade=body.trade,
        department=body.department,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        actor=caller.actor,
        at=services.clock.now_at(),
    )
    return Made(id=row.id, code=row.code)


@router.post("/classes/{class_code}/timetable", status_code=status.HTTP_201_CREATED)
def file_timetable(body: NewTimetable, caller: Planner, session: SessionDep, services: ServicesDep, class_code: str) -> TimetableOut:
    """File lessons; each makes one expected slot per camera of its room. Filing the same lines again changes nothing."""
    owner, training_class = _class(session, caller, class_code)
    planned, errors = [], []
    for place, line in enumerate(body.lessons, start=1):
        starts_at, ends_at = classes.local_times(line.on, line.begins.strftime("%H:%M"), line.ends.strftime("%H:%M"))
        if ends_at <= starts_at:
            errors.append({"where": f"lessons[{place}].ends", "code": "before-start", "value": line.ends.isoformat()})
        planned.append(classes.PlannedLesson(line.on, line.number, starts_at, ends_at, line.room, line.teacher, line.topic))
    if errors:
        raise InvalidInput(errors=errors)
    at = services.clock.now_at()
    lessons = classes.file_timetable(session, owner, training_class, planned, actor=caller.actor, at=at)
    services.events.publish(session, Event(REGISTRY_CHANGED, {}))
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    return TimetableOut(lessons=len(lessons), slots=footage.plan_slots(session, lessons, rule, actor=caller.actor, at=at))


@router.post("/classes/{class_code}/roster")
def import_roster(caller: Planner, session: SessionDep, services: ServicesDep, class_code: str, sheet: Annotated[UploadFile, File()]) -> ImportedOut:
    """Import a roster (.xlsx or .csv): all bad rows are reported at once and then nothing is imported."""
    _, training_class = _class(session, caller, class_code)
    lines = roster.read_roster(sheet.filename or "", sheet.file.read(MAX_BYTES + 1))
    done = roster.import_roster(
        session, training_class, lines, master_key=services.secrets.master_key(), actor=caller.actor, at=services.clock.now_at()
    )
    services.events.publish(session, Event(REGISTRY_CHANGED, {}))
    return ImportedOut(added=done.added, known=done.known)


@router.post("/signs/import")
def import_signs(caller: Signer, session: SessionDep, services: ServicesDep, sheet: Annotated[UploadFile, File()]) -> ImportedOut:
    """Import sign-ins and sign-outs (.xlsx or .csv)."""
    lines = roster.read_sign_sheet(sheet.filename or "", sheet.file.read(MAX_BYTES + 1))
    return _record(caller, session, services, lines, "import")


@router.post("/signs")
def record_signs(body: Signs, caller: Signer, session: SessionDep, services: ServicesDep) -> ImportedOut:
    """Record sign-ins and sign-outs from the voucher system. All bad records are reported at once."""
    lines, defects = [], []
    for place, record in enumerate(body.records, start=1):
        try:
            number = parse_identity_number(record.id_number)
        except IdentityNumberInvalid as wrong:
            defects.append(Defect(place, "id_number", f"id-number-{wrong.facts['why']}"))
            continue
        if record.signed_out_at is not None and record.signed_out_at <= record.signed_in_at:
            defects.append(Defect(place, "signed_out_at", "sign-out-before-sign-in"))
        lines.append(roster.SignLine(place, record.lesson, number, record.signed_in_at, record.signed_out_at, record.device))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return _record(caller, session, services, lines, "api")


def _record(caller: Caller, session: Session, services: ServicesDep, lines: list[roster.SignLine], source: str) -> ImportedOut:
    done = roster.record_signs(
        session,
        caller.tenant(),
        lines,
        source=source,
        master_key=services.secrets.master_key(),
        actor=caller.actor,
        at=services.clock.now_at(),
    )
    return ImportedOut(added=done.added, known=done.known)


def institution_out(row: Institution) -> InstitutionOut:
    """An institution for a client."""
    return InstitutionOut(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=row.kind.value,
        status=row.status.value,
        principal=row.principal,
        legal_representative=row.legal_representative,
        address=row.address,
    )


def _institution(session: Session, caller: Caller, institution_id: UUID) -> Institution:
    if caller.role in INSTITUTION and institution_id != caller.tenant():
        raise NotFound(what="institution", id=str(institution_id))
    row = session.get(Institution, institution_id)
    if row is None:
        raise NotFound(what="institution", id=str(institution_id))
    return row


def _class(session: Session, caller: Caller, code: str) -> tuple[Institution, TrainingClass]:
    query = select(TrainingClass).where(TrainingClass.code == code)
    if caller.role in INSTITUTION:
        query = query.where(TrainingClass.institution_id == caller.tenant())
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(what="class", id=code)
    return session.get_one(Institution, row.institution_id), row
