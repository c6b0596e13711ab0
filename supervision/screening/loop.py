"""A recording that shows a piece of itself again, under a clock that goes on (`repeats.py` says how it is seen). F-07; R60, R72. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from supervision.screening.looks import Code, Found, strength
from supervision.screening.motion import Motion
from supervision.screening.repeats import AROUND_MS, LAG_OFF_MS, Repeat, Scale, seen_closer, within_one

STRONGEST: Final = 40.0  # evidence
STRONGEST_CLOSER: Final = 100.0
ASKED_SHARE: Final = 2 / 3  # of the least length: the ends of weak evidence are worn off
BESIDE_MS: Final = 40_000  # looked at closer before and behind it, too
LONGEST_MS: Final = 240_000  # of a longer one the middle is looked at
LEAST_LOOKS: Final = 3
MOST_SHARE: Final = 0.25  # of a recording; one in which so much looks repeated is sat still all over
ALWAYS_MS: Final = 900_000
Span = tuple[int, int]
# looks a second apart shown in these spans `[from_ms, to_ms)`, which rise and do not touch; None: they cannot be read
LookCloser = Callable[[Sequence[Span]], Motion | None]


@dataclass(frozen=True, slots=True)
class LoopRule:
    """When a repetition is told of (`recycled.yaml`)."""

    loop_least_lag_s: int  # nearer than this, people have not moved yet
    loop_least_repeated_s: int  # so much of the recording must be seen again at one distance
    loop_evidence: int  # natural logarithms that must come together
    loop_asked_evidence: int  # from here on the footage is looked at closer
    loop_closer_evidence: int  # that must come together among the closer looks
    loop_least_active_fields: int  # a picture in which fewer of the 448 fields change decides nothing


@dataclass(frozen=True, slots=True)
class _Sure:
    """A repetition that is told, by the measure of the looks it was seen in."""

    seen: Repeat
    limit: int
    strongest: float

    @property
    def degree(self) -> float:
        return self.seen.evidence / self.limit


def find_loops(motion: Motion, rule: LoopRule, look: LookCloser | None = None) -> list[Found]:
    """Each span that shows again what lies before it, with where that was. What is not sure is looked at closer, where `look` can."""
    scale = Scale.of(motion)
    if scale is None or scale.changing < max(rule.loop_least_active_fields, 1):
        return []
    least_ms = rule.loop_least_repeated_s * 1000
    asked_ms = round(least_ms * ASKED_SHARE)
    seen = within_one(scale.look_at(motion), scale, rule.loop_least_lag_s * 1000, min(rule.loop_asked_evidence, rule.loop_evidence), asked_ms)
    sure = [_Sure(one, rule.loop_evidence, STRONGEST) for one in seen if one.evidence >= rule.loop_evidence and one.length_ms >= least_ms]
    if look is not None:
        sure = _looked_closer(seen, sure, motion, scale, rule, look)
    step_ms = int(np.median(np.diff(motion.times_ms)))
    return [_told(group, step_ms) for group in _joined(sure, step_ms)]


def _looked_closer(seen: Iterable[Repeat], known: Iterable[_Sure], motion: Motion, scale: Scale, rule: LoopRule, look: LookCloser) -> list[_Sure]:
    """What is sure, and the clearest that closer looks confirm of what lies outside of it or goes beyond."""
    sure = list(known)
    asked_ms = round(rule.loop_least_repeated_s * 1000 * ASKED_SHARE)
    end_ms = int(motion.times_ms[-1])
    left_ms = max(int(end_ms * MOST_SHARE), ALWAYS_MS)
    asked = [*seen, *(beyond for one in sure for beyond in _beyond(one.seen, rule.loop_least_lag_s * 1000))]
    for one in sorted(asked, key=lambda r: (-r.evidence, r.begin_ms, r.lag_ms)):
        spans = closer_spans(one, end_ms)
        cost_ms = sum(to_ms - from_ms for from_ms, to_ms in spans)
        if cost_ms > left_ms or _outside_ms(one, sure) < asked_ms:
            continue
        left_ms -= cost_ms
        near = look(spans)
        if near is None or len(near.times_ms) < LEAST_LOOKS:
            continue
        again = seen_closer(scale.look_at(near), scale, one.lag_ms, rule.loop_closer_evidence, rule.loop_least_repeated_s * 1000)
        if again is not None:
            whole = again if one.length_ms <= LONGEST_MS else Repeat(one.begin_ms, one.end_ms, again.lag_ms, again.evidence)
            sure.append(_Sure(whole, rule.loop_closer_evidence, STRONGEST_CLOSER))
    return sure


def _beyond(one: Repeat, least_lag_ms: int) -> Iterable[Repeat]:
    """Of what is played several times the first pass may see the one whose distance fits its looks: as much before and behind, half as far."""
    if one.length_ms * 3 > LONGEST_MS:
        return
    for times in (1, 2, 3):
        if one.lag_ms // times >= least_lag_ms:
            yield Repeat(max(one.begin_ms - one.length_ms, 0), one.end_ms + one.length_ms, one.lag_ms // times, one.evidence)


def _outside_ms(one: Repeat, sure: Iterable[_Sure]) -> int:
    """How much of it lies outside of what is sure."""
    left_ms, at_ms = 0, one.begin_ms
    for told in sorted(sure, key=lambda s: s.seen.begin_ms):
        left_ms += max(min(told.seen.begin_ms, one.end_ms) - at_ms, 0)
        at_ms = max(at_ms, told.seen.end_ms)
    return left_ms + max(one.end_ms - at_ms, 0)


def closer_spans(one: Repeat, end_ms: int) -> list[Span]:
    """Where closer looks are needed: what is shown again and what it would be shown again of, with some seconds around each."""
    middle_ms, half_ms = (one.begin_ms + one.end_ms) // 2, min(one.length_ms, LONGEST_MS) // 2 + BESIDE_MS
    wide_ms = half_ms + AROUND_MS[1] + LAG_OFF_MS
    here = max(middle_ms - half_ms, 0), min(middle_ms + half_ms, end_ms + 1)
    there = max(middle_ms - one.lag_ms - wide_ms, 0), min(middle_ms - one.lag_ms + wide_ms, end_ms + 1)
    return [(there[0], max(here[1], there[1]))] if there[1] >= here[0] else [there, here]


def _joined(sure: Iterable[_Sure], step_ms: int) -> list[list[_Sure]]:
    """Those that touch, together: what is played three times is seen again at one and at two distances."""
    groups: list[list[_Sure]] = []
    end_ms = -1
    for one in sorted(sure, key=lambda s: (s.seen.begin_ms, s.seen.lag_ms)):
        if groups and one.seen.begin_ms <= end_ms + step_ms:
            groups[-1].append(one)
        else:
            groups.append([one])
            end_ms = one.seen.end_ms
        end_ms = max(end_ms, one.seen.end_ms)
    return groups


def _told(group: Sequence[_Sure], step_ms: int) -> Found:
    """One lead. Its figure is the clearest one's; where its beginning was shown before, the one that begins there knows."""
    earliest, clearest = min((one.seen for one in group), key=lambda seen: seen.begin_ms), max(group, key=lambda one: one.degree)
    begin_ms, end_ms = earliest.begin_ms, max(one.seen.end_ms for one in group) + step_ms
    figure, limit = round(clearest.seen.evidence, 1), float(clearest.limit)
    middle_ms = (clearest.seen.begin_ms + clearest.seen.end_ms) // 2
    degree = strength(figure, limit, clearest.strongest)
    return Found(Code.LOOP, begin_ms, end_ms, figure, limit, degree, middle_ms, shown_before_ms=max(begin_ms - earliest.lag_ms, 0))
