"""More faces than the room has places, more than once: a matter of safety. F-17; R79. Pure.

Faces are a lower bound of people, so this side of the count is the strong one; a single picture may still hold a face that is none.
"""

from collections.abc import Sequence

from supervision.screening.heads import Instant
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R79, F-17"


def find(instants: Sequence[Instant], capacity: int, rule: ScreeningRule) -> list[Found]:
    """One lead from the first to the last instant with too many, or none. The figure is what was reached at least so often, not the highest count."""
    over = [one for one in instants if one.faces > capacity]
    if capacity <= 0 or len(over) < max(rule.screening_heads_over_count, 1):
        return []
    often = sorted((one.faces for one in over), reverse=True)[max(rule.screening_heads_over_count, 1) - 1]
    fullest = max(over, key=lambda one: one.faces)
    degree = strength(often, capacity, capacity * 2)
    return [Found(Code.OVER_CAPACITY, over[0].media_ms, over[-1].media_ms + 1, often, capacity, degree, fullest.media_ms)]
