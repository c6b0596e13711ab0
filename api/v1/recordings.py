"""Recordings: facts, custody, receipt, proof. Never bytes. R72, R73; G6, G7."""

import base64
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy import select

from api import log_keeper
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OUTSIDE_INSTITUTIONS, REVIEWERS, Role
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.locale.language import translations
from api.pages.reasons import REASONS
from api.v1.uploads import SlotOut, slot_out
from storage.kernel.clock import local_instant
from storage.kernel.errors import NotFound
from storage.ledger import history, proofs
from storage.ledger.models import LedgerEntry
from storage.retention import service as retention
from supervision.footage import destruction_certificates, queries, receipts
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.footage.service import find

router = APIRouter(prefix="/api/v1", tags=["recordings"])
READERS = (INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER}
Reader = Annotated[Caller, access(roles=READERS, scopes={"upload:read"})]
# an entry of the log names what the machine remarked: whoever reviews learns that in the review room, after their own verdict (G17)
ProofReader = Annotated[Caller, access(roles=READERS - REVIEWERS, scopes={"upload:read"})]


class Step(BaseModel):
    """One step of custody."""

    at: datetime
    event: str
    to: str
    actor: str
    role: str
    reason: str
    clause: str
    ledger_entry: int


class ReceiptLinks(BaseModel):
    number: str
    json_url: str
    pdf_url: str


class TwinOut(BaseModel):
    """An earlier recording of the same footage."""

    recording_id: UUID
    file_name: str
    institution: str
    kind: str


class RecordingOut(BaseModel):
    id: UUID
    upload_id: UUID
    state: str
    reason: str
    reason_text: str  # what happened and what to do, in the reader's language
    reason_facts: dict[str, Any]  # Any: facts of a refusal, shown as they are
    file_name: str
    slot: SlotOut | None
    recorded_start_at: datetime | None
    recorded_end_at: datetime | None
    start_source: str
    sha256: str | None
    size_bytes: int
    media: dict[str, Any] | None  # Any: MediaFacts as JSON
    version_id: str | None
    retain_until: datetime | None
    lock_read_back_at: datetime | None
    holds: list[str]
    custody: list[Step]
    receipt: ReceiptLinks | None
    destruction: ReceiptLinks | None  # the certificate, once it was destroyed
    twins: list[TwinOut]  # for the bureau; an institution is told of a repetition by the remarks alone


class RecordingLine(BaseModel):
    id: UUID
    state: str
    reason: str
    file_name: str
    size_bytes: int
    recorded_start_at: datetime | None
    retain_until: datetime | None


class RecordingList(BaseModel):
    items: list[RecordingLine]
    next: UUID | None


