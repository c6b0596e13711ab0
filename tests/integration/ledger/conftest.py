"""A migrated database of its own for every ledger test, since nothing can be taken out of a log again."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, text

from storage.database.session import Database, make_engine
from storage.engines.roles import APP
from tests.integration.conftest import TestDatabase
from tests.integration.ledger.cases import CaseBase


@dataclass(frozen=True)
class LedgerDatabase:
    """One log seen by three roles: the application, the owner of the schema, a superuser."""

    app: Database
    owner: Engine
    superuser: Engine


@pytest.fixture
def ledger_db(fresh_database: TestDatabase) -> Iterator[LedgerDatabase]:
    made = LedgerDatabase(
        Database(make_engine(fresh_database.app_url)), make_engine(fresh_database.owner_url), make_engine(fresh_database.superuser_url)
    )
    with made.owner.begin() as connection:
        CaseBase.metadata.create_all(connection)
        connection.execute(text(f"grant select, insert, update on ledger_case to {APP}"))
    yield made
    for engine in (made.app.engine, made.owner, made.superuser):
        engine.dispose()


@pytest.fixture
def log_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
