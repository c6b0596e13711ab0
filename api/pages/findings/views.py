"""Findings as pages: "What is next, and who?" An institution sees its own from the notice on. domain.md 2.3.2; UI.md."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, INSTITUTION, ROLE_NAMES, Role
from api.evidence import verify_now
from api.holds import EvidenceHolds
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.findings.acts import KINDS, PARTIES, TURNS, acts
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.playback import open_playback
from api.v1.reviews import SecondLook
from storage.clips.models import ClipState
from storage.kernel import workdays
from storage.kernel.errors import DomainError
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.findings import evidence, footage, procedure, queries, reminders, settling
from supervision.findings import service as findings
from supervision.findings.clocks import ProcedureRule
from supervision.findings.lifecycle import INSTITUTION_SEES, FindingState
from supervision.findings.models import Audience, Finding, PaperKind
from supervision.findings.rules import DEFECTS, Severity
from supervision.footage import queries as footage_of
from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.visits.checklist import BY_CODE

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw reads no finding
Reader = Annotated[Caller, access(roles=OFFICE | INSTITUTION | {Role.AUDITOR})]
SecondViewer = Annotated[Caller, access(roles=OFFICE, purpose=ViewKind.PLAY)]
SEVERITIES = {"minor": N_("minor"), "general": N_("general"), "serious": N_("serious")}
COLUMNS = (
    Column("code", N_("Finding")),
    Column("institution", N_("Institution")),
    Column("defect", N_("Defect")),
    Column("severity", N_("Severity")),
    Column("state", N_("State")),
)
SHEET = (N_("Finding"), N_("Institution"), N_("Defect"), N_("Clause"), N_("Severity"), N_("State"), N_("Recorded"))
MOVES = {
    "record": N_("recorded"), "confirm": N_("confirmed by a second person"), "dispute": N_("disputed"), "adjudicate": N_("decided by a third person"),
    "reject": N_("rejected"), "notice": N_("notice served"), "void": N_("void"), "reply": N_("explained by the institution"),
    "object": N_("objection raised"), "uphold-objection": N_("objection upheld: withdrawn"),
    "overrule-objection": N_("objection answered: the finding stands"),
    "order-rectification": N_("rectification ordered"), "verify": N_("rectification verified"), "close": N_("closed"), "publish": N_("published"),
    "escalate": N_("became an exit case"), "request-review": N_("review requested"), "uphold-review": N_("review upheld: withdrawn"),
    "keep-result": N_("review decided: the result stands"),
}  # fmt: skip
GRADES = {"soon": N_("ends soon"), "late": N_("overdue"), "escalated": N_("long overdue")}
GRADE_KINDS = {"soon": "attention", "late": "bad", "escalated": "bad"}
AUDIENCES = {"institution": N_("institution"), "officer": N_("officer"), "leader": N_("leader")}
AUDIENCE_OF = {Role.BUREAU_OFFICER: Audience.OFFICER, Role.BUREAU_LEADER: Audience.LEADER}
OPEN = (FindingState.RECORDED, FindingState.DISPUTED)


@router.get("/findings")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Newest first; filters by state, severity, institution."""
    own = caller.role in INSTITUTION
    filters = ("state", "severity") if own else ("state", "severity", "institution")
    listing = Listing.of(request, COLUMNS, sort="-code", filters=filters, exports=(CSV,))
    query = select(Finding).join(Institution, Institution.id == Finding.institution_id)
    if caller.role in INSTITUTION:
        query = query.where(Finding.institution_id == caller.tenant(), Finding.state.in_(INSTITUTION_SEES))
    if listing.filters.get("state") in set(FindingState):
        query = query.where(Finding.state == FindingState(listing.filters["state"]))
    if listing.filters.get("severity") in set(Severity):
        query = query.where(Finding.severity == Severity(listing.filters["severity"]))
    if listing.filters.get("institution"):
        query = query.where(Institution.code == listing.filters["institution"])
    if listing.q:
        query = query.where(Finding.code.icontains(listing.q, autoescape=True) | Institution.name.icontains(listing.q, autoescape=True))
    keys = [Key(Finding.recorded_at, descending=True), Key(Finding.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    names = _names(session, {row.institution_id for row in found.items})
    if export == CSV:
        return _sheet(request, found.items, names)
    _ = translator(request)
    states = INSTITUTION_SEES if own else tuple(FindingState)
    audience = Audience.INSTITUTION if own else AUDIENCE_OF.get(caller.role) if caller.role else None
    today = services.clock.today_on()
    rule = services.policy.read(ProcedureRule, today)
    pressing = reminders.standing(session, audience, rule, services.clock) if audience else []
    return render(
        request,
        "findings/list.html",
        **show_navigation(request, caller, "findings"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=[(row, names[row.institution_id]) for row in found.items],
        institutions=None if own else session.execute(select(Institution.code, Institution.name).order_by(Institution.code)).all(),
        unknown_year=next((year for year in (today.year, (today + timedelta(days=45)).year) if not own and not workdays.is_published(year)), None),
        pressing=[(row, GRADE_KINDS[one.grade], _(GRADES[one.grade]), _(TURNS[awaited.act]), awaited.until) for row, one, awaited in pressing],
        defects=DEFECTS,
        severities={key: _(word) for key, word in SEVERITIES.items()},
        states=[(s.value, _(LABELS["finding"][s.value].word)) for s in states],
    )


def _sheet(request: Request, rows: Sequence[Finding], names: Mapping[UUID, str]) -> Response:
    _, language = translator(request), choose_language(request)
    lines = [
        [
            row.code,
            names[row.institution_id],
            DEFECTS[row.defect].zh if language == "zh" else DEFECTS[row.defect].en,
            row.clause,
            _(SEVERITIES[row.severity.value]),
            state_word(request, "finding", row.state.value),
            row.recorded_at,
        ]
        for row in rows
    ]
    return sheet(request, "findings", SHEET, lines)


def _names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    return {row.id: row.name for row in session.execute(select(Institution.id, Institution.name).where(Institution.id.in_(ids)))}


@router.get("/findings/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """One finding with its moves and what may be done now."""
    return show(request, caller, session, services, code)


def show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    code: str,
    *,
    problem: Problem | None = None,
    typed: Mapping[str, object] | None = None,
) -> Response:
    """The page of one finding, with what was typed when an act was refused."""
    own = caller.role in INSTITUTION
    row = queries.finding(session, code, institution_id=caller.tenant() if own else None)
    _, language = translator(request), choose_language(request)
    moves = list(history.timeline(session, "finding", row.id))
    if own:  # who looked, and what was argued before the notice, is the bureau's own affair
        moves = moves[next((i for i, m in enumerate(moves) if m.event == "notice"), len(moves)) :]
    named = namer(session, moves, language)
    now = services.clock.now_at()
    turn = procedure.turn_of(session, row, services.policy.read(ProcedureRule, services.clock.today_on()), now)
    papers = queries.papers(session, row.id)
    return render(
        request,
        "findings/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "findings"),
        row=row,
        lesson=session.get_one(Lesson, row.lesson_id),
        institution=session.get_one(Institution, row.institution_id),
        recording=session.get_one(Recording, row.recording_id) if row.recording_id else None,
        visit=None if own else evidence.visit_of(session, row),  # a visit is the bureau's; the letter cites what the institution may know
        question=BY_CODE[row.visit_item] if row.visit_item else None,
        photos=[] if own else evidence.photos_of(session, row),
        defect=DEFECTS[row.defect],
        severity=_(SEVERITIES[row.severity.value]),
        custody=[
            {
                "at": m.at,
                "title": _(MOVES.get(m.event, m.event)),
                "actor": named(m),
                "clause": m.clause,
                "text": m.reason,
            }
            for m in moves
        ],
        undecided=row.state in OPEN,
        why_not=_why_not(session, row, caller),
        turn=turn,
        late=turn is not None and turn.is_late(now),
        turn_text=_(TURNS[turn.act]) if turn else "",
        party=_(PARTIES[turn.party]) if turn else "",
        acts=acts(
            row.state,
            caller.role,
            turn,
            took_part=str(caller.account_id) in procedure.seen_by(session, row),
            may_request_review=procedure.may_request_review(session, row, now),
        ),
        papers=papers,
        kinds={key: _(word) for key, word in KINDS.items()},
        attached=queries.attachments(session, [p.id for p in papers]),
        points=next((p.content["points"] for p in reversed(papers) if p.kind in (PaperKind.OBJECTION, PaperKind.REVIEW_REQUEST)), []),
        reminders=list(queries.reminders(session, row.id, audience=Audience.INSTITUTION if own else None)),
        grades={key: _(word) for key, word in GRADES.items()},
        audiences={key: _(word) for key, word in AUDIENCES.items()},
        review_until=procedure.review_until(session, row) if procedure.may_request_review(session, row, now) else None,
        role_names={role.value: names[language] for role, names in ROLE_NAMES.items()},
        typed=typed or {},
        may_watch=caller.role in BUREAU and row.recording_id is not None,
        own=own,
        problem=problem,
    )


def _why_not(session: Session, row: Finding, caller: Caller) -> str:
    """Message id saying why this person cannot decide; empty when they can."""
    if row.state not in OPEN:
        return N_("It has been decided already.")
    if caller.role not in OFFICE:
        return N_("Only people of the bureau decide.")
    if not settling.decided_by_hand(session, row):
        return N_("It comes from a draw: blind looks confirm or reject it, nobody by hand.")
    if caller.account_id in (row.recorded_by_id, row.decided_by_id):
        return N_("You took part in it; another person must look a second time.")
    return ""


@router.post("/findings/{code}/footage")
def prepare_footage(caller: SecondLook, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """Ask for a copy of the marked stretch, so that a second person judges what they saw themselves."""
    footage.prepare(session, queries.finding(session, code), events=services.events, at=services.clock.now_at())
    return RedirectResponse(f"/findings/{code}/footage", status_code=303)


@router.get("/findings/{code}/footage")
def footage_page(request: Request, caller: SecondViewer, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """The marked stretch with some seconds around it. Each opening is on record with its purpose."""
    row = queries.finding(session, code)
    clip = footage.clip_of(session, row)
    opened = None
    if clip is not None and clip.state is ClipState.READY:
        opened = open_playback(services, caller, clip.id, purpose="second look", case_ref=row.code)
    stretch = evidence.marked(row)
    into_ms = stretch.start_ms - clip.start_ms + (clip.offset_ms or 0) if clip and stretch else 0
    return render(
        request,
        "findings/footage.html",
        modules=("player.js", "review.js"),
        styles=("css/review.css",),
        **show_navigation(request, caller, "findings"),
        row=row,
        defect=DEFECTS[row.defect],
        severity=translator(request)(SEVERITIES[row.severity.value]),
        lesson=session.get_one(Lesson, row.lesson_id),
        clip=clip,
        opened=opened,
        into_ms=into_ms,
        frame_ms=footage_of.frame_lengths_ms(session, {stretch.recording_id})[stretch.recording_id] if stretch else 0,
        starts_at=row.span.lower - timedelta(milliseconds=into_ms) if row.span.lower else row.recorded_at,
    )


@router.post("/findings/{code}/confirm")
def confirm(request: Request, caller: SecondLook, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """A second person agrees; the stored bytes are hashed again."""
    try:
        with attempt(request, session):
            verify_now(services, session, queries.finding(session, code))
            findings.confirm(session, code, hash_verified=True, actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return show(request, caller, session, services, code, problem=problem_of(refused, request))
    return RedirectResponse(f"/findings/{code}", status_code=303)


@router.post("/findings/{code}/reject")
def reject(
    request: Request, caller: SecondLook, session: SessionDep, services: ServicesDep, code: str, reason: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """A second person sees no defect, and says why."""
    try:
        with attempt(request, session):
            findings.reject(session, code, reason=reason, holds=EvidenceHolds(services.buckets.evidence), actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return show(request, caller, session, services, code, problem=problem_of(refused, request))
    return RedirectResponse(f"/findings/{code}", status_code=303)
