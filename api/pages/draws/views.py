"""Draw rounds as pages: "Could anyone have steered it?" For the bureau with its acts, for everyone without. R54-R59; G8; UI.md."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.paging import Key, page
from api.http.problem import Problem, problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import attempt
from api.inspectors import eligible_inspectors, review_due
from api.locale.marks import N_
from api.pages.draws.acts import acts
from api.pages.draws.curve import curve
from api.pages.draws.parts import part_words
from api.pages.frame import render, translator
from api.pages.labels import LABELS
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.reading import Typed, TypedList, read_form
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.v1.draws import Code, NewRound, Officer, Party, Reason, Words, void_round
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import DomainError
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.sampling import draw as rules
from supervision.sampling import queries
from supervision.sampling import service as sampling
from supervision.sampling.disclosure import list_is_open, strata_are_open
from supervision.sampling.draw import SamplingRule
from supervision.sampling.estimate import Estimate, Sampled, estimate
from supervision.sampling.lifecycle import DrawMethod, DrawState
from supervision.sampling.models import DrawRound, DrawStratum
from supervision.sampling.seed import seal
from supervision.sampling.strata import RiskWeights, still_possible
from supervision.spotchecks import queries as reviews
from supervision.spotchecks import results
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.look_lines import ResultsRule
from supervision.spotchecks.rules import ReviewRule

router = APIRouter(include_in_schema=False)
Reader = Annotated[Caller, access(roles=OUTSIDE_INSTITUTIONS)]
Anyone = Annotated[Caller, access(public=True)]
PARTIES = OUTSIDE_INSTITUTIONS - {Role.AUDITOR, Role.INSPECTOR, Role.THIRD_PARTY_VERIFIER}
SEES_INSPECTORS = OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR}  # an inspector sees only their own assignments
COLUMNS = (
    Column("code", N_("Round")),
    Column("title", N_("Title")),
    Column("method", N_("Method")),
    Column("period", N_("Period")),
    Column("sample", N_("Drawn of"), figures=True),
    Column("state", N_("State")),
)
SHEET = (
    N_("Round"), N_("Title"), N_("Method"), N_("First day"), N_("Last day"), N_("Lessons drawn"), N_("Lessons in the frame"), N_("State"),
)  # fmt: skip
METHODS = {
    "routine": N_("routine inspection (R54)"),
    "proportional": N_("proportional spot check (R55)"),
    "special": N_("special inspection (R56)"),
    "third-party": N_("third-party verification (R57)"),
    "quality": N_("quality assessment (R58)"),
    "credit": N_("credit rating (R59)"),
}
DIMENSIONS = {
    "tier": N_("credit tier (weights C and D more)"),
    "category": N_("programme category"),
    "department": N_("organising department"),
    "flags": N_("machine flags (weights flagged lessons more)"),
}


class PlanForm(NewRound):
    """A round as its form announces it: the method is chosen, times of day are those at the bureau."""

    method: DrawMethod
    public_at: datetime


class PublicValueForm(BaseModel):
    """What became known."""

    public_value: Words


class RevealForm(BaseModel):
    """A share as its party kept it."""

    party: Words
    value: Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}){16,64}$", strip_whitespace=True)]


@router.get("/draws")
def list_page(request: Request, caller: Reader, session: SessionDep, export: str = "") -> Response:
    """Rounds, newest first, void ones included."""
    return _list(request, session, caller=caller, export=export)


@router.get("/public/draws")
def public_list(request: Request, _caller: Anyone, session: SessionDep, export: str = "") -> Response:
    """The same for everyone."""
    return _list(request, session, export=export)


def _list(
    request: Request,
    session: Session,
    *,
    caller: Caller | None = None,
    export: str = "",
    problem: Problem | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    listing = Listing.of(request, COLUMNS, sort="-code", filters=("state",), exports=(CSV,))
    wanted = listing.filters.get("state")
    query = select(DrawRound)
    if wanted in set(DrawState):
        query = query.where(DrawRound.state == DrawState(wanted))
    if listing.q:
        query = query.where(DrawRound.code.icontains(listing.q, autoescape=True) | DrawRound.title.icontains(listing.q, autoescape=True))
    keys = [Key(DrawRound.planned_at, descending=True), Key(DrawRound.id, descending=True)]
    found = page(session, query, keys, after=listing.after, limit=rows_of(export))
    listing = replace(listing, next_after=found.next_after or "")
    _ = translator(request)
    if export == CSV:
        return _sheet(request, found.items)
    return render(
        request,
        "draws/list.html",
        status_code=problem.status if problem else 200,
        **(show_navigation(request, caller, "draws") if caller else {"caller": None}),
        listing=listing,
        rows=found.items,
        methods={key: _(words) for key, words in METHODS.items()},
        states=[(s.value, _(LABELS["draw-round"][s.value].word)) for s in DrawState],
        dimensions={key: _(words) for key, words in DIMENSIONS.items()},
        may_plan=caller is not None and caller.role in OFFICERS,
        base="/draws" if caller else "/public/draws",
        problem=problem,
        typed=typed or {},
    )


def _sheet(request: Request, rows: Sequence[DrawRound]) -> Response:
    _ = translator(request)
    lines = [
        [
            row.code,
            row.title,
            _(METHODS[row.method.value]),
            row.period_starts_on,
            row.period_ends_on,
            row.sample_size if row.frame_count else None,
            row.frame_count or None,
            state_word(request, "draw-round", row.state.value),
        ]
        for row in rows
    ]
    return sheet(request, "draws", SHEET, lines)


@router.post("/draws")
def plan(
    request: Request,
    caller: Officer,
    session: SessionDep,
    services: ServicesDep,
    title: Typed = "",
    method: Typed = "",
    period_starts_on: Typed = "",
    period_ends_on: Typed = "",
    public_source: Typed = "",
    public_at: Typed = "",
    strata_by: TypedList = None,
    on_site: Typed = "",
) -> Response:
    """Announce a round; what was typed stays when it is refused."""
    typed: dict[str, Any] = {"title": title, "method": method, "period_starts_on": period_starts_on, "period_ends_on": period_ends_on}
    typed |= {"public_source": public_source, "public_at": public_at, "strata_by": strata_by or [], "on_site": on_site}
    try:
        new = read_form(PlanForm, typed)
        today = services.clock.today_on()
        rule, weights = services.policy.read(SamplingRule, today), services.policy.read(RiskWeights, today)
        told = new.model_dump() | {"public_at": new.public_at.replace(tzinfo=BUREAU_ZONE)}
        with attempt(request, session):
            row = sampling.plan(session, **told, rule=rule, weights=weights, actor=caller.actor, clock=services.clock)
    except DomainError as refused:
        return _list(request, session, caller=caller, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/draws/{row.code}", status_code=303)


@router.get("/draws/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """One round with what may be done now."""
    return _show(request, session, services, code, caller=caller)


@router.get("/public/draws/{code}")
def public_page(request: Request, _caller: Anyone, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """One round without acts and persons; readable without JavaScript."""
    return _show(request, session, services, code)


def _show(
    request: Request,
    session: Session,
    services: Services,
    code: str,
    *,
    caller: Caller | None = None,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    row = queries.round_by_code(session, code)
    shares = queries.contributions(session, row.id)
    strata = queries.strata(session, row.id)
    is_open = list_is_open(row)
    tickets = queries.selected(session, row.id) if row.drawn_at and is_open else []
    sees_inspectors = caller is not None and caller.role in SEES_INSPECTORS
    assigned = reviews.assignments_of_round(session, row.id) if caller else []
    bad_of_parts = _bad_of_parts(session, row, strata, inside=sees_inspectors)  # whoever looks reads no outcome, not even afterwards
    looked = results.results_of(session, row.id)
    possible = acts(row, shares, services.clock.now_at(), assigned=bool(assigned), still_open=reviews.open_count(session, row.id) if caller else 0)
    return render(
        request,
        "draws/show.html",
        status_code=problem.status if problem else 200,
        styles=("css/draws.css",),
        modules=("draws.js",),
        **(show_navigation(request, caller, "draws") if caller else {"caller": None}),
        row=row,
        shares=shares,
        tickets=tickets,
        assigned=assigned if sees_inspectors else [],
        by_lesson=_findings(session, [a.id for a in assigned]) if sees_inspectors else {},
        acts=possible,
        officer=caller is not None and caller.role in OFFICERS,
        party=caller is not None and caller.role in PARTIES,
        rule=sampling.rule_of(row),
        is_open=is_open,
        lost=queries.not_to_be_shown(session, row) if sees_inspectors else [],
        sealed_seed=seal(row.seed).hex() if row.seed and not is_open else "",
        bad_of_parts=bad_of_parts,
        strata=strata if row.strata_by and (caller or strata_are_open(row)) else [],
        method_words=_method(request, row),
        split_words=_split(request, row),
        part_words=lambda key: part_words(translator(request), key),
        promise=_promise(row, strata),
        measured=_measured(strata, bad_of_parts),
        looked=looked,
        lines=list(zip(results.lines_of(session, looked), looked.became or [], strict=True)) if looked and looked.opened_at else [],
        curve=curve([s.lesson_count for s in strata], [s.sample_size for s in strata]) if strata else None,
        base="/draws" if caller else "/public/draws",
        problem=problem,
        typed=typed or {},
    )


def _promise(row: DrawRound, strata: Sequence[DrawStratum]) -> dict[str, int] | None:
    """What the sample finds, and what it still allows when it is clean."""
    if row.frame_count is None:
        return None
    hidden = still_possible([s.lesson_count for s in strata], [s.sample_size for s in strata], 950)
    bad = rules.bad_count(row.frame_count, sampling.rule_of(row).detection_bad_permille)
    return {"bad": bad, "bound": hidden, "bound_permille": -(-hidden * rules.PERMILLE // row.frame_count)}


def _bad_of_parts(session: Session, row: DrawRound, strata: Sequence[DrawStratum], *, inside: bool) -> dict[int, int]:
    """Drawn lessons found bad, by the position of their part: what is published, and inside the bureau from the end of the round on."""
    if inside and row.state is DrawState.CLOSED and results.results_of(session, row.id):
        counted = sampling.bad_by_part(session, row, results.bad_lessons(session, row.id))
        return {s.position: counted[s.position] for s in strata}
    return {s.position: s.bad_count for s in strata if s.bad_count is not None}


def _measured(strata: Sequence[DrawStratum], bad: dict[int, int]) -> Estimate | None:
    """What the closed round says of the whole list; None while it says nothing."""
    known = [Sampled(s.lesson_count, s.sample_size, bad[s.position]) for s in strata if s.position in bad]
    return estimate(known, 950) if strata and len(known) == len(strata) else None


def _method(request: Request, row: DrawRound) -> str:
    _ = translator(request)
    words = _(METHODS[row.method.value])
    on_site = _("on-site visits")
    return f"{words} · {on_site}" if row.on_site else words


def _split(request: Request, row: DrawRound) -> str:
    _ = translator(request)
    return " · ".join(_(DIMENSIONS[one]) for one in row.strata_by) or _("nothing: every lesson has the same chance")


def _findings(session: Session, assignment_ids: list[UUID]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    standing = Finding.state.not_in((FindingState.VOID, FindingState.REJECTED))
    for assignment_id, code in session.execute(
        select(Finding.assignment_id, Finding.code).where(Finding.assignment_id.in_(assignment_ids), standing)
    ):
        if assignment_id is not None:
            found.setdefault(assignment_id, []).append(code)
    return found


@router.post("/draws/{code}/freeze")
def freeze(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """Fix the list."""
    return _act(request, session, services, caller, code, lambda by: sampling.freeze_frame(session, code, **by))


@router.post("/draws/{code}/reveal")
def reveal(request: Request, caller: Party, session: SessionDep, services: ServicesDep, code: Code, party: Typed = "", value: Typed = "") -> Response:
    """Reveal a share."""

    typed = {"party": party, "value": value}

    def revealed(by: dict[str, Any]) -> object:  # Any: actor and clock as keywords
        new = read_form(RevealForm, typed)
        return sampling.reveal_contribution(session, code, party=new.party, value=bytes.fromhex(new.value), **by)

    return _act(request, session, services, caller, code, revealed, **typed)


@router.post("/draws/{code}/public-value")
def public_value(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code, public_value: Typed = "") -> Response:
    """Enter the public value."""
    typed = {"public_value": public_value}

    def entered(by: dict[str, Any]) -> object:  # Any: actor and clock as keywords
        new = read_form(PublicValueForm, typed)
        return sampling.publish_public_value(session, code, value=new.public_value, **by)

    return _act(request, session, services, caller, code, entered, **typed)


@router.post("/draws/{code}/draw")
def draw(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """Draw lessons and inspectors in one act, so that no footage can arrive in between and move the drawn minutes."""

    def both(by: dict[str, Any]) -> object:  # Any: actor and clock as keywords
        sampling.draw(session, code, **by)
        if queries.round_by_code(session, code).on_site:  # visits have their own teams
            return None
        return _assign(session, services, code, by)

    return _act(request, session, services, caller, code, both)


@router.post("/draws/{code}/assign")
def assign(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """Draw the inspectors of a round that was drawn without them."""
    return _act(request, session, services, caller, code, lambda by: _assign(session, services, code, by))


@router.post("/draws/{code}/close")
def close(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """End a round whose reviews are all judged."""
    return _act(request, session, services, caller, code, lambda by: spotchecks.close_round(session, code, rule=_results_rule(services), **by))


@router.post("/draws/{code}/void")
def void(request: Request, caller: Officer, session: SessionDep, services: ServicesDep, code: Code, reason: Typed = "") -> Response:
    """Declare the round void."""

    def ended(by: dict[str, Any]) -> object:  # Any: actor and clock as keywords
        return void_round(session, services, code, read_form(Reason, {"reason": reason}).reason, by["actor"])

    return _act(request, session, services, caller, code, ended, reason=reason)


def _results_rule(services: Services) -> ResultsRule:
    return services.policy.read(ResultsRule, services.clock.today_on())


def _assign(session: Session, services: Services, code: str, by: dict[str, Any]) -> object:  # Any: actor and clock as keywords
    rule = services.policy.read(ReviewRule, services.clock.today_on())
    inspectors = eligible_inspectors(session, services, queries.round_by_code(session, code).method)
    return spotchecks.assign(session, code, inspectors=inspectors, rule=rule, due_at=review_due(services), events=services.events, **by)


def _act(request: Request, session: Session, services: Services, caller: Caller, code: str, do: Any, **typed: str) -> Response:  # Any: an act
    try:
        with attempt(request, session):
            do({"actor": caller.actor, "clock": services.clock})
    except DomainError as refused:
        return _show(request, session, services, code, caller=caller, problem=problem_of(refused, request), typed=typed)
    return RedirectResponse(f"/draws/{code}", status_code=303)
