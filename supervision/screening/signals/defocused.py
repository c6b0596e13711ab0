"""The picture is out of focus: structure is there, its fine part is gone. R71; F-09."""

import numpy as np

from supervision.screening.glances import Floats, Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R71, F-09"
USUAL_PERCENT = 75
LIT_PERCENT = 90  # a lesson may have the lamp out for most of its time
DIM_SHARE = 0.5  # of the light of the lit looks
WORST_SHARP_PERMILLE = 50  # of a picture so blurred that nothing is worse


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """Only where there is structure to judge by: the bare and the black are other defects."""
    return _structured(glances, rule) & (glances.sharp * 1000 < limit_of(glances, rule))


def limit_of(glances: Glances, rule: ScreeningRule) -> float:
    """The dated figure, or more for a camera that is sharper than that: a share of what most of this recording shows.

    Sharpness differs from room to room by a factor of two, within a recording by a tenth. What is seen with the lamp out is left aside: there the
    noise passes for fine structure, and all that is lit would seem out of focus beside it.
    """
    structured = _structured(glances, rule)
    clear = glances.sharp[structured & (glances.mean >= _light(glances.mean[structured]) * DIM_SHARE)]
    own = float(np.percentile(clear, USUAL_PERCENT)) * rule.screening_defocus_fall_permille if len(clear) else 0.0
    return max(float(rule.screening_defocus_sharp_permille), own)


def _light(mean: Floats) -> float:
    return float(np.percentile(mean, LIT_PERCENT)) if len(mean) else 0.0


def _structured(glances: Glances, rule: ScreeningRule) -> Bools:
    return glances.texture * 1000 > rule.screening_covered_texture_permille


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Where it holds for long enough."""
    limit = limit_of(glances, rule)
    blurred = held(glances, rule)
    found = []
    for first, stop, from_ms, to_ms in lasting(blurred, glances.media_ms, duration_ms, rule.screening_defocus_s * 1000):
        figure = float(glances.sharp[first:stop].mean() * 1000)
        middle = int(glances.media_ms[(first + stop - 1) // 2])
        found.append(Found(Code.DEFOCUSED, from_ms, to_ms, figure, limit, strength(figure, limit, WORST_SHARP_PERMILLE), middle))
    return found
