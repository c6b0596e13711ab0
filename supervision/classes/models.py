"""Agreements, classes, timetable, roster and sign-ins: what should have happened. R15, R74, R75, R77."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column


class Category(StrEnum):
    """Programme category; it decides the subsidy and who approves an extension (R10–R25)."""

    ENTERPRISE = "enterprise"  # 企业职工培训
    ORDER = "order"  # 订单式
    PROJECT = "project"  # 项目制
    UNIVERSAL = "universal"  # 普惠制
    STARTUP = "startup"  # 创业培训


class TrainingAgreement(Keyed, Base):
    """培训协议: year, category, task and agreed places (R39, R77); who selected the institution and who uses the funds answer for it (R80)."""

    __tablename__ = "training_agreement"
    __table_args__ = (CheckConstraint("task_persons > 0", name="task"), CheckConstraint("valid_until >= valid_from", name="validity"))
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    year: Mapped[int]
    category: Mapped[Category] = mapped_column(enum_column(Category, "category"))
    task_persons: Mapped[int]  # 任务数, persons to be trained
    signed_on: Mapped[date] = mapped_column(Date)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date] = mapped_column(Date)
    selected_by: Mapped[str] = mapped_column(default="")  # 谁选择谁负责; empty: the bureau
    selection_document: Mapped[str] = mapped_column(default="")  # record of the open selection (R39)
    funds_used_by: Mapped[str] = mapped_column(default="")  # 谁使用谁负责; empty: the bureau


class TrainingClass(Keyed, Base):
    """A class (班). `code` is its natural id, e.g. GX001-2026-03."""

    __tablename__ = "training_class"
    __table_args__ = (CheckConstraint("ends_on >= starts_on and planned_ends_on >= starts_on", name="dates"),)
    TENANT: ClassVar[str | None] = "institution_id"
    PUBLIC_READ: ClassVar[bool] = True  # which trades are taught and when (R49); rosters, lessons and teachers are not public

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("training_agreement.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    trade: Mapped[str]  # 工种
    department: Mapped[str | None]  # 行业主管部门 that organises it (R23)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    subsidy_paid_on: Mapped[date | None] = mapped_column(Date)  # last payment so far; footage is kept two years from it at least (Q2)
    planned_ends_on: Mapped[date] = mapped_column(Date)  # as opened: only an approved extension leads beyond it (R21, R22)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Lesson(Keyed, Base):
    """One line of the timetable. `natural_id` = class code / date / number of the day, the unit that draws select."""

    __tablename__ = "lesson"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="times"), Index("ix_lesson_class_start", "class_id", "starts_at"))
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"))
    room_id: Mapped[UUID] = mapped_column(ForeignKey("room.id"), index=True)
    natural_id: Mapped[str] = mapped_column(unique=True)
    teacher: Mapped[str]
    topic: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]


class Trainee(Keyed, Base):
    """A person on a roster. The identity number is kept as keyed hash (matching), ciphertext (duty to report) and mask (display)."""

    __tablename__ = "trainee"
    __table_args__ = (UniqueConstraint("institution_id", "id_number_hash"),)
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    name: Mapped[str]
    id_number_hash: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    id_number_cipher: Mapped[bytes] = mapped_column(LargeBinary)
    id_number_masked: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Enrolment(Keyed, Base):
    """A trainee in a class. `group` is the trainee category of R15."""

    __tablename__ = "enrolment"
    __table_args__ = (UniqueConstraint("class_id", "trainee_id"),)
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    trainee_id: Mapped[UUID] = mapped_column(ForeignKey("trainee.id"), index=True)
    group: Mapped[str] = mapped_column("trainee_group", default="")
    phone_masked: Mapped[str] = mapped_column(default="")


class SignRecord(Keyed, Base):
    """电子券签到签退 of one trainee in one lesson (R75)."""

    __tablename__ = "sign_record"
    __table_args__ = (
        UniqueConstraint("lesson_id", "trainee_id"),
        CheckConstraint("signed_out_at is null or signed_out_at > signed_in_at", name="times"),
    )
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), index=True)
    trainee_id: Mapped[UUID] = mapped_column(ForeignKey("trainee.id"), index=True)
    signed_in_at: Mapped[datetime]
    signed_out_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(default="")
    source: Mapped[str]  # "import" or "api"
