"""What an institution does: draft, camera plan, papers, submission, withdrawal, its view of a revocation. R21, R71, R78, R103; 2.3.3."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from compliance.approvals import late, queries
from compliance.approvals.errors import MalformedApproval, NotADraft, RevocationNotAnnounced
from compliance.approvals.letters import StatementKind
from compliance.approvals.lifecycle import APPROVAL_MOVES, ApprovalEvent, ApprovalState
from compliance.approvals.models import Approval, ApprovalCamera, ApprovalClass
from compliance.approvals.queries import Reader
from compliance.approvals.rules import (
    UNIVERSAL,
    ApprovalRule,
    Defect,
    ExtensionAsked,
    Kind,
    LocationAsked,
    Proof,
    demand_short,
    extension_defects,
    has_future,
    location_defects,
    route,
    too_long,
)
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes import extensions
from supervision.classes.errors import NotTaskable
from supervision.classes.models import Enrolment, TrainingAgreement, TrainingClass
from supervision.findings import attachments
from supervision.institutions.models import Camera, Institution, InstitutionStatus, Room, TeachingPoint

PICTURES: Final = ("image/jpeg", "image/png")


@dataclass(frozen=True, slots=True)
class LocationDraft:
    """What the form of a place says. `room`: code of a registered room; then its name, address and capacity are the registry's."""

    reason: str = ""
    classes: tuple[str, ...] = ()
    room: str = ""
    address: str = ""
    room_name: str = ""
    capacity: int = 0
    latitude_udeg: int | None = None
    longitude_udeg: int | None = None
    serves_meals: bool = False
    covers: str = ""
    from_on: date | None = None
    until_on: date | None = None


@dataclass(frozen=True, slots=True)
class ExtensionDraft:
    """What the form of an extension says."""

    reason: str = ""
    classes: tuple[str, ...] = ()
    days: int = 0
    until_on: date | None = None


def start(session: Session, institution: Institution, draft: LocationDraft | ExtensionDraft, *, actor: Actor, clock: Clock) -> Approval:
    """A new draft. Raises: MalformedApproval — an unknown class or room."""
    at = clock.now_at()
    row = Approval(
        code=next_in_series(  # numbered within the institution, because its own transaction sees no other's numbers
            session, Approval.code, f"{institution.code}-A{local_date(at).year}-", digits=3
        ),
        kind=Kind.LOCATION if isinstance(draft, LocationDraft) else Kind.EXTENSION,
        institution_id=institution.id,
        state=ApprovalState.DRAFT,
        created_at=at,
    )
    history.begin(session, row, actor=actor, at=at, event="begin", clause="2.3.3", facts={"code": row.code, "kind": row.kind})
    _fill(session, row, draft)
    return row


def save(session: Session, code: str, draft: LocationDraft | ExtensionDraft, *, institution_id: UUID) -> Approval:
    """Change a draft. Raises: ApprovalNotFound, NotADraft, MalformedApproval — an unknown class or room, or the other kind's form."""
    row = _draft(session, code, institution_id)
    if (row.kind is Kind.LOCATION) is not isinstance(draft, LocationDraft):
        raise MalformedApproval(errors=[{"where": "kind", "code": "unknown", "value": row.kind.value}])
    _fill(session, row, draft)
    return row


