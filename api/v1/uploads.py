"""Uploads: the API hands out addresses and keeps the intent; bytes go straight to the store. docs/design/uploads.md; R72."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response, status
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from storage.kernel.clock import local_instant
from storage.uploads import service as uploads
from storage.uploads.errors import StoreLowOnSpace
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import UploadRule, part_count
from supervision.classes.models import Lesson
from supervision.footage import service as footage
from supervision.footage.models import Recording, Slot
from supervision.footage.rules import CoverageRule
from supervision.institutions.models import Camera

router = APIRouter(prefix="/api/v1", tags=["uploads"])
Sender = Annotated[Caller, access(roles=INSTITUTION, scopes={"upload:write"})]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
MAX_PARTS_AT_ONCE = 50


class NewUpload(BaseModel):
    """What the client knows of a file. `fingerprint` identifies it cheaply; `sha256` is the whole file's when it could be computed."""

    file_name: Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f/\\\u202a-\u202e\u2066-\u2069]+$")]
    size_bytes: Annotated[int, Field(ge=0, le=1 << 50)]
    fingerprint: Annotated[str, StringConstraints(min_length=8, max_length=200)]
    sha256: Sha256 | None = None
    part_bytes: Annotated[int | None, Field(ge=1, le=1 << 30)] = None
    slot_id: UUID | None = None
    recorded_start_at: AwareDatetime | None = None


class Choose(BaseModel):
    slot_id: UUID | None = None
    recorded_start_at: AwareDatetime | None = None


class WantedPart(BaseModel):
    number: Annotated[int, Field(ge=1, le=10_000)]
    sha256: Sha256


class WantedParts(BaseModel):
    parts: Annotated[list[WantedPart], Field(min_length=1, max_length=MAX_PARTS_AT_ONCE)]


class SignedPart(BaseModel):
    number: int
    url: str
    headers: dict[str, str]


class SignedParts(BaseModel):
    parts: list[SignedPart]
    expires_at: datetime


class Arrived(BaseModel):
    number: int
    size_bytes: int


class SlotOut(BaseModel):
    """A slot as a sender chooses it. Times with the bureau's offset."""

    id: UUID
    natural_id: str
    lesson: str
    camera: str
    starts_at: datetime
    ends_at: datetime
    state: str


class UploadOut(BaseModel):
    id: UUID
    recording_id: UUID
    state: str
    recording_state: str
    file_name: str
    size_bytes: int
    part_bytes: int
    part_count: int
    arrived: list[Arrived]
    slot: SlotOut | None
    match: str
    recorded_start_at: datetime | None


class UploadList(BaseModel):
    items: list[UploadOut]
    next: UUID | None


class Received(BaseModel):
    id: UUID
    state: str
    recording_id: UUID


class Completion(BaseModel):
    """What a client knows only after the last byte was read: an agent hashes the whole file while it sends the parts."""

    sha256: Sha256 | None = None


class SlotList(BaseModel):
    items: list[SlotOut]


def _rules(services: Services) -> tuple[UploadRule, CoverageRule]:
    today = services.clock.today_on()
    return services.policy.read(UploadRule, today), services.policy.read(CoverageRule, today)


def slot_out(session: Session, slot_id: UUID | None) -> SlotOut | None:
    """A slot for a client."""
    if slot_id is None:
        return None
    row = session.execute(_slots().where(Slot.id == slot_id)).one()
    return _slot_of(row)


def _slots() -> Any:  # Any: a Select of six columns
    return (
        select(Slot.id, Slot.natural_id, Slot.state, Slot.span, Lesson.natural_id.label("lesson"), Camera.code)
        .join(Lesson, Lesson.id == Slot.lesson_id)
        .join(Camera, Camera.id == Slot.camera_id)
    )


def _slot_of(row: Any) -> SlotOut:  # Any: a Row of `_slots`
    return SlotOut(
        id=row.id,
        natural_id=row.natural_id,
        lesson=row.lesson,
        camera=row.code,
        starts_at=local_instant(row.span.lower),
        ends_at=local_instant(row.span.upper),
        state=row.state.value,
    )


def _out(session: Session, services: Services, upload: UploadSession, recording: Recording) -> UploadOut:
    return UploadOut(
        id=upload.id,
        recording_id=recording.id,
        state=upload.state.value,
        recording_state=recording.state.value,
        file_name=upload.file_name,
        size_bytes=upload.size_bytes,
        part_bytes=upload.part_bytes,
        part_count=part_count(upload.size_bytes, upload.part_bytes),
        arrived=[Arrived(number=p.number, size_bytes=p.size_bytes) for p in uploads.arrived(services.buckets.evidence, upload)],
        slot=slot_out(session, recording.slot_id),
        match=recording.start_source or "none",
        recorded_start_at=local_instant(recording.declared_start_at) if recording.declared_start_at else None,
    )


