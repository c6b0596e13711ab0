"""Clips and sprite sheets: short viewing copies made from a stored recording for one purpose. They live in the viewing bucket and expire."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class ClipState(StrEnum):
    QUEUED = "queued"
    READY = "ready"
    FAILED = "failed"
    DELETED = "deleted"


class ViewingCopy:
    """What every copy has: `[start_ms, end_ms)` in media time of a stored version, its purpose, whether faces are blurred and by what."""

    tenant_id: Mapped[UUID]
    recording_id: Mapped[UUID]
    source_key: Mapped[str]
    source_version_id: Mapped[str]
    purpose: Mapped[str]  # e.g. assignment/<id>
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int] = mapped_column(BigInteger)
    blurred: Mapped[bool] = mapped_column(default=False)
    state: Mapped[ClipState] = mapped_column(enum_column(ClipState, "state"), default=ClipState.QUEUED)
    failure: Mapped[str] = mapped_column(default="")
    bytes_read: Mapped[int | None] = mapped_column(BigInteger)
    requests: Mapped[int | None]
    detector: Mapped[str] = mapped_column(default="")
    faces_found: Mapped[int | None]
    requested_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class Clip(ViewingCopy, Keyed, Base):
    """A film of the span; `offset_ms` says where the span begins inside the clip (a stream copy starts at a key frame).

    What an assigned item shows is always blurred: the table itself refuses another copy for that purpose. `detector` and the four counts say
    how it was done; pictures between those looked at are veiled by what is seen around them.
    """

    __tablename__ = "clip"
    __table_args__ = (
        CheckConstraint("end_ms > start_ms", name="span"),
        CheckConstraint("blurred or purpose not like 'assignment/%'", name="assignment_is_blurred"),
        CheckConstraint("not blurred or state <> 'ready' or (detector <> '' and frames_seen is not null)", name="blurred_as_stated"),
        Index("ix_clip_state_expires", "state", "expires_at"),
        Index("ix_clip_purpose", "purpose"),
    )
    TENANT: ClassVar[str | None] = "tenant_id"

    object_key: Mapped[str | None]
    version_id: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    offset_ms: Mapped[int | None]
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)
    reencoded: Mapped[bool | None]
    frames_seen: Mapped[int | None]
    frames_veiled: Mapped[int | None]
    frames_looked_at: Mapped[int | None]


class SpriteSheets(ViewingCopy, Keyed, Base):
    """Small pictures of a span in grids, for hovering over the time axis. `times_ms` = media time of each tile, in order; `sheets` = the
    stored grids `[{key, version_id, size_bytes}, …]`, each of `columns` × `rows` tiles at most.
    """

    __tablename__ = "sprite_sheets"
    __table_args__ = (
        CheckConstraint("end_ms > start_ms", name="span"),
        CheckConstraint("blurred or purpose not like 'assignment/%'", name="assignment_is_blurred"),
        Index("ix_sprite_sheets_purpose", "purpose"),
        Index("ix_sprite_sheets_state_expires", "state", "expires_at"),
    )
    TENANT: ClassVar[str | None] = "tenant_id"

    tile_width_px: Mapped[int | None]
    tile_height_px: Mapped[int | None]
    columns: Mapped[int | None]
    rows: Mapped[int | None]
    times_ms: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # Any: integers
    sheets: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # Any: stored versions


class MediaIndexRow(Base):
    """The sample index of one object version, fetched once: later clips need no second read of the file's index."""

    __tablename__ = "media_index"

    object_key: Mapped[str] = mapped_column(primary_key=True)
    version_id: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    packets_key: Mapped[str | None]  # facts of every packet (storage.media.packets), in the viewing bucket; None: made before they were kept
    packets_version_id: Mapped[str | None]
    made_at: Mapped[datetime]
