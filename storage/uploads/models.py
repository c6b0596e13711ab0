"""Upload sessions: bytes on their way from a client to the store."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class UploadState(StrEnum):
    OPEN = "open"  # parts may be sent
    RECEIVED = "received"  # completed: the store gave a version id
    ABORTED = "aborted"
    EXPIRED = "expired"  # nobody went on with it; or, with a version id, what it brought was refused and deleted after its days


class UploadSession(Keyed, Base):
    """One file being sent. The store's `list_parts` is the truth about what arrived; this row is the intent."""

    __tablename__ = "upload_session"
    __table_args__ = (UniqueConstraint("tenant_id", "idempotency_key"), Index("ix_upload_session_state_active", "state", "active_at"))
    TENANT: ClassVar[str | None] = "tenant_id"

    tenant_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    file_name: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str]
    client_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    content_type: Mapped[str]
    part_bytes: Mapped[int]
    object_key: Mapped[str] = mapped_column(unique=True)
    store_upload_id: Mapped[str]
    state: Mapped[UploadState] = mapped_column(enum_column(UploadState, "state"), default=UploadState.OPEN)
    version_id: Mapped[str | None]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    active_at: Mapped[datetime]
    received_at: Mapped[datetime | None]


class UploadPart(Base):
    """The SHA-256 a client reported for a part before it was given an address to send it to."""

    __tablename__ = "upload_part"
    TENANT: ClassVar[str | None] = "tenant_id"

    upload_id: Mapped[UUID] = mapped_column(ForeignKey("upload_session.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    requested_at: Mapped[datetime]