@router.post("/uploads", status_code=status.HTTP_201_CREATED)
def open_upload(
    body: NewUpload,
    caller: Sender,
    session: SessionDep,
    services: ServicesDep,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=300)] = None,
) -> UploadOut:
    """Announce a file; the same key (or the same file) answers the same upload with 200, so a reload resumes."""
    if services.engines is not None:
        free = services.engines.free_bytes()
        if free is not None and free < services.settings.low_disk_bytes:
            raise StoreLowOnSpace(free_bytes=free, limit_bytes=services.settings.low_disk_bytes)
    wanted = uploads.Wanted(
        tenant=caller.tenant(),
        file_name=body.file_name,
        size_bytes=body.size_bytes,
        fingerprint=body.fingerprint,
        sha256=bytes.fromhex(body.sha256) if body.sha256 else None,
        part_bytes=body.part_bytes,
        idempotency_key=idempotency_key,
    )
    upload, recording, is_new = footage.announce(
        session,
        services.buckets.evidence,
        wanted,
        footage.Choice(body.slot_id, body.recorded_start_at),
        rules=_rules(services),
        actor=caller.actor,
        at=services.clock.now_at(),
    )
    if not is_new:
        response.status_code = status.HTTP_200_OK
    return _out(session, services, upload, recording)


@router.get("/uploads")
def list_uploads(
    caller: Sender,
    session: SessionDep,
    services: ServicesDep,
    state: UploadState = UploadState.OPEN,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> UploadList:
    """The institution's uploads in a state, newest first."""
    query = (
        select(UploadSession, Recording)
        .join(Recording, Recording.upload_id == UploadSession.id)
        .where(UploadSession.tenant_id == caller.tenant(), UploadSession.state == state)
        .order_by(UploadSession.id.desc())
        .limit(limit + 1)
    )
    rows = session.execute(query.where(UploadSession.id < after) if after else query).all()
    items = [_out(session, services, upload, recording) for upload, recording in rows[:limit]]
    return UploadList(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/uploads/{upload_id}")
def show_upload(caller: Sender, session: SessionDep, services: ServicesDep, upload_id: Annotated[UUID, Path()]) -> UploadOut:
    """One upload; `arrived` is what the store lists now."""
    upload = uploads.find(session, upload_id, caller.tenant())
    return _out(session, services, upload, footage.recording_of_upload(session, upload_id, caller.tenant()))


@router.patch("/uploads/{upload_id}")
def choose_slot(body: Choose, caller: Sender, session: SessionDep, services: ServicesDep, upload_id: Annotated[UUID, Path()]) -> UploadOut:
    """Choose the slot or the start, until the recording is catalogued."""
    upload = uploads.find(session, upload_id, caller.tenant(), lock=True)
    recording = footage.recording_of_upload(session, upload_id, caller.tenant())
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    choice = footage.Choice(body.slot_id, body.recorded_start_at)
    footage.choose(session, recording, choice, rule, at=services.clock.now_at(), events=services.events)
    return _out(session, services, upload, recording)


@router.post("/uploads/{upload_id}/parts")
def sign_parts(body: WantedParts, caller: Sender, session: SessionDep, services: ServicesDep, upload_id: Annotated[UUID, Path()]) -> SignedParts:
    """Addresses for parts, each good for the reported bytes only and for fifteen minutes."""
    upload = uploads.find(session, upload_id, caller.tenant(), lock=True)
    at = services.clock.now_at()
    digests = {p.number: bytes.fromhex(p.sha256) for p in body.parts}
    signed = uploads.sign_parts(session, services.buckets.evidence, upload, digests, at=at)
    return SignedParts(
        parts=[SignedPart(number=n, url=r.url, headers=r.headers) for n, r in signed], expires_at=at + timedelta(seconds=uploads.PART_ADDRESS_LIFE_S)
    )


@router.post("/uploads/{upload_id}/complete")
def complete_upload(
    caller: Sender, session: SessionDep, services: ServicesDep, upload_id: Annotated[UUID, Path()], body: Completion | None = None
) -> Received:
    """Every part is sent: join them and start verification. Repeating answers the same."""
    upload = uploads.find(session, upload_id, caller.tenant(), lock=True)
    if body is not None and body.sha256 is not None and upload.client_sha256 is None and upload.state is UploadState.OPEN:
        upload.client_sha256 = bytes.fromhex(body.sha256)
    recording = footage.recording_of_upload(session, upload_id, caller.tenant())
    footage.receive(session, services.buckets.evidence, upload, recording, actor=caller.actor, at=services.clock.now_at(), events=services.events)
    return Received(id=upload.id, state=upload.state.value, recording_id=recording.id)


@router.delete("/uploads/{upload_id}", status_code=status.HTTP_204_NO_CONTENT)
def abort_upload(caller: Sender, session: SessionDep, services: ServicesDep, upload_id: Annotated[UUID, Path()]) -> None:
    """Give up an upload that is not finished; its parts are freed."""
    upload = uploads.find(session, upload_id, caller.tenant(), lock=True)
    recording = footage.recording_of_upload(session, upload_id, caller.tenant())
    footage.abandon(
        session,
        services.buckets.evidence,
        upload,
        recording,
        state=UploadState.ABORTED,
        reason="by-sender",
        actor=caller.actor,
        at=services.clock.now_at(),
    )


@router.get("/slots/open")
def open_slots(
    caller: Sender,
    session: SessionDep,
    services: ServicesDep,
    q: Annotated[str, Query(max_length=80)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SlotList:
    """Slots that begun and could still take footage, newest first: candidates for a choice. `q` filters by code or date."""
    query = (
        _slots()
        .where(Slot.institution_id == caller.tenant(), Slot.starts_at <= services.clock.now_at(), Slot.state.in_(("announced", "missing", "covered")))
        .order_by(Slot.starts_at.desc(), Camera.code)
        .limit(limit)
    )
    if q:
        query = query.where(Slot.natural_id.icontains(q, autoescape=True))
    return SlotList(items=[_slot_of(row) for row in session.execute(query)])
