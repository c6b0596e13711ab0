"""The same picture again and again: a still, or a camera that hangs. A real sensor is never silent. R72; F-08."""

from collections.abc import Iterator

import numpy as np

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, runs, strength
from supervision.screening.packet_glances import Spans
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R72, F-08"
PERMILLE = 1000
LEAST_DEAD_PERMILLE = 330
WOBBLE_LOOKS = 2  # one key frame that is coded otherwise differs from the one before and from the one after
LEAST_UNCHANGED = 2  # looks where the packets say the same; of an honest room there is none at all


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """Nine tenths of the picture unchanged down to a fraction of a grey level, though it shows something: a running clock does not save it."""
    return _shows(glances, rule) & (glances.still * 1000 <= rule.screening_frozen_change_milli)  # NaN of the first look compares as False


def find(glances: Glances, duration_ms: int, rule: ScreeningRule, shrunken: Spans = ()) -> list[Found]:
    """Where it holds for long enough, from the look before the first that did not change. `shrunken`: as in `PacketGlances`.

    An encoder that changes its step between two key frames makes a difference of a grey level or two out of nothing: such looks do not end a still
    as long as a good part of those around them are unchanged altogether, which no sensor ever gives. Nor does a single key frame that wobbles by
    more, if nothing moves in it: what goes on afterwards is the same still. Between two stills something moves.

    Where the pictures between key frames hold next to nothing, few unchanged looks are enough, and the stretch of packets says from when to when. By
    itself it says nothing: an empty room before a quiet camera gives such packets too, but never a look that is unchanged.
    """
    limit = rule.screening_frozen_change_milli
    dead = held(glances, rule)
    near = _shows(glances, rule) & (glances.still * 1000 <= rule.screening_frozen_coding_milli)
    calm = glances.moved * 1000 < rule.screening_unmoving_change_milli
    wobbles = ~near & _shows(glances, rule) & calm
    for first, stop in runs(wobbles.tolist()):
        if stop - first <= WOBBLE_LOOKS:
            near[first:stop] = True
    still = np.zeros(len(glances), bool)
    for first, stop in runs(near.tolist()):
        inside = np.flatnonzero(dead[first:stop])
        if len(inside) and len(inside) * PERMILLE >= (inside[-1] - inside[0] + 1) * LEAST_DEAD_PERMILLE:
            still[first + inside[0] : first + inside[-1] + 1] = True
    for first, stop in _said_by_packets(glances, near & calm, dead, shrunken, rule.screening_frozen_coded_looks):
        still[first:stop] = True
    found = []
    for first, stop, look_from_ms, look_to_ms in lasting(still, glances.media_ms, duration_ms, 1, back=True):
        from_ms, to_ms = _ends(glances, first, stop, look_from_ms, look_to_ms, shrunken)
        if to_ms - from_ms >= rule.screening_frozen_s * 1000:
            figure = float(np.median(glances.still[first:stop][dead[first:stop]]) * 1000)
            found.append(
                Found(Code.FROZEN, from_ms, to_ms, figure, limit, strength(figure, limit, 0), int(glances.media_ms[(first + stop - 1) // 2]))
            )
    return found


def _said_by_packets(glances: Glances, coded: Bools, dead: Bools, shrunken: Spans, most_coded: int) -> Iterator[tuple[int, int]]:
    """Runs of looks inside such stretches in which nothing moves (`coded`), with an unchanged one after at most `most_coded` of them."""
    before_ms = np.append(np.int64(-1), glances.media_ms[:-1])
    for begin_ms, end_ms in shrunken:
        within = coded & (before_ms >= begin_ms) & (glances.media_ms <= end_ms)
        for first, stop in runs(within.tolist()):
            unchanged = np.flatnonzero(dead[first:stop]) + first
            for some in np.split(unchanged, np.flatnonzero(np.diff(unchanged) > most_coded + 1) + 1):
                if len(some) >= LEAST_UNCHANGED:
                    begin, end = int(some[0]), int(some[-1]) + 1
                    yield first if begin - first <= most_coded else begin, stop if stop - end <= most_coded else end


def _ends(glances: Glances, first: int, stop: int, from_ms: int, to_ms: int, shrunken: Spans) -> tuple[int, int]:
    """From when to when: between two looks the packets know it better."""
    earlier_ms = int(glances.media_ms[first - 2]) if first > 1 else -1
    later_ms = int(glances.media_ms[stop]) if stop < len(glances) else to_ms
    for begin_ms, end_ms in shrunken:
        if begin_ms < to_ms and end_ms > from_ms:
            from_ms = begin_ms if earlier_ms <= begin_ms < from_ms else from_ms
            to_ms = end_ms if to_ms < end_ms <= later_ms else to_ms
    return from_ms, to_ms


def _shows(glances: Glances, rule: ScreeningRule) -> Bools:
    return glances.texture * 1000 > rule.screening_covered_texture_permille
