"""What an officer states with a document, and the biweekly reports as they were signed. R5–R7, R29, R98, R99; G25."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance.reports.lifecycle import ReportState
from storage.database.base import Base, Keyed, enum_column


class FigureKind(StrEnum):
    """What the system cannot count itself."""

    SKILLED = "skilled"  # 新增技能人才
    HIGH_SKILLED = "high-skilled"  # 新增高技能人才
    SKILLED_TOTAL = "skilled-total"  # 技能人才总量
    EMPLOYED_TOTAL = "employed-total"  # 从业人员总量
    BRAND = "brand"  # 劳务品牌培训人数


class StatedFigure(Keyed, Base):
    """A figure of a year as of a day, with the document it was taken from. Never changed: a later row supersedes it."""

    __tablename__ = "stated_figure"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        CheckConstraint("document <> '' and recorded_by <> ''", name="document"),
        CheckConstraint("extract(year from as_of_on) = year", name="year"),
        Index("ix_stated_figure_year_kind", "year", "kind", "as_of_on"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    kind: Mapped[FigureKind] = mapped_column(enum_column(FigureKind, "kind"))
    year: Mapped[int]
    value: Mapped[int]
    as_of_on: Mapped[date] = mapped_column(Date)
    document: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[UUID]
    recorded_by: Mapped[str]


class DepartmentPlan(Keyed, Base):
    """培训管理方案 of a department for a year, with the section and the person responsible (R82). Never changed: a later one takes its place."""

    __tablename__ = "department_plan"
    __table_args__ = (
        CheckConstraint("department <> '' and title <> '' and document <> ''", name="plan"),
        CheckConstraint("section <> '' and person <> '' and filed_by <> ''", name="section_and_person"),
        Index("ix_department_plan_year", "year", "department"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    department: Mapped[str]
    year: Mapped[int]
    title: Mapped[str]
    document: Mapped[str]
    section: Mapped[str]  # 责任科室
    person: Mapped[str]  # 责任人
    filed_at: Mapped[datetime]
    filed_by_id: Mapped[UUID]
    filed_by: Mapped[str]


class DutyKind(StrEnum):
    """What is reported by dates."""

    BIWEEKLY = "biweekly"  # 双周调度 (R98)
    ENTRY = "entry"  # 系统数据录入 (R86)
    PAYMENTS = "payments"  # 补贴资金发放录入 (R87)
    TARGETS = "targets"  # 目标任务进度 (R4–R9)


class DutyPerson(Keyed, Base):
    """专人负责: who reports, from a day on (R99). Never changed: a later one takes its place."""

    __tablename__ = "duty_person"
    __table_args__ = (
        CheckConstraint("unit <> '' and section <> '' and person <> '' and named_by <> ''", name="person"),
        Index("ix_duty_person_duty", "duty", "from_on"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    duty: Mapped[DutyKind] = mapped_column(enum_column(DutyKind, "duty"))
    unit: Mapped[str]
    section: Mapped[str]
    person: Mapped[str]
    from_on: Mapped[date] = mapped_column(Date)
    named_at: Mapped[datetime]
    named_by_id: Mapped[UUID]
    named_by: Mapped[str]


class ProgressReport(Keyed, Base):
    """One report of one period. `code` like P20261129; `content` is every figure it prints, `sha256` its canonical JSON's, also in the ledger."""

    __tablename__ = "progress_report"
    __table_args__ = (
        CheckConstraint("period_ends_on >= period_starts_on and due_on > period_ends_on", name="period"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("signed_by_id is null or signed_by_id <> prepared_by_id", name="another_person"),
        CheckConstraint("state <> 'signed' or (signed_by_id is not null and signed_at is not null and signed_by <> '')", name="signed_by_somebody"),
        CheckConstraint("state <> 'returned' or return_reason <> ''", name="returned_with_a_reason"),
        Index("uq_progress_report_live", "period_ends_on", unique=True, postgresql_where=text("state in ('prepared', 'signed')")),
        Index("ix_progress_report_period", "period_ends_on", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "progress-report"

    code: Mapped[str] = mapped_column(unique=True)
    period_starts_on: Mapped[date] = mapped_column(Date)
    period_ends_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[ReportState] = mapped_column(enum_column(ReportState, "state"), default=ReportState.PREPARED)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Any: the report's own fields (`snapshot`)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    prepared_at: Mapped[datetime]
    prepared_by_id: Mapped[UUID]
    prepared_by: Mapped[str]
    signed_at: Mapped[datetime | None]
    signed_by_id: Mapped[UUID | None]
    signed_by: Mapped[str] = mapped_column(default="")
    return_reason: Mapped[str] = mapped_column(default="")
