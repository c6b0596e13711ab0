"""The composed product for tests: `services` on a database of the test's own, `run_jobs` instead of a worker process, `site` behind HTTP."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI

from api.auth import accounts
from api.auth.access import MatrixRow, matrix
from api.http.services import Services
from api.jobs import COPIES, QUEUE, SCREENING, JobQueue, build_worker_app
from api.listening import server_config
from api.main import create_app, serve_with_headers
from api.policy import Policy
from api.wiring import FOLLOWS, job_handlers
from compliance.policy.book import Book
from storage.database.session import Database, make_engine
from storage.engines.engines import Engines
from storage.kernel.clock import Clock
from storage.kernel.settings import Settings
from storage.objects.port import Buckets
from tests.remembered_children import remembering

if TYPE_CHECKING:
    from tests.engine_fixtures import TestDatabase


@dataclass
class Hands:
    """A clock that tests turn. It starts at the real time, because the store checks signatures and locks against its own."""

    ahead: timedelta = field(default_factory=timedelta)
    stopped_at: datetime | None = None

    def now(self) -> datetime:
        return (self.stopped_at or datetime.now(UTC)) + self.ahead

    def stop(self) -> None:
        """From now on only `forward` moves it: for what depends on the second, without the store."""
        self.stopped_at = datetime.now(UTC)

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@pytest.fixture
def hands() -> Hands:
    return Hands()


def make_services(engines: Engines, url: str, buckets: Buckets, settings: Settings, hands: Hands) -> Services:
    """What the API and the worker get, on one database."""
    return Services(
        database=Database(make_engine(url, pool_size=10)),
        clock=Clock(hands.now),
        settings=settings,
        buckets=buckets,
        secrets=engines.secrets,
        events=JobQueue(FOLLOWS),
        policy=Policy(Book.load()),
        engines=engines,
    )


@pytest.fixture(scope="session", autouse=True)
def remembered_hashes() -> Iterator[None]:
    """The same password is hashed once per run: a hash costs a fifth of a second, and tests make thousands of people."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts, "hash_password", cache(accounts.hash_password))
        yield


@pytest.fixture
def remembered_children(engines: Engines) -> Iterator[None]:
    """The same question about the same film is answered by a confined child once per run."""
    with remembering(engines.data_dir / "children"):
        yield


@pytest.fixture
def services(
    engines: Engines,
    fresh_database: "TestDatabase",
    buckets: Buckets,
    engine_settings: Settings,
    hands: Hands,
    tmp_path: Path,
    remembered_children: None,
) -> Iterator[Services]:
    """The product on a database of this test alone; the buckets are the worker's, keys never meet."""
    settings = engine_settings.model_copy(update={"scratch_dir": tmp_path / "scratch"})
    made = make_services(engines, fresh_database.app_url, buckets, settings, hands)
    yield made
    made.database.engine.dispose()


@pytest.fixture
def screening_lane() -> bool:
    """Whether `run_jobs` screens as well: seconds for each recording, so only tests of screening say yes."""
    return False


@pytest.fixture
def run_jobs(services: Services, fresh_database: "TestDatabase", screening_lane: bool) -> Callable[[], None]:
    """Run every job that is due, and what follows from it, in this process."""
    return lambda: drain(services, fresh_database.app_url, screening=screening_lane)


def drain(services: Services, url: str, *, screening: bool = False) -> None:
    """A worker that stops when its queues are empty. A job that fails for good fails the test."""

    async def work() -> None:
        app = build_worker_app(url, job_handlers(services))
        async with app.open_async():
            await app.run_worker_async(
                queues=[QUEUE, COPIES, SCREENING] if screening else [QUEUE, COPIES],
                wait=False,
                install_signal_handlers=False,
                concurrency=1,
                listen_notify=False,
                delete_jobs="successful",
            )

    asyncio.run(work())
    with psycopg.connect(url) as connection:
        failed = connection.execute("select task_name, args from procrastinate_jobs where status = 'failed'").fetchall()
    assert not failed, failed


@dataclass(frozen=True)
class Site:
    """The real application behind a real HTTP server."""

    url: str
    services: Services


_IDLE: list[FastAPI] = []


@contextmanager
def application_of(services: Services) -> Iterator[FastAPI]:
    """The application, its four hundred routes read once per process: it keeps nothing between requests but its services."""
    app = _IDLE.pop() if _IDLE else create_app(services)
    app.state.services = services
    yield app
    _IDLE.append(app)


def rows_of_routes(services: Services) -> list[MatrixRow]:
    """What every route says about who may use it, as the application has them. Making one anew for this takes half a second."""
    with application_of(services) as app:
        return matrix(app)


@contextmanager
def serving(services: Services) -> Iterator[Site]:
    """uvicorn in a thread on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = replace(services, settings=services.settings.model_copy(update={"host": "127.0.0.1", "port": port}))
    with application_of(running) as app:
        server = uvicorn.Server(server_config(serve_with_headers(app, running), running.settings))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        tick = threading.Event()
        while not server.started:
            assert thread.is_alive()
            tick.wait(0.01)
        try:
            yield Site(f"http://127.0.0.1:{port}", running)
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.fixture
def site(services: Services) -> Iterator[Site]:
    with serving(services) as running:
        yield running
