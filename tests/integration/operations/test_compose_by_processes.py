"""The compose file from nothing to a retained recording, by its own commands, on servers that the product did not start."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest

from api.auth.keys import create_key
from api.auth.roles import Role
from api.wiring import build_services
from storage.database.session import SYSTEM, Scope
from storage.engines.engines import Engines
from storage.engines.processes import wait_until
from storage.engines.weed_shell import WeedShell, synced_prefixes, weed_program
from storage.kernel.settings import Settings
from tests import videos
from tests.compose_file import WEED
from tests.factories.world import World, make_world
from tests.integration.operations.played import OUTSIDE, Played, played
from tests.people import account_of

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.slow]  # one installation, on one worker
PARTS = ("api", "worker", "scheduler")


@pytest.fixture(scope="module")
def installation() -> Iterator[Played]:
    with played() as running:
        host = running.hosts["postgres"]
        made = running.once(
            "prepare-secrets",
            "prepare-secrets",
            str(running.place / "secrets"),
            "--database-host",
            f"{host}:5432",
            "--mounted-at",
            str(running.place / "secrets"),
        )
        assert made.returncode == 0, made.stderr
        running.hand_over()
        with ThreadPoolExecutor(2) as pool:
            for branch in [pool.submit(_database, running), pool.submit(_store, running)]:
                branch.result()
        running.start_all(PARTS)
        yield running


def _database(running: Played) -> None:
    running.start("postgres")
    for name in ("prepare-database", "migrate"):
        done = running.once(name)
        assert done.returncode == 0, done.stderr


def _store(running: Played) -> None:
    running.start("weed-master")
    running.start_all([name for name in WEED if name.startswith("weed-volume")])
    running.start("weed-filer")
    running.start("weed-s3")
    done = running.once("prepare-store")
    assert done.returncode == 0, done.stderr


def test_one_upload_goes_all_the_way_and_nothing_else_was_started(installation: Played, tmp_path: Path) -> None:
    world, key = _world(installation)
    path = videos.film(tmp_path / world.file_name(), "mp4", videos.Scene(seconds=120))
    site = f"http://{installation.hosts['api']}:8000"
    with httpx.Client(base_url=site, headers={"Authorization": f"Bearer {key}", "X-Forwarded-Proto": "https"}, timeout=30) as client:
        recording_id = _upload(client, installation, path)

        def state() -> str:
            return str(_told(client.get(f"/api/v1/recordings/{recording_id}"))["state"])

        assert wait_until(lambda: state() not in ("received", "quarantined", "verified", "catalogued"), 40), installation.log("worker")
        assert state() == "retained"
    with ThreadPoolExecutor(2) as pool:
        checking = pool.submit(installation.once, "api", "fsck", "--deep")
        healths = pool.map(installation.health, PARTS)
    checked = checking.result()
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert [said.returncode for said in healths] == [0, 0, 0]
    for name in PARTS:
        assert not (installation.place / f"data-{name}").exists(), "something was written where nothing should be"
    assert _embedded_engines(installation) == []
    assert "landlock" in installation.log("worker")


def _upload(client: httpx.Client, installation: Played, path: Path) -> str:
    """What a browser does, the store reached through a TLS proxy: it keeps the host name and speaks http behind."""
    data = path.read_bytes()
    wanted = {"file_name": path.name, "size_bytes": len(data), "fingerprint": "compose-1", "sha256": hashlib.sha256(data).hexdigest()}
    opened = _told(client.post("/api/v1/uploads", json=wanted, headers={"Idempotency-Key": "compose-1"}))
    size = opened["part_bytes"]
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    asked = [{"number": n, "sha256": hashlib.sha256(part).hexdigest()} for n, part in enumerate(parts, start=1)]
    signed = _told(client.post(f"/api/v1/uploads/{opened['id']}/parts", json={"parts": asked}))["parts"]
    for part, where in zip(parts, signed, strict=True):
        address = urlsplit(where["url"])
        assert (address.scheme, address.netloc) == ("https", OUTSIDE["CLASSPROOF_S3_PUBLIC_ENDPOINT"])
        behind = f"http://{installation.hosts['weed-s3']}:8333{address.path}?{address.query}"
        sent = httpx.put(behind, content=part, headers={**where["headers"], "Host": address.netloc, "Origin": OUTSIDE["CLASSPROOF_PUBLIC_URL"]})
        assert sent.status_code == 200, sent.text
        assert sent.headers["access-control-allow-origin"] == OUTSIDE["CLASSPROOF_PUBLIC_URL"]
    return str(_told(client.post(f"/api/v1/uploads/{opened['id']}/complete"))["recording_id"])


def _told(answer: httpx.Response) -> dict[str, Any]:  # Any: JSON
    assert answer.status_code < 300, answer.text
    told = json.loads(answer.text)
    assert isinstance(told, dict)
    return told


def _world(installation: Played) -> tuple[World, str]:
    """Institution, timetable and an agent's key, made by the product's own services on the configured servers."""
    environment = {
        name.removeprefix("CLASSPROOF_").lower(): value for name, value in installation.environment("api").items() if name.startswith("CLASSPROOF_")
    }
    read = {name.removesuffix("_file"): Path(value).read_text() if name.endswith("_file") else value for name, value in environment.items()}
    settings = Settings(**read)  # type: ignore[arg-type]
    services = build_services(Engines.attach(settings), settings, pool_size=2)
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, now)
    account = account_of(services, Role.INSTITUTION_OPERATOR, world.institution.id)
    with services.database.transaction(Scope("institution", world.institution.id)) as session:
        scopes = frozenset({"upload:write", "upload:read"})
        made = create_key(session, account, name="recorder", scopes=scopes, expires_at=now + timedelta(days=1), at=now)
    services.database.engine.dispose()
    return world, made.secret


def _embedded_engines(installation: Played) -> list[str]:
    """Engines below the processes of this installation."""
    found: list[str] = []
    ours = {installation.running[name].pid for name in PARTS}
    for pid in ours:
        found += [child.name() for child in psutil.Process(pid).children(recursive=True) if child.name() in ("weed", "postgres")]
    return found


def test_preparing_again_changes_nothing(installation: Played) -> None:
    with ThreadPoolExecutor(2) as pool:
        database, store = pool.map(installation.once, ("prepare-database", "prepare-store"))
    for done in (database, store):
        assert done.returncode == 0, done.stderr
    assert "fsync was not set" not in store.stderr


def test_writes_to_the_locked_buckets_are_synced(installation: Played) -> None:
    shell = WeedShell(
        installation.place / "look",
        installation.place / "secrets",
        f"{installation.hosts['weed-master']}:9333",
        f"{installation.hosts['weed-filer']}:8888",
    )
    assert synced_prefixes(shell.run("fs.configure")) == {"/buckets/classproof-evidence/", "/buckets/classproof-ledger/"}


def test_the_inner_channel_is_shut_to_whoever_has_no_certificate(installation: Played, tmp_path: Path) -> None:
    master, filer = installation.hosts["weed-master"], installation.hosts["weed-filer"]
    for url in (f"http://{master}:9333/col/delete?collection=classproof-evidence", f"http://{filer}:8888/buckets/"):
        assert httpx.get(url).status_code == 404
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [str(weed_program()), "shell", f"-master={master}:9333", f"-filer={filer}:8888"],
            input="fs.ls /buckets\nexit\n",
            text=True,
            cwd=tmp_path,
            capture_output=True,
            timeout=2,
            check=False,
        )


def test_the_roles_are_plain(installation: Played) -> None:
    url = (installation.place / "secrets" / "database_url").read_text()
    with psycopg.connect(url) as connection:
        row = connection.execute("select rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = current_user").fetchone()
        assert row == (False,)
        assert connection.execute("select count(*) from pg_class where relowner = current_user::regrole").fetchone() == (0,)
        assert connection.execute("show data_checksums").fetchone() == ("on",)


def test_the_first_administrator_is_made_in_the_sites_environment(installation: Played) -> None:
    made = installation.once("api", "create-admin", "first", "管理员")
    assert made.returncode == 0, made.stderr
    assert len(made.stdout.strip()) >= 15


def test_parts_told_to_stop_end_in_order_and_their_health_says_that_they_are_gone(installation: Played) -> None:
    assert "leads" in installation.health("scheduler").stdout
    assert installation.stop("api") == 0
    assert installation.health("api").returncode == 1
    assert installation.stop("worker") == 0
    gone = installation.health("worker")
    assert gone.returncode == 1
    assert "no worker" in gone.stdout
