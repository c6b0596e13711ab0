"""Where and how long a class may be taught: agreed and assessed places, their suspensions, bookings, extensions. R21, R22, R77, R78; 2.3.3.

`compliance.approvals` decides and enters what it decided here, so that timetable and coverage answer from one table without looking up.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class Basis(StrEnum):
    """What a place rests on."""

    AGREEMENT = "agreement"  # 培训协议确定的地点 (R77)
    APPROVAL = "approval"  # 人社局评估同意的地点 (R78)


class ApprovedPlace(Keyed, Base):
    """A place where lessons may take place, from a day until a day. One object for both bases (2.3.3, last point).

    An agreed place is a whole teaching point for all classes of its agreement; an assessed one is a room for one class. `reference` is the number
    of the agreement or the code of the approval. A lesson counts only when `approved_at` is before its beginning: nothing is retroactive (F-24).
    `hall` names the same four walls across institutions, whatever each of them calls its room.
    """

    __tablename__ = "approved_place"
    __table_args__ = (
        UniqueConstraint("agreement_id", "teaching_point_id"),
        UniqueConstraint("reference", "class_id", "room_id"),
        CheckConstraint("until_on >= from_on", name="validity"),
        CheckConstraint(
            "(basis = 'agreement' and num_nulls(agreement_id, teaching_point_id) = 0 and num_nonnulls(class_id, room_id) = 0)"
            " or (basis = 'approval' and num_nulls(class_id, room_id) = 0 and num_nonnulls(agreement_id, teaching_point_id) = 0 and hall <> '')",
            name="basis_says_what",
        ),
        CheckConstraint("basis = 'agreement' or from_on >= (approved_at at time zone 'Asia/Shanghai')::date", name="not_retroactive"),
        Index("ix_approved_place_class_room", "class_id", "room_id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    basis: Mapped[Basis] = mapped_column(enum_column(Basis, "basis"))
    reference: Mapped[str]
    agreement_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_agreement.id"))
    teaching_point_id: Mapped[UUID | None] = mapped_column(ForeignKey("teaching_point.id"))
    class_id: Mapped[UUID | None] = mapped_column(ForeignKey("training_class.id"))
    room_id: Mapped[UUID | None] = mapped_column(ForeignKey("room.id"))
    hall: Mapped[str] = mapped_column(default="", index=True)
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    approved_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # revoked: nothing that begins later counts


class PlaceSuspension(Keyed, Base):
    """A stretch in which an assessed place may not be used. `until_at` None: it lasts."""

    __tablename__ = "place_suspension"
    __table_args__ = (
        CheckConstraint("until_at is null or until_at >= from_at", name="times"),
        Index("uq_place_suspension_open", "place_id", unique=True, postgresql_where="until_at is null"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"

    place_id: Mapped[UUID] = mapped_column(ForeignKey("approved_place.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    reason: Mapped[str]


class HallBooking(Keyed, Base):
    """One lesson in one hall. The exclusion constraint sees the rows of every institution, which no query of an institution does (F-13)."""

    __tablename__ = "hall_booking"
    __table_args__ = (ExcludeConstraint(("hall", "="), ("span", "&&"), using="gist", name="ex_hall_booking_overlap"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "DELETE")
    TENANT: ClassVar[str | None] = "institution_id"

    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    hall: Mapped[str]
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)


class ClassExtension(Keyed, Base):
    """延长: training days that a class was given beyond its planned last day, by the approval `reference`. Never changed, never taken back."""

    __tablename__ = "class_extension"
    __table_args__ = (
        CheckConstraint("days > 0", name="days"),
        UniqueConstraint("reference"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    reference: Mapped[str]
    days: Mapped[int]
    until_on: Mapped[date] = mapped_column(Date)  # the last day that the extended class may have
    approved_at: Mapped[datetime]
