"""By when what is due must be destroyed, and what a proposal must say. R73; domain.md 2.3.1 (DUE → DESTROYED). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LEAST_REASON_CHARS: Final = 4
MOST_REASON_CHARS: Final = 1000
MOST_AT_ONCE: Final = 100  # recordings in one proposal: a person has looked at each


@dataclass(frozen=True, slots=True)
class DestructionRule:
    """Figures in force (`retention.yaml`)."""

    destroy_within_days: int  # after a recording fell due


def destroy_by(due_since: datetime, rule: DestructionRule) -> datetime:
    """From when a recording that is due and still there is overdue."""
    return due_since + timedelta(days=rule.destroy_within_days)


def defects(chosen: int, reason: str) -> list[dict[str, object]]:
    """Everything wrong with a proposal, `{where, code, value}` each."""
    found: list[dict[str, object]] = []
    if not chosen:
        found.append({"where": "recording", "code": "missing", "value": None})
    elif chosen > MOST_AT_ONCE:
        found.append({"where": "recording", "code": "too-many", "value": chosen})
    if not LEAST_REASON_CHARS <= len(reason) <= MOST_REASON_CHARS:
        found.append({"where": "reason", "code": "wrong-length", "value": len(reason)})
    return found
