"""Pages of the door: sign in, code, sign out, language."""

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.concurrency import run_in_threadpool
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from api.auth import cookies, oidc
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.errors import LoginRefused, SingleSignOnFailed, TooManyAttempts
from api.auth.identify import client_ip, is_https, session_token
from api.auth.login import CodeStep, code_step, confirm_code, sign_in
from api.auth.origin import require_form_token, require_own_site
from api.auth.roles import EVERYBODY
from api.auth.sessions import Browser, end_session
from api.auth.totp import provisioning_uri, qr_svg
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.locale.language import LANGUAGE_COOKIE, parse_language
from api.pages.frame import render, translator
from storage.kernel.errors import DomainError

router = APIRouter()
YEAR_S: Final = 365 * 24 * 3600
Anyone = Annotated[Caller, access(public=True)]
Field = Annotated[str, Form(max_length=2000)]
NextField = Annotated[str, Form(alias="next", max_length=2000)]
NextQuery = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("/login", include_in_schema=False)
def login_page(
    request: Request, services: ServicesDep, _caller: Anyone, next_path: NextQuery = "/", unsent: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    """`unsent`: a form came when the session had ended."""
    return _password_page(request, services, next_path=safe_next(next_path), unsent=bool(unsent))


@router.post("/login", include_in_schema=False)
async def checked_login(
    request: Request, services: ServicesDep, _caller: Anyone, name: Field = "", password: Field = "", next_path: NextField = "/"
) -> Response:
    """The CSRF check reads the form and must await; the rest blocks and runs in a thread."""
    require_own_site(request)
    await require_form_token(request, cookies.expected_form_token(request, services.settings))
    return await run_in_threadpool(_log_in, request, services, name, password, safe_next(next_path))


def _log_in(request: Request, services: Services, name: str, password: str, next_path: str) -> Response:
    try:
        result = sign_in(services, name, password, browser_of(request), old_token=session_token(request))
    except (LoginRefused, TooManyAttempts) as refused:
        return _password_page(request, services, next_path=next_path, name=name, refused=refused)
    return _go_on(services, result.token, f"/login/code?next={quote(next_path, safe='')}" if result.code_owed else next_path)


@router.get("/login/code", include_in_schema=False)
def code_page(request: Request, services: ServicesDep, _caller: Anyone, next_path: NextQuery = "/") -> Response:
    return _code_page(request, code_step(services, session_token(request)), next_path=safe_next(next_path))


@router.post("/login/code", include_in_schema=False)
async def checked_code(request: Request, services: ServicesDep, _caller: Anyone, code: Field = "", next_path: NextField = "/") -> Response:
    require_own_site(request)
    await require_form_token(request, cookies.pending_form_token(request))
    return await run_in_threadpool(_enter_code, request, services, code, safe_next(next_path))


def _enter_code(request: Request, services: Services, code: str, next_path: str) -> Response:
    token = session_token(request)
    try:
        result = confirm_code(services, token, code, browser_of(request))
    except (LoginRefused, TooManyAttempts) as refused:
        return _code_page(request, code_step(services, token), next_path=next_path, refused=refused)
    return _go_on(services, result.token, next_path)


@router.get("/login/oidc", include_in_schema=False)
def oidc_start(services: ServicesDep, _caller: Anyone, next_path: NextQuery = "/") -> Response:
    begun = oidc.start(services, next_path=safe_next(next_path))
    response = RedirectResponse(begun.location, status_code=303)
    cookies.set_oidc(response, services.settings, begun.cookie)
    return response


@router.get(oidc.CALLBACK, include_in_schema=False)
def oidc_callback(request: Request, services: ServicesDep, _caller: Anyone, code: str = "", state: str = "") -> Response:
    try:
        cookie = request.cookies.get(cookies.oidc_cookie(services.settings), "")
        result, next_path = oidc.finish(
            services, code=code, state=state, cookie=cookie, browser=browser_of(request), old_token=session_token(request)
        )
    except SingleSignOnFailed as refused:
        response = _password_page(request, services, next_path="/", refused=refused)
    else:
        response = _go_on(services, result.token, f"/login/code?next={quote(next_path, safe='')}" if result.code_owed else next_path)
    cookies.drop_oidc(response, services.settings)
    return response


@router.post("/logout", include_in_schema=False)
def log_out(
    request: Request, services: ServicesDep, session: SessionDep, _caller: Annotated[Caller, access(roles=EVERYBODY, personal=True, system=True)]
) -> Response:
    end_session(session, session_token(request), at=services.clock.now_at())
    response = RedirectResponse("/login", status_code=303)
    cookies.drop_session(response, services.settings)
    return response


@router.post("/language", include_in_schema=False)
def choose(request: Request, services: ServicesDep, _caller: Anyone, lang: Field = "zh", next_path: NextField = "/") -> Response:
    """Kept in a cookie, not in the account: a shared office machine speaks one language. Harmless across sites, still only from our own."""
    require_own_site(request)
    response = RedirectResponse(safe_next(next_path), status_code=303)
    response.set_cookie(
        LANGUAGE_COOKIE, parse_language(lang) or "zh", max_age=YEAR_S, path="/", httponly=True, samesite="lax", secure=is_https(services.settings)
    )
    return response


def safe_next(path: str) -> str:
    """A path of this site to go on to; anything else, `//other.example` and backslashes too, becomes the start page."""
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable() and len(path) <= 1000
    return path if fine and not path.startswith("/login") else "/"


def browser_of(request: Request) -> Browser:
    return Browser(ip=client_ip(request), user_agent=request.headers.get("user-agent", ""))


def refusal_text(request: Request, refused: DomainError) -> str:
    """One line for a form: why and what to do."""
    problem = problem_of(refused, request)
    return f"{problem.detail} {problem.advice}"


def _password_page(
    request: Request, services: Services, *, next_path: str, name: str = "", refused: DomainError | None = None, unsent: bool = False
) -> Response:
    settings = services.settings
    token, made = cookies.visitor_form_token(request, settings)
    offer = {"href": f"/login/oidc?next={quote(next_path, safe='')}", "label": translator(request)("Sign in with the government account")}
    response = render(
        request,
        "login.html",
        status_code=problem_of(refused, request).status if refused else 200,
        step="password",
        name=name,
        next=next_path,
        unsent=unsent,
        error=refusal_text(request, refused) if refused else "",
        oidc=offer if oidc.is_configured(settings) else None,
        csrf_token=token,
        viewer=None,
        nav=(),
    )
    if refused is not None:
        response.headers.update(problem_of(refused, request).headers)
    if made is not None:
        cookies.set_form(response, settings, made)
    return response


def _code_page(request: Request, step: CodeStep, *, next_path: str, refused: DomainError | None = None) -> Response:
    secret = step.enrol_secret
    shown: dict[str, Any] = {"step": "code", "name": step.login_name, "oidc": None}  # Any: template context
    if secret is not None:
        shown = {"action": "/login/code", "secret": grouped(secret), "qr": Markup(qr_svg(provisioning_uri(secret, step.login_name)))}  # noqa: S704 — our own svg
    response = render(
        request,
        "login.html" if secret is None else "account/enrol.html",
        status_code=problem_of(refused, request).status if refused else 200,
        next=next_path,
        error=refusal_text(request, refused) if refused else "",
        csrf_token=cookies.pending_form_token(request),
        viewer=None,
        nav=(),
        **shown,
    )
    if refused is not None:
        response.headers.update(problem_of(refused, request).headers)
    return response


def grouped(secret: str) -> str:
    """ABCD EFGH …: people type it when the camera fails."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _go_on(services: Services, token: str, path: str) -> Response:
    response = RedirectResponse(path, status_code=303)
    cookies.set_session(response, services.settings, token)
    return response
