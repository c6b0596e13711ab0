"""Alembic's entry. The database address is handed over by `api.migrate`; nothing is read from the environment here."""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, pool

from api.tables import METADATA

OWNED_ELSEWHERE = ("procrastinate_",)  # tables of the job queue: their own versioned SQL


def _include(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:  # Any: Alembic's hook
    return not (kind in ("table", "index") and name is not None and name.startswith(OWNED_ELSEWHERE))


def run() -> None:
    """Migrate over the connection or the address found in the configuration."""
    config = context.config
    connection = config.attributes.get("connection")
    if connection is not None:
        _run(connection)
        return
    engine = create_engine(config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as opened:
        _run(opened)


def _run(connection: Any) -> None:  # Any: Connection, as Alembic hands it
    context.configure(connection=connection, target_metadata=METADATA, include_object=_include, compare_type=True, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run()
