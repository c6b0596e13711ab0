"""A job that failed for good is named, and is done when an administrator starts it again. I8."""

from collections.abc import Callable

import psycopg
import pytest

from api import wiring
from api.dead_letters import dead_letters, try_again
from api.http.services import Services
from api.jobs import ATTEMPTS
from storage.database.session import SYSTEM
from tests.integration.conftest import TestDatabase


def test_a_job_that_failed_for_good_is_named_and_done_when_it_is_started_again(
    services: Services, fresh_database: TestDatabase, run_jobs: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, done = fresh_database.app_url, list[str]()

    def fail(_services: Services) -> None:
        raise ValueError

    with services.database.transaction(SYSTEM) as session:
        services.events.enqueue(session, "patrol", {})
    monkeypatch.setattr(wiring, "_patrol", fail)
    for _ in range(ATTEMPTS - 1):
        run_jobs()
        assert dead_letters(url) == []
        with psycopg.connect(url) as connection:
            connection.execute("update procrastinate_jobs set scheduled_at = null where status = 'todo'")
    with pytest.raises(AssertionError):  # `run_jobs` fails with what failed for good
        run_jobs()
    (letter,) = dead_letters(url)
    assert (letter.task, letter.payload, letter.failed_at is not None) == ("patrol", {}, True)
    monkeypatch.setattr(wiring, "_patrol", lambda _: done.append("patrol"))
    assert not try_again(url, letter.id + 1)
    assert try_again(url, letter.id)
    assert dead_letters(url) == []
    assert not try_again(url, letter.id), "it is no dead letter any more"
    run_jobs()
    assert done == ["patrol"]
