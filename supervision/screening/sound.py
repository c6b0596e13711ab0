"""Listen to a recording now and then, closer where it seems silent; and what its camera was heard to say before. R60, R71."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.scratch import working_folder
from storage.media.index import MarkIndex, SampleIndex
from storage.media.sound import Heard, hear
from storage.media.source import ByteSource
from supervision.footage.models import Recording
from supervision.screening.levels import History, Sound, silent_throughout, spans
from supervision.screening.looks import Code
from supervision.screening.rules import ScreeningRule
from supervision.screening.screening_models import RunState, ScreeningLead, ScreeningRun

CLOSER_MS: Final = 5_000
MOST_CLOSER: Final = 240  # pieces of a closer listening, over all of a recording
MOST_HISTORY: Final = 12  # recordings of the camera that are asked whether it was ever heard


@dataclass(frozen=True, slots=True)
class Listened:
    """`sound` None: there is no sound track. The cost stands beside it."""

    sound: Sound | None = None
    bytes_read: int = 0
    requests: int = 0
    cpu_ms: int = 0


def listen(source: ByteSource, index: SampleIndex | MarkIndex, rule: ScreeningRule, scratch: Path | None = None) -> Listened:
    """A piece of each step, and closer where it stays silent for long. Raises: SandboxFailed; SandboxStopped; StoreUnavailable."""
    if scratch is None:
        return _listen(source, index, rule, None)
    with working_folder(scratch) as folder:
        return _listen(source, index, rule, folder)


def _listen(source: ByteSource, index: SampleIndex | MarkIndex, rule: ScreeningRule, folder: Path | None) -> Listened:
    parts = [hear(source, index, rule.screening_sound_step_s * 1000, scratch=folder)]
    cheap = _joined(parts)
    asked = spans(cheap, index.duration_ms, rule)
    step_ms = max(CLOSER_MS, sum(to_ms - from_ms for from_ms, to_ms in asked) // MOST_CLOSER)
    parts += [hear(source, index, step_ms, start_ms=from_ms, end_ms=to_ms, scratch=folder) for from_ms, to_ms in asked]
    cost = (sum(getattr(part, name) for part in parts) for name in ("bytes_read", "requests", "cpu_ms"))
    return Listened(_joined(parts), *cost)


def _joined(parts: Sequence[Heard]) -> Sound:
    """In order of time, what was not heard left out, of one time the first."""
    media_ms, levels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("media_ms", "levels"))
    known = ~np.isnan(levels)
    media_ms, first = np.unique(np.maximum(media_ms[known], 0), return_index=True)
    return Sound(media_ms.astype(np.int64), (np.round(2 * levels[known][first]) / 2).astype(np.float32))


def history(session: Session, recording_id: UUID, rule: ScreeningRule) -> History:
    """What the other recordings of the camera say, as far as they were screened."""
    camera_id = session.scalar(select(Recording.camera_id).where(Recording.id == recording_id))
    if camera_id is None:
        return History()
    others = (
        select(ScreeningRun.sound)
        .join(Recording, Recording.id == ScreeningRun.recording_id)
        .where(Recording.camera_id == camera_id, Recording.id != recording_id, ScreeningRun.state == RunState.DONE, ScreeningRun.sound.is_not(None))
        .order_by(ScreeningRun.ended_at.desc())
        .limit(MOST_HISTORY)
    )
    known = [Sound.from_bytes(body) for body in session.scalars(others) if body]
    told = (
        select(ScreeningLead.id)
        .join(Recording, Recording.id == ScreeningLead.recording_id)
        .where(Recording.camera_id == camera_id, Recording.id != recording_id, ScreeningLead.code == Code.SILENT)
        .limit(1)
    )
    return History(any(not silent_throughout(one, rule) for one in known), session.scalar(told) is not None)
