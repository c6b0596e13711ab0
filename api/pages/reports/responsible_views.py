"""Who is responsible: plans (R82), persons of report duties (R99), who selected and uses funds (R80), what was entered late (R86). UI.md."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Form, Query, Request
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
from api.pages.reports import words
from compliance.reports import entries, responsible
from compliance.reports.entries import EntryRule
from compliance.reports.errors import MalformedDuty
from compliance.reports.models import DutyKind
from storage.kernel.errors import DomainError

router = APIRouter(include_in_schema=False)
READERS: Final = OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR, Role.DEPARTMENT_OFFICER}
Reader = Annotated[Caller, access(roles=READERS)]
Planner = Annotated[Caller, access(roles=OFFICERS | {Role.DEPARTMENT_OFFICER})]
Officer = Annotated[Caller, access(roles=OFFICERS)]
Year = Annotated[int | None, Query(ge=2023, le=2100)]
Words = Annotated[str, Form(), Most(400)]
T = TypeVar("T")


@router.get("/responsible")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, year: Year = None) -> Response:
    """Plans, persons and late entries of a year; an officer of a department sees its own plan alone."""
    return _show(request, caller, session, services, year or services.clock.today_on().year)


def _show(
    request: Request,
    caller: Caller,
    session: Session,
    services: Services,
    year: int,
    *,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    today, own = services.clock.today_on(), caller.only_department
    return render(
        request,
        "reports/responsible.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "responsible"),
        year=year,
        today=today,
        plans=responsible.plans(session, year, department=own),
        missing=[name for name in responsible.without_plan(session, year) if own is None or name == own],
        persons=responsible.persons(session, today),
        answerable=responsible.answerable(session, year, department=own),
        late=entries.late(session, year, services.policy.read(EntryRule, today), today=today) if own is None else [],
        names=words.PERSONS,
        kinds=words.ENTRIES,
        own=own,
        may_plan=caller.role in OFFICERS or own is not None,
        may_name=caller.role in OFFICERS,
        problem=problem,
        typed=typed or {},
    )


def _done(
    request: Request, caller: Caller, session: Session, services: Services, year: int, do: Callable[[], object], typed: dict[str, str]
) -> Response:
    try:
        with attempt(request, session):
            do()
    except DomainError as refused:
        return _show(request, caller, session, services, year, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/responsible?year={year}", status_code=303)


@router.post("/responsible/plans")
def file_plan(
    request: Request,
    caller: Planner,
    session: SessionDep,
    services: ServicesDep,
    year: Annotated[int, Form(ge=2023, le=2100)],
    department: Words = "",
    title: Words = "",
    document: Words = "",
    section: Words = "",
    person: Words = "",
) -> Response:
    """Register a plan; an officer of a department registers that of their own, whatever was typed."""
    name = department if caller.only_department is None else caller.only_department
    typed = {"department": name, "title": title, "document": document, "section": section, "person": person}
    by = {"actor": caller.actor, "clock": services.clock}
    return _done(request, caller, session, services, year, lambda: responsible.file_plan(session, year=year, **typed, **by), typed)  # type: ignore[arg-type]  # keywords


@router.post("/responsible/persons")
def name_person(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    duty: Words = "",
    unit: Words = "",
    named_section: Words = "",
    named_person: Words = "",
    from_on: Annotated[str, Form(), Most(10)] = "",
) -> Response:
    """Name who reports."""
    typed = {"duty": duty, "unit": unit, "named_section": named_section, "named_person": named_person, "from_on": from_on}

    def do() -> object:
        return responsible.name_person(
            session,
            duty=_read("duty", DutyKind, duty),
            unit=unit,
            section=named_section,
            person=named_person,
            from_on=_read("from_on", date.fromisoformat, from_on),
            actor=caller.actor,
            clock=services.clock,
        )

    return _done(request, caller, session, services, services.clock.today_on().year, do, typed)


def _read(where: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError:
        raise MalformedDuty(errors=[{"where": where, "code": "value_error", "value": text}]) from None
