"""Screening runs, their leads, and what people said of them. R60, R72; F-01 … F-20.

A run is the only one of its recording under its version of the rules: nothing is screened twice by accident. What lies between two
checkpoints of a run that is still going is kept as parts, and dropped when it ends.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.screening.looks import Code


class RunState(StrEnum):
    """Each checkpoint is a transaction of its own; a run that is RUNNING with nobody at work goes on at its checkpoint."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the file could not be read by the rules' means; `failure` says why


class ScreeningRun(Keyed, Base):
    """One pass over one recording under one version of the rules, with what it cost."""

    __tablename__ = "screening_run"
    __table_args__ = (
        UniqueConstraint("recording_id", "rules_version"),
        CheckConstraint("(state = 'running') = (ended_at is null)", name="ended"),
        Index("ix_screening_run_ended", "ended_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    rules_version: Mapped[str]
    state: Mapped[RunState] = mapped_column(enum_column(RunState, "state"), default=RunState.RUNNING)
    failure: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    checkpoint_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # everything before it has been looked at and kept
    looks: Mapped[int] = mapped_column(default=0)
    bytes_read: Mapped[int] = mapped_column(BigInteger, default=0)
    requests: Mapped[int] = mapped_column(default=0)
    cpu_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # of the confined children and of the signals
    heads_cpu_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # of it, for counting heads
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    clock_id: Mapped[UUID | None] = mapped_column(ForeignKey("camera_clock.id"))  # None: no clock of this camera can be read
    clock_asked: Mapped[int | None]  # instants at which the clock was looked for
    clock_read: Mapped[int | None]  # … and read for sure
    sound: Mapped[bytes | None] = mapped_column(LargeBinary)  # `levels.Sound`; None: no sound track, or none that can be heard


class ScreeningPart(Base):
    """The glances between two checkpoints of a run that is going on. Dropped when it ends."""

    __tablename__ = "screening_part"

    BUREAU_ONLY: ClassVar[bool] = True
    run_id: Mapped[UUID] = mapped_column(ForeignKey("screening_run.id"), primary_key=True)
    until_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class HeadCountRow(Base):
    """How many faces one picture of a recording showed at one instant of a lesson. A number, and nothing of anybody. F-01, F-17.

    `number` is the instant of the lesson (`heads.instants_of`), the same for all cameras of its room.
    """

    __tablename__ = "head_count"
    __table_args__ = (CheckConstraint("faces >= 0 and number >= 0", name="counted"), Index("ix_head_count_lesson", "lesson_id"))

    BUREAU_ONLY: ClassVar[bool] = True
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), primary_key=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("screening_run.id"), index=True)
    at: Mapped[datetime]
    media_ms: Mapped[int] = mapped_column(BigInteger)
    faces: Mapped[int]
    tallest_permille: Mapped[int]  # of the picture's height: says how near the camera is


class ScreeningLead(Keyed, Base):
    """What a run found: a span of media time, the figure, the threshold it crossed, the clause, a still. A lead decides nothing.

    Its own institution reads the technical ones, so that they are mended today; leads of suspicion are the bureau's. `related_*`: the other
    recording that shows the same (recycled footage), or where this one showed it before (a loop).
    """

    __tablename__ = "screening_lead"
    __table_args__ = (
        CheckConstraint("to_ms > from_ms and from_ms >= 0", name="span"),
        CheckConstraint("strength between 1 and 1000", name="strength"),
        CheckConstraint("num_nulls(related_recording_id, related_from_ms, related_to_ms) in (0, 3)", name="related"),
        CheckConstraint("related_recording_id is null or not technical", name="related_is_suspicion"),
        CheckConstraint("num_nulls(still_key, still_version_id, still_sha256) in (0, 3)", name="still"),
        Index("ix_screening_lead_recording", "recording_id"),
        Index("ix_screening_lead_code_strength", "code", "strength"),
        Index("ix_screening_lead_institution_found", "institution_id", "found_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "technical"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    run_id: Mapped[UUID | None] = mapped_column(ForeignKey("screening_run.id"), index=True)  # None: found by a search across recordings
    code: Mapped[Code] = mapped_column(enum_column(Code, "code"))
    technical: Mapped[bool]
    from_ms: Mapped[int] = mapped_column(BigInteger)
    to_ms: Mapped[int] = mapped_column(BigInteger)
    figure: Mapped[float] = mapped_column(Float)
    threshold: Mapped[float] = mapped_column(Float)
    clause: Mapped[str]
    strength: Mapped[int]
    still_ms: Mapped[int] = mapped_column(BigInteger)
    still_key: Mapped[str | None]  # faces blurred; in the viewing bucket
    still_version_id: Mapped[str | None]
    still_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    related_recording_id: Mapped[UUID | None] = mapped_column(ForeignKey("recording.id"), index=True)
    related_from_ms: Mapped[int | None] = mapped_column(BigInteger)
    related_to_ms: Mapped[int | None] = mapped_column(BigInteger)
    found_at: Mapped[datetime]


class LeadVerdict(Keyed, Base):
    """What a named person of the bureau said of a lead after looking. Never changed; the newest of each person counts (`opinions`)."""

    __tablename__ = "lead_verdict"
    __table_args__ = (
        CheckConstraint("given_by <> ''", name="named"),
        Index("ix_lead_verdict_lead", "lead_id", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    lead_id: Mapped[UUID] = mapped_column(ForeignKey("screening_lead.id"))
    real: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")
    given_by: Mapped[str]  # login
    given_at: Mapped[datetime]
