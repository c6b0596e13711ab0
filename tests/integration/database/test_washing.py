"""A database that is handed to a second test must be as new, or not be handed on."""

from collections.abc import Callable

import psycopg
import pytest

from api.http.services import Services
from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.kernel.actor import SYSTEM_ACTOR
from storage.ledger.service import append
from tests.engine_fixtures import TestDatabase
from tests.washing import untouched_state, wash


def _washed(engines: Engines, made: TestDatabase, act: Callable[[], object]) -> bool:
    assert engines.postgres is not None
    untouched = untouched_state(made.superuser_url)
    act()
    with psycopg.connect(engines.postgres.superuser_url(), autocommit=True) as outside:
        as_new = wash(outside, made.name, made.superuser_url, untouched)
    if as_new is None:
        return False
    assert untouched_state(made.superuser_url) == as_new
    assert (as_new.rows, as_new.sequences) == (untouched.rows, untouched.sequences)
    return True


def _run(made: TestDatabase, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(made.superuser_url, autocommit=True) as connection:
        answer = connection.execute(statement)
        return answer.fetchall() if answer.description else []


def test_rows_and_numbers_of_an_earlier_test_are_gone(engines: Engines, fresh_database: TestDatabase) -> None:
    statement = "insert into procrastinate_jobs (queue_name, task_name, lock, args) values ('q', 't', null, '{}') returning id"
    assert _washed(engines, fresh_database, lambda: _run(fresh_database, statement))
    assert _run(fresh_database, "select count(*) from procrastinate_jobs") == [(0,)]
    assert _run(fresh_database, statement) == [(1,)]


def test_the_log_is_emptied_and_guarded_again(engines: Engines, services: Services, fresh_database: TestDatabase) -> None:
    def log_something() -> None:
        with services.database.transaction(SYSTEM) as session:
            append(session, actor=SYSTEM_ACTOR, at=services.clock.now_at(), action="door.open", subject="door/1", tenant=None, body={})

    assert _washed(engines, fresh_database, log_something)
    log_something()
    assert _run(fresh_database, "select count(*) from ledger_entry") == [(1,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        _run(fresh_database, "delete from ledger_entry")


@pytest.mark.parametrize(
    "statement",
    [
        "alter table institution disable trigger all",
        "alter table institution alter column name drop not null",
        "grant delete on institution to classproof_app",
        "alter table institution no force row level security",
        "create table left_behind (a int)",
        "update alembic_version set version_num = 'other'",
        "do $$ begin execute format('alter database %I set statement_timeout = 60000', current_database()); end $$",
    ],
)
def test_a_database_whose_schema_rights_or_first_rows_were_touched_is_not_handed_on(
    engines: Engines, fresh_database: TestDatabase, statement: str
) -> None:
    assert not _washed(engines, fresh_database, lambda: _run(fresh_database, statement))
