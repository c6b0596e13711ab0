"""Levels of the sound of one recording, and what silence is. Pure. R60, R71.

Kept is a level for each piece that was listened to: three bytes, no sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from supervision.screening.looks import runs
from supervision.screening.rules import ScreeningRule

LEAST_HEARD: Final = 12  # pieces above silence: fewer say nothing of the pauses between them
HEARD_PERMILLE: Final = 50  # of the pieces above silence: less is a door that falls shut, and a recording silent throughout
ROW: Final = np.dtype([("at_s", "<u2"), ("half_db", "u1")])


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """`levels` in dB of full scale, in steps of a half, at `media_ms`; pieces that could not be heard are not there."""

    media_ms: NDArray[np.int64]
    levels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.media_ms)

    def to_bytes(self) -> bytes:
        """Whole seconds and half decibels; a recording is shorter than 65 536 s."""
        rows = np.zeros(len(self), ROW)
        rows["at_s"], rows["half_db"] = np.minimum(self.media_ms // 1000, 0xFFFF), np.round(-2 * self.levels)
        return rows.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Sound":
        rows = np.frombuffer(data, ROW)
        return cls(rows["at_s"].astype(np.int64) * 1000, (rows["half_db"] / -2).astype(np.float32))


@dataclass(frozen=True, slots=True)
class History:
    """Of a camera before this recording: was it ever heard, and was its silence told?"""

    heard: bool = False
    told: bool = False


def spans(sound: Sound, duration_ms: int, rule: ScreeningRule) -> list[tuple[int, int]]:
    """Where to listen closer: stretches that may be silent for long enough, with a step before and after."""
    step_ms, least_ms = rule.screening_sound_step_s * 1000, rule.screening_silent_s * 1000
    found = []
    for first, stop in runs(quiet(sound, rule).tolist()):
        from_ms = int(sound.media_ms[first - 1]) if first else 0
        to_ms = int(sound.media_ms[stop]) if stop < len(sound) else duration_ms
        if to_ms - from_ms >= least_ms:
            found.append((max(from_ms, int(sound.media_ms[first]) - step_ms), min(to_ms, int(sound.media_ms[stop - 1]) + step_ms)))
    return found


def quiet(sound: Sound, rule: ScreeningRule) -> NDArray[np.bool_]:
    """At or under the level of silence."""
    return np.asarray(sound.levels <= -rule.screening_silent_db, np.bool_)


def silent_throughout(sound: Sound, rule: ScreeningRule) -> bool:
    """Hardly a piece is above silence."""
    return len(sound) > 0 and int((~quiet(sound, rule)).sum()) * 1000 < HEARD_PERMILLE * len(sound)


class Pauses(StrEnum):
    """What the microphone writes where nobody speaks, as the rest of a recording shows."""

    ROOM = "room"  # the sound of the room: a stretch without any is no break
    NOTHING = "nothing"  # a noise gate: a long break is as silent as a muted microphone
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GateRule:
    """From which share of quiet pieces among those outside of a told silence a microphone is taken for one behind a noise gate."""

    screening_gate_permille: int


def pauses(sound: Sound, told: Sequence[tuple[int, int]], rule: ScreeningRule, gate: GateRule) -> Pauses:
    """Judged by the pieces outside of the stretches `told` as silent, of which enough must be above silence.

    Between sentences an open microphone writes the room, a gated one nothing. It says what a silence may be, never which it was.
    """
    outside = np.ones(len(sound), np.bool_)
    for from_ms, to_ms in told:
        outside &= (sound.media_ms < from_ms) | (sound.media_ms >= to_ms)
    silent = int((quiet(sound, rule) & outside).sum())
    heard = int(outside.sum()) - silent
    if heard < LEAST_HEARD:
        return Pauses.UNKNOWN
    if silent == 0:
        return Pauses.ROOM
    return Pauses.NOTHING if silent * 1000 >= gate.screening_gate_permille * (heard + silent) else Pauses.UNKNOWN


@dataclass(frozen=True, slots=True)
class Part:
    """Of a part of a recording: how many pieces were heard, the loudest of them and the middle one."""

    from_ms: int
    to_ms: int
    pieces: int
    loudest: float
    middle: float


def parts_of(sound: Sound, duration_ms: int, count: int) -> list[Part]:
    """The levels in `count` equal parts, those in which nothing was heard left out: for people to read."""
    edges = [duration_ms * n // count for n in range(count + 1)]
    found = []
    for from_ms, to_ms in pairwise(edges):
        own = sound.levels[(sound.media_ms >= from_ms) & (sound.media_ms < to_ms)]
        if len(own):
            found.append(Part(from_ms, to_ms, len(own), float(own.max()), float(np.median(own))))
    return found
