"""What was really played, from the beats of a player. domain.md 2.3.2 (REVIEWING); G17. Pure.

A beat says where the player stands, how fast it runs and whether its tab is seen; the server adds when it arrived. Between two beats the
media time passed is counted only if the tab was seen at both, the speed was at most 8×, the beats were not far apart, and the position did
not run ahead of the clock: in total nobody is credited with more content than clock time × speed allows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from supervision.spotchecks.stretch import Stretch, merge

MAX_RATE_PERMILLE: Final = 8000
MAX_SILENCE_MS: Final = 30_000  # beats come every few seconds; after a longer silence nothing is known of the time between
JITTER_MS: Final = 2_000  # clock time that may be carried over between beats, because they arrive late or early


@dataclass(frozen=True, slots=True)
class Beat:
    """`position_ms` in media time; `rate_permille` from this beat to the next, 0 = paused."""

    at: datetime
    position_ms: int
    rate_permille: int
    visible: bool


def watched(beats: Iterable[Beat]) -> list[Stretch]:
    """Media stretches really played by one player (one page load) of one recording; disjoint, sorted."""
    played: list[Stretch] = []
    allowance_ms = 0
    for before, after in pairwise(sorted(beats, key=lambda b: b.at)):
        elapsed_ms = (after.at - before.at) // timedelta(milliseconds=1)
        step_ms = after.position_ms - before.position_ms
        counts = before.visible and after.visible and 0 < before.rate_permille <= MAX_RATE_PERMILLE and elapsed_ms <= MAX_SILENCE_MS
        if not counts:
            allowance_ms = 0
            continue
        jitter_ms = JITTER_MS * before.rate_permille // 1000
        allowance_ms = min(allowance_ms, jitter_ms) + elapsed_ms * before.rate_permille // 1000
        if step_ms <= 0 or step_ms > allowance_ms + jitter_ms:
            allowance_ms = 0  # a seek, backwards or ahead
            continue
        credited_ms = min(step_ms, allowance_ms)
        allowance_ms -= credited_ms
        if credited_ms:
            played.append(Stretch(before.position_ms, before.position_ms + credited_ms))
    return merge(played)


def watched_of_all(players: Iterable[Sequence[Beat]]) -> list[Stretch]:
    """The same for several page loads: each instant of the recording counts once."""
    return merge(stretch for beats in players for stretch in watched(beats))
