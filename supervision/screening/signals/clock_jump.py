"""The clock in the picture goes on otherwise than the recording: something was cut out, put in, or the clock was set. R72; F-11, F-19."""

from supervision.screening.clock_ticks import Ticks
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R72, F-11, F-19"
WORST_S = 3600


def find(ticks: Ticks | None, rule: ScreeningRule) -> list[Found]:
    """Between two instants that are both sure; the span is from one to the other, the figure how many seconds the clock leapt."""
    if ticks is None:
        return []
    limit, sure = rule.screening_clock_jump_s, ticks.sure(rule.screening_clock_jump_s)
    if len(sure) < rule.screening_clock_least_reads:
        return []
    found = []
    for before_ms, after_ms, seconds in sure.leaps(limit):
        figure = round(abs(seconds), 1)
        found.append(Found(Code.CLOCK_JUMP, before_ms, after_ms, figure, limit, strength(figure, limit, WORST_S), after_ms))
    return found
