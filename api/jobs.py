"""The durable queue: jobs are rows in PostgreSQL, written in the transaction of the row they are about (ADR 0002).

`JobQueue` is the sending side (`storage.kernel.events.Events`); `build_worker_app` the receiving side. Handlers are idempotent: each looks at
the state of its row under a lock and does nothing when somebody was quicker, so a job that runs twice changes nothing.
"""

import logging
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import procrastinate
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from storage.database.session import CONNECT_TIMEOUT_S
from storage.kernel.events import Event
from storage.objects.errors import StoreUnavailable

log = logging.getLogger(__name__)

QUEUE: Final = "classproof"
COPIES: Final = "copies"  # what takes minutes has slots of its own: a verdict is followed at once, however many copies are still being made
SCREENING: Final = "screening"  # and neither waits for the recordings of a whole day that are being looked at
QUEUES: Final[Mapping[str, str]] = {
    "cut-clip": COPIES,
    "make-sheets": COPIES,
    "screen-recording": SCREENING,
    "compare-recording": SCREENING,
    "judge-head-counts": SCREENING,
    "judge-head-counts-lately": SCREENING,
}
# An engine restarts, or this worker is stopped: neither is the job's fault, so it waits as long as it takes.
PASSING: Final = (StoreUnavailable, OperationalError, InterfaceError, ConnectionError, JobAborted, CancelledError)
ATTEMPTS: Final = 8
POOL_TIMEOUT_S: Final = 10  # a worker without its database lets go after this, and begins anew
# What takes minutes waits for what takes a moment: a verdict is followed at once, however many copies are still to be made.
PRIORITIES: Final[Mapping[str, int]] = {
    "cut-clip": -10,
    "make-sheets": -20,
    "screen-recording": -30,
    "compare-recording": -30,
    "judge-head-counts": -30,
    "judge-head-counts-lately": -30,
}
Handler = Callable[..., object]


class JobQueue:
    """Enqueues what follows an event. `follows` maps event name → job names (api/wiring.py)."""

    def __init__(self, follows: Mapping[str, tuple[str, ...]]) -> None:
        self._follows = follows
        self._app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())  # never opened: it writes on our connection

    def publish(self, session: Session, event: Event) -> None:
        """Raises: KeyError — nobody declared what follows this event (a spelling mistake must not lose a job silently)."""
        for name in self._follows[event.name]:
            self.enqueue(session, name, event.payload)

    def enqueue(self, session: Session, name: str, payload: Mapping[str, str]) -> None:
        """One job in the session's transaction."""
        session.flush()
        raw = session.connection().connection.driver_connection
        self._app.configure_task(name=name, queue=QUEUES.get(name, QUEUE), priority=PRIORITIES.get(name, 0), connection=raw).defer(**payload)


class Patience(BaseRetryStrategy):
    """Back off exponentially up to five minutes. Passing faults are retried for ever, others `ATTEMPTS` times; then the job stays `failed`:
    the dead letter that `classproof jobs` names and an administrator starts again.
    """

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        passing = isinstance(exception, PASSING) or getattr(exception, "passing", False)
        if not passing and job.attempts + 1 >= ATTEMPTS:
            log.error("job %s %s failed for good: %r", job.id, job.task_name, exception)
            return None
        delay_s = min(0.5 * 2 ** min(job.attempts, 10), 300)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=delay_s))


def build_worker_app(url: str, handlers: Mapping[str, Handler]) -> procrastinate.App:
    """The application a worker runs: every handler under its job name."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url,
            min_size=1,
            max_size=8,
            timeout=POOL_TIMEOUT_S,
            kwargs={"options": "-c timezone=UTC", "connect_timeout": CONNECT_TIMEOUT_S},
        ),
    )
    for name, handler in handlers.items():
        app.task(name=name, queue=QUEUES.get(name, QUEUE), retry=Patience())(_as_task(handler))
    return app


def _as_task(handler: Handler) -> Callable[..., None]:
    def run(**payload: Any) -> None:  # Any: JSON of the job
        handler(**payload)

    return run
