"""From presentation times in decode order to continuous segments. Pure, streaming, of constant memory.

Pictures are decoded out of order, so a small heap puts them back before two neighbours are compared. A clock that leaps back
(a recorder that joined slices and started again at 0) does not travel in time: the media clock goes on where it was.
"""

import heapq
from dataclasses import dataclass, field

REORDER = 20  # H.264 and H.265 hold back at most 16 pictures
LEAP_BACK_US = 1_000_000
DISTINCT_INTERVALS = 4096


class TooManySegments(ValueError):
    """More gaps than the limit: no camera records like that."""


@dataclass(slots=True)
class Timeline:
    """Feed `place` with each packet in decode order, then `finish`. Times in microseconds."""

    tolerance_us: int
    limit: int
    jumps: int = 0
    first_us: int | None = None
    _shift_us: int = 0
    _decode_us: int | None = None
    _step_us: int = 40_000
    _waiting: list[int] = field(default_factory=list)
    _shown_us: int | None = None
    _start_us: int = 0
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _intervals: dict[int, int] = field(default_factory=dict)
    _count: int = 0
    _sum_us: int = 0

    def place(self, pts_us: int, dts_us: int) -> tuple[int, int]:
        """The same times on the media clock (its zero is not known before the end: subtract `first_us`)."""
        if self._decode_us is not None:
            step = dts_us + self._shift_us - self._decode_us
            if step < -LEAP_BACK_US:
                self.jumps += 1
                self._drain(0)
                resume = max(self._shown_us or 0, self._decode_us) + self._step_us
                self._shift_us = resume - min(pts_us, dts_us)
            elif step > max(self.tolerance_us, LEAP_BACK_US):
                self.jumps += 1
            elif step > 0:
                self._step_us = min(step, 1_000_000)
        pts_us += self._shift_us
        dts_us += self._shift_us
        self._decode_us = dts_us
        heapq.heappush(self._waiting, pts_us)
        self._drain(REORDER)
        return pts_us, dts_us

    def _drain(self, keep: int) -> None:
        while len(self._waiting) > keep:
            self._show(heapq.heappop(self._waiting))

    def _show(self, at_us: int) -> None:
        if self._shown_us is None:
            self.first_us = self._start_us = at_us
        else:
            gap = at_us - self._shown_us
            if gap <= 0:
                return
            if gap > self.tolerance_us:
                self._spans.append((self._start_us, self._shown_us))
                if len(self._spans) >= self.limit:
                    raise TooManySegments
                self._start_us = at_us
            else:
                self._count += 1
                self._sum_us += gap
                bucket = (gap + 500) // 1000
                if bucket in self._intervals or len(self._intervals) < DISTINCT_INTERVALS:
                    self._intervals[bucket] = self._intervals.get(bucket, 0) + 1
        self._shown_us = at_us

    def finish(self) -> "Continuity":
        """Close the last segment. Call once, after the last packet."""
        self._drain(0)
        if self._shown_us is None or self.first_us is None:
            return Continuity((), 0, False)
        self._spans.append((self._start_us, self._shown_us))
        median_ms = _median(self._intervals)
        odd = sum(n for ms, n in self._intervals.items() if abs(ms - median_ms) > max(2, median_ms // 5))
        # the last picture of a segment is shown as long as pictures usually are; the mean is exact where the rate is constant
        variable = odd * 50 > self._count
        frame_us = median_ms * 1000 if variable or not self._count else self._sum_us // self._count
        zero = self.first_us
        spans = tuple((round((a - zero) / 1000), round((b - zero + max(frame_us, 1000)) / 1000)) for a, b in self._spans)
        rate = round(self._count * 1_000_000_000 / self._sum_us) if self._sum_us else 0
        return Continuity(spans, rate, variable)


@dataclass(frozen=True, slots=True)
class Continuity:
    """Segments in media_ms, pictures per 1000 s, and whether the interval between pictures varies (more than 2 % are off by a fifth)."""

    segments: tuple[tuple[int, int], ...]
    frame_rate_milli: int
    variable: bool


def _median(counts: dict[int, int]) -> int:
    half, seen = sum(counts.values()) / 2, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= half:
            return value
    return 40
