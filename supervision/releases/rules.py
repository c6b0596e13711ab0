"""How long a request for an original may wait, how long an approved one is open, how much may be asked for. domain.md 2.3.2. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LEAST_REASON_CHARS: Final = 4
MOST_REASON_CHARS: Final = 1000


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """Figures in force."""

    release_decide_hours: int  # undecided after these, a request lapses
    release_open_hours: int  # an approved stretch can be played for these
    release_longest_s: int  # of original that one request may ask for


def lapses_at(asked_at: datetime, rule: ReleaseRule) -> datetime:
    """From when an undecided request is over."""
    return asked_at + timedelta(hours=rule.release_decide_hours)


def open_until(approved_at: datetime, rule: ReleaseRule) -> datetime:
    """From when an approved stretch can no longer be played."""
    return approved_at + timedelta(hours=rule.release_open_hours)


def defects(start_ms: int, end_ms: int, *, item_start_ms: int, item_end_ms: int, reason: str, rule: ReleaseRule) -> list[dict[str, object]]:
    """Everything wrong with a request, `{where, code, value}` each; positions are media time of the recording."""
    found: list[dict[str, object]] = []
    if not item_start_ms <= start_ms < end_ms <= item_end_ms:
        found.append({"where": "span", "code": "outside-item", "value": f"{start_ms}-{end_ms}"})
    elif end_ms - start_ms > rule.release_longest_s * 1000:
        found.append({"where": "span", "code": "too-long", "value": (end_ms - start_ms) // 1000})
    if not LEAST_REASON_CHARS <= len(reason) <= MOST_REASON_CHARS:
        found.append({"where": "reason", "code": "wrong-length", "value": len(reason)})
    return found
