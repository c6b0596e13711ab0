"""All signals over one recording, and the clause of each. Pure. R60."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from supervision.screening.clock_ticks import Ticks
from supervision.screening.glances import Glances
from supervision.screening.levels import Sound
from supervision.screening.looks import Code, Found
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import (
    black,
    clock_jump,
    clock_other_time,
    covered,
    defocused,
    few_people,
    frame_rate,
    frozen,
    over_capacity,
    resolution,
    silence,
    time_jump,
    undecodable,
    unmoving,
    view_changed,
    view_unusual,
)

CLAUSES: Final[Mapping[Code, str]] = {
    Code.BLACK: black.CLAUSE,
    Code.COVERED: covered.CLAUSE,
    Code.DEFOCUSED: defocused.CLAUSE,
    Code.FROZEN: frozen.CLAUSE,
    Code.VIEW_MOVED: view_changed.CLAUSE,
    Code.OTHER_VIEW: view_changed.OTHER_CLAUSE,
    Code.TURNED_SINCE: view_unusual.CLAUSE,
    Code.UNUSUAL_VIEW: view_unusual.OTHER_CLAUSE,
    Code.TIME_JUMP: time_jump.CLAUSE,
    Code.LOW_RESOLUTION: resolution.CLAUSE,
    Code.LOW_FRAME_RATE: frame_rate.CLAUSE,
    Code.SILENT: silence.CLAUSE,
    Code.UNDECODABLE: undecodable.CLAUSE,
    Code.NO_MOVEMENT: unmoving.CLAUSE,
    Code.CLOCK_OTHER_TIME: clock_other_time.CLAUSE,
    Code.CLOCK_JUMP: clock_jump.CLAUSE,
    Code.LOOP: "R72, F-07",
    Code.RECYCLED: "R72, F-05, F-06, F-13",
    Code.SPLICED: "R72, F-06",
    Code.FEW_PEOPLE: few_people.CLAUSE,
    Code.OVER_CAPACITY: over_capacity.CLAUSE,
}


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of one recording when its pass is over. `packets` None: their facts were not kept.

    `clock` None: there is none that can be read. `sound` None: nothing was listened to.
    """

    glances: Glances
    missing_ms: Sequence[int]
    packets: PacketGlances | None
    duration_ms: int
    height_px: int
    has_sound: bool
    clock: Ticks | None = None
    sound: Sound | None = None


def find_all(seen: Seen, rule: ScreeningRule) -> list[Found]:
    """Everything that is found, in order of time."""
    glances, duration_ms = seen.glances, seen.duration_ms
    found = [
        *black.find(glances, duration_ms, rule),
        *covered.find(glances, duration_ms, rule),
        *defocused.find(glances, duration_ms, rule),
        *frozen.find(glances, duration_ms, rule, seen.packets.shrunken if seen.packets is not None else ()),
        *unmoving.find(glances, duration_ms, rule),
        *view_changed.find(glances, duration_ms, rule),
        *undecodable.find(glances.media_ms.tolist(), seen.missing_ms, duration_ms, rule),
        *resolution.find(seen.height_px, duration_ms, rule),
        *silence.find(seen.sound, has_sound=seen.has_sound, duration_ms=duration_ms, rule=rule),
    ]
    found += [*clock_other_time.find(seen.clock, duration_ms, rule), *clock_jump.find(seen.clock, rule)]
    if seen.packets is not None:
        found += [*time_jump.find(seen.packets, rule), *frame_rate.find(seen.packets, rule)]
    return sorted((_inside(one) for one in found if one.to_ms > 0), key=lambda one: (one.from_ms, one.code))


def _inside(found: Found) -> Found:
    """A lead begins in its recording, also where a picture claims to be shown before the first one."""
    return replace(found, from_ms=max(found.from_ms, 0), still_ms=max(found.still_ms, 0)) if min(found.from_ms, found.still_ms) < 0 else found
