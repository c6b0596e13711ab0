"""The picture is out of focus: structure is there, its fine part is gone. R71; F-09."""

from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.spans import lasting

CLAUSE = "R71, F-09"
WORST_SHARP_PERMILLE = 50  # of a picture so blurred that nothing is worse


def find(glances: Glances, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Only where there is structure to judge by: the bare and the black are other defects."""
    limit = rule.screening_defocus_sharp_permille
    structured = glances.texture * 1000 > rule.screening_covered_texture_permille
    blurred = structured & (glances.sharp * 1000 < limit)
    found = []
    for first, stop, from_ms, to_ms in lasting(blurred, glances.media_ms, duration_ms, rule.screening_defocus_s * 1000):
        figure = float(glances.sharp[first:stop].mean() * 1000)
        middle = int(glances.media_ms[(first + stop - 1) // 2])
        found.append(Found(Code.DEFOCUSED, from_ms, to_ms, figure, limit, strength(figure, limit, WORST_SHARP_PERMILLE), middle))
    return found
