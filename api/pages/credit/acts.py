"""The acts of a rating as forms: for one, and for all of a year that stand at the same step, some left out. 2.3.4; UI.md."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form
from starlette.responses import Response

from api.auth.caller import Caller
from api.http.problem import problem_of
from api.http.typed import Most, attempt
from api.pages.credit.desk import Answerer, AtDesk, Desk, Files, Head, Leader, Many, Officer, Show, Words, given, lines
from api.pages.credit.views import FROM, show_cycle, show_rating, show_standing
from compliance.rating import queries, service
from storage.kernel.errors import DomainError, NotFound
from supervision.institutions import restrictions
from supervision.institutions.models import Institution

router = APIRouter(include_in_schema=False)
Year = Annotated[int, Form(ge=2000, le=2999)]


@router.post("/credit/open")
def open_cycle(caller: Officer, desk: AtDesk, year: Year, leave_out: Many = None) -> Response:
    """Begin a year for all institutions but those left out."""
    opened = service.open_cycle(desk.session, year, leave_out=leave_out or (), actor=caller.actor, clock=desk.services.clock)
    return show_cycle(caller, desk, year, done=[row.code for row in opened])


@router.post("/credit/bulk/{act}")
def bulk(caller: Officer, desk: AtDesk, act: str, year: Year, leave_out: Many = None) -> Response:
    """Freeze, check or notify every rating of the year that stands before that step, but those left out. A refusal stops none of the others."""
    if act not in FROM:
        raise NotFound(what="act", id=act)
    reached: list[str] = []
    refused: DomainError | None = None
    for row, _ in queries.of_year(desk.session, year, states=[FROM[act]]):
        if row.code in (leave_out or ()):
            continue
        try:
            with attempt(desk.request, desk.session):
                _bulk_act(desk, caller, act, row.code)
            reached.append(row.code)
        except DomainError as error:
            refused = error
    return show_cycle(caller, desk, year, done=reached, problem=problem_of(refused, desk.request) if refused else None)


def _bulk_act(desk: Desk, caller: Caller, act: str, code: str) -> None:
    by: dict[str, Any] = {"actor": caller.actor, "clock": desk.services.clock}  # Any: keywords of the use-case
    if act == "freeze":
        service.freeze(desk.session, code, rules=desk.rules, reversed_problems=desk.reversed_problems, **by)
    elif act == "check":
        service.check(desk.session, code, **by)
    else:
        service.serve_notice(desk.session, code, rules=desk.rules, name=caller.display_name, **by)


def _done(caller: Caller, desk: Desk, code: str, do: Callable[[dict[str, Any]], object], **typed: object) -> Response:
    show: Show = lambda problem, given_: show_rating(caller, desk, code, problem=problem, typed=given_)  # noqa: E731
    return desk.act(caller, do, then=f"/credit/ratings/{code}", show=show, **typed)


def _unnamed(by: dict[str, Any]) -> dict[str, Any]:  # Any: keywords of the use-case
    return {name: value for name, value in by.items() if name != "name"}


@router.post("/credit/ratings/{code}/freeze")
def freeze(caller: Officer, desk: AtDesk, code: str) -> Response:
    """Read every event, store them, score them."""
    return _done(
        caller, desk, code, lambda by: service.freeze(desk.session, code, rules=desk.rules, reversed_problems=desk.reversed_problems, **_unnamed(by))
    )


@router.post("/credit/ratings/{code}/check")
def check(caller: Officer, desk: AtDesk, code: str) -> Response:
    """The score is the preliminary result."""
    return _done(caller, desk, code, lambda by: service.check(desk.session, code, **_unnamed(by)))


@router.post("/credit/ratings/{code}/reopen")
def reopen(caller: Officer, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """Back to collecting."""
    return _done(caller, desk, code, lambda by: service.reopen(desk.session, code, reason=reason, **_unnamed(by)), reopen_reason=reason)


@router.post("/credit/ratings/{code}/notice")
def notice(caller: Officer, desk: AtDesk, code: str) -> Response:
    """Serve the notice."""
    return _done(caller, desk, code, lambda by: service.serve_notice(desk.session, code, rules=desk.rules, **by))


@router.post("/credit/ratings/{code}/object")
def raise_objection(caller: Head, desk: AtDesk, code: str, points: Words = "", files: Files = None) -> Response:
    """异议, one point per line."""
    own = caller.tenant()
    return _done(
        caller,
        desk,
        code,
        lambda by: service.raise_objection(desk.session, code, points=lines(points), files=given(files), institution_id=own, **by),
        points=points,
    )


@router.post("/credit/ratings/{code}/waive")
def waive_objection(caller: Head, desk: AtDesk, code: str, declared: Annotated[str, Form(), Most(3)] = "") -> Response:
    """放弃异议: the head declares that no objection will be raised."""
    own = caller.tenant()
    said = declared == "yes"
    return _done(caller, desk, code, lambda by: service.waive_objection(desk.session, code, declared=said, institution_id=own, **by))


@router.post("/credit/ratings/{code}/answer")
def answer(caller: Answerer, desk: AtDesk, code: str, answers: Many = None, strike: Many = None) -> Response:
    """Answer every point; `strike`: evidence that no longer counts."""
    replies, gone = answers or [], strike or []
    return _done(
        caller,
        desk,
        code,
        lambda by: service.answer_objection(desk.session, code, answers=replies, strike=gone, **by),
        answers=replies,
        strike=gone,
    )


@router.post("/credit/ratings/{code}/finalise")
def finalise(caller: Leader, desk: AtDesk, code: str) -> Response:
    """Sign; tier and limits act at once."""
    return _done(caller, desk, code, lambda by: service.finalise(desk.session, code, rules=desk.rules, **by))


@router.post("/credit/ratings/{code}/publish")
def publish(caller: Officer, desk: AtDesk, code: str) -> Response:
    """Publish tier, score and reasons."""
    return _done(caller, desk, code, lambda by: service.publish(desk.session, code, **_unnamed(by)))


@router.post("/credit/ratings/{code}/void")
def void(caller: Leader, desk: AtDesk, code: str, reason: Words = "") -> Response:
    """Declare it void."""
    return _done(caller, desk, code, lambda by: service.declare_void(desk.session, code, reason=reason, **_unnamed(by)), reason=reason)


@router.post("/credit/institutions/{code}/exception")
def allow(caller: Leader, desk: AtDesk, code: str, year: Year, persons: Annotated[int, Form(ge=0, le=100_000)] = 0, reason: Words = "") -> Response:
    """A named leader allows persons of a year beyond the limit of the tier."""
    owner = desk.session.query(Institution).filter_by(code=code).one_or_none()
    if owner is None:
        raise NotFound(what="institution", id=code)
    at = desk.services.clock.now_at()
    show: Show = lambda problem, typed: show_standing(caller, desk, code, problem=problem, typed=typed)  # noqa: E731
    return desk.act(
        caller,
        lambda _by: restrictions.allow(desk.session, owner.id, year=year, persons=persons, reason=reason, actor=caller.actor, at=at),
        then=f"/credit/institutions/{code}",
        show=show,
        persons=persons,
        reason=reason,
    )
