"""Looks at the catalogue from outside, all the time: no row may ever claim what the store does not enforce, and what was acknowledged stays."""

import threading
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from storage.database.session import SYSTEM
from storage.objects.errors import ObjectMissing, StoreUnavailable
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState
from supervision.footage.models import Recording
from tests.integration.chaos.house import House

EVERY_S = 0.03
LOST = (RecordingState.UPLOADING, RecordingState.ABANDONED, RecordingState.REJECTED, RecordingState.ALARM)


class Watch:
    """A thread with connections of its own.

    `lies`: what it saw that must never be. `looks`: how often both engines answered it. `states`: of every recording, as last seen.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._proven: set[UUID] = set()
        self._acknowledged: set[UUID] = set()
        self.states: dict[UUID, RecordingState] = {}
        self.lies: list[str] = []
        self.looks = 0

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def acknowledged(self, recording_id: UUID) -> None:
        """The site answered that it has this recording: from now on it must never be less than received."""
        self._acknowledged.add(recording_id)

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            try:
                self._look()
            except (DBAPIError, StoreUnavailable):
                continue  # an engine is away: what it claims is looked at when it is back
            self.looks += 1

    def _look(self) -> None:
        acknowledged = set(self._acknowledged)
        with self._house.services.database.transaction(SYSTEM) as session:
            rows = session.execute(select(Recording.id, Recording.state, Recording.object_key, Recording.version_id, Recording.retain_until)).all()
        self.states = {row.id: row.state for row in rows}
        self.lies += [f"{row.id} was acknowledged and is {row.state}" for row in rows if row.id in acknowledged and row.state in LOST]
        self.lies += [f"{gone} was acknowledged and is gone" for gone in acknowledged - {row.id for row in rows}]
        for row in rows:
            if row.state in CATALOGUED_STATES and row.id not in self._proven:
                self._ask_the_store(row.id, row.object_key, row.version_id, row.retain_until)

    def _ask_the_store(self, recording_id: UUID, key: str, version_id: str | None, until: datetime | None) -> None:
        try:
            lock = self._house.services.buckets.evidence.retention(key, version_id) if version_id else None
        except ObjectMissing:
            lock = None
        if lock is None or until is None or lock.mode != "COMPLIANCE" or lock.until < until:
            self.lies.append(f"{recording_id} is catalogued until {until}, the store says {lock}")
        else:
            self._proven.add(recording_id)
