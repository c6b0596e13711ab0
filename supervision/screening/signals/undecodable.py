"""Key frames that give no picture: nobody can check what is there. R72."""

from collections.abc import Sequence

from supervision.screening.looks import Code, Found, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R72"


def find(shown_ms: Sequence[int], missing_ms: Sequence[int], duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Neighbouring asked key frames without a picture, from the last one that had one to the next that has one."""
    missing = set(missing_ms)
    asked = sorted({*shown_ms, *missing})
    limit = rule.screening_undecodable_count
    found: list[Found] = []
    n = 0
    while n < len(asked):
        stop = n
        while stop < len(asked) and asked[stop] in missing:
            stop += 1
        if stop - n >= limit:
            to_ms = asked[stop] if stop < len(asked) else max(duration_ms, asked[n] + 1)
            found.append(Found(Code.UNDECODABLE, asked[n], to_ms, stop - n, limit, strength(stop - n, limit, 10 * limit), asked[n]))
        n = max(stop, n + 1)
    return found
