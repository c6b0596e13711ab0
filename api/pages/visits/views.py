"""On-site visits as pages: my visits, the phone page, the record, and for the office each round in figures. R54, R56; domain.md 2.3.2; UI.md.

Before a visit has ended its lesson stands on its members' phones and nowhere else: the office sees counts.
"""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import OFFICERS, Role
from api.http.headers import PERMISSIONS
from api.http.problem import Problem
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.pages.visits.words import ANSWER_TONES, ANSWERS, GROUPS, MOVES, PLACES
from api.papers.visit_record import render_record
from api.v1.draws import Code as RoundCode
from api.v1.visits import Code, visit_out, who_asks
from storage.database.session import SYSTEM
from storage.kernel.clock import local_date
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.findings import queries as findings
from supervision.findings.rules import Severity
from supervision.institutions.models import Institution, Room, TeachingPoint
from supervision.sampling import queries as draws
from supervision.sampling.lifecycle import DRAWN_STATES
from supervision.sampling.models import DrawRound
from supervision.spotchecks.checklists import Answer
from supervision.visits import on_site, queries
from supervision.visits.checklist import ITEMS
from supervision.visits.errors import VisitNotFound
from supervision.visits.lifecycle import ENDED_STATES, TAKES_ANSWERS, VisitState
from supervision.visits.models import Visit, VisitMember, VisitPhoto

router = APIRouter(include_in_schema=False)
OFFICE = OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR}
Office = Annotated[Caller, access(roles=OFFICE)]
Reader = Annotated[Caller, access(roles=OFFICE | {Role.INSPECTOR})]
Anyone = Annotated[Caller, access(public=True)]
WITH_PLACE = PERMISSIONS.replace("geolocation=()", "geolocation=(self)")
MOST_ROUNDS = 100
REVEALED, SEALED = N_("revealed"), N_("sealed")
SHEET = (
    N_("Round"), N_("Title"), N_("First day"), N_("Last day"), N_("State"), N_("List"), N_("Visits"), N_("Ended"), N_("Missed"),
)  # fmt: skip


@router.get("/visits")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """An inspector's own visits; for the office the on-site rounds in figures."""
    if caller.role is Role.INSPECTOR:
        who = who_asks(caller, services)
        mine = queries.visits_of_member(session, caller.person(), rule=who.rule, now_at=who.clock.now_at())
        rows = [(visit, _place(session, visit)) for visit in mine]
        return render(
            request,
            "visits/mine.html",
            modules=("visit_leftovers.js",),
            **show_navigation(request, caller, "visits"),
            rows=rows,
            hours=who.rule.visible_hours_before,
        )
    newest = select(DrawRound).where(DrawRound.on_site).order_by(DrawRound.planned_at.desc(), DrawRound.id.desc())
    rounds = session.scalars(newest.limit(rows_of(export, MOST_ROUNDS))).all()
    counts = queries.counts(session, [r.id for r in rounds])
    if export == CSV:
        return _rounds_sheet(request, rounds, counts)
    return render(
        request,
        "visits/rounds.html",
        **show_navigation(request, caller, "visits"),
        rounds=rounds,
        counts=counts,
        states=list(VisitState),
        officer=caller.role in OFFICERS,
        problem=None,
    )


def _rounds_sheet(request: Request, rounds: Sequence[DrawRound], counts: Mapping[UUID, Mapping[VisitState, int]]) -> Response:
    """In figures, as on the page: which lessons were drawn stays sealed."""
    _ = translator(request)
    lines: list[list[object]] = []
    for row in rounds:
        mine = counts.get(row.id, {})
        lines.append(
            [
                row.code,
                row.title,
                row.period_starts_on,
                row.period_ends_on,
                state_word(request, "draw-round", row.state.value),
                _(REVEALED if row.revealed_at else SEALED),
                sum(mine.values()),
                sum(mine.get(state, 0) for state in ENDED_STATES),
                mine.get(VisitState.MISSED, 0),
            ]
        )
    return sheet(request, "rounds", SHEET, lines)


