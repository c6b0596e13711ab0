"""The review room: what the draw gave me, and one item with player, lanes, marks and verdict. R55, R60; G17; UI.md."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import ViewKind
from api.auth.roles import REVIEWERS
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.inspectors import eligible_for, review_due
from api.locale.language import choose_language
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.reading import said_of
from api.pages.review.lanes import LANE
from api.pages.review.room_data import HOLES, RoomCamera, cameras_of, drawn_spans
from api.pages.review.room_lanes import room_lanes
from api.v1.review_room import MarkOut, QuestionOut, marks_out, questions_out
from api.wiring import FLAG_SOURCES
from storage.clips.models import ClipState
from storage.kernel.errors import DomainError
from storage.kernel.span import Span
from supervision.classes.models import Enrolment, Lesson, SignRecord, TrainingClass
from supervision.findings import queries as findings_q
from supervision.findings.rules import DEFECTS, Severity
from supervision.institutions.models import Room
from supervision.spotchecks import queries, signing
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.errors import ChecklistUnanswered
from supervision.spotchecks.flags import flags_of
from supervision.spotchecks.lifecycle import JUDGED, AssignmentState, Verdict
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(include_in_schema=False)
Inspector = Annotated[Caller, access(roles=REVIEWERS)]
Viewer = Annotated[Caller, access(roles=REVIEWERS, purpose=ViewKind.PLAY)]


@router.get("/review")
def list_page(request: Request, caller: Inspector, session: SessionDep) -> Response:
    """What the draw gave me."""
    mine = queries.assignments_of_inspector(session, caller.person(), states=tuple(AssignmentState))
    rows = [(a, sum(s.length_ms for s in queries.watched(session, a.id)) // 1000) for a in mine]
    return render(request, "review/list.html", **show_navigation(request, caller, "review"), rows=rows)


@router.get("/review/{assignment_id}")
def room(request: Request, caller: Viewer, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> Response:
    """The room. While the review is open its clips play; each opening is on record with its purpose."""
    return _room(request, caller, session, services, assignment_id)


def _room(
    request: Request, caller: Caller, session: Session, services: Services, assignment_id: UUID, *, refused: DomainError | None = None
) -> Response:
    row = queries.assignment(session, assignment_id, inspector_id=caller.person())
    items = queries.items(session, row.id)
    cameras = cameras_of(session, services, caller, row, items)
    lesson = session.get_one(Lesson, row.lesson_id)
    problem = problem_of(refused, request) if refused else None
    reviewing = row.state is AssignmentState.REVIEWING
    watched = queries.watched(session, row.id)
    found = findings_q.findings_of_assignment(session, row.id)
    kept = marks_out(session, row.id)
    signs = session.execute(select(SignRecord.signed_in_at, SignRecord.signed_out_at).where(SignRecord.lesson_id == lesson.id)).all()
    flags = flags_of(session, row, items, FLAG_SOURCES)
    axis, lanes = room_lanes(request, row, lesson, cameras, items, watched=watched, findings=found, marks=kept, signs=signs, flags=flags)
    questions = questions_out(session, row)
    playable = reviewing and any(piece.state == ClipState.READY for camera in cameras for piece in camera.pieces)
    missing = {str(error["where"]) for error in refused.facts["errors"]} if isinstance(refused, ChecklistUnanswered) else set()
    return render(
        request,
        "review/room.html",
        status_code=problem.status if problem else 200,
        modules=("room.js",) if playable else ("review.js",),
        styles=("css/review.css",),
        **show_navigation(request, caller, "review"),
        row=row,
        items=items,
        cameras=cameras,
        playable=playable,
        waiting=reviewing and not playable and any(piece.state in (ClipState.QUEUED, "none") for camera in cameras for piece in camera.pieces),
        failures=[piece.failure for camera in cameras for piece in camera.pieces if piece.state == ClipState.FAILED],
        lesson=lesson,
        trade=session.scalar(select(TrainingClass.trade).where(TrainingClass.id == lesson.class_id)),
        room_name=session.scalar(select(Room.name).where(Room.id == lesson.room_id)),
        enrolled=session.scalar(select(func.count()).where(Enrolment.class_id == lesson.class_id)) or 0,
        signed=len(signs),
        findings=found,
        apart=[one for one in found if one.code not in {mark.finding for mark in kept}],
        open_marks=sum(mark.state == "open" for mark in kept),
        watched_s=sum(s.length_ms for s in watched) // 1000,
        axis=axis,
        lanes=lanes,
        lane_height=LANE,
        flags=flags,
        judged=row.state in JUDGED,
        questions=questions,
        missing=missing,
        defects=list(DEFECTS.values()),
        severities=list(Severity),
        problem=problem,
        room_data=_data(request, caller, row, lesson, axis, items, cameras, kept, questions) if playable else None,
    )


def _data(
    request: Request,
    caller: Caller,
    row: ReviewAssignment,
    lesson: Lesson,
    axis: Span,
    items: Sequence[ReviewItem],
    cameras: Sequence[RoomCamera],
    kept: Sequence[MarkOut],
    questions: Sequence[QuestionOut],
) -> dict[str, Any]:  # Any: JSON
    """What the room's script works with."""
    _ = translator(request)
    return {
        "place": f"/api/v1/assignments/{row.id}",
        "axis": [queries.to_ms(axis.start_at), queries.to_ms(axis.end_at)],
        "drawn": [[queries.to_ms(span.start_at), queries.to_ms(span.end_at)] for span in drawn_spans(items)],
        "cameras": [camera.as_json() for camera in cameras],
        "why": {key: _(words) for key, words in HOLES.items()} | {"preparing": _("The clip is being prepared.")},
        "marks": [mark.model_dump(mode="json") for mark in kept],
        "answers": {one.item: one.answer.model_dump(mode="json") for one in questions if one.answer is not None},
        "defects": [
            {"code": one.code.value, "words": one.zh if choose_language(request) == "zh" else one.en, "clause": one.clause, "usual": one.usual.value}
            for one in DEFECTS.values()
        ],
        "required_s": row.required_watch_s,
        "viewer": f"{row.inspector_name} {caller.actor.name}",
        "case": f"{row.natural_id}",
    }


