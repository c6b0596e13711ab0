"""The camera was turned, moved or put elsewhere before the lesson began: what it shows first was never seen of it. R71, R77; F-09, F-12. Pure.

For cameras without an approved picture. Compared is the first clear look of a recording with those of the camera's last recordings of which nobody
was told. It need agree with one of them only: a camera that is nudged a little now and then is known as it was last, one that was put back as it was
before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule
from supervision.screening.view import Reference, away_permille, compare_views

CLAUSE: Final = "R71, F-09"
OTHER_CLAUSE: Final = "R77, F-12"
CODES: Final = (Code.TURNED_SINCE, Code.UNUSUAL_VIEW)
MOST_AWAY_PERMILLE: Final = 500


@dataclass(frozen=True, slots=True)
class UsualRule:
    """With how many earlier recordings of the camera a view is compared, at least and at most, and how far it may lie from them."""

    screening_usual_least: int
    screening_usual_most: int
    screening_usual_away_permille: int


def find(own: Reference, from_ms: int, to_ms: int, before: Sequence[Reference], rule: ScreeningRule, usual: UsualRule) -> list[Found]:
    """One lead or none, over `[from_ms, to_ms)`. `before`: views of earlier recordings, the newest first.

    A comparison in which neither enough nor too few points agree says nothing; nothing is told of fewer comparisons than the least.
    """
    away, points = list[float](), list[float]()
    for view in before[: usual.screening_usual_most]:
        compared = compare_views(view, own)
        if compared[0] >= rule.screening_view_least_points:
            away.append(away_permille(compared))
            if away[-1] <= usual.screening_usual_away_permille:
                return []
        elif compared[0] < rule.screening_view_other_points:
            points.append(compared[0])
    if len(away) + len(points) < max(usual.screening_usual_least, 1) or to_ms <= from_ms:
        return []
    if len(away) >= len(points):
        figure, limit = float(np.median(away)), float(usual.screening_usual_away_permille)
        return [Found(Code.TURNED_SINCE, from_ms, to_ms, figure, limit, strength(figure, limit, MOST_AWAY_PERMILLE), from_ms)]
    figure, limit = max(points), float(rule.screening_view_other_points)
    return [Found(Code.UNUSUAL_VIEW, from_ms, to_ms, figure, limit, strength(figure, limit, 0), from_ms)]
