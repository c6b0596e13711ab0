"""A site to measure: its own engines, the API as a process of its own, one institution with an agent's key."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api import migrate
from api.auth.accounts import NewAccount, create_account
from api.auth.keys import create_key
from api.auth.models import Account
from api.auth.roles import Role
from api.auth.tokens import new_token
from api.http.services import Services
from api.wiring import build_services
from storage.database.session import SYSTEM
from storage.engines.engines import Engines
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.settings import Settings
from tests.factories.world import make_world


@dataclass(frozen=True)
class Running:
    """What the benchmarks work with."""

    engines: Engines
    services: Services
    url: str
    api_pid: int
    key: str


@contextmanager
def running_site(data_dir: Path) -> Iterator[Running]:
    """Engines and the API process, ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(data_dir=data_dir, port=port)
    with Engines.attach(settings) as engines:
        migrate.upgrade(engines.addresses.migration_database_url)
        services = build_services(engines, settings)
        key = _institution_with_key(services)
        command = [sys.executable, "-m", "api.cli", "api", "--data-dir", str(data_dir), "--port", str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process)
            try:
                yield Running(engines, services, url, process.pid, key)
            finally:
                process.terminate()


def _institution_with_key(services: Services) -> str:
    now = services.clock.now_at()
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, now)
        new = NewAccount("bench", "bench", Role.INSTITUTION_HEAD, new_token(), institution_id=world.institution.id, must_change_password=False)
        owner: Account = create_account(session, new, actor=SYSTEM_ACTOR, at=now)
        made = create_key(session, owner, name="agent", scopes=frozenset({"upload:write", "upload:read"}), expires_at=None, at=now)
        return made.secret


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    msg = "the API did not start"
    raise RuntimeError(msg)
