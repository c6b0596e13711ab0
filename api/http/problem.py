"""Refusals as HTTP: one table code → status, answered as RFC 9457 problem+json, or as a page for a browser.

422 only for malformed input, 409 for what the state forbids, 404 for "none or not yours", 503 with Retry-After when an engine is away.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from api.auth.errors import PasswordChangeNeeded, SignInAgain, SignInNeeded, TooManyAttempts
from api.http.messages import defect_text, message
from api.http.statuses import status_of
from api.http.typed import limit_of, waiting
from api.locale.language import choose_language
from api.pages.frame import render
from storage.kernel.errors import DomainError, InvalidInput

log = logging.getLogger("classproof.http")

RETRY_AFTER_S: Final = 5
_FROM_STATUS: Final = {
    404: "not-found",
    405: "method-not-allowed",
    401: "sign-in-needed",
    403: "not-allowed",
    413: "body-too-large",
    422: "invalid-input",
}
# SQLSTATE → code. Only what concurrent, correct use can cause; everything else is a fault of ours and answers 500.
_FROM_SQLSTATE: Final = {
    "23505": "conflict",  # unique_violation
    "23P01": "conflict",  # exclusion_violation
    "40001": "busy",  # serialization_failure
    "40P01": "busy",  # deadlock_detected
    "55P03": "busy",  # lock_not_available (lock_timeout)
    "57014": "busy",  # query_canceled
    "22003": "beyond-what-is-kept",  # numeric_value_out_of_range
    "22008": "beyond-what-is-kept",  # datetime_field_overflow
    "25006": "read-only-role",  # read_only_sql_transaction
    "42501": "not-allowed",  # insufficient_privilege: row-level security refused a write
    "53300": "database-unavailable",  # too_many_connections
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal, in words. `errors`: every defect, `where` as the client named it."""

    code: str
    status: int
    title: str
    detail: str
    advice: str
    clause: str = ""
    errors: Sequence[Mapping[str, str]] = ()
    reference: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:  # Any: JSON
        """RFC 9457; `advice` and `reference` are our extensions. Empty members are left out."""
        filled = {"clause": self.clause, "errors": [dict(error) for error in self.errors], "advice": self.advice, "reference": self.reference}
        return {"type": f"/problems/{self.code}", "title": self.title, "status": self.status, "detail": self.detail} | {
            k: v for k, v in filled.items() if v
        }


def problem_of(error: DomainError, request: Request) -> Problem:
    """The words and the status of a refusal for this reader; every defect of the form is told with it."""
    problem = problem_named(error.code, request, **error.facts)
    listed = error.facts.get("errors")
    headers = {"Retry-After": str(error.facts["retry_after_s"])} if isinstance(error, TooManyAttempts) else dict(problem.headers)
    told = list(listed) if isinstance(listed, Sequence) and not isinstance(listed, str) else []
    errors = _listed(told + [one for one in waiting(request) if one not in told], request)
    return replace(problem, status=status_of(type(error)), clause=error.clause, errors=errors, headers=headers)


def problem_named(code: str, request: Request, *, status: int | None = None, **facts: object) -> Problem:
    """A problem by code, for what is no DomainError."""
    said = message(code, facts, choose_language(request))
    found = status or status_of(code)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if found == 503 else {"WWW-Authenticate": "Bearer"} if found == 401 else {}
    return Problem(code=code, status=found, title=said.title, detail=said.detail, advice=said.advice, headers=headers)


def wants_page(request: Request) -> bool:
    """A browser showing a page, not a script: scripts ask for JSON, and the API answers JSON always."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def answer(problem: Problem, request: Request) -> Response:
    """The problem as a page or as problem+json."""
    if wants_page(request):
        page = render(request, "error.html", status_code=problem.status, problem=problem, nav=getattr(request.state, "ways", ()))
        page.headers.update(problem.headers)
        return page
    return JSONResponse(problem.body(), status_code=problem.status, media_type="application/problem+json", headers=dict(problem.headers))


def install_problem_handlers(app: FastAPI) -> None:
    """Register every handler on the application."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(PoolTimeout, _pool_exhausted)
    app.add_exception_handler(Exception, _unexpected)


def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 — registered for this class only
    if wants_page(request):
        if isinstance(error, SignInNeeded | SignInAgain):
            unsent = "&unsent=1" if request.method == "POST" else ""
            return RedirectResponse(f"/login?next={quote(_came_from(request), safe='')}{unsent}", status_code=303)
        if isinstance(error, PasswordChangeNeeded):
            return RedirectResponse("/account/password", status_code=303)
    problem = problem_of(error, request)
    if problem.status >= 500:
        log.error("refused %s", error.code, extra={"facts": repr(error)[:1000], "path": request.url.path})
    elif problem.status in {401, 403}:
        log.warning("access refused code=%s method=%s path=%r", error.code, request.method, request.url.path)
    return answer(problem, request)


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — registered for this class only
    errors = [
        {"where": ".".join(str(part) for part in defect["loc"][1:]) or str(defect["loc"][0]), "code": defect["type"]} | limit_of(defect)
        for defect in error.errors()
    ]
    return answer(problem_of(InvalidInput(errors=errors), request), request)


def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — registered for this class only
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    problem = problem_named(_FROM_STATUS.get(error.status_code, "bad-request"), request, status=error.status_code)
    return answer(replace(problem, headers={**problem.headers, **(error.headers or {})}), request)


def _database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)  # noqa: S101 — registered for this class only
    sqlstate = getattr(error.orig, "sqlstate", None)
    code = _FROM_SQLSTATE.get(sqlstate or "")
    if code is None and (
        error.connection_invalidated or (isinstance(error, OperationalError | InterfaceError) and (sqlstate or "08")[:2] in {"08", "57"})
    ):
        code = "database-unavailable"
    if code is None:
        return _unexpected(request, error)
    log.warning("database refused code=%s sqlstate=%s path=%r", code, sqlstate, request.url.path)
    return answer(problem_named(code, request), request)


def _pool_exhausted(request: Request, _error: Exception) -> Response:
    log.warning("no free database connection path=%r", request.url.path)
    return answer(problem_named("busy", request), request)


def _unexpected(request: Request, error: Exception) -> Response:
    """Nothing of the fault is shown; the incident number finds it in the log."""
    incident = secrets.token_hex(4)
    log.error("incident %s method=%s path=%r", incident, request.method, request.url.path, exc_info=error)
    problem = problem_named("internal-error", request, incident=incident)
    return answer(replace(problem, reference=incident), request)


def _listed(errors: Sequence[Any], request: Request) -> list[dict[str, str]]:  # Any: defects as the rules list them
    language = choose_language(request)
    lines = []
    for error in errors:
        where = error.get("where") or " ".join(str(error[key]) for key in ("row", "column") if error.get(key) is not None)
        place = {key: str(error[key]) for key in ("row", "column") if error.get(key) is not None}  # of a cell in a sheet
        lines.append({"where": str(where), "code": str(error.get("code", "")), "text": defect_text(error, language)} | place)
    return lines


def _came_from(request: Request) -> str:
    """Where to go on after sign-in: the page asked for, or the page whose form was sent (`static/js/unsent.js` fills it as it was)."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = urlsplit(request.headers.get("referer", ""))
    asked = {"type": "http", "method": "GET", "path": page.path, "root_path": "", "headers": []}
    shown = page.netloc == request.headers.get("host") and any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)
    return page.path + (f"?{page.query}" if page.query else "") if shown else "/"
