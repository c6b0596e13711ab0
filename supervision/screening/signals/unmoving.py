"""Nobody moves for long: an empty room, or people who are not there. No proof of anything: pupils at an exam sit still too. R72; F-01, F-03."""

import numpy as np

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, runs, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R72, F-01, F-03"
PERMILLE = 1000
STRAY = 2  # noise that strays over the figure strays by less than this; a person moves a block by far more


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """No block of the picture changes its mean by more than noise does. What is frozen or shows nothing is another signal's.

    Of thousands of blocks in hundreds of looks noise lifts one over the figure now and then: a look that is over it by little, between two that are
    not, does not end a stretch in which there are hardly any such looks.
    """
    limit = rule.screening_unmoving_change_milli
    changes = (glances.texture * 1000 > rule.screening_covered_texture_permille) & (glances.still * 1000 > rule.screening_frozen_change_milli)
    quiet = changes & (glances.moved * 1000 < limit)
    stray = changes & ~quiet & (glances.moved * 1000 < STRAY * limit)
    least_ms = rule.screening_unmoving_s * 1000
    found = []
    for first, stop, from_ms, to_ms in lasting(
        _bridged(quiet, stray, rule.screening_unmoving_stray_permille), glances.media_ms, duration_ms, least_ms, back=True
    ):
        figure = float(glances.moved[first:stop].max() * 1000)
        # how long it lasts says more than how quiet it is
        degree = strength((to_ms - from_ms) / least_ms, 1, 4)
        found.append(Found(Code.NO_MOVEMENT, from_ms, to_ms, figure, limit, degree, int(glances.media_ms[(first + stop - 1) // 2])))
    return found


def _bridged(quiet: Bools, stray: Bools, most_permille: int) -> Bools:
    """Quiet stretches with the single looks that stray in them, where these are at most so many of a stretch; else without any."""
    alone = stray.copy()
    alone[:1] = alone[-1:] = False
    alone[1:-1] &= quiet[:-2] & quiet[2:]
    joined = quiet | alone
    for first, stop in runs(joined.tolist()):
        if int(alone[first:stop].sum()) * PERMILLE > (stop - first) * most_permille:
            joined[first:stop] = quiet[first:stop]
    return np.asarray(joined)
