"""Hear two minutes of two recordings that show the same: a supporting fact of a lead that pictures told, read only then. R60; F-05, F-13."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from storage.clips.models import MediaIndexRow
from storage.clips.service import source_of
from storage.database.session import SYSTEM
from storage.kernel.scratch import working_folder
from storage.media.errors import UnreadableMedia
from storage.media.index import from_bytes
from storage.media.sound import Heard, hear_stretch
from storage.objects.errors import ObjectMissing
from supervision.footage.models import Recording
from supervision.screening.recycled import Line
from supervision.screening.same_sound import BIN_MS, alike, stretches
from supervision.screening.service import Screener


def likeness(screener: Screener, copy_id: UUID, source_id: UUID, line: Line, spans: Sequence[tuple[int, int]]) -> int | None:
    """In permille; None where one of them has no sound, or too little to say. Raises: SandboxFailed; SandboxStopped; StoreUnavailable."""
    with screener.database.transaction(SYSTEM) as session:
        media = [session.get_one(Recording, one).media or {} for one in (copy_id, source_id)]
    if not all(one.get("has_audio") for one in media):
        return None
    chosen = stretches(spans, line, media[0]["duration_ms"], media[1]["duration_ms"])
    if chosen is None:
        return None
    mine, there = _heard(screener, copy_id, *chosen[0]), _heard(screener, source_id, *chosen[1])
    if mine is None or there is None:
        return None
    return alike(mine.media_ms, mine.levels, there.media_ms, there.levels, line)


def _heard(screener: Screener, recording_id: UUID, from_ms: int, to_ms: int) -> Heard | None:
    with screener.database.transaction(SYSTEM) as session:
        recording = session.get_one(Recording, recording_id)
        if recording.version_id is None:
            return None
        kept = session.get(MediaIndexRow, (recording.object_key, recording.version_id))
        source = source_of(screener.buckets.evidence, recording.object_key, recording.version_id)
    if kept is None or source is None:
        return None
    try:
        with working_folder(screener.scratch) as folder:
            heard = hear_stretch(source, from_bytes(kept.body), from_ms, to_ms, BIN_MS, scratch=folder)
    except (UnreadableMedia, ObjectMissing):
        return None
    return heard if len(heard.levels) and not np.isnan(heard.levels).all() else None
