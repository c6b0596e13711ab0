"""Exit cases as pages: "Would this survive reconsideration?" Duties and clocks first; the sheet, the evidence, due process, papers. UI.md; 2.3.5."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.exit_bundle import bundle
from api.exits import ExitTools
from api.http.paging import Key, page
from api.http.problem import Problem
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.exit.acts import CHECKS, EFFECTS, FATES, GROUNDS, KINDS, MOVES, TURNS, acts
from api.pages.findings.acts import PARTIES
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import display_name, namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.papers.exit_letter import render_letter
from compliance.exit import queries, remedies
from compliance.exit.clocks import earliest_hearing
from compliance.exit.letters import WORDS
from compliance.exit.lifecycle import BEFORE_NOTICE, ExitState
from compliance.exit.models import ChallengeKind, ExitCase, SheetKind
from compliance.exit.rules import LEGAL_CHECKS, READMISSION_CHECKS, Trigger
from compliance.exit.successor_facts import successor_links
from compliance.exit.successors import SuccessorRule
from compliance.papers import service as papers
from compliance.papers.models import CasePaper
from storage.kernel.canonical import canonical_json
from storage.kernel.errors import NotFound
from storage.ledger import history
from supervision.findings.rules import DEFECTS
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR} | INSTITUTION)]
Insider = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR})]
Clerk = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR})]
Code = Annotated[str, Path(max_length=40)]  # one that is no code is not found, as another institution's is
COLUMNS = (
    Column("code", N_("Case")),
    Column("institution", N_("Institution")),
    Column("ground", N_("Ground")),
    Column("state", N_("State")),
)
SHEET = (N_("Case"), N_("Institution"), N_("Ground"), N_("Year"), N_("State"))
CHALLENGES = {ChallengeKind.RECONSIDERATION: N_("Reconsideration"), ChallengeKind.LITIGATION: N_("Litigation")}
WHY = {
    "employed": N_("employed"), "no-evidence": N_("no evidence"), "not-verified": N_("evidence not verified"),
    "after-the-window": N_("after the window"), "not-completed": N_("not completed"), "not-passed": N_("not passed"),
    "enterprise-employee": N_("employee of an enterprise, not counted"),
}  # fmt: skip
DENOMINATORS = {"enrolled": N_("everybody on the roster"), "completed": N_("who completed"), "passed": N_("who passed")}
REASONS = {
    "batches": N_("batches in a short time"),
    "findings": N_("standing findings"),
    "complaints": N_("substantiated complaints"),
    "pass-rate": N_("share of passes (per mille)"),
}
SHOWN_LINES = 500


@router.get("/exit")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """What waits with its clock, then every case, newest first."""
    own = caller.tenant() if caller.role in INSTITUTION else None
    listing = Listing.of(request, COLUMNS, sort="-code", filters=("state", "ground"), exports=(CSV,))
    query = select(ExitCase).join(Institution, Institution.id == ExitCase.institution_id)
    if own is not None:
        query = query.where(ExitCase.institution_id == own, ExitCase.noticed_at.is_not(None))
    if listing.filters.get("state") in set(ExitState):
        query = query.where(ExitCase.state == ExitState(listing.filters["state"]))
    if listing.filters.get("ground") in set(Trigger):
        query = query.where(ExitCase.trigger == Trigger(listing.filters["ground"]))
    if listing.q:
        query = query.where(ExitCase.code.icontains(listing.q, autoescape=True) | Institution.name.icontains(listing.q, autoescape=True))
    keys = [Key(ExitCase.detected_at, descending=True), Key(ExitCase.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    if export == CSV:
        return _sheet(request, session, found.items)
    now, _ = services.clock.now_at(), translator(request)
    clocks = ExitTools(services, caller).clocks
    waiting = [
        (row, turn, turn.is_late(now))
        for row in queries.to_do(session)
        if (own is None or row.institution_id == own) and (turn := queries.turn_of(session, row, clocks, now)) is not None
    ]
    ids = {row.institution_id for row in (*found.items, *(one[0] for one in waiting))}
    names = {row.id: row.name for row in session.execute(select(Institution.id, Institution.name).where(Institution.id.in_(ids)))}
    return render(
        request,
        "exit/list.html",
        **show_navigation(request, caller, "exit"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=[(row, names[row.institution_id]) for row in found.items],
        waiting=[(row, names[row.institution_id], _(TURNS[turn.act]), turn.until, late) for row, turn, late in waiting],
        grounds={ground.value: _(word) for ground, word in GROUNDS.items()},
        states=[(s.value, _(LABELS[ExitCase.MACHINE][s.value].word)) for s in ExitState if own is None or s not in BEFORE_NOTICE],
        own=own is not None,
        successors=0 if own else len(successor_links(session, services.policy.read(SuccessorRule, services.clock.today_on()))),
        may_enter=caller.role in OFFICERS,
    )


def _sheet(request: Request, session: Session, rows: Sequence[ExitCase]) -> Response:
    _, ids = translator(request), {row.institution_id for row in rows}
    names = {row.id: row.name for row in session.execute(select(Institution.id, Institution.name).where(Institution.id.in_(ids)))}
    lines = [
        [row.code, names[row.institution_id], _(GROUNDS[row.trigger]), row.year, state_word(request, ExitCase.MACHINE, row.state.value)]
        for row in rows
    ]
    return sheet(request, "exit-cases", SHEET, lines)


@router.get("/exit/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """One case."""
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
    """The page of one case, with what was typed when an act was refused."""
    own = caller.role in INSTITUTION
    row = queries.case(session, code, institution_id=caller.tenant() if own else None)
    _, language, now, tools = translator(request), choose_language(request), services.clock.now_at(), ExitTools(services, caller)
    turn = queries.turn_of(session, row, tools.clocks, now)
    given = [p for p in papers.of_case(session, row.id) if queries.may_read(row, p, own=own)]
    moves = [m for m in history.timeline(session, ExitCase.MACHINE, row.id) if not own or m.tenant_id is not None]
    named = namer(session, moves, language)
    again = queries.sheet(session, row.id, SheetKind.AGAIN)
    proposal = papers.last(session, row.id, "proposal") if not own else None
    return render(
        request,
        "exit/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "exit"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        ground=_(GROUNDS[row.trigger]),
        effects={effect.value: _(word) for effect, word in EFFECTS.items()},
        fates={key: _(word) for key, word in FATES.items()},
        turn=turn,
        turn_text=_(TURNS[turn.act]) if turn else "",
        party=_(PARTIES[turn.party]) if turn else "",
        late=turn is not None and turn.is_late(now),
        acts=acts(row, caller.role, caller.account_id, now, services.clock.today_on()),
        sheet=queries.sheet(session, row.id),
        again=again if row.served_at or not own else None,
        why={key: _(word) for key, word in WHY.items()},
        denominators={key: _(word) for key, word in DENOMINATORS.items()},
        reasons={key: _(word) for key, word in REASONS.items()},
        shown_lines=SHOWN_LINES,
        findings=queries.findings(session, row.id),
        defects=DEFECTS,
        steps=_steps(row, display_name(session, row.detected_by_id, row.detected_by), own=own),
        papers=given,
        kinds={key: _(word) for key, word in KINDS.items()},
        letters=WORDS,
        attached=queries.attachments(session, [p.id for p in given]),
        checks={key: _(word) for key, word in CHECKS.items()},
        legal_checks=LEGAL_CHECKS,
        readmission_checks=READMISSION_CHECKS,
        points=queries.points(session, row.id),
        proposal=proposal.content if proposal else None,
        challenges=queries.challenges(session, row.id),
        hearing=_hearing(given),
        earliest=earliest_hearing(now, tools.clocks) if row.state is ExitState.HEARING_REQUESTED else None,
        challenge_kinds={kind.value: _(word) for kind, word in CHALLENGES.items()},
        remedies=[(_(word), remedies.last_day(row, kind, tools.remedies)) for kind, word in CHALLENGES.items()],
        custody=[{"at": m.at, "title": _(MOVES[m.event]), "actor": named(m), "clause": m.clause, "text": m.reason} for m in moves],
        typed=typed or {},
        own=own,
        may_conclude=caller.role is Role.BUREAU_LEADER,
        problem=problem,
    )


def _hearing(given: Sequence[CasePaper]) -> dict[str, object] | None:
    """When, where and by whom the hearing is held, as its letter says."""
    told = next((paper.content for paper in given if paper.kind == "hearing-call"), None)
    return {"at": datetime.fromisoformat(told["hearing_at"]), "place": told["place"], "chair": told["chair"]} if told else None


def _steps(row: ExitCase, detected_by: str, *, own: bool) -> list[tuple[bool, str, str]]:
    """Due process as a list: done or not, what (message id), by whom; names of the bureau's people are the bureau's."""

    def who(name: str) -> str:
        return "" if own else name

    told = row.served_at is not None or not own
    return [
        (True, N_("Evidence frozen and hashed in the log"), who(detected_by)),
        (row.legal_officer_id is not None, N_("Legal review by somebody who did not investigate"), who(row.legal_officer)),
        (row.noticed_at is not None, N_("Facts, reasons, basis and rights told before deciding"), who(row.investigator)),
        (row.rechecked_by_id is not None and told, N_("Rechecked by a second official after the days for a statement"), who(row.rechecked_by)),
        (row.decided_at is not None and told, N_("Every point answered, decided by a named leader"), row.decided_by if told else ""),
        (row.served_at is not None, N_("Served, with remedies and the page on repair"), ""),
    ]


@router.get("/exit/{code}/sheet.json")
def sheet_file(caller: Reader, session: SessionDep, code: Code) -> Response:
    """The frozen sheet as the bytes that were hashed."""
    row = queries.case(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)
    found = queries.sheet(session, row.id)
    if found is None:
        raise NotFound(what="sheet", id=code)
    headers = {"Content-Disposition": f'attachment; filename="{code}-sheet.json"'}
    return Response(canonical_json(found.content), media_type="application/json", headers=headers)


@router.get("/exit/{code}/bundle.zip")
def case_file(caller: Insider, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """Everything of a case in one file, for whoever reviews it (2.3.5)."""
    row = queries.case(session, code)
    headers = {"Content-Disposition": f'attachment; filename="{code}.zip"'}
    return Response(bundle(session, row, bureau=services.settings.bureau_name), media_type="application/zip", headers=headers)


@router.get("/exit/{code}/papers/{paper_id}.pdf")
def letter(caller: Reader, session: SessionDep, services: ServicesDep, code: Code, paper_id: UUID) -> Response:
    """A letter of the bureau, to print."""
    row = queries.case(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)
    paper = queries.paper(session, row, paper_id)
    if paper.kind not in WORDS or not queries.may_read(row, paper, own=caller.role in INSTITUTION):
        raise NotFound(what="letter", id=str(paper_id))
    pdf = render_letter(paper.kind, paper.number, paper.content, bureau=services.settings.bureau_name, sha256=paper.sha256)
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{code}-{paper.kind}.pdf"'})


@router.get("/exit/{code}/papers/{paper_id}/files/{position}")
def attachment(caller: Reader, session: SessionDep, code: Code, paper_id: UUID, position: int) -> Response:
    """A document that came with a statement."""
    row = queries.case(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)
    found = queries.attachment(session, queries.paper(session, row, paper_id).id, position)
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    headers = {"Content-Disposition": f'attachment; filename="{code}-{position}.{ending}"'}
    return Response(found.data, media_type=found.media_type, headers=headers)


def institutions_of(session: Session) -> list[tuple[str, str]]:
    """Every institution for a choice in a form: (id, name)."""
    rows: Any = session.execute(select(Institution.id, Institution.code, Institution.name).order_by(Institution.code))  # Any: rows
    return [(str(row.id), f"{row.code} {row.name}") for row in rows]
