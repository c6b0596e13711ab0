"""Time is missing inside the file: presentation time leaps over what should be there. R71, R72; F-03. Exact, from packets alone."""

import numpy as np

from supervision.screening.looks import Code, Found, Packets, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71, R72, F-03"
WORST_S = 3600


def find(packets: Packets, rule: ScreeningRule) -> list[Found]:
    """Every pair of neighbouring pictures further apart than the limit; the span is the hole itself."""
    shown = np.sort(packets.shown_ms)
    limit_ms = rule.screening_jump_s * 1000
    found = []
    for n in np.flatnonzero(np.diff(shown) >= limit_ms).tolist():
        from_ms, to_ms = int(shown[n]), int(shown[n + 1])
        seconds = (to_ms - from_ms) / 1000
        found.append(
            Found(Code.TIME_JUMP, from_ms, to_ms, seconds, rule.screening_jump_s, strength(seconds, rule.screening_jump_s, WORST_S), from_ms)
        )
    return found
