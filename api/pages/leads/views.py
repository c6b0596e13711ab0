"""What the machine noticed, for those who look after it: list, one lead with its still and its verdicts, and how good the machine is. R60, R72."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.auth.roles import BUREAU, EVERYBODY, OFFICERS, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.pages.frame import catalogue_of, render, translator
from api.pages.leads.queue import JUDGED, KINDS, STRENGTHS, all_of, every_recording, listing_of, narrowed_of, order_of, place_of, recording_of
from api.pages.leads.sheet import leads_sheet
from api.pages.leads.words import ATTACKS, COUNTED, EXACT, HEAD_KINDS, MEANINGS, NAMES, OPINIONS, PAUSES, figure_text
from api.pages.navigation import show_navigation
from api.pages.reading import yes_of
from api.pages.sheet import CSV
from storage.kernel.errors import DomainError, NotFound
from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.screening import heads_measured, lead_lists, leads, lessons_judged, measured
from supervision.screening.errors import LeadWithoutStill
from supervision.screening.lead_lists import Folded
from supervision.screening.leads import LeadRow
from supervision.screening.levels import GateRule, Part, Sound, parts_of, pauses
from supervision.screening.looks import Code
from supervision.screening.opinions import newest_of_each, opinion
from supervision.screening.rules import ScreeningRule
from supervision.screening.screening_models import ScreeningLead, ScreeningRun
from supervision.spotchecks import lead_verdicts

router = APIRouter(include_in_schema=False)
OFFICE = BUREAU - {Role.INSPECTOR}  # looks are blind: who looks for the draw is shown no lead before their own verdict (G17)
Reader = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR})]
Viewer = Annotated[Caller, access(roles=OFFICE | {Role.AUDITOR}, purpose=ViewKind.STILL)]
Judge = Annotated[Caller, access(roles=OFFICERS)]
Anybody = Annotated[Caller, access(roles=EVERYBODY)]
PAGE: Final = 50
SOUND_PARTS: Final = 12
STILL_BYTES: Final = 4_000_000


@router.get("/leads")
def list_page(request: Request, caller: Reader, session: SessionDep, export: str = "") -> Response:
    """One row for each recording, or lead by lead of one; how the list is narrowed and ordered stands in its address."""
    listing = listing_of(request)
    narrowed, after, alone = narrowed_of(session, listing), place_of(listing), recording_of(listing)
    if export == CSV:
        return leads_sheet(request, session, narrowed, order_of(listing))
    folds: list[Folded] = []
    rows: list[LeadRow] = []
    if alone is None:
        folds = lead_lists.folded(session, narrowed, order_of(listing), after=after, limit=PAGE + 1)
        if len(folds) > PAGE:
            last = folds[PAGE - 1].place
            listing = replace(listing, next_after=f"{last.key}.{last.recording_id}")
    else:
        rows = lead_lists.of_recording(session, narrowed, after=(after.key, after.recording_id) if after else None, limit=PAGE + 1)
        if len(rows) > PAGE:
            listing = replace(listing, next_after=f"{rows[PAGE - 1].lead.strength}.{rows[PAGE - 1].lead.id}")
    folds, rows = folds[:PAGE], rows[:PAGE]
    _, words = translator(request), catalogue_of(request)
    total = lead_lists.total(session, narrowed)
    institutions = session.execute(select(Institution.code, Institution.name).order_by(Institution.name)).all()
    return render(
        request,
        "leads/list.html",
        **show_navigation(request, caller, "leads"),
        listing=replace(listing, total=total.leads),
        total=total,
        folds=folds,
        rows=rows,
        opinions=OPINIONS,
        said=lead_lists.opinions_of(session, [row.lead.id for row in rows]),
        alone=session.get(Recording, alone) if alone else None,
        all_of=partial(all_of, listing),
        every_recording=every_recording(listing),
        names=NAMES,
        figures={row.lead.id: figure_text(row.lead, words) for row in [*rows, *(fold.first for fold in folds)]},
        kinds=[(key, _(word)) for key, word in KINDS.items()] + [(code.value, _(NAMES[code])) for code in Code],
        institutions=[(code, name) for code, name in institutions],
        strengths=STRENGTHS,
        judged=[(one.value, _(words)) for one, words in JUDGED.items()],
    )


@router.get("/leads/{lead_id}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, lead_id: UUID) -> Response:
    """One lead: what, where, how far beyond the threshold, its still, how good the signal is, and what people said."""
    return _show(request, caller, session, services, lead_id)


def _show(
    request: Request, caller: Caller, session: Session, services: Services, lead_id: UUID, refused: DomainError | None = None, note: str = ""
) -> Response:
    row = leads.find(session, lead_id)
    problem = problem_of(refused, request) if refused else None
    listing = listing_of(request)
    verdicts = leads.verdicts_of(session, lead_id)
    return render(
        request,
        "leads/show.html",
        status_code=problem.status if problem else 200,
        **show_navigation(request, caller, "leads"),
        row=row,
        lead=row.lead,
        name=NAMES[row.lead.code],
        figure=figure_text(row.lead, catalogue_of(request)),
        until=leads.wall_of(row.recording, row.lead.to_ms),
        modules=("queue.js",),
        listing=listing,
        near=lead_lists.neighbours(session, narrowed_of(session, listing), order_of(listing), row.lead),
        verdicts=verdicts,
        last_words={one.id for one in newest_of_each(verdicts).values()},
        opinion=opinion(verdicts),
        opinions=OPINIONS,
        meaning=MEANINGS.get(row.lead.code),
        run=session.get(ScreeningRun, row.lead.run_id) if row.lead.run_id and row.lead.code in MEANINGS else None,
        known=measured.read().get(row.lead.code),
        live=leads.live(session, row.lead.code).get(row.lead.code),
        attacks=ATTACKS,
        heads=lessons_judged.shown_with(session, row.lead),
        sound=_sound_of(session, row.lead),
        pauses=_pauses_of(session, services, row.lead),
        may_judge=caller.role in OFFICERS,
        barred=lead_verdicts.barred(session, row.lead, caller.person(), clock=services.clock) if caller.role in OFFICERS else None,
        register=f"/inspectors/{caller.actor.name}/interests",
        problem=problem,
        note=note,
    )


def _sound_of(session: Session, lead: ScreeningLead) -> list[Part]:
    """How loud the recording of a lead about sound is, part by part."""
    run = session.get(ScreeningRun, lead.run_id) if lead.run_id and lead.code is Code.SILENT else None
    return parts_of(Sound.from_bytes(run.sound), run.duration_ms, SOUND_PARTS) if run is not None and run.sound else []


def _pauses_of(session: Session, services: Services, lead: ScreeningLead) -> str:
    """Whether a lead of no sound may be a mere break behind a noise gate, in words; empty for any other lead."""
    run = session.get(ScreeningRun, lead.run_id) if lead.run_id and lead.code is Code.SILENT else None
    if run is None or not run.sound:
        return ""
    same = session.scalars(select(ScreeningLead).where(ScreeningLead.run_id == run.id, ScreeningLead.code == Code.SILENT))
    told, today = [(one.from_ms, one.to_ms) for one in same], services.clock.today_on()
    rule, gate = services.policy.read(ScreeningRule, today), services.policy.read(GateRule, today)
    return PAUSES[pauses(Sound.from_bytes(run.sound), told, rule, gate)]


@router.get("/leads/{lead_id}/still.jpg")
def still(
    caller: Viewer, session: SessionDep, services: ServicesDep, lead_id: UUID, purpose: Annotated[str, Query(max_length=200)] = "lead of screening"
) -> Response:
    """The still, faces blurred. The view is on record first."""
    lead = leads.find(session, lead_id).lead
    if lead.still_key is None or lead.still_version_id is None:
        raise LeadWithoutStill(lead=str(lead_id))
    shown = Shown(lead.recording_id, lead.institution_id, start_ms=lead.still_ms, end_ms=lead.still_ms + 1)
    record_view(services, caller, shown, kind=ViewKind.STILL, purpose=purpose, case_ref=f"lead/{lead_id}")
    picture = services.buckets.viewing.read_range(lead.still_key, lead.still_version_id, 0, STILL_BYTES)
    return Response(picture, media_type="image/jpeg")


@router.post("/leads/{lead_id}/verdict")
def judge(
    request: Request,
    caller: Judge,
    session: SessionDep,
    services: ServicesDep,
    lead_id: UUID,
    real: Annotated[str, Form(), Most(10)] = "",
    note: Annotated[str, Form(), Most(1000)] = "",
) -> Response:
    """Real or not real, by name. Not real says why."""
    try:
        with attempt(request, session):
            said = yes_of(real, "real")
            lead_verdicts.judge(session, lead_id, real=said, note=note, account_id=caller.person(), actor=caller.actor, clock=services.clock)
    except NotFound:
        raise
    except DomainError as refused:
        return _show(request, caller, session, services, lead_id, refused, note)
    return RedirectResponse(f"/leads/{lead_id}{listing_of(request).kept}#said", status_code=303)


@router.get("/machine")
def machine_page(request: Request, caller: Anybody, session: SessionDep) -> Response:
    """How good is the machine? Held-out recall and false alarms of every signal, and, inside the bureau, what people said of its leads."""
    inside = caller.role in OFFICE or caller.role is Role.AUDITOR
    known, said = measured.read(), leads.live(session) if inside else {}
    return render(
        request,
        "leads/machine.html",
        **show_navigation(request, caller, "machine"),
        signals=[(code, NAMES[code], known.get(code), said.get(code)) for code in Code],
        interval=measured.share_interval,
        attacks=ATTACKS,
        heads=heads_measured.read(),
        head_kinds=HEAD_KINDS,
        counted=COUNTED,
        exact=EXACT,
        inside=inside,
        cost=leads.cost(session) if inside else None,
    )
