"""One wall at a time: with every filter forgotten, the database alone keeps one institution's rows from another. ADR 0006, 0050.

The bureau sees those of its whole county (R53).

The list of tables comes from the database's own catalogue. Each protected one gets a row of a neighbour and a row of ours, written behind the
product's back; then the application's role tries all four commands on it in our scope.
"""

import enum
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, LiteralString, cast
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.types.json import Jsonb
from psycopg.types.range import Range
from sqlalchemy import ARRAY, Column, Enum, Table
from sqlalchemy.dialects.postgresql import BIT, JSONB, TSTZRANGE

from api.tables import METADATA
from tests.engine_fixtures import WORKER, TestDatabase

OURS, THEIRS = UUID(int=0xA), UUID(int=0xB)
SHARED: Final[Mapping[str, str]] = {
    "alembic_version": "which migration stands",
    "schedule_firing": "the timetable's slots; no data of anybody",
    "procrastinate_jobs": "the queue: ids only, read by the worker",
    "procrastinate_events": "the queue",
    "procrastinate_periodic_defers": "the queue",
    "procrastinate_workers": "the queue",
    "ledger_pending": "numbers of entries",
    "ledger_leaf": "hashes of entries: what the public verifies",
    "ledger_tile": "hashes of hashes",
    "ledger_checkpoint": "signed heads, published",
    "draw_round": "a draw is public by design",
    "draw_contribution": "a draw is public by design",
    "media_index": "where packets lie in an object version, by its unguessable key; read by worker and playback only",
    "review_results": "commitments to the lines of a closed round, and totals once they tell of no single lesson; the lines are walled",
    "draw_stratum": "counts of a draw's parts; which lesson lies in which is walled until it may be known",
}


def _catalogue(database: TestDatabase) -> dict[str, tuple[bool, bool, frozenset[str]]]:
    """Table → (row-level security on, forced, commands with a policy)."""
    query = """
        select c.relname, c.relrowsecurity, c.relforcerowsecurity,
               coalesce(array_agg(p.polcmd::text) filter (where p.polcmd is not null), '{}')
        from pg_class c left join pg_policy p on p.polrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by c.oid
    """
    with psycopg.connect(database.superuser_url) as connection:
        return {name: (on, forced, frozenset(commands)) for name, on, forced, commands in connection.execute(query)}


def _tenant_column(table: Table) -> str | None:
    mapped = next(m.class_ for m in _mappers() if m.local_table is table)
    if getattr(mapped, "BUREAU_ONLY", False) or getattr(mapped, "SYSTEM_ONLY", False):
        return None
    return cast("str | None", mapped.TENANT)


def _mappers() -> Any:  # Any: SQLAlchemy's mappers
    from storage.database.base import Base

    return Base.registry.mappers


TENANT_TABLES: Final = sorted(t.name for t in METADATA.sorted_tables if _tenant_column(t) is not None)
CLOSED_TABLES: Final = sorted(t.name for t in METADATA.sorted_tables if _tenant_column(t) is None and t.name not in SHARED)
WALLED: Final = [*TENANT_TABLES, *CLOSED_TABLES]


@dataclass(frozen=True)
class Ward:
    """The seeded database: in each walled table one row of ours and one of theirs (in closed tables: two of nobody's)."""

    database: TestDatabase

    @contextmanager
    def scope(self, name: str, tenant: UUID | None = None) -> Iterator[psycopg.Connection[Any]]:  # Any: rows of any table
        """The application's role; nothing is kept."""
        with psycopg.connect(self.database.app_url) as connection:
            if name:
                connection.execute("select set_config('app.scope', %s, true), set_config('app.tenant', %s, true)", (name, str(tenant or "")))
            yield connection
            connection.rollback()

    def versions(self, table: str) -> list[tuple[object, ...]]:
        """Which physical rows the table has: any update or deletion shows."""
        with psycopg.connect(self.database.superuser_url) as connection:
            return connection.execute(_sql("select ctid::text, xmin::text from {} order by 1", table)).fetchall()


