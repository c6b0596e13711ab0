"""The agent against the running site and the real store, both behind lines that tests make bad."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from api.agent.agent import Agent
from api.auth.keys import create_key, revoke_key
from api.auth.models import Account
from api.auth.roles import Role
from api.http.services import Services
from storage.database.session import SYSTEM
from storage.engines.addresses import Addresses
from storage.objects.buckets import open_buckets
from storage.uploads.models import UploadSession
from supervision.footage.models import Recording
from tests import videos
from tests.factories.world import World, make_world
from tests.integration.agent.bad_line import BadLine, bad_line
from tests.people import account_of
from tests.site_fixtures import drain, serving

PART_BYTES = 5 << 20
SCOPES = ("upload:write", "upload:read")


@dataclass
class Desk:
    """An institution's machine: a folder, a key, and two lines, `site` to the API and `store` to the bytes."""

    services: Services
    world: World
    site: BadLine
    store: BadLine
    folder: Path
    url: str
    database_url: str
    account: Account
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def key(self, *scopes: str) -> tuple[str, UUID]:
        with self.services.database.transaction(SYSTEM) as session:
            made = create_key(
                session, self.account, name="recorder", scopes=frozenset(scopes or SCOPES), expires_at=None, at=self.services.clock.now_at()
            )
            return made.secret, made.row.id

    def expired_key(self) -> str:
        with self.services.database.transaction(SYSTEM) as session:
            now = self.services.clock.now_at()
            return create_key(session, self.account, name="old", scopes=frozenset(SCOPES), expires_at=now - timedelta(seconds=1), at=now).secret

    def revoke(self, key_id: UUID) -> None:
        with self.services.database.transaction(SYSTEM) as session:
            revoke_key(session, key_id, self.world.institution.id, at=self.services.clock.now_at())

    def agent(self, **how: object) -> Agent:
        given: dict[str, object] = {"part_bytes": PART_BYTES, "patience_s": 30.0, "timeout_s": 2.0} | how
        return Agent(f"http://{self.site.address}", self.key()[0], 3, **given)  # type: ignore[arg-type]  # keywords of Agent

    def run(self, *more: str, key: str = "", stderr: int = subprocess.PIPE, folder: Path | None = None) -> "subprocess.Popen[str]":
        """The command as an institution starts it."""
        command = [sys.executable, "-m", "api.cli", "upload", str(folder or self.folder), "--site", f"http://{self.site.address}", *more]
        environment = os.environ | {
            "CLASSPROOF_API_KEY": key or self.key()[0],
            "XDG_STATE_HOME": str(self.folder.parent / "state"),
            "PYTHONUNBUFFERED": "1",
        }
        made = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
        self.processes.append(made)
        return made

    def finish(self, process: "subprocess.Popen[str]", *, jobs: bool = False, timeout_s: float = 60) -> tuple[int, str, str]:
        """Exit code, stdout, stderr. `jobs`: work as the worker does meanwhile."""
        began = time.monotonic()
        while True:
            try:
                out, err = process.communicate(timeout=0.2 if jobs else timeout_s)
            except subprocess.TimeoutExpired:
                assert jobs, "the agent hangs"
                assert time.monotonic() - began < timeout_s, "the agent hangs"
                drain(self.services, self.database_url)
            else:
                return process.returncode, out or "", err or ""

    def recordings(self) -> list[Recording]:
        with self.services.database.transaction(SYSTEM) as session:
            found = select(Recording).where(Recording.institution_id == self.world.institution.id).order_by(Recording.id)
            return list(session.scalars(found))

    def uploads(self) -> list[UploadSession]:
        with self.services.database.transaction(SYSTEM) as session:
            found = select(UploadSession).where(UploadSession.tenant_id == self.world.institution.id).order_by(UploadSession.id)
            return list(session.scalars(found))

    def stored(self, upload: UploadSession) -> bytes:
        assert upload.version_id is not None
        return b"".join(self.services.buckets.evidence.stream(upload.object_key, upload.version_id))

    def film(self, *, lesson: int = 0, parts: int = 1, name: str = "") -> Path:
        """A recording of a lesson; a `free` box behind it makes it as many parts long."""
        path = videos.film(self.folder / (name or self.world.file_name(lesson=lesson)), "mp4", videos.Scene(seconds=120, fps=10, seed=lesson + 1))
        left = (parts - 1) * PART_BYTES
        if left:
            with path.open("ab") as file:
                file.write((left + 8).to_bytes(4, "big") + b"free" + os.urandom(left))
        return path


@pytest.fixture
def desk(services: Services, addresses: Addresses, fresh_database: object, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "录像 export"
    folder.mkdir()
    with bad_line(addresses.s3.endpoint) as store:
        buckets = open_buckets(replace(addresses.s3, public_endpoint=store.address))
        through = replace(services, buckets=buckets)
        with through.database.transaction(SYSTEM) as session:
            world = make_world(session, through.clock.now_at(), lessons=2)
        account = account_of(through, Role.INSTITUTION_HEAD, world.institution.id)
        with serving(through) as running, bad_line(running.url.removeprefix("http://")) as site:
            made = Desk(through, world, site, store, folder, running.url, fresh_database.app_url, account)  # type: ignore[attr-defined]  # TestDatabase
            yield made
            for process in made.processes:
                if process.poll() is None:
                    process.kill()
                process.communicate()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def jobs(desk: Desk) -> Callable[[], None]:
    return lambda: drain(desk.services, desk.database_url)
