"""The register of interests as pages: whoever judges declares their own, the office reads it and decides possible matches. R55; UI.md."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Path, Request
from pydantic import BaseModel, StringConstraints
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
from api.http.typed import Most, attempt
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.reading import read_form
from storage.kernel.errors import DomainError, InvalidInput, NotFound
from storage.kernel.identity import parse_identity_number
from supervision.institutions.models import Institution
from supervision.spotchecks import interests, recusals
from supervision.spotchecks.errors import OwnRegister
from supervision.spotchecks.interest_models import Interest
from supervision.spotchecks.interest_rules import Ground, InterestKind
from supervision.spotchecks.lifecycle import MatchEvent
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(include_in_schema=False)
Officer = Annotated[Caller, access(roles=OFFICERS)]
Watcher = Annotated[Caller, access(roles=OFFICERS | {Role.AUDITOR})]
Login = Annotated[str, Path(max_length=100)]
Words = Annotated[str, Form(), Most(200)]
Typed = Annotated[str, StringConstraints(max_length=200)]
KINDS: Final = {"employer": N_("I work there now"), "post": N_("I worked there until"), "kin": N_("a relative of mine works or learns there")}
KIND_WORDS: Final = {"employer": N_("employer"), "post": N_("earlier post"), "kin": N_("relative")}
GROUNDS: Final = {
    Ground.EMPLOYER: N_("works there"),
    Ground.POST: N_("worked there, cooling-off not over"),
    Ground.KIN_PRINCIPAL: N_("a relative's name is that of the principal"),
    Ground.KIN_LEGAL_REPRESENTATIVE: N_("a relative's name is that of the legal representative"),
    Ground.KIN_TEACHER: N_("a relative's name is that of a teacher"),
    Ground.KIN_TRAINEE: N_("a relative is a trainee (identity number)"),
}


class InterestForm(BaseModel):
    """A declaration as it was typed."""

    kind: Typed = ""
    institution_id: Typed = ""
    organisation: Typed = ""
    until_on: Typed = ""
    person_name: Typed = ""
    relation: Typed = ""
    id_number: Typed = ""

    def shown_again(self) -> dict[str, str]:
        """What a refused form keeps; an identity number is never sent back to a page."""
        return self.model_dump(exclude={"id_number"})


class Declared(BaseModel):
    """What of it must be one of the choices, or a day."""

    kind: InterestKind
    institution_id: UUID | None = None
    until_on: date | None = None


Declaration = Annotated[InterestForm, Form()]


def interest_context(
    request: Request, session: Session, account_id: UUID, *, problem: Problem | None = None, typed: Mapping[str, str] | None = None
) -> dict[str, Any]:  # Any: template context
    """What the register shows of one inspector."""
    _ = translator(request)
    rows = interests.interests_of(session, account_id)
    names = {row.id: row for row in session.scalars(select(Institution).order_by(Institution.code))}
    return {
        "interests": [(row, names[row.institution_id].name if row.institution_id else row.organisation) for row in rows],
        "institutions": [(str(row.id), f"{row.code} {row.name}") for row in names.values()],
        "kinds": [(key, _(words)) for key, words in KINDS.items()],
        "kind_words": {key: _(words) for key, words in KIND_WORDS.items()},
        "problem": problem,
        "typed": typed or {},
    }


@router.get("/inspectors/{login}/interests")
def register_page(request: Request, caller: Watcher, session: SessionDep, services: ServicesDep, login: Login) -> Response:
    """The register of one person who judges, inspector or officer, with what was found and what bars them."""
    return _register(request, caller, session, services, login)


def _register(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    login: str,
    *,
    problem: Problem | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    account = _judging(session, login)
    _ = translator(request)
    return render(
        request,
        "reviewers/interests.html",
        status_code=problem.status if problem else 200,
        styles=("css/reviewers.css",),
        **show_navigation(request, caller, "reviewers"),
        account=account,
        matches=interests.matches_of(session, account.id),
        grounds={key.value: _(words) for key, words in GROUNDS.items()},
        may_change=caller.role is not Role.AUDITOR,
        own=caller.account_id == account.id,
        barred=[
            (recusal, institution, recusal.until_on - timedelta(days=1) if recusal.until_on else None)
            for recusal, institution in recusals.standing(session, account.id, services.clock.today_on())
        ],
        **interest_context(request, session, account.id, problem=problem, typed=typed),
    )


@router.post("/inspectors/{login}/interests")
def declare_for(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    login: Login,
    form: Declaration,
) -> Response:
    """The office enters what it knows."""
    try:
        with attempt(request, session):
            enter(session, services, _judging(session, login).id, caller, form)
    except DomainError as refused:
        return _register(request, caller, session, services, login, problem=problem_of(refused, request), typed=form.shown_again())
    return RedirectResponse(f"/inspectors/{login}/interests", status_code=303)


@router.post("/inspectors/{login}/interests/{interest_id}/end")
def end(
    request: Request, caller: Officer, session: SessionDep, services: ServicesDep, login: Login, interest_id: UUID, reason: Words = ""
) -> Response:
    """It is over, or was entered wrongly."""
    account = _judging(session, login)
    try:
        with attempt(request, session):
            if session.scalar(select(Interest.id).where(Interest.id == interest_id, Interest.inspector_account_id == account.id)) is None:
                raise NotFound(what="interest", id=str(interest_id))
            interests.end(session, interest_id, reason=reason, actor=caller.actor, clock=services.clock, by=caller.person())
    except (InvalidInput, OwnRegister) as refused:
        return _register(request, caller, session, services, login, problem=problem_of(refused, request))
    return RedirectResponse(f"/inspectors/{login}/interests", status_code=303)


@router.post("/inspectors/{login}/matches/{match_id}/{verdict}")
def decide(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    login: Login,
    match_id: UUID,
    verdict: Annotated[MatchEvent, Path()],
    reason: Words = "",
) -> Response:
    """Confirm a possible match, which bars from now on, or dismiss it; both with a reason."""
    _judging(session, login)
    try:
        with attempt(request, session):
            interests.decide(session, match_id, verdict, reason=reason, actor=caller.actor, clock=services.clock, by=caller.person())
    except DomainError as refused:
        if isinstance(refused, NotFound):
            raise
        return _register(request, caller, session, services, login, problem=problem_of(refused, request))
    return RedirectResponse(f"/inspectors/{login}/interests", status_code=303)


def enter(session: Session, services: Services, account_id: UUID, caller: Caller, form: InterestForm) -> None:
    """Raises: InvalidInput — a kind, a date or an institution that is none; MalformedInterest, IdentityNumberInvalid."""
    told = read_form(Declared, form.model_dump())
    institution_id = told.institution_id if told.kind is not InterestKind.KIN else None
    if institution_id is not None and session.get(Institution, institution_id) is None:
        raise InvalidInput(errors=[{"where": "institution_id", "code": "unknown", "value": str(institution_id)}])
    interests.declare(
        session,
        inspector_account_id=account_id,
        kind=told.kind,
        institution_id=institution_id,
        organisation=form.organisation,
        until_on=told.until_on,
        person_name=form.person_name,
        relation=form.relation,
        id_number=parse_identity_number(form.id_number) if form.id_number.strip() else None,
        master_key=services.secrets.master_key(),
        cooling_off_years=services.policy.read(ReviewRule, services.clock.today_on()).cooling_off_years,
        actor=caller.actor,
        clock=services.clock,
    )


def _judging(session: Session, login: str) -> Account:
    account = session.scalars(select(Account).where(Account.login_name == login, Account.role.in_(REVIEWERS | OFFICERS))).one_or_none()
    if account is None:
        raise NotFound(what="inspector", id=login)
    return account
