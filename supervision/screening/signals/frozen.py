"""The same picture again and again: a still, or a camera that hangs. A real sensor is never silent. R72; F-08."""

import numpy as np

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, runs, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R72, F-08"
PERMILLE = 1000
LEAST_DEAD_PERMILLE = 330
WOBBLE_LOOKS = 2  # one key frame that is coded otherwise differs from the one before and from the one after


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """Nine tenths of the picture unchanged down to a fraction of a grey level, though it shows something: a running clock does not save it."""
    return _shows(glances, rule) & (glances.still * 1000 <= rule.screening_frozen_change_milli)  # NaN of the first look compares as False


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Where it holds for long enough, from the look before the first that did not change.

    An encoder that changes its step between two key frames makes a difference of a grey level or two out of nothing: such looks do not end a still
    as long as a good part of those around them are unchanged altogether, which no sensor ever gives. Nor does a single key frame that wobbles by
    more, if nothing moves in it: what goes on afterwards is the same still. Between two stills something moves.
    """
    limit = rule.screening_frozen_change_milli
    dead = held(glances, rule)
    near = _shows(glances, rule) & (glances.still * 1000 <= rule.screening_frozen_coding_milli)
    wobbles = ~near & _shows(glances, rule) & (glances.moved * 1000 < rule.screening_unmoving_change_milli)
    for first, stop in runs(wobbles.tolist()):
        if stop - first <= WOBBLE_LOOKS:
            near[first:stop] = True
    still = np.zeros(len(glances), bool)
    for first, stop in runs(near.tolist()):
        inside = np.flatnonzero(dead[first:stop])
        if len(inside) and len(inside) * PERMILLE >= (inside[-1] - inside[0] + 1) * LEAST_DEAD_PERMILLE:
            still[first + inside[0] : first + inside[-1] + 1] = True
    found = []
    for first, stop, from_ms, to_ms in lasting(still, glances.media_ms, duration_ms, rule.screening_frozen_s * 1000, back=True):
        figure = float(np.median(glances.still[first:stop]) * 1000)
        degree = strength(min(figure, limit), limit, 0)
        found.append(Found(Code.FROZEN, from_ms, to_ms, figure, limit, degree, int(glances.media_ms[(first + stop - 1) // 2])))
    return found


def _shows(glances: Glances, rule: ScreeningRule) -> Bools:
    return glances.texture * 1000 > rule.screening_covered_texture_permille
