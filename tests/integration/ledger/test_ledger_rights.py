"""What the database refuses: to the application's role everything but adding, to the owner everything but adding."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from storage.database.session import SYSTEM
from tests.integration.ledger.conftest import LedgerDatabase
from tests.integration.ledger.test_ledger_log import fill, make_case, run

TABLES = ("ledger_entry", "ledger_pending", "ledger_leaf", "ledger_tile", "ledger_checkpoint", "state_move")
UPDATES = {
    "ledger_entry": "body = 'x'",
    "ledger_pending": "entry_id = entry_id",
    "ledger_leaf": "leaf_hash = leaf_hash",
    "ledger_tile": "hashes = hashes",
    "ledger_checkpoint": "note = ''",
    "state_move": "reason = 'other'",
}


@pytest.fixture
def filled(ledger_db: LedgerDatabase, log_key: Ed25519PrivateKey) -> LedgerDatabase:
    make_case(ledger_db)
    fill(ledger_db, 5)
    run(ledger_db, log_key)
    fill(ledger_db, 1)
    return ledger_db


def refused(db: LedgerDatabase, statement: str) -> str:
    with pytest.raises(ProgrammingError) as caught, db.app.transaction(SYSTEM) as session:
        session.execute(text(statement))
    return str(caught.value.orig)


@pytest.mark.parametrize("table", TABLES)
def test_the_application_may_not_change_or_remove_a_line(filled: LedgerDatabase, table: str) -> None:
    for statement in (
        f"update {table} set {UPDATES[table]}",
        f"delete from {table}",
        f"truncate {table} cascade",
    ):
        assert "permission denied" in refused(filled, statement)
    for statement in (f"alter table {table} disable trigger all", f"drop table {table} cascade", f"alter table {table} disable row level security"):
        assert "must be owner" in refused(filled, statement)


@pytest.mark.parametrize("table", ["ledger_pending", "ledger_leaf", "ledger_tile"])
def test_the_application_may_not_write_the_sequencers_tables_itself(filled: LedgerDatabase, table: str) -> None:
    assert "permission denied" in refused(filled, f"insert into {table} select * from {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "set session_replication_role = replica",
        "alter function ledger_take(integer) owner to classproof_app",
        "create or replace function ledger_refuse() returns trigger language plpgsql as $$ begin return null; end $$",
        "set role classproof_owner",
        "select ledger_queue()",
    ],
)
def test_the_application_may_not_switch_the_guards_off(filled: LedgerDatabase, statement: str) -> None:
    with pytest.raises(DBAPIError), filled.app.transaction(SYSTEM) as session:
        session.execute(text(statement))


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ("ledger_pending", "ledger_tile")])
def test_the_owner_is_refused_by_the_triggers(filled: LedgerDatabase, table: str) -> None:
    for statement in (f"update {table} set {UPDATES[table]}", f"delete from {table}", f"truncate {table} cascade"):
        with pytest.raises(ProgrammingError, match="append-only"), filled.owner.begin() as connection:
            connection.execute(text("select set_config('app.scope', 'system', true)"))
            connection.execute(text(statement))


def test_the_triggers_also_bind_a_superuser_in_replica_mode(filled: LedgerDatabase) -> None:
    for table in ("ledger_entry", "ledger_leaf", "ledger_checkpoint", "state_move"):
        with pytest.raises(ProgrammingError, match="append-only"), filled.superuser.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(text(f"update {table} set {UPDATES[table]}"))


@pytest.mark.parametrize(
    "change",
    [
        "hashes = hashes",
        "hashes = substring(hashes from 1 for 32)",
        "hashes = overlay(hashes placing decode('00', 'hex') from 1) || hashes",
        "idx = 7",
    ],
)
def test_a_tile_can_only_grow(filled: LedgerDatabase, change: str) -> None:
    with pytest.raises(ProgrammingError, match="only grows"), filled.owner.begin() as connection:
        connection.execute(text(f"update ledger_tile set {change}"))
    with pytest.raises(ProgrammingError, match="append-only"), filled.owner.begin() as connection:
        connection.execute(text("delete from ledger_tile"))


@pytest.mark.parametrize("size", [0, 3, 6, 100])
def test_a_checkpoint_covers_all_leaves_and_more_than_the_last(filled: LedgerDatabase, size: int) -> None:
    with pytest.raises(DBAPIError, match="checkpoint"), filled.app.transaction(SYSTEM) as session:
        session.execute(text("insert into ledger_checkpoint (size, note, at) values (:size, 'forged', now())"), {"size": size})


def test_an_entry_cannot_be_written_without_being_queued(filled: LedgerDatabase) -> None:
    insert = (
        "insert into ledger_entry (at, actor_kind, actor_name, actor_role, action, subject, body)"
        " values (now(), 'system', 'x', 'x', 'a.b', 'a/1', 'body') returning id"
    )
    with filled.app.transaction(SYSTEM) as session:
        entry_id = session.scalar(text(insert))
        assert session.scalar(text("select true from ledger_pending where entry_id = :id"), {"id": entry_id})
