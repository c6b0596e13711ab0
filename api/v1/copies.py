"""Checks of the own copy over HTTP, so that a recorder answers by itself. R73; Q3, F-14, G14."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.roles import INSTITUTION
from api.http.services import ServicesDep
from api.http.session import SessionDep
from api.pages.recordings.copies import waiting
from storage.kernel.clock import local_instant
from supervision.footage import copies
from supervision.footage.copy_models import CopyCheck
from supervision.footage.copy_rules import Standing, standing

router = APIRouter(prefix="/api/v1/copies", tags=["copies"])
Reader = Annotated[Caller, access(roles=INSTITUTION, scopes={"upload:read"})]
Holder = Annotated[Caller, access(roles=INSTITUTION, scopes={"upload:write"})]


class CheckOut(BaseModel):
    """Answer with SHA-256(nonce ‖ bytes of `[offset_bytes, offset_bytes + length_bytes)`)."""

    id: UUID
    recording_id: UUID
    file_name: str
    due_at: datetime
    offset_bytes: int
    length_bytes: int
    nonce: str


class Answer(BaseModel):
    answer: Annotated[str, StringConstraints(max_length=200)]


class Result(BaseModel):
    id: UUID
    standing: Standing


@router.get("")
def list_waiting(caller: Reader, session: SessionDep, services: ServicesDep) -> list[CheckOut]:
    """What waits for an answer of the own institution, the most urgent first."""
    rows = waiting(session, caller.tenant(), services.clock.now_at())
    names = copies.file_names(session, rows)
    return [_out(row, names[row.recording_id]) for row in rows]


@router.post("/{check_id}/answer")
def answer(body: Answer, caller: Holder, session: SessionDep, services: ServicesDep, check_id: UUID) -> Result:
    """One answer for each check."""
    by = {"institution_id": caller.tenant(), "actor": caller.actor, "clock": services.clock}
    row = copies.answer(session, services.buckets.evidence, check_id, body.answer, **by)  # type: ignore[arg-type]  # keywords
    return Result(id=row.id, standing=standing(matches=row.matches, due=row.due_at, now=services.clock.now_at()))


def _out(row: CopyCheck, file_name: str) -> CheckOut:
    return CheckOut(
        id=row.id,
        recording_id=row.recording_id,
        file_name=file_name,
        due_at=local_instant(row.due_at),
        offset_bytes=row.offset_bytes,
        length_bytes=row.length_bytes,
        nonce=row.nonce.hex(),
    )
