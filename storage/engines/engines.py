"""Start what is not configured and not running, attach to what runs, keep it running, and stop it when the last one leaves.

Every process of an installation (API, workers, commands) calls `Engines.attach(settings)`. Configured servers (CLASSPROOF_DATABASE_URL and
CLASSPROOF_S3_ENDPOINT) are only addressed: nothing is started, stopped, generated or written.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import psycopg
from pydantic import SecretStr

from storage.engines.addresses import Addresses, EngineHealth, S3Address
from storage.engines.errors import DataDirectoryInUse, EngineWontStart
from storage.engines.lease import Lease, start_lock
from storage.engines.ports import PortBook
from storage.engines.postgres import ENGINE as POSTGRESQL
from storage.engines.postgres import Postgres
from storage.engines.roles import APP, DATABASE, OWNER, database_answers, prepare_roles
from storage.engines.seaweed import Identity, Seaweed
from storage.engines.secrets import Secrets
from storage.kernel.configured import is_configured
from storage.kernel.errors import DomainError
from storage.kernel.settings import Settings
from storage.objects.buckets import bucket_names, prepare_buckets, store_answers

LOG = logging.getLogger(__name__)


class Engines:
    """A lease on the engines. Use as a context manager or call `close`."""

    def __init__(self, settings: Settings) -> None:
        """Raises: ConfiguredInHalf — some of the configured servers' settings are missing."""
        self._settings = settings
        self.configured = is_configured(settings)
        self.data_dir = settings.data_dir.resolve()
        self.secrets = Secrets(self.data_dir, settings)
        self._run_dir = self.data_dir / "run"
        self.postgres: Postgres | None = None
        self.seaweed: Seaweed | None = None
        self._lease: Lease | None = None
        self._watcher: tuple[threading.Thread, threading.Event] | None = None
        if not self.configured:
            self._run_dir.mkdir(parents=True, exist_ok=True)
            ports = PortBook(self._run_dir / "ports.json")
            self.postgres = Postgres(self.data_dir, ports, self.secrets.password("postgres-launcher"))
            self.seaweed = Seaweed(self.data_dir, ports, self.secrets, settings.s3_bucket_prefix)
            self._lease = Lease(self._run_dir)

    @classmethod
    def attach(cls, settings: Settings) -> Self:
        """Engines up, roles, database and buckets there, lease taken. With configured servers: only their addresses.

        Raises: ConfiguredInHalf, EngineWontStart, DataDirectoryInUse; StoreUnavailable, StoreRefused, BucketMissing from the making of the buckets.
        """
        engines = cls(settings)
        lease = engines._lease
        if lease is None:
            return engines
        with start_lock(engines._run_dir):
            try:
                lease.check_same_machine(engines.data_dir)
                engines._bring_up()
                lease.take()
            except DataDirectoryInUse:
                lease.release()
                raise
            except BaseException:
                engines._leave(lease)
                raise
        return engines

    @property
    def addresses(self) -> Addresses:
        """Where things are now. Stable unless a port had to be chosen again after an engine died."""
        return Addresses(database_url=self._database_url(), migration_database_url=self._migration_url(), s3=self._s3(None))

    def bootstrap_s3(self) -> S3Address:
        """The store as administrator: for set-up and for the tests that attack it. Raises: ValueError — the store is not ours."""
        if self.seaweed is None:
            msg = "the object store is configured, not embedded"
            raise ValueError(msg)
        return self._s3(self.seaweed.bootstrap)

    def ensure_running(self) -> list[str]:
        """Start again what died (kill -9, out of memory); answers the names of what was started. Cheap when all is well."""
        if self._lease is None or self._all_running():
            return []
        with start_lock(self._run_dir):
            return self._bring_up() if self._lease.held else []

    def watch(self, every_s: float = 2.0, *, moved: Callable[[], None] | None = None) -> None:
        """Call `ensure_running` from a background thread until `close`. For the long-lived processes.

        `moved` is called once when the engines are no longer where they were when the watch began (somebody took the port of one that was
        down): whoever holds connections to the old addresses must begin anew.
        """
        if self._watcher is None and not self.configured:
            stop = threading.Event()
            thread = threading.Thread(target=self._keep_running, args=(stop, every_s, moved, self.addresses), name="engines-watch", daemon=True)
            self._watcher = (thread, stop)
            thread.start()

    def free_bytes(self) -> int | None:
        """Room on the disk of the recordings; None when no directory here lies on it. Cheap enough to ask before every upload."""
        place = self._settings.disk_dir or (None if self.configured else self.data_dir)
        return None if place is None else shutil.disk_usage(place).free

    def health(self) -> EngineHealth:
        """Both engines are asked a question; the disk of the recordings is measured where it can be."""
        free = self.free_bytes()
        return EngineHealth(
            database_alive=database_answers(self._database_url()),
            store_alive=store_answers(self.addresses.s3),
            free_bytes=free,
            low_disk=free is not None and free < self._settings.low_disk_bytes,
        )

    def close(self) -> None:
        """Give the lease back; the last holder stops the engines cleanly. Repeating is harmless."""
        if self._watcher is not None:
            thread, stop = self._watcher
            stop.set()
            thread.join()
            self._watcher = None
        if self._lease is None or not self._lease.held:
            return
        with start_lock(self._run_dir):
            self._leave(self._lease)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _all_running(self) -> bool:
        return all(engine is None or engine.is_running() for engine in (self.postgres, self.seaweed))

    def _bring_up(self) -> list[str]:
        started = []
        if self.postgres is not None and not self.postgres.comes_up():
            self.postgres.start()
            started.append("postgresql")
        if self.postgres is not None:
            self._prepare_roles(self.postgres)
        if self.seaweed is not None and not self.seaweed.comes_up():
            self.seaweed.stop()
            self.seaweed.start()
            started.append("seaweedfs")
        if self.seaweed is not None:
            prepare_buckets(self.bootstrap_s3())
            for bucket in bucket_names(self._settings.s3_bucket_prefix).locked:
                self.seaweed.sync_every_write(bucket)
        return started

    def _prepare_roles(self, postgres: Postgres) -> None:
        try:
            prepare_roles(
                postgres.superuser_url(),
                owner_password=self.secrets.password("postgres-owner"),
                app_password=self.secrets.password("postgres-app"),
            )
        except psycopg.Error as error:  # it died again the moment it answered
            raise EngineWontStart(engine=POSTGRESQL, why=str(error)) from error

    def _leave(self, lease: Lease) -> None:
        """Called under the start lock: let go, and stop the engines when nobody is left."""
        lease.release()
        rest = Lease(self._run_dir)
        try:
            if rest.nobody_holds():
                self._take_down()
        finally:
            rest.release()

    def _take_down(self) -> None:
        if self.seaweed is not None:
            self.seaweed.stop()
        if self.postgres is not None:
            self.postgres.stop()

    def _keep_running(self, stop: threading.Event, every_s: float, moved: Callable[[], None] | None, known: Addresses) -> None:
        while not stop.wait(every_s):
            try:
                started = self.ensure_running()
            except (DomainError, OSError):
                LOG.exception("an engine could not be started again; next try in %.0f s", every_s)
                continue
            if started:
                LOG.warning("started again: %s", ", ".join(started))
            if moved is not None and self.addresses != known:
                LOG.warning("the engines have new addresses")
                moved()
                moved = None

    def _database_url(self) -> str:
        if self.postgres is not None:
            return self.postgres.url(APP, self.secrets.password("postgres-app"), DATABASE)
        configured = self._settings.database_url
        return configured.get_secret_value() if configured is not None else ""

    def _migration_url(self) -> str:
        if self.postgres is not None:
            return self.postgres.url(OWNER, self.secrets.password("postgres-owner"), DATABASE)
        configured = self._settings.migration_database_url
        return configured.get_secret_value() if configured is not None else ""

    def _s3(self, identity: Identity | None) -> S3Address:
        settings = self._settings
        if self.seaweed is not None:
            who = identity or self.seaweed.app
            endpoint = self.seaweed.endpoint
            return S3Address(
                endpoint=endpoint,
                public_endpoint=_public(settings, endpoint, secure=False),
                secure=False,
                access_key=who.access_key,
                secret_key=who.secret_key,
                bucket_prefix=settings.s3_bucket_prefix,
                site_origin=settings.public_url.rstrip("/"),
            )
        return configured_store(settings, settings.s3_access_key, settings.s3_secret_key)


