"""The secrets of an installation on configured servers: one file each, made once, never overwritten. What docker-compose.yml mounts.

The same generators as for the embedded engines; only the places differ.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from storage.engines.certificates import ensure_certificates, security_toml
from storage.engines.private_files import private_directory, read_or_make
from storage.engines.roles import APP, DATABASE, OWNER
from storage.engines.seaweed import Identity, identities_file
from storage.kernel.settings import Settings

KEY_BYTES: Final = 32
SUPERUSER: Final = "postgres"
STORE_HOSTS: Final = ("weed-master", "weed-volume-1", "weed-volume-2", "weed-volume-3", "weed-filer", "weed-s3", "localhost")


def make_secret_files(directory: Path, settings: Settings, *, database_host: str, mounted_at: Path) -> list[str]:
    """Make what is missing; the names of what was made. `mounted_at` is where the store's servers see the certificates.

    Certificates are made anew in their last year; every other file stays what it is for good.
    """
    private_directory(directory)
    before = {path.name for path in directory.iterdir()}
    ensure_certificates(directory, datetime.now(UTC), hosts=STORE_HOSTS)

    def keep(name: str, content: str) -> str:
        return read_or_make(directory / name, content.encode).decode()

    password = secrets.token_urlsafe
    keep("master_key", secrets.token_hex(KEY_BYTES))
    superuser = keep("postgres_password", password(KEY_BYTES))
    keep("bootstrap_database_url", f"postgresql://{SUPERUSER}:{superuser}@{database_host}/postgres")
    keep("migration_database_url", f"postgresql://{OWNER}:{password(KEY_BYTES)}@{database_host}/{DATABASE}")
    keep("database_url", f"postgresql://{APP}:{password(KEY_BYTES)}@{database_host}/{DATABASE}")
    bootstrap = Identity(keep("s3_bootstrap_access_key", "classproof-bootstrap"), keep("s3_bootstrap_secret_key", password(KEY_BYTES)))
    app = Identity(keep("s3_access_key", "classproof-app"), keep("s3_secret_key", password(KEY_BYTES)))
    keep("s3.json", identities_file(bootstrap, app, settings.s3_bucket_prefix).decode())
    tokens = security_toml(
        mounted_at,
        volume_write_key=password(KEY_BYTES),
        volume_read_key=password(KEY_BYTES),
        filer_write_key=password(KEY_BYTES),
        filer_read_key=password(KEY_BYTES),
    )
    keep("security.toml", tokens.decode())
    return sorted({path.name for path in directory.iterdir()} - before)
