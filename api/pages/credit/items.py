"""Information items as pages: record, classify, decide, apply for repair, verify. R64, R65; domain.md 2.1, 2.3.4; UI.md."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS
from api.http.problem import Problem, problem_of
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.credit.acts_open import TURNS, item_acts
from api.pages.credit.desk import AtDesk, Desk, Files, Head, Insider, Leader, Many, Officer, Reader, Show, Words, given, lines
from api.pages.credit.views import KINDS, PARTIES, STYLES, attached_to
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from compliance.papers import service as papers
from compliance.rating import clocks, items, letters, queries, repair, terms
from compliance.rating.errors import MalformedRating
from compliance.rating.models import Ground
from compliance.rating.terms import ItemClass
from storage.kernel.errors import DomainError
from storage.ledger import history
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
SHEET = (N_("Item"), N_("Institution"), N_("Matter"), N_("Class of the item"), N_("State"), N_("Ends"))
CLASSES = {"minor": N_("minor"), "general": N_("general"), "serious": N_("serious")}
GROUNDS = {"finding": N_("a closed finding"), "forged-footage": N_("forged footage"), "audit": N_("an audit"), "decision": N_("another decision")}
RULE_SETS = {"order-58": N_("Order 58 of 2023"), "order-36": N_("Order 36 of 2025")}
MOVES = {
    "record": N_("recorded"), "classify": N_("classified, letter served"), "waive": N_("declared that no statement is made"),
    "publish": N_("decided and published"),
    "keep": N_("decided, not published"),
    "apply": N_("repair applied for"), "accept": N_("application accepted"), "return": N_("application returned"),
    "return-kept": N_("application returned"),
    "verify": N_("repaired: publication, sharing and restriction stopped"), "refuse": N_("repair refused"), "refuse-kept": N_("repair refused"),
    "revoke-repair": N_("repair revoked: published again"), "revoke-repair-kept": N_("repair revoked"), "expire": N_("expired"), "void": N_("void"),
}  # fmt: skip


@router.get("/credit/items")
def list_page(caller: Insider, desk: AtDesk, export: str = "") -> Response:
    """Every item of the county, newest first."""
    if export == CSV:
        _ = translator(desk.request)
        lines = [
            [
                row.code,
                owner.name,
                row.summary,
                _(CLASSES[row.item_class.value]) if row.item_class else "",
                state_word(desk.request, "credit-item", row.state.value),
                row.ends_on,
            ]
            for row, owner in queries.items(desk.session, limit=rows_of(CSV))
        ]
        return sheet(desk.request, "items", SHEET, lines)
    return show_list(caller, desk)


def show_list(caller: Caller, desk: Desk, *, problem: Problem | None = None, typed: Mapping[str, object] | None = None) -> Response:
    """The list with the form that records one."""
    _ = translator(desk.request)
    return render(
        desk.request,
        "credit/items.html",
        status_code=problem.status if problem else 200,
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        rows=queries.items(desk.session),
        classes={key: _(word) for key, word in CLASSES.items()},
        grounds=[(key, _(word)) for key, word in GROUNDS.items() if key != "finding"],
        institutions=desk.session.execute(select(Institution.code, Institution.name).order_by(Institution.code).limit(1000)).all(),
        may_record=caller.role in OFFICERS,
        problem=problem,
        typed=typed or {},
    )


@router.post("/credit/items")
def record(
    caller: Officer,
    desk: AtDesk,
    institution: Annotated[str, Form(), Most(40)] = "",
    finding: Annotated[str, Form(), Most(40)] = "",
    ground: Annotated[str, Form(), Most(40)] = "",
    document: Annotated[str, Form(), Most(200)] = "",
    decided_on: Annotated[str, Form(), Most(10)] = "",
    summary: Annotated[str, Form(), Most(1000)] = "",
    safety: Annotated[str, Form(), Most(3)] = "",
    unrepairable: Annotated[str, Form(), Most(3)] = "",
) -> Response:
    """From a closed finding (its code) or from a decision with its document."""
    typed: dict[str, object] = {
        "institution": institution, "finding": finding, "ground": ground, "document": document, "decided_on": decided_on, "summary": summary,
        "safety": safety, "unrepairable": unrepairable,
    }  # fmt: skip
    by: dict[str, Any] = {"actor": caller.actor, "clock": desk.services.clock}  # Any: keywords of the use-case
    try:
        with attempt(desk.request, desk.session):
            if finding.strip():
                row = items.record_finding(desk.session, finding.strip(), **by)
            else:
                owner = desk.session.scalars(select(Institution).where(Institution.code == institution)).one_or_none()
                if owner is None or ground not in set(Ground):
                    raise MalformedRating(errors=[{"where": "institution" if owner is None else "ground", "code": "missing", "value": institution}])
                row = items.record_decision(
                    desk.session,
                    owner,
                    ground=Ground(ground),
                    document=document,
                    decided_on=_day(decided_on),
                    summary=summary,
                    safety=bool(safety),
                    repairable=not unrepairable,
                    **by,
                )
    except DomainError as refused:
        return show_list(caller, desk, problem=problem_of(refused, desk.request), typed=typed)
    return RedirectResponse(f"/credit/items/{row.code}", status_code=303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedRating(errors=[{"where": "decided_on", "code": "not-a-date", "value": text}]) from None


@router.get("/credit/items/{code}")
def item_page(caller: Reader, desk: AtDesk, code: str) -> Response:
    """One item."""
    return show_item(caller, desk, code)


def show_item(caller: Caller, desk: Desk, code: str, *, problem: Problem | None = None, typed: Mapping[str, object] | None = None) -> Response:
    """The page of one item, with what was typed when an act was refused."""
    session, own = desk.session, caller.role in INSTITUTION
    row = queries.item(session, code, institution_id=caller.tenant() if own else None)
    _, language = translator(desk.request), choose_language(desk.request)
    moves = [move for move in history.timeline(session, "credit-item", row.id) if not own or move.tenant_id is not None]
    named = namer(session, moves, language)
    now, today, rule = desk.services.clock.now_at(), desk.services.clock.today_on(), desk.rules.items
    held = items.held_terms(row, rule) if row.item_class else None
    turn = clocks.item_turn(row.state, moves[-1].at if moves else row.recorded_at, rule, now, state_until=row.state_until)
    case_papers = papers.of_case(session, row.id)
    statement = papers.last(session, row.id, "item-statement")
    seen = {
        "recorded": str(row.recorded_by_id), "classified": str(row.classified_by_id), "accepted": str(row.accepted_by_id),
        "verified": str(row.verified_by_id),
    }  # fmt: skip
    return render(
        desk.request,
        "credit/item.html",
        status_code=problem.status if problem else 200,
        styles=STYLES,
        **show_navigation(desk.request, caller, "credit"),
        row=row,
        institution=session.get_one(Institution, row.institution_id),
        held=held,
        rule_set=_(RULE_SETS[held.rule_set]) if held else "",
        classes={key: _(word) for key, word in CLASSES.items()},
        ground=_(GROUNDS[row.ground.value]),
        minor_published=bool(rule.item_minor_published),
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
        acts=item_acts(
            row.state,
            caller.role,
            turn.act if turn else "",
            me=str(caller.account_id),
            seen=seen,
            repairable_now=held is not None and row.repairable and terms.may_apply(today, held),
            stated=statement is not None,
        ),
        papers=case_papers,
        kinds={key: _(word) for key, word in KINDS.items()},
        attached=attached_to(desk, case_papers),
        points=statement.content["points"] if statement else [],
        letters=letters.LETTERS,
        own=own,
        problem=problem,
        typed=typed or {},
    )  # fmt: skip


def _done(caller: Caller, desk: Desk, code: str, do: Callable[[dict[str, Any]], object], **typed: object) -> Response:
    show: Show = lambda problem, given_: show_item(caller, desk, code, problem=problem, typed=given_)  # noqa: E731
    return desk.act(caller, do, then=f"/credit/items/{code}", show=show, **typed)


@router.post("/credit/items/{code}/classify")
def classify(caller: Officer, desk: AtDesk, code: str, kind: Annotated[str, Form(), Most(10)] = "", necessary: Words = "") -> Response:
    """轻微, 一般 or 严重; the letter goes out."""

    def classified(by: dict[str, Any]) -> object:  # Any: keywords of the use-case
        if kind not in set(ItemClass):
            raise MalformedRating(errors=[{"where": "kind", "code": "enum" if kind else "missing", "value": kind}])
        return items.classify(desk.session, code, kind=ItemClass(kind), necessary=necessary, rules=desk.rules, **by)

    return _done(caller, desk, code, classified, kind=kind, necessary=necessary)


@router.post("/credit/items/{code}/state")
def state_case(caller: Head, desk: AtDesk, code: str, points: Words = "", files: Files = None) -> Response:
    """陈述申辩, one point per line."""
    own = caller.tenant()
    return _done(
        caller,
        desk,
        code,
        lambda by: items.state_case(desk.session, code, points=lines(points), files=given(files), institution_id=own, **by),
        points=points,
    )


@router.post("/credit/items/{code}/waive")
def waive_statement(caller: Head, desk: AtDesk, code: str, declared: Annotated[str, Form(), Most(3)] = "") -> Response:
    """放弃陈述申辩: the head declares that no statement will be made."""
    own = caller.tenant()
    said = declared == "yes"
    return _done(caller, desk, code, lambda by: items.waive_statement(desk.session, code, declared=said, institution_id=own, **by))


@router.post("/credit/items/{code}/decide")
def decide(caller: Leader, desk: AtDesk, code: str, answers: Many = None) -> Response:
    """Sign; every point of a statement is answered."""
    replies = answers or []
    return _done(caller, desk, code, lambda by: items.decide(desk.session, code, answers=replies, rules=desk.rules, **by), answers=replies)


@router.post("/credit/items/{code}/apply")
def apply_for_repair(
    caller: Head, desk: AtDesk, code: str, said: Words = "", promise: Annotated[str, Form(), Most(3)] = "", files: Files = None
) -> Response:
    """信用修复申请."""
    own = caller.tenant()
    return _done(
        caller,
        desk,
        code,
        lambda by: repair.apply_for_repair(
            desk.session, code, said=said, promise=bool(promise), files=given(files), rules=desk.rules, institution_id=own, **by
        ),
        said=said,
        promise=promise,
    )


@router.post("/credit/items/{code}/accept")
def accept(caller: Officer, desk: AtDesk, code: str) -> Response:
    """受理."""
    return _done(caller, desk, code, lambda by: repair.accept_application(desk.session, code, rules=desk.rules, **by))


@router.post("/credit/items/{code}/return")
def return_application(caller: Officer, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """退回."""
    return _done(caller, desk, code, lambda by: repair.return_application(desk.session, code, reason=reason, rules=desk.rules, **by), reason=reason)


@router.post("/credit/items/{code}/verify")
def verify(caller: Officer, desk: AtDesk, code: str, how: Words = "", granted: Annotated[str, Form(), Most(3)] = "") -> Response:
    """准予 or 不予修复, by another person."""

    def verified(by: dict[str, Any]) -> object:  # Any: keywords of the use-case
        if granted == "yes":
            return repair.verify_repair(desk.session, code, how=how, rules=desk.rules, **by)
        if granted == "no":
            return repair.refuse_repair(desk.session, code, reason=how, rules=desk.rules, **by)
        raise MalformedRating(errors=[{"where": "result", "code": "missing", "value": ""}])  # nothing chosen is not a refusal

    return _done(caller, desk, code, verified, how=how, granted=granted)


@router.post("/credit/items/{code}/revoke")
def revoke(caller: Leader, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """撤销修复: its material was false."""
    return _done(caller, desk, code, lambda by: repair.revoke_repair(desk.session, code, reason=reason, rules=desk.rules, **by), reason=reason)


@router.post("/credit/items/{code}/void")
def void(caller: Leader, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """Declare it void."""
    return _done(caller, desk, code, lambda by: items.declare_void(desk.session, code, reason=reason, rules=desk.rules, **by), reason=reason)
