"""A run that was lost with its worker is no fault of the job's, until the job is what kills the workers."""

import asyncio

import procrastinate
from procrastinate.jobs import Job

from api import schedule
from api.http.services import Services
from api.jobs import ATTEMPTS, JobQueue, Patience
from storage.database.session import SYSTEM
from tests.integration.conftest import TestDatabase


async def _killed(url: str, times: int) -> Job:
    """The job as it stands after that many workers began it and went without a word."""
    async with procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url)).open_async() as app:
        for _ in range(times):
            worker = await app.job_manager.register_worker()
            job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
            assert job is not None and job.task_name == "screen-recording"
            assert await schedule.retry_stalled(url, seconds=0) == 1
            await app.job_manager.unregister_worker(worker)
        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
        assert job is not None
        return job


def test_kills_are_not_counted_as_attempts_until_there_are_too_many(services: Services, fresh_database: TestDatabase) -> None:
    url = fresh_database.app_url
    with services.database.transaction(SYSTEM) as session:
        JobQueue({}).enqueue(session, "screen-recording", {"recording_id": "killed"})
    job = asyncio.run(_killed(url, ATTEMPTS + 2))
    assert job.attempts == 0
    assert Patience().get_retry_decision(exception=ValueError("its own first fault"), job=job) is not None
    asyncio.run(schedule.retry_stalled(url, seconds=0))
    worst = asyncio.run(_killed(url, schedule.SUSPECT))
    assert worst.attempts >= ATTEMPTS
    assert Patience().get_retry_decision(exception=ValueError("poison"), job=worst) is None
    assert Patience().get_retry_decision(exception=ConnectionError("an engine restarts"), job=worst) is not None
