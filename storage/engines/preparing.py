"""Bring configured servers to the state in which the embedded ones start: roles and database, buckets, fsync. Idempotent.

These are the only uses of the superuser and of the store's administrator; they run once, before API, worker and scheduler (ADR 0071).
"""

import tempfile
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from storage.engines.engines import configured_store
from storage.engines.errors import AddressNamesAnotherRole
from storage.engines.roles import APP, DATABASE, OWNER, prepare_roles, require_plain_role, rights_of
from storage.engines.weed_shell import WeedShell
from storage.kernel.configured import Purpose, is_configured
from storage.kernel.settings import Settings
from storage.objects.buckets import bucket_names, prepare_buckets
from storage.objects.trial import try_lock, try_rights

NO_SECRET: Final = SecretStr("")


def prepare_database(settings: Settings) -> None:
    """Roles, database and extensions as `storage.engines.roles` makes them; the passwords are those of the two addresses.

    Raises: ConfiguredInHalf, AddressNamesAnotherRole, DatabaseSilent, RoleTooStrong.
    """
    is_configured(settings, Purpose.PREPARE_DATABASE)
    owner_url = (settings.migration_database_url or NO_SECRET).get_secret_value()
    app_url = (settings.database_url or NO_SECRET).get_secret_value()
    bootstrap_url = (settings.bootstrap_database_url or NO_SECRET).get_secret_value()
    owner_password = _password("CLASSPROOF_MIGRATION_DATABASE_URL", owner_url, OWNER)
    app_password = _password("CLASSPROOF_DATABASE_URL", app_url, APP)
    rights_of(bootstrap_url)  # waits for a server that is still starting
    prepare_roles(bootstrap_url, owner_password=owner_password, app_password=app_password)
    require_plain_role(app_url)
    require_plain_role(owner_url, may_own=True)


def prepare_store(settings: Settings) -> bool:
    """Buckets with object lock, their policies and CORS, fsync where the inner channel is named; then both identities are tried out.

    Answers whether fsync was set. Raises: ConfiguredInHalf, StoreUnavailable, StoreRefused, BucketMissing, BucketUnlocked,
    StoreIdentityTooStrong, EngineWontStart.
    """
    is_configured(settings, Purpose.PREPARE_STORE)
    administrator = configured_store(settings, settings.s3_bootstrap_access_key, settings.s3_bootstrap_secret_key)
    product = configured_store(settings, settings.s3_access_key, settings.s3_secret_key)
    prepare_buckets(administrator)
    synced = _sync_writes(settings)
    try_rights(administrator, product)
    try_lock(administrator, product)
    return synced


def _sync_writes(settings: Settings) -> bool:
    master, filer, certificates = settings.store_master, settings.store_filer, settings.store_operator_dir
    if master is None or filer is None or certificates is None:
        return False
    with tempfile.TemporaryDirectory(prefix="classproof-operator-") as place:
        shell = WeedShell(Path(place), certificates, master, filer)
        for bucket in bucket_names(settings.s3_bucket_prefix).locked:
            shell.sync_every_write(bucket)
    return True


def _password(variable: str, url: str, role: str) -> str:
    """The password of an address that must belong to one role. Raises: AddressNamesAnotherRole."""
    try:
        told = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        told = {}
    password = told.get("password")
    if told.get("user") != role or told.get("dbname") != DATABASE or not password:
        raise AddressNamesAnotherRole(variable=variable, role=role, database=DATABASE)
    return str(password)
