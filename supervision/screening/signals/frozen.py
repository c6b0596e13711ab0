"""The same picture again and again: a still, or a camera that hangs. A real sensor is never silent. R72; F-08."""

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import lasting

CLAUSE = "R72, F-08"


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Nine tenths of the picture unchanged down to a fraction of a grey level, though it shows something: a running clock does not save it."""
    limit = rule.screening_frozen_change_milli
    shows = glances.texture * 1000 > rule.screening_covered_texture_permille
    still = shows & (glances.still * 1000 <= limit)  # NaN of the first look compares as False
    found = []
    for first, stop, from_ms, to_ms in lasting(still, glances.media_ms, duration_ms, rule.screening_frozen_s * 1000, back=True):
        figure = float(glances.still[first:stop].mean() * 1000)
        found.append(Found(Code.FROZEN, from_ms, to_ms, figure, limit, strength(figure, limit, 0), int(glances.media_ms[(first + stop - 1) // 2])))
    return found
