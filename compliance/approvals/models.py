"""Applications for a place outside the agreement or for more days, their camera plans, records of late ones. R21–R23, R71, R77–R79, R103."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance.approvals.lifecycle import ApprovalState, LateState
from compliance.approvals.rules import Decider, Kind
from storage.database.base import Base, Keyed, enum_column

_DECIDED = "('approved', 'conditional', 'refused', 'active', 'expired', 'suspended', 'revoked')"


class Approval(Keyed, Base):
    """One application, e.g. GX001-A2026-001, and the approval it became. Its papers lie in `case_paper`.

    The constraints alone keep a decision from standing without a named person, a place from being decided by who assessed it, and a revocation
    from taking effect before its notice and its days.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint(f"state not in {_DECIDED} or num_nulls(decided_by_id, decided_at) = 0", name="decided_by_somebody"),
        CheckConstraint("state <> 'refused' or decision_reason <> ''", name="refused_with_reason"),
        CheckConstraint("state <> 'conditional' or conditions <> ''", name="conditions"),
        CheckConstraint("state <> 'active' or conditions = '' or conditions_met_at is not null", name="conditions_met"),
        CheckConstraint(
            "kind <> 'location' or decided_by_id is null or (quality_by_id <> decided_by_id and safety_by_id <> decided_by_id)", name="fresh_eyes"
        ),
        CheckConstraint("quality_by_id is null or safety_by_id is null or quality_by_id <> safety_by_id", name="two_assessors"),
        CheckConstraint(
            f"kind <> 'location' or state not in {_DECIDED} or (quality_by_id is not null and safety_by_id is not null and visited_at is not null)",
            name="assessed",
        ),
        CheckConstraint(
            "state <> 'revoked' or (num_nulls(revocation_notice_at, statement_until, ended_at, ended_by_id) = 0 and ended_at >= statement_until"
            " and ended_by_id <> revocation_by_id)",
            name="revoked_after_notice",
        ),
        CheckConstraint("state in ('draft', 'withdrawn') or submitted_at is not null", name="submitted"),
        CheckConstraint(
            "state in ('draft', 'withdrawn') or (kind = 'location' and num_nulls(latitude_udeg, longitude_udeg, from_on, until_on) = 0"
            " and days is null and address <> '' and room_name <> '' and capacity > 0 and covers <> '')"
            " or (kind = 'extension' and days > 0 and until_on is not null and room_id is null)",
            name="whole",
        ),
        CheckConstraint("(decider = 'department') = (department <> '')", name="department"),
        CheckConstraint(
            "latitude_udeg is null or (latitude_udeg between -90000000 and 90000000 and longitude_udeg between -180000000 and 180000000)",
            name="coordinates",
        ),
        Index("ix_approval_institution_state", "institution_id", "state"),
        Index("ix_approval_state_until", "state", "until_on"),
        Index("ix_approval_submitted", "submitted_at", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "approval"

    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind] = mapped_column(enum_column(Kind, "kind"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    state: Mapped[ApprovalState] = mapped_column(enum_column(ApprovalState, "state"), default=ApprovalState.DRAFT)
    decider: Mapped[Decider] = mapped_column(enum_column(Decider, "decider"), default=Decider.BUREAU)
    department: Mapped[str] = mapped_column(default="")  # that decides; empty when the bureau does
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    from_on: Mapped[date | None] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)  # of an extension: the last day the class may then have
    days: Mapped[int | None]  # of an extension: training days
    # of a place
    address: Mapped[str] = mapped_column(default="")
    latitude_udeg: Mapped[int | None]
    longitude_udeg: Mapped[int | None]
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"), index=True)  # None: registered with the approval
    room_name: Mapped[str] = mapped_column(default="")
    capacity: Mapped[int] = mapped_column(default=0)
    serves_meals: Mapped[bool] = mapped_column(default=False)
    covers: Mapped[str] = mapped_column(default="")  # how the cameras together see the whole room (R71)
    hall: Mapped[str] = mapped_column(default="", index=True)  # the same four walls for every institution
    # who did what
    accepted_at: Mapped[datetime | None]
    assignee_id: Mapped[UUID | None]
    assignee: Mapped[str] = mapped_column(default="")
    visited_at: Mapped[datetime | None]
    quality_by_id: Mapped[UUID | None]
    quality_by: Mapped[str] = mapped_column(default="")
    quality_passed: Mapped[bool | None]
    safety_by_id: Mapped[UUID | None]
    safety_by: Mapped[str] = mapped_column(default="")
    safety_passed: Mapped[bool | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(default="")
    conditions: Mapped[str] = mapped_column(default="")
    conditions_met_at: Mapped[datetime | None]
    conditions_met_by: Mapped[str] = mapped_column(default="")
    revocation_notice_at: Mapped[datetime | None]
    revocation_by_id: Mapped[UUID | None]
    statement_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None]


class ApprovalClass(Keyed, Base):
    """A class that the application covers; an extension covers exactly one."""

    __tablename__ = "approval_class"
    __table_args__ = (UniqueConstraint("approval_id", "class_id"),)
    TENANT: ClassVar[str | None] = "institution_id"

    approval_id: Mapped[UUID] = mapped_column(ForeignKey("approval.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)


class ApprovalCamera(Keyed, Base):
    """One camera of the plan with its reference picture: what the approved view looks like (F-12). Taken out of a draft, it stays on record."""

    __tablename__ = "approval_camera"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("octet_length(data) = size_bytes and size_bytes > 0", name="size"),
        CheckConstraint("media_type in ('image/jpeg', 'image/png')", name="picture"),
        CheckConstraint("name <> ''", name="name"),
        Index("ix_approval_camera_approval", "approval_id", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"

    approval_id: Mapped[UUID] = mapped_column(ForeignKey("approval.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    camera_id: Mapped[UUID | None] = mapped_column(ForeignKey("camera.id"), index=True)  # None: registered with the approval
    name: Mapped[str]
    shows: Mapped[str] = mapped_column(default="")
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class LateRequest(Keyed, Base):
    """Lessons that began at the place, or a class that was over, before anybody approved (F-24). A proposal: a named person decides what follows."""

    __tablename__ = "late_request"
    __table_args__ = (CheckConstraint("state = 'proposed' or (decided_by_id is not null and decision_reason <> '')", name="decided"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "late-request"

    approval_id: Mapped[UUID] = mapped_column(ForeignKey("approval.id"), unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[LateState] = mapped_column(enum_column(LateState, "state"), default=LateState.PROPOSED)
    found_at: Mapped[datetime]
    first_at: Mapped[datetime]  # when the first of it began
    lessons: Mapped[list[Any]] = mapped_column(JSONB)  # Any: natural ids
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(default="")
