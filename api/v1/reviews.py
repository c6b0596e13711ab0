"""Reviewing what was drawn: my assignments, playing the clip, beats, findings, the verdict. R55, R60; G16, G17."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Path, Response, status
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, INSTITUTION, OUTSIDE_INSTITUTIONS, REVIEWERS, Role
from api.evidence import verify_now
from api.holds import EvidenceHolds
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.inspectors import eligible_for, review_due
from api.playback import open_playback, read_piece
from api.v1.draws import Reason
from api.wiring import bench
from storage.kernel.clock import local_instant
from storage.kernel.errors import NotFound
from supervision.findings import queries as findings_q
from supervision.findings import service as findings
from supervision.findings.models import Finding
from supervision.findings.rules import DefectCode, Severity
from supervision.footage.models import Recording
from supervision.footage.verification import check_hash
from supervision.spotchecks import queries, signing, viewing
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.lifecycle import AssignmentState, Verdict
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(tags=["reviews"])
Inspector = Annotated[Caller, access(roles=REVIEWERS)]
InspectorPlays = Annotated[Caller, access(roles=REVIEWERS, purpose=ViewKind.PLAY)]
Player = Annotated[Caller, access(roles=OUTSIDE_INSTITUTIONS | INSTITUTION, purpose=ViewKind.PLAY)]
# looks are blind: who looks for the draw reads no finding, and decides none by hand
SecondLook = Annotated[Caller, access(roles=BUREAU - {Role.INSPECTOR})]
FindingReader = Annotated[Caller, access(roles=(OUTSIDE_INSTITUTIONS | INSTITUTION) - REVIEWERS - {Role.DEPARTMENT_OFFICER})]


class ItemOut(BaseModel):
    """One stretch to be shown. `clip_state` queued | ready | failed | deleted | none."""

    id: UUID
    recording_id: UUID
    camera_id: UUID
    starts_at: datetime
    ends_at: datetime
    media_start_ms: int
    media_end_ms: int
    clip_id: UUID | None
    clip_state: str


class AssignmentOut(BaseModel):
    id: UUID
    natural_id: str
    institution_id: UUID
    state: str
    due_at: datetime | None
    required_watch_s: int
    watched_s: int
    items: list[ItemOut]


class Play(BaseModel):
    purpose: Annotated[str, StringConstraints(min_length=2, max_length=300, strip_whitespace=True)] = "spot check"


class PlayOut(BaseModel):
    url: str
    offset_ms: int
    duration_ms: int
    starts_at: datetime
    media_start_ms: int


class NewBeat(BaseModel):
    item_id: UUID
    player: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    position_ms: Annotated[int, Field(ge=0)]
    rate_permille: Annotated[int, Field(ge=0, le=16_000)]
    visible: bool


class NewFinding(BaseModel):
    recording_id: UUID
    start_ms: Annotated[int, Field(ge=0)]
    end_ms: Annotated[int, Field(gt=0)]
    defect: DefectCode
    severity: Severity
    note: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] = ""


class FindingOut(BaseModel):
    """It rests on a stretch of a recording (`footage_sha256`) or on the signed record of a visit (`record_sha256`)."""

    code: str
    institution_id: UUID
    lesson_id: UUID
    recording_id: UUID | None
    start_ms: int | None
    end_ms: int | None
    starts_at: datetime
    ends_at: datetime
    defect: str
    clause: str
    severity: str
    note: str
    state: str
    footage_sha256: str | None
    record_sha256: str | None


class Judgement(BaseModel):
    verdict: Verdict
    note: Annotated[str, StringConstraints(max_length=4000, strip_whitespace=True)] = ""


@router.get("/api/v1/assignments")
def my_assignments(caller: Inspector, session: SessionDep) -> list[AssignmentOut]:
    """What the draw gave me and is still open."""
    return [assignment_out(session, a) for a in queries.assignments_of_inspector(session, caller.person())]


@router.get("/api/v1/assignments/{assignment_id}")
def show_assignment(caller: Inspector, session: SessionDep, assignment_id: Annotated[UUID, Path()]) -> AssignmentOut:
    """One of my assignments."""
    return assignment_out(session, queries.assignment(session, assignment_id, inspector_id=caller.person()))


@router.post("/api/v1/assignments/{assignment_id}/start")
def start(caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: Annotated[UUID, Path()]) -> AssignmentOut:
    """Begin the review."""
    return assignment_out(session, spotchecks.start(session, assignment_id, actor=caller.actor, clock=services.clock))


@router.post("/api/v1/assignments/{assignment_id}/items/{item_id}/play")
def play(body: Play, caller: InspectorPlays, session: SessionDep, services: ServicesDep, assignment_id: UUID, item_id: UUID) -> PlayOut:
    """An address that plays the item's clip; the view is on record before it is handed out."""
    assignment = queries.assignment(session, assignment_id, inspector_id=caller.person())
    item = next((i for i in queries.items(session, assignment.id) if i.id == item_id), None)
    clip = viewing.clip_of(session, item) if item else None
    if item is None or clip is None or assignment.state is not AssignmentState.REVIEWING:
        raise NotFound(what="clip", id=str(item_id))
    opened = open_playback(services, caller, clip.id, purpose=body.purpose, case_ref=viewing.purpose_of(assignment.id))
    assert item.span.lower is not None  # noqa: S101 - items are bounded
    return PlayOut(
        url=opened.url,
        offset_ms=opened.clip.offset_ms or 0,
        duration_ms=opened.clip.duration_ms or 0,
        starts_at=local_instant(item.span.lower),
        media_start_ms=item.media_start_ms,
    )