def _sql(text: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(text).format(*(sql.Identifier(name) for name in names))


_numbers = itertools.count(1)
SEEN: Final = ("noticed", "retained", "kept", "destroyed")  # states in which an institution sees its row
PARENTS: Final = {"exit_sheet": ("case_id", "exit_case"), "exit_finding": ("case_id", "exit_case"), "rating_inputs": ("rating_id", "rating")}


def _value(column: Column[Any], tenant: UUID) -> object:  # Any: columns of every type
    """Something the column takes; unique where that may be asked."""
    number = next(_numbers)
    if isinstance(column.type, Enum):
        values = column.type.enums
        return values[-1] if column.name not in ("state", "audience") else next((v for v in values if v in SEEN), values[0])
    if isinstance(column.type, JSONB):
        return Jsonb({})
    if isinstance(column.type, BIT):
        return f"{number:0{column.type.length}b}"
    if isinstance(column.type, ARRAY):
        return [f"word-{number}"]
    if isinstance(column.type, TSTZRANGE):
        start = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=number)
        return Range(start, start + timedelta(hours=1))
    kind = column.type.python_type
    if kind is UUID:
        return uuid4()
    if kind is datetime:
        return datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=number)
    if kind is date:
        return date(2026, 9, 1) + timedelta(days=number)
    if kind is bytes:
        return number.to_bytes(32, "big")
    if kind in (str, enum.Enum):
        return f"{tenant.int:x}-{number}"
    return bool(number % 2) if kind is bool else number


def _row(table: Table, tenant: UUID) -> dict[str, object]:
    """All columns that the database does not fill itself."""
    values = {c.name: _value(c, tenant) for c in table.columns if c.computed is None and c.identity is None}
    owner = _tenant_column(table)
    for column in {"institution_id", "tenant_id"} & set(values):
        values[column] = tenant
    if owner is not None:
        values[owner] = tenant
    values["id"] = _first_id(table.name, tenant) if table.name in {parent for _, parent in PARENTS.values()} else values.get("id")
    if table.name in PARENTS:  # seen with the row it belongs to
        column_name, parent = PARENTS[table.name]
        values[column_name] = _first_id(parent, tenant)
    values |= {name: False for name in ("internal", "publication_on") if name in values}  # seen by its institution, not by the public
    values |= {name: True for name in ("technical",) if name in values}  # a defect of its own footage: its institution reads it
    values |= {name: None for name in ("published_at",) if name in values and table.columns[name].nullable}
    if values["id"] is None:
        del values["id"]
    return values


def _first_id(table: str, tenant: UUID) -> UUID:
    return uuid5(tenant, table)


def _insert(connection: psycopg.Connection[Any], table: Table, row: Mapping[str, object]) -> None:  # Any: as above
    names = sql.SQL(", ").join(map(sql.Identifier, row))
    places = sql.SQL(", ").join(sql.Placeholder() * len(row))
    connection.execute(_sql("insert into {} ", table.name) + sql.SQL("({}) values ({})").format(names, places), list(row.values()))


@pytest.fixture(scope="module")
def ward(clone_database: Callable[[str], TestDatabase]) -> Ward:
    made = Ward(clone_database(f"classproof_{WORKER}_walls"))
    with psycopg.connect(made.database.superuser_url) as behind:
        behind.execute("set session_replication_role = replica")  # foreign keys rest
        checks = behind.execute(
            "select conrelid::regclass::text, conname from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace"
        ).fetchall()
        for table, name in checks:
            if METADATA.tables.get(table) is not None:
                behind.execute(_sql("alter table {} drop constraint {}", table, name))  # what a row may say is not what is tried here
        for name in WALLED:
            for tenant in (OURS, THEIRS):
                _insert(behind, METADATA.tables[name], _row(METADATA.tables[name], tenant))
    return made


def test_every_table_in_the_catalogue_is_walled_or_has_a_reason_not_to_be(ward: Ward) -> None:
    found = _catalogue(ward.database)
    open_tables = {name for name, (on, _, _) in found.items() if not on}
    assert open_tables - set(SHARED) == set(), "a table without row-level security and without a reason"
    assert set(SHARED) - open_tables == set(), "a reason for nothing"
    assert set(WALLED) == set(found) - open_tables
    for name in WALLED:
        _, forced, commands = found[name]
        assert forced, name
        assert commands == {"r", "a", "w", "d"}, name


