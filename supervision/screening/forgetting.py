"""What screening made of a recording that can show it goes with it. R73; G4.

That is: stills of leads, the movement with its small picture of the room, and what a run that is going on has kept between two checkpoints.
What holds no picture stays, so that the same footage sent again under another name is still recognised (F-05, F-06): signatures of 64 bits, marks of
coded pictures, counts, levels of sound, and the leads themselves with their figures and what people said of them.
"""

import contextlib
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from storage.objects.errors import ObjectMissing
from storage.objects.port import ObjectStore, StoredVersion
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.screening.recycled_models import RecordingMotion
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningPart, ScreeningRun


def forget(session: Session, viewing: ObjectStore, recording: Recording, at: datetime) -> list[dict[str, object]]:
    """Delete them, also what workers that were killed left under the same places. Answers `{kind, objects}` each. Repeating is harmless."""
    tenant = recording.institution_id
    runs = session.scalars(select(ScreeningRun.id).where(ScreeningRun.recording_id == recording.id).order_by(ScreeningRun.id)).all()
    stills = [key for owner in (recording.id, *runs) for key in _sweep(viewing, f"{tenant}/leads/{owner}-")]
    named = select(ScreeningLead.still_key).where(ScreeningLead.recording_id == recording.id, ScreeningLead.still_key.is_not(None))
    stills += [key for one in session.scalars(named) if one for key in _sweep(viewing, one)]
    # between two checkpoints lie small pictures as well; a worker that is at it finds its run ended
    session.execute(delete(ScreeningPart).where(ScreeningPart.run_id.in_(runs)))
    unended = update(ScreeningRun).where(ScreeningRun.recording_id == recording.id, ScreeningRun.state == RunState.RUNNING)
    session.execute(unended.values(state=RunState.FAILED, failure="object-missing", ended_at=at))
    shown = ScreeningLead.recording_id == recording.id
    session.execute(update(ScreeningLead).where(shown).values(still_key=None, still_version_id=None, still_sha256=None))
    kept = session.scalars(select(RecordingMotion.motion_key).where(RecordingMotion.recording_id == recording.id)).one_or_none()
    moved = _sweep(viewing, kept or f"{tenant}/motion/{recording.id}.bin")
    return [{"kind": kind, "objects": objects} for kind, objects in (("lead-still", stills), ("motion", moved)) if objects]


def may_be_shown(session: Session, recording_id: UUID) -> bool:
    """Whether what can show a recording may be kept. Its row is held until the commit: destruction waits, and forgets that too, or is waited for."""
    state = select(Recording.state).where(Recording.id == recording_id).with_for_update(read=True)
    return session.scalars(state).one() is not RecordingState.DESTROYED


def drop(viewing: ObjectStore, stored: Iterable[StoredVersion]) -> None:
    """Delete what was stored of a recording that was destroyed meanwhile. What is gone already is what was wanted."""
    for one in stored:
        with contextlib.suppress(ObjectMissing):
            viewing.delete_version(one.key, one.version_id)


def _sweep(viewing: ObjectStore, prefix: str) -> list[str]:
    """Every version under keys that begin with `prefix`, which ends in an id."""
    gone = viewing.list_versions(prefix)
    for version in gone:
        viewing.delete_version(version.key, version.version_id)
    return sorted({version.key for version in gone})
