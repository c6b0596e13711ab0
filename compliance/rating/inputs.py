"""The frozen inputs of a rating: canonical JSON in, the same grade out, for ever. 2.3.4. Pure.

The rule set lies in the inputs with its values, so a later policy changes no past rating.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Final

from compliance.rating.rules import Event, Grade, RatingRule, event_of, rate
from storage.kernel.canonical import canonical_json

FORMAT: Final = "classproof-rating-1"


@dataclass(frozen=True, slots=True)
class Inputs:
    """Of whom, for which year, on which day, under which rule, from which events."""

    institution: str
    year: int
    as_of: date
    rule: RatingRule
    events: tuple[Event, ...]

    def canonical(self) -> bytes:
        """What is stored and hashed; events sorted, so that the order in which they were read leaves no trace."""
        return canonical_json(
            {
                "format": FORMAT,
                "institution": self.institution,
                "year": self.year,
                "as_of": self.as_of,
                "rule": asdict(self.rule),
                "events": [event.plain() for event in sorted(self.events)],
            }
        )

    def grade(self) -> Grade:
        """The rating that follows."""
        return rate(self.rule, self.events)


def read(canonical: bytes) -> Inputs:
    """The inputs that `canonical` wrote. Raises: ValueError — another format."""
    told: Mapping[str, Any] = json.loads(canonical)  # Any: JSON
    if told.get("format") != FORMAT:
        msg = f"unknown format {told.get('format')}"
        raise ValueError(msg)
    events = tuple(event_of(one) for one in told["events"])
    return Inputs(told["institution"], told["year"], date.fromisoformat(told["as_of"]), RatingRule(**told["rule"]), events)


def without(inputs: Inputs, refs: Iterable[str], kinds: Iterable[str] = ()) -> Inputs:
    """The same without the events that rest on some evidence (of these kinds, when named)."""
    gone, only = set(refs), set(kinds)
    kept = tuple(event for event in inputs.events if event.ref not in gone or (only and event.kind not in only))
    return replace(inputs, events=kept)


def digest(canonical: bytes) -> bytes:
    """SHA-256 of stored inputs."""
    return hashlib.sha256(canonical).digest()


def result_digest(grade: Grade) -> bytes:
    """SHA-256 of the canonical result."""
    return hashlib.sha256(canonical_json(grade.plain())).digest()
