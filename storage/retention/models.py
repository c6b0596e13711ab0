"""What must be kept until when, and which matters hold it. R73; domain.md 2.3.1."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class KeptVersion(Keyed, Base):
    """One locked object version. `retain_until` is never later than what the store confirmed, and never goes back."""

    __tablename__ = "kept_version"
    __table_args__ = (
        UniqueConstraint("object_key", "version_id"),
        Index("ix_kept_version_patrolled", "patrolled_at"),
        Index("ix_kept_version_until", "retain_until"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
    )
    TENANT: ClassVar[str | None] = "tenant_id"

    tenant_id: Mapped[UUID]
    object_key: Mapped[str]
    version_id: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    retain_until: Mapped[datetime]
    lock_read_back_at: Mapped[datetime]
    patrolled_at: Mapped[datetime | None]
    destroyed_at: Mapped[datetime | None]  # tombstone: hash and size stay so that old proofs still verify


class LegalHold(Keyed, Base):
    """A matter that needs a version. Holds are a set: the version is free only when all matters ended.

    The bureau's: a matter names a finding that the institution may not have been told of yet.
    """

    __tablename__ = "legal_hold"
    __table_args__ = (UniqueConstraint("kept_version_id", "matter"),)
    BUREAU_ONLY: ClassVar[bool] = True

    tenant_id: Mapped[UUID]
    kept_version_id: Mapped[UUID] = mapped_column(ForeignKey("kept_version.id"), index=True)
    matter: Mapped[str]  # e.g. finding/<id>
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    reason: Mapped[str]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str] = mapped_column(default="")
