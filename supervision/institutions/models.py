"""The registry: who trains or evaluates, who answers for it, where, and under which cameras. R40–R42, R53, R68, R71, R77."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class InstitutionKind(StrEnum):
    """Both kinds stand in the directory (目录清单), R48."""

    TRAINING = "training"  # 培训机构
    EVALUATION = "evaluation"  # 评价机构: in the same registry, inspected, rated and listed like the others (R37)


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
    __table_args__ = (
        UniqueConstraint("institution_id", "from_on"),
        CheckConstraint("document <> ''", name="document"),
        CheckConstraint("probation_until_on > from_on", name="probation"),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    PUBLIC_READ: ClassVar[bool] = True
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "tier"))
    from_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str]  # e.g. 古人社发〔2026〕12号
    probation_until_on: Mapped[date | None] = mapped_column(Date)  # readmitted (2.3.5): until this day every lesson is reviewed
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Bar(StrEnum):
    """What a decision forbids (R47)."""

    EXCLUDED = "excluded"  # 目录退出: no agreement, no task, no class
    RESTRICTED = "restricted"  # 限制承接: no new agreement and no larger task; classes of running agreements go on


class Lifted(StrEnum):
    """Why a bar ended. It stays on record, and public when it was public."""

    REVERSED = "reversed"  # 撤销
    TERM_OVER = "term-over"  # 期满
    READMITTED = "readmitted"  # 重新准入


class RunningClasses(StrEnum):
    """在训班次处置: what the decision says of classes that had begun; it protects the trainees."""

    CONTINUE = "continue"
    TRANSFER = "transfer"
    STOP = "stop"


class DirectoryExclusion(Keyed, Base):
    """What a decision forbids an institution from a day on (R43, R47). Only its own record: no credit information, no statutory list (2.1).

    `until_on`: the first day on which it may end; an exclusion then waits for the readmission. In force while `lifted_on` is null; the
    database refuses agreements and classes on this row alone (`ddl.py`).
    """

    __tablename__ = "directory_exclusion"
    __table_args__ = (
        CheckConstraint("decision_number <> '' and case_code <> '' and signed_by <> ''", name="decision"),
        CheckConstraint("until_on > from_on", name="term"),
        CheckConstraint("(lifted_on is null) = (lifted_why is null)", name="lifted"),
        CheckConstraint("lifted_on is null or lifted_document <> ''", name="lifted_document"),
        Index("uq_directory_exclusion_in_force", "institution_id", "bar", unique=True, postgresql_where=text("lifted_on is null")),
    )
    TENANT: ClassVar[str | None] = "institution_id"
    PUBLIC_WHEN: ClassVar[str] = "published_at is not null"
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    case_code: Mapped[str] = mapped_column(unique=True)
    bar: Mapped[Bar] = mapped_column(enum_column(Bar, "bar"))
    ground: Mapped[str]  # code of the trigger, never free text: it is public
    clause: Mapped[str]
    decision_number: Mapped[str] = mapped_column(unique=True)
    signed_by: Mapped[str]
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date] = mapped_column(Date)
    running_classes: Mapped[RunningClasses] = mapped_column(enum_column(RunningClasses, "running_classes"))
    published_at: Mapped[datetime | None]
    lifted_on: Mapped[date | None] = mapped_column(Date)
    lifted_why: Mapped[Lifted | None] = mapped_column(enum_column(Lifted, "lifted_why"))
    lifted_document: Mapped[str] = mapped_column(default="")


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
