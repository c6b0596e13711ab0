"""How fast the line is, what is left, and how large the next file's parts should be. Pure apart from the clock handed in."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

MIB: Final = 1 << 20
MIN_PART_BYTES: Final = 5 * MIB
FIRST_PART_BYTES: Final = 8 * MIB
MAX_PART_BYTES: Final = 64 * MIB
PART_S: Final = 4.0  # a lost part costs about this long
WINDOW_S: Final = 10.0


def part_bytes_for(speed_bytes_s: float, lanes: int) -> int:
    """Whole MiB such that a part takes some seconds on one lane: small on a slow line, large on a fast one."""
    wanted = int(speed_bytes_s * PART_S / max(1, lanes)) // MIB * MIB
    return min(max(wanted, MIN_PART_BYTES), MAX_PART_BYTES)


class Pace:
    """Counts bytes as they leave, from any lane. `moved(pace)` hears of each step; `sent_bytes` starts with what had arrived before."""

    def __init__(self, already_bytes: int = 0, *, moved: Callable[["Pace"], None] | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._moved = moved
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, int]] = deque()
        self.sent_bytes = already_bytes

    def sent(self, count: int) -> None:
        """`count` < 0 takes back what a failed part had counted."""
        with self._lock:
            self.sent_bytes += count
            now = self._clock()
            self._samples.append((now, self.sent_bytes))
            while len(self._samples) > 2 and now - self._samples[0][0] > WINDOW_S:
                self._samples.popleft()
        if self._moved is not None:
            self._moved(self)

    @property
    def speed_bytes_s(self) -> float:
        """Over the last ten seconds; 0 when nothing moved."""
        with self._lock:
            if len(self._samples) < 2:
                return 0.0
            (first_at, first), (_, last) = self._samples[0], self._samples[-1]
            return max(0.0, (last - first) / max(self._clock() - first_at, 1e-3))


def size_text(count: float) -> str:
    """1.5 GB, 12 MB."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit in ("B", "KB") else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError(count)


def left_text(left_bytes: int, speed_bytes_s: float) -> str:
    """Time left; unknown while nothing moves."""
    if speed_bytes_s <= 0:
        return "--:--"
    seconds = round(left_bytes / speed_bytes_s)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}" if seconds >= 3600 else f"{seconds // 60:02d}:{seconds % 60:02d}"
