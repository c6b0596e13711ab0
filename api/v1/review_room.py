"""What the review room saves while somebody looks: marks, stills and answers, each under an id that the browser made. R60, R69–R77; domain.md 2.3.2.

Every address begins with the caller's own assignment; another's answers *not found*. The same call again changes nothing.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response, status
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.auth.roles import REVIEWERS
from api.holds import EvidenceHolds
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.stills import exact_still
from api.v1.draws import Reason
from api.wiring import bench
from storage.kernel.clock import local_instant
from supervision.findings import service as findings
from supervision.findings.errors import MalformedFinding
from supervision.findings.rules import DEFECTS, DefectCode, Severity
from supervision.footage.models import Recording
from supervision.footage.verification import check_hash
from supervision.spotchecks import answers, marks, queries, stills, viewing
from supervision.spotchecks.checklists import MAX_NOTE_CHARS, Answer, Given
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.room_models import ReviewAnswer, ReviewMark, ReviewStill
from supervision.spotchecks.stretch import total_ms

router = APIRouter(prefix="/api/v1/assignments/{assignment_id}", tags=["review room"])
Inspector = Annotated[Caller, access(roles=REVIEWERS)]
StillViewer = Annotated[Caller, access(roles=REVIEWERS, purpose=ViewKind.STILL)]
MAX_MS = 1 << 40
Sequence = Annotated[int, Field(ge=1, lt=1 << 53)]  # what a browser counts exactly


class NewMark(BaseModel):
    """Media time of the item's recording; `end_ms` null: not ended yet."""

    item_id: UUID
    start_ms: Annotated[int, Field(ge=0, lt=MAX_MS)]
    end_ms: Annotated[int, Field(ge=0, lt=MAX_MS)] | None = None
    defect: DefectCode
    severity: Severity
    note: Annotated[str, StringConstraints(max_length=4000)] = ""
    sequence: Sequence


class StillOut(BaseModel):
    """A picture with its proof. `url` shows it; `at_ms` is the media time of the very frame."""

    id: UUID
    client_id: UUID
    mark: UUID
    at_ms: int
    wall_at: datetime
    sha256: str
    footage_sha256: str
    url: str


class MarkOut(BaseModel):
    """`state` open | recorded | dropped; `finding` is the code of what it became."""

    id: UUID
    item_id: UUID
    start_ms: int
    end_ms: int | None
    starts_at: datetime
    ends_at: datetime | None
    defect: str
    clause: str
    severity: str
    note: str
    sequence: int
    state: str
    finding: str
    dropped_reason: str
    saved_at: datetime
    stills: list[StillOut]


class NewStill(BaseModel):
    id: UUID
    mark: UUID
    item_id: UUID
    at_ms: Annotated[int, Field(ge=0, lt=MAX_MS)]


class NewAnswer(BaseModel):
    answer: Answer
    note: Annotated[str, StringConstraints(max_length=MAX_NOTE_CHARS)] = ""
    sequence: Sequence


class AnswerOut(BaseModel):
    item: str
    answer: str
    note: str
    sequence: int
    saved_at: datetime


class QuestionOut(BaseModel):
    """An item of the checklist with what stands; `answer` null: none yet."""

    item: str
    clause: str
    zh: str
    en: str
    kinds: list[str]
    required: bool
    answer: AnswerOut | None


class WatchedOut(BaseModel):
    """`spans`: wall-clock milliseconds since the epoch, `[start, end)`, each instant once."""

    watched_s: int
    required_watch_s: int
    spans: list[tuple[int, int]]


@router.get("/watched")
def watched(caller: Inspector, session: SessionDep, assignment_id: UUID) -> WatchedOut:
    """What I really played so far, as the beats prove it."""
    row = queries.assignment(session, assignment_id, inspector_id=caller.person())
    spans = queries.watched(session, row.id)
    return WatchedOut(
        watched_s=total_ms(spans) // 1000, required_watch_s=row.required_watch_s, spans=[(span.start_ms, span.end_ms) for span in spans]
    )


@router.get("/marks")
def list_marks(caller: Inspector, session: SessionDep, assignment_id: UUID) -> list[MarkOut]:
    """My marks of this review, in the order in which they were made."""
    row = queries.assignment(session, assignment_id, inspector_id=caller.person())
    return marks_out(session, row.id)


@router.put("/marks/{mark_id}")
def save_mark(body: NewMark, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID, mark_id: UUID) -> MarkOut:
    """Keep a version of a mark; the highest sequence stands, whichever arrives last."""
    draft = marks.Draft(
        item_id=body.item_id,
        start_ms=body.start_ms,
        end_ms=body.end_ms,
        defect=body.defect.value,
        severity=body.severity.value,
        note=body.note,
        sequence=body.sequence,
    )
    kept = marks.save(session, assignment_id, mark_id, draft, actor=caller.actor, clock=services.clock)
    return _mark_out(session, kept)


