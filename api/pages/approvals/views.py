"""Places and extensions as pages: "may we teach there, how long, who decides, until when?" R21–R23, R77–R79; 2.3.3; UI.md."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.approving import READERS, reader_of, rule_of
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.approvals.acts import KINDS, MOVES, PAPERS, PARTIES, TURNS, Standing, acts
from api.pages.approvals.forms import AsTyped
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.papers.approval_letter import render_approval_letter
from compliance.approvals import queries, service
from compliance.approvals.clocks import Turn, turn
from compliance.approvals.errors import MalformedApproval
from compliance.approvals.lifecycle import ApprovalState, LateState
from compliance.approvals.models import Approval, LateRequest
from compliance.approvals.rules import MICRODEGREES, ApprovalRule, Kind, Proof, aspects_of, is_right_decider, proofs_needed
from storage.kernel.errors import DomainError, NotFound
from storage.ledger import history
from supervision.institutions.models import Camera, Institution, Room

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=READERS)]
Applicant = Annotated[Caller, access(roles=INSTITUTION)]
COLUMNS = (
    Column("code", N_("Application")),
    Column("institution", N_("Institution")),
    Column("what", N_("What for")),
    Column("decider", N_("Deciding office")),
    Column("state", N_("State")),
    Column("turn", N_("Whose turn, until when")),
)
SHEET = (
    N_("Application"), N_("Institution"), N_("What for"), N_("Place"), N_("Training days"), N_("Deciding office"), N_("State"), N_("Next step"),
    N_("To be done before"),
)  # fmt: skip
PROOFS = {"fire": N_("Fire safety"), "food": N_("Food safety"), "building": N_("Building safety"), "other": N_("Other paper")}
FORM_NAMES: Final[Mapping[str, Mapping[str, str]]] = {  # act → field → what stands over it, where that is not what stands over it elsewhere
    "location": {
        "capacity": N_("Capacity, persons"), "from_on": N_("First day of use"), "until_on": N_("Last day of use"),
        "reason": N_("Why this place is needed"),
    },
    "extension": {"until_on": N_("New last day"), "classes": N_("Class")},
    "cameras": {"name": N_("Name of the camera"), "camera": N_("Camera of the room")},
    "proofs": {"files": N_("Documents and pictures")},
    "return": {"reason": N_("What is to be completed")},
    "visit": {"note": N_("What was seen")},
    "assess": {"note": N_("On what it rests"), "passed": N_("Result")},
    "refuse": {"reason": N_("Reasons")},
    "conditions-met": {"how": N_("How it was verified")},
    "announce-revocation": {"reason": N_("Facts and reasons")},
    "revoke": {"reason": N_("Reasons, and an answer to every point of the statement")},
    "view": {"said": N_("Statement")},
}  # fmt: skip
ANSWERS = {"yes": N_("in order"), "no": N_("not in order"), "na": N_("does not apply")}


@router.get("/approvals")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Newest first, each with its clock; filters by state, kind, institution."""
    own, _ = caller.role in INSTITUTION, translator(request)
    listing = Listing.of(request, COLUMNS, sort="-code", filters=("state", "kind") if own else ("state", "kind", "institution"), exports=(CSV,))
    query = queries.approvals(reader_of(caller)).join(Institution, Institution.id == Approval.institution_id)
    if listing.filters.get("state") in set(ApprovalState):
        query = query.where(Approval.state == ApprovalState(listing.filters["state"]))
    if listing.filters.get("kind") in set(Kind):
        query = query.where(Approval.kind == Kind(listing.filters["kind"]))
    if listing.filters.get("institution"):
        query = query.where(Institution.code == listing.filters["institution"])
    if listing.q:
        query = query.where(Approval.code.icontains(listing.q, autoescape=True) | Institution.name.icontains(listing.q, autoescape=True))
    keys = [Key(Approval.created_at, descending=True), Key(Approval.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    rule, now = rule_of(services), services.clock.now_at()
    named = session.execute(select(Institution.id, Institution.name).where(Institution.id.in_({row.institution_id for row in found.items})))
    names = {institution_id: name for institution_id, name in named}  # noqa: C416 - Row is not a pair for mypy
    turns = [_turn(row, rule, services) for row in found.items]
    if export == CSV:
        return _sheet(request, list(zip(found.items, turns, strict=True)), names)
    return render(
        request,
        "approvals/list.html",
        **show_navigation(request, caller, "approvals"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=[(row, awaited, awaited is not None and awaited.is_late(now)) for row, awaited in zip(found.items, turns, strict=True)],
        names=names,
        institutions=None if own else session.execute(select(Institution.code, Institution.name).order_by(Institution.code)).all(),
        states=[(s.value, _(LABELS["approval"][s.value].word)) for s in ApprovalState],
        kinds={key: _(word) for key, word in KINDS.items()},
        turns={key: _(word) for key, word in TURNS.items()},
        parties={key: _(word) for key, word in PARTIES.items()},
        own=own,
    )


def _sheet(request: Request, rows: Sequence[tuple[Approval, Turn | None]], names: Mapping[UUID, str]) -> Response:
    _ = translator(request)
    parties = {party.value: _(word) for party, word in PARTIES.items()}
    lines = [
        [
            row.code,
            names[row.institution_id],
            _(KINDS[row.kind.value]),
            f"{row.address or ''} {row.room_name or ''}".strip() if row.kind is Kind.LOCATION else "",
            row.days if row.kind is Kind.EXTENSION else None,
            row.department or parties[row.decider.value],
            state_word(request, "approval", row.state.value),
            _(TURNS[awaited.act]) if awaited else "",
            awaited.until if awaited else None,
        ]
        for row, awaited in rows
    ]
    return sheet(request, "approvals", SHEET, lines)


@router.get("/approvals/new")
def new_page(
    request: Request, caller: Applicant, session: SessionDep, services: ServicesDep, kind: Annotated[Kind, Query()] = Kind.LOCATION
) -> Response:
    """The empty form of a place or an extension."""
    return _new(request, caller, session, services, kind)


def _new(
    request: Request, caller: Caller, session: Session, services: Services, kind: Kind, *, problem: Problem | None = None, typed: object = None
) -> Response:
    return render(
        request,
        "approvals/new.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "approvals"),
        kind=kind.value,
        kinds={key: translator(request)(word) for key, word in KINDS.items()},
        classes=service.offered_classes(session, caller.tenant(), kind, services.clock.today_on()),
        rooms=_choices(service.offered_rooms(session, caller.tenant())),
        rule=rule_of(services),
        problem=problem,
        names={name: translator(request)(word) for name, word in FORM_NAMES[kind.value].items()},
        typed=typed or {},
    )


@router.post("/approvals/new")
def begin(request: Request, caller: Applicant, session: SessionDep, services: ServicesDep, typed: AsTyped) -> Response:
    """Save a new draft."""
    try:
        with attempt(request, session):
            owner = session.get_one(Institution, caller.tenant())
            row = service.start(session, owner, typed.draft(), actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        kind = typed.kind or Kind.LOCATION
        return _new(request, caller, session, services, kind, problem=problem_of(refused, request), typed=typed.shown())
    return RedirectResponse(f"/approvals/{row.code}", status_code=303)


@router.get("/approvals/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """One application with its clock, papers and what may be done now."""
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
    act: str = "",
) -> Response:
    """The page of one application, with what was typed when `act` was refused, its fields named as they are in that form."""
    row = queries.approval(session, code, reader_of(caller))
    own, rule, now = caller.role in INSTITUTION, rule_of(services), services.clock.now_at()
    _, language = translator(request), choose_language(request)
    awaited, late = _turn(row, rule, services), queries.late_request(session, row.id)
    papers = queries.papers(session, row.id, internal=not own)
    standing = _standing(row, caller, services, late)
    open_ = acts(standing, caller.role)
    classes = queries.classes_of(session, row.id)
    editing = "edit" in open_.open
    today = services.clock.today_on()
    moves = history.timeline(session, "approval", row.id)
    named = namer(session, moves, language)
    return render(
        request,
        "approvals/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "approvals"),
        row=row,
        kind=row.kind.value,
        kinds={key: _(word) for key, word in KINDS.items()},
        institution=session.get_one(Institution, row.institution_id),
        classes_covered=classes,
        cameras=queries.cameras_of(session, row.id),
        room_cameras=_choices(session.scalars(select(Camera).where(Camera.room_id == row.room_id, Camera.active.is_(True))).all())
        if row.room_id
        else [],
        proofs={key: _(word) for key, word in PROOFS.items()},
        needed=[proof.value for proof in proofs_needed(serves_meals=row.serves_meals)],
        given={proof.value for proof in queries.proofs(session, row.id)},
        kinds_of_proof=[(proof.value, _(PROOFS[proof.value])) for proof in Proof],
        answers=[(key, _(word)) for key, word in ANSWERS.items()],
        answer_words={key: _(word) for key, word in ANSWERS.items()},
        safety_needed=len(aspects_of(row.kind)) > 1,
        turn=awaited,
        late_turn=awaited is not None and awaited.is_late(now),
        turn_text=_(TURNS[awaited.act]) if awaited else "",
        party=_(PARTIES[awaited.party]) if awaited else "",
        late=late,
        acts=open_,
        defects=_defects(request, service.defects(session, row, rule, now)) if editing else [],
        classes=service.offered_classes(session, row.institution_id, row.kind, today) if editing else [],
        rooms=_choices(service.offered_rooms(session, row.institution_id)) if editing else [],
        papers=papers,
        paper_kinds={key: _(word) for key, word in PAPERS.items()},
        attached=queries.attached(session, [one.id for one in papers]),
        custody=[
            {
                "at": m.at,
                "title": _(MOVES.get(m.event, m.event)),
                "actor": named(m),
                "clause": m.clause,
                "text": m.reason,
                "tone": LABELS["approval"][m.to_state].tone,
            }
            for m in moves
        ],
        own=own,
        rule=rule,
        problem=problem,
        names={name: _(word) for name, word in FORM_NAMES.get(act, FORM_NAMES[row.kind.value] if act in ("save", "submit") else {}).items()},
        draft_names={name: _(word) for name, word in FORM_NAMES[row.kind.value].items()},
        typed=typed or {},
        values=dict(typed or {}) if typed and "covers" in typed else _values(session, row, [one.code for one in classes]),
    )


@router.get("/approvals/{code}/papers/{paper_id}.pdf")
def letter(caller: Reader, session: SessionDep, services: ServicesDep, code: str, paper_id: UUID) -> Response:
    """A letter of the deciding office, to print."""
    row = queries.approval(session, code, reader_of(caller))
    found = queries.paper(session, row.id, paper_id, internal=caller.role not in INSTITUTION)
    if "facts" not in found.content:
        raise NotFound(what="letter", id=str(paper_id))
    pdf = render_approval_letter(found.number, found.content, bureau=services.settings.bureau_name, sha256=found.sha256)
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{code}-{found.kind}.pdf"'})


@router.get("/approvals/{code}/papers/{paper_id}/files/{position}")
def attachment(caller: Reader, session: SessionDep, code: str, paper_id: UUID, position: int) -> Response:
    """What came with a paper. Never shown inside a page of ours."""
    row = queries.approval(session, code, reader_of(caller))
    found = queries.attachment(session, queries.paper(session, row.id, paper_id, internal=caller.role not in INSTITUTION).id, position)
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    headers = {"Content-Disposition": f'attachment; filename="{code}-{position}.{ending}"'}
    return Response(found.data, media_type=found.media_type, headers=headers)


@router.get("/approvals/{code}/cameras/{camera_id}")
def reference_picture(caller: Reader, session: SessionDep, code: str, camera_id: UUID) -> Response:
    """The reference picture of one camera: an empty room, as it was handed in."""
    row = queries.approval(session, code, reader_of(caller))
    found = queries.picture(session, row.id, camera_id)
    return Response(found.data, media_type=found.media_type, headers={"Content-Disposition": "inline"})


def _choices(rows: Sequence[Room] | Sequence[Camera]) -> list[tuple[str, str]]:
    """For a select: code and what people call it."""
    return [(row.code, f"{row.code} · {row.name}") for row in rows]


def _turn(row: Approval, rule: ApprovalRule, services: Services) -> Turn | None:
    return turn(row.kind, row.decider, row.state, queries.times(row), rule, services.clock.now_at())


def _standing(row: Approval, caller: Caller, services: Services, late: LateRequest | None) -> Standing:
    mine = caller.account_id is not None and caller.account_id in (row.quality_by_id, row.safety_by_id)
    return Standing(
        kind=row.kind,
        state=row.state,
        right_decider=is_right_decider(queries.route_of(row), department=caller.only_department),
        quality_done=row.quality_by_id is not None,
        safety_done=row.safety_by_id is not None,
        passed=row.quality_passed is True and (row.kind is Kind.EXTENSION or row.safety_passed is True),
        mine=mine,
        revocation_announced=row.revocation_notice_at is not None,
        statement_open=row.statement_until is not None and services.clock.now_at() < row.statement_until and row.ended_at is None,
        announced_by_me=row.revocation_by_id is not None and row.revocation_by_id == caller.account_id,
        late_open=late is not None and late.state is LateState.PROPOSED,
    )


def _defects(request: Request, found: list[dict[str, object]]) -> list[Mapping[str, str]]:
    return list(problem_of(MalformedApproval(errors=found), request).errors)


def _values(session: Session, row: Approval, classes: list[str]) -> dict[str, object]:
    """The draft as the form shows it."""
    room = session.get(Room, row.room_id) if row.room_id else None
    return {
        "reason": row.reason,
        "classes": classes,
        "room": room.code if room else "",
        "address": row.address,
        "room_name": row.room_name,
        "capacity": row.capacity or "",
        "latitude": row.latitude_udeg / MICRODEGREES if row.latitude_udeg is not None else "",
        "longitude": row.longitude_udeg / MICRODEGREES if row.longitude_udeg is not None else "",
        "serves_meals": "on" if row.serves_meals else "",
        "covers": row.covers,
        "from_on": row.from_on.isoformat() if row.from_on else "",
        "until_on": row.until_on.isoformat() if row.until_on else "",
        "days": row.days or "",
    }