@router.get("/recordings")
def list_recordings(
    caller: Reader,
    session: SessionDep,
    state: RecordingState | None = None,
    institution_id: UUID | None = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RecordingList:
    """Recordings, newest first: an institution's own, or any for the bureau."""
    query = select(Recording).order_by(Recording.id.desc()).limit(limit + 1)
    tenant = caller.tenant() if caller.role in INSTITUTION else institution_id
    if tenant is not None:
        query = query.where(Recording.institution_id == tenant)
    if state is not None:
        query = query.where(Recording.state == state)
    if after is not None:
        query = query.where(Recording.id < after)
    rows = session.scalars(query).all()
    items = [
        RecordingLine(
            id=r.id,
            state=r.state.value,
            reason=r.reason,
            file_name=r.file_name,
            size_bytes=r.size_bytes,
            recorded_start_at=local_instant(r.declared_start_at) if r.declared_start_at else None,
            retain_until=local_instant(r.retain_until) if r.retain_until else None,
        )
        for r in rows[:limit]
    ]
    return RecordingList(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/recordings/{recording_id}")
def show_recording(caller: Reader, session: SessionDep, recording_id: Annotated[UUID, Path()]) -> RecordingOut:
    """Facts and custody of one recording."""
    row = find(session, recording_id, _tenant(caller))
    kept = retention.kept_version(session, row.object_key, row.version_id) if row.version_id else None
    receipt, destroyed = receipts.of_recording(session, row.id), destruction_certificates.of_recording(session, row.id)
    base = f"/api/v1/recordings/{row.id}/receipt"
    return RecordingOut(
        id=row.id,
        upload_id=row.upload_id,
        state=row.state.value,
        reason=row.reason,
        reason_text=translations(caller.language).gettext(REASONS[row.reason]) if row.reason in REASONS else row.reason,
        reason_facts=row.reason_facts,
        file_name=row.file_name,
        slot=slot_out(session, row.slot_id),
        recorded_start_at=local_instant(row.recorded_span.lower) if row.recorded_span and row.recorded_span.lower else None,
        recorded_end_at=local_instant(row.recorded_span.upper) if row.recorded_span and row.recorded_span.upper else None,
        start_source=row.start_source,
        sha256=row.sha256.hex() if row.sha256 else None,
        size_bytes=row.size_bytes,
        media=without_leads(row.media) if caller.role in REVIEWERS else row.media,
        version_id=row.version_id,
        retain_until=local_instant(row.retain_until) if row.retain_until else None,
        lock_read_back_at=row.lock_read_back_at,
        # a finding's hold would tell whoever looks a second time what the first look saw
        holds=retention.open_matters(session, kept.id) if kept and caller.role not in REVIEWERS else [],
        custody=[
            Step(
                at=m.at,
                event=m.event,
                to=m.to_state,
                actor=m.actor_name,
                role=m.actor_role,
                reason=m.reason,
                clause=m.clause,
                ledger_entry=m.entry_id,
            )
            for m in history.timeline(session, "recording", row.id)
        ],
        receipt=ReceiptLinks(number=receipt.number, json_url=f"{base}.json", pdf_url=f"{base}.pdf") if receipt else None,
        destruction=ReceiptLinks(
            number=destroyed.certificate_number,
            json_url=f"/api/v1/recordings/{row.id}/destruction.json",
            pdf_url=f"/api/v1/recordings/{row.id}/destruction.pdf",
        )
        if destroyed and destroyed.certificate_number
        else None,
        twins=[] if caller.role in INSTITUTION | REVIEWERS else [TwinOut(**asdict(twin)) for twin in queries.twins(session, row.id)],
    )


@router.get("/recordings/{recording_id}/receipt.json")
def receipt_json(caller: Reader, session: SessionDep, recording_id: Annotated[UUID, Path()]) -> Response:
    """The signed receipt: `body` is base64 of exactly the signed bytes, `signature` is Ed25519 over them."""
    receipt = _receipt(session, find(session, recording_id, _tenant(caller)).id)
    content = '{"body":"' + base64.b64encode(receipt.body).decode() + '","signature":"' + base64.b64encode(receipt.signature).decode() + '"}\n'
    return Response(content, media_type="application/json", headers=_attachment(f"{receipt.number}.json"))


@router.get("/recordings/{recording_id}/receipt.pdf")
def receipt_pdf(caller: Reader, session: SessionDep, recording_id: Annotated[UUID, Path()]) -> Response:
    """The receipt to print, in Chinese, with the same numbers and the signature."""
    from api.papers.receipt import render_receipt

    receipt = _receipt(session, find(session, recording_id, _tenant(caller)).id)
    return Response(render_receipt(receipt.body, receipt.signature), media_type="application/pdf", headers=_attachment(f"{receipt.number}.pdf"))


@router.get("/recordings/{recording_id}/proof/{entry_id}")
def custody_proof(
    caller: ProofReader, session: SessionDep, services: ServicesDep, recording_id: Annotated[UUID, Path()], entry_id: Annotated[int, Path()]
) -> dict[str, str]:
    """A custody step as the log holds it, with its inclusion proof: checked offline with the published verifier and key."""
    row = find(session, recording_id, _tenant(caller))
    if entry_id not in {m.entry_id for m in history.timeline(session, "recording", row.id)}:
        raise NotFound(what="ledger-entry", id=str(entry_id))
    entry = session.get_one(LedgerEntry, entry_id)
    return {
        "entry": base64.b64encode(entry.body).decode(),
        "proof": proofs.inclusion(session, entry_id),
        "vkey": str(log_keeper.verifier(services)),
    }


LEADS = ("remarks", "segments", "held_ms", "declared_ms", "corrupt_packets", "time_jumps", "variable_frame_rate")


def without_leads(media: dict[str, Any] | None) -> dict[str, Any] | None:  # Any: MediaFacts as JSON
    """What was measured without what points somewhere: for whoever has yet to look with their own eyes."""
    return None if media is None else {name: value for name, value in media.items() if name not in LEADS}


def _receipt(session: SessionDep, recording_id: UUID) -> receipts.Receipt:
    receipt = receipts.of_recording(session, recording_id)
    if receipt is None:
        raise NotFound(what="receipt", id=str(recording_id))
    return receipt


def _tenant(caller: Caller) -> UUID | None:
    return caller.tenant() if caller.role in INSTITUTION else None


def _attachment(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
