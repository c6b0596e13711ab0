"""Time is missing inside the file: presentation time leaps over what should be there. R71, R72; F-03. Exact, from packets alone."""

from supervision.screening.looks import Code, Found, strength
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71, R72, F-03"
WORST_S = 3600


def find(packets: PacketGlances, rule: ScreeningRule) -> list[Found]:
    """Every pair of neighbouring pictures further apart than the limit; the span is the hole itself."""
    found = []
    for from_ms, to_ms in packets.holes:
        if to_ms - from_ms >= rule.screening_jump_s * 1000:
            seconds = (to_ms - from_ms) / 1000
            degree = strength(seconds, rule.screening_jump_s, WORST_S)
            found.append(Found(Code.TIME_JUMP, from_ms, to_ms, seconds, rule.screening_jump_s, degree, from_ms))
    return found
