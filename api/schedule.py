"""The scheduler process: decides *when*; the queue makes it happen once (ADR 0003).

Any number may run. The one that holds an advisory lock leads and runs APScheduler with an in-memory timetable; a tick does no work, it
inserts its slot and enqueues the job in one transaction, and the slot's primary key lets it happen once. The lock's session is pinged; when
the leader dies, freezes or loses its database, PostgreSQL ends that session and another takes over. Missed slots are caught up.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import procrastinate
import psycopg
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from api.http.services import Services
from api.log_keeper import publish_heads, sequence_pending
from api.pulse import pulse_name
from api.schedule_models import Firing
from storage.database.session import CONNECT_TIMEOUT_S, SYSTEM
from storage.kernel.errors import DomainError
from storage.objects.errors import StoreUnavailable

log = logging.getLogger(__name__)

LOCK_KEY: Final = 0x636C5F73  # "cl_s"
FREEZE_LIMIT_MS: Final = 3000
SUSPECT: Final = 40  # runs after which a job whose workers keep dying is taken for the cause
_FORGIVE: Final = """
    UPDATE procrastinate_jobs SET attempts = attempts - 1
    WHERE id = %(job_id)s AND attempts > 0
      AND (SELECT count(*) FROM procrastinate_events WHERE job_id = %(job_id)s AND type = 'started') < %(most)s
