"""Which slot does a recorder's file belong to? From the name first, then the container's own time. Pure. R71."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.span import Span

# 20260901090000 · 2026-09-01_09-00-00 · 20260901_0900 · 2026.09.01 09.00.00
_TIME: Final = re.compile(r"(20\d{2})[-_.]?([01]\d)[-_.]?([0-3]\d)[-_ T.]*([0-2]\d)[-_.:]?([0-5]\d)(?:[-_.:]?([0-5]\d))?")


@dataclass(frozen=True, slots=True)
class Expected:
    """A slot that a file could belong to."""

    slot_id: UUID
    camera_code: str
    span: Span


@dataclass(frozen=True, slots=True)
class Match:
    """`slot_id` None: the camera or the time is not told well enough; a person must choose."""

    slot_id: UUID | None
    start_at: datetime | None
    source: str  # "file-name" | "container" | "none"


def time_in_name(file_name: str) -> datetime | None:
    """The recorder's wall clock in a file name (Asia/Shanghai), as an aware UTC instant. None: no valid time in it."""
    for found in _TIME.finditer(file_name):
        year, month, day, hour, minute, second = (int(g) if g else 0 for g in found.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=BUREAU_ZONE).astimezone(UTC)
        except ValueError:
            continue
    return None


def camera_in_name(file_name: str, codes: Iterable[str]) -> str | None:
    """The known camera code that stands in the name as a whole word, whatever its case; one inside a longer one does not count. Two: None."""
    hits = [
        (found.start(), found.end(), code)
        for code in codes
        for found in re.finditer(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", file_name, re.IGNORECASE)
    ]
    own = {code for start, end, code in hits if not any(s <= start and end <= e and (s, e) != (start, end) for s, e, _ in hits)}
    return own.pop() if len(own) == 1 else None


def match_file(file_name: str, slots: Sequence[Expected], *, container_start_at: datetime | None = None, tolerance: timedelta) -> Match:
    """The slot of the named camera whose scheduled span lies nearest to the recording's start, within `tolerance`."""
    start_at, source = time_in_name(file_name), "file-name"
    if start_at is None and container_start_at is not None:
        start_at, source = container_start_at, "container"
    code = camera_in_name(file_name, {s.camera_code for s in slots})
    if start_at is None:
        return Match(None, None, "none")
    near = [s for s in slots if s.camera_code == code and distance(start_at, s.span) <= tolerance]
    if not near:
        return Match(None, start_at, source)
    best = min(near, key=lambda s: (distance(start_at, s.span), abs(start_at - s.span.start_at)))
    return Match(best.slot_id, start_at, source)


def distance(instant: datetime, span: Span) -> timedelta:
    """How far an instant lies outside a span; zero inside."""
    if instant < span.start_at:
        return span.start_at - instant
    return max(instant - span.end_at, timedelta(0))
