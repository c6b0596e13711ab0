"""Claims and payments as pages: the head claims, an officer checks, a leader decides, payments are entered. R84, R87, R94."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, Role
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.outcomes.views import class_of
from api.pages.persons import namer
from api.pages.reading import all_of, chosen_of, day_of, said_of, whole_of
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.pages.subsidy.views import Reader, show
from api.pages.subsidy.words import MOVES, PAYEES, STANDINGS
from api.subsidy import deadline_rule, subsidy_rules
from compliance.subsidy import claims, queries
from compliance.subsidy.deadlines import payment_duty
from compliance.subsidy.errors import MalformedSubsidy
from compliance.subsidy.lifecycle import ClaimState
from compliance.subsidy.models import CertificateIssue, PayeeKind, SubsidyClaim
from storage.kernel.errors import DomainError, NotFound
from storage.ledger import history
from supervision.classes.models import TrainingClass
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
Head = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD})]
Officer = Annotated[Caller, access(roles={Role.BUREAU_OFFICER})]
Leader = Annotated[Caller, access(roles={Role.BUREAU_LEADER}, fresh=True)]
Words = Annotated[str, Form(), Most(1000)]
Name = Annotated[str, Form(), Most(200)]
Short = Annotated[str, Form(), Most(40)]
WORDS = LABELS["subsidy-claim"]
COLUMNS = (
    Column("code", N_("Claim")),
    Column("institution", N_("Institution")),
    Column("submitted", N_("Claimed on")),
    Column("claimed", N_("Claimed, yuan"), figures=True),
    Column("approved", N_("Approved, yuan"), figures=True),
    Column("paid", N_("Paid, yuan"), figures=True),
    Column("state", N_("State")),
)


@router.get("/subsidy/claims")
def list_page(request: Request, caller: Reader, session: SessionDep, export: str = "") -> Response:
    """Claims, newest first."""
    own = caller.role in INSTITUTION
    listing = Listing.of(request, COLUMNS, sort="-code", filters=("state",), exports=(CSV,))
    state = ClaimState(listing.filters["state"]) if listing.filters.get("state") in set(ClaimState) else None
    query = queries.claims(institution_id=caller.tenant() if own else None, state=state, words=listing.q)
    keys = [Key(SubsidyClaim.submitted_at, descending=True), Key(SubsidyClaim.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    _ = translator(request)
    named = session.execute(select(Institution.id, Institution.name).where(Institution.id.in_({row.institution_id for row in found.items})))
    names = {ident: name for ident, name in named}  # noqa: C416 - Row is not a pair for mypy
    if export == CSV:
        return _sheet(request, session, found.items, names)
    return render(
        request,
        "subsidy/claims.html",
        **show_navigation(request, caller, "subsidy"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=found.items,
        names=names,
        paid=queries.paid_of(session, [row.id for row in found.items]),
        states=[(one.value, _(WORDS[one.value].word)) for one in ClaimState],
    )


def _sheet(request: Request, session: Session, rows: Sequence[SubsidyClaim], names: Mapping[UUID, str]) -> Response:
    _, paid = translator(request), queries.paid_of(session, [row.id for row in rows])
    lines = [
        [
            row.code,
            names[row.institution_id],
            row.submitted_at,
            row.claimed_yuan,
            row.approved_yuan,
            paid.get(row.id, 0),
            state_word(request, "subsidy-claim", row.state.value),
        ]
        for row in rows
    ]
    return sheet(request, "claims", [one.label for one in COLUMNS], lines)


@router.post("/subsidy/classes/{code}/claim")
def submit(request: Request, caller: Head, session: SessionDep, services: ServicesDep, code: str, payee: Name = "", account: Short = "") -> Response:
    """Claim what the newest certificate says."""
    row = class_of(session, caller, code)
    rules = subsidy_rules(services.policy, services.clock.today_on())
    try:
        with attempt(request, session):
            made = claims.submit(session, row, rules, payee=payee, account=account, actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return show(request, caller, session, services, row, problem=problem_of(refused, request), typed={"payee": payee, "account": account})
    return RedirectResponse(f"/subsidy/claims/{made.code}", status_code=303)


@router.get("/subsidy/claims/{code}")
def claim_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """One claim: what is next, by whom, and what was paid."""
    return _show(request, caller, session, services, _claim(session, caller, code))


def _claim(session: Session, caller: Caller, code: str) -> SubsidyClaim:
    return claims.claim(session, code, institution_id=caller.tenant() if caller.role in INSTITUTION else None)


def _show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    row: SubsidyClaim,
    *,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    language = choose_language(request)
    today = services.clock.today_on()
    paid = claims.paid_yuan(session, row.id)
    timeline = history.timeline(session, "subsidy-claim", row.id)
    named = namer(session, timeline, language)
    moves = [
        {
            "at": m.at,
            "title": translator(request)(MOVES.get(m.event, m.event)),
            "actor": named(m),
            "clause": m.clause,
            "text": m.reason,
        }
        for m in timeline
    ]
    state, role = row.state, caller.role
    mine = caller.account_id in (row.checked_by_id, row.claimant_id)
    return render(
        request,
        "subsidy/claim.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "subsidy"),
        row=row,
        cited=session.get_one(CertificateIssue, row.issue_id),
        class_code=session.get_one(TrainingClass, row.class_id).code,
        institution=session.get_one(Institution, row.institution_id),
        payments=queries.payments_of(session, row.id),
        paid=paid,
        left=(row.approved_yuan or 0) - paid,
        duty=payment_duty(row.year, paid=state is ClaimState.PAID, on=today, rule=deadline_rule(services.policy, today)),
        standings=STANDINGS,
        payees=PAYEES,
        moves=moves,
        today=today,
        may_check=role is Role.BUREAU_OFFICER and state is ClaimState.SUBMITTED,
        may_decide=role is Role.BUREAU_LEADER and state is ClaimState.CHECKED and not mine,
        may_refuse=role is Role.BUREAU_LEADER and state in (ClaimState.SUBMITTED, ClaimState.CHECKED) and not mine,
        may_pay=role is Role.BUREAU_OFFICER and state is ClaimState.APPROVED,
        may_withdraw=role is Role.INSTITUTION_HEAD and state in (ClaimState.SUBMITTED, ClaimState.CHECKED),
        problem=problem,
        typed=typed or {},
    )


def _act(request: Request, caller: Caller, session: Session, services: Services, code: str, do: Callable[[], object], **typed: str) -> Response:
    try:
        with attempt(request, session):
            do()
    except NotFound:
        raise
    except DomainError as refused:
        found = _claim(session, caller, code)
        return _show(request, caller, session, services, found, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/subsidy/claims/{code}", status_code=303)


@router.post("/subsidy/claims/{code}/check")
def check(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: str, yuan: Short = "", note: Words = "") -> Response:
    """Check a claim: the class is reckoned again first."""
    rules = subsidy_rules(services.policy, services.clock.today_on())

    def checked() -> object:
        amount, claimed = whole_of(yuan, "yuan", refused=MalformedSubsidy), claims.claim(session, code).claimed_yuan
        if not 0 < amount <= claimed:
            raise MalformedSubsidy(errors=[{"where": "yuan", "code": "out-of-range", "value": f"1–{claimed}"}])
        return claims.check(session, code, rules, yuan=amount, note=note, actor=caller.actor, clock=services.clock)

    return _act(request, caller, session, services, code, checked, yuan=yuan, note=note)


@router.post("/subsidy/claims/{code}/approve")
def approve(request: Request, caller: Leader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """Approve what was checked."""
    return _act(request, caller, session, services, code, lambda: claims.approve(session, code, actor=caller.actor, clock=services.clock))


@router.post("/subsidy/claims/{code}/refuse")
def refuse(request: Request, caller: Leader, session: SessionDep, services: ServicesDep, code: str, reason: Words = "") -> Response:
    """Refuse, with a reason."""
    return _act(
        request,
        caller,
        session,
        services,
        code,
        lambda: claims.refuse(session, code, reason=said_of(reason, "reason", refused=MalformedSubsidy), actor=caller.actor, clock=services.clock),
        reason=reason,
    )


@router.post("/subsidy/claims/{code}/withdraw")
def withdraw(request: Request, caller: Head, session: SessionDep, services: ServicesDep, code: str, reason: Words = "") -> Response:
    """Take the own claim back."""
    owner = caller.tenant()
    return _act(
        request,
        caller,
        session,
        services,
        code,
        lambda: claims.withdraw(session, code, institution_id=owner, reason=reason, actor=caller.actor, clock=services.clock),
        withdrawn=reason,
    )


@router.post("/subsidy/claims/{code}/payments")
def pay(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    code: str,
    amount_yuan: Short = "",
    paid_on: Short = "",
    payee_kind: Short = "",
    payee: Name = "",
    voucher: Annotated[str, Form(), Most(100)] = "",
) -> Response:
    """Enter a payment that was made."""

    def paid() -> object:
        kind, amount, day, whom, number = all_of(
            lambda: chosen_of(PayeeKind, payee_kind, "payee_kind", refused=MalformedSubsidy),
            lambda: whole_of(amount_yuan, "amount_yuan", refused=MalformedSubsidy),
            lambda: day_of(paid_on, "paid_on", refused=MalformedSubsidy),
            lambda: said_of(payee, "payee", refused=MalformedSubsidy),
            lambda: said_of(voucher, "voucher", refused=MalformedSubsidy),
        )
        by = {"actor": caller.actor, "clock": services.clock}
        return claims.pay(session, code, amount_yuan=amount, paid_on=day, payee_kind=kind, payee=whom, voucher=number, **by)  # type: ignore[arg-type]  # keywords

    typed = {"amount_yuan": amount_yuan, "paid_on": paid_on, "payee_kind": payee_kind, "payee": payee, "voucher": voucher}
    return _act(request, caller, session, services, code, paid, **typed)