"""
EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Timed:
    """A job and how often its slots come. `catch_up`: every missed slot is fired, otherwise only the latest."""

    job: str
    every: timedelta
    catch_up: bool = False


TIMETABLE: Final[Sequence[Timed]] = (
    Timed("mark-overdue", timedelta(minutes=5)),
    Timed("expire-uploads", timedelta(hours=1)),
    Timed("discard-refused", timedelta(days=1)),
    Timed("sweep-orphans", timedelta(hours=6)),
    Timed("expire-clips", timedelta(hours=1)),
    Timed("end-releases", timedelta(minutes=10)),
    Timed("extend-locks", timedelta(hours=1)),
    Timed("settle-retention", timedelta(hours=1)),
    Timed("settle-destructions", timedelta(hours=1)),
    Timed("patrol", timedelta(minutes=10)),
    Timed("miss-visits", timedelta(minutes=10)),
    Timed("keep-approvals", timedelta(minutes=10)),
    Timed("remind-findings", timedelta(hours=1)),
    Timed("open-looks", timedelta(hours=1)),
    Timed("expire-credit-items", timedelta(hours=1)),
    Timed("reread-ratings", timedelta(hours=1)),  # what fell away while a rating was not in force yet
    Timed("detect-interests", timedelta(hours=1)),
    Timed("detect-exits", timedelta(days=1)),
    Timed("end-exit-terms", timedelta(hours=1)),
    Timed("forget-sign-ins", timedelta(days=1)),
    Timed("check-copies", timedelta(days=1)),
    Timed("judge-head-counts-lately", timedelta(days=1)),
)


def slot_before(instant: datetime, every: timedelta) -> datetime:
    """The last slot at or before an instant; slots are multiples of `every` since a fixed day, the same for every process."""
    return EPOCH + ((instant - EPOCH) // every) * every


def due_slots(timed: Timed, last: datetime | None, now: datetime) -> list[datetime]:
    """Slots to fire now. Pure."""
    latest = slot_before(now, timed.every)
    if last is not None and last >= latest:
        return []
    if last is None or not timed.catch_up:
        return [latest]
    return [last + timed.every * n for n in range(1, (latest - last) // timed.every + 1)]


class Scheduler:
    """One scheduler process."""

    def __init__(self, services: Services, database_url: str, *, timetable: Sequence[Timed] = TIMETABLE) -> None:
        self._services = services
        self._url = database_url
        self._timetable = timetable
        self._queue = services.events
        self._me = f"{os.uname().nodename}/{os.getpid()}"
        self.stopping = threading.Event()
        self.leading = threading.Event()

    def run(self) -> None:
        """Lead when the lock is free, stand by otherwise, until `stopping` is set."""
        while not self.stopping.is_set():
            try:
                self._lead()
            except psycopg.Error as error:
                log.warning("scheduler %s: %s", self._me, error)
            self.stopping.wait(0.5)

    def _lead(self) -> None:
        options = f"-c idle_session_timeout={FREEZE_LIMIT_MS}"
        with psycopg.connect(
            self._url, autocommit=True, options=options, application_name=pulse_name("scheduler"), connect_timeout=CONNECT_TIMEOUT_S
        ) as lock:
            if not self._stands_by(lock):
                return
            scheduler = BackgroundScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}, timezone=UTC)
            scheduler.add_job(self.tick, IntervalTrigger(seconds=1), id="tick")
            scheduler.add_job(self._sequence, IntervalTrigger(seconds=1), id="sequence")
            scheduler.add_job(self._publish, IntervalTrigger(seconds=20), id="publish")
            scheduler.add_job(self._reap, IntervalTrigger(seconds=10), id="reap")
            scheduler.start()
            self.leading.set()
            log.info("scheduler %s leads", self._me)
            try:
                while not self.stopping.wait(0.5):
                    lock.execute("select 1")
            finally:
                self.leading.clear()
                scheduler.shutdown(wait=True)

    def _stands_by(self, lock: "psycopg.Connection[tuple[bool]]") -> bool:
        """Wait for the leader's lock on one session, which is also what a health check sees. False when told to stop first."""
        while not self.stopping.is_set():
            row = lock.execute("select pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone()
            if row is not None and row[0]:
                return True
            self.stopping.wait(0.5)
        return False

    def tick(self) -> int:
        """Fire what is due, each slot with its job or not at all. Returns how many slots; of two schedulers that tick at once one fires a slot."""
        fired = 0
        try:
            now = self._services.clock.now_at()
            with self._services.database.transaction(SYSTEM) as session:
                for timed in self._timetable:
                    last = session.scalar(select(func.max(Firing.slot_at)).where(Firing.task == timed.job))
                    for slot in due_slots(timed, last, now):
                        done = session.execute(
                            insert(Firing)
                            .values(task=timed.job, slot_at=slot, fired_at=now, fired_by=self._me)
                            .on_conflict_do_nothing()
                            .returning(Firing.task)
                        ).first()
                        if done is not None:
                            self._queue.enqueue(session, timed.job, {})
                            fired += 1
        except (SQLAlchemyError, procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
            log.warning("tick: %s", error)
            return 0
        return fired

    def _sequence(self) -> None:
        """Give pending ledger entries their place and sign a checkpoint."""
        try:
            sequence_pending(self._services)
        except (SQLAlchemyError, StoreUnavailable) as error:
            log.warning("sequencing: %s", error)
        except DomainError:
            log.exception("the ledger refuses to be extended: run `classproof fsck`")

    def _publish(self) -> None:
        """Copy the log's heads to the locked bucket: what a rewritten database is compared with."""
        try:
            publish_heads(self._services)
        except (SQLAlchemyError, StoreUnavailable) as error:
            log.warning("publishing: %s", error)
        except DomainError:
            log.exception("the ledger's heads cannot be published: run `classproof fsck`")

    def _reap(self) -> None:
        """Give back the jobs of workers that died. Not itself a job: a queue that stands still must still be reaped."""
        try:
            count = asyncio.run(retry_stalled(self._url))
        except (procrastinate.exceptions.ConnectorException, psycopg.Error) as error:
            log.warning("reaping: %s", error)
            return
        if count:
            log.warning("gave back %d jobs of dead workers", count)


async def retry_stalled(url: str, *, seconds: float = 20.0) -> int:
    """Requeue jobs whose worker stopped beating. Returns how many.

    Procrastinate counts the lost run as an attempt of the job. A power cut is not the job's fault: it is taken off again, so that what was
    killed often keeps its tries for faults of its own. Only a job that was begun `SUSPECT` times may be what kills the workers; there it counts.
    """
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=1, kwargs={"connect_timeout": CONNECT_TIMEOUT_S})
    app = procrastinate.App(connector=connector)
    async with app.open_async():
        stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=seconds))
        for job in stalled:
            await app.job_manager.retry_job(job)
            await app.connector.execute_query_async(_FORGIVE, job_id=job.id, most=SUSPECT)
        return len(stalled)
