"""Enter and change the registry: institutions, qualifications, teaching points, rooms, cameras. R40–R42, R68.

Each act leaves a line in the ledger; codes are natural ids and never change.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.base import Base
from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from supervision.institutions.errors import CodeTaken, RegistryMissing
from supervision.institutions.models import (
    Camera,
    CreditTier,
    Institution,
    InstitutionKind,
    InstitutionStatus,
    Qualification,
    Room,
    TeachingPoint,
    Tier,
)

T = TypeVar("T", bound=Base)


def register_institution(
    session: Session,
    *,
    code: str,
    name: str,
    kind: InstitutionKind,
    principal: str,
    legal_representative: str,
    address: str = "",
    actor: Actor,
    at: datetime,
) -> Institution:
    """Enter an institution in the directory (R48). Raises: CodeTaken."""
    _free(session, Institution, code, "institution")
    row = Institution(
        code=code,
        name=name,
        kind=kind,
        status=InstitutionStatus.ACTIVE,
        principal=principal,
        legal_representative=legal_representative,
        address=address,
    )
    facts = {"code": code, "name": name, "kind": kind, "principal": principal, "legal_representative": legal_representative}
    return _enter(session, row, "institution.registered", lambda: row.id, facts, actor, at)


def add_qualification(
    session: Session,
    institution: Institution,
    *,
    title: str,
    number: str,
    issued_by: str,
    valid_from: date,
    valid_until: date,
    actor: Actor,
    at: datetime,
) -> Qualification:
    """Record a licence with its validity (R41). Raises: CodeTaken — the same number twice."""
    taken = session.scalar(select(Qualification.id).where(Qualification.institution_id == institution.id, Qualification.number == number))
    if taken is not None:
        raise CodeTaken(what="qualification", code=number)
    row = Qualification(
        institution_id=institution.id, title=title, number=number, issued_by=issued_by, valid_from=valid_from, valid_until=valid_until
    )
    facts = {"title": title, "number": number, "valid_from": valid_from, "valid_until": valid_until}
    return _enter(session, row, "institution.qualified", lambda: institution.id, facts, actor, at)


def record_tier(
    session: Session,
    institution: Institution,
    *,
    tier: Tier,
    from_on: date,
    document: str,
    probation_until_on: date | None = None,
    actor: Actor,
    at: datetime,
) -> CreditTier:
    """Record the credit tier in force from a day on, with the document that decided it (R62, R66). Raises: CodeTaken — two tiers from one day.

    `probation_until_on`: until that day every lesson is reviewed, whatever tier follows meanwhile (2.3.5).
    """
    taken = session.scalar(select(CreditTier.id).where(CreditTier.institution_id == institution.id, CreditTier.from_on == from_on))
    if taken is not None:
        raise CodeTaken(what="credit-tier", code=from_on.isoformat())
    row = CreditTier(
        institution_id=institution.id,
        tier=tier,
        from_on=from_on,
        document=document,
        probation_until_on=probation_until_on,
        recorded_at=at,
        recorded_by=actor.name,
    )
    facts = {"tier": tier, "from_on": from_on, "document": document, "probation_until_on": probation_until_on}
    return _enter(session, row, "institution.tier-recorded", lambda: institution.id, facts, actor, at)


def add_teaching_point(
    session: Session, institution: Institution, *, code: str, name: str, address: str, actor: Actor, at: datetime
) -> TeachingPoint:
    """A 教学点 is supervised as its own record (R42). Raises: CodeTaken."""
    _free(session, TeachingPoint, code, "teaching-point")
    row = TeachingPoint(institution_id=institution.id, code=code, name=name, address=address)
    return _enter(session, row, "teaching-point.added", lambda: institution.id, {"code": code, "name": name, "address": address}, actor, at)


def add_room(
    session: Session, institution: Institution, *, teaching_point_code: str, code: str, name: str, capacity: int, actor: Actor, at: datetime
) -> Room:
    """A room at one of the institution's teaching points. Raises: CodeTaken, RegistryMissing."""
    _free(session, Room, code, "room")
    point = by_code(session, TeachingPoint, teaching_point_code, institution.id, "teaching-point")
    row = Room(institution_id=institution.id, teaching_point_id=point.id, code=code, name=name, capacity=capacity)
    facts = {"code": code, "name": name, "capacity": capacity, "teaching_point": teaching_point_code}
    return _enter(session, row, "room.added", lambda: institution.id, facts, actor, at)


def add_camera(
    session: Session, institution: Institution, *, room_code: str, code: str, name: str, serial: str = "", actor: Actor, at: datetime
) -> Camera:
    """A camera in a room; lessons there that have not begun expect its footage (R71, `footage.plan_camera`). Raises: CodeTaken, RegistryMissing."""
    _free(session, Camera, code, "camera")
    room = by_code(session, Room, room_code, institution.id, "room")
    row = Camera(institution_id=institution.id, room_id=room.id, code=code, name=name, serial=serial, active=True)
    return _enter(session, row, "camera.added", lambda: institution.id, {"code": code, "room": room_code, "serial": serial}, actor, at)


def by_code(session: Session, table: type[T], code: str, institution_id: UUID, what: str) -> T:
    """A record of an institution by its natural code. Raises: RegistryMissing."""
    columns = table.__table__.c
    row = session.scalars(select(table).where(columns.code == code, columns.institution_id == institution_id)).one_or_none()
    if row is None:
        raise RegistryMissing(what=what, name=code)
    return row


def _free(session: Session, table: type[Base], code: str, what: str) -> None:
    if session.scalar(select(table.__table__.c.id).where(table.__table__.c.code == code)) is not None:
        raise CodeTaken(what=what, code=code)


def _enter(session: Session, row: T, action: str, tenant: Callable[[], UUID], facts: Mapping[str, object], actor: Actor, at: datetime) -> T:
    session.add(row)
    session.flush()
    owner = tenant()
    ledger.append(session, actor=actor, at=at, action=action, subject=f"institution/{owner}", tenant=owner, body=facts)
    return row