def test_a_shared_table_names_no_institution() -> None:
    telling = {"institution_id", "tenant_id"}
    assert [n for n in SHARED if n in METADATA.tables and telling & set(METADATA.tables[n].columns.keys())] == []


@pytest.mark.parametrize("name", WALLED)
def test_a_read_without_a_filter_shows_our_own_row_at_most(ward: Ward, name: str) -> None:
    owner = _tenant_column(METADATA.tables[name])
    with ward.scope("institution", OURS) as us:
        if owner is None:
            assert us.execute(_sql("select count(*) from {}", name)).fetchone() == (0,)
            return
        assert us.execute(_sql("select {} from {}", owner, name)).fetchall() == [(OURS,)]
        assert us.execute(_sql("select count(*) from {} where {} = %s", name, owner), (THEIRS,)).fetchone() == (0,)


@pytest.mark.parametrize("name", WALLED)
def test_a_change_or_removal_without_a_filter_does_not_reach_the_neighbours_row(ward: Ward, name: str) -> None:
    owner, before = _tenant_column(METADATA.tables[name]), ward.versions(name)
    column = owner or next(iter(METADATA.tables[name].primary_key.columns)).name
    most = 0 if owner is None else 1
    for statement in (_sql("update {} set {} = {}", name, column, column), _sql("delete from {}", name)):
        with ward.scope("institution", OURS) as us:
            try:
                assert us.execute(statement).rowcount <= most
            except (errors.InsufficientPrivilege, errors.ForeignKeyViolation):
                us.rollback()  # not granted at all, refused by a trigger, or our own row is still referred to
    if owner is not None:
        with ward.scope("institution", OURS) as us:
            try:
                assert us.execute(_sql("update {} set {} = %s where {} = %s", name, owner, owner), (OURS, THEIRS)).rowcount == 0
            except errors.InsufficientPrivilege:
                us.rollback()
    assert ward.versions(name) == before


@pytest.mark.parametrize("name", WALLED)
def test_nothing_can_be_put_into_the_neighbours_name(ward: Ward, name: str) -> None:
    table, before = METADATA.tables[name], ward.versions(name)
    owner = _tenant_column(table)
    with ward.scope("institution", OURS) as us, pytest.raises((errors.InsufficientPrivilege, errors.CheckViolation)):  # the latter: by a trigger
        _insert(us, table, _row(table, THEIRS))
    if owner is not None:
        with ward.scope("institution", OURS) as us, pytest.raises((errors.InsufficientPrivilege, errors.CheckViolation)):
            us.execute(_sql("update {} set {} = %s", name, owner), (THEIRS,))  # giving our own row away
    assert ward.versions(name) == before


@pytest.mark.parametrize("name", WALLED)
def test_without_a_scope_without_a_tenant_and_to_the_public_nothing_shows_that_is_not_public(ward: Ward, name: str) -> None:
    mapped = next(m.class_ for m in _mappers() if m.local_table is METADATA.tables[name])
    for scope in ("", "institution", "public", "administrator"):
        public = scope == "public" and getattr(mapped, "PUBLIC_READ", False)
        with ward.scope(scope) as somebody:
            assert somebody.execute(_sql("select count(*) from {}", name)).fetchone() == (2 if public else 0,)
    with ward.scope("bureau") as bureau:
        assert bureau.execute(_sql("select count(*) from {}", name)).fetchone() == (0 if getattr(mapped, "SYSTEM_ONLY", False) else 2,)


@pytest.mark.parametrize("state", ["recorded", "disputed", "confirmed", "rejected", "void"])
def test_an_institution_does_not_see_its_own_finding_before_the_notice(ward: Ward, state: str) -> None:
    table = METADATA.tables["finding"]
    with psycopg.connect(ward.database.superuser_url) as behind:
        behind.execute("set session_replication_role = replica")
        _insert(behind, table, _row(table, OURS) | {"state": state})
        behind.execute("set session authorization classproof_app")
        behind.execute("select set_config('app.scope', 'institution', true), set_config('app.tenant', %s, true)", (str(OURS),))
        assert behind.execute("select state from finding").fetchall() == [("noticed",)]
        assert behind.execute("update finding set note = 'x' where state <> 'noticed'").rowcount == 0
        behind.rollback()
