"""What came of the training: who completed, who found work, and what others said of the institution. R16, R28, R44–R46, R58, Q1, Q8.

Facts only, each with its day, its paper and the person who entered it; what follows from them is decided by `compliance`.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.outcomes.lifecycle import EvidenceState


class Result(StrEnum):
    """How a trainee's course ended."""

    PASSED = "passed"  # 结业且取得证书或考核合格
    COMPLETED = "completed"  # 结业, no certificate or not passed
    WITHDRAWN = "withdrawn"  # 退学


class Completion(Keyed, Base):
    """结业登记: the end of one trainee's course. One for each enrolment; a correction is entered with its reason and stays in the ledger."""

    __tablename__ = "completion"
    __table_args__ = (CheckConstraint("certificate_number = '' or result = 'passed'", name="certificate"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id"), unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    trainee_id: Mapped[UUID] = mapped_column(ForeignKey("trainee.id"), index=True)
    result: Mapped[Result] = mapped_column(enum_column(Result, "result"))
    ended_on: Mapped[date] = mapped_column(Date)
    certificate_number: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class EvidenceKind(StrEnum):
    """What proves that somebody works (Q1)."""

    CONTRACT = "contract"  # 劳动合同
    INSURANCE = "insurance"  # 社会保险参保记录
    LICENCE = "licence"  # 营业执照: of a start-up class, the success of R28
    FLEXIBLE = "flexible"  # 灵活就业证明


class EmploymentEvidence(Keyed, Base):
    """就业证明 of one trainee after one class. Filed by the institution, believed only when an officer verified it (F-21)."""

    __tablename__ = "employment_evidence"
    __table_args__ = (
        UniqueConstraint("class_id", "trainee_id", "kind", "reference"),
        CheckConstraint("reference <> ''", name="reference"),
        CheckConstraint("state = 'filed' or (decided_by <> '' and decided_at is not null)", name="decided_by_somebody"),
        CheckConstraint("decided_by_id is null or decided_by_id <> filed_by_id", name="another_person"),
        CheckConstraint("state <> 'rejected' or decision_reason <> ''", name="rejected_with_a_reason"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    MACHINE: ClassVar[str] = "employment-evidence"
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    trainee_id: Mapped[UUID] = mapped_column(ForeignKey("trainee.id"), index=True)
    kind: Mapped[EvidenceKind] = mapped_column(enum_column(EvidenceKind, "kind"))
    employer: Mapped[str] = mapped_column(default="")
    employer_code: Mapped[str] = mapped_column(default="")  # 统一社会信用代码
    reference: Mapped[str]  # number of the contract, the insurance record, the licence
    employed_on: Mapped[date] = mapped_column(Date)
    state: Mapped[EvidenceState] = mapped_column(enum_column(EvidenceState, "state"), default=EvidenceState.FILED)
    filed_at: Mapped[datetime]
    filed_by_id: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(default="")


class TaskReduction(Keyed, Base):
    """A reduction of a year's task that the bureau approved, with its document (Q8). Never changed."""

    __tablename__ = "task_reduction"
    __table_args__ = (CheckConstraint("persons > 0", name="persons"), CheckConstraint("document <> '' and reason <> ''", name="document"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    agreement_id: Mapped[UUID] = mapped_column(ForeignKey("training_agreement.id"), index=True)
    persons: Mapped[int]
    document: Mapped[str]
    reason: Mapped[str]
    approved_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class AuditLevel(StrEnum):
    """Whose audit it was: any level counts (R46)."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


class AuditProblem(Keyed, Base):
    """Found by an audit or inspection of any level and department (R46). `major` is what a named official classified, not computed (Q7)."""

    __tablename__ = "audit_problem"
    __table_args__ = (
        UniqueConstraint("institution_id", "document", "summary"),
        CheckConstraint("issuer <> '' and document <> '' and summary <> ''", name="document"),
        CheckConstraint("classified_by <> '' and classification_reason <> ''", name="classified_by_somebody"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True  # the institution reads it in the papers of its case

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    issuer: Mapped[str]  # 审计局, 纪委监委, …
    level: Mapped[AuditLevel] = mapped_column(enum_column(AuditLevel, "level"))
    document: Mapped[str]  # number of the audit report
    issued_on: Mapped[date] = mapped_column(Date)
    summary: Mapped[str]
    major: Mapped[bool]
    classified_by_id: Mapped[UUID]
    classified_by: Mapped[str]
    classification_reason: Mapped[str]
    recorded_at: Mapped[datetime]


class Complaint(Keyed, Base):
    """A complaint or tip about an institution, without the name of who made it, and what the bureau found (2.2 f)."""

    __tablename__ = "complaint"
    __table_args__ = (CheckConstraint("substantiated is null or (decided_by <> '' and decided_on is not null)", name="decided_by_somebody"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    received_on: Mapped[date] = mapped_column(Date)
    summary: Mapped[str]
    substantiated: Mapped[bool | None]
    decided_on: Mapped[date | None] = mapped_column(Date)
    decided_by: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class QualityEvaluation(Keyed, Base):
    """质量评估 of a year with its report (R58, R61). `score_permille` of the evaluation's own full mark. Never changed."""

    __tablename__ = "quality_evaluation"
    __table_args__ = (
        UniqueConstraint("institution_id", "document"),
        CheckConstraint("score_permille between 0 and 1000", name="score"),
        CheckConstraint("document <> ''", name="document"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    year: Mapped[int]
    score_permille: Mapped[int]
    document: Mapped[str]
    evaluated_on: Mapped[date] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
