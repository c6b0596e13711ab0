"""Sprite sheets of a span: asked for with the clip, made by the worker, kept and deleted like it."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.clips.errors import ClipGone, ClipNotReady
from storage.clips.models import ClipState, MediaIndexRow, SpriteSheets
from storage.clips.service import Wanted, failed, place_of, remember_index, settled, source_of
from storage.database.session import SYSTEM, Database
from storage.kernel.clock import Clock
from storage.kernel.events import Event, Events
from storage.kernel.scratch import working_folder
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.faces import DETECTOR
from storage.media.index import build_index, from_bytes
from storage.media.sheets import make_sheets
from storage.objects.port import Buckets


def request_sheets(session: Session, wanted: Wanted, *, events: Events, at: datetime) -> SpriteSheets:
    """The sheets for this purpose and span; asked for once."""
    known = find_sheets(session, wanted.purpose, wanted.recording_id, wanted.start_ms, wanted.end_ms)
    if known is not None and known.blurred == wanted.blurred and known.state in (ClipState.QUEUED, ClipState.READY):
        return known
    row = SpriteSheets(**wanted.columns(at), times_ms=[], sheets=[], detector="")
    session.add(row)
    session.flush()
    events.publish(session, Event("sheets.requested", {"sheets_id": str(row.id)}))
    return row


def make(database: Database, buckets: Buckets, sheets_id: UUID, *, clock: Clock, scratch: Path) -> ClipState:
    """Make the sheets and put them into the viewing bucket. Repeating changes nothing."""
    with database.transaction(SYSTEM) as session:
        row = session.get_one(SpriteSheets, sheets_id)
        if row.state is not ClipState.QUEUED:
            return settled(buckets.viewing, row)
        key, version_id, start_ms, end_ms = row.source_key, row.source_version_id, row.start_ms, row.end_ms
        tenant, blurred = row.tenant_id, row.blurred
        kept = session.get(MediaIndexRow, (key, version_id))
        index = from_bytes(kept.body) if kept else None
    source = source_of(buckets.evidence, key, version_id)
    if source is None:
        return failed(database, SpriteSheets, sheets_id, "object-missing")
    try:
        if index is None:
            index = build_index(source)
            remember_index(database, key, version_id, index.to_bytes(), clock.now_at())
        with working_folder(scratch) as folder:
            made = make_sheets(source, index, start_ms, end_ms, blurred=blurred, scratch=folder)
    except NothingToCut:
        return failed(database, SpriteSheets, sheets_id, "nothing-to-cut")
    except UnreadableMedia as unreadable:
        return failed(database, SpriteSheets, sheets_id, f"media-{unreadable.reason.value}")
    place = f"{place_of(SpriteSheets, tenant, sheets_id)}-{token_hex(4)}"
    stored = [buckets.viewing.put(f"{place}-{n}.jpg", jpeg, "image/jpeg") for n, jpeg in enumerate(made.jpegs)]
    with database.transaction(SYSTEM) as session:
        row = session.get_one(SpriteSheets, sheets_id, with_for_update=True)
        if row.state is not ClipState.QUEUED:  # its purpose ended meanwhile, or another worker was quicker
            return settled(buckets.viewing, row, *stored)
        row.state, row.ready_at = ClipState.READY, clock.now_at()
        row.tile_width_px, row.tile_height_px, row.columns, row.rows = made.tile_width_px, made.tile_height_px, made.columns, made.rows
        row.times_ms = list(made.times_ms)
        row.sheets = [{name: value for name, value in asdict(one).items() if name in ("key", "version_id", "size_bytes")} for one in stored]
        row.bytes_read, row.requests = made.bytes_read, made.requests
        row.detector, row.faces_found = (DETECTOR, made.faces) if blurred else ("", None)
        return row.state


def find_sheets(session: Session, purpose: str, recording_id: UUID, start_ms: int, end_ms: int) -> SpriteSheets | None:
    """The newest sheets of a span for a purpose."""
    return session.scalars(
        select(SpriteSheets)
        .where(SpriteSheets.purpose == purpose, SpriteSheets.recording_id == recording_id)
        .where(SpriteSheets.start_ms == start_ms, SpriteSheets.end_ms == end_ms)
        .order_by(SpriteSheets.id.desc())
        .limit(1)
    ).one_or_none()


def require_ready(row: SpriteSheets) -> SpriteSheets:
    """Raises: ClipGone, ClipNotReady."""
    if row.state is ClipState.DELETED:
        raise ClipGone(clip=str(row.id))
    if row.state is not ClipState.READY:
        raise ClipNotReady(state=row.state.value, failure=row.failure)
    return row
