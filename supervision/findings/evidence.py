"""What a finding rests on: a stretch of footage, or an answer of a signed visit with its photos. Never both, never nothing. domain.md 2.3.2."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from supervision.findings.holds import Holds
from supervision.findings.models import Finding
from supervision.footage.models import Recording
from supervision.visits import queries as visits
from supervision.visits.models import Visit, VisitPhoto


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch `[start_ms, end_ms)` of a recording that hashed to `sha256` when the finding was recorded."""

    recording_id: UUID
    start_ms: int
    end_ms: int
    sha256: bytes


def marked(found: Finding) -> Marked | None:
    """The stretch of footage; None when the finding rests on a visit."""
    if found.recording_id is None or found.start_ms is None or found.end_ms is None or found.footage_sha256 is None:
        return None
    return Marked(found.recording_id, found.start_ms, found.end_ms, found.footage_sha256)


def visit_of(session: Session, found: Finding) -> Visit | None:
    """The visit; None when the finding rests on footage."""
    return session.get_one(Visit, found.visit_id) if found.visit_id else None


def photos_of(session: Session, found: Finding) -> list[VisitPhoto]:
    """The photos that show what the item's answer says."""
    if found.visit_id is None:
        return []
    return [photo for photo in visits.photos(session, found.visit_id) if photo.item == found.visit_item]


def versions(session: Session, found: Finding) -> list[tuple[str, str]]:
    """`(object key, version id)` of everything that must be kept while the matter is open."""
    stretch = marked(found)
    if stretch is None:
        return [(photo.object_key, photo.version_id) for photo in photos_of(session, found)]
    recording = session.get_one(Recording, stretch.recording_id)
    return [(recording.object_key, recording.version_id)] if recording.version_id else []


def matter_of(found: Finding) -> str:
    """The name under which retention holds the evidence."""
    return f"finding/{found.code}"


def hold(session: Session, found: Finding, holds: Holds, *, actor: Actor, at: datetime) -> None:
    """From the recording of the finding on."""
    for key, version_id in versions(session, found):
        holds.place(session, key=key, version_id=version_id, matter=matter_of(found), reason=f"finding {found.code}", actor=actor, at=at)


def release(session: Session, found: Finding, holds: Holds, reason: str, *, actor: Actor, at: datetime) -> None:
    """When the matter has ended."""
    for key, version_id in versions(session, found):
        holds.release(session, key=key, version_id=version_id, matter=matter_of(found), reason=reason, actor=actor, at=at)
