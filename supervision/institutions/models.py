"""The registry: who trains or evaluates, who answers for it, where, and under which cameras. R40–R42, R53, R68, R71, R77."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class InstitutionKind(StrEnum):
    """Both kinds stand in the directory (目录清单), R48."""

    TRAINING = "training"  # 培训机构
    EVALUATION = "evaluation"  # 评价机构


class InstitutionStatus(StrEnum):
    """Standing in the directory. Only an exit decision makes it EXCLUDED (R43–R47)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXCLUDED = "excluded"


class Institution(Keyed, Base):
    """A training or evaluation institution. `code` is the natural id used in draws and documents, e.g. GX001."""

    __tablename__ = "institution"
    TENANT: ClassVar[str | None] = "id"
    PUBLIC_READ: ClassVar[bool] = True

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[InstitutionKind] = mapped_column(enum_column(InstitutionKind, "kind"))
    status: Mapped[InstitutionStatus] = mapped_column(enum_column(InstitutionStatus, "status"), default=InstitutionStatus.ACTIVE)
    principal: Mapped[str]  # 校长, first person responsible (R68)
    legal_representative: Mapped[str]  # 法人代表, first person responsible (R68)
    address: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Tier(StrEnum):
    """信用等级 (R62, R66; Q5): decides how closely an institution is looked at."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class CreditTier(Keyed, Base):
    """The tier in force from a day on, by a published decision with its document number. Never changed: a later row supersedes it."""

    __tablename__ = "credit_tier"
    __table_args__ = (UniqueConstraint("institution_id", "from_on"), CheckConstraint("document <> ''", name="document"))
    TENANT: ClassVar[str | None] = "institution_id"
    PUBLIC_READ: ClassVar[bool] = True
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "tier"))
    from_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str]  # e.g. 古人社发〔2026〕12号
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Qualification(Keyed, Base):
    """A licence with its validity, e.g. 办学许可证 (R41)."""

    __tablename__ = "qualification"
    __table_args__ = (CheckConstraint("valid_until > valid_from", name="validity"), UniqueConstraint("institution_id", "number"))
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    title: Mapped[str]
    number: Mapped[str]
    issued_by: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)


class TeachingPoint(Keyed, Base):
    """教学点: its own record because it is supervised as such (R42)."""

    __tablename__ = "teaching_point"
    TENANT: ClassVar[str | None] = "institution_id"
    PUBLIC_READ: ClassVar[bool] = True  # where one can be trained (R49)

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    address: Mapped[str]


class Room(Keyed, Base):
    """A classroom or workshop at a teaching point. `capacity` in persons."""

    __tablename__ = "room"
    __table_args__ = (CheckConstraint("capacity > 0", name="capacity"),)
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    teaching_point_id: Mapped[UUID] = mapped_column(ForeignKey("teaching_point.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    capacity: Mapped[int]


class Camera(Keyed, Base):
    """A camera fixed in a room. `code` appears in recorder file names and makes the match file → slot."""

    __tablename__ = "camera"
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    room_id: Mapped[UUID] = mapped_column(ForeignKey("room.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    serial: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