def configured_store(settings: Settings, access_key: SecretStr | None, secret_key: SecretStr | None) -> S3Address:
    """The configured store as one of its identities. Raises: ValueError — the settings name no store or no key."""
    if settings.s3_endpoint is None or access_key is None or secret_key is None:
        msg = "the settings name no object store"
        raise ValueError(msg)
    return S3Address(
        endpoint=settings.s3_endpoint,
        public_endpoint=_public(settings, settings.s3_endpoint, secure=settings.s3_secure),
        secure=settings.s3_secure,
        access_key=access_key.get_secret_value(),
        secret_key=secret_key.get_secret_value(),
        bucket_prefix=settings.s3_bucket_prefix,
        site_origin=settings.public_url.rstrip("/"),
    )


def _public(settings: Settings, endpoint: str, *, secure: bool) -> str:
    """How browsers reach the store. The scheme is named when it is said for them apart, as where a proxy in front of the store ends TLS."""
    outside = settings.s3_public_endpoint or endpoint
    if "://" in outside or settings.s3_public_secure in (None, secure):
        return outside
    return f"{'https' if settings.s3_public_secure else 'http'}://{outside}"


def stop_engines(settings: Settings) -> bool:
    """Stop what was left running by processes that were killed. False when somebody still holds a lease."""
    engines = Engines(settings)
    lease = engines._lease
    if lease is None:
        return True
    try:
        with start_lock(engines._run_dir):
            if not lease.nobody_holds():
                return False
            engines._take_down()
            return True
    finally:
        lease.release()