def add_camera(
    session: Session, code: str, *, name: str, shows: str, camera: str, picture: attachments.Given, institution_id: UUID, clock: Clock
) -> ApprovalCamera:
    """One camera of the plan with its reference picture, a JPEG or PNG. `camera`: code of a registered one, else `name` says what it will be called.

    Raises: ApprovalNotFound, NotADraft, MalformedApproval, MalformedStatement — the file.
    """
    row = _draft(session, code, institution_id)
    known = None
    if camera:
        known = session.scalars(select(Camera).where(Camera.code == camera, Camera.institution_id == institution_id)).one_or_none()
        if known is None or known.room_id != row.room_id:
            raise MalformedApproval(errors=[{"where": "camera", "code": "unknown", "value": camera[:60]}])
    called = known.name if known else " ".join(name.split())
    errors = too_long({"shows": shows} if known else {"name": called, "shows": shows})
    errors += [] if called else [{"where": "name", "code": "missing", "value": None}]
    errors += [] if picture.data else [{"where": "picture", "code": "missing", "value": None}]
    if errors:
        raise MalformedApproval(errors=errors)
    (checked,) = attachments.check([picture])
    if checked.media_type not in PICTURES:
        raise MalformedApproval(errors=[{"where": checked.file_name, "code": "wrong-kind-of-file", "kinds": "JPEG, PNG"}])
    made = ApprovalCamera(
        approval_id=row.id,
        institution_id=institution_id,
        camera_id=known.id if known else None,
        name=called,
        shows=shows.strip(),
        media_type=checked.media_type,
        size_bytes=len(checked.data),
        sha256=checked.sha256,
        data=checked.data,
        added_at=clock.now_at(),
    )
    session.add(made)
    session.flush()
    return made


def remove_camera(session: Session, code: str, camera_id: UUID, *, institution_id: UUID, clock: Clock) -> None:
    """Take a camera out of the plan of a draft. Raises: ApprovalNotFound, NotADraft, ApprovalPaperNotFound."""
    row = _draft(session, code, institution_id)
    taken = queries.picture(session, row.id, camera_id)
    taken.removed_at = taken.removed_at or clock.now_at()
    session.flush()


def add_proof(
    session: Session, code: str, proof: Proof, said: str, files: Sequence[attachments.Given], *, institution_id: UUID, actor: Actor, clock: Clock
) -> CasePaper:
    """A safety paper (R103); a later one stands beside the earlier. Raises: ApprovalNotFound, NotADraft, MalformedApproval, MalformedStatement."""
    row = _draft(session, code, institution_id)
    errors = too_long({"said": said})
    errors += [] if files else [{"where": "files", "code": "missing", "value": None}]
    if errors:
        raise MalformedApproval(errors=errors)
    content = {"format": "classproof-proof-1", "proof": proof.value, "text": said.strip(), "signer": {"name": actor.name, "role": actor.role}}
    return papers.take(session, row, f"proof-{proof.value}", content, files, actor=actor, at=clock.now_at())


def submit(session: Session, code: str, *, institution_id: UUID, rule: ApprovalRule, actor: Actor, clock: Clock) -> Approval:
    """Hand the draft in. A late one is taken too, is recorded as such, and can be decided for the future only (F-24).

    Raises: ApprovalNotFound, MalformedApproval — with everything that is missing; NotTaskable; ForbiddenMove.
    """
    at = clock.now_at()
    row = queries.approval(session, code, Reader(institution_id), lock=True)
    institution = session.get_one(Institution, row.institution_id)
    if institution.status is not InstitutionStatus.ACTIVE:
        raise NotTaskable(institution=institution.name, status=institution.status.value)
    found = defects(session, row, rule, at)
    if row.state is ApprovalState.DRAFT and found:
        raise MalformedApproval(errors=found)
    classes = queries.classes_of(session, row.id)
    if classes:  # none only when the move is refused anyway
        wanted = route(row.kind, _category(session, classes[0]), classes[0].department)
        row.decider, row.department = wanted.decider, wanted.department
    row.submitted_at = at
    paper = papers.take(session, row, StatementKind.APPLICATION.value, _snapshot(session, row, actor), actor=actor, at=at)
    facts = {"application_whole": not found, "decider": row.decider, "department": row.department, **papers.cited(paper)}
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.SUBMIT, actor=actor, at=at, facts=facts)
    late.note(session, row, actor=actor, at=at)
    return row


def withdraw(session: Session, code: str, *, reason: str, institution_id: UUID, actor: Actor, clock: Clock) -> Approval:
    """Take the application back before it is decided. Raises: ApprovalNotFound, ForbiddenMove."""
    row = queries.approval(session, code, Reader(institution_id), lock=True)
    stated = demand_short("reason", reason)
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.WITHDRAW, actor=actor, at=clock.now_at(), reason=stated)
    return row


