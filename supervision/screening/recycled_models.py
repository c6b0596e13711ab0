"""What is kept of every recording to find its footage again, and the pairs that were found. R60, R72; F-05, F-06, F-13.

Per hour: five keys of its view (shared by recordings of one view), 7 kB of signatures and some hundred packet marks in the database, the
movement itself (about half a megabyte) in the object store. Nothing of it shows a person.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import BIT, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.screening.kinship import Kind


class CameraView(Keyed, Base):
    """What one camera sees while it is not moved: recordings with nearly the same key share it."""

    __tablename__ = "camera_view"

    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    made_at: Mapped[datetime]


class ViewKey(Base):
    """The keys under which a view is found: as it is, and as if it had been cropped by so many permille."""

    __tablename__ = "view_key"

    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    view_id: Mapped[UUID] = mapped_column(ForeignKey("camera_view.id"), primary_key=True)
    crop_permille: Mapped[int] = mapped_column(primary_key=True)
    bits: Mapped[str] = mapped_column(BIT(256))


class RecordingMotion(Base):
    """The movement of one recording: signatures here, the whole in the viewing bucket."""

    __tablename__ = "recording_motion"
    __table_args__ = (Index("ix_recording_motion_view", "view_id"),)

    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    view_id: Mapped[UUID] = mapped_column(ForeignKey("camera_view.id"))
    signatures: Mapped[bytes] = mapped_column(LargeBinary)  # 64 bits each, one for each four seconds
    motion_key: Mapped[str]
    motion_version_id: Mapped[str]
    looks: Mapped[int]
    cpu_ms: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    compared_at: Mapped[datetime | None]


class PacketMark(Base):
    """A coded picture of a recording, to find the same one elsewhere."""

    __tablename__ = "packet_mark"

    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    hash: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    shown_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Way(StrEnum):
    """How it was seen: the same coded pictures, the same movement minute after minute, or pictures as near to each other as the next look is."""

    PACKETS = "packets"
    MOVEMENT = "movement"
    PIECES = "pieces"


class RecycledMatch(Keyed, Base):
    """Two recordings that show the same, once for each pair (the lesser id first): the lead about it, and the line between their times."""

    __tablename__ = "recycled_match"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        Index("ix_recycled_match_second", "second_id"),
        Index("ix_recycled_match_lead", "lead_id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    first_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    lead_id: Mapped[UUID] = mapped_column(ForeignKey("screening_lead.id"))
    kind: Mapped[Kind] = mapped_column(enum_column(Kind, "kind"))
    way: Mapped[Way] = mapped_column(enum_column(Way, "way"))
    mirrored: Mapped[bool]
    # second t of the first shows second offset + slope t of the second
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    slope_ppm: Mapped[int]
    windows: Mapped[int]
    agreement_permille: Mapped[int]
    sound_permille: Mapped[int | None]  # how alike the sound of both rises and falls (`same_sound`); None: could not be compared
    spans: Mapped[list[Any]] = mapped_column(JSONB)  # Any: [from_ms, to_ms] pairs of the first recording
    found_at: Mapped[datetime]
