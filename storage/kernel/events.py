"""How a stage says that something happened without knowing who cares.

A service publishes an `Event` in its own transaction; `api/wiring.py` maps event names to jobs and enqueues them on the same
connection, so the job exists if and only if the row it is about was committed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Event:
    """`name` like `recording.received`; `payload` is JSON-plain (ids as text)."""

    name: str
    payload: Mapping[str, str] = field(default_factory=dict)


class Events(Protocol):
    """The outgoing side of a stage."""

    def publish(self, session: Session, event: Event) -> None:
        """Enqueue what follows from `event`, in the session's transaction."""
