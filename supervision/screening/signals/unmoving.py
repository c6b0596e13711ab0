"""Nobody moves for long: an empty room, or people who are not there. No proof of anything: pupils at an exam sit still too. R72; F-01, F-03."""

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import lasting

CLAUSE = "R72, F-01, F-03"


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """No block of the picture changes its mean by more than noise does. What is frozen or shows nothing is another signal's."""
    limit = rule.screening_unmoving_change_milli
    shows = glances.texture * 1000 > rule.screening_covered_texture_permille
    quiet = shows & (glances.moved * 1000 < limit) & (glances.still * 1000 > rule.screening_frozen_change_milli)
    least_ms = rule.screening_unmoving_s * 1000
    found = []
    for first, stop, from_ms, to_ms in lasting(quiet, glances.media_ms, duration_ms, least_ms, back=True):
        figure = float(glances.moved[first:stop].max() * 1000)
        # how long it lasts says more than how quiet it is
        degree = strength((to_ms - from_ms) / least_ms, 1, 4)
        found.append(Found(Code.NO_MOVEMENT, from_ms, to_ms, figure, limit, degree, int(glances.media_ms[(first + stop - 1) // 2])))
    return found
