"""The certificate of a class, the papers of its archive, claims and payments. R76, R84, R85, R87."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from compliance.subsidy.lifecycle import CertificateState, ClaimState
from storage.database.base import Base, Keyed, enum_column


class ArchiveKind(StrEnum):
    """Papers of a class's archive (R76); which of them are needed is policy (`archive_papers`)."""

    APPLICATION = "application"  # 开班申请
    ROSTER = "roster"  # 花名册
    TIMETABLE = "timetable"  # 课程表
    SIGNS = "signs"  # 签到签退表
    ASSESSMENT = "assessment"  # 考核成绩
    COMPLETION = "completion"  # 结业名册
    EMPLOYMENT = "employment"  # 就业台账
    SATISFACTION = "satisfaction"  # 学员满意度
    OTHER = "other"


class SubsidyCertificate(Keyed, Base):
    """The gate of one class. `code` is the class's with 补 in front of it; waived only with unit, paper and a named person."""

    __tablename__ = "subsidy_certificate"
    __table_args__ = (
        CheckConstraint(
            "state <> 'waived' or (waiver_unit <> '' and waiver_document <> '' and waived_by <> '' and waived_by_id is not null)",
            name="waived_by_somebody",
        ),
        CheckConstraint("state not in ('complete', 'incomplete', 'cited-in-claim') or issued_number <> ''", name="issued"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "subsidy-certificate"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), unique=True)
    code: Mapped[str] = mapped_column(unique=True)
    state: Mapped[CertificateState] = mapped_column(enum_column(CertificateState, "state"), default=CertificateState.OPEN)
    issued_number: Mapped[str] = mapped_column(default="")  # of the newest issue
    waiver_unit: Mapped[str] = mapped_column(default="")
    waiver_document: Mapped[str] = mapped_column(default="")
    waived_by: Mapped[str] = mapped_column(default="")
    waived_by_id: Mapped[UUID | None]
    opened_at: Mapped[datetime]


class CertificateIssue(Keyed, Base):
    """One signed issue, as it was given: never changed. `body` is exactly what was signed; its hash stands in the ledger entry of the move."""

    __tablename__ = "subsidy_certificate_issue"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32 and octet_length(signature) = 64", name="sha256"),
        CheckConstraint("amount_yuan >= 0", name="amount"),
        UniqueConstraint("id", "amount_yuan"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("subsidy_certificate.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    complete: Mapped[bool]
    amount_yuan: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    issued_at: Mapped[datetime]
    issued_by_id: Mapped[UUID]
    issued_by: Mapped[str]


class ArchivedPaper(Keyed, Base):
    """One paper on the archive list of a class; the document itself is a `case_paper` of the certificate. Never changed."""

    __tablename__ = "archived_paper"
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    paper_id: Mapped[UUID] = mapped_column(ForeignKey("case_paper.id"))
    kind: Mapped[ArchiveKind] = mapped_column(enum_column(ArchiveKind, "kind"))
    filed_at: Mapped[datetime]
    filed_by: Mapped[str]


class SubsidyClaim(Keyed, Base):
    """An institution's claim for one class, on one issue of its certificate. Two people of the bureau decide it, an officer and a leader."""

    __tablename__ = "subsidy_claim"
    __table_args__ = (
        CheckConstraint("claimed_yuan > 0", name="claimed"),
        CheckConstraint("checked_yuan is null or (checked_yuan > 0 and checked_yuan <= claimed_yuan)", name="checked"),
        CheckConstraint("approved_yuan is null or approved_yuan = checked_yuan", name="approved_as_checked"),
        CheckConstraint(
            "state not in ('checked', 'approved', 'paid') or (checked_by_id is not null and checked_yuan is not null)", name="checked_by"
        ),
        CheckConstraint("state not in ('approved', 'paid') or (decided_by_id is not null and approved_yuan is not null)", name="decided_by"),
        CheckConstraint("decided_by_id is null or (decided_by_id is distinct from checked_by_id and decided_by_id <> claimant_id)", name="four_eyes"),
        CheckConstraint("state <> 'refused' or decision_reason <> ''", name="refused_with_a_reason"),
        UniqueConstraint("id", "approved_yuan"),
        Index("uq_subsidy_claim_live", "class_id", unique=True, postgresql_where=text("state not in ('refused', 'withdrawn')")),
        Index("ix_subsidy_claim_state", "state", "submitted_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "subsidy-claim"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    class_id: Mapped[UUID] = mapped_column(ForeignKey("training_class.id"), index=True)
    issue_id: Mapped[UUID] = mapped_column(ForeignKey("subsidy_certificate_issue.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    year: Mapped[int]  # programme year, whose subsidies are paid by 31 March of the next (R94)
    state: Mapped[ClaimState] = mapped_column(enum_column(ClaimState, "state"), default=ClaimState.SUBMITTED)
    claimed_yuan: Mapped[int]
    payee: Mapped[str]
    account_masked: Mapped[str]
    submitted_at: Mapped[datetime]
    claimant_id: Mapped[UUID]
    claimant: Mapped[str]
    checked_at: Mapped[datetime | None]
    checked_by_id: Mapped[UUID | None]
    checked_by: Mapped[str] = mapped_column(default="")
    checked_yuan: Mapped[int | None]
    check_note: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    approved_yuan: Mapped[int | None]
    decision_reason: Mapped[str] = mapped_column(default="")


class PayeeKind(StrEnum):
    """To whom a subsidy goes."""

    INSTITUTION = "institution"  # 培训机构
    ENTERPRISE = "enterprise"  # 企业 (R12)
    PERSON = "person"  # 个人


class SubsidyPayment(Keyed, Base):
    """补贴资金发放 of one claim (R87). Never changed; together never more than was decided (`ddl.py`)."""

    __tablename__ = "subsidy_payment"
    __table_args__ = (CheckConstraint("amount_yuan > 0", name="amount"), CheckConstraint("voucher <> '' and payee <> ''", name="voucher"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    claim_id: Mapped[UUID] = mapped_column(ForeignKey("subsidy_claim.id"), index=True)
    amount_yuan: Mapped[int]
    paid_on: Mapped[date] = mapped_column(Date)
    payee_kind: Mapped[PayeeKind] = mapped_column(enum_column(PayeeKind, "payee_kind"))
    payee: Mapped[str]
    voucher: Mapped[str] = mapped_column(unique=True)  # 凭证号
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[UUID]
    recorded_by: Mapped[str]