def state_view(
    session: Session, code: str, *, said: str, files: Sequence[attachments.Given], institution_id: UUID, actor: Actor, clock: Clock
) -> CasePaper:
    """陈述申辩 about an announced revocation. Raises: ApprovalNotFound, RevocationNotAnnounced — or its days are over; MalformedApproval."""
    at = clock.now_at()
    row = queries.approval(session, code, Reader(institution_id), lock=True)
    if row.statement_until is None or at >= row.statement_until or row.state not in (ApprovalState.ACTIVE, ApprovalState.SUSPENDED):
        raise RevocationNotAnnounced(approval=code)
    stated = demand_short("said", said)
    if not stated:
        raise MalformedApproval(errors=[{"where": "said", "code": "missing", "value": None}])
    content = {"format": "classproof-view-1", "text": stated, "signer": {"name": actor.name, "role": actor.role}}
    paper = papers.take(session, row, StatementKind.VIEW.value, content, files, actor=actor, at=at)
    ledger.append(
        session, actor=actor, at=at, action="approval.view-stated", subject=f"approval/{row.id}", tenant=row.institution_id, body=papers.cited(paper)
    )
    return paper


def defects(session: Session, row: Approval, rule: ApprovalRule, at: datetime) -> list[Defect]:
    """Everything that keeps a draft from being handed in."""
    classes = queries.classes_of(session, row.id)
    found = _extension(session, row, classes, rule) if row.kind is Kind.EXTENSION else _location(session, row, classes, rule)
    if row.until_on is not None and not has_future(row.until_on, at):
        found.append({"where": "until_on", "code": "in-the-past", "value": row.until_on.isoformat()})
    if row.kind is Kind.LOCATION:
        today = local_date(at)
        found += [{"where": "classes", "code": "class-over", "value": one.code} for one in classes if one.ends_on < today]
    return found


def asked_of(session: Session, row: Approval, training_class: TrainingClass) -> ExtensionAsked:
    """The extension as the rules look at it, with the days approved before."""
    return ExtensionAsked(
        category=_category(session, training_class),
        days=row.days or 0,
        approved_days=extensions.approved_days(session, training_class).days,
        ends_on=training_class.ends_on,
        until_on=row.until_on,
        reason=row.reason,
    )


def offered_classes(session: Session, institution_id: UUID, kind: Kind, today: date) -> Sequence[TrainingClass]:
    """Classes that a form offers: not over, or over for a few days; for an extension only universal ones (R21)."""
    wanted = select(TrainingClass).where(TrainingClass.institution_id == institution_id, TrainingClass.ends_on >= today - timedelta(days=30))
    if kind is Kind.EXTENSION:
        wanted = wanted.join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id).where(TrainingAgreement.category == UNIVERSAL)
    return session.scalars(wanted.order_by(TrainingClass.code).limit(200)).all()


def offered_rooms(session: Session, institution_id: UUID) -> Sequence[Room]:
    """Rooms that a form offers."""
    return session.scalars(select(Room).where(Room.institution_id == institution_id).order_by(Room.code).limit(200)).all()


def _extension(session: Session, row: Approval, classes: Sequence[TrainingClass], rule: ApprovalRule) -> list[Defect]:
    if len(classes) != 1:
        return [{"where": "classes", "code": "missing" if not classes else "one-class-only", "value": None}]
    return extension_defects(asked_of(session, row, classes[0]), rule)


def _location(session: Session, row: Approval, classes: Sequence[TrainingClass], rule: ApprovalRule) -> list[Defect]:
    cameras = queries.cameras_of(session, row.id)
    planned = {one.camera_id for one in cameras}
    in_room = session.scalars(select(Camera).where(Camera.room_id == row.room_id, Camera.active.is_(True))).all() if row.room_id else ()
    sizes = session.scalars(select(func.count()).where(Enrolment.class_id.in_([one.id for one in classes])).group_by(Enrolment.class_id)).all()
    asked = LocationAsked(
        reason=row.reason,
        address=row.address,
        room_name=row.room_name,
        capacity=row.capacity,
        has_coordinates=row.latitude_udeg is not None and row.longitude_udeg is not None,
        serves_meals=row.serves_meals,
        covers=row.covers,
        from_on=row.from_on,
        until_on=row.until_on,
        classes=len(classes),
        largest_class=max(sizes, default=0),
        cameras=len(cameras),
        unplanned_cameras=[one.code for one in in_room if one.id not in planned],
        proofs=queries.proofs(session, row.id),
    )
    return location_defects(asked, rule)