@router.get("/play/{token}", include_in_schema=False)
def serve_clip(
    caller: Player, services: ServicesDep, token: Annotated[str, Path(max_length=100)], range_: Annotated[str | None, Header(alias="Range")] = None
) -> Response:
    """Bytes of a viewing copy, for the person whose view was recorded."""
    piece = read_piece(services, caller, token, range_)
    return Response(
        piece.data,
        status_code=status.HTTP_206_PARTIAL_CONTENT,
        media_type="video/mp4",
        headers={
            "Content-Range": f"bytes {piece.start}-{piece.end - 1}/{piece.size}",
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "Content-Disposition": "inline",
        },
    )


@router.post("/api/v1/assignments/{assignment_id}/beats", status_code=status.HTTP_204_NO_CONTENT)
def beat(body: NewBeat, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> None:
    """A sign of life of my player; from these the seconds really watched are counted."""
    spotchecks.record_beat(session, assignment_id, **body.model_dump(), actor=caller.actor, clock=services.clock)


@router.post("/api/v1/assignments/{assignment_id}/findings", status_code=status.HTTP_201_CREATED)
def record_finding(body: NewFinding, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> FindingOut:
    """Record a fact. The stored bytes are hashed now: a finding only rests on footage that is what the catalogue says."""
    assignment = queries.assignment(session, assignment_id, inspector_id=caller.person())
    _verify_now(session, services, body.recording_id, assignment)
    row = findings.record(
        session,
        lesson_id=assignment.lesson_id,
        assignment_id=assignment.id,
        **body.model_dump(),
        hash_verified=True,
        holds=EvidenceHolds(services.buckets.evidence),
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    return finding_out(row)


@router.post("/api/v1/assignments/{assignment_id}/verdict")
def judge(body: Judgement, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> AssignmentOut:
    """Sign the review off; refused below the required seconds, with open marks, and while a required item of the checklist has no answer."""
    row = signing.sign(
        session,
        assignment_id,
        verdict=body.verdict,
        findings=findings_q.count_of_assignment(session, assignment_id),
        note=body.note,
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    return assignment_out(session, row)


@router.post("/api/v1/assignments/{assignment_id}/recuse")
def recuse(body: Reason, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> dict[str, str]:
    """回避: another inspector is drawn for the lesson."""
    queries.assignment(session, assignment_id, inspector_id=caller.person())
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    spotchecks.recuse(
        session,
        assignment_id,
        reason=body.reason,
        inspectors=eligible_for(session, services, assignment_id),
        rule=rule,
        due_at=review_due(services),
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    return {"state": "recused"}


@router.get("/api/v1/findings")
def list_findings(caller: FindingReader, session: SessionDep) -> list[FindingOut]:
    """Findings; an institution sees its own from the notice on."""
    if caller.role in INSTITUTION:
        return [finding_out(f) for f in findings_q.findings_of_institution(session, caller.tenant())]
    return [finding_out(f) for f in findings_q.findings(session)]


@router.post("/api/v1/findings/{code}/confirm")
def confirm(caller: SecondLook, session: SessionDep, services: ServicesDep, code: str) -> FindingOut:
    """A second person confirms; the stored bytes are hashed again."""
    found = findings_q.finding(session, code)
    verify_now(services, session, found)
    return finding_out(findings.confirm(session, code, hash_verified=True, actor=caller.actor, clock=services.clock))


@router.post("/api/v1/findings/{code}/reject")
def reject(body: Reason, caller: SecondLook, session: SessionDep, services: ServicesDep, code: str) -> FindingOut:
    """A second person rejects, with a reason; the hold of the matter ends."""
    row = findings.reject(session, code, reason=body.reason, holds=EvidenceHolds(services.buckets.evidence), actor=caller.actor, clock=services.clock)
    return finding_out(row)


def assignment_out(session: Session, row: ReviewAssignment) -> AssignmentOut:
    """An assignment for its inspector."""
    watched = sum(s.end_ms - s.start_ms for s in queries.watched(session, row.id)) // 1000
    return AssignmentOut(
        id=row.id,
        natural_id=row.natural_id,
        institution_id=row.institution_id,
        state=row.state.value,
        due_at=local_instant(row.due_at) if row.due_at else None,
        required_watch_s=row.required_watch_s,
        watched_s=watched,
        items=[_item_out(session, item) for item in queries.items(session, row.id)],
    )


def _item_out(session: Session, item: ReviewItem) -> ItemOut:
    clip = viewing.clip_of(session, item)
    assert item.span.lower is not None and item.span.upper is not None  # noqa: S101 - items are bounded
    return ItemOut(
        id=item.id,
        recording_id=item.recording_id,
        camera_id=item.camera_id,
        starts_at=local_instant(item.span.lower),
        ends_at=local_instant(item.span.upper),
        media_start_ms=item.media_start_ms,
        media_end_ms=item.media_end_ms,
        clip_id=clip.id if clip else None,
        clip_state=clip.state.value if clip else "none",
    )


def finding_out(row: Finding) -> FindingOut:
    """A finding for a client."""
    assert row.span.lower is not None and row.span.upper is not None  # noqa: S101 - findings are bounded
    return FindingOut(
        code=row.code,
        institution_id=row.institution_id,
        lesson_id=row.lesson_id,
        recording_id=row.recording_id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        starts_at=local_instant(row.span.lower),
        ends_at=local_instant(row.span.upper),
        defect=row.defect.value,
        clause=row.clause,
        severity=row.severity.value,
        note=row.note,
        state=row.state.value,
        footage_sha256=row.footage_sha256.hex() if row.footage_sha256 else None,
        record_sha256=row.record_sha256.hex() if row.record_sha256 else None,
    )


def _verify_now(session: Session, services: Services, recording_id: UUID, assignment: ReviewAssignment) -> None:
    """Only footage of the assignment is read and hashed. Raises: NotFound, HashMismatch."""
    if recording_id not in {item.recording_id for item in queries.items(session, assignment.id)}:
        raise NotFound(what="recording", id=str(recording_id))
    check_hash(bench(services), session.get_one(Recording, recording_id))
