"""Recordings as pages: the list, and one recording with its whole custody ("Can I trust this?"). R72, R73; UI.md."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from gettext import NullTranslations
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, REVIEWERS, Role
from api.http.problem import problem_of
from api.http.services import Services, ServicesDep
from api.http.session import SessionDep
from api.http.typed import Most, attempt
from api.locale.language import choose_language
from api.locale.marks import N_
from api.pages.frame import Need, catalogue_of, render, translator
from api.pages.labels import LABELS
from api.pages.leads.words import MEANINGS, NAMES, figure_text
from api.pages.listing import Column, Listing
from api.pages.navigation import show_navigation
from api.pages.persons import namer
from api.pages.reading import all_of, id_of
from api.pages.reasons import REASONS
from api.pages.recordings.copies import waiting
from api.pages.recordings.defects import defects_of
from api.pages.recordings.due import WATCHERS
from api.pages.sheet import CSV, rows_of, sheet, state_word
from api.sweeps import kept_until
from api.v1.uploads import slot_out
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.errors import DomainError, InvalidInput
from storage.ledger import history
from storage.ledger.models import StateMove
from storage.retention import service as retention
from storage.uploads.rules import GIB, UploadRule
from supervision.footage import destruction_certificates, destruction_queries, queries, receipts
from supervision.footage import service as footage
from supervision.footage.destruction_models import Destruction
from supervision.footage.destruction_rules import DestructionRule, destroy_by
from supervision.footage.lifecycle import RecordingState, SlotState
from supervision.footage.models import Recording, Slot
from supervision.footage.rules import CoverageRule
from supervision.institutions.models import Institution
from supervision.screening.screening_models import ScreeningLead

router = APIRouter(include_in_schema=False)
READERS = (INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER}
Reader = Annotated[Caller, access(roles=READERS)]
Sender = Annotated[Caller, access(roles=INSTITUTION)]
PAGE = 50
FORMATS = ".mp4,.mkv,.ps,.mpg,.mpeg,.vob,.avi,.mov,.m4v,.dav,.ts,.m2ts"
COLUMNS = (
    Column("file", N_("File")),
    Column("start", N_("Recording starts at")),
    Column("size", N_("Size"), figures=True),
    Column("state", N_("State")),
    Column("until", N_("Kept until")),
)
SHEET = (
    N_("File"), N_("Institution"), N_("Recording starts at"), N_("Size, bytes"), N_("State"), N_("Kept until"), N_("Announced"),
)  # fmt: skip
REMARKS = {
    "below-minimum-height": N_("The picture is smaller than the minimum height."),
    "no-sound": N_("There is no sound."),
    "corrupt-packets": N_("Some packets are damaged."),
    "gaps-inside": N_("The recording has holes; they are counted as missing."),
    "variable-frame-rate": N_("The frame rate varies."),
    "same-bytes-as-earlier": N_("The same bytes were uploaded before."),
    "same-packets-as-earlier": N_("The same pictures were uploaded before in another container."),
    "claims-the-future": N_("Its name or its clock says that it ends after it arrived; its time is not believed."),
    "overlaps-earlier": N_("It overlaps an earlier recording of this camera."),
}
MOVES = {
    "announce": N_("announced"),
    "receive": N_("every byte arrived"),
    "abandon": N_("given up"),
    "quarantine": N_("check begun"),
    "verify": N_("measured and hashed"),
    "reject": N_("refused"),
    "catalogue": N_("locked and catalogued"),
    "confirm": N_("lock read back"),
    "raise-alarm": N_("integrity alarm"),
    "clear-alarm": N_("alarm cleared"),
    "fall-due": N_("retention over"),
    "hold": N_("held by a matter"),
    "destroy": N_("destroyed"),
    "discard": N_("original deleted"),
}


@router.get("/recordings")
def list_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, export: str = "") -> Response:
    """Recordings, newest first; the address remembers search, filter and place."""
    listing = Listing.of(request, COLUMNS, sort="-start", filters=("state",), exports=(CSV,))
    query = select(Recording).order_by(Recording.id.desc()).limit(rows_of(export, PAGE + 1))
    if caller.role in INSTITUTION:
        query = query.where(Recording.institution_id == caller.tenant())
    own = caller.role in INSTITUTION
    if listing.q:
        named = select(Institution.id).where(Institution.name.icontains(listing.q, autoescape=True))
        found = Recording.file_name.icontains(listing.q, autoescape=True)
        query = query.where(found if own else found | Recording.institution_id.in_(named))
    if listing.filters.get("state") in set(RecordingState):
        query = query.where(Recording.state == RecordingState(listing.filters["state"]))
    if listing.after:
        query = query.where(Recording.id < id_of(listing.after, "after"))
    rows = session.scalars(query).all()
    schools = {row.id: row.name for row in session.execute(select(Institution.id, Institution.name))}
    if export == CSV:
        return _sheet(request, rows, schools)
    if len(rows) > PAGE:
        listing = replace(listing, next_after=str(rows[PAGE - 1].id))
    return render(
        request,
        "recordings/list.html",
        **show_navigation(request, caller, "recordings"),
        listing=listing,
        rows=rows[:PAGE],
        states=[(s.value, translator(request)(LABELS["recording"][s.value].word)) for s in RecordingState],
        own=own,
        schools=schools,
        may_check=caller.role in INSTITUTION | OFFICERS | {Role.LEGAL_OFFICER, Role.AUDITOR},
        may_see_due=caller.role in WATCHERS | {Role.AUDITOR},
        asked=len(waiting(session, caller.tenant(), services.clock.now_at())) if caller.role in INSTITUTION else 0,
    )


def _sheet(request: Request, rows: Sequence[Recording], schools: Mapping[UUID, str]) -> Response:
    _ = translator(request)
    lines = [
        [
            row.file_name,
            schools[row.institution_id],
            row.declared_start_at,
            row.size_bytes,
            state_word(request, "recording", row.state.value),
            row.retain_until,
            row.created_at,
        ]
        for row in rows
    ]
    return sheet(request, "recordings", SHEET, lines)


@router.get("/recordings/{recording_id}")
def show_page(request: Request, caller: Reader, session: SessionDep, services: ServicesDep, recording_id: UUID) -> Response:
    """Facts, remarks, custody, receipt and proofs of one recording."""
    return _show(request, caller, session, services, recording_id)


def _show(
    request: Request, caller: Caller, session: Session, services: Services, recording_id: UUID, *, refused: DomainError | None = None
) -> Response:
    problem = problem_of(refused, request) if refused else None
    row = footage.find(session, recording_id, caller.tenant() if caller.role in INSTITUTION else None)
    kept = retention.kept_version(session, row.object_key, row.version_id) if row.version_id else None
    media: dict[str, Any] = row.media or {}  # Any: MediaFacts as JSON
    _, language = translator(request), choose_language(request)
    moves = history.timeline(session, "recording", row.id)
    named = namer(session, moves, language)
    bad = {"reject", "raise-alarm", "abandon"}
    good = {"catalogue", "confirm", "clear-alarm"}
    blind = caller.role in REVIEWERS  # what the machine remarked is shown in the review room, after their own verdict (G17)
    needs_choice = row.state is RecordingState.VERIFIED and caller.role in INSTITUTION and (row.slot_id is None or row.declared_start_at is None)
    return render(
        request,
        "recordings/show.html",
        status_code=problem.status if problem else 200,
        problem=problem,
        **show_navigation(request, caller, "recordings"),
        row=row,
        media=media,
        slot=slot_out(session, row.slot_id),
        # a finding's hold would tell whoever looks a second time what the first look saw
        holds=retention.open_matters(session, kept.id) if kept and caller.role not in REVIEWERS else [],
        remarks=[] if blind else [_(REMARKS[r]) for r in media.get("remarks", ()) if r in REMARKS],
        meanings=MEANINGS,
        defects=[] if blind else _defects(services, row, catalogue_of(request)),
        twins=[] if blind or caller.role in INSTITUTION else [(_(REMARKS[twin.kind]), twin) for twin in queries.twins(session, row.id)],
        reason=_(REASONS[row.reason]) if row.reason in REASONS else row.reason,
        original=_original(services, row, moves),
        receipt=receipts.of_recording(session, row.id),
        destroyed=destruction_certificates.of_recording(session, row.id),
        due=_due(session, services, caller, row, moves),
        custody=[
            {
                "at": m.at,
                "title": _(MOVES.get(m.event, m.event)),
                "tone": "bad" if m.event in bad else "ok" if m.event in good else "neutral",
                "actor": named(m),
                "clause": m.clause,
                "text": _(REASONS[m.reason]) if m.reason in REASONS else "",
                **({} if blind else _proof_of(row.id, m.entry_id, _)),
            }
            for m in moves
        ],
        choices=_choices(session, caller) if needs_choice else [],
        needs_choice=needs_choice,
    )


def _due(
    session: Session, services: Services, caller: Caller, row: Recording, moves: Sequence[StateMove]
) -> tuple[datetime, datetime, Destruction | None] | None:
    """For whoever sees the list of what is due: since when it is, by when it goes, and what was proposed about it."""
    since = max((m.at for m in moves if m.event == "fall-due"), default=None)
    if row.state is not RecordingState.DUE or since is None or caller.role not in WATCHERS | {Role.AUDITOR}:
        return None
    rule = services.policy.read(DestructionRule, services.clock.today_on())
    return since, destroy_by(since, rule), destruction_queries.live_of(session, row.id)


def _original(services: Services, row: Recording, moves: Sequence[StateMove]) -> tuple[datetime, datetime | None] | None:
    """Of a refused recording: until when its original is kept, and when it was deleted."""
    when = {m.event: m.at for m in moves}
    if row.state is not RecordingState.REJECTED or "reject" not in when:
        return None
    return kept_until(services.policy, when["reject"]), when.get("discard")


def _defects(services: Services, row: Recording, words: NullTranslations) -> list[tuple[str, str, ScreeningLead]]:
    """Technical defects that screening found, so that they are mended today; whoever looks after leads finds the others in their list."""
    return [(words.gettext(NAMES[lead.code]), figure_text(lead, words), lead) for lead in defects_of(services, [row.id])]


def _choices(session: SessionDep, caller: Caller) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Slot.id, Slot.natural_id)
        .where(Slot.institution_id == caller.tenant(), Slot.state.in_((SlotState.ANNOUNCED, SlotState.MISSING, SlotState.COVERED)))
        .order_by(Slot.starts_at.desc())
        .limit(200)
    )
    return [(str(slot_id), natural_id) for slot_id, natural_id in rows]


def _proof_of(recording_id: UUID, entry_id: int, _: Callable[[str], str]) -> dict[str, str]:
    return {"href": f"/api/v1/recordings/{recording_id}/proof/{entry_id}", "link": _("Proof of line %(number)s") % {"number": entry_id}}


@router.post("/recordings/{recording_id}/choose")
def choose(
    request: Request,
    caller: Sender,
    session: SessionDep,
    services: ServicesDep,
    recording_id: UUID,
    slot: Annotated[str, Form(), Most(40)] = "",
    start: Annotated[str, Form(), Most(30)] = "",
) -> Response:
    """Choose the lesson a verified recording shows."""
    row = footage.find(session, recording_id, caller.tenant(), lock=True)
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    try:
        with attempt(request, session):
            which, start_at = all_of(lambda: id_of(slot, "slot"), lambda: _instant(start))
            footage.choose(session, row, footage.Choice(which, start_at), rule, at=services.clock.now_at(), events=services.events)
    except DomainError as refused:
        return _show(request, caller, session, services, recording_id, refused=refused)
    return RedirectResponse(f"/recordings/{recording_id}", status_code=303)


def _instant(text: str) -> datetime | None:
    """A time of day at the bureau, as the form gives it; nothing typed is none. Raises: InvalidInput."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=BUREAU_ZONE) if text else None
    except ValueError:
        raise InvalidInput(errors=[{"where": "start", "code": "not-a-time", "value": text}]) from None


@router.get("/upload")
def upload_page(request: Request, caller: Sender, services: ServicesDep) -> Response:
    """Drop last night's export here."""
    rule = services.policy.read(UploadRule, services.clock.today_on())
    return render(
        request,
        "upload.html",
        needs=(Need.UPLOAD,),
        modules=("upload.js",),
        **show_navigation(request, caller, "upload"),
        limits={"max_bytes": rule.max_file_gib * GIB},
        formats=FORMATS,
        recordings_url="/recordings",
    )
