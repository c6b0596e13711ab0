"""A visit as the inspectors' phones speak of it: what is known, open, present, answers, photos, signature, stepping back. 2.3.2; R54, R56.

Every change carries the device's own id (`client_id`), so that a phone may send again whatever it is not sure of.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Path, UploadFile, status
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import Role
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.inspectors import eligible_inspectors
from api.v1.draws import Reason
from storage.kernel.clock import local_instant
from storage.retention.rules import RetentionRule
from supervision.spotchecks.checklists import Answer
from supervision.visits import on_site, queries, record
from supervision.visits import service as visits
from supervision.visits.models import PlaceState, Visit, VisitMember
from supervision.visits.on_site import MAX_PHOTO_BYTES, Place, Who
from supervision.visits.rules import VisitRule

router = APIRouter(prefix="/api/v1/visits", tags=["visits"])
Inspector = Annotated[Caller, access(roles={Role.INSPECTOR})]
Code = Annotated[str, Path(pattern=r"^V\d{4}-\d{4,}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Note = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
Degrees = Annotated[int, Field(ge=-180_000_000, le=180_000_000)]
Metres = Annotated[int, Field(ge=0, le=10_000_000)]


class PlaceIn(BaseModel):
    """What the device says: millionths of a degree and the radius it claims in metres, or that it does not say."""

    state: PlaceState
    latitude_udeg: Degrees | None = None
    longitude_udeg: Degrees | None = None
    accuracy_m: Metres | None = None


class Presence(BaseModel):
    client_id: UUID
    said_at: AwareDatetime
    place: PlaceIn


class NewAnswer(BaseModel):
    client_id: UUID
    item: Annotated[str, StringConstraints(max_length=40)]
    answer: Answer
    note: Note = ""
    answered_at: AwareDatetime


class NewSignature(BaseModel):
    """`record_sha256`: of the record as the signer was shown it."""

    record_sha256: Hex32
    note: Note = ""


class MemberOut(BaseModel):
    name: str
    lead: bool
    me: bool
    present_at: datetime | None
    signed: bool


class AnswerOut(BaseModel):
    item: str
    answer: str
    note: str
    by: str
    answered_at: datetime


class PhotoOut(BaseModel):
    id: UUID
    client_id: UUID
    item: str
    sha256: str
    size_bytes: int
    by: str
    taken_at: datetime


class VisitOut(BaseModel):
    """`unanswered`, `photos_missing`: items that keep the visit from being signed. `record_sha256`: what would be signed now."""

    code: str
    state: str
    members: list[MemberOut]
    answers: list[AnswerOut]
    photos: list[PhotoOut]
    unanswered: list[str]
    photos_missing: list[str]
    record_sha256: str


@router.get("/{code}")
def show(caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> VisitOut:
    """One of my visits, from shortly before it on."""
    who = who_asks(caller, services)
    visit, me = queries.visit_of_member(session, code, caller.person(), rule=who.rule, now_at=who.clock.now_at())
    return visit_out(session, visit, me)


@router.post("/{code}/open")
def open_visit(caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> VisitOut:
    """I am at the door: the clock runs."""
    return _told(session, caller, on_site.open_visit(session, code, who_asks(caller, services)))


@router.post("/{code}/presence")
def confirm_presence(body: Presence, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> VisitOut:
    """I am here."""
    place = Place(**body.place.model_dump())
    who = who_asks(caller, services)
    return _told(session, caller, on_site.confirm_presence(session, code, who, client_id=body.client_id, said_at=body.said_at, place=place))


@router.post("/{code}/answers")
def give_answer(body: NewAnswer, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> AnswerOut:
    """An answer to an item. The same `client_id` again answers the same."""
    row = on_site.give_answer(session, code, who_asks(caller, services), **body.model_dump())
    return AnswerOut(item=row.item, answer=row.answer.value, note=row.note, by=caller.actor.name, answered_at=local_instant(row.answered_at))


@router.post("/{code}/photos", status_code=status.HTTP_201_CREATED)
def hand_in_photo(
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    code: Code,
    client_id: Annotated[UUID, Form()],
    item: Annotated[str, Form(max_length=40)],
    sha256: Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")],
    taken_at: Annotated[AwareDatetime, Form()],
    place: Annotated[PlaceState, Form()],
    photo: Annotated[UploadFile, File()],
    latitude_udeg: Annotated[Degrees | None, Form()] = None,
    longitude_udeg: Annotated[Degrees | None, Form()] = None,
    accuracy_m: Annotated[Metres | None, Form()] = None,
) -> PhotoOut:
    """A picture with the hash that the device made of it; other bytes are refused, and stay on the device."""
    row = on_site.hand_in_photo(
        session,
        code,
        who_asks(caller, services),
        client_id=client_id,
        item=item,
        data=photo.file.read(MAX_PHOTO_BYTES + 1),
        sha256=bytes.fromhex(sha256),
        taken_at=taken_at,
        place=Place(place, latitude_udeg, longitude_udeg, accuracy_m),
        store=services.buckets.evidence,
        retention_rule=services.policy.read(RetentionRule, services.clock.today_on()),
    )
    return PhotoOut(
        id=row.id,
        client_id=row.client_id,
        item=row.item,
        sha256=row.sha256.hex(),
        size_bytes=row.size_bytes,
        by=caller.actor.name,
        taken_at=local_instant(row.taken_at),
    )


@router.post("/{code}/sign")
def sign(body: NewSignature, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> VisitOut:
    """Sign what was shown. The last signature signs the visit."""
    who = who_asks(caller, services)
    return _told(session, caller, on_site.sign(session, code, who, record_sha256=bytes.fromhex(body.record_sha256), note=body.note))


@router.post("/{code}/recuse")
def recuse(body: Reason, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> dict[str, str]:
    """回避: another inspector is drawn in my place."""
    step_back(session, services, caller, code, body.reason)
    return {"state": "recused"}


def step_back(session: Session, services: Services, caller: Caller, code: str, reason: str) -> None:
    """Only a member who may know of the visit can. Raises: VisitNotFound, TooFewInspectors, ForbiddenMove."""
    who = who_asks(caller, services)
    queries.visit_of_member(session, code, caller.person(), rule=who.rule, now_at=who.clock.now_at())
    inspectors = eligible_inspectors(session, services)
    visits.recuse(session, code, account_id=caller.person(), reason=reason, inspectors=inspectors, actor=caller.actor, clock=services.clock)


def who_asks(caller: Caller, services: Services) -> Who:
    """The caller as a member, with the figures in force."""
    return Who(caller.actor, services.clock, services.policy.read(VisitRule, services.clock.today_on()))


def visit_out(session: Session, visit: Visit, me: VisitMember) -> VisitOut:
    """A visit for one of its members."""
    everybody = queries.members(session, visit.id, all_=True)
    name = {m.id: m.inspector_name for m in everybody}
    digest = visit.record_sha256 or record.digest(session, visit)
    signed = queries.signed_by(session, visit.id, digest)
    open_ = queries.what_is_open(session, visit)
    return VisitOut(
        code=visit.code,
        state=visit.state.value,
        members=[
            MemberOut(
                name=m.inspector_name,
                lead=m.is_lead,
                me=m.id == me.id,
                present_at=local_instant(m.present_at) if m.present_at else None,
                signed=m.id in signed,
            )
            for m in everybody
            if m.recused_at is None
        ],
        answers=[
            AnswerOut(item=a.item, answer=a.answer.value, note=a.note, by=name[a.member_id], answered_at=local_instant(a.answered_at))
            for a in queries.standing(queries.answers(session, visit.id)).values()
        ],
        photos=[
            PhotoOut(
                id=p.id,
                client_id=p.client_id,
                item=p.item,
                sha256=p.sha256.hex(),
                size_bytes=p.size_bytes,
                by=name[p.member_id],
                taken_at=local_instant(p.taken_at),
            )
            for p in queries.photos(session, visit.id)
        ],
        unanswered=list(open_.unanswered),
        photos_missing=list(open_.photos_missing),
        record_sha256=digest.hex(),
    )


def _told(session: Session, caller: Caller, visit: Visit) -> VisitOut:
    me = next(m for m in queries.members(session, visit.id) if m.inspector_account_id == caller.account_id)
    return visit_out(session, visit, me)
