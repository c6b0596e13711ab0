"""Delete viewing copies when their purpose ends, at the latest on their day. The originals stay under their lock; each deletion is on record."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.clips.models import Clip, ClipState, MediaIndexRow, SpriteSheets
from storage.clips.service import sweep
from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from storage.objects.port import ObjectStore

Copy = Clip | SpriteSheets
DISCARDED = "viewing-copies.deleted"


def discard(session: Session, viewing: ObjectStore, purpose: str, *, why: str, actor: Actor, at: datetime) -> int:
    """Delete every copy of a purpose that ended; copies still being made are not kept when they are done. Returns how many."""
    clips = select(Clip).where(Clip.purpose == purpose, Clip.state != ClipState.DELETED)
    sheets = select(SpriteSheets).where(SpriteSheets.purpose == purpose, SpriteSheets.state != ClipState.DELETED)
    rows: list[Copy] = [*session.scalars(clips.with_for_update()), *session.scalars(sheets.with_for_update())]
    return _delete(session, viewing, rows, why=why, actor=actor, at=at)


def expire(session: Session, viewing: ObjectStore, *, actor: Actor, at: datetime, limit: int = 200) -> int:
    """Delete copies past their day. Returns how many."""
    clips = select(Clip).where(Clip.state == ClipState.READY, Clip.expires_at <= at).limit(limit)
    sheets = select(SpriteSheets).where(SpriteSheets.state == ClipState.READY, SpriteSheets.expires_at <= at).limit(limit)
    rows: list[Copy] = [*session.scalars(clips.with_for_update(skip_locked=True)), *session.scalars(sheets.with_for_update(skip_locked=True))]
    return _delete(session, viewing, rows, why="past its day", actor=actor, at=at)


def _delete(session: Session, viewing: ObjectStore, rows: Sequence[Copy], *, why: str, actor: Actor, at: datetime) -> int:
    """Objects first, then rows and one ledger entry for each purpose: a crash in between deletes once more, never less."""
    gone: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        sweep(viewing, row)  # by its place, not by what the row names: of one still being made the row names nothing yet
        row.state = ClipState.DELETED
        told = {"kind": row.__tablename__, "id": row.id, "recording": row.recording_id, "objects": _keys(row)}
        gone.setdefault(row.purpose, []).append(told)
    for purpose, copies in sorted(gone.items()):
        ledger.append(session, actor=actor, at=at, action=DISCARDED, subject=purpose, tenant=None, body={"why": why, "copies": copies})
    session.flush()
    return len(rows)


def _keys(row: Copy) -> list[str]:
    if isinstance(row, SpriteSheets):
        return [str(sheet["key"]) for sheet in row.sheets]
    return [row.object_key] if row.object_key else []


def discard_recording(
    session: Session, viewing: ObjectStore, recording_id: UUID, source_key: str, *, actor: Actor, at: datetime
) -> list[dict[str, object]]:
    """Delete every copy of a recording that is destroyed, whatever its purpose, with the facts of its packets and its index; copies still being made
    are not kept when they are done. Answers `{kind, objects}` each. Repeating is harmless.
    """
    clips = session.scalars(select(Clip).where(Clip.recording_id == recording_id, Clip.state != ClipState.DELETED).with_for_update()).all()
    sheets = session.scalars(
        select(SpriteSheets).where(SpriteSheets.recording_id == recording_id, SpriteSheets.state != ClipState.DELETED).with_for_update()
    ).all()
    told = [("clip", [key for row in clips for key in _keys(row)]), ("sheets", [key for row in sheets for key in _keys(row)])]
    _delete(session, viewing, [*clips, *sheets], why="the recording was destroyed", actor=actor, at=at)
    packets = [v for v in viewing.list_versions(f"{source_key}.packets") if v.key == f"{source_key}.packets"]
    for version in packets:
        viewing.delete_version(version.key, version.version_id)
    session.execute(delete(MediaIndexRow).where(MediaIndexRow.object_key == source_key))
    told.append(("packets", sorted({version.key for version in packets})))
    return [{"kind": kind, "objects": objects} for kind, objects in told if objects]