@router.post("/review/{assignment_id}/start")
def start(caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID) -> Response:
    """Begin the review."""
    spotchecks.start(session, assignment_id, actor=caller.actor, clock=services.clock)
    return RedirectResponse(f"/review/{assignment_id}", status_code=303)


@router.post("/review/{assignment_id}/verdict")
def verdict(
    request: Request,
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    verdict: Annotated[Verdict, Form()],
    note: Annotated[str, Form(), Most(4000)] = "",
) -> Response:
    """Sign the review off; refused below the required seconds, with open marks, and while the checklist is not complete."""
    try:
        with attempt(request, session):
            signing.sign(
                session,
                assignment_id,
                verdict=verdict,
                findings=findings_q.count_of_assignment(session, assignment_id),
                note=note.strip(),
                actor=caller.actor,
                clock=services.clock,
                events=services.events,
            )
    except DomainError as refused:
        return _room(request, caller, session, services, assignment_id, refused=refused)
    return RedirectResponse(f"/review/{assignment_id}", status_code=303)


@router.post("/review/{assignment_id}/recuse")
def recuse(
    request: Request,
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    reason: Annotated[str, Form(), Most(1000)] = "",
) -> Response:
    """回避: another inspector is drawn for the lesson."""
    queries.assignment(session, assignment_id, inspector_id=caller.person())
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    try:
        with attempt(request, session):
            spotchecks.recuse(
                session,
                assignment_id,
                reason=said_of(reason, "reason"),
                inspectors=eligible_for(session, services, assignment_id),
                rule=rule,
                due_at=review_due(services),
                actor=caller.actor,
                clock=services.clock,
                events=services.events,
            )
    except DomainError as refused:
        return _room(request, caller, session, services, assignment_id, refused=refused)
    return RedirectResponse("/review", status_code=303)
