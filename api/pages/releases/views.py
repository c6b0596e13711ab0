"""Originals, unblurred, as a step somebody else approves: the inspector's page beside the review, and the list of who decides. domain.md 2.3.2."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import ViewKind
from api.auth.roles import OFFICERS, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.formats import lesson_text, parse_position_ms
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.reading import said_of
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.playback import Opened, open_playback
from storage.clips.models import Clip, ClipState
from storage.kernel.errors import DomainError, NotFound
from supervision.footage.queries import frame_lengths_ms
from supervision.institutions.models import Camera, Institution
from supervision.releases import queries
from supervision.releases import service as releases
from supervision.releases.errors import MalformedRelease
from supervision.releases.lifecycle import ReleaseState
from supervision.releases.models import FootageRelease
from supervision.releases.rules import ReleaseRule
from supervision.spotchecks import queries as reviews
from supervision.spotchecks.errors import ReviewItemNotFound
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.models import ReviewItem

router = APIRouter(include_in_schema=False)
Decider = Annotated[Caller, access(roles=OFFICERS)]
Inspector = Annotated[Caller, access(roles={Role.INSPECTOR})]
InspectorPlays = Annotated[Caller, access(roles={Role.INSPECTOR}, purpose=ViewKind.PLAY)]
PAGE_ROWS = 50
SHEET = (N_("Lesson"), N_("Asked by"), N_("Asked"), N_("Reason"), N_("Decided by"), N_("Decision"), N_("Open until"), N_("State"))


@router.get("/releases")
def list_page(request: Request, caller: Decider, session: SessionDep, before: Annotated[UUID | None, Query()] = None, export: str = "") -> Response:
    """What waits for a decision, and what was decided."""
    if export == CSV:
        return _sheet(request, session)
    return _list(request, caller, session, before=before)


def _sheet(request: Request, session: Session) -> Response:
    """What was decided."""
    _, language, rows = translator(request), choose_language(request), queries.decided(session, limit=rows_of(CSV))
    lines = [
        [
            lesson_text(row.natural_id, language),
            row.asker_name,
            row.asked_at,
            row.reason,
            row.decider_name,
            row.decision_note,
            row.open_until_at,
            state_word(request, "footage-release", row.state.value),
        ]
        for row in rows
    ]
    return sheet(request, "releases", SHEET, lines)


def _list(request: Request, caller: Caller, session: Session, *, before: UUID | None = None, refused: DomainError | None = None) -> Response:
    waiting, done = queries.to_decide(session), queries.decided(session, before=before, limit=PAGE_ROWS)
    names = session.execute(select(Institution.id, Institution.name).where(Institution.id.in_({r.institution_id for r in (*waiting, *done)})))
    problem = problem_of(refused, request) if refused else None
    return render(
        request,
        "releases/list.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "releases"),
        waiting=waiting,
        done=done,
        institutions={institution_id: name for institution_id, name in names},  # noqa: C416 - Row is not a pair for mypy
        more=done[-1].id if len(done) == PAGE_ROWS else None,
        may_decide=caller.role in OFFICERS,
        me=caller.account_id,
        problem=problem,
    )


@router.post("/releases/{release_id}/approve")
def approve(
    request: Request, caller: Decider, session: SessionDep, services: ServicesDep, release_id: UUID, note: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """Agree: the stretch is cut and open to the one who asked, for some hours."""
    rule = services.policy.read(ReleaseRule, services.clock.today_on())
    try:
        with attempt(request, session):
            releases.approve(session, release_id, note=note, rule=rule, actor=caller.actor, clock=services.clock, events=services.events)
    except NotFound:
        raise
    except DomainError as refused:
        return _list(request, caller, session, refused=refused)
    return RedirectResponse("/releases", status_code=303)


@router.post("/releases/{release_id}/refuse")
def refuse(
    request: Request, caller: Decider, session: SessionDep, services: ServicesDep, release_id: UUID, note: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """Refuse, with a reason."""
    try:
        with attempt(request, session):
            releases.refuse(session, release_id, note=note, actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _list(request, caller, session, refused=refused)
    return RedirectResponse("/releases", status_code=303)


@router.get("/review/{assignment_id}/release")
def ask_page(
    request: Request, caller: Inspector, session: SessionDep, services: ServicesDep, assignment_id: UUID, item: Annotated[int, Query(ge=1)] = 1
) -> Response:
    """My requests for one item, and the form for another."""
    return _mine(request, caller, session, services, assignment_id, item)


@router.post("/review/{assignment_id}/release")
def ask(
    request: Request,
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    item: Annotated[int, Form(ge=1)] = 1,
    start: Annotated[str, Form(), Most(20)] = "",
    end: Annotated[str, Form(), Most(20)] = "",
    reason: Annotated[str, Form(), Most(2000)] = "",
) -> Response:
    """Ask for a stretch; `start` and `end` are positions in the clip."""
    shown = _item(session, caller, assignment_id, item)
    first, last = parse_position_ms(start), parse_position_ms(end)
    rule = services.policy.read(ReleaseRule, services.clock.today_on())
    try:
        if first is None or last is None:
            raise MalformedRelease(errors=[{"where": "span", "code": "malformed", "value": f"{start} – {end}"}])
        with attempt(request, session):
            releases.ask(
                session,
                assignment_id,
                item,
                start_ms=shown.media_start_ms + first,
                end_ms=shown.media_start_ms + last,
                reason=reason,
                rule=rule,
                actor=caller.actor,
                clock=services.clock,
            )
    except NotFound:
        raise
    except DomainError as refused:
        typed = {"start": start, "end": end, "reason": reason}
        return _mine(request, caller, session, services, assignment_id, item, refused=refused, typed=typed)
    return RedirectResponse(f"/review/{assignment_id}/release?item={item}", status_code=303)


@router.post("/review/{assignment_id}/release/{release_id}/open")
def open_original(
    request: Request,
    caller: InspectorPlays,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    release_id: UUID,
    purpose: Annotated[str, Form(), Most(300)] = "",
) -> Response:
    """Play what was approved; each opening is on record with its purpose and the request it rests on."""
    row = releases.open_release(session, release_id, actor=caller.actor, clock=services.clock)
    if row.assignment_id != assignment_id or row.clip_id is None:
        raise NotFound(what="release", id=str(release_id))
    shown = next(i for i in reviews.items(session, assignment_id) if i.id == row.item_id)
    try:
        with attempt(request, session):
            why = said_of(purpose, "purpose")
    except DomainError as refused:
        return _mine(request, caller, session, services, assignment_id, shown.position, refused=refused)
    opened = open_playback(services, caller, row.clip_id, purpose=why, case_ref=queries.purpose_of(row.id), until=row.open_until_at)
    return _mine(request, caller, session, services, assignment_id, shown.position, opened=opened)


def _mine(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    assignment_id: UUID,
    position: int,
    *,
    refused: DomainError | None = None,
    typed: dict[str, str] | None = None,
    opened: Opened | None = None,
) -> Response:
    shown = _item(session, caller, assignment_id, position)
    assignment = reviews.assignment(session, assignment_id, inspector_id=caller.person())
    rows = [r for r in queries.of_assignment(session, assignment_id) if r.item_id == shown.id]
    live = next((r for r in rows if r.state in (ReleaseState.REQUESTED, ReleaseState.APPROVED)), None)
    problem = problem_of(refused, request) if refused else None
    return render(
        request,
        "releases/mine.html",
        status_code=problem.status if problem else 200,
        modules=("player.js", "review.js"),
        **show_navigation(request, caller, "review"),
        assignment=assignment,
        position=position,
        item=shown,
        camera=session.scalar(select(Camera.code).where(Camera.id == shown.camera_id)),
        rows=rows,
        live=live,
        cutting=_is_cutting(session, live),
        may_ask=live is None and assignment.state is AssignmentState.REVIEWING,
        rule=services.policy.read(ReleaseRule, services.clock.today_on()),
        opened=opened,
        frame_ms=frame_lengths_ms(session, {shown.recording_id})[shown.recording_id],
        problem=problem,
        typed=typed or {},
    )


def _is_cutting(session: Session, row: FootageRelease | None) -> bool:
    clip = session.get(Clip, row.clip_id) if row is not None and row.clip_id is not None else None
    return clip is not None and clip.state is ClipState.QUEUED


def _item(session: Session, caller: Caller, assignment_id: UUID, position: int) -> ReviewItem:
    """Raises: AssignmentNotFound, ReviewItemNotFound."""
    assignment = reviews.assignment(session, assignment_id, inspector_id=caller.person())
    found = next((i for i in reviews.items(session, assignment.id) if i.position == position), None)
    if found is None:
        raise ReviewItemNotFound(item=str(position))
    return found
