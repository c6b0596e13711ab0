"""What a camera without an approved view showed first in its last recordings. F-09, F-12."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base


class FirstLook(Base):
    """Corner points of the first clear look of one recording: no picture, nobody in it. `told`: it was told as differing from those before it."""

    __tablename__ = "first_look"
    __table_args__ = (
        CheckConstraint("octet_length(points) between 36 and 36000 and mod(octet_length(points), 36) = 0", name="points"),
        Index("ix_first_look_camera", "camera_id", "seen_at"),
    )
    BUREAU_ONLY: ClassVar[bool] = True

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    seen_at: Mapped[datetime]
    media_ms: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[bytes] = mapped_column(LargeBinary)
    told: Mapped[bool]
