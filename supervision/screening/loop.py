"""A recording that shows a piece of itself again, under a clock that goes on (`repeats.py` says how it is seen). F-07; R60, R72. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from supervision.screening.looks import Code, Found, strength
from supervision.screening.motion import Motion
from supervision.screening.repeats import Repeat, Scale, within_one

STRONGEST: Final = 40.0  # evidence


@dataclass(frozen=True, slots=True)
class LoopRule:
    """When a repetition is told of (`recycled.yaml`)."""

    loop_least_lag_s: int  # nearer than this, people have not moved yet
    loop_least_repeated_s: int  # so much of the recording must be seen again at one distance
    loop_evidence: int  # natural logarithms that must come together
    loop_least_active_fields: int  # a picture in which fewer of the 448 fields change decides nothing


def find_loops(motion: Motion, rule: LoopRule) -> list[Found]:
    """Each span that shows again what lies before it, with where that was."""
    scale = Scale.of(motion)
    if scale is None or scale.changing < max(rule.loop_least_active_fields, 1):
        return []
    found = within_one(scale.look_at(motion), scale, rule.loop_least_lag_s * 1000, rule.loop_evidence, rule.loop_least_repeated_s * 1000)
    step_ms = int(np.median(np.diff(motion.times_ms)))
    return [_told(group, step_ms, rule) for group in _joined(found, step_ms)]


def _joined(repeats: Iterable[Repeat], step_ms: int) -> list[list[Repeat]]:
    """Those that touch, together: what is played three times is seen again at one and at two distances."""
    groups: list[list[Repeat]] = []
    end_ms = -1
    for one in sorted(repeats, key=lambda r: (r.begin_ms, r.lag_ms)):
        if groups and one.begin_ms <= end_ms + step_ms:
            groups[-1].append(one)
        else:
            groups.append([one])
            end_ms = one.end_ms
        end_ms = max(end_ms, one.end_ms)
    return groups


def _told(group: Sequence[Repeat], step_ms: int, rule: LoopRule) -> Found:
    """One lead. Its figure is the clearest one's; where its beginning was shown before, the one that begins there knows."""
    earliest, clearest = min(group, key=lambda one: one.begin_ms), max(group, key=lambda one: one.evidence)
    begin_ms, end_ms = earliest.begin_ms, max(one.end_ms for one in group) + step_ms
    figure, limit = round(clearest.evidence, 1), float(rule.loop_evidence)
    middle_ms = (clearest.begin_ms + clearest.end_ms) // 2
    degree = strength(figure, limit, STRONGEST)
    return Found(Code.LOOP, begin_ms, end_ms, figure, limit, degree, middle_ms, shown_before_ms=max(begin_ms - earliest.lag_ms, 0))
