"""Jobs that failed for good: what an administrator sees and starts again when the cause is gone (I8). docs/design/jobs.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

_FAILED: Final = """
    select j.id, j.task_name, j.args, j.attempts, max(e.at) from procrastinate_jobs j left join procrastinate_events e on e.job_id = j.id
    where j.status = 'failed' group by j.id order by j.id
"""
_AGAIN: Final = "update procrastinate_jobs set status = 'todo', attempts = 0, scheduled_at = null where id = %s and status = 'failed'"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that was tried as often as it may be. `failed_at`: its last event."""

    id: int
    task: str
    payload: Mapping[str, Any]  # Any: JSON of the job
    attempts: int
    failed_at: datetime | None


def dead_letters(database_url: str) -> list[DeadLetter]:
    """All of them, oldest first. Raises: psycopg.OperationalError."""
    with psycopg.connect(database_url) as connection:
        return [DeadLetter(*row) for row in connection.execute(_FAILED)]


def try_again(database_url: str, job_id: int) -> bool:
    """Put a failed job back into the queue, with all its attempts. False: there is no such failed job. Handlers are idempotent."""
    with psycopg.connect(database_url) as connection:
        return connection.execute(_AGAIN, (job_id,)).rowcount == 1
