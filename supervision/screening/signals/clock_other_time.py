"""The clock in the picture says another time than the recording claims, all along. R72; F-11, F-19.

Either the camera's clock is wrong, or the footage is older than it is said to be: nothing here can tell which. A constant difference of a few minutes
is what many recorders have, and is not told.
"""

import numpy as np

from supervision.screening.clock_ticks import Ticks
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R72, F-11, F-19"
WORST_MINUTES = 24 * 60


def find(ticks: Ticks | None, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Half of the instants at least, and no fewer than are needed to believe it, further from the claim than the limit."""
    if ticks is None:
        return []
    sure = ticks.sure(rule.screening_clock_jump_s)
    if len(sure) < rule.screening_clock_least_reads:
        return []
    minutes, limit = abs(float(np.median(sure.ahead_s))) / 60, rule.screening_clock_other_minutes
    if minutes <= limit or np.mean(np.abs(sure.ahead_s) > limit * 60) * 2 < 1:
        return []
    degree = strength(minutes, limit, WORST_MINUTES)
    return [Found(Code.CLOCK_OTHER_TIME, 0, max(duration_ms, 1), minutes, limit, degree, int(sure.media_ms[0]))]
