"""Who may do what in the database, embedded or configured.

Three roles: a superuser (the launcher's, or the one of `classproof prepare-database`; never handed out), `classproof_owner` (owns the schema,
runs migrations), `classproof_app` (what the API and the worker log in as: neither owner nor superuser, bound by row-level security). Table
rights are granted by the migration.
"""

import time
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from storage.engines.errors import DatabaseSilent, RoleTooStrong

DATABASE: Final = "classproof"
OWNER: Final = "classproof_owner"
APP: Final = "classproof_app"
PROBE_TIMEOUT_S: Final = 3
WAIT_S: Final = 30
RETRY_S: Final = 0.5
EXTENSIONS: Final = ("btree_gist", "pg_trgm")
PLAIN: Final = sql.SQL("login nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit")


def prepare_roles(superuser_url: str, *, owner_password: str, app_password: str) -> None:
    """Make roles and database, or bring them back to what they must be. Idempotent; `superuser_url` names the database postgres."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, password in ((OWNER, owner_password), (APP, app_password)):
            exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
            act = sql.SQL("alter role") if exists else sql.SQL("create role")
            connection.execute(sql.SQL("{} {} {} password {}").format(act, sql.Identifier(role), PLAIN, sql.Literal(password)))
        if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
            connection.execute(sql.SQL("create database {} owner {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
        for statement in ("revoke all on database {} from public", "grant connect on database {} to {app}"):
            connection.execute(sql.SQL(statement).format(sql.Identifier(DATABASE), app=sql.Identifier(APP)))
    with psycopg.connect(make_conninfo(superuser_url, dbname=DATABASE), autocommit=True) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(extension)))
        connection.execute(sql.SQL("grant usage on schema public to {}").format(sql.Identifier(APP)))


def database_answers(url: str) -> bool:
    """Whether a login succeeds and a query is answered, within 3 s."""
    try:
        with psycopg.connect(url, connect_timeout=PROBE_TIMEOUT_S, autocommit=True) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


RIGHTS: Final = """
    select array_remove(array[
        case when rolsuper then 'superuser' end,
        case when rolbypassrls then 'bypassrls' end,
        case when rolcreatedb then 'createdb' end,
        case when rolcreaterole then 'createrole' end,
        case when rolreplication then 'replication' end,
        case when exists (select from pg_class where relowner = r.oid) then 'owns-tables' end,
        case when exists (select from pg_database where datdba = r.oid) then 'owns-database' end,
        case when exists (select from pg_auth_members where member = r.oid) then 'member-of-a-role' end
    ], null) from pg_roles r where rolname = current_user
"""
OWNERSHIP: Final = frozenset({"owns-tables", "owns-database"})


def rights_of(url: str, *, wait_s: float = WAIT_S) -> tuple[str, list[str]]:
    """Who this address logs in as, and what that role has beyond a plain login. Raises: DatabaseSilent."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            with psycopg.connect(url, connect_timeout=PROBE_TIMEOUT_S, autocommit=True) as connection:
                row = connection.execute(RIGHTS).fetchone()
                return connection.info.user, list(row[0]) if row else []
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                told = psycopg.conninfo.conninfo_to_dict(url)
                host = f"{told.get('host', '')}:{told.get('port', 5432)}"
                raise DatabaseSilent(host=host, waited_s=round(wait_s), why=str(error).splitlines()[0]) from error
        time.sleep(RETRY_S)


def require_plain_role(url: str, *, may_own: bool = False) -> None:
    """The role of the API and the worker has nothing beyond its grants; the owner (`may_own`) has its tables and database besides.

    Row-level security binds neither a superuser nor, without FORCE, an owner. Raises: RoleTooStrong, DatabaseSilent.
    """
    role, rights = rights_of(url)
    excess = [right for right in rights if not (may_own and right in OWNERSHIP)]
    if excess:
        raise RoleTooStrong(role=role, rights=excess)
