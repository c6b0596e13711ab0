"""The bureau's overview and its targets: "What needs me today, and are we on target?" R4–R9, R13, R19, R24, R28, R29, R94; G25; UI.md."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.http.paging import csv_download
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.registry.views import CATEGORIES
from api.pages.reports import words
from api.pages.reports.bullets import bullet
from api.pages.reports.duties import LOOK_BACK_DAYS, waiting
from api.pages.reports.multiples import DashboardRule, multiples
from api.subsidy import portfolio_rule
from compliance.reports import queries
from compliance.reports import service as reports
from compliance.reports.errors import MalformedFigure
from compliance.reports.models import FigureKind
from compliance.reports.rules import Duty, TargetRule, day_of, duties, payment_duty, startup
from compliance.subsidy.queries import Money, caps, money_of_year
from storage.kernel.errors import DomainError
from supervision.classes.models import Category

router = APIRouter(include_in_schema=False)
OFFICE: Final = OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR}
Reader = Annotated[Caller, access(roles=OFFICE)]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Year = Annotated[int | None, Query(ge=2023, le=2100)]
EXPORTED: Final = (
    N_("Class"), N_("Trade"), N_("Institution"), N_("Category"), N_("First day"), N_("Last day"), N_("Enrolled"), N_("Trained"), N_("Certified"),
    N_("Found work"), N_("Owed, yuan"), N_("Paid, yuan"),
)  # fmt: skip
STARTUPS: Final = (
    N_("Class"), N_("Institution"), N_("Last day"), N_("Licence by the end of"), N_("Licences in time, verified"), N_("Standing"),
)  # fmt: skip
GROUPS: Final = {"order-project": frozenset(queries.ORDER_PROJECT)} | {one.value: frozenset({one}) for one in Category}


def duty_lines(session: Session, services: Services, year: int) -> list[Duty]:
    """Every duty of a year, the payments of the year before last of all."""
    today = services.clock.today_on()
    rule = services.policy.read(TargetRule, today)
    lines = duties(queries.year_of(session, year, rule, today=today), rule, today=today)
    return [*lines, payment_duty(year - 1, queries.payments_of(session, year - 1, today), rule, today=today)]


def pictured(lines: list[Duty]) -> list[tuple[Duty, Any, str]]:  # Any: a bullet or None
    """(duty, its bar, the list behind its figure)."""
    half = {line.key.removesuffix("-midyear"): line.needed for line in lines if line.key.endswith("-midyear")}
    return [(line, bullet(line, half=half.get(line.key)), _href(line)) for line in lines]


def _href(line: Duty) -> str:
    year = line.due_on.year
    if line.key in words.STATED:
        return f"/targets/figures?year={year}"
    if line.key == "payments":
        return f"/targets/classes?year={year - 1}"
    category = line.key if line.key in GROUPS else ""
    return f"/targets/classes?year={year}&until={line.due_on.isoformat()}" + (f"&category={category}" if category else "")


@router.get("/dashboard")
def dashboard(request: Request, caller: Reader, session: SessionDep, services: ServicesDep) -> Response:
    """Duties first, then targets, then each institution."""
    today = services.clock.today_on()
    rule = services.policy.read(TargetRule, today)
    dashboard_rule = services.policy.read(DashboardRule, today)
    return render(
        request,
        "reports/dashboard.html",
        styles=("css/reports.css",),
        **show_navigation(request, caller, "dashboard"),
        waiting=waiting(session, services),
        lines=pictured(duty_lines(session, services, today.year)),
        names=words.DUTIES,
        standings=words.STANDINGS,
        today=today,
        marks=[day_of(today.year, rule.midyear_due_day), day_of(today.year, rule.yearend_due_day)],
        smalls=multiples(session, today, dashboard_rule),
        days=dashboard_rule.dashboard_coverage_days,
    )


@router.get("/targets")
def targets_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, year: Year = None) -> Response:
    """Every duty with what is there, what is booked, and both forecasts."""
    today = services.clock.today_on()
    chosen = year or today.year
    shares = portfolio_rule(services.policy, today)
    county, portfolios = caps(session, chosen, shares)
    return render(
        request,
        "reports/targets.html",
        styles=("css/reports.css",),
        **show_navigation(request, caller, "targets"),
        year=chosen,
        today=today,
        lines=pictured(duty_lines(session, services, chosen)),
        names=words.DUTIES,
        standings=words.STANDINGS,
        county=county,
        classes=sum(count for count, _ in portfolios.values()),
        portfolios=portfolios,
        cap_days=-(-shares.universal_cap_yuan // shares.universal_day_yuan),
    )


@router.get("/targets/classes")
def classes_page(
    request: Request,
    caller: Reader,
    session: SessionDep,
    services: ServicesDep,
    year: Year = None,
    until: date | None = None,
    category: Annotated[str, Query(max_length=20)] = "",
    institution: Annotated[str, Query(max_length=60)] = "",
    export: str = "",
) -> Response:
    """The classes behind a figure, with counts of persons and no name."""
    today = services.clock.today_on()
    chosen, on = year or today.year, min(until or today, today)
    group = GROUPS.get(category)
    rows = [line for line in queries.class_lines(session, chosen, on, institution=institution) if group is None or line.category in group]
    money = money_of_year(session, chosen, on)
    if export == "csv":
        _ = translator(request)
        heading = [_(word) for word in EXPORTED]
        table = [
            [
                r.code,
                r.trade,
                r.institution,
                _(CATEGORIES[r.category.value]),
                r.starts_on,
                r.ends_on,
                r.enrolled,
                r.trained,
                r.certified,
                r.employed,
                *_yuan(money, r),
            ]
            for r in rows
        ]
        return csv_download("classes", heading, table)
    return render(
        request,
        "reports/classes.html",
        **show_navigation(request, caller, "targets"),
        rows=rows,
        money=money,
        total={name: sum(getattr(r, name) for r in rows) for name in ("enrolled", "trained", "certified", "employed")}
        | dict(zip(("owed_yuan", "paid_yuan"), map(sum, zip((0, 0), *(_yuan(money, r) for r in rows), strict=True)), strict=True)),
        year=chosen,
        on=on,
        until=until,
        category=category if group else "",
        institution=institution,
        categories=CATEGORIES,
        query=request.url.query,
    )


def _yuan(money: Mapping[UUID, Money], line: queries.ClassLine) -> tuple[int, int]:
    yuan = money.get(line.class_id)
    return (0, 0) if yuan is None else (yuan.owed_yuan, yuan.paid_yuan)


@router.get("/targets/startups")
def startups_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Start-up classes and the licence each still owes (R28)."""
    today = services.clock.today_on()
    rule = services.policy.read(TargetRule, today)
    rows = queries.startup_classes(session, ended_from=today - timedelta(days=LOOK_BACK_DAYS))
    licences = queries.startup_licences(session, [row[0] for row in rows])
    found = [(code, name, ends_on, startup(ends_on, licences.get(ident, ()), rule, today=today)) for ident, code, name, ends_on in rows]
    if export == "csv":
        _ = translator(request)
        lines = [
            [code, name, ends_on, one.deadline_on, one.successes, _(words.STARTUPS[one.standing.value].word)] for code, name, ends_on, one in found
        ]
        return csv_download("startups", [_(word) for word in STARTUPS], lines)
    return render(
        request,
        "reports/startups.html",
        **show_navigation(request, caller, "targets"),
        rows=found,
        standings=words.STARTUPS,
        months=rule.startup_success_months,
        days=LOOK_BACK_DAYS,
    )


