"""The embedded SeaweedFS: one `weed mini` under `<data_dir>/seaweed`, on loopback, with every door closed that is not S3.

Closed: the filer's and volume's HTTP (signed tokens), the master's admin HTTP (switched off), gRPC (mutual TLS), the admin page, WebDAV, IAM,
Iceberg, telemetry. What remains open to whoever owns the directory's files or its certificates is said in docs/design/engines.md.
"""

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from storage.engines.certificates import ensure_certificates, security_toml
from storage.engines.errors import EngineWontStart
from storage.engines.ports import GRPC_OFFSET, PortBook
from storage.engines.private_files import private_directory, write_private
from storage.engines.processes import end, living_in, start_detached, tail, wait_until
from storage.engines.secrets import Secrets
from storage.engines.weed_shell import WeedShell, weed_program

ENGINE: Final = "seaweedfs"
ROLES: Final = ("master", "volume", "filer", "s3", "admin")
SPAWN_TIMEOUT_S: Final = 5
START_TIMEOUT_S: Final = 60
STOP_GRACE_S: Final = 30
BUSY_GRACE_S: Final = 30
SHELL_TIMEOUT_S: Final = 60
MEMORY_LIMIT: Final = "512MiB"  # unbounded, the Go heap was seen at 3 GB
VOLUME_MB: Final = 1024
VOLUMES: Final = 8192  # buckets take up to seven each; a low limit makes the next bucket fail with a bare 500
SWITCHES: Final = (
    "-ip=127.0.0.1",
    "-ip.bind=127.0.0.1",
    "-disableHttp",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.iam=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-s3.autoCreateBucket=false",
    "-s3.allowDeleteBucketNotEmpty=false",
    "-master.telemetry=false",
    "-master.electionTimeout=1s",
    f"-master.volumeSizeLimitMB={VOLUME_MB}",
    f"-volume.max={VOLUMES}",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """An S3 key pair of the embedded store."""

    access_key: str
    secret_key: str


def app_actions(bucket_prefix: str) -> list[str]:
    """What the product may do, on its own buckets only: no bucket creation, no policy, no bypass of governance."""
    acts = (
        "Read",
        "Write",
        "List",
        "GetObjectRetention",
        "PutObjectRetention",
        "GetObjectLegalHold",
        "PutObjectLegalHold",
        "GetBucketObjectLockConfiguration",
    )
    return [f"{act}:{bucket_prefix}-*" for act in acts]


class Seaweed:
    """Starts, finds and stops the store of one data directory. Callers hold the start lock for `start` and `stop`."""

    def __init__(self, data_dir: Path, ports: PortBook, secrets: Secrets, bucket_prefix: str) -> None:
        self._root = data_dir / "seaweed"
        self._ports = ports
        self._secrets = secrets
        self._bucket_prefix = bucket_prefix

    @property
    def root(self) -> Path:
        return self._root

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port('s3')}"

    @property
    def app(self) -> Identity:
        return self._identity("app")

    @property
    def bootstrap(self) -> Identity:
        """The administrator that makes the buckets at start-up; no API or worker code receives it."""
        return self._identity("bootstrap")

    def port(self, role: str) -> int:
        """Loopback HTTP port of a role; its gRPC port is 10000 above."""
        return self._ports.read().get(f"{ENGINE}-{role}", 0)

    def is_running(self) -> bool:
        return bool(living_in(self._root))

    def answers(self) -> bool:
        """Whether the S3 gateway answers its health check."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("s3"), timeout=3)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def comes_up(self) -> bool:
        """Whether the store runs and answers; one that runs but is busy gets time to answer."""
        return self.is_running() and wait_until(lambda: self.answers() or not self.is_running(), BUSY_GRACE_S) and self.answers()

    def start(self) -> None:
        """Start the store and wait until its S3 gateway answers. Raises: EngineWontStart."""
        private_directory(self._root)
        (self._root / "data").mkdir(exist_ok=True)
        (self._root / "log").mkdir(exist_ok=True)
        ports = self._ports.free_ports([f"{ENGINE}-{role}" for role in ROLES], paired=True)
        self._write_configuration()
        options = [f"-{role}.port={ports[f'{ENGINE}-{role}']}" for role in ROLES]
        options += [f"-{role}.port.grpc={ports[f'{ENGINE}-{role}'] + GRPC_OFFSET}" for role in ROLES]
        command = [str(weed_program()), f"-logdir={self._root / 'log'}", "mini", f"-dir={self._root / 'data'}", *SWITCHES]
        log = self._root / "weed.out"
        start_detached(
            [*command, f"-s3.config={self._root / 's3.json'}", *options],
            directory=self._root,
            environment={"PATH": "/usr/bin:/bin", "HOME": str(self._root), "GOMEMLIMIT": MEMORY_LIMIT},
            log=log,
        )
        wait_until(self.is_running, SPAWN_TIMEOUT_S)
        wait_until(lambda: self.answers() or not self.is_running(), START_TIMEOUT_S)
        if not self.answers():
            self.stop()
            raise EngineWontStart(engine=ENGINE, why=tail(log))

    def stop(self) -> None:
        end(self._root, grace_s=STOP_GRACE_S)

    def sync_every_write(self, bucket: str) -> None:
        """Have the volumes of a bucket fsync each write. Done once per bucket; the filer remembers it. Raises: EngineWontStart."""
        mark = self._root / f"fsync-{bucket}"
        if mark.exists():
            return
        self._shell().sync_every_write(bucket)
        write_private(mark, b"")

    def shell(self, command: str) -> str:
        """Run one `weed shell` command with the operator's certificate; answers what it printed."""
        return self._shell().run(command)

    def _shell(self) -> WeedShell:
        master, filer = self.port("master"), self.port("filer")
        return WeedShell(
            place=self._root / "operator",  # not the engine's own directory: that is how the engine is recognised
            certificates=self._certificates,
            master=f"127.0.0.1:{master}.{master + GRPC_OFFSET}",
            filer=f"127.0.0.1:{filer}.{filer + GRPC_OFFSET}",
        )

    @property
    def _certificates(self) -> Path:
        return self._root / "tls"

    def _write_configuration(self) -> None:
        ensure_certificates(self._certificates, datetime.now(UTC))
        toml = security_toml(
            self._certificates,
            volume_write_key=self._secrets.password("seaweed-volume-write"),
            volume_read_key=self._secrets.password("seaweed-volume-read"),
            filer_write_key=self._secrets.password("seaweed-filer-write"),
            filer_read_key=self._secrets.password("seaweed-filer-read"),
        )
        write_private(self._root / "security.toml", toml)
        write_private(self._root / "s3.json", identities_file(self.bootstrap, self.app, self._bucket_prefix))

    def _identity(self, name: str) -> Identity:
        return Identity(f"classproof-{name}", self._secrets.password(f"s3-{name}"))


def identities_file(bootstrap: Identity, app: Identity, bucket_prefix: str) -> bytes:
    """The store's file of S3 identities: the administrator that makes the buckets, and the product."""
    entries = [_identity_entry("bootstrap", bootstrap, ["Admin"]), _identity_entry("app", app, app_actions(bucket_prefix))]
    return json.dumps({"identities": entries}, indent=1).encode()


def _identity_entry(name: str, identity: Identity, actions: list[str]) -> dict[str, object]:
    return {"name": name, "credentials": [{"accessKey": identity.access_key, "secretKey": identity.secret_key}], "actions": actions}
