"""Destruction of what is due, by two people, over HTTP; and its certificate for whoever may see the recording. R73; domain.md 2.3.1; G4."""

import base64
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import select

from api import destroying
from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION, OFFICERS, OUTSIDE_INSTITUTIONS, Role
from api.http.paging import Cursor, Key, Limit, page
from api.http.services import ServicesDep
from api.http.session import SessionDep
from storage.kernel.clock import local_instant
from storage.kernel.errors import NotFound
from supervision.footage import destruction, destruction_certificates, destruction_queries
from supervision.footage.destruction_lifecycle import DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.destruction_rules import MOST_AT_ONCE, MOST_REASON_CHARS, DestructionRule, destroy_by
from supervision.footage.models import Recording
from supervision.footage.service import find

router = APIRouter(prefix="/api/v1", tags=["destructions"])
WATCHERS = OFFICERS | {Role.LEGAL_OFFICER}
Watcher = Annotated[Caller, access(roles=WATCHERS)]
Proposer = Annotated[Caller, access(roles=destroying.PROPOSERS)]
Approver = Annotated[Caller, access(roles=destroying.APPROVERS, fresh=True)]
Decider = Annotated[Caller, access(roles=destroying.APPROVERS)]
Reader = Annotated[
    Caller, access(roles=(INSTITUTION | OUTSIDE_INSTITUTIONS) - {Role.THIRD_PARTY_VERIFIER, Role.DEPARTMENT_OFFICER}, scopes={"upload:read"})
]
Words = Annotated[str, StringConstraints(max_length=MOST_REASON_CHARS, strip_whitespace=True)]


class DueOut(BaseModel):
    recording_id: UUID
    file_name: str
    size_bytes: int
    sha256: str
    retain_until: datetime | None
    due_since: datetime | None
    destroy_by: datetime | None
    overdue: bool


class DueList(BaseModel):
    items: list[DueOut]
    next: str | None


class NewProposal(BaseModel):
    recording_ids: Annotated[list[UUID], Field(max_length=MOST_AT_ONCE)]
    reason: Words


class Note(BaseModel):
    """What the one who decides says; needed to decline."""

    note: Words = ""


class DestructionOut(BaseModel):
    """Of the two, their logins, as the ledger names them."""

    id: UUID
    recording_id: UUID
    state: DestructionState
    reason: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str
    approved_at: datetime | None
    ended_reason: str
    begun_at: datetime | None
    destroyed_at: datetime | None
    certificate: str | None  # its number


class DestructionList(BaseModel):
    items: list[DestructionOut]
    next: str | None


@router.get("/destructions/due")
def list_due(caller: Watcher, session: SessionDep, services: ServicesDep, after: Cursor = "", limit: Limit = 50) -> DueList:
    """What is past its term, held by nothing and not proposed; the longest first."""
    rule, now = services.policy.read(DestructionRule, services.clock.today_on()), services.clock.now_at()
    found = page(session, destruction_queries.due(), [Key(Recording.retain_until), Key(Recording.id)], after=after, limit=limit)
    since = destruction_queries.due_since(session, [row.id for row in found.items])
    items = []
    for row in found.items:
        began = since.get(row.id)
        by = destroy_by(began, rule) if began else None
        items.append(
            DueOut(
                recording_id=row.id,
                file_name=row.file_name,
                size_bytes=row.size_bytes,
                sha256=row.sha256.hex() if row.sha256 else "",
                retain_until=local_instant(row.retain_until) if row.retain_until else None,
                due_since=local_instant(began) if began else None,
                destroy_by=local_instant(by) if by else None,
                overdue=by is not None and by <= now,
            )
        )
    return DueList(items=items, next=found.next_after)


@router.get("/destructions")
def list_destructions(
    caller: Watcher, session: SessionDep, state: Annotated[DestructionState | None, Query()] = None, after: Cursor = "", limit: Limit = 50
) -> DestructionList:
    """Proposals, newest first."""
    query = select(Destruction) if state is None else select(Destruction).where(Destruction.state == state)
    found = page(session, query, [Key(Destruction.id, descending=True)], after=after, limit=limit)
    return DestructionList(items=[_out(row) for row in found.items], next=found.next_after)


