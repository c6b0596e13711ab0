"""Something lies over the lens, or it looks at a bare surface: light enough, and nothing to see. R71; F-09."""

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.bare import bare_and_dark
from supervision.screening.signals.spans import Bools, lasting

CLAUSE = "R71, F-09"


def held(glances: Glances, rule: ScreeningRule) -> Bools:
    """Few blocks with any structure, though it is not black."""
    bare, dark = bare_and_dark(glances, rule)
    return bare & ~dark


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Where it holds for long enough."""
    limit = rule.screening_covered_texture_permille
    bare = held(glances, rule)
    found = []
    for first, stop, from_ms, to_ms in lasting(bare, glances.media_ms, duration_ms, rule.screening_covered_s * 1000):
        figure = float(glances.texture[first:stop].mean() * 1000)
        found.append(Found(Code.COVERED, from_ms, to_ms, figure, limit, strength(figure, limit, 0), int(glances.media_ms[(first + stop - 1) // 2])))
    return found
