"""The picture is smaller than the least height. R71."""

from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71"


def find(height_px: int, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    limit = rule.min_height_px
    if height_px >= limit or duration_ms <= 0:
        return []
    return [Found(Code.LOW_RESOLUTION, 0, duration_ms, height_px, limit, strength(height_px, limit, 0), 0)]
