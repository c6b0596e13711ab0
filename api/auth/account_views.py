"""Pages about one's own account: password and second factor."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.accounts import change_password, credential_of, find_account
from api.auth.caller import Caller
from api.auth.errors import LoginRefused, TooManyAttempts, WeakPassword
from api.auth.login import sealer, start_enrolment, totp_context, use_code
from api.auth.passwords import MAXIMUM
from api.auth.roles import EVERYBODY
from api.auth.throttle import code_bucket, take
from api.auth.totp import provisioning_uri, qr_svg
from api.auth.views import grouped, refusal_text
from api.http.problem import problem_of
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.pages.frame import render
from storage.kernel.errors import DomainError, NotFound

router = APIRouter()
Owner = Annotated[Caller, access(roles=EVERYBODY, personal=True, system=True)]
Secret = Annotated[str, Form(max_length=2 * MAXIMUM)]


@router.get("/account/password", include_in_schema=False)
def password_page(request: Request, caller: Owner) -> Response:
    return _password_page(request, caller, None)


@router.post("/account/password", include_in_schema=False)
def new_password(request: Request, services: ServicesDep, session: SessionDep, caller: Owner, old: Secret = "", new: Secret = "") -> Response:
    account_id = _own(caller)
    take(services.database, services.clock, code_bucket(f"password:{account_id}"))
    try:
        change_password(session, account_id, old, new, keep=caller.session_id, actor=caller.actor, at=services.clock.now_at())
    except (WeakPassword, LoginRefused) as refused:
        return _password_page(request, caller, refused)
    return RedirectResponse("/", status_code=303)


@router.get("/account/code", include_in_schema=False)
def code_page(request: Request, services: ServicesDep, session: SessionDep, caller: Owner) -> Response:
    """Whether a second factor is linked; a started enrolment shows its QR code."""
    account = find_account(session, _own(caller))
    credential = credential_of(session, account.id)
    if credential.totp_secret is not None or credential.totp_pending is None:
        return render(request, "account/code.html", linked=credential.totp_secret is not None)
    secret = sealer(services).open(credential.totp_pending, totp_context(account)).decode()
    picture = Markup(qr_svg(provisioning_uri(secret, account.login_name)))  # noqa: S704 — our own svg
    return render(request, "account/enrol.html", action="/account/code", secret=grouped(secret), qr=picture, next="", error="")


@router.post("/account/code/start", include_in_schema=False)
def start(
    services: ServicesDep, session: SessionDep, caller: Annotated[Caller, access(roles=EVERYBODY, personal=True, system=True, fresh=True)]
) -> Response:
    start_enrolment(session, services, find_account(session, _own(caller)))
    return RedirectResponse("/account/code", status_code=303)


@router.post("/account/code", include_in_schema=False)
def link(request: Request, services: ServicesDep, session: SessionDep, caller: Owner, code: Secret = "") -> Response:
    account = find_account(session, _own(caller))
    refused: DomainError | None = None
    try:
        take(services.database, services.clock, code_bucket(account.id))
    except TooManyAttempts as throttled:
        refused = throttled
    else:
        refused = None if use_code(session, services, account, code, at=services.clock.now_at()) else LoginRefused()
    if refused is not None:
        return render(
            request, "account/code.html", status_code=problem_of(refused, request).status, linked=False, error=refusal_text(request, refused)
        )
    return RedirectResponse("/account/code", status_code=303)


def _own(caller: Caller) -> UUID:
    if caller.account_id is None:
        raise NotFound(what="account")
    return caller.account_id


def _password_page(request: Request, caller: Caller, refused: DomainError | None) -> Response:
    problem = problem_of(refused, request) if refused else None
    return render(
        request,
        "account/password.html",
        status_code=problem.status if problem else 200,
        owed=caller.must_change_password,
        error=refusal_text(request, refused) if refused else "",
    )
