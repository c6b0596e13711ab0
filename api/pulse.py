"""How a health check sees that a process lives: a database session of its own that the process pings, named after part and machine.

A row of its own would say the same, but would need a table and sweeping; a session ends with its process, and a frozen one stops being pinged.
"""

import asyncio
import logging
import os
from dataclasses import dataclass
from typing import Final

import psycopg

log = logging.getLogger(__name__)

BEAT_S: Final = 2.0
FROZEN_MS: Final = 30_000  # PostgreSQL ends the session of a process that stands still
LONGEST_NAME: Final = 63  # PostgreSQL cuts application_name there
PULSES: Final = """
    select extract(epoch from clock_timestamp() - a.state_change)::float,
        exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' and l.granted)
    from pg_stat_activity a where a.application_name = %s and a.datname = current_database()
    order by a.state_change desc limit 1
"""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`age_s` since the last ping; `leads`: it holds an advisory lock, as the leading scheduler does."""

    age_s: float
    leads: bool


def pulse_name(part: str) -> str:
    """The session's application_name: `classproof-worker@<this machine or container>`."""
    return f"classproof-{part}@{os.uname().nodename}"[:LONGEST_NAME]


async def beat(url: str, part: str) -> None:
    """Ping until cancelled, from the event loop of the process, so that a loop that stands still is seen; reconnects when the database was away."""
    options = f"-c idle_session_timeout={FROZEN_MS}"
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True, options=options, application_name=pulse_name(part)) as session:
                while True:
                    await session.execute("select 1")
                    await asyncio.sleep(BEAT_S)
        except psycopg.OperationalError as error:
            log.warning("pulse of %s: %s", part, error)
            await asyncio.sleep(1.0)


def find_pulse(url: str, part: str) -> Pulse | None:
    """The freshest pulse of this machine's process. Raises: psycopg.OperationalError."""
    with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
        row = connection.execute(PULSES, (pulse_name(part),)).fetchone()
    return Pulse(float(row[0]), bool(row[1])) if row else None
