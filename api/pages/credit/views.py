"""Credit as pages: the year's cycle, one rating ("Why this tier, and what would change it?"), one institution's standing. R61–R67; UI.md."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, Role
from api.http.problem import Problem
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.credit import pictures
from api.pages.credit.acts_open import TURNS, rating_acts
from api.pages.credit.desk import AtDesk, Desk, Insider, Reader
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.papers.credit_letter import render_credit_letter
from compliance.papers import service as papers
from compliance.papers.models import CaseAttachment, CasePaper
from compliance.rating import clocks, events, evidence, inputs, letters, queries
from compliance.rating.evidence import Told
from compliance.rating.lifecycle import INSTITUTION_SEES, RatingState
from compliance.rating.models import Rating
from compliance.rating.papers import took_part
from compliance.rating.rules import Grade, rate
from compliance.rating.what_if import Step, best_steps
from compliance.rating.words import percent, reason_text
from storage.kernel.errors import NotFound
from storage.ledger import history
from supervision.findings.clocks import Party
from supervision.institutions import restrictions
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
STYLES = ("css/credit.css",)
PARTIES = {Party.BUREAU: N_("bureau"), Party.INSTITUTION: N_("institution")}
MOVES = {
    "open": N_("begun"), "collect": N_("collection begun"), "freeze": N_("inputs frozen"), "score": N_("scored"), "check": N_("checked: preliminary"),
    "reopen": N_("back to collecting"), "notice": N_("notice served"), "object": N_("objection raised"), "answer": N_("objection answered"),
    "waive": N_("no objection: declared by the head"), "finalise": N_("decided and in force"),
    "finish-repair": N_("computed again because an item ended: in force"), "publish": N_("published"),
    "supersede": N_("superseded"), "void": N_("void"),
}  # fmt: skip
KINDS = {
    "rating-notice": N_("Notice of the preliminary rating"), "rating-objection": N_("Objection to the rating"),
    "rating-waiver": N_("Declaration of no objection"),
    "rating-answer": N_("Answer to the objection to the rating"),
    "rating-decision": N_("Decision of the rating"), "item-letter": N_("Letter on an information item"), "item-statement": N_("Statement"),
    "item-waiver": N_("Declaration of no statement"),
    "item-decision": N_("Decision on an information item"), "repair-application": N_("Application for repair"),
    "repair-acceptance": N_("Acceptance of the application"), "repair-return": N_("Application returned"), "repair-decision": N_("Repair granted"),
    "repair-refusal": N_("Repair refused"), "repair-revocation": N_("Repair revoked"),
}  # fmt: skip
STEPS = {
    "finding": N_("Rectify the finding and have it verified"), "item": N_("Have the information item repaired"),
    "startup": N_("Show a start-up success of the class"), "coverage": N_("Prove or explain what is not on tape"),
    "employment": N_("File evidence of employment"), "task": N_("Complete the task"), "sign-in": N_("Complete sign-ins and sign-outs"),
    "roster": N_("Complete the roster"), "archive": N_("Register every end of course"), "quality": N_("Improve in the quality evaluation"),
}  # fmt: skip
SHEET = (N_("Rating"), N_("Institution"), N_("Tier"), N_("Points"), N_("State"))
SELECTION_SHEET = (N_("Order"), N_("Code"), N_("Institution"), N_("Tier"), N_("Points"), N_("Persons in new tasks of a year, at most"))
NO_LIMIT = N_("no limit")
BULK = ("freeze", "check", "notice")
FROM = {"freeze": RatingState.COLLECTING, "check": RatingState.SCORED, "notice": RatingState.PRELIMINARY}


@router.get("/credit")
def cycle_page(caller: Reader, desk: AtDesk, year: Annotated[int, Query(ge=2000, le=2999)] = 0, after: str = "", export: str = "") -> Response:
    """The cycle of a year; an institution goes to its own standing."""
    if caller.role in INSTITUTION:
        own = desk.session.get_one(Institution, caller.tenant())
        return RedirectResponse(f"/credit/institutions/{own.code}", status_code=303)
    return _cycle_sheet(desk, year) if export == CSV else show_cycle(caller, desk, year, after=after)


def _year(desk: Desk, year: int) -> tuple[int, list[int]]:
    """The year that is shown, and those that have ratings."""
    known = list(queries.years(desk.session))
    return year or (known[0] if known else desk.services.clock.today_on().year), known


def _cycle_sheet(desk: Desk, year: int) -> Response:
    _ = translator(desk.request)
    lines = [
        [row.code, owner.name, row.tier.value if row.tier else "", row.score, state_word(desk.request, "rating", row.state.value)]
        for row, owner in queries.of_year(desk.session, _year(desk, year)[0], limit=rows_of(CSV))
    ]
    return sheet(desk.request, "ratings", SHEET, lines)


def show_cycle(caller: Caller, desk: Desk, year: int, *, after: str = "", problem: Problem | None = None, done: Sequence[str] = ()) -> Response:
    """`done`: codes of what a bulk act reached."""
    session, today = desk.session, desk.services.clock.today_on()
    shown, known = _year(desk, year)
    rows = queries.of_year(session, shown, after=after, limit=200)
    counted = queries.counts(session, shown)
    _ = translator(desk.request)
    return render(
        desk.request,
        "credit/cycle.html",
        status_code=problem.status if problem else 200,
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        year=shown,
        years=sorted({*known, today.year, today.year - 1, shown}, reverse=True),
        rows=rows,
        next_after=rows[-1][0].code if len(rows) == 200 else "",
        counts=[(state.value, counted[state]) for state in RatingState if state in counted],
        unrated=queries.without_rating(session, shown),
        labels={state: _(label.word) for state, label in LABELS["rating"].items()},
        may_act=caller.role in OFFICERS,
        bulk=[(name, counted.get(FROM[name], 0)) for name in BULK],
        problem=problem,
        done=done,
    )


@router.get("/credit/selection")
def selection_page(caller: Insider, desk: AtDesk, export: str = "") -> Response:
    """Order in which a new task is offered, with limits (R63, R64)."""
    rule = desk.rules.effects
    found = queries.selection_order(desk.session, rule, on=desk.services.clock.today_on())
    if export == CSV:
        _ = translator(desk.request)
        limits = [(one, rule.most_persons(one.tier)) for one in found]
        lines = [
            [place, one.institution.code, one.institution.name, one.tier, one.score, _(NO_LIMIT) if most is None else most]
            for place, (one, most) in enumerate(limits, start=1)
        ]
        return sheet(desk.request, "selection", SELECTION_SHEET, lines)
    return render(
        desk.request,
        "credit/selection.html",
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        rows=[(one, rule.most_persons(one.tier)) for one in found],
    )


@router.get("/credit/ratings/{code}")
def rating_page(caller: Reader, desk: AtDesk, code: str) -> Response:
    """One rating."""
    return show_rating(caller, desk, code)


def show_rating(caller: Caller, desk: Desk, code: str, *, problem: Problem | None = None, typed: Mapping[str, object] | None = None) -> Response:
    """The page of one rating, with what was typed when an act was refused."""
    session, own = desk.session, caller.role in INSTITUTION
    row = queries.rating(session, code, institution_id=caller.tenant() if own else None)
    _, language = translator(desk.request), choose_language(desk.request)
    moves = [move for move in history.timeline(session, "rating", row.id) if not own or move.tenant_id is not None]
    named = namer(session, moves, language)
    now = desk.services.clock.now_at()
    turn = clocks.rating_turn(row.state, moves[-1].at if moves else row.opened_at, desk.rules.cycle, now, object_until=row.object_until)
    stored = queries.inputs_of(session, row)
    frozen = inputs.read(stored.canonical) if stored else None
    case_papers, told = papers.of_case(session, row.id), evidence.told(session, row.reasons)
    objection = papers.last(session, row.id, "rating-objection")
    return render(
        desk.request,
        "credit/rating.html",
        status_code=problem.status if problem else 200,
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        picture=pictures.contributions(row.score, row.reasons, frozen.rule) if frozen and row.score is not None else None,
        reasons=[(reason, reason_text(reason, language), _evidence(reason["evidence"], told, language)) for reason in row.reasons],
        struck_from=[(ref, _words(ref, told, language)) for reason in row.reasons for ref in reason["evidence"]],
        words={reason["code"]: reason_text(reason, language) for reason in row.reasons},
        events=len(frozen.events) if frozen else 0,
        steps=_told(session, best_steps(frozen.rule, frozen.events), language) if frozen else [],
        step_words={key: _(word) for key, word in STEPS.items()},
        custody=[
            {
                "at": m.at, "title": _(MOVES.get(m.event, m.event)), "actor": named(m),
                "clause": m.clause, "text": m.reason,
            }
            for m in moves
        ],
        turn=turn,
        turn_text=_(TURNS[turn.act]) if turn else "",
        party=_(PARTIES[turn.party]) if turn else "",
        late=turn is not None and turn.is_late(now),
        acts=rating_acts(row.state, caller.role, turn.act if turn else "", took_part=str(caller.account_id) in took_part(session, row)),
        papers=case_papers,
        kinds={key: _(word) for key, word in KINDS.items()},
        attached=attached_to(desk, case_papers),
        points=objection.content["points"] if objection and row.state is RatingState.OBJECTION else [],
        letters=letters.LETTERS,
        own=own,
        problem=problem,
        typed=typed or {},
    )  # fmt: skip


@router.get("/credit/institutions/{code}")
def standing_page(caller: Reader, desk: AtDesk, code: str) -> Response:
    """One institution: the tier in force, its history, items, and what would raise it."""
    return show_standing(caller, desk, code)


def show_standing(caller: Caller, desk: Desk, code: str, *, problem: Problem | None = None, typed: Mapping[str, object] | None = None) -> Response:
    """What would change the tier is computed from what the caller may know today."""
    session, own = desk.session, caller.role in INSTITUTION
    owner = session.scalars(select(Institution).where(Institution.code == code)).one_or_none()
    if owner is None or (own and owner.id != caller.tenant()):
        raise NotFound(what="institution", id=code)
    language, today, rules = choose_language(desk.request), desk.services.clock.today_on(), desk.rules
    ratings = [one for one in queries.of_institution(session, owner.id) if not own or one.state in INSTITUTION_SEES]
    scored = [one for one in reversed(ratings) if one.score is not None and one.tier is not None and one.state is not RatingState.VOID]
    found = events.collect(session, owner, today.year, rules, as_of=today, reversed_problems=desk.reversed_problems)
    grade = rate(rules.rating, found)
    _ = translator(desk.request)
    return render(
        desk.request,
        "credit/standing.html",
        status_code=problem.status if problem else 200,
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        institution=owner,
        standing=queries.in_force(session, owner.id),
        ratings=ratings,
        line=pictures.history([_dot(one) for one in scored[-12:]], rules.rating) if scored else None,
        items=queries.items_of(session, owner.id, told_only=own),
        limits=restrictions.in_force(session, owner.id),
        exceptions=restrictions.exceptions(session, owner.id),
        grade=grade,
        picture=pictures.contributions(grade.score, grade.plain()["reasons"], rules.rating),  # type: ignore[arg-type]  # plain JSON
        reasons=_reasons(grade, evidence.told(session, [one.plain() for one in grade.reasons]), language),
        words={reason.code: reason_text(reason.plain(), language) for reason in grade.reasons},
        steps=_told(session, best_steps(rules.rating, found), language),
        step_words={key: _(word) for key, word in STEPS.items()},
        year=today.year,
        may_allow=caller.role is Role.BUREAU_LEADER,
        may_record=caller.role in OFFICERS,
        own=own,
        problem=problem,
        typed=typed or {},
    )


@router.get("/credit/papers/{paper_id}.pdf")
def letter(caller: Reader, desk: AtDesk, paper_id: UUID) -> Response:
    """A letter of the bureau, to print, with its repair page."""
    paper = _paper(caller, desk, paper_id)
    if paper.kind not in letters.LETTERS:
        raise NotFound(what="letter", id=str(paper_id))
    pdf = render_credit_letter(paper.number, paper.content, bureau=desk.services.settings.bureau_name, sha256=paper.sha256)
    return Response(pdf, media_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{paper.kind}-{paper.id}.pdf"'})


@router.get("/credit/papers/{paper_id}/files/{position}")
def attachment(caller: Reader, desk: AtDesk, paper_id: UUID, position: int) -> Response:
    """What came with a statement. Never shown inside a page of ours."""
    paper = _paper(caller, desk, paper_id)
    wanted = select(CaseAttachment).where(CaseAttachment.paper_id == paper.id, CaseAttachment.position == position)
    found = desk.session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(what="attachment", id=str(position))
    ending = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}[found.media_type]
    headers = {"Content-Disposition": f'attachment; filename="{paper.number}-{position}.{ending}"' if paper.number.isascii() else "attachment"}
    return Response(found.data, media_type=found.media_type, headers=headers)


def _paper(caller: Caller, desk: Desk, paper_id: UUID) -> CasePaper:
    wanted = select(CasePaper).where(CasePaper.id == paper_id, CasePaper.machine.in_(("rating", "credit-item")))
    if caller.role in INSTITUTION:
        wanted = wanted.where(CasePaper.institution_id == caller.tenant(), CasePaper.internal.is_(False))
    found = desk.session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(what="paper", id=str(paper_id))
    return found


def attached_to(desk: Desk, of: Sequence[CasePaper]) -> dict[UUID, list[tuple[int, str, int]]]:
    wanted = select(CaseAttachment.paper_id, CaseAttachment.position, CaseAttachment.file_name, CaseAttachment.size_bytes)
    found: dict[UUID, list[tuple[int, str, int]]] = {}
    for row in desk.session.execute(wanted.where(CaseAttachment.paper_id.in_([p.id for p in of])).order_by(CaseAttachment.position)):
        found.setdefault(row.paper_id, []).append((row.position, row.file_name, row.size_bytes))
    return found


def _reasons(
    grade: Grade, told: Mapping[str, Told], language: str
) -> list[tuple[dict[str, Any], str, list[tuple[str, str]]]]:  # Any: rules.Reason.plain()
    return [(one.plain(), reason_text(one.plain(), language), _evidence(one.evidence, told, language)) for one in grade.reasons]


def _told(session: Session, steps: Sequence[Step], language: str) -> list[tuple[Step, str, str, str]]:
    """Each step with what it is about in words, where that is looked at, and how a ratio would change."""
    told = evidence.told(session, [{"code": step.code, "evidence": [step.ref]} for step in steps])
    return [
        (step, _words(step.ref, told, language), _address(step.ref), f"{percent(step.now)} → {percent(step.then)}" if step.then else "")
        for step in steps
    ]


def _dot(row: Rating) -> tuple[str, int, str]:
    return (f"{row.year}" + (f".{row.revision}" if row.revision else ""), row.score or 0, row.tier.value if row.tier else "")


def _words(ref: str, told: Mapping[str, Told], language: str) -> str:
    """A reference in the reader's words; itself when nothing is known of it."""
    return (told[ref].zh if language == "zh" else told[ref].en) if ref in told else ref


def _evidence(refs: Sequence[str], told: Mapping[str, Told], language: str) -> list[tuple[str, str]]:
    return [(_words(ref, told, language), _address(ref)) for ref in refs]


def _address(ref: str) -> str:
    """Where the evidence is looked at; empty when it has no page of its own."""
    if ref.startswith("F") and ref[1:5].isdigit():
        return f"/findings/{ref}"
    return f"/credit/items/{ref}" if ref.startswith("K") and ref[1:5].isdigit() else ""
