"""What was learned of the clock that each camera writes into its pictures. F-19."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class CameraClock(Keyed, Base):
    """One learning: the newest of a camera and picture size that nobody discarded is in force. `body` None: no clock could be read there.

    `read` of `asked` instants of the recording it was learned from read as one clock.
    """

    __tablename__ = "camera_clock"
    __table_args__ = (
        CheckConstraint("num_nulls(discarded_at, discarded_by, discarded_why) in (0, 3)", name="discarded"),
        CheckConstraint("(body is null) = (layout = '')", name="layout"),
        CheckConstraint("read between 0 and asked", name="read"),
        Index("ix_camera_clock_camera", "camera_id", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    method: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    learned_from: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    learned_at: Mapped[datetime]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)  # ClockShape
    layout: Mapped[str] = mapped_column(default="")  # ymd-hms and the like
    asked: Mapped[int]
    read: Mapped[int]
    discarded_at: Mapped[datetime | None]
    discarded_by: Mapped[str | None]  # login
    discarded_why: Mapped[str | None]