@router.get("/visits/worker.js")
def worker(_caller: Anyone) -> Response:
    """The service worker: from this address it may keep pages below `/visits/`, and the page registers it for one of them only."""
    text = files("api").joinpath("static/js/visit_worker.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/visits/rounds/{code}")
def round_page(request: Request, caller: Office, session: SessionDep, code: RoundCode) -> Response:
    """One on-site round: how many visits are where, who has how many, and what has ended."""
    return show_round(request, caller, session, code)


def show_round(request: Request, caller: Caller, session: Session, code: str, *, problem: Problem | None = None) -> Response:
    """The page of a round, with what was refused."""
    round_ = draws.round_by_code(session, code)
    counts = queries.counts(session, [round_.id]).get(round_.id, {})
    ended = queries.ended_of_round(session, round_.id)
    named = session.execute(select(Institution.id, Institution.name).where(Institution.id.in_({v.institution_id for v in ended})))
    names = {row.id: row.name for row in named}
    return render(
        request,
        "visits/round.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "visits"),
        round=round_,
        drawn=round_.state in DRAWN_STATES,
        counts=counts,
        states=list(VisitState),
        open_count=queries.open_count(session, round_.id),
        duties=queries.duties(session, round_.id),
        rows=[(visit, names[visit.institution_id], len(findings.findings_of_visit(session, visit.id))) for visit in ended],
        officer=caller.role in OFFICERS,
        problem=problem,
    )


