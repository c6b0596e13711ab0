"""Too few pictures a second to see what people do. R71. Exact, from packets alone."""

import numpy as np

from supervision.screening.looks import Code, Found, Packets, runs, strength
from supervision.screening.rules import ScreeningRule

CLAUSE = "R71"
MINUTE_MS = 60_000


def find(packets: Packets, duration_ms: int, rule: ScreeningRule) -> list[Found]:
    """Minute by minute; a minute with a hole in it is the business of `time_jump`."""
    minutes = duration_ms // MINUTE_MS
    if minutes == 0:
        return []
    shown = np.sort(packets.shown_ms)
    counts = np.bincount(np.clip(shown // MINUTE_MS, 0, minutes), minlength=minutes + 1)[:minutes]
    holes = shown[:-1][np.diff(shown) >= rule.screening_jump_s * 1000] // MINUTE_MS
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
