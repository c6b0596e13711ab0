"""Sprite sheets of an assigned item, for hovering over its time axis. Blurred like the clip, for the same person, while the review is open."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.auth.access import access
from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.auth.roles import REVIEWERS
from api.http.services import ServicesDep
from api.http.session import SessionDep
from storage.clips.models import SpriteSheets
from storage.clips.sheets import require_ready
from storage.kernel.errors import NotFound
from supervision.spotchecks import queries, viewing
from supervision.spotchecks.lifecycle import AssignmentState

router = APIRouter(include_in_schema=False)
Inspector = Annotated[Caller, access(roles=REVIEWERS)]
InspectorSees = Annotated[Caller, access(roles=REVIEWERS, purpose=ViewKind.STILL)]
Position = Annotated[int, Path(ge=1, le=1000)]


class SheetsOut(BaseModel):
    """`times_ms[n]`: media time of tile n, row by row, sheet by sheet; every sheet but the last is full (`columns` × `rows`)."""

    tile_width_px: int
    tile_height_px: int
    columns: int
    rows: int
    times_ms: list[int]
    sheets: list[str]


@router.get("/review/{assignment_id}/items/{position}/sheet.json")
def describe_sheets(caller: Inspector, session: SessionDep, assignment_id: UUID, position: Position) -> SheetsOut:
    """Where each moment's small picture lies. No footage is shown by this answer; each sheet fetched is on record as a view."""
    row = _sheets(session, caller, assignment_id, position)
    return SheetsOut(
        tile_width_px=row.tile_width_px or 0,
        tile_height_px=row.tile_height_px or 0,
        columns=row.columns or 0,
        rows=row.rows or 0,
        times_ms=row.times_ms,
        sheets=[f"/review/{assignment_id}/items/{position}/sheet/{number}.jpg" for number in range(len(row.sheets))],
    )


@router.get("/review/{assignment_id}/items/{position}/sheet/{number}.jpg")
def show_sheet(
    caller: InspectorSees,
    session: SessionDep,
    services: ServicesDep,
    assignment_id: UUID,
    position: Position,
    number: Annotated[int, Path(ge=0, le=1000)],
) -> Response:
    """One grid of small pictures."""
    row = _sheets(session, caller, assignment_id, position)
    if number >= len(row.sheets):
        raise NotFound(what="sheet", id=str(number))
    shown = Shown(row.recording_id, row.tenant_id, start_ms=row.start_ms, end_ms=row.end_ms)
    record_view(services, caller, shown, kind=ViewKind.STILL, purpose="spot check", case_ref=viewing.purpose_of(assignment_id))
    sheet = row.sheets[number]
    jpeg = services.buckets.viewing.read_range(sheet["key"], sheet["version_id"], 0, sheet["size_bytes"])
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store", "Content-Disposition": "inline"})


def _sheets(session: Session, caller: Caller, assignment_id: UUID, position: int) -> SpriteSheets:
    """Raises: AssignmentNotFound, NotFound — not under review, no such item; ClipNotReady, ClipGone."""
    assignment = queries.assignment(session, assignment_id, inspector_id=caller.person())
    item = next((i for i in queries.items(session, assignment.id) if i.position == position), None)
    found = viewing.sheets_of(session, item) if item is not None else None
    if found is None or assignment.state is not AssignmentState.REVIEWING:
        raise NotFound(what="sheet", id=str(position))
    return require_ready(found)
