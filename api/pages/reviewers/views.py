"""Reviewers as pages: "Can their verdicts be relied on?" The bureau sees everybody's figures, an inspector only their own. G16; UI.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.models import Account
from api.auth.roles import OFFICERS, REVIEWERS, Role
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import attempt
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.pages.reviewers.bars import Bar, bar
from api.pages.reviewers.interests import Declaration, enter, interest_context
from storage.kernel.errors import DomainError
from supervision.spotchecks import interests, looks
from supervision.spotchecks.agreement import FigureRule, Figures, figures
from supervision.spotchecks.reviewers import reviewers

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Caller, access(roles=OFFICERS | {Role.AUDITOR})]
Inspector = Annotated[Caller, access(roles=REVIEWERS)]
PERIOD_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Line:
    """One inspector with figures as numbers and as bars."""

    account_id: UUID | None
    login: str
    name: str
    figures: Figures
    kappa: Bar | None
    misses: Bar | None
    false_alarms: Bar | None
    possible: int = 0


@router.get("/reviewers")
def list_page(request: Request, caller: Watcher, session: SessionDep, services: ServicesDep) -> Response:
    """Everybody who looks, and the duties that wait because nobody may look."""
    rule = services.policy.read(FigureRule, services.clock.today_on())
    known = {r.account_id: r for r in reviewers(session, since=services.clock.now_at() - timedelta(days=PERIOD_DAYS))}
    possible = interests.possible_counts(session)
    accounts = session.execute(select(Account.id, Account.login_name, Account.display_name).where(Account.role.in_(REVIEWERS), Account.active))
    names = {account_id: (login, name) for account_id, login, name in accounts}
    names |= {account_id: (r.login, r.name) for account_id, r in known.items() if account_id not in names}
    lines = [
        _line(account_id, login, name, figures(known[account_id].judged if account_id in known else (), rule), possible.get(account_id, 0))
        for account_id, (login, name) in sorted(names.items(), key=lambda item: item[1])
    ]
    return render(
        request,
        "reviewers/list.html",
        styles=("css/reviewers.css",),
        **show_navigation(request, caller, "reviewers"),
        lines=lines,
        rule=rule,
        period_days=PERIOD_DAYS,
        officers=[
            (login, name, possible.get(account_id, 0))
            for account_id, login, name in session.execute(
                select(Account.id, Account.login_name, Account.display_name)
                .where(Account.role.in_(OFFICERS), Account.active)
                .order_by(Account.login_name)
            )
        ],
        waiting=[(code, outcome, looks.look_due(session, outcome)) for code, outcome in looks.waiting(session)],
    )


@router.get("/reviewers/me")
def own_page(request: Request, caller: Inspector, session: SessionDep, services: ServicesDep) -> Response:
    """My figures from closed rounds, and what I have declared."""
    return show_own(request, caller, session, services)


def show_own(
    request: Request, caller: Caller, session: Session, services: Services, *, problem: Problem | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    """The page of an inspector, with what was typed when a declaration was refused."""
    me = caller.person()
    rule = services.policy.read(FigureRule, services.clock.today_on())
    found = reviewers(session, since=services.clock.now_at() - timedelta(days=PERIOD_DAYS), account_id=me)
    mine = found[0].judged if found else ()
    return render(
        request,
        "reviewers/me.html",
        status_code=problem.status if problem else 200,
        styles=("css/reviewers.css",),
        **show_navigation(request, caller, "my-figures"),
        line=_line(me, "", "", figures(mine, rule)),
        rule=rule,
        period_days=PERIOD_DAYS,
        **interest_context(request, session, me, problem=problem, typed=typed),
    )


@router.post("/reviewers/me/interests")
def declare_own(
    request: Request,
    caller: Inspector,
    session: SessionDep,
    services: ServicesDep,
    form: Declaration,
) -> Response:
    """I declare what may keep me from judging."""
    try:
        with attempt(request, session):
            enter(session, services, caller.person(), caller, form)
    except DomainError as refused:
        return show_own(request, caller, session, services, problem=problem_of(refused, request), typed=form.shown_again())
    return RedirectResponse("/reviewers/me", status_code=303)


def _line(account_id: UUID | None, login: str, name: str, found: Figures, possible: int = 0) -> Line:
    return Line(
        account_id,
        login,
        name,
        found,
        bar(found.kappa, least=-1.0),
        bar(found.misses.interval),
        bar(found.false_alarms.interval),
        possible,
    )
