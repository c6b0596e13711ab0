"""The checks of the institutions' own copies: what was asked, what came back. R73; Q3, F-14."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class CopyCheck(Keyed, Base):
    """留存核对 of one recording: asked once, answered once or not at all; never changed after its answer."""

    __tablename__ = "copy_check"
    __table_args__ = (
        CheckConstraint("octet_length(nonce) = 16 and length_bytes > 0 and offset_bytes >= 0", name="asked"),
        CheckConstraint(
            "(answered_at is null and matches is null and answer is null and answered_by = '') "
            "or (answered_at < due_at and matches is not null and octet_length(answer) = 32 and answered_by <> '')",
            name="answered",
        ),
        Index("ix_copy_check_institution", "institution_id", "asked_at"),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    due_at: Mapped[datetime]
    offset_bytes: Mapped[int] = mapped_column(BigInteger)
    length_bytes: Mapped[int]
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    matches: Mapped[bool | None]
