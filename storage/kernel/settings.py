"""Configuration, read once at the composition root (`api/`). Nothing below reads the environment.

Every field is `CLASSPROOF_<NAME>`; a secret may come from a file named by `CLASSPROOF_<NAME>_FILE`. An empty value counts as unset.
With no address of a server given, the embedded engines are used; with one, everything of that kind must be given (`storage.kernel.configured`).
docs/operations/settings.md lists every setting; a test keeps it equal to this class.
"""

import os
from pathlib import Path

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.kernel.errors import SecretFileUnreadable

SECRET_FIELDS = (
    "database_url",
    "migration_database_url",
    "bootstrap_database_url",
    "s3_access_key",
    "s3_secret_key",
    "s3_bootstrap_access_key",
    "s3_bootstrap_secret_key",
    "master_key",
    "oidc_client_secret",
)


class Settings(BaseSettings):
    """Where things are. Defaults run everything on this machine under `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="CLASSPROOF_", extra="ignore", env_ignore_empty=True)

    data_dir: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""  # how browsers reach the site; empty: http://host:port
    bureau_name: str = "古县人力资源和社会保障局"  # whose letters are printed
    workdays_file: Path | None = None  # exceptions from the published holiday calendar, beside those that come with the product
    trusted_proxies: str = ""  # addresses or networks, by comma, whose X-Forwarded-For is believed; empty: nobody's

    database_url: SecretStr | None = None  # role classproof_app: neither owner nor superuser
    migration_database_url: SecretStr | None = None  # role classproof_owner: owns the schema, runs migrations
    bootstrap_database_url: SecretStr | None = None  # a superuser; read by `prepare-database` alone

    s3_endpoint: str | None = None  # host:port as the API and the worker reach it
    s3_public_endpoint: str | None = None  # host:port that browsers and agents reach; presigned addresses name it
    s3_secure: bool = False  # the API and the worker reach the store by https
    s3_public_secure: bool | None = None  # browsers reach the store by https; unset: as s3_secure
    s3_access_key: SecretStr | None = None
    s3_secret_key: SecretStr | None = None
    s3_bootstrap_access_key: SecretStr | None = None  # the store's administrator; read by `prepare-store` alone
    s3_bootstrap_secret_key: SecretStr | None = None
    store_master: str | None = None  # host:port of SeaweedFS's master and filer: `prepare-store` sets fsync through them
    store_filer: str | None = None
    store_operator_dir: Path | None = None  # holds ca.crt, operator.crt, operator.key for that inner channel
    s3_bucket_prefix: str = "classproof"

    # 32 random bytes as hex: identity numbers, TOTP secrets and signing keys are derived from or wrapped by it
    master_key: SecretStr | None = None

    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None

    worker_concurrency: int = 2
    scratch_dir: Path | None = None  # where a recording is spooled while it is verified; default data_dir/scratch
    disk_dir: Path | None = None  # any directory on the disk that holds the recordings; unset: data_dir, or unknown with configured servers
    low_disk_bytes: int = 5_000_000_000  # below this, uploads are refused (507) and the dashboard says so

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, object]) -> dict[str, object]:
        for name in SECRET_FIELDS:
            path = os.environ.get(f"CLASSPROOF_{name.upper()}_FILE")
            if path and not values.get(name):
                values[name] = _content(name, Path(path))
        return values

    @property
    def site_url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def scratch(self) -> Path:
        return self.scratch_dir or self.data_dir / "scratch"


def _content(name: str, path: Path) -> str:
    """Raises: SecretFileUnreadable — not there, not readable for this user, not text, or empty: an empty secret is never meant."""
    variable = f"CLASSPROOF_{name.upper()}_FILE"
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileUnreadable(variable=variable, path=str(path), why=type(error).__name__) from error
    if not text:
        raise SecretFileUnreadable(variable=variable, path=str(path), why="empty")
    return text
