"""A job that failed for good is named, and is done when an administrator starts it again. I8."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from api import wiring
from api.cli import app
from api.dead_letters import dead_letters, try_again
from api.http.services import Services
from api.jobs import ATTEMPTS
from storage.database.session import SYSTEM
from storage.engines.addresses import Addresses
from tests.integration.conftest import TestDatabase


def test_a_job_that_failed_for_good_is_named_and_done_when_it_is_started_again(
    services: Services,
    addresses: Addresses,
    fresh_database: TestDatabase,
    run_jobs: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    url, done = fresh_database.app_url, list[str]()

    def fail(_services: Services) -> None:
        raise ValueError

    with services.database.transaction(SYSTEM) as session:
        services.events.enqueue(session, "patrol", {})
    monkeypatch.setattr(wiring, "_patrol", fail)
    for _ in range(ATTEMPTS - 1):
        run_jobs()
        assert dead_letters(url) == []
        with psycopg.connect(url) as connection:
            connection.execute("update procrastinate_jobs set scheduled_at = null where status = 'todo'")
    with pytest.raises(AssertionError):  # `run_jobs` fails with what failed for good
        run_jobs()
    (letter,) = dead_letters(url)
    assert (letter.task, letter.payload, letter.failed_at is not None) == ("patrol", {}, True)
    monkeypatch.setattr(wiring, "_patrol", lambda _: done.append("patrol"))
    assert not try_again(url, letter.id + 1)

    def command(*more: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr) of `classproof jobs` on this installation."""
        s3 = addresses.s3
        environment = {
            "CLASSPROOF_DATA_DIR": str(tmp_path / "data"),
            "CLASSPROOF_DATABASE_URL": url,
            "CLASSPROOF_S3_ENDPOINT": s3.endpoint,
            "CLASSPROOF_S3_ACCESS_KEY": s3.access_key,
            "CLASSPROOF_S3_SECRET_KEY": s3.secret_key,
            "CLASSPROOF_MASTER_KEY": bytes(32).hex(),
        }
        ended = CliRunner().invoke(app, ["jobs", *more], env=environment)
        return ended.exit_code, ended.stdout, ended.stderr

    code, out, err = command()
    assert code == 1
    assert out.split("\t")[:4] == [str(letter.id), "patrol", "{}", str(letter.attempts)]
    assert "1 jobs failed for good" in err
    code, out, err = command("--retry", str(letter.id + 1))
    assert code == 1
    assert out.startswith(f"{letter.id}\tpatrol")
    assert f"no failed job {letter.id + 1}" in err
    code, out, err = command("--retry", str(letter.id))
    assert (code, out) == (0, "")
    assert "no job failed for good" in err
    assert dead_letters(url) == []
    assert not try_again(url, letter.id), "it is no dead letter any more"
    run_jobs()
    assert done == ["patrol"]
