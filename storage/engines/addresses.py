"""What the rest of the product needs to know to reach its database and its object store."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class S3Address:
    """`endpoint` is `host:port` as this machine reaches it, `public_endpoint` as browsers do (presigned addresses name it).

    `public_endpoint` may bring its own scheme, where a proxy ends TLS. `site_origin` is the site whose pages may PUT parts (CORS); empty
    allows any origin, which is harmless as every address is signed.
    """

    endpoint: str
    public_endpoint: str
    secure: bool
    access_key: str
    secret_key: str = field(repr=False)
    bucket_prefix: str
    region: str = "us-east-1"
    site_origin: str = ""

    @property
    def public_origin(self) -> str:
        """`scheme://host:port` as browsers reach the store."""
        if "://" in self.public_endpoint:
            return self.public_endpoint.rstrip("/")
        return f"{'https' if self.secure else 'http'}://{self.public_endpoint}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """`database_url` logs in as classproof_app (NOSUPERUSER NOBYPASSRLS, not owner), `migration_database_url` as classproof_owner."""

    database_url: str = field(repr=False)
    migration_database_url: str = field(repr=False)
    s3: S3Address


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """`database_alive` and `store_alive` answer a probe, not a process list. `free_bytes`: room on the recordings' disk, if known."""

    database_alive: bool
    store_alive: bool
    free_bytes: int | None
    low_disk: bool

    @property
    def all_well(self) -> bool:
        return self.database_alive and self.store_alive and not self.low_disk
