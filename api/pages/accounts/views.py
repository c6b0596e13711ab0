"""Accounts as pages: "Who can get in, and as what?" For administrators; an auditor reads along. domain.md 1.6, 2.2."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth import accounts, keys
from api.auth.access import access
from api.auth.audit import key_changed
from api.auth.caller import Caller
from api.auth.models import Account, ApiKey, Credential
from api.auth.passwords import one_time_password
from api.auth.roles import ROLE_NAMES, Role, needs_second_factor
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.http.typed import attempt
from api.locale.language import Language, choose_language
from api.locale.marks import N_
from api.pages.days import end_of_day
from api.pages.frame import render, translator
from api.pages.keys.views import SCOPES
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.reading import Typed, read_form
from api.pages.sheet import CSV, rows_of, sheet
from storage.kernel.errors import DomainError, InvalidInput
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
Administrator = Annotated[Caller, access(roles={Role.ADMINISTRATOR}, system=True)]
Fresh = Annotated[Caller, access(roles={Role.ADMINISTRATOR}, system=True, fresh=True)]
COLUMNS = (
    Column("login", N_("Sign-in name")),
    Column("name", N_("Name")),
    Column("role", N_("Role")),
    Column("institution", N_("Institution")),
    Column("state", N_("State")),
)
SHEET = (N_("Sign-in name"), N_("Name"), N_("Role"), N_("Institution"), N_("State"), N_("Valid until"))
STATES = {"open": N_("in use"), "shut": N_("shut")}


class AccountForm(BaseModel):
    """An account as the form asks for it; `valid_until`: the last day on which it works."""

    login_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$", strip_whitespace=True)]
    display_name: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
    role: Role
    institution_id: UUID | None = None
    department: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] | None = None
    valid_until: date | None = None


class ShutForm(BaseModel):
    """Why nobody gets in with it any more."""

    reason: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


@router.get("/accounts")
def list_page(request: Request, caller: Administrator, session: SessionDep, export: str = "") -> Response:
    """Every account, shut ones too: ledger lines name them."""
    listing = Listing.of(request, COLUMNS, sort="login", filters=("role", "state"), exports=(CSV,))
    query = select(Account)
    if listing.filters.get("role") in set(Role):
        query = query.where(Account.role == Role(listing.filters["role"]))
    if listing.filters.get("state") in STATES:
        query = query.where(Account.active.is_(listing.filters["state"] == "open"))
    if listing.q:
        query = query.where(Account.login_name.icontains(listing.q, autoescape=True) | Account.display_name.icontains(listing.q, autoescape=True))
    found = page(session, query, [Key(Account.login_name)], after=listing.after, limit=rows_of(export))
    language = choose_language(request)
    if export == CSV:
        return _sheet(request, session, found.items, language)
    return render(
        request,
        "accounts/list.html",
        **show_navigation(request, caller, "accounts"),
        listing=replace(listing, next_after=found.next_after or ""),
        rows=found.items,
        institutions=_institutions(session),
        roles=_roles(language),
        states=STATES,
        may_change=caller.role is Role.ADMINISTRATOR,
    )


def _sheet(request: Request, session: Session, rows: Sequence[Account], language: Language) -> Response:
    _, roles, institutions = translator(request), _roles(language), _institutions(session)
    words = {active: _(word) for active, word in zip((True, False), STATES.values(), strict=True)}
    lines = [
        [
            row.login_name,
            row.display_name,
            roles[row.role.value],
            institutions.get(str(row.institution_id), row.department),
            words[row.active],
            row.valid_until,
        ]
        for row in rows
    ]
    return sheet(request, "accounts", SHEET, lines)


@router.get("/accounts/new")
def new_page(request: Request, caller: Fresh, session: SessionDep) -> Response:
    """The form for a new account. The code is asked for before it is filled in, so that nothing typed is lost."""
    return _new(request, caller, session)


def _new(request: Request, caller: Caller, session: Session, *, problem: Problem | None = None, typed: dict[str, str] | None = None) -> Response:
    return render(
        request,
        "accounts/new.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "accounts"),
        roles=_roles(choose_language(request)),
        institutions=_institutions(session),
        problem=problem,
        typed=typed or {},
    )


@router.post("/accounts")
def create(
    request: Request,
    caller: Fresh,
    session: SessionDep,
    services: ServicesDep,
    login_name: Typed = "",
    display_name: Typed = "",
    role: Typed = "",
    institution_id: Typed = "",
    department: Typed = "",
    valid_until: Typed = "",
) -> Response:
    """Make an account and show its first password, once."""
    password = one_time_password()
    typed = {"login_name": login_name, "display_name": display_name, "role": role, "institution_id": institution_id}
    typed |= {"department": department, "valid_until": valid_until}
    try:
        told = read_form(AccountForm, typed)
        new = accounts.NewAccount(
            login_name=told.login_name,
            display_name=told.display_name,
            role=told.role,
            password=password,
            institution_id=told.institution_id,
            department=told.department,
            valid_until=end_of_day(told.valid_until),
        )
        with attempt(request, session):
            account = accounts.create_account(session, new, actor=caller.actor, at=services.clock.now_at())
    except DomainError as refused:
        return _new(request, caller, session, problem=problem_of(refused, request), typed=typed)
    return _show(request, caller, session, account, password=password)


@router.get("/accounts/{account_id}")
def show_page(request: Request, caller: Administrator, session: SessionDep, account_id: UUID) -> Response:
    """One account with its keys and what may be done with it."""
    return _show(request, caller, session, accounts.find_account(session, account_id))


def _show(
    request: Request, caller: Caller, session: Session, account: Account, *, password: str = "", problem: Problem | None = None, typed: str = ""
) -> Response:
    language = choose_language(request)
    second_factor = session.scalar(select(Credential.totp_secret.is_not(None)).where(Credential.account_id == account.id))
    return render(
        request,
        "accounts/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "accounts"),
        row=account,
        role=_roles(language)[account.role.value],
        institution=_institutions(session).get(str(account.institution_id), ""),
        second_factor=bool(second_factor),
        needs_code=needs_second_factor(account.role),
        keys=session.scalars(select(ApiKey).where(ApiKey.account_id == account.id).order_by(ApiKey.id.desc())).all(),
        scopes=SCOPES,
        may_change=caller.role is Role.ADMINISTRATOR,
        own=account.id == caller.account_id,
        password=password,
        problem=problem,
        typed=typed,
    )


@router.post("/accounts/{account_id}/shut")
def shut(request: Request, caller: Administrator, session: SessionDep, services: ServicesDep, account_id: UUID, reason: Typed = "") -> Response:
    """Its sessions and keys end in the same transaction."""
    try:
        why = read_form(ShutForm, {"reason": reason})
        accounts.shut_account(session, account_id, actor=caller.actor, at=services.clock.now_at(), reason=why.reason)
    except InvalidInput as refused:
        account = accounts.find_account(session, account_id)
        return _show(request, caller, session, account, problem=problem_of(refused, request), typed=reason)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/password")
def new_password(request: Request, caller: Fresh, session: SessionDep, services: ServicesDep, account_id: UUID) -> Response:
    """For somebody who forgot: a new first password, shown once, to be replaced at the next sign-in."""
    password = one_time_password()
    account = accounts.set_password(session, account_id, password, actor=caller.actor, at=services.clock.now_at())
    return _show(request, caller, session, account, password=password)


@router.post("/accounts/{account_id}/forget-code-device")
def forget_code_device(caller: Fresh, session: SessionDep, services: ServicesDep, account_id: UUID) -> Response:
    """A lost phone: the next sign-in links a new one."""
    accounts.forget_code_device(session, account_id, actor=caller.actor, at=services.clock.now_at())
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


@router.post("/accounts/{account_id}/keys/{key_id}/revoke")
def revoke_key(caller: Administrator, session: SessionDep, services: ServicesDep, account_id: UUID, key_id: UUID) -> Response:
    """Dead from the commit of this call."""
    at = services.clock.now_at()
    key_changed(session, keys.revoke_key(session, key_id, None, at=at), "revoke", actor=caller.actor, at=at)
    return RedirectResponse(f"/accounts/{account_id}", status_code=303)


def _roles(language: Language) -> dict[str, str]:
    return {role.value: names[language] for role, names in ROLE_NAMES.items()}


def _institutions(session: Session) -> dict[str, str]:
    return {str(row.id): row.name for row in session.execute(select(Institution.id, Institution.name).order_by(Institution.name))}
