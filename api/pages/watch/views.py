"""Who watches the watchers: void draws, who inspects whom, decision times, who finds nothing, who saw what. F-25, F-26; G26."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import Role
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.formats import duration_text, lesson_text
from api.pages.frame import render, translator
from api.pages.navigation import show_navigation
from api.pages.persons import names_of
from api.pages.reviewers.bars import Bar, bar
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.pages.watch import words
from api.pages.watch.footage_views import Viewed, cases_of, view_counts, views
from api.pages.watch.matters import matters, role_words
from compliance.reports import watch_queries as queries
from compliance.reports.watch import Cell, Finder, WatchRule, finders, matrix
from supervision.institutions.models import Institution
from supervision.sampling.lifecycle import DrawState

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Caller, access(roles={Role.BUREAU_LEADER, Role.AUDITOR})]
Before = Annotated[UUID | None, Query()]
Words = Annotated[str, Query(max_length=100)]
PAGE_ROWS = 50
REVIEWS = (
    N_("Round"), N_("Lesson"), N_("Institution"), N_("Inspector"), N_("Sign-in name"), N_("Look"), N_("Assigned"), N_("State"),
)  # fmt: skip
DECISIONS = (N_("When"), N_("Matter"), N_("Code"), N_("Act"), N_("By"), N_("Had waited"), N_("Reason"))
VIEWS = (
    N_("When"), N_("Person"), N_("How"), N_("Recording"), N_("Institution"), N_("Purpose"), N_("Case"), N_("Number of the case"),
)  # fmt: skip
MOST_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One person of the matrix: a cell for each institution, None where nothing could have been given."""

    person: queries.Supervisor
    cells: list[Cell | None]
    total: int


@dataclass(frozen=True, slots=True)
class FinderLine:
    """How often a person finds something, with its bar."""

    person: queries.Supervisor
    found: Finder
    bar: Bar | None


@router.get("/watch")
def overview(request: Request, caller: Watcher, session: SessionDep, services: ServicesDep) -> Response:
    """Everything on one page; each number links to its list."""
    rule, since = _since(services)
    given = queries.tasks(session, since)
    cells = matrix(given.tasks, rule)
    rows = session.execute(select(Institution.id, Institution.code, Institution.name).where(Institution.id.in_({c.institution for c in cells})))
    schools = sorted(((ident, code, name) for ident, code, name in rows), key=lambda one: one[1])[:MOST_COLUMNS]
    voids = queries.void_draws(session)
    ended = queries.rounds_by_end(session, since)
    people = given.people
    times, releases, seen = queries.decision_times(session, since), queries.release_counts(session, since), view_counts(session, since)
    voided_by = queries.voided_by(session, [one.id for one in voids])
    logins = [*(one.person for one in times), *(one.login for one in releases), *(one.person for one in seen), *voided_by.values()]
    return render(
        request,
        "watch/overview.html",
        styles=("css/reviewers.css", "css/reports.css"),
        **show_navigation(request, caller, "watch"),
        rule=rule,
        voids=voids,
        voided_by=voided_by,
        names=names_of(session, logins),
        roles=role_words(choose_language(request)),
        ended={"closed": ended.get(DrawState.CLOSED, 0), "void": ended.get(DrawState.VOID, 0)},
        schools=schools,
        lines=_lines(cells, people, [ident for ident, _, _ in schools]),
        unusual=[(people[cell.person], _code(schools, cell.institution), cell) for cell in cells if cell.unusual and isinstance(cell.person, UUID)],
        finders=_finder_lines(queries.verdicts(session, since), people, rule),
        times=times,
        machines=words.MACHINES,
        acts=words.ACTS,
        releases=releases,
        views=seen,
    )


def _since(services: Services) -> tuple[WatchRule, datetime]:
    rule = services.policy.read(WatchRule, services.clock.today_on())
    return rule, rule.since(services.clock.now_at())


def _lines(cells: list[Cell], people: dict[UUID, queries.Supervisor], schools: list[UUID]) -> list[Line]:
    known = {(cell.person, cell.institution): cell for cell in cells}
    made = []
    for person in sorted(people.values(), key=lambda one: one.login):
        row = [known.get((person.account_id, school)) for school in schools]
        made.append(Line(person, row, sum(cell.count for cell in row if cell)))
    return made


def _finder_lines(judged: dict[UUID, tuple[int, int]], people: dict[UUID, queries.Supervisor], rule: WatchRule) -> list[FinderLine]:
    found = finders({key: value for key, value in judged.items() if key in people}, rule)
    return [FinderLine(people[one.person], one, bar(one.share.interval)) for one in found if isinstance(one.person, UUID)]


def _code(schools: list[tuple[UUID, str, str]], ident: object) -> str:
    return next((code for school, code, _ in schools if school == ident), "")