@router.post("/destructions", status_code=status.HTTP_201_CREATED)
def propose(body: NewProposal, caller: Proposer, session: SessionDep, services: ServicesDep) -> list[DestructionOut]:
    """Propose to destroy what was chosen, all or none."""
    made = destroying.propose_all(services, session, body.recording_ids, reason=body.reason, actor=caller.actor)
    return [_out(row) for row in made]


@router.post("/destructions/{destruction_id}/approve")
def approve(body: Note, caller: Approver, session: SessionDep, services: ServicesDep, destruction_id: UUID) -> DestructionOut:
    """Another person agrees; deletion begins when this is answered."""
    return _out(destroying.approve_all(services, session, [destruction_id], note=body.note, actor=caller.actor)[0])


@router.post("/destructions/{destruction_id}/decline")
def decline(body: Note, caller: Decider, session: SessionDep, services: ServicesDep, destruction_id: UUID) -> DestructionOut:
    """Another person refuses, with a reason."""
    return _out(destruction.decline(session, destruction_id, reason=body.note, actor=caller.actor, clock=services.clock))


@router.post("/destructions/{destruction_id}/withdraw")
def withdraw(body: Note, caller: Proposer, session: SessionDep, services: ServicesDep, destruction_id: UUID) -> DestructionOut:
    """One of the two takes it back, until deletion has begun."""
    return _out(destruction.withdraw(session, destruction_id, reason=body.note, actor=caller.actor, clock=services.clock))


@router.get("/recordings/{recording_id}/destruction.json")
def certificate_json(caller: Reader, session: SessionDep, recording_id: Annotated[UUID, Path()]) -> Response:
    """The signed certificate: `body` is base64 of exactly the signed bytes, `signature` is Ed25519 over them."""
    number, body, signature = _certificate(session, caller, recording_id)
    content = '{"body":"' + base64.b64encode(body).decode() + '","signature":"' + base64.b64encode(signature).decode() + '"}\n'
    return Response(content, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{number}.json"'})


@router.get("/recordings/{recording_id}/destruction.pdf")
def certificate_pdf(caller: Reader, session: SessionDep, recording_id: Annotated[UUID, Path()]) -> Response:
    """The certificate to print, in Chinese, with the same figures and the signature."""
    from api.papers.destruction_certificate import render_certificate

    number, body, signature = _certificate(session, caller, recording_id)
    headers = {"Content-Disposition": f'attachment; filename="{number}.pdf"'}
    return Response(render_certificate(body, signature), media_type="application/pdf", headers=headers)


def _certificate(session: SessionDep, caller: Caller, recording_id: UUID) -> tuple[str, bytes, bytes]:
    """Raises: NotFound — no such recording of this reader, or it is not destroyed."""
    find(session, recording_id, caller.tenant() if caller.role in INSTITUTION else None)
    row = destruction_certificates.of_recording(session, recording_id)
    if row is None or row.certificate is None or row.signature is None or row.certificate_number is None:
        raise NotFound(what="destruction-certificate", id=str(recording_id))
    return row.certificate_number, row.certificate, row.signature


def _out(row: Destruction) -> DestructionOut:
    return DestructionOut(
        id=row.id,
        recording_id=row.recording_id,
        state=row.state,
        reason=row.reason,
        proposed_by=row.proposer_name,
        proposed_at=local_instant(row.proposed_at),
        approved_by=row.approver_name,
        approved_at=local_instant(row.approved_at) if row.approved_at else None,
        ended_reason=row.ended_reason,
        begun_at=local_instant(row.begun_at) if row.begun_at else None,
        destroyed_at=local_instant(row.destroyed_at) if row.destroyed_at else None,
        certificate=row.certificate_number,
    )
