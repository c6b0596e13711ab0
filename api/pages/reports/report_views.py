"""Biweekly reports (双周调度): prepared by one person, signed by another, printed as sheet and paper. R98, R99; G25."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.pages.registry.views import CATEGORIES
from api.pages.reports import words
from api.pages.reports.duties import REPORT_DAYS
from api.pages.reports.views import Reader
from api.papers.progress_report import render_report
from api.papers.progress_sheet import render_sheet
from compliance.reports import queries
from compliance.reports import service as reports
from compliance.reports.lifecycle import LIVE_STATES, ReportState
from compliance.reports.models import DutyKind, ProgressReport
from compliance.reports.periods import ReportRule, ended_periods, period_of, standing
from compliance.reports.responsible import person_of
from compliance.reports.rules import TargetRule
from storage.kernel.clock import local_date
from storage.kernel.errors import DomainError, NotFound

router = APIRouter(include_in_schema=False)
Preparer = Annotated[Caller, access(roles=OFFICERS)]
Signer = Annotated[Caller, access(roles={Role.BUREAU_LEADER})]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/reports")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep) -> Response:
    """Periods of the last half-year with their reports, late ones by name, and the next day that matters."""
    return _list(request, caller, session, services)


def _list(request: Request, caller: Caller, session: Session, services: Services, *, problem: Problem | None = None) -> Response:
    today = services.clock.today_on()
    rule = services.policy.read(ReportRule, today)
    since = today - timedelta(days=REPORT_DAYS)
    found = queries.reports_since(session, since)
    live = {row.period_ends_on: row for row in found if row.state in LIVE_STATES}
    lines = []
    owed_since = queries.owed_since(session, since, today=today)
    for number, period in enumerate(ended_periods(since, today, rule)):
        row = live.get(period.ends_on)
        signed_on = local_date(row.signed_at) if row and row.signed_at else None
        if period.ends_on >= owed_since or row is not None:
            lines.append((period, row, standing(period, signed_on=signed_on, today=today).value))
        elif number == 0:  # ended before the first use: nothing is owed, yet it may be taken down
            lines.append((period, row, "not-owed"))
    return render(
        request,
        "reports/list.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "reports"),
        running=period_of(today, rule),
        lines=lines,
        returned=[row for row in found if row.state is ReportState.RETURNED],
        standings=words.REPORTS,
        sender=person_of(session, DutyKind.BIWEEKLY, today),
        may_prepare=caller.role in OFFICERS,
        problem=problem,
    )


@router.post("/reports")
def prepare(request: Request, caller: Preparer, session: SessionDep, services: ServicesDep, ends_on: Annotated[date, Form()]) -> Response:
    """Take the figures of an ended period down."""
    today = services.clock.today_on()
    period = period_of(ends_on, services.policy.read(ReportRule, today))
    try:
        with attempt(request, session):
            row = reports.prepare(session, period, services.policy.read(TargetRule, period.ends_on), actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return _list(request, caller, session, services, problem=problem_of(refused, request))
    return RedirectResponse(f"/reports/{row.code}", status_code=303)


@router.get("/reports/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, code: str) -> Response:
    """One report as it was taken down."""
    return _show(request, caller, session, queries.report(session, code))


def _show(request: Request, caller: Caller, session: Session, row: ProgressReport, *, problem: Problem | None = None) -> Response:
    return render(
        request,
        "reports/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "reports"),
        row=row,
        told=reports.content_of(row),
        due={one["key"]: date.fromisoformat(one["due_on"]) for one in reports.content_of(row)["duties"]},
        names=words.DUTIES,
        standings=words.STANDINGS,
        categories=CATEGORIES,
        may_sign=caller.role is Role.BUREAU_LEADER and row.prepared_by_id != caller.account_id,
        may_return=caller.role in OFFICERS,
        problem=problem,
    )


@router.post("/reports/{code}/sign")
def sign(request: Request, caller: Signer, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """Answer for it."""
    try:
        with attempt(request, session):
            reports.sign(session, code, actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _show(request, caller, session, queries.report(session, code), problem=problem_of(refused, request))
    return RedirectResponse(f"/reports/{code}", status_code=303)


@router.post("/reports/{code}/return")
def send_back(
    request: Request, caller: Preparer, session: SessionDep, services: ServicesDep, code: str, reason: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """Send it back with a reason."""
    try:
        with attempt(request, session):
            reports.send_back(session, code, reason=reason, actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _show(request, caller, session, queries.report(session, code), problem=problem_of(refused, request))
    return RedirectResponse(f"/reports/{code}", status_code=303)


@router.get("/reports/{code}/pdf")
def pdf(_caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """The paper, with its hash and the place of the seal."""
    row = queries.report(session, code)
    reports.content_of(row)
    return _file(render_report(row, bureau=services.settings.bureau_name), "application/pdf", f"{row.code}.pdf")


@router.get("/reports/{code}/xlsx")
def xlsx(_caller: Reader, session: SessionDep, services: ServicesDep, code: str) -> Response:
    """The same figures as a sheet."""
    row = queries.report(session, code)
    reports.content_of(row)
    return _file(render_sheet(row, bureau=services.settings.bureau_name), XLSX, f"{row.code}.xlsx")


def _file(data: bytes, media_type: str, name: str) -> Response:
    return Response(data, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
