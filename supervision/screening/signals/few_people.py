"""Far fewer faces than people signed in: they may never have come. A weak lead by nature, since faces seen from behind are missed. F-01; R75. Pure.

What a camera can show decides what its count can say: the share of those signed in that it showed at best in another lesson is what is expected of
it here. Of one that never showed a good part of a class nothing is told, however low its count is.
"""

from collections.abc import Sequence
from statistics import median_low

from supervision.screening.heads import Instant
from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R75, F-01"


def find(instants: Sequence[Instant], shown_elsewhere_permille: int, rule: ScreeningRule) -> list[Found]:
    """One lead over all counted instants of a lesson, or none.

    `shown_elsewhere_permille`: the best share of those signed in that the room's cameras showed in another lesson.
    """
    told = [one for one in instants if one.signed_in >= rule.screening_heads_least_group]
    if len(told) < max(rule.screening_heads_least_instants, 1) or shown_elsewhere_permille < rule.screening_heads_proof_permille:
        return []
    signed_in, highest = median_low(one.signed_in for one in told), max(told, key=lambda one: one.faces)
    limit = signed_in * rule.screening_heads_share_permille * min(shown_elsewhere_permille, 1000) / 1_000_000
    if highest.faces >= limit:
        return []
    # an empty room is at half of the scale: a low count alone is never as strong as a defect that was seen
    degree = strength(highest.faces, limit, -limit)
    return [Found(Code.FEW_PEOPLE, told[0].media_ms, told[-1].media_ms + 1, highest.faces, limit, degree, highest.media_ms)]
