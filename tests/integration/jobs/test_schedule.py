"""Schedulers, leaders and jobs on a real PostgreSQL: each slot once, with its job or not at all, whoever dies meanwhile. ADR 0002, 0003."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta

import psycopg
import pytest

from api.http.services import Services
from api.schedule import FREEZE_LIMIT_MS, LOCK_KEY, Scheduler, Timed
from storage.database.session import SYSTEM
from storage.kernel.events import Event
from tests.integration.conftest import TestDatabase
from tests.site_fixtures import Hands

EVERY = timedelta(minutes=1)
TIMETABLE = (Timed("mark-overdue", EVERY, catch_up=True), Timed("patrol", EVERY))


def jobs(database: TestDatabase) -> list[str]:
    with psycopg.connect(database.superuser_url) as connection:
        return [name for (name,) in connection.execute("select task_name from procrastinate_jobs order by id")]


def firings(database: TestDatabase, task: str) -> int:
    with psycopg.connect(database.superuser_url) as connection:
        row = connection.execute("select count(*), count(distinct slot_at) from schedule_firing where task = %s", (task,)).fetchone()
    assert row is not None
    assert row[0] == row[1]
    return int(row[0])


def wait_for(what: Callable[[], bool], seconds: float = 15) -> None:
    """Until `what()` or the test fails."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if what():
            return
        tick.wait(0.05)
    pytest.fail("waited in vain")


@pytest.fixture
def schedulers(services: Services, fresh_database: TestDatabase) -> Iterator[Callable[[int], list[Scheduler]]]:
    """Makes schedulers that are stopped after the test."""
    made: list[Scheduler] = []

    def make(count: int) -> list[Scheduler]:
        made.extend(Scheduler(services, fresh_database.app_url, timetable=TIMETABLE) for _ in range(count))
        return made[-count:]

    yield make
    for scheduler in made:
        scheduler.stopping.set()


@contextmanager
def running(*schedulers: Scheduler) -> Iterator[list[threading.Thread]]:
    threads = [threading.Thread(target=scheduler.run, daemon=True) for scheduler in schedulers]
    for thread in threads:
        thread.start()
    yield threads
    for scheduler in schedulers:
        scheduler.stopping.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_schedulers_that_tick_at_once_fire_each_slot_once_and_catch_up_what_was_missed(
    schedulers: Callable[[int], list[Scheduler]], fresh_database: TestDatabase, hands: Hands
) -> None:
    hands.stop()  # a slot that comes while the test runs is one more than it counts
    several = schedulers(4)
    together = threading.Barrier(len(several), timeout=30)

    def tick(scheduler: Scheduler) -> int:
        together.wait()
        return scheduler.tick()

    with ThreadPoolExecutor(len(several)) as pool:
        assert sum(pool.map(tick, several)) == 2
        assert sorted(jobs(fresh_database)) == ["mark-overdue", "patrol"]
        hands.forward(minutes=30)
        assert sum(pool.map(tick, several)) == 31
    assert (firings(fresh_database, "mark-overdue"), firings(fresh_database, "patrol")) == (31, 2)
    assert (jobs(fresh_database).count("mark-overdue"), jobs(fresh_database).count("patrol")) == (31, 2)
    assert several[0].tick() == 0


def test_a_slot_whose_job_cannot_be_written_is_not_fired_and_comes_again(
    schedulers: Callable[[int], list[Scheduler]], fresh_database: TestDatabase
) -> None:
    (scheduler,) = schedulers(1)
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        owner.execute("revoke insert on procrastinate_jobs from classproof_app")
        assert scheduler.tick() == 0
        assert (firings(fresh_database, "mark-overdue"), jobs(fresh_database)) == (0, [])
        owner.execute("grant insert on procrastinate_jobs to classproof_app")
    assert scheduler.tick() == 2
    assert (firings(fresh_database, "mark-overdue"), len(jobs(fresh_database))) == (1, 2)


def test_a_job_is_there_if_and_only_if_its_transaction_was_committed(services: Services, fresh_database: TestDatabase) -> None:
    event = Event("recording.catalogued", {"recording_id": "00000000-0000-0000-0000-000000000001"})
    with suppress(ConnectionAbortedError), services.database.transaction(SYSTEM) as session:
        services.events.publish(session, event)
        raise ConnectionAbortedError
    assert jobs(fresh_database) == []
    with services.database.transaction(SYSTEM) as session:
        services.events.publish(session, event)
        assert jobs(fresh_database) == [], "nobody may see it before the commit"
    assert jobs(fresh_database) == ["confirm-recording", "issue-receipt"]
    with pytest.raises(KeyError), services.database.transaction(SYSTEM) as session:
        services.events.publish(session, event)
        services.events.publish(session, Event("recording.misspelt", {}))
    assert len(jobs(fresh_database)) == 2


def test_one_leads_and_when_it_leaves_or_loses_its_session_there_is_a_leader_again(
    schedulers: Callable[[int], list[Scheduler]], fresh_database: TestDatabase
) -> None:
    first, second = schedulers(2)
    with running(first):
        wait_for(first.leading.is_set)
        wait_for(lambda: firings(fresh_database, "patrol") == 1)
        with running(second):
            with psycopg.connect(fresh_database.superuser_url, autocommit=True) as behind:
                here = "database = (select oid from pg_database where datname = current_database())"
                holders = f"select pid from pg_locks where locktype = 'advisory' and objid = %s and granted and {here}".encode()
                ((pid,),) = behind.execute(holders, (LOCK_KEY,)).fetchall()
                assert not second.leading.is_set()
                behind.execute("select pg_terminate_backend(%s)", (pid,))
                wait_for(lambda: [row for row in behind.execute(holders, (LOCK_KEY,)) if row[0] != pid] != [])
            wait_for(lambda: first.leading.is_set() != second.leading.is_set())
            first.stopping.set()
            wait_for(second.leading.is_set)


def test_a_leader_that_froze_is_replaced_when_its_session_has_been_silent_too_long(
    schedulers: Callable[[int], list[Scheduler]], fresh_database: TestDatabase
) -> None:
    """The frozen one is a session with the leader's own settings that never says anything again."""
    (standby,) = schedulers(1)
    with psycopg.connect(fresh_database.app_url, autocommit=True, options=f"-c idle_session_timeout={FREEZE_LIMIT_MS}") as frozen:
        assert frozen.execute("select pg_try_advisory_lock(%s)", (LOCK_KEY,)).fetchone() == (True,)
        with running(standby):
            wait_for(standby.leading.is_set)
            wait_for(lambda: firings(fresh_database, "patrol") == 1)
        with pytest.raises(psycopg.OperationalError):
            frozen.execute("select 1")
