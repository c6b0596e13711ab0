"""Real engines for the integration tests: one PostgreSQL and one SeaweedFS per run, shared by all xdist workers through the lease.

Each worker gets its own clone of the migrated database and its own buckets, so workers never see each other's rows or objects.
`session` rolls back after the test; a test that must commit takes `fresh_database`, a clone of its own.
"""

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from api.migrate import upgrade
from storage.database.session import SYSTEM, Database, apply_scope, make_engine
from storage.engines.addresses import Addresses
from storage.engines.engines import Engines
from storage.engines.lease import Lease
from storage.engines.roles import APP, DATABASE, OWNER
from storage.kernel.settings import Settings
from storage.objects.buckets import open_buckets, prepare_buckets
from storage.objects.port import Buckets
from tests.washing import Untouched, untouched_state, wash

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
TEMPLATE = "classproof_template"
_clones = itertools.count(1)


@dataclass(frozen=True)
class TestDatabase:
    """One clone of the migrated template, as seen by three roles."""

    __test__ = False

    name: str
    app_url: str
    owner_url: str
    superuser_url: str


def private_place(prefix: str) -> Path:
    """A new directory that the server's user `nobody` may enter (pytest's own temporary directories are closed to it)."""
    place = Path(tempfile.mkdtemp(prefix=prefix))
    place.chmod(0o755)
    return place


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One worker of this run at a time."""
    with _lock_file(name).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"classproof-tests-{RUN or os.getpid()}.{name}"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The data directory that all workers of a run share."""
    if not RUN:
        return private_place("classproof-tests-")
    place = Path(tempfile.gettempdir()) / f"classproof-tests-{RUN}"
    place.mkdir(mode=0o755, exist_ok=True)
    return place


@pytest.fixture(scope="session")
def engine_settings(data_dir: Path) -> Settings:
    """Embedded engines, whatever the environment says; no talk about a full disk."""
    return Settings(data_dir=data_dir, database_url=None, s3_endpoint=None, public_url="", s3_bucket_prefix="classproof", low_disk_bytes=1)


@pytest.fixture(scope="session")
def engines(engine_settings: Settings) -> Iterator[Engines]:
    """The embedded pair; the last worker to leave stops it and removes its directory."""
    with _alone("engines"):
        attached = Engines.attach(engine_settings)
    yield attached
    with _alone("engines"):
        attached.close()
        rest = Lease(attached.data_dir / "run")
        last = rest.nobody_holds()
        rest.release()
        if last:
            real_postgres = (attached.data_dir / "postgres").resolve()
            shutil.rmtree(attached.data_dir, ignore_errors=True)
            shutil.rmtree(real_postgres, ignore_errors=True)
            for name in ("engines", "template"):
                _lock_file(name).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def addresses(engines: Engines, migrated_database: TestDatabase) -> Addresses:
    """What the product would get from `Engines.addresses`, but for this worker's database and buckets."""
    s3 = replace(engines.addresses.s3, bucket_prefix=f"classproof-{WORKER}")
    return Addresses(database_url=migrated_database.app_url, migration_database_url=migrated_database.owner_url, s3=s3)


@pytest.fixture(scope="session")
def buckets(engines: Engines) -> Buckets:
    """This worker's three buckets, opened as the product's identity."""
    prefix = f"classproof-{WORKER}"
    prepare_buckets(replace(engines.bootstrap_s3(), bucket_prefix=prefix))
    return open_buckets(replace(engines.addresses.s3, bucket_prefix=prefix))


@pytest.fixture(scope="session")
def template_database(engines: Engines) -> str:
    """The migrated template, made once per run."""
    assert engines.postgres is not None
    with _alone("template"), psycopg.connect(engines.postgres.superuser_url(), autocommit=True) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (TEMPLATE,)).fetchone():
            building = f"{TEMPLATE}_building"
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(building)))
            _clone(connection, building, DATABASE)
            owner_password = engines.secrets.password("postgres-owner")
            upgrade(engines.postgres.url(OWNER, owner_password, building))
            connection.execute(sql.SQL("alter database {} rename to {}").format(sql.Identifier(building), sql.Identifier(TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="session")
def clone_database(engines: Engines, template_database: str) -> Callable[[str], TestDatabase]:
    """Make a clone of the migrated template under a name."""
    postgres = engines.postgres
    assert postgres is not None

    def clone(name: str) -> TestDatabase:
        with _alone("template"), psycopg.connect(postgres.superuser_url(), autocommit=True) as connection:
            _clone(connection, name, template_database)
        return TestDatabase(
            name=name,
            app_url=postgres.url(APP, engines.secrets.password("postgres-app"), name),
            owner_url=postgres.url(OWNER, engines.secrets.password("postgres-owner"), name),
            superuser_url=postgres.superuser_url(name),
        )

    return clone


def _clone(connection: psycopg.Connection[tuple[object, ...]], name: str, template: str) -> None:
    for statement in (
        "create database {name} template {template} owner {owner}",
        "revoke all on database {name} from public",
        "grant connect on database {name} to {app}",
    ):
        connection.execute(
            sql.SQL(statement).format(
                name=sql.Identifier(name), template=sql.Identifier(template), owner=sql.Identifier(OWNER), app=sql.Identifier(APP)
            )
        )


@pytest.fixture(scope="session")
def migrated_database(clone_database: Callable[[str], TestDatabase]) -> TestDatabase:
    """This worker's database, shared by its tests: leave no rows behind (see `session`)."""
    return clone_database(f"classproof_{WORKER}")


@pytest.fixture(scope="session")
def washed_databases() -> list[tuple[TestDatabase, Untouched]]:
    """Databases that earlier tests left and that are as new again."""
    return []


@pytest.fixture
def fresh_database(
    clone_database: Callable[[str], TestDatabase], washed_databases: list[tuple[TestDatabase, Untouched]], engines: Engines
) -> Iterator[TestDatabase]:
    """An empty migrated database for one test that commits."""
    if washed_databases:
        made, untouched = washed_databases.pop()
    else:
        made = clone_database(f"classproof_{WORKER}_{next(_clones)}")
        untouched = untouched_state(made.superuser_url)
    yield made
    assert engines.postgres is not None
    with psycopg.connect(engines.postgres.superuser_url(), autocommit=True) as connection:
        if as_new := wash(connection, made.name, made.superuser_url, untouched):
            washed_databases.append((made, as_new))
        else:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(made.name)))


@pytest.fixture(scope="session")
def database(migrated_database: TestDatabase) -> Iterator[Database]:
    """The worker's database as the product sees it: logged in as classproof_app."""
    made = Database(make_engine(migrated_database.app_url))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="session")
def owner_engine(migrated_database: TestDatabase) -> Iterator[Engine]:
    """The same database as its owner, for looking behind the product's back."""
    engine = make_engine(migrated_database.owner_url, pool_size=2)
    yield engine
    engine.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session in system scope whose work, commits included, is rolled back after the test. `apply_scope` changes the scope."""
    with database.engine.connect() as connection, connection.begin() as outer:
        with Session(bind=connection) as outside_savepoint:
            apply_scope(outside_savepoint, SYSTEM)
            with Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as made:
                yield made
        outer.rollback()