@router.get("/visits/{code}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """The phone page for a member while the visit lasts; the record for whoever may read it afterwards."""
    return show(request, caller, session, services, code)


def show(request: Request, caller: Caller, session: Session, services: Services, code: str, *, problem: Problem | None = None) -> Response:
    """The page of one visit, with what was refused."""
    if caller.role is not Role.INSPECTOR:
        return _record(request, caller, session, queries.visit_for_office(session, code), problem)
    who = who_asks(caller, services)
    visit, me = queries.visit_of_member(session, code, caller.person(), rule=who.rule, now_at=who.clock.now_at())
    if visit.state in ENDED_STATES:
        mine = queries.visits_of_member(session, caller.person(), rule=who.rule, now_at=who.clock.now_at())
        return _record(request, caller, session, visit, problem, still_open=[v.code for v in mine if v.state in TAKES_ANSWERS])
    working = visit.state in TAKES_ANSWERS
    response = render(
        request,
        "visits/visit.html",
        status_code=problem.status if problem else 200,
        styles=("css/visit.css",),
        modules=("visit.js",) if working else (),
        **show_navigation(request, caller, "visits"),
        visit=visit,
        me=me,
        place=_place(session, visit),
        working=working,
        today=local_date(who.clock.now_at()) == visit.visit_on,
        team=queries.members(session, visit.id),
        known=visit_out(session, visit, me).model_dump(mode="json") if working else {},
        groups=_groups(request),
        answers={key: translator(request)(word) for key, word in ANSWERS.items()},
        problem=problem,
    )
    response.headers["Permissions-Policy"] = WITH_PLACE
    return response


def _groups(request: Request) -> list[tuple[str, list[Any]]]:  # Any: checklist items
    _ = translator(request)
    return [(_(word), [item for item in ITEMS if item.group.value == group]) for group, word in GROUPS.items()]


def _record(
    request: Request, caller: Caller, session: Session, visit: Visit, problem: Problem | None, *, still_open: Sequence[str] | None = None
) -> Response:
    """`still_open`: for a member, whose phone may hold more of this visit than it should."""
    _, language = translator(request), choose_language(request)
    given = queries.answers(session, visit.id)
    team = queries.members(session, visit.id, all_=True)
    standing = queries.standing(given)
    led_to = findings.findings_of_visit(session, visit.id)
    moves = history.timeline(session, "visit", visit.id)
    named = namer(session, moves, language)
    taken = {f.visit_item for f in led_to if f.state.value not in ("void", "rejected")}
    return render(
        request,
        "visits/record.html",
        status_code=problem.status if problem else 200,
        styles=("css/visit.css",),
        modules=() if still_open is None else ("visit_leftovers.js",),
        member=still_open is not None,
        still_open=still_open or (),
        **show_navigation(request, caller, "visits"),
        visit=visit,
        place=_place(session, visit),
        team=team,
        names={m.id: m.inspector_name for m in team},
        groups=_groups(request),
        standing=standing,
        earlier={item: [a for a in given if a.item == item and a is not standing[item]] for item in standing},
        answers={key: _(word) for key, word in ANSWERS.items()},
        tones=ANSWER_TONES,
        places={key: _(word) for key, word in PLACES.items()},
        photos=queries.photos(session, visit.id),
        signatures=queries.signatures(session, visit.id),
        round=session.get_one(DrawRound, visit.round_id),
        led_to=led_to,
        problems=[item for item in ITEMS if item.code in standing and standing[item.code].answer is Answer.NO and item.code not in taken],
        severities=list(Severity),
        custody=[{"at": m.at, "title": _(MOVES[m.event]), "actor": named(m), "clause": m.clause, "text": m.reason} for m in moves],
        officer=caller.role in OFFICERS,
        problem=problem,
    )


@router.get("/visits/{code}/record.pdf")
def record_paper(caller: Reader, session: SessionDep, services: ServicesDep, code: Code) -> Response:
    """现场检查记录, once it is signed."""
    visit, _ = _readable(session, services, caller, code)
    if visit.signed_at is None:
        raise VisitNotFound(visit=code)
    return Response(
        render_record(session, visit),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{visit.code}.pdf"'},
    )


@router.get("/visits/{code}/photos/{photo_id}")
def photo(caller: Reader, session: SessionDep, services: ServicesDep, code: Code, photo_id: Annotated[UUID, Path()]) -> Response:
    """The bytes as they were handed in; hashed on the way, so that what is shown is what was signed."""
    visit, _ = _readable(session, services, caller, code)
    row = queries.photo(session, visit.id, photo_id)
    _record_view(services, caller, visit, row)
    data = on_site.check_photo(services.buckets.evidence, row)
    return Response(data, media_type=row.media_type, headers={"Content-Disposition": "inline", "ETag": f'"{row.sha256.hex()}"'})


def _record_view(services: Services, caller: Caller, visit: Visit, photo: VisitPhoto) -> None:
    """That somebody was shown a picture of people is on record before its bytes are. An auditor's own transaction can write nothing."""
    with services.database.transaction(SYSTEM) as session:
        ledger.append(
            session,
            actor=caller.actor,
            at=services.clock.now_at(),
            action="visit.photo-shown",
            subject=f"visit/{visit.id}",
            tenant=None,
            body={"visit": visit.code, "photo": photo.id, "sha256": photo.sha256.hex()},
        )


def _readable(session: Session, services: Services, caller: Caller, code: str) -> tuple[Visit, VisitMember | None]:
    if caller.role is not Role.INSPECTOR:
        return queries.visit_for_office(session, code), None
    who = who_asks(caller, services)
    return queries.visit_of_member(session, code, caller.person(), rule=who.rule, now_at=who.clock.now_at())


def _place(session: Session, visit: Visit) -> dict[str, str]:
    """Where to go."""
    row = session.execute(
        select(Institution.name, TeachingPoint.name, TeachingPoint.address, Room.name)
        .select_from(Room)
        .join(TeachingPoint, TeachingPoint.id == Room.teaching_point_id)
        .join(Institution, Institution.id == Room.institution_id)
        .where(Room.id == visit.room_id)
    ).one()
    return {"institution": row[0], "point": row[1], "address": row[2], "room": row[3]}
