"""The acts around a visit as forms: the member's door and stepping back, the office's teams, findings, closing, void and the revealed list."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS
from api.evidence import verify_visit
from api.holds import EvidenceHolds
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.inspectors import eligible_inspectors
from api.pages.visits.views import show, show_round
from api.v1.draws import Code as RoundCode
from api.v1.visits import Code, Inspector, step_back, who_asks
from storage.kernel.errors import DomainError
from supervision.findings import queries as findings_q
from supervision.findings import service as findings
from supervision.findings.rules import Severity
from supervision.sampling import queries as draws
from supervision.spotchecks.checklists import Answer
from supervision.visits import on_site, queries
from supervision.visits import service as visits
from supervision.visits.errors import VisitNotFound
from supervision.visits.models import Visit
from supervision.visits.rules import VisitRule

router = APIRouter(include_in_schema=False)
Officer = Annotated[Caller, access(roles=OFFICERS)]
Words = Annotated[str, Form(), Most(1000)]


@router.post("/visits/{code}/open")
def open_visit(request: Request, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """I am at the door."""
    return _on_visit(request, caller, session, services, code, lambda: on_site.open_visit(session, code, who_asks(caller, services)))


@router.post("/visits/{code}/recuse")
def recuse(request: Request, caller: Inspector, session: SessionDep, services: ServicesDep, code: Code, reason: Words = "") -> Response:
    """回避: another inspector is drawn in my place."""
    return _on_visit(request, caller, session, services, code, lambda: step_back(session, services, caller, code, reason), then="/visits")


@router.post("/visits/{code}/findings")
def record_finding(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    code: Code,
    item: Annotated[str, Form(), Most(40)],
    severity: Annotated[Severity, Form()],
    note: Words = "",
) -> Response:
    """What was answered with no becomes a finding; record and photos are hashed at this moment."""

    def recorded() -> None:
        verify_visit(services, session, queries.visit_for_office(session, code), item=item)
        findings.record_on_site(
            session,
            code,
            item=item,
            severity=severity,
            note=note,
            hash_verified=True,
            holds=EvidenceHolds(services.buckets.evidence),
            actor=caller.actor,
            clock=services.clock,
            events=services.events,
        )

    return _on_visit(request, caller, session, services, code, recorded)


@router.post("/visits/{code}/close")
def close(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code, reason: Words = "") -> Response:
    """The office has dealt with it."""

    def closed() -> Visit:
        visit = queries.visit_for_office(session, code)
        return visits.close(session, code, problems_open=problems_open(session, visit), reason=reason, actor=caller.actor, clock=services.clock)

    return _on_visit(request, caller, session, services, code, closed)


@router.post("/visits/rounds/{code}/teams")
def draw_teams(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: RoundCode) -> Response:
    """Two inspectors for every drawn lesson."""
    rule = services.policy.read(VisitRule, services.clock.today_on())
    people = eligible_inspectors(session, services)
    return _on_round(
        request, caller, session, code, lambda: visits.assign(session, code, inspectors=people, rule=rule, actor=caller.actor, clock=services.clock)
    )


@router.post("/visits/rounds/{code}/void-visit")
def void_visit(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    code: RoundCode,
    visit: Annotated[str, Form(), Most(40)] = "",
    reason: Words = "",
) -> Response:
    """A visit that cannot be made; its members tell the office its number, which tells nothing else."""

    def voided() -> Visit:
        found = queries.locked_visit(session, visit.strip())
        if found.id not in {v.id for v in queries.visits_of_round(session, draws.round_by_code(session, code).id)}:
            raise VisitNotFound(visit=visit.strip())
        return visits.void(session, found.code, reason=reason, actor=caller.actor, clock=services.clock)

    return _on_round(request, caller, session, code, voided)


@router.post("/visits/rounds/{code}/reveal")
def reveal(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: RoundCode) -> Response:
    """Publish the list when all visits have ended."""
    return _on_round(request, caller, session, code, lambda: visits.reveal(session, code, actor=caller.actor, clock=services.clock))


@router.post("/visits/rounds/{code}/close")
def close_round(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: RoundCode) -> Response:
    """End the round when every visit is dealt with."""
    return _on_round(request, caller, session, code, lambda: visits.close_round(session, code, actor=caller.actor, clock=services.clock))


def problems_open(session: Session, visit: Visit) -> int:
    """Answers *no* that no standing finding rests on."""
    given = queries.standing(queries.answers(session, visit.id))
    no = [item for item, answer in given.items() if answer.answer is Answer.NO]
    return sum(findings_q.finding_of_item(session, visit.id, item) is None for item in no)


def _on_visit(
    request: Request, caller: Caller, session: Session, services: Services, code: str, act: Callable[[], object], *, then: str = ""
) -> Response:
    try:
        with attempt(request, session):
            act()
    except DomainError as refused:
        return show(request, caller, session, services, code, problem=problem_of(refused, request))
    return RedirectResponse(then or f"/visits/{code}", status_code=303)


def _on_round(request: Request, caller: Caller, session: Session, code: str, act: Callable[[], object]) -> Response:
    try:
        with attempt(request, session):
            act()
    except DomainError as refused:
        return show_round(request, caller, session, code, problem=problem_of(refused, request))
    return RedirectResponse(f"/visits/rounds/{code}", status_code=303)
