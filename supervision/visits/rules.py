"""Figures of a visit, and what they mean on a given day. R54; domain.md 2.3.2. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from storage.kernel.canonical import canonical_json
from storage.kernel.clock import BUREAU_ZONE


@dataclass(frozen=True, slots=True)
class VisitRule:
    """Figures in force. `visible_hours_before`: from when before the lesson its members may know where they go; `cooling_off_years`: how long an
    earlier post bars from a team.
    """

    team_size: int
    visible_hours_before: int
    cooling_off_years: int


def visible_from(starts_at: datetime, rule: VisitRule) -> datetime:
    """The instant at which the members learn of their visit."""
    return starts_at - timedelta(hours=rule.visible_hours_before)


def day_ends_at(on: date) -> datetime:
    """The midnight (Asia/Shanghai) after which a visit that was not opened is missed."""
    return datetime.combine(on + timedelta(days=1), time(), BUREAU_ZONE)


def seal(salt: bytes, natural_id: str, logins: Sequence[str]) -> str:
    """What the ledger says of a sealed visit: SHA-256 of salt ‖ canonical JSON of lesson and team, hex. Nobody can guess it without the salt."""
    return hashlib.sha256(salt + canonical_json({"lesson": natural_id, "team": list(logins)})).hexdigest()
