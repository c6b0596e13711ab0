"""The camera was turned, moved or zoomed, or looks at another room than the approved one. R71, R77; F-09, F-12."""

import numpy as np

from supervision.screening.glances import Floats, Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import defocused
from supervision.screening.signals.spans import Bools, lasting
from supervision.screening.view import HALF

CLAUSE = "R71, F-09"
OTHER_CLAUSE = "R77, F-12"
MOST_SHIFT_PERMILLE = 500
DIM_SHARE = 0.5  # of the usual light and of the usual structure: a switched-off lamp leaves less, another lit room more


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """The look was compared and is not the approved view as approved. Where nothing was compared: no."""
    return moved(glances, rule) | other(glances, rule)


def moved(glances: Glances, rule: ScreeningRule) -> Bools:
    """Recognised, and elsewhere in the picture."""
    away = (away_permille(glances) > rule.screening_view_shift_permille) | (glances.angle > rule.screening_view_angle_degrees)
    return (glances.points >= rule.screening_view_least_points) & away


def away_permille(glances: Glances) -> Floats:
    """How far the middle or, of a zoom, the sides lie from where they were, in permille of the width: who zooms in leaves half of a class outside."""
    return np.asarray(np.maximum(glances.shift, HALF * np.abs(glances.scale / 1000 - 1)), np.float32)


def other(glances: Glances, rule: ScreeningRule) -> Bools:
    """Hardly a point of the approved view, in a picture sharp and light enough to have points."""
    return (glances.points < rule.screening_view_other_points) & ~defocused.held(glances, rule) & ~_lamp_out(glances)


def _lamp_out(glances: Glances) -> Bools:
    """The lamp is out for slides: far darker than this recording usually is, and most of the room not to be seen.

    Whoever turns a camera elsewhere leaves the light on.
    """
    if not len(glances):
        return np.zeros(0, np.bool_)
    light, structure = (np.percentile(column, defocused.USUAL_PERCENT) for column in (glances.mean, glances.texture))
    return np.asarray((glances.mean < light * DIM_SHARE) & (glances.texture < structure * DIM_SHARE))


def _closed(held: Bools) -> Bools:
    """A single look between two that agree, with somebody before the lens, does not end a run."""
    between = held.copy()
    between[1:-1] |= held[:-2] & held[2:]
    return between


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Moved: the room is recognised and lies elsewhere in the picture. Other: hardly a point of it is found. In between nothing is said."""
    compared = np.flatnonzero(~np.isnan(glances.points))
    if not len(compared):
        return []
    times, points = glances.media_ms[compared], glances.points[compared]
    away, angle = away_permille(glances)[compared], glances.angle[compared]
    found = []
    for first, stop, from_ms, to_ms in lasting(_closed(moved(glances, rule)[compared]), times, duration_ms, rule.screening_view_s * 1000):
        figure, limit = float(np.median(away[first:stop])), float(rule.screening_view_shift_permille)
        by_angle = strength(float(np.median(angle[first:stop])), rule.screening_view_angle_degrees, 45)
        degree = max(strength(figure, limit, MOST_SHIFT_PERMILLE), by_angle)
        found.append(Found(Code.VIEW_MOVED, from_ms, to_ms, figure, limit, degree, int(times[(first + stop - 1) // 2])))
    for first, stop, from_ms, to_ms in lasting(_closed(other(glances, rule)[compared]), times, duration_ms, rule.screening_view_s * 1000):
        figure, limit = float(np.median(points[first:stop])), float(rule.screening_view_other_points)
        found.append(Found(Code.OTHER_VIEW, from_ms, to_ms, figure, limit, strength(figure, limit, 0), int(times[(first + stop - 1) // 2])))
    return found
