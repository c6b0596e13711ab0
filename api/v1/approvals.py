"""Places and extensions over HTTP: the institution applies, the deciding office decides. R21–R23, R77–R79, R103; 2.3.3."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, UploadFile, status
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.approving import DECIDERS, OFFICE, READERS, officer_of, reader_of, rule_of
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, Role
from api.http.paging import Key, page
from api.http.services import ServicesDep
from api.http.session import SessionDep
from compliance.approvals import deciding, late, queries, service
from compliance.approvals.clocks import turn
from compliance.approvals.deciding import Seen
from compliance.approvals.lifecycle import ApprovalState
from compliance.approvals.models import Approval
from compliance.approvals.rules import Aspect, Proof
from compliance.approvals.service import ExtensionDraft, LocationDraft
from storage.kernel.clock import local_instant
from supervision.findings.attachments import MAX_FILE_BYTES, Given
from supervision.institutions.models import Institution

router = APIRouter(prefix="/api/v1/approvals", tags=["approvals"])
Reader = Annotated[Caller, access(roles=READERS)]
Applicant = Annotated[Caller, access(roles=INSTITUTION)]
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Office = Annotated[Caller, access(roles=OFFICE)]
Decider = Annotated[Caller, access(roles=DECIDERS)]
Words = Annotated[str, StringConstraints(max_length=8000)]
Short = Annotated[str, StringConstraints(max_length=200)]
Answer = Literal["yes", "no", "na"]


class NewLocation(BaseModel):
    """`room`: code of a registered room; without it the approval registers the one described."""

    kind: Literal["location"]
    reason: Words = ""
    classes: Annotated[list[Short], Field(max_length=50)] = []
    room: Short = ""
    address: Short = ""
    room_name: Annotated[str, StringConstraints(max_length=60)] = ""
    capacity: Annotated[int, Field(ge=0, le=99999)] = 0
    latitude_udeg: Annotated[int, Field(ge=-90_000_000, le=90_000_000)] | None = None
    longitude_udeg: Annotated[int, Field(ge=-180_000_000, le=180_000_000)] | None = None
    serves_meals: bool = False
    covers: Words = ""
    from_on: date | None = None
    until_on: date | None = None


class NewExtension(BaseModel):
    """`days`: training days; `until_on`: the last day the class would then have."""

    kind: Literal["extension"]
    reason: Words = ""
    classes: Annotated[list[Short], Field(max_length=1)] = []
    days: Annotated[int, Field(ge=0, le=99)] = 0
    until_on: date | None = None


Draft = Annotated[NewLocation | NewExtension, Field(discriminator="kind")]


class Because(BaseModel):
    reason: Words = ""


class Stated(BaseModel):
    said: Words


class Decision(BaseModel):
    """`conditions` only with `approve`; `reason` only with `refuse`."""

    decision: Literal["approve", "refuse"]
    conditions: Words = ""
    reason: Words = ""


class Assessment(BaseModel):
    aspect: Aspect
    passed: bool
    note: Words


class LateDecision(BaseModel):
    take_up: bool
    reason: Words


class CameraOut(BaseModel):
    id: UUID
    name: str
    shows: str
    sha256: str


class PaperOut(BaseModel):
    id: UUID
    number: str
    kind: str
    at: datetime
    sha256: str


class TurnOut(BaseModel):
    party: str
    act: str
    until: datetime | None
    late: bool


class ApprovalOut(BaseModel):
    code: str
    kind: str
    state: str
    institution_id: UUID
    decider: str
    department: str
    reason: str
    classes: list[str]
    days: int | None
    from_on: date | None
    until_on: date | None
    address: str
    room_name: str
    capacity: int
    conditions: str
    decided_by: str
    decided_at: datetime | None
    late_request: bool
    turn: TurnOut | None


class ApprovalDetail(ApprovalOut):
    cameras: list[CameraOut]
    papers: list[PaperOut]


class ApprovalList(BaseModel):
    items: list[ApprovalOut]
    next: str | None


@router.get("")
def list_approvals(
    caller: Reader,
    session: SessionDep,
    services: ServicesDep,
    state: Annotated[ApprovalState | None, Query()] = None,
    after: Annotated[str, Query(max_length=400)] = "",
) -> ApprovalList:
    """Newest first: an institution's own, a department's classes', the bureau's all."""
    query = queries.approvals(reader_of(caller))
    if state is not None:
        query = query.where(Approval.state == state)
    found = page(session, query, [Key(Approval.created_at, descending=True), Key(Approval.id, descending=True)], after=after)
    return ApprovalList(items=[_out(session, services, row) for row in found.items], next=found.next_after)


@router.post("", status_code=status.HTTP_201_CREATED)
def start(body: Draft, caller: Applicant, session: SessionDep, services: ServicesDep) -> ApprovalOut:
    """Begin a draft."""
    owner = session.get_one(Institution, caller.tenant())
    return _out(session, services, service.start(session, owner, _draft(body), actor=caller.actor, clock=services.clock))


@router.get("/{code}")
def show(caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> ApprovalDetail:
    """One application with its camera plan and papers."""
    row = queries.approval(session, code, reader_of(caller))
    papers = queries.papers(session, row.id, internal=caller.role not in INSTITUTION)
    return ApprovalDetail(
        **_out(session, services, row).model_dump(),
        cameras=[CameraOut(id=c.id, name=c.name, shows=c.shows, sha256=c.sha256.hex()) for c in queries.cameras_of(session, row.id)],
        papers=[PaperOut(id=p.id, number=p.number, kind=p.kind, at=local_instant(p.at), sha256=p.sha256.hex()) for p in papers],
    )


@router.put("/{code}")
def save(body: Draft, caller: Applicant, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """Change a draft."""
    return _out(session, services, service.save(session, code, _draft(body), institution_id=caller.tenant()))


@router.post("/{code}/cameras", status_code=status.HTTP_201_CREATED)
def add_camera(
    caller: Applicant,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    picture: Annotated[UploadFile, File()],
    name: Annotated[str, Form(max_length=60)] = "",
    shows: Annotated[str, Form(max_length=500)] = "",
    camera: Annotated[str, Form(max_length=200)] = "",
) -> CameraOut:
    """A camera of the plan with its reference picture (JPEG, PNG)."""
    given = Given(picture.filename or "", picture.file.read(MAX_FILE_BYTES + 1))
    own, clock = caller.tenant(), services.clock
    row = service.add_camera(session, code, name=name, shows=shows, camera=camera, picture=given, institution_id=own, clock=clock)
    return CameraOut(id=row.id, name=row.name, shows=row.shows, sha256=row.sha256.hex())


@router.delete("/{code}/cameras/{camera_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove_camera(caller: Applicant, session: SessionDep, services: ServicesDep, code: str, camera_id: UUID) -> None:
    """Take a camera out of a draft."""
    service.remove_camera(session, code, camera_id, institution_id=caller.tenant(), clock=services.clock)


@router.post("/{code}/proofs", status_code=status.HTTP_201_CREATED)
def add_proof(
    caller: Applicant,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    proof: Annotated[Proof, Form()],
    files: Annotated[list[UploadFile], File()],
    said: Annotated[str, Form(max_length=2000)] = "",
) -> PaperOut:
    """A paper about fire, food or building safety (R103)."""
    own, clock = caller.tenant(), services.clock
    row = service.add_proof(session, code, proof, said, _given(files), institution_id=own, actor=caller.actor, clock=clock)
    return PaperOut(id=row.id, number=row.number, kind=row.kind, at=local_instant(row.at), sha256=row.sha256.hex())


@router.post("/{code}/submit")
def submit(caller: Head, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """Hand it in; everything that is missing is told at once."""
    own, rule = caller.tenant(), rule_of(services)
    return _out(session, services, service.submit(session, code, institution_id=own, rule=rule, actor=caller.actor, clock=services.clock))


@router.post("/{code}/withdraw")
def withdraw(body: Because, caller: Head, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """Take it back before it is decided."""
    own, clock = caller.tenant(), services.clock
    return _out(session, services, service.withdraw(session, code, reason=body.reason, institution_id=own, actor=caller.actor, clock=clock))


@router.post("/{code}/view", status_code=status.HTTP_201_CREATED)
def state_view(body: Stated, caller: Head, session: SessionDep, services: ServicesDep, code: str) -> PaperOut:
    """陈述申辩 about an announced revocation."""
    own, clock = caller.tenant(), services.clock
    row = service.state_view(session, code, said=body.said, files=(), institution_id=own, actor=caller.actor, clock=clock)
    return PaperOut(id=row.id, number=row.number, kind=row.kind, at=local_instant(row.at), sha256=row.sha256.hex())


@router.post("/{code}/accept")
def accept(caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """受理."""
    return _out(session, services, deciding.accept(session, code, by=officer_of(caller), rule=rule_of(services), clock=services.clock))


@router.post("/{code}/return")
def give_back(body: Because, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """退回补正."""
    return _out(session, services, deciding.give_back(session, code, reason=body.reason, by=officer_of(caller), clock=services.clock))


@router.post("/{code}/visit")
def record_visit(
    caller: Office,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    visitors: Annotated[str, Form(max_length=200)],
    fire: Annotated[Answer, Form()],
    food: Annotated[Answer, Form()],
    building: Annotated[Answer, Form()],
    note: Annotated[str, Form(max_length=8000)],
    covers_room: Annotated[bool, Form()] = False,
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> ApprovalOut:
    """现场查看, with photos."""
    seen = Seen(visitors, covers_room, {"fire": fire, "food": food, "building": building}, note)
    return _out(session, services, deciding.record_visit(session, code, seen, _given(files), by=officer_of(caller), clock=services.clock))


@router.post("/{code}/assess")
def assess(body: Assessment, caller: Office, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """One of the two tests of R79."""
    by = officer_of(caller)
    row = deciding.assess(session, code, body.aspect, passed=body.passed, note=body.note, by=by, clock=services.clock)
    return _out(session, services, row)


@router.post("/{code}/decide")
def decide(body: Decision, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """批复 or 不予批准; never for the past."""
    by, rule, clock = officer_of(caller), rule_of(services), services.clock
    if body.decision == "approve":
        return _out(session, services, deciding.approve(session, code, conditions=body.conditions, by=by, rule=rule, clock=clock))
    return _out(session, services, deciding.refuse(session, code, reason=body.reason, by=by, rule=rule, clock=clock))


@router.post("/{code}/conditions-met")
def confirm_conditions(body: Stated, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """A named person saw the conditions met."""
    by, rule = officer_of(caller), rule_of(services)
    return _out(session, services, deciding.confirm_conditions(session, code, how=body.said, by=by, rule=rule, clock=services.clock))


@router.post("/{code}/announce-revocation")
def announce_revocation(body: Because, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """拟撤销事先告知."""
    by, rule = officer_of(caller), rule_of(services)
    return _out(session, services, deciding.announce_revocation(session, code, reason=body.reason, by=by, rule=rule, clock=services.clock))


@router.post("/{code}/drop-revocation")
def drop_revocation(body: Because, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """The announced revocation is not pursued."""
    return _out(session, services, deciding.drop_revocation(session, code, reason=body.reason, by=officer_of(caller), clock=services.clock))


@router.post("/{code}/revoke")
def revoke(body: Because, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """撤销, after notice and days."""
    by, rule = officer_of(caller), rule_of(services)
    return _out(session, services, deciding.revoke(session, code, reason=body.reason, by=by, rule=rule, clock=services.clock))


@router.post("/{code}/late")
def settle_late(body: LateDecision, caller: Decider, session: SessionDep, services: ServicesDep, code: str) -> ApprovalOut:
    """What follows from a late request."""
    reader = reader_of(caller)
    late.settle(session, code, take_up=body.take_up, reason=body.reason, reader=reader, actor=caller.actor, clock=services.clock)
    return _out(session, services, queries.approval(session, code, reader))


def _draft(body: NewLocation | NewExtension) -> LocationDraft | ExtensionDraft:
    fields = body.model_dump(exclude={"kind"}) | {"classes": tuple(body.classes)}
    return LocationDraft(**fields) if isinstance(body, NewLocation) else ExtensionDraft(**fields)


def _given(files: list[UploadFile] | None) -> list[Given]:
    return [Given(one.filename or "", one.file.read(MAX_FILE_BYTES + 1)) for one in files or ()]


def _out(session: Session, services: ServicesDep, row: Approval) -> ApprovalOut:
    now = services.clock.now_at()
    awaited = turn(row.kind, row.decider, row.state, queries.times(row), rule_of(services), now)
    return ApprovalOut(
        code=row.code,
        kind=row.kind.value,
        state=row.state.value,
        institution_id=row.institution_id,
        decider=row.decider.value,
        department=row.department,
        reason=row.reason,
        classes=[one.code for one in queries.classes_of(session, row.id)],
        days=row.days,
        from_on=row.from_on,
        until_on=row.until_on,
        address=row.address,
        room_name=row.room_name,
        capacity=row.capacity,
        conditions=row.conditions,
        decided_by=row.decided_by,
        decided_at=local_instant(row.decided_at) if row.decided_at else None,
        late_request=queries.late_request(session, row.id) is not None,
        turn=TurnOut(
            party=awaited.party.value,
            act=awaited.act,
            until=local_instant(awaited.until) if awaited.until else None,
            late=awaited.is_late(now),
        )
        if awaited
        else None,
    )
