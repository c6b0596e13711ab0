"""A picture out of a stored recording for a case file: the view is on record first, then the bytes around the picture are read. safety I7; 2.3.2."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.caller import Caller
from api.auth.footage import Shown, record_view
from api.auth.models import ViewKind
from api.http.services import Services
from storage.clips.models import MediaIndexRow
from storage.clips.service import ObjectSource, remember_index
from storage.kernel.errors import NotFound
from storage.media.index import MarkIndex, SampleIndex, build_index, from_bytes
from storage.media.still import Still, frame_at
from supervision.footage.models import Recording
from supervision.footage.service import require_footage

WIDTH_PX = 1920


def exact_still(services: Services, session: Session, caller: Caller, recording: Recording, at_ms: int, *, purpose: str, case_ref: str) -> Still:
    """The frame shown at `at_ms` of the stored object, as JPEG, and the same with its faces blurred.

    Raises: NotFound, UnreadableMedia, NothingToCut, PurposeMissing.
    """
    source = stored_source(services, recording)
    shown = Shown(recording.id, recording.institution_id, start_ms=at_ms, end_ms=at_ms + 1)
    record_view(services, caller, shown, kind=ViewKind.STILL, purpose=purpose, case_ref=case_ref)
    return frame_at(source, index_of(services, session, recording, source), at_ms, width_px=WIDTH_PX, blurred=True)


def stored_source(services: Services, recording: Recording) -> ObjectSource:
    """The stored version of a recording. Raises: NotFound — nothing is stored; FootageDestroyed."""
    require_footage(recording)
    if recording.version_id is None:
        raise NotFound(what="recording", id=str(recording.id))
    return ObjectSource(services.buckets.evidence, recording.object_key, recording.version_id, recording.size_bytes)


def index_of(services: Services, session: Session, recording: Recording, source: ObjectSource) -> SampleIndex | MarkIndex:
    """Its position index: kept since it was measured, or made now. Raises: UnreadableMedia."""
    kept = session.scalar(select(MediaIndexRow.body).where(MediaIndexRow.object_key == source.key, MediaIndexRow.version_id == source.version_id))
    if kept:
        return from_bytes(kept)
    made = build_index(source)
    remember_index(services.database, source.key, source.version_id, made.to_bytes(), services.clock.now_at())
    return made