@router.post("/marks/{mark_id}/record")
def record_mark(caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID, mark_id: UUID) -> MarkOut:
    """The mark becomes a finding: the stored bytes are hashed now, and held from now on."""
    mark = marks.open_mark(session, assignment_id, mark_id, actor=caller.actor)
    if mark.end_ms is None:
        raise MalformedFinding(errors=[{"where": "end_ms", "code": "missing", "value": ""}])
    item = session.get_one(ReviewItem, mark.item_id)
    review = queries.assignment(session, assignment_id, inspector_id=caller.person())
    check_hash(bench(services), session.get_one(Recording, item.recording_id))
    found = findings.record(
        session,
        lesson_id=review.lesson_id,
        recording_id=item.recording_id,
        start_ms=mark.start_ms,
        end_ms=mark.end_ms,
        defect=DefectCode(mark.defect),
        severity=Severity(mark.severity),
        note=mark.note.strip(),
        assignment_id=review.id,
        hash_verified=True,
        holds=EvidenceHolds(services.buckets.evidence),
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    marks.became(session, mark, found.code, actor=caller.actor, clock=services.clock)
    return _mark_out(session, mark)


@router.post("/marks/{mark_id}/drop")
def drop_mark(body: Reason, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID, mark_id: UUID) -> MarkOut:
    """Nothing becomes of the mark, and why."""
    dropped = marks.drop(session, assignment_id, mark_id, reason=body.reason, actor=caller.actor, clock=services.clock)
    return _mark_out(session, dropped)


@router.post("/stills", status_code=status.HTTP_201_CREATED)
def take_still(body: NewStill, caller: StillViewer, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> StillOut:
    """Cut the frame shown at `at_ms` out of the stored object, not out of the copy on the screen."""
    mark = marks.open_mark(session, assignment_id, body.mark, actor=caller.actor)
    item = marks.item_of(session, assignment_id, body.item_id)
    known = stills.known(session, assignment_id, body.id)
    if known is not None:
        return _still_out(known, mark.client_id)
    recording = session.get_one(Recording, item.recording_id)
    cut = exact_still(services, session, caller, recording, body.at_ms, purpose="still of a spot check", case_ref=viewing.purpose_of(assignment_id))
    picture = stills.Picture(cut.at_ms, cut.jpeg, cut.veiled)
    kept = stills.keep(session, mark, item, picture, client_id=body.id, actor=caller.actor, clock=services.clock)
    return _still_out(kept, mark.client_id)


@router.get("/stills/{still_id}.jpg")
def show_still(caller: StillViewer, session: SessionDep, services: ServicesDep, assignment_id: UUID, still_id: UUID) -> Response:
    """A still of my own review, its faces blurred; the case file keeps the original."""
    kept = stills.still(session, assignment_id, still_id, inspector_id=caller.person())
    recording = session.get_one(Recording, session.get_one(ReviewItem, kept.item_id).recording_id)
    shown = Shown(recording.id, recording.institution_id, start_ms=kept.at_ms, end_ms=kept.at_ms + 1)
    record_view(services, caller, shown, kind=ViewKind.STILL, purpose="still of a spot check", case_ref=viewing.purpose_of(assignment_id))
    return Response(kept.veiled, media_type="image/jpeg", headers={"Cache-Control": "no-store", "Content-Disposition": "inline"})


@router.get("/answers")
def list_answers(caller: Inspector, session: SessionDep, assignment_id: UUID) -> list[QuestionOut]:
    """The checklist of this review in its order, with my answers."""
    return questions_out(session, queries.assignment(session, assignment_id, inspector_id=caller.person()))


@router.put("/answers/{item}")
def save_answer(
    body: NewAnswer,
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    item: Annotated[str, Path(max_length=40)],
) -> AnswerOut:
    """Keep an answer as ticked; the highest sequence stands."""
    given = Given(body.answer, body.note.strip())
    return answer_out(answers.save(session, assignment_id, item, given, sequence=body.sequence, actor=caller.actor, clock=services.clock))


def marks_out(session: Session, assignment_id: UUID) -> list[MarkOut]:
    """Every mark of a review with its stills."""
    return [_mark_out(session, row) for row in marks.marks(session, assignment_id)]


def questions_out(session: Session, review: ReviewAssignment) -> list[QuestionOut]:
    """The checklist of a review with what stands."""
    stands = answers.of_review(session, review.id)
    return [
        QuestionOut(
            item=one.code,
            clause=one.clause,
            zh=one.zh,
            en=one.en,
            kinds=[kind.value for kind in one.kinds],
            required=one.required,
            answer=answer_out(stands[one.code]) if one.code in stands else None,
        )
        for one in answers.asked(session, review)
    ]


def answer_out(row: ReviewAnswer) -> AnswerOut:
    return AnswerOut(item=row.item, answer=row.answer.value, note=row.note, sequence=row.sequence, saved_at=local_instant(row.saved_at))


def _mark_out(session: Session, row: ReviewMark) -> MarkOut:
    item = session.get_one(ReviewItem, row.item_id)
    return MarkOut(
        id=row.client_id,
        item_id=row.item_id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        starts_at=local_instant(marks.wall_at(item, row.start_ms)),
        ends_at=local_instant(marks.wall_at(item, row.end_ms)) if row.end_ms is not None else None,
        defect=row.defect,
        clause=DEFECTS[DefectCode(row.defect)].clause,
        severity=row.severity,
        note=row.note,
        sequence=row.sequence,
        state=row.state.value,
        finding=row.finding,
        dropped_reason=row.dropped_reason,
        saved_at=local_instant(row.saved_at),
        stills=[_still_out(one, row.client_id) for one in stills.of_review(session, row.assignment_id, row.id)],
    )


def _still_out(row: ReviewStill, mark: UUID) -> StillOut:
    return StillOut(
        id=row.id,
        client_id=row.client_id,
        mark=mark,
        at_ms=row.at_ms,
        wall_at=local_instant(row.wall_at),
        sha256=row.sha256.hex(),
        footage_sha256=row.footage_sha256.hex(),
        url=f"/api/v1/assignments/{row.assignment_id}/stills/{row.id}.jpg",
    )
