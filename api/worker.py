"""The worker process: runs jobs of the queue, several at a time, each handler in a thread; its heartbeat keeps beating meanwhile."""

import asyncio
import logging
import signal

import procrastinate

from api.http.services import Services
from api.jobs import COPIES, QUEUE, SCREENING, build_worker_app
from api.pulse import beat
from api.wiring import job_handlers
from storage.kernel import scratch
from storage.media import sandbox

log = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
STALLED_S = 20.0


def run_worker(services: Services, database_url: str, *, concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; running jobs are finished first (30 s), then given back. What nobody waits for is given back at once."""
    left = scratch.sweep(services.settings.scratch)
    if left:
        log.warning("removed %d working folders of killed workers", left)
    asyncio.run(_work(services, database_url, concurrency))


async def _work(services: Services, database_url: str, concurrency: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    while not stopping.is_set():
        try:
            await _until_stopped(services, database_url, concurrency, stopping)
        except Exception:
            log.exception("worker lost its database, trying again")
            await _wait(stopping, 1.0)


async def _until_stopped(services: Services, database_url: str, concurrency: int, stopping: asyncio.Event) -> None:
    app = build_worker_app(database_url, job_handlers(services))
    async with app.open_async():
        running = asyncio.create_task(_lanes(app, concurrency))
        waiting = asyncio.create_task(stopping.wait())
        beating = asyncio.create_task(beat(database_url, "worker"))
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.is_set():
                sandbox.stop_background()
                running.cancel()
            await asyncio.gather(running, return_exceptions=stopping.is_set())
        finally:
            waiting.cancel()
            beating.cancel()


async def _lanes(app: procrastinate.App, concurrency: int) -> None:
    """When one lane loses its database the other is stopped too, and both begin anew."""
    async with asyncio.TaskGroup() as lanes:
        for queue in (QUEUE, COPIES, SCREENING):
            # a copy uses two threads: one after the other, the first is ready in half the time
            lanes.create_task(_lane(app, queue, max(concurrency // 2, 1) if queue == COPIES else concurrency))


async def _lane(app: procrastinate.App, queue: str, concurrency: int) -> None:
    """Take jobs of one queue. Each has slots of its own, so that what takes a moment never waits for copies being made."""
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        install_signal_handlers=False,
        fetch_job_polling_interval=2.0,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=STALLED_S,
        shutdown_graceful_timeout=30.0,
        delete_jobs="never",
    )


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