@router.get("/watch/reviews")
def reviews_page(
    request: Request,
    caller: Watcher,
    session: SessionDep,
    services: ServicesDep,
    person: Words = "",
    institution: Words = "",
    before: Before = None,
    export: str = "",
) -> Response:
    """Reviews of closed rounds, of one person and one institution."""
    many = rows_of(export, PAGE_ROWS)
    rows = queries.reviews_of(session, _since(services)[1], login=person, institution=institution, before=before, limit=many)
    if export == CSV:
        _, language = translator(request), choose_language(request)
        lines = [
            [
                round_,
                lesson_text(row.natural_id, language),
                school,
                row.inspector_name,
                row.inspector_login,
                row.look,
                row.assigned_at,
                state_word(request, "review-assignment", row.state.value),
            ]
            for row, round_, school in rows
        ]
        return sheet(request, "reviews", REVIEWS, lines)
    return _rows(request, caller, "watch/reviews.html", rows, last=rows[-1][0].id if rows else None, person=person, institution=institution)


@router.get("/watch/decisions")
def decisions_page(
    request: Request,
    caller: Watcher,
    session: SessionDep,
    services: ServicesDep,
    machine: Words = "",
    event: Words = "",
    person: Words = "",
    before: Before = None,
    export: str = "",
) -> Response:
    """Decisions of one kind by one person, with the time each matter had lain."""
    since, many = _since(services)[1], rows_of(export, PAGE_ROWS)
    rows = queries.decisions(session, since, machine=machine, event=event, person=person, before=before, limit=many)
    if export == CSV:
        _, known, names = translator(request), matters(session, rows), names_of(session, [row.person for row in rows])
        lines = [
            [
                row.at,
                _(words.MACHINES.get(row.machine, row.machine)),
                known[row.subject_id].name if row.subject_id in known else "",
                _(words.ACTS.get(row.event, row.event)),
                names.get(row.person, row.person),
                duration_text(row.wait_s),
                row.reason,
            ]
            for row in rows
        ]
        return sheet(request, "decisions", DECISIONS, lines)
    last = rows[-1].id if rows else None
    return _rows(
        request,
        caller,
        "watch/decisions.html",
        rows,
        last=last,
        machine=machine,
        event=event,
        person=person,
        machines=words.MACHINES,
        acts=words.ACTS,
        matters=matters(session, rows),
        names=names_of(session, [person, *(row.person for row in rows)]),
    )


@router.get("/watch/views")
def views_page(
    request: Request,
    caller: Watcher,
    session: SessionDep,
    services: ServicesDep,
    person: Words = "",
    kind: Words = "",
    before: Before = None,
    export: str = "",
) -> Response:
    """Views of footage, of one person: when, of what, for which purpose."""
    rows = views(session, _since(services)[1], person=person, kind=kind, before=before, limit=rows_of(export, PAGE_ROWS))
    if export == CSV:
        return _views_sheet(request, session, rows)
    last = rows[-1].view.id if rows else None
    names = names_of(session, [person, *(row.view.actor_name for row in rows)])
    return _rows(
        request,
        caller,
        "watch/views.html",
        rows,
        last=last,
        person=person,
        kind=kind,
        names=names,
        kinds={kind.value: translator(request)(word) for kind, word in words.WAYS.items()},
        purposes=words.PURPOSES,
        kinds_of_case=words.CASES,
        cases=cases_of(session, [row.view.case_ref for row in rows]),
    )


def _views_sheet(request: Request, session: Session, rows: list[Viewed]) -> Response:
    _, language, names = translator(request), choose_language(request), names_of(session, [row.view.actor_name for row in rows])
    cases = cases_of(session, [row.view.case_ref for row in rows])
    lines = [
        [
            row.view.at,
            names.get(row.view.actor_name, row.view.actor_name),
            _(words.WAYS[row.view.kind]),
            row.file_name or row.view.recording_id,
            row.institution,
            _(words.PURPOSES.get(row.view.purpose, row.view.purpose)) if row.view.purpose else "",
            _(words.CASES[case.kind]) if (case := cases[row.view.case_ref]).kind else "",
            lesson_text(case.name, language),
        ]
        for row in rows
    ]
    return sheet(request, "views", VIEWS, lines)


def _rows(request: Request, caller: Caller, template: str, rows: Any, *, last: UUID | None, **asked: Any) -> Response:  # Any: rows of a list
    return render(
        request,
        template,
        **show_navigation(request, caller, "watch"),
        rows=rows,
        more=last if len(rows) == PAGE_ROWS else None,
        asked={key: value for key, value in asked.items() if isinstance(value, str) and value},
        query=urlencode({key: value for key, value in asked.items() if isinstance(value, str) and value}),
        **asked,
    )
