"""docker-compose.yml played by processes: its own command lines, environments, secrets, order and health checks, without a container engine.

Translated: a service's host name becomes a loopback address of its own (ports stay), `./state` and `./secrets` become a temporary directory,
the image's programs become those of the wheels, and ClassProof runs from the built wheel, not from the source tree.
"""

import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.engines.postgres import PROGRAMS, copy_programs, installed_package
from storage.engines.weed_shell import weed_program
from tests.compose_file import OURS, ROOT, Service, health_command, initdb_arguments, interpolated, secrets_of, services
from tests.engine_fixtures import private_place

SERVICE_ID = pwd.getpwnam("nobody").pw_uid  # initdb wants a user that has a name; the image gives 10001 one for that moment
HEALTH_WITHIN_S = 60
HEALTH_EVERY_S = (0.3, 1.5)  # the store's servers; Python, which takes its time to start anyway
STOP_WITHIN_S = 20
OUTSIDE = {"CLASSPROOF_S3_PUBLIC_ENDPOINT": "store.example.gov.cn", "CLASSPROOF_PUBLIC_URL": "https://classproof.example.gov.cn"}
GATEWAY = "172.30.83.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - as it stands in the file; replaced by the service's own address
KEPT_NOWHERE = "/tmp/classproof"  # noqa: S108 - the container's own, in memory
PROXY = "127.0.0.1"  # where this machine's connections come from


