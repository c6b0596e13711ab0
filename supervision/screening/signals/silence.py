"""No sound for long though there is a track for it: a muted or broken microphone. R71. Levels alone are looked at, never what is said. Pure.

A recording without a sound track is a fact of the catalogue; it is told only where the policy asks for sound. A camera that was never heard may have
no microphone: that is told once, weakly, and not with every lesson.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from supervision.screening.levels import History, Sound, quiet
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import lasting

CLAUSE = "R71"
NO_TRACK_DB: Final = -120
WORST_TIMES: Final = 6  # the least length
WEAK: Final = 50  # below what counts when a list is split by flags


def find(sound: Sound | None, *, has_sound: bool, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Stretches of silence. `sound` None: nothing was listened to. The figure is the loudest of each stretch."""
    limit = -float(rule.screening_silent_db)
    if duration_ms <= 0:
        return []
    if not has_sound:
        return [Found(Code.SILENT, 0, duration_ms, NO_TRACK_DB, limit, 1000, 0)] if rule.screening_sound_required else []
    if sound is None:
        return []
    found = []
    least_ms = rule.screening_silent_s * 1000
    for first, stop, from_ms, to_ms in lasting(quiet(sound, rule), sound.media_ms, duration_ms, least_ms):
        begins_ms = 0 if first == 0 else from_ms  # the first piece lies a little behind the beginning
        degree = strength((to_ms - begins_ms) / least_ms, 1, WORST_TIMES)
        loudest = float(sound.levels[first:stop].max())
        found.append(Found(Code.SILENT, begins_ms, to_ms, loudest, limit, degree, (begins_ms + to_ms) // 2))
    return found


def with_history(found: Sequence[Found], history: History, *, throughout: bool) -> list[Found]:
    """What is told of a recording in the light of its camera. `throughout`: the whole recording is silent."""
    if not throughout or history.heard:
        return list(found)
    silent = [one for one in found if one.code is Code.SILENT]
    if history.told:
        return [one for one in found if one not in silent]
    return [replace(one, strength=min(one.strength, WEAK)) if one in silent else one for one in found]
