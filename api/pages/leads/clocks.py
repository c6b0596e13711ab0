"""What the machine learned of each camera's burned-in clock, and the place where a named person throws it away. R60, R72; F-19."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import BUREAU, OFFICERS, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.frame import render
from api.pages.navigation import show_navigation
from storage.kernel.errors import DomainError, NotFound
from supervision.screening import clocks
from supervision.screening.clock_shape import METHOD
from supervision.spotchecks import lead_verdicts, recusals

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw is shown no lead before their own verdict (G17)
Reader = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Judge = Annotated[Caller, access(roles=OFFICERS)]


@router.get("/leads/clocks")
def clocks_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep) -> Response:
    """Camera by camera: the layout that was learned, from which recording and when, how well it read, and whether somebody threw it away."""
    return _page(request, caller, session, services)


def _page(request: Request, caller: Caller, session: Session, services: Services, refused: DomainError | None = None) -> Response:
    problem = problem_of(refused, request) if refused else None
    return render(
        request,
        "leads/clocks.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "leads"),
        rows=clocks.listed(session),
        method=METHOD,
        may_discard=caller.role in OFFICERS,
        aside={institution.id for _, institution in recusals.standing(session, caller.person(), services.clock.today_on())},
        problem=problem,
    )


@router.post("/leads/clocks/{clock_id}/discard")
def discard(
    request: Request, caller: Judge, session: SessionDep, services: ServicesDep, clock_id: UUID, why: Annotated[str, Form(), Most(1000)] = ""
) -> Response:
    """By name and with a reason. The camera's next recording is learned from."""
    try:
        with attempt(request, session):
            lead_verdicts.discard_clock(session, clock_id, why=why, account_id=caller.person(), actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _page(request, caller, session, services, refused)
    return RedirectResponse("/leads/clocks", status_code=303)
