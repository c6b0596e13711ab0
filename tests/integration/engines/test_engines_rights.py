"""What the handed-out identities may not do, what the disk says, and what a configured server means."""

import stat
from pathlib import Path

import psycopg
import pytest

from storage.engines.engines import Engines
from storage.engines.secrets import Secrets
from storage.kernel.settings import Settings
from tests.integration.conftest import TestDatabase


def test_the_app_role_is_neither_owner_nor_superuser(migrated_database: TestDatabase) -> None:
    with psycopg.connect(migrated_database.app_url) as connection:
        rights = connection.execute(
            "select rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication from pg_roles where rolname = current_user"
        ).fetchone()
        owned = connection.execute("select count(*) from pg_class where relowner = current_user::regrole").fetchone()
        memberships = connection.execute("select count(*) from pg_auth_members where member = current_user::regrole").fetchone()
    assert rights == (False, False, False, False, False)
    assert owned == (0,)
    assert memberships == (0,)


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (n int)",
        "create schema mine",
        "create database mine",
        "create role mine",
        "set role classproof_owner",
        "set session_replication_role = replica",
        "alter system set fsync = off",
        "copy (select 1) to program 'true'",
        "select pg_read_file('/etc/hostname')",
    ],
)
def test_the_app_role_is_refused(migrated_database: TestDatabase, statement: str) -> None:
    with psycopg.connect(migrated_database.app_url, autocommit=True) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_owner_makes_tables_but_is_no_superuser(migrated_database: TestDatabase) -> None:
    with psycopg.connect(migrated_database.owner_url) as connection:
        connection.execute("create table theirs (n int)")
        rights = connection.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user").fetchone()
        connection.rollback()
    assert rights == (False, False)


def test_a_wrong_password_is_refused_on_tcp_and_on_the_socket(engines: Engines) -> None:
    assert engines.postgres is not None
    for host in ("127.0.0.1", str(engines.postgres.root)):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=host, port=engines.postgres.port, user="classproof_app", password="guess", dbname="classproof")


def test_the_database_keeps_what_it_acknowledges_and_checks_its_pages(engines: Engines) -> None:
    assert engines.postgres is not None
    with psycopg.connect(engines.postgres.superuser_url()) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert connection.execute(f"show {name}").fetchone() == ("on",), name
        extensions = {row[0] for row in connection.execute("select extname from pg_extension")}
    assert extensions == {"plpgsql"}
    with psycopg.connect(engines.postgres.superuser_url("classproof")) as connection:
        extensions = {row[0] for row in connection.execute("select extname from pg_extension")}
    assert extensions == {"plpgsql", "btree_gist", "pg_trgm"}


def test_secrets_are_readable_by_their_owner_only(engines: Engines) -> None:
    for directory in (engines.data_dir / "secrets", engines.data_dir / "seaweed"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    store = engines.data_dir / "seaweed"
    for file in [*(engines.data_dir / "secrets").iterdir(), store / "s3.json", store / "security.toml", *(store / "tls").iterdir()]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_a_disk_with_too_little_room_is_reported(engine_settings: Settings, engines: Engines) -> None:
    assert not engines.health().low_disk
    with Engines.attach(engine_settings.model_copy(update={"low_disk_bytes": 1 << 60})) as cautious:
        health = cautious.health()
    assert health.low_disk
    assert not health.all_well
    assert 0 < health.free_bytes < 1 << 60


def test_configured_servers_start_nothing(engines: Engines, tmp_path: Path) -> None:
    s3 = engines.addresses.s3
    settings = Settings(
        database_url=engines.addresses.database_url,
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=s3.secret_key,
        master_key="ab" * 32,
        data_dir=tmp_path / "never",
    )
    with Engines.attach(settings) as attached:
        assert attached.postgres is None
        assert attached.seaweed is None
        assert attached.addresses.database_url == engines.addresses.database_url
        assert attached.addresses.s3.endpoint == s3.endpoint
        assert attached.ensure_running() == []
        health = attached.health()
        assert health.all_well
        assert health.free_bytes is None
        attached.watch()
    assert list(tmp_path.iterdir()) == []


def test_the_room_on_the_recordings_disk_is_measured_where_a_directory_lies_on_it(engines: Engines, tmp_path: Path) -> None:
    s3 = engines.addresses.s3
    configured = Settings(
        data_dir=tmp_path / "never",
        disk_dir=tmp_path,
        low_disk_bytes=1 << 60,
        database_url=engines.addresses.database_url,
        s3_endpoint=s3.endpoint,
        s3_access_key=s3.access_key,
        s3_secret_key=s3.secret_key,
        master_key="ab" * 32,
    )
    with Engines.attach(configured) as attached:
        assert attached.health().low_disk
        assert attached.free_bytes()


def test_a_configured_server_that_is_down_is_reported_down(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        database_url="postgresql://nobody:nothing@127.0.0.1:9/none",
        s3_endpoint="127.0.0.1:9",
        s3_access_key="a",
        s3_secret_key="b",
        master_key="ab" * 32,
    )
    with Engines.attach(settings) as attached:
        health = attached.health()
    assert not health.database_alive
    assert not health.store_alive


def test_keys_are_the_same_for_every_process_and_differ_from_each_other(engine_settings: Settings, engines: Engines) -> None:
    again = Secrets(engines.data_dir, engine_settings)
    assert again.master_key() == engines.secrets.master_key()
    ledger, receipt = (key.private_bytes_raw() for key in (again.ledger_key(), again.receipt_key()))
    assert ledger == engines.secrets.ledger_key().private_bytes_raw()
    assert len({again.master_key(), ledger, receipt}) == 3