def _fill(session: Session, row: Approval, draft: LocationDraft | ExtensionDraft) -> None:
    errors = too_long({"reason": draft.reason})
    classes = session.scalars(
        select(TrainingClass).where(TrainingClass.code.in_(draft.classes), TrainingClass.institution_id == row.institution_id)
    ).all()
    errors += [{"where": "classes", "code": "unknown", "value": code[:60]} for code in set(draft.classes) - {one.code for one in classes}]
    row.reason, row.until_on = draft.reason.strip(), draft.until_on
    if isinstance(draft, ExtensionDraft):
        row.days = draft.days
    else:
        errors += _fill_place(session, row, draft)
    if errors:
        raise MalformedApproval(errors=errors)
    session.execute(delete(ApprovalClass).where(ApprovalClass.approval_id == row.id))
    session.add_all(ApprovalClass(approval_id=row.id, institution_id=row.institution_id, class_id=one.id) for one in classes)
    session.flush()


def _fill_place(session: Session, row: Approval, draft: LocationDraft) -> list[Defect]:
    errors = too_long({"address": draft.address, "room_name": draft.room_name, "covers": draft.covers})
    row.address, row.room_name, row.capacity, row.room_id = draft.address.strip(), draft.room_name.strip(), draft.capacity, None
    if draft.room:
        known = session.execute(
            select(Room, TeachingPoint)
            .join(TeachingPoint, TeachingPoint.id == Room.teaching_point_id)
            .where(Room.code == draft.room, Room.institution_id == row.institution_id)
        ).one_or_none()
        if known is None:
            return [*errors, {"where": "room", "code": "unknown", "value": draft.room[:60]}]
        room, point = known
        row.room_id, row.room_name, row.capacity, row.address = room.id, room.name, room.capacity, point.address
    row.latitude_udeg, row.longitude_udeg = draft.latitude_udeg, draft.longitude_udeg
    row.serves_meals, row.covers, row.from_on = draft.serves_meals, draft.covers.strip(), draft.from_on
    return errors


def _snapshot(session: Session, row: Approval, actor: Actor) -> dict[str, object]:
    """The application as it was handed in; its hash stands in the ledger."""
    return {
        "format": "classproof-application-1",
        "kind": row.kind.value,
        "reason": row.reason,
        "classes": [one.code for one in queries.classes_of(session, row.id)],
        "days": row.days,
        "from_on": row.from_on.isoformat() if row.from_on else None,
        "until_on": row.until_on.isoformat() if row.until_on else None,
        "address": row.address,
        "coordinates_udeg": [row.latitude_udeg, row.longitude_udeg],
        "room": row.room_name,
        "capacity": row.capacity,
        "serves_meals": row.serves_meals,
        "covers": row.covers,
        "cameras": [{"name": one.name, "shows": one.shows, "sha256": one.sha256.hex()} for one in queries.cameras_of(session, row.id)],
        "proofs": [[one.number, one.sha256.hex()] for one in queries.papers(session, row.id, internal=False) if one.kind.startswith("proof-")],
        "signer": {"name": actor.name, "role": actor.role},
    }


def _draft(session: Session, code: str, institution_id: UUID) -> Approval:
    row = queries.approval(session, code, Reader(institution_id), lock=True)
    if row.state is not ApprovalState.DRAFT:
        raise NotADraft(approval=code, state=row.state.value)
    return row


def _category(session: Session, training_class: TrainingClass) -> str:
    return session.get_one(TrainingAgreement, training_class.agreement_id).category.value
