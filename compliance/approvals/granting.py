"""Enter what was approved where timetable and coverage look it up: a room for classes, or days for a class. R22, R71, R77, R78; F-13."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from compliance.approvals import queries
from compliance.approvals.errors import ExtensionExhausted
from compliance.approvals.models import Approval
from compliance.approvals.rules import ApprovalRule, Kind, Spot, extension_defects, is_same_hall
from compliance.approvals.service import asked_of
from storage.kernel.actor import Actor
from supervision.classes import extensions, places
from supervision.classes import service as classes
from supervision.classes.errors import NotTaskable
from supervision.classes.models import TrainingClass
from supervision.institutions import service as registry
from supervision.institutions.models import Institution, InstitutionStatus, Room

NEARBY_UDEG = 2000  # about 200 m: what the exact rule then looks at


def require_taskable(session: Session, row: Approval) -> None:
    """Raises: NotTaskable — excluded or suspended institutions get no new place and no more days (R47)."""
    owner = session.get_one(Institution, row.institution_id)
    if owner.status is not InstitutionStatus.ACTIVE:
        raise NotTaskable(institution=owner.name, status=owner.status.value)


def is_within_limits(session: Session, row: Approval, rule: ApprovalRule, at: datetime) -> bool:
    """Whether an extension still fits, after whatever was approved meanwhile; the class is locked until the transaction ends.

    Raises: ExtensionExhausted — it fits no more (R22).
    """
    if row.kind is Kind.LOCATION:
        return True
    one = _class_of(session, row)
    asked = asked_of(session, row, one)
    found = {str(defect["code"]) for defect in extension_defects(asked, rule)}
    if "extension-too-long" in found:
        raise ExtensionExhausted(
            approval=row.code, class_code=one.code, approved_days=asked.approved_days, days=asked.days, most=rule.extension_most_days
        )
    return not found


def grant(session: Session, row: Approval, rule: ApprovalRule, *, actor: Actor, at: datetime) -> None:
    """From `at` on it counts. Raises: HallTaken, CodeTaken."""
    if row.kind is Kind.EXTENSION:
        one = _class_of(session, row)
        until_on = row.until_on or one.ends_on
        extensions.extend(session, one, row.days or 0, until_on, reference=row.code, actor=actor, at=at)
        if until_on > one.ends_on:
            classes.move_end(session, one, until_on, reason=f"extension {row.code}", actor=actor, at=at)
        return
    room = session.get_one(Room, row.room_id) if row.room_id else _register(session, row, actor, at)
    row.hall = _hall(session, row, rule)
    session.flush()
    if row.from_on is None or row.until_on is None:  # a table constraint keeps this from happening
        msg = f"{row.code} has no days"
        raise ValueError(msg)
    ids = [one.id for one in queries.classes_of(session, row.id)]
    places.grant(session, room, ids, reference=row.code, hall=row.hall, from_on=row.from_on, until_on=row.until_on, actor=actor, at=at)


def _register(session: Session, row: Approval, actor: Actor, at: datetime) -> Room:
    """Teaching point, room and cameras as the application described them; the cameras keep their reference pictures."""
    owner = session.get_one(Institution, row.institution_id)
    point = registry.add_teaching_point(session, owner, code=f"{row.code}-P", name=row.address[:60], address=row.address, actor=actor, at=at)
    room = registry.add_room(
        session, owner, teaching_point_code=point.code, code=f"{row.code}-R", name=row.room_name, capacity=row.capacity, actor=actor, at=at
    )
    for number, planned in enumerate(queries.cameras_of(session, row.id), start=1):
        made = registry.add_camera(session, owner, room_code=room.code, code=f"{room.code}-C{number}", name=planned.name, actor=actor, at=at)
        planned.camera_id = made.id
    row.room_id = room.id
    session.flush()
    return room


def _hall(session: Session, row: Approval, rule: ApprovalRule) -> str:
    """The code of the first approval within the same four walls, whoever's it was; this one's when it is the first."""
    mine = _spot(row)
    near = or_(
        Approval.room_id == row.room_id,
        Approval.address == row.address,
        Approval.latitude_udeg.between(mine.latitude_udeg - NEARBY_UDEG, mine.latitude_udeg + NEARBY_UDEG)
        & Approval.longitude_udeg.between(mine.longitude_udeg - 2 * NEARBY_UDEG, mine.longitude_udeg + 2 * NEARBY_UDEG),
    )
    others = session.scalars(select(Approval).where(Approval.hall != "", Approval.id != row.id, near).order_by(Approval.id).limit(500))
    return next((one.hall for one in others if one.room_id == row.room_id or is_same_hall(_spot(one), mine, rule)), row.code)


def _spot(row: Approval) -> Spot:
    return Spot(row.latitude_udeg or 0, row.longitude_udeg or 0, row.address, row.room_name)


def _class_of(session: Session, row: Approval) -> TrainingClass:
    (one,) = queries.classes_of(session, row.id)
    return session.scalars(
        select(TrainingClass).where(TrainingClass.id == one.id).with_for_update(), execution_options={"populate_existing": True}
    ).one()
