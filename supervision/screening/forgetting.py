"""What screening made of a recording that can show it goes with it: stills of leads, and the movement with its small picture of the room. R73; G4.

What holds no picture stays, so that the same footage sent again under another name is still recognised (F-05, F-06): signatures of 64 bits, marks of
coded pictures, counts, levels of sound, and the leads themselves with their figures and what people said of them.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.objects.port import ObjectStore
from supervision.footage.models import Recording
from supervision.screening.recycled_models import RecordingMotion
from supervision.screening.screening_models import ScreeningLead, ScreeningRun


def forget(session: Session, viewing: ObjectStore, recording: Recording) -> list[dict[str, object]]:
    """Delete them, also what workers that were killed left under the same places. Answers `{kind, objects}` each. Repeating is harmless."""
    tenant = recording.institution_id
    runs = session.scalars(select(ScreeningRun.id).where(ScreeningRun.recording_id == recording.id).order_by(ScreeningRun.id)).all()
    stills = [key for owner in (recording.id, *runs) for key in _sweep(viewing, f"{tenant}/leads/{owner}-")]
    named = select(ScreeningLead.still_key).where(ScreeningLead.recording_id == recording.id, ScreeningLead.still_key.is_not(None))
    stills += [key for one in session.scalars(named) if one for key in _sweep(viewing, one)]
    shown = ScreeningLead.recording_id == recording.id
    session.execute(update(ScreeningLead).where(shown).values(still_key=None, still_version_id=None, still_sha256=None))
    kept = session.scalars(select(RecordingMotion.motion_key).where(RecordingMotion.recording_id == recording.id)).one_or_none()
    moved = _sweep(viewing, kept or f"{tenant}/motion/{recording.id}.bin")
    return [{"kind": kind, "objects": objects} for kind, objects in (("lead-still", stills), ("motion", moved)) if objects]


def _sweep(viewing: ObjectStore, prefix: str) -> list[str]:
    """Every version under keys that begin with `prefix`, which ends in an id."""
    gone = viewing.list_versions(prefix)
    for version in gone:
        viewing.delete_version(version.key, version.version_id)
    return sorted({version.key for version in gone})
