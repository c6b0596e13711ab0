"""Too few pictures a second to see what people do. R71. Exact, from packets alone."""

import numpy as np

from supervision.screening.looks import Code, Found, runs, strength
from supervision.screening.packet_glances import MINUTE_MS, PacketGlances
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71"


def find(packets: PacketGlances, rule: ScreeningRule) -> list[Found]:
    """Minute by minute; a minute with a hole in it is the business of `time_jump`."""
    minutes = len(packets.minutes)
    if minutes == 0:
        return []
    counts = np.array(packets.minutes)
    holes = np.array([from_ms // MINUTE_MS for from_ms, to_ms in packets.holes if to_ms - from_ms >= rule.screening_jump_s * 1000], np.int64)
    rate = counts / 60
    slow = (rate < rule.screening_least_frames) & (counts > 0)
    slow[np.unique(np.clip(np.concatenate([holes, holes + 1]), 0, minutes - 1))] = False
    found = []
    for first, stop in runs(slow.tolist()):
        if (stop - first) * 60 < rule.screening_frame_rate_s:
            continue
        figure, limit = float(rate[first:stop].mean()), rule.screening_least_frames
        from_ms, to_ms = first * MINUTE_MS, stop * MINUTE_MS
        found.append(Found(Code.LOW_FRAME_RATE, from_ms, to_ms, figure, limit, strength(figure, limit, 0), from_ms))
    return found
