"""Give the copies of a purpose that ended to another that wants the same spans: making them again would show nothing else."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.clips.models import Clip, ClipState, SpriteSheets
from storage.clips.service import CLIP_LIFE, C, Wanted


def hand_over(session: Session, earlier: Sequence[str], wanted: Iterable[Wanted], *, at: datetime) -> None:
    """Clips and sheets of the `earlier` purposes go to the wanted one, for a life of their own from `at`.

    Addresses that were given out under the earlier purpose play nothing more (`api.playback`).
    """
    for one in wanted:
        _move(session, Clip, earlier, one, at)
        _move(session, SpriteSheets, earlier, one, at)
    session.flush()


def _move(session: Session, kind: type[C], earlier: Sequence[str], wanted: Wanted, at: datetime) -> None:
    rows = session.scalars(
        select(kind)
        .where(
            kind.purpose.in_(earlier),
            kind.recording_id == wanted.recording_id,
            kind.start_ms == wanted.start_ms,
            kind.end_ms == wanted.end_ms,
            kind.blurred == wanted.blurred,
            kind.state.in_((ClipState.QUEUED, ClipState.READY)),
        )
        .with_for_update()
    )
    for row in rows:
        row.purpose, row.expires_at = wanted.purpose, at + CLIP_LIFE