@dataclass
class Played:
    """A running installation. `place` holds state, secrets and the unpacked wheel."""

    place: Path
    hosts: dict[str, str]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def translate(self, text: str, name: str) -> str:
        """Names of the compose network and places of a container → this machine's."""
        text = interpolated(text, OUTSIDE)
        for host in sorted(self.hosts, key=len, reverse=True):
            text = text.replace(f"{host}:", f"{self.hosts[host]}:").replace(f"-ip={host}", f"-ip={self.hosts[host]}")
        for volume in services()[name].get("volumes", []):
            outside, inside = volume.removesuffix(":ro").split(":")
            if text == inside or text.endswith(f"={inside}"):
                text = text.replace(inside, str(self.place / outside))
        own = self.hosts[name]
        if text in (GATEWAY, KEPT_NOWHERE):
            return PROXY if text == GATEWAY else str(self.place / f"data-{name}")
        return text.replace("/run/secrets", str(self.place / "secrets")).replace(EVERYWHERE, own).replace("127.0.0.1", own)

    def environment(self, name: str) -> dict[str, str]:
        """What the service gets and nothing else of ours."""
        given = {key: self.translate(value, name) for key, value in services()[name].get("environment", {}).items()}
        wheel = {"PYTHONPATH": str(self.place / "wheel"), "PYTHONDONTWRITEBYTECODE": "1"} if name in OURS else {}
        return {"PATH": f"{self.place / 'bin'}:/usr/bin:/bin", "HOME": str(self.place / f"home-{name}"), "LC_ALL": "C.UTF-8", **wheel, **given}

    def words(self, name: str, words: list[str]) -> list[str]:
        return [self.translate(word, name) for word in words]

    def once(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a service's command to its end, or another command in its environment (`docker compose exec`)."""
        command = list(arguments) or self.words(name, services()[name]["command"])
        return self._run(name, [*PRODUCT, *command])

    def start(self, name: str) -> None:
        """Start a long-running service and wait until its own health check is green."""
        service = services()[name]
        home = self.place / f"home-{name}"
        home.mkdir(exist_ok=True)
        if name == "postgres":
            command = self._postgres(service)
        elif name in OURS:
            command = [*PRODUCT, *service["command"]]
        else:
            command = [str(weed_program()), *self.words(name, service["command"])]
            for secret, target in secrets_of(service).items():
                if target == f"/etc/seaweedfs/{secret}":  # weed looks for it in its working directory too
                    (home / secret).symlink_to(self.place / "secrets" / secret)
        log = (self.place / f"{name}.log").open("wb")
        with log:
            self.running[name] = subprocess.Popen(
                command,
                cwd=home,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_service(command[0]),
            )
        deadline = time.monotonic() + HEALTH_WITHIN_S
        while self.health(name).returncode != 0:
            assert self.running[name].poll() is None and time.monotonic() < deadline, self.log(name)
            time.sleep(HEALTH_EVERY_S[name in OURS])  # each check is a process of its own

    def health(self, name: str) -> "subprocess.CompletedProcess[str]":
        """The compose file's health check of a service."""
        words = self.words(name, health_command(services()[name]))
        if words[0] == "pg_isready":
            words = [*words, "-p", "5432"]
        return self._run(name, [*PRODUCT, *words[1:]] if words[0] == "classproof" else words)

    def start_all(self, names: Sequence[str]) -> None:
        """Services that do not wait for each other."""
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(self.start, names))

    def stop(self, name: str) -> int:
        """As `docker compose stop`: the exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGINT if services()[name].get("stop_signal") == "SIGINT" else signal.SIGTERM)
        return process.wait(STOP_WITHIN_S)

    def end(self) -> None:
        """At once: what is kept is thrown away anyway, and a volume server takes its ten seconds."""
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        return f"{name}: " + (self.place / f"{name}.log").read_text(errors="replace")[-3000:]

    def hand_over(self) -> None:
        """Everything here belongs to the services' user, as the operations page says."""
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", f"{SERVICE_ID}:{SERVICE_ID}", str(self.place)], check=True)

    def _run(self, name: str, command: list[str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command,
            cwd=self.place,
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **_as_service(command[0]),
        )

    def _postgres(self, service: Service) -> list[str]:
        """What the image's entry point does on an empty directory, then the service's own command."""
        cluster, programs = self.place / "state" / "postgres" / "cluster", self.place / "bin"
        made = self._run(
            "postgres",
            [
                str(programs / "initdb"),
                "-D",
                str(cluster),
                "-U",
                "postgres",
                f"--pwfile={self.place / 'secrets' / 'postgres_password'}",
                *initdb_arguments(),
            ],
        )
        assert made.returncode == 0, made.stdout + made.stderr
        words = self.words("postgres", service["command"])
        where = ["-D", str(cluster), "-c", f"listen_addresses={self.hosts['postgres']}", "-c", "port=5432", "-c", "unix_socket_directories="]
        return [str(programs / words[0]), *words[1:], *where]


PRODUCT = (sys.executable, "-m", "api.cli")


@contextmanager
def played() -> Iterator[Played]:
    """An empty place with the wheel in it; everything started is stopped and removed at the end."""
    place = private_place("classproof-compose-")
    net = f"127.{random.randint(20, 250)}.{random.randint(1, 250)}"
    hosts = {name: f"{net}.{n}" for n, name in enumerate(services(), start=2)}
    installation = Played(place, hosts)
    _unpack_wheel(place)
    copy_programs(place / "postgresql")
    (place / "bin").symlink_to(place / "postgresql" / installed_package().name / PROGRAMS)
    for name, service in services().items():
        (place / f"home-{name}").mkdir()
        for volume in service.get("volumes", []):
            (place / volume.split(":")[0]).mkdir(parents=True, exist_ok=True)
    installation.hand_over()
    try:
        yield installation
    finally:
        installation.end()
        shutil.rmtree(place)


def _unpack_wheel(place: Path) -> None:
    """The wheel as the Dockerfile builds it."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "wheel")
    subprocess.run([sys.executable, "-m", "compileall", "-q", "-j2", str(place / "wheel")], check=True)


def _as_service(program: str) -> dict[str, Any]:  # Any: keyword arguments of Popen
    """Not root, as in the compose file, where we are root and that user can reach the program; otherwise ourselves."""
    if os.geteuid() != 0:
        return {}
    service: dict[str, Any] = {"user": SERVICE_ID, "group": SERVICE_ID, "extra_groups": []}
    return service if subprocess.run(["/usr/bin/test", "-x", program], check=False, **service).returncode == 0 else {}
