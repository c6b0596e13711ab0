"""API keys as a page: "Which machines send for us?" For the head of an institution and for administrators. safety.md; R72."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth import accounts, keys
from api.auth.access import access
from api.auth.audit import key_changed
from api.auth.caller import Caller
from api.auth.roles import Role
from api.http.problem import Problem, problem_of
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.http.typed import attempt
from api.locale.marks import N_
from api.pages.days import end_of_day
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.pages.reading import Typed, TypedList, read_form
from storage.kernel.errors import DomainError

router = APIRouter(include_in_schema=False)
KeyHolder = Annotated[Caller, access(roles={Role.INSTITUTION_HEAD, Role.ADMINISTRATOR})]
SCOPES = {
    "upload:write": N_("send recordings"),
    "upload:read": N_("see what arrived"),
    "signin:write": N_("send sign-ins"),
    "registry:read": N_("read the registry"),
    "registry:write": N_("enter classes and lessons"),
}
OFFERED = {
    Role.INSTITUTION_HEAD: ("upload:write", "upload:read", "signin:write"),
    Role.ADMINISTRATOR: ("registry:read", "registry:write"),
}


class KeyForm(BaseModel):
    """A key as the form asks for it; `last_day`: the last one on which it works."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    last_day: date | None = None
    scope: Annotated[list[str], Field(min_length=1)]


@router.get("/keys")
def list_page(request: Request, caller: KeyHolder, session: SessionDep, services: ServicesDep) -> Response:
    """Keys of the caller's institution; all keys for an administrator."""
    return _list(request, caller, session, services.clock.now_at())


def _list(
    request: Request,
    caller: Caller,
    session: Session,
    now_at: datetime,
    *,
    made: keys.NewKey | None = None,
    problem: Problem | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    return render(
        request,
        "keys/list.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "keys"),
        rows=keys.list_keys(session, caller.institution_id),
        now_at=now_at,
        scopes=SCOPES,
        offered=_offered(caller),
        may_change=caller.role in OFFERED,
        made=made,
        problem=problem,
        typed=typed or {},
    )


@router.post("/keys")
def create(
    request: Request,
    caller: KeyHolder,
    session: SessionDep,
    services: ServicesDep,
    name: Typed = "",
    last_day: Typed = "",
    scope: TypedList = None,
) -> Response:
    """Make a key and show it, once."""
    at = services.clock.now_at()
    typed = {"name": name, "last_day": last_day, "scope": [one for one in scope or () if one in _offered(caller)]}
    try:
        new = read_form(KeyForm, typed)
        with attempt(request, session):
            owner = accounts.find_account(session, _own(caller))
            made = keys.create_key(session, owner, name=new.name, scopes=frozenset(new.scope), expires_at=end_of_day(new.last_day), at=at)
            key_changed(session, made.row, "create", actor=caller.actor, at=at)
    except DomainError as refused:
        return _list(request, caller, session, at, problem=problem_of(refused, request), typed=typed)
    return _list(request, caller, session, at, made=made)


@router.post("/keys/{key_id}/revoke")
def revoke(caller: KeyHolder, session: SessionDep, services: ServicesDep, key_id: UUID) -> Response:
    """Dead from the commit of this call."""
    at = services.clock.now_at()
    key_changed(session, keys.revoke_key(session, key_id, caller.institution_id, at=at), "revoke", actor=caller.actor, at=at)
    return RedirectResponse("/keys", status_code=303)


def _offered(caller: Caller) -> tuple[str, ...]:
    return OFFERED.get(caller.role, ()) if caller.role else ()


def _own(caller: Caller) -> UUID:
    assert caller.account_id is not None  # noqa: S101 — the rule names roles
    return caller.account_id
