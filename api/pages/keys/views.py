"""API keys as a page: "Which machines send for us?" For the head of an institution and for administrators. safety.md; R72."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
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
from api.locale.marks import N_
from api.pages.days import end_of_day
from api.pages.frame import render
from api.pages.navigation import show_navigation
from storage.kernel.errors import DomainError, InvalidInput

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
    typed: dict[str, str] | None = None,
) -> Response:
    assert caller.role is not None  # noqa: S101 — the rule names roles
    return render(
        request,
        "keys/list.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "keys"),
        rows=keys.list_keys(session, caller.institution_id),
        now_at=now_at,
        scopes=SCOPES,
        offered=OFFERED.get(caller.role, ()),
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
    name: Annotated[str, Form(max_length=100)] = "",
    last_day: Annotated[str, Form(max_length=20)] = "",
    scope: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Make a key and show it, once."""
    at = services.clock.now_at()
    try:
        if not name.strip():
            raise InvalidInput(errors=[{"where": "name", "code": "missing", "value": None}])
        wanted = frozenset(scope or ()) & frozenset(OFFERED.get(caller.role, ())) if caller.role else frozenset()
        with session.begin_nested():
            owner = accounts.find_account(session, _own(caller))
            made = keys.create_key(session, owner, name=name, scopes=wanted, expires_at=end_of_day(last_day, "last_day"), at=at)
            key_changed(session, made.row, "create", actor=caller.actor, at=at)
    except DomainError as refused:
        return _list(request, caller, session, at, problem=problem_of(refused, request), typed={"name": name, "last_day": last_day})
    return _list(request, caller, session, at, made=made)


@router.post("/keys/{key_id}/revoke")
def revoke(caller: KeyHolder, session: SessionDep, services: ServicesDep, key_id: UUID) -> Response:
    """Dead from the commit of this call."""
    at = services.clock.now_at()
    key_changed(session, keys.revoke_key(session, key_id, caller.institution_id, at=at), "revoke", actor=caller.actor, at=at)
    return RedirectResponse("/keys", status_code=303)


def _own(caller: Caller) -> UUID:
    assert caller.account_id is not None  # noqa: S101 — the rule names roles
    return caller.account_id
