"""The marked stretch for a second pair of eyes: a viewing copy with some seconds around it, gone when the finding is decided. G10, G17."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from storage.clips import service as clips
from storage.clips.models import Clip, ClipState
from storage.kernel.events import Events
from supervision.findings.errors import FootageNotCatalogued
from supervision.findings.evidence import marked
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.footage.models import Recording
from supervision.footage.service import require_footage

AROUND_MS: Final = 10_000  # a mark is judged by what leads up to it
UNDECIDED: Final = (FindingState.RECORDED, FindingState.DISPUTED)


def purpose_of(row: Finding) -> str:
    """The purpose that the copies for this finding carry."""
    return f"finding/{row.code}"


def prepare(session: Session, row: Finding, *, events: Events, at: datetime) -> Clip:
    """Ask for the copy; asking again answers the same one. Raises: FootageNotCatalogued — the finding rests on a visit, or no version is stored;
    FootageDestroyed.
    """
    stretch = marked(row)
    if stretch is None:
        raise FootageNotCatalogued(recording=row.code, state="on-site")
    recording = session.get_one(Recording, stretch.recording_id)
    require_footage(recording)
    if recording.version_id is None:
        raise FootageNotCatalogued(recording=str(recording.id), state=recording.state.value)
    wanted = clips.Wanted(
        tenant=recording.institution_id,
        recording_id=recording.id,
        source_key=recording.object_key,
        source_version_id=recording.version_id,
        start_ms=max(0, stretch.start_ms - AROUND_MS),
        end_ms=stretch.end_ms + AROUND_MS,
        purpose=purpose_of(row),
    )
    return clips.request_clip(session, wanted, events=events, at=at)


def clip_of(session: Session, row: Finding) -> Clip | None:
    """The newest copy for this finding that was not deleted."""
    return session.scalars(
        select(Clip).where(Clip.purpose == purpose_of(row), Clip.state != ClipState.DELETED).order_by(Clip.id.desc()).limit(1)
    ).one_or_none()


def ended_purposes(session: Session, *, limit: int = 200) -> Sequence[str]:
    """Purposes of decided findings that still have copies: they are to be discarded."""
    purpose = func.concat(literal("finding/"), Finding.code)
    return session.scalars(
        select(Clip.purpose)
        .distinct()
        .join(Finding, purpose == Clip.purpose)
        .where(Clip.state == ClipState.READY, Finding.state.not_in(UNDECIDED))
        .limit(limit)
    ).all()
