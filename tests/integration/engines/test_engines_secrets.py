"""Secrets: made once, the same for all, derived when a master key is configured. And a cluster whose data directory is closed to its user."""

import multiprocessing
import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from storage.engines.errors import SecretUnusable
from storage.engines.ports import PortBook
from storage.engines.postgres import ELSEWHERE, PROGRAMS, Postgres, copy_programs, installed_package
from storage.engines.secrets import Secrets
from storage.kernel.settings import Settings


def master_of(place: str) -> bytes:
    return Secrets(Path(place), Settings(data_dir=Path(place), master_key=None)).master_key()


def test_processes_that_race_get_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        keys = pool.map(master_of, [str(tmp_path)] * 16)
        pool.close()
        pool.join()
    assert len(set(keys)) == 1
    assert [file.name for file in (tmp_path / "secrets").iterdir()] == ["master.key"]


def test_a_configured_master_key_is_used_and_the_other_keys_follow_from_it(tmp_path: Path) -> None:
    one, other = ("11" * 32, "22" * 32)
    first, again, different = (Secrets(tmp_path, Settings(data_dir=tmp_path, master_key=key)) for key in (one, one, other))
    assert first.master_key() == bytes.fromhex(one)
    assert first.ledger_key().private_bytes_raw() == again.ledger_key().private_bytes_raw()
    assert first.ledger_key().private_bytes_raw() != different.ledger_key().private_bytes_raw()
    assert first.ledger_key().private_bytes_raw() != first.receipt_key().private_bytes_raw()
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("text", ["short", "zz" * 32, "11" * 31])
def test_a_master_key_that_is_not_32_bytes_of_hex_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretUnusable):
        Secrets(tmp_path, Settings(data_dir=tmp_path, master_key=text))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_a_data_directory_closed_to_the_servers_user_gets_its_cluster_elsewhere(tmp_path: Path) -> None:
    data_dir = tmp_path / "closed"
    data_dir.mkdir(mode=0o700)
    postgres = Postgres(data_dir, PortBook(tmp_path / "ports.json"), "only-for-this-test")
    postgres.start()
    try:
        assert (data_dir / "postgres").is_symlink()
        assert postgres.root.parent == ELSEWHERE
        with psycopg.connect(postgres.superuser_url()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        assert data_dir.stat().st_mode & 0o777 == 0o700
    finally:
        postgres.stop()
        shutil.rmtree(postgres.root)


def test_copied_programs_run_where_the_installed_ones_cannot_be_reached(tmp_path: Path) -> None:
    copy_programs(tmp_path / "programs")
    program = tmp_path / "programs" / installed_package().name / PROGRAMS / "initdb"
    done = subprocess.run([str(program), "--version"], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("initdb (PostgreSQL)"), done.stderr
