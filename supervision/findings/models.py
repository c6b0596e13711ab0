"""A finding: a fact about a stretch of footage, its clause and how bad it is. domain.md 2.3.2; R69–R77, R91–R92, R103."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.findings.lifecycle import INSTITUTION_SEES, FindingState
from supervision.findings.rules import DefectCode, Severity


class Finding(Keyed, Base):
    """`code` is the natural id, e.g. F2026-0001. `[start_ms, end_ms)` is media time in the recording, `span` the same on the wall.

    The row is the institution's, yet it sees it only from the notice on (`lifecycle.INSTITUTION_SEES`): queries filter by state, the database too.
    `footage_sha256` is what the recording hashed to when the finding was recorded. A finding made on site has no footage: it rests on an answer of
    a signed visit and its photos (`evidence.py`).
    """

    __tablename__ = "finding"
    __table_args__ = (
        CheckConstraint("start_ms is null or (start_ms >= 0 and end_ms > start_ms)", name="media"),
        CheckConstraint("footage_sha256 is null or octet_length(footage_sha256) = 32", name="footage_sha256"),
        CheckConstraint("record_sha256 is null or octet_length(record_sha256) = 32", name="record_sha256"),
        CheckConstraint(
            "(visit_id is null and record_sha256 is null and visit_item = '' and num_nulls(recording_id, start_ms, end_ms, footage_sha256) = 0)"
            " or (visit_id is not null and record_sha256 is not null and visit_item <> '' and assignment_id is null"
            " and num_nonnulls(recording_id, start_ms, end_ms, footage_sha256) = 0)",
            name="footage_or_visit",
        ),
        CheckConstraint("state <> 'escalated' or exit_case <> ''", name="escalated"),
        CheckConstraint("state <> 'rejected' or decision_reason <> ''", name="rejected"),
        CheckConstraint("decided_by_id is null or decided_by_id <> recorded_by_id", name="second_look"),
        Index("ix_finding_institution_state", "institution_id", "state", "recorded_at"),
        Index("ix_finding_state_recorded", "state", "recorded_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = f"state in ({', '.join(repr(state.value) for state in INSTITUTION_SEES)})"
    PUBLIC_WHEN: ClassVar[str] = f"state = '{FindingState.PUBLISHED.value}'"
    MOVES_TENANT: ClassVar[str] = "told_to"
    MACHINE: ClassVar[str] = "finding"

    code: Mapped[str] = mapped_column(unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"))
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), index=True)
    assignment_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_assignment.id"), index=True)
    recording_id: Mapped[UUID | None] = mapped_column(ForeignKey("recording.id"), index=True)
    start_ms: Mapped[int | None] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)  # of a visit: from its opening to its last signature
    footage_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    visit_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit.id"), index=True)
    visit_item: Mapped[str] = mapped_column(default="")  # the item of the checklist that was answered with no
    record_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)  # what every member of the visit signed
    defect: Mapped[DefectCode] = mapped_column(enum_column(DefectCode, "defect"))
    clause: Mapped[str]
    severity: Mapped[Severity] = mapped_column(enum_column(Severity, "severity"))
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[FindingState] = mapped_column(enum_column(FindingState, "state"), default=FindingState.RECORDED)
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[UUID]
    recorded_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decision_reason: Mapped[str] = mapped_column(default="")
    exit_case: Mapped[str] = mapped_column(default="")  # code of the case that an escalated finding became

    @property
    def told_to(self) -> UUID | None:
        """Who may read the moves made in this state: nobody but the bureau before the notice."""
        return self.institution_id if self.state in INSTITUTION_SEES else None


class PaperKind(StrEnum):
    """What passes between bureau and institution about a finding, in the order in which it usually does."""

    NOTICE = "notice"  # 监督检查问题告知书
    REPLY = "reply"  # 情况说明
    OBJECTION = "objection"  # 陈述申辩意见
    ANSWER = "answer"  # 陈述申辩复核答复书
    RECTIFICATION_ORDER = "rectification-order"  # 限期整改通知书
    RECTIFICATION_REPORT = "rectification-report"  # 整改报告
    CLOSING = "closing"  # 办结告知书
    REVIEW_REQUEST = "review-request"  # 复核申请
    REVIEW_ANSWER = "review-answer"  # 复核决定书


class FindingPaper(Keyed, Base):
    """A letter of the bureau or a statement of the institution, as it was given: never changed, never deleted.

    `content` is what the letter prints; the SHA-256 of its canonical JSON stands in the ledger. `number` is the letter's own, like
    古人社检告〔2026〕1号; a statement of the institution is numbered after the finding, F2026-0001-2. No paper is older than the notice, so all of
    them are the institution's to read.
    """

    __tablename__ = "finding_paper"
    __table_args__ = (CheckConstraint("octet_length(sha256) = 32", name="sha256"), Index("ix_finding_paper_finding_at", "finding_id", "at"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    finding_id: Mapped[UUID] = mapped_column(ForeignKey("finding.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[PaperKind] = mapped_column(enum_column(PaperKind, "kind"))
    number: Mapped[str] = mapped_column(unique=True)
    at: Mapped[datetime]
    author_id: Mapped[UUID]
    author_name: Mapped[str]
    author_role: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Any: the letter's own fields (supervision.findings.letters)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class FindingAttachment(Keyed, Base):
    """A document or picture that came with a paper. Small, so it lies beside its row and is backed up with it (ADR 0063)."""

    __tablename__ = "finding_attachment"
    __table_args__ = (
        UniqueConstraint("paper_id", "position"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("octet_length(data) = size_bytes and size_bytes > 0", name="size"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    paper_id: Mapped[UUID] = mapped_column(ForeignKey("finding_paper.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    position: Mapped[int]
    file_name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Audience(StrEnum):
    """Whom a reminder is for."""

    INSTITUTION = "institution"
    OFFICER = "officer"
    LEADER = "leader"


class FindingReminder(Keyed, Base):
    """A reminder of a turn that is about to end, or is over. Written once for each turn, grade and audience; it binds nobody and decides nothing."""

    __tablename__ = "finding_reminder"
    __table_args__ = (
        UniqueConstraint("finding_id", "act", "until", "grade", "audience"),
        CheckConstraint("grade in ('soon', 'late', 'escalated')", name="grade"),
        Index("ix_finding_reminder_audience_at", "audience", "at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = f"audience = '{Audience.INSTITUTION.value}'"

    finding_id: Mapped[UUID] = mapped_column(ForeignKey("finding.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    act: Mapped[str]  # clocks.Turn.act
    until: Mapped[datetime]  # exclusive, as in clocks.Turn
    grade: Mapped[str]
    audience: Mapped[Audience] = mapped_column(enum_column(Audience, "audience"))
    at: Mapped[datetime]
