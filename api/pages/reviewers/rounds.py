"""The looks of a round for the office: what each lesson's verdicts led to, and which look waits for an eligible inspector. 2.3.2; G9."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.inspectors import eligible_inspectors, review_due
from api.pages.frame import render
from api.pages.navigation import show_navigation
from api.v1.draws import Code, Officer
from supervision.sampling import queries as draws
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import looks
from supervision.spotchecks.lifecycle import UNDECIDED
from supervision.spotchecks.models import ReviewPlan
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR})]


@router.get("/draws/{code}/looks")
def looks_page(request: Request, caller: Reader, session: SessionDep, code: Code) -> Response:
    """Lesson by lesson. Inspectors do not read this page: looks are blind."""
    round_ = draws.round_by_code(session, code)
    outcomes = looks.outcomes(session, round_.id)
    return render(
        request,
        "reviewers/looks.html",
        styles=("css/reviewers.css",),
        **show_navigation(request, caller, "draws"),
        row=round_,
        rows=[(one, looks.looks_of(session, round_.id, one.lesson_id)) for one in outcomes],
        due={one.id: looks.look_due(session, one) for one in outcomes if one.state in UNDECIDED},
        waits=any(one.waiting_since_at for one in outcomes),
        plan=looks.plan_of(session, round_.id) if outcomes else None,
        salt=_salt(session, round_),
        officer=caller.role in OFFICERS,
    )


@router.get("/draws/{code}/looks.json")
def looks_json(caller: Reader, session: SessionDep, code: Code) -> JSONResponse:
    """What is needed to recompute the later looks: the commitment from the assignment on, the salt when the round is closed."""
    round_ = draws.round_by_code(session, code)
    plan = looks.plan_of(session, round_.id)
    lessons: list[dict[str, Any]] = [  # Any: JSON
        {
            "natural_id": one.natural_id,
            "state": one.state.value,
            "looks": [
                {"look": a.look, "inspector": a.inspector_login, "ticket": a.inspector_ticket.hex(), "state": a.state.value}
                for a in looks.looks_of(session, round_.id, one.lesson_id)
            ],
        }
        for one in looks.outcomes(session, round_.id)
    ]
    return JSONResponse(
        {
            "round": round_.code,
            "commitment": plan.commitment.hex(),
            "salt": _salt(session, round_) or None,
            "clean_second_look_permille": plan.clean_permille,
            "planted_permille": plan.planted_permille,
            "lessons": lessons,
        }
    )


@router.post("/draws/{code}/looks")
def draw_again(caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """Draw for the lessons that wait, when there is somebody new who may look."""
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    looks.draw_waiting(
        session,
        code,
        inspectors=eligible_inspectors(session, services, draws.round_by_code(session, code).method),
        rule=rule,
        due_at=review_due(services),
        actor=caller.actor,
        clock=services.clock,
        events=services.events,
    )
    return RedirectResponse(f"/draws/{code}/looks", status_code=303)


def _salt(session: Session, round_: DrawRound) -> str:
    """Empty before the round is closed."""
    if round_.state is not DrawState.CLOSED:
        return ""
    plan: ReviewPlan = looks.plan_of(session, round_.id)
    return plan.salt.hex()