@router.get("/targets/figures")
def figures_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, year: Year = None) -> Response:
    """What was stated with a document."""
    return _figures(request, caller, session, services, year or services.clock.today_on().year)


@router.post("/targets/figures")
def state_figure(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    kind: Annotated[str, Form(), Most(30)] = "",
    value: Annotated[str, Form(), Most(12)] = "",
    as_of_on: Annotated[str, Form(), Most(10)] = "",
    document: Annotated[str, Form(), Most(400)] = "",
) -> Response:
    """State a figure with its day and document."""
    typed = {"kind": kind, "value": value, "as_of_on": as_of_on, "document": document}
    try:
        with attempt(request, session):
            row = reports.state_figure(session, **_read(typed), document=document, actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return _figures(request, caller, session, services, services.clock.today_on().year, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/targets/figures?year={row.year}", status_code=303)


def _read(typed: dict[str, str]) -> dict[str, Any]:  # Any: keywords of the use-case
    errors: list[dict[str, object]] = []
    found: dict[str, Any] = {}  # Any: see above
    for name, read in (("kind", FigureKind), ("value", int), ("as_of_on", date.fromisoformat)):
        try:
            found[name] = read(typed[name])
        except ValueError:
            errors.append({"where": name, "code": "value_error", "value": typed[name]})
    if errors:
        raise MalformedFigure(errors=errors)
    return found


def _figures(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    year: int,
    *,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    return render(
        request,
        "reports/figures.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "targets"),
        rows=queries.figures(session, year),
        year=year,
        today=services.clock.today_on(),
        kinds=words.FIGURES,
        may_state=caller.role in OFFICERS,
        problem=problem,
        typed=typed or {},
    )
