"""Embedded or configured: all of one or all of the other, decided before anything starts. Pure.

A half configuration is refused, because its other half would be an embedded engine in a place that nobody backs up (ADR 0070).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.errors import ConfiguredInHalf
from storage.kernel.settings import Settings


class Purpose(StrEnum):
    """What a process wants the servers for."""

    WORK = "work"  # API, worker, scheduler, fsck, create-admin
    SERVE = "serve"
    MIGRATE = "migrate"
    PREPARE_DATABASE = "prepare-database"
    PREPARE_STORE = "prepare-store"


# Any of these says that servers are configured.
ADDRESSES: Final = (
    "database_url",
    "migration_database_url",
    "bootstrap_database_url",
    "s3_endpoint",
    "s3_access_key",
    "s3_secret_key",
    "s3_bootstrap_access_key",
    "s3_bootstrap_secret_key",
)
_STORE: Final = ("s3_endpoint", "s3_access_key", "s3_secret_key")
_WORK: Final = ("database_url", *_STORE, "master_key")  # without a shared master key every process would sign with one of its own
NEEDS: Final[Mapping[Purpose, tuple[str, ...]]] = {
    Purpose.WORK: _WORK,
    Purpose.SERVE: (*_WORK, "migration_database_url"),
    Purpose.MIGRATE: ("migration_database_url",),  # never the application's role: it may not own tables
    Purpose.PREPARE_DATABASE: ("bootstrap_database_url", "migration_database_url", "database_url"),
    Purpose.PREPARE_STORE: (*_STORE, "s3_bootstrap_access_key", "s3_bootstrap_secret_key"),
}
PREPARES: Final = (Purpose.PREPARE_DATABASE, Purpose.PREPARE_STORE)


def is_configured(settings: Settings, purpose: Purpose = Purpose.WORK) -> bool:
    """True: use the configured servers and start nothing. False: the embedded engines.

    Raises: ConfiguredInHalf — something is configured, but not all that this purpose needs; or there is nothing to prepare.
    """
    if purpose not in PREPARES and not any(getattr(settings, name) is not None for name in ADDRESSES):
        return False
    missing = [f"CLASSPROOF_{name.upper()}" for name in NEEDS[purpose] if getattr(settings, name) is None]
    if missing:
        raise ConfiguredInHalf(command=purpose.value, missing=missing)
    return True
