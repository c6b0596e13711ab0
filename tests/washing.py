"""Make a test's database as new: empty its tables instead of cloning the template again, which costs ten times as much.

A database whose schema, rights or first rows a test has touched is not washed; it is dropped.
"""

from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]  # Any: rows of different questions

# Every change of the schema writes a new row version into one of these, or removes a row.
CATALOGUES: Final[tuple[LiteralString, ...]] = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_constraint",
    "pg_default_acl",
    "pg_event_trigger",
    "pg_index",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_trigger",
    "pg_type",
)
SCHEMA: Final = sql.SQL(" union all ").join(
    sql.SQL("select {}, count(*), max(xmin::text::bigint) from {}").format(sql.Literal(name), sql.Identifier(name)) for name in CATALOGUES
)
SETTINGS: Final = "select count(*) from pg_db_role_setting where setdatabase = (select oid from pg_database where datname = current_database())"
TABLES: Final = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
SEQUENCES: Final = "select format('%I.%I', schemaname, sequencename), start_value, last_value from pg_sequences order by 1"
GUARDS: Final = "select tgname from pg_trigger where tgrelid = %s::regclass and tgenabled = 'A'"
OTHERS: Final = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Untouched:
    """What a clone of the template looks like: its schema, its first rows by table, its sequences."""

    schema: list[tuple[Any, ...]]  # Any: as the database answers
    rows: dict[str, str]
    sequences: list[tuple[Any, ...]]


def untouched_state(superuser_url: str) -> Untouched:
    """To be asked before the test begins."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        filled = _filled(connection)
        return Untouched(_schema(connection), {table: _rows(connection, table) for table in filled}, _sequences(connection))


def wash(outside: Connection, name: str, superuser_url: str, untouched: Untouched) -> Untouched | None:
    """Everybody thrown out, no row more, sequences at their start; then what it looks like now. None if it cannot be as new.

    `outside` looks at another database.
    """
    outside.execute(OTHERS, (name,))
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if _schema(connection) != untouched.schema:
            return None
        with connection.transaction():
            connection.execute("set local session_replication_role = replica")  # no foreign key, hardly a trigger
            for table in _filled(connection):
                if table not in untouched.rows:
                    _empty(connection, table)
        if {table: _rows(connection, table) for table in untouched.rows} != untouched.rows:
            return None
        for sequence, start, last in _sequences(connection):
            if (sequence, start, last) not in untouched.sequences:
                connection.execute("select setval(%s::regclass, %s, false)", (sequence, start))
        return Untouched(_schema(connection), untouched.rows, _sequences(connection))


def _empty(connection: Connection, table: str) -> None:
    """Even of what is append-only: the guards of the log speak to replicas too, so they are lifted and set again."""
    guards = [name for (name,) in connection.execute(GUARDS, (table,)).fetchall()]
    for guard in guards:
        connection.execute(sql.SQL("alter table {} disable trigger {}").format(sql.Identifier(table), sql.Identifier(guard)))
    connection.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
    for guard in guards:
        connection.execute(sql.SQL("alter table {} enable always trigger {}").format(sql.Identifier(table), sql.Identifier(guard)))


def _schema(connection: Connection) -> list[tuple[Any, ...]]:  # Any: as the database answers
    return [*connection.execute(SCHEMA).fetchall(), *connection.execute(SETTINGS).fetchall()]


def _filled(connection: Connection) -> list[str]:
    tables = [str(table) for (table,) in connection.execute(TABLES).fetchall()]
    questions = sql.SQL(", ").join(sql.SQL("exists(select from {})").format(sql.Identifier(table)) for table in tables)
    answers = connection.execute(sql.SQL("select {}").format(questions)).fetchone() or ()
    return [table for table, filled in zip(tables, answers, strict=True) if filled]


def _rows(connection: Connection, table: str) -> str:
    question = sql.SQL("select md5(string_agg(t::text, ';' order by t::text)) from {} t").format(sql.Identifier(table))
    (answer,) = connection.execute(question).fetchone() or ("",)
    return str(answer)


def _sequences(connection: Connection) -> list[tuple[Any, ...]]:  # Any: as the database answers
    return connection.execute(SEQUENCES).fetchall()
