"""Expected slots, recordings, and the spans they prove. R71–R73; domain.md 2.3.1."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.footage.lifecycle import ExplanationState, RecordingState, SlotState


class Slot(Keyed, Base):
    """One camera's duty to film one lesson. `natural_id` = lesson natural id / camera code. `span` is the scheduled time."""

    __tablename__ = "slot"
    __table_args__ = (
        UniqueConstraint("lesson_id", "camera_id"),
        Index("ix_slot_camera_span", "camera_id", "span", postgresql_using="gist"),
        Index("ix_slot_state_due", "state", "due_at"),
        Index("ix_slot_institution_start", "institution_id", "starts_at"),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "slot"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"))
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    natural_id: Mapped[str] = mapped_column(unique=True)
    starts_at: Mapped[datetime]
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    due_at: Mapped[datetime]  # upload deadline; later the slot turns MISSING
    state: Mapped[SlotState] = mapped_column(enum_column(SlotState, "state"), default=SlotState.ANNOUNCED)
    settled_at: Mapped[datetime | None]  # the deadline passed and nothing was missing: the sweeper need not look again


class Recording(Keyed, Base):
    """One uploaded file as evidence. `upload_id` is the session in `storage.uploads` that brought the bytes."""

    __tablename__ = "recording"
    __table_args__ = (
        Index("ix_recording_institution_created", "institution_id", "created_at"),
        Index("ix_recording_sha256", "sha256"),
        Index("ix_recording_packet_hash", "packet_hash"),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "recording"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    upload_id: Mapped[UUID] = mapped_column(unique=True)
    slot_id: Mapped[UUID | None] = mapped_column(ForeignKey("slot.id"), index=True)
    camera_id: Mapped[UUID | None] = mapped_column(ForeignKey("camera.id"))
    file_name: Mapped[str]
    state: Mapped[RecordingState] = mapped_column(enum_column(RecordingState, "state"))
    reason: Mapped[str] = mapped_column(default="")  # why it was refused or alarms: an error code
    reason_facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # Any: facts of the reason, only formatted
    declared_start_at: Mapped[datetime | None]
    start_source: Mapped[str] = mapped_column(default="")  # chosen | file-name | container
    object_key: Mapped[str]
    version_id: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    packet_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    media: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # Any: MediaFacts as JSON
    recorded_span: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    retain_until: Mapped[datetime | None]
    lock_read_back_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DuplicateLink(Keyed, Base):
    """The same bytes, or the same picture packets in another container, as an earlier recording (F-05). A lead, not a verdict."""

    __tablename__ = "duplicate_link"
    __table_args__ = (UniqueConstraint("recording_id", "earlier_id"),)

    BUREAU_ONLY: ClassVar[bool] = True  # the other recording may be another institution's
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    earlier_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    kind: Mapped[str]  # same-bytes | same-packets
    found_at: Mapped[datetime]


class RecordedSpan(Keyed, Base):
    """A continuous stretch of wall-clock time that a catalogued recording holds: what coverage is computed from.

    At most `rules.LONGEST_STRETCH`: a longer one is kept in adjoining pieces, so that the pieces near a lesson are found by their start.
    """

    __tablename__ = "recorded_span"
    __table_args__ = (
        Index("ix_recorded_span_camera_start", "camera_id", "starts_at"),
        CheckConstraint("upper(span) - lower(span) <= interval '6 hours'", name="longest"),
    )
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    # comparisons of instants are leakproof, those of ranges are not: under row-level security only the former may use an index
    starts_at: Mapped[datetime] = mapped_column(Computed("lower(span)", persisted=True))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    media_start_ms: Mapped[int] = mapped_column(BigInteger)  # where in the file this stretch begins


class GapExplanation(Keyed, Base):
    """Why a stretch is not on tape (power cut …), and whether the bureau accepted it."""

    __tablename__ = "gap_explanation"
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "gap-explanation"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slot.id"), index=True)
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    cause: Mapped[str]  # power-cut | camera-fault | recorder-fault | lesson-moved | other
    text: Mapped[str]
    state: Mapped[ExplanationState] = mapped_column(enum_column(ExplanationState, "state"), default=ExplanationState.SUBMITTED)
    submitted_at: Mapped[datetime]
    decide_by: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str] = mapped_column(default="")
