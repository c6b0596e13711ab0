"""Open a playback and serve its bytes: only after the view was committed, only to the person it was opened for. safety I7; R60."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.auth.tokens import new_token, token_hash
from api.http.services import Services
from api.play_models import PlaySession
from storage.clips.models import Clip
from storage.clips.service import ready_clip
from storage.database.session import SYSTEM
from storage.kernel.errors import InvalidInput, NotFound
from supervision.footage.models import Recording
from supervision.footage.service import require_footage

LIFE: Final = timedelta(hours=2)
MAX_CHUNK_BYTES: Final = 4 << 20
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Opened:
    """`url` plays the clip; the wanted span begins `offset_ms` into it."""

    url: str
    clip: Clip


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes `[start, end)` of a viewing copy of `size` bytes."""

    data: bytes
    start: int
    end: int
    size: int


def open_playback(services: Services, caller: Caller, clip_id: UUID, *, purpose: str, case_ref: str, until: datetime | None = None) -> Opened:
    """Record the view, then hand out an address; it serves no byte after `until`. Raises: NotFound, ClipNotReady, ClipGone,
    FootageDestroyed, PurposeMissing.
    """
    with services.database.transaction(SYSTEM) as session:
        of_it = session.scalar(select(Recording).join(Clip, Clip.recording_id == Recording.id).where(Clip.id == clip_id))
        if of_it is not None:
            require_footage(of_it)
        clip = ready_clip(session, clip_id)
    shown = Shown(clip.recording_id, clip.tenant_id, clip_id=clip.id, start_ms=clip.start_ms, end_ms=clip.end_ms)
    view_id = record_view(services, caller, shown, kind=ViewKind.PLAY, purpose=purpose, case_ref=case_ref)
    token = new_token()
    now = services.clock.now_at()
    if caller.account_id is None:
        raise NotFound(what="clip", id=str(clip_id))
    with services.database.transaction(SYSTEM) as session:
        session.add(
            PlaySession(
                token_sha256=token_hash(token),
                view_id=view_id,
                account_id=caller.account_id,
                clip_id=clip.id,
                clip_purpose=clip.purpose,
                opened_at=now,
                expires_at=min(now + LIFE, until) if until else now + LIFE,
                bytes_served=0,
                requests=0,
            )
        )
    return Opened(f"/play/{token}", clip)


def read_piece(services: Services, caller: Caller, token: str, range_header: str | None) -> Piece:
    """One range of a viewing copy.

    Raises: NotFound — unknown, expired, opened for somebody else, or the copy now serves another purpose; InvalidInput — the range.
    """
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        found = session.execute(
            select(PlaySession.id, Clip.object_key, Clip.version_id, Clip.size_bytes)
            .join(Clip, Clip.id == PlaySession.clip_id)
            .where(
                PlaySession.token_sha256 == token_hash(token),
                PlaySession.account_id == caller.account_id,
                PlaySession.expires_at > now,
                Clip.state == "ready",
                Clip.purpose == PlaySession.clip_purpose,
            )
        ).one_or_none()
        if found is None or found.size_bytes is None:
            raise NotFound(what="playback", id="-")
        start, end = parse_range(range_header, found.size_bytes)
        session.execute(
            update(PlaySession)
            .where(PlaySession.id == found.id)
            .values(bytes_served=PlaySession.bytes_served + (end - start), requests=PlaySession.requests + 1)
        )
    return Piece(services.buckets.viewing.read_range(found.object_key, found.version_id, start, end), start, end, found.size_bytes)


def parse_range(header: str | None, size: int) -> tuple[int, int]:
    """Half-open byte range of a `Range` header, at most `MAX_CHUNK_BYTES`; players ask again. Raises: InvalidInput."""
    if header is None:
        return 0, min(size, MAX_CHUNK_BYTES)
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        raise InvalidInput(errors=[{"where": "Range", "code": "malformed", "value": header[:60]}])
    first, last = found.groups()
    if first:
        start = int(first)
        end = min(int(last) + 1 if last else size, size)
    else:
        start, end = max(0, size - int(last)), size
    if not 0 <= start < end:
        raise InvalidInput(errors=[{"where": "Range", "code": "not-satisfiable", "value": header[:60]}])
    return start, min(end, start + MAX_CHUNK_BYTES)
