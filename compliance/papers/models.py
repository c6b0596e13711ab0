"""Letters and statements about a case of judgement: an approval, a rating, an information item, an exit. ADR 0063.

The same shape for every stage of `compliance`: the case is named by its machine and id, the content is what the letter prints.
"""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class CasePaper(Keyed, Base):
    """One paper, as it was given: never changed, never deleted. The SHA-256 of its canonical content stands in the ledger entry of its move.

    `internal` papers (a legal review, a calculation before the notice) are the bureau's; the institution reads all others.
    """

    __tablename__ = "case_paper"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("number <> '' and kind <> ''", name="number"),
        Index("ix_case_paper_case_at", "case_id", "at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "not internal"

    machine: Mapped[str]  # of the case: exit-case, rating, …
    case_id: Mapped[UUID]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    kind: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    internal: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
    author_id: Mapped[UUID | None]  # None: written by the system, which signs nothing
    author_name: Mapped[str]
    author_role: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Any: the paper's own fields
    sha256: Mapped[bytes] = mapped_column(LargeBinary)


class CaseAttachment(Keyed, Base):
    """A document or picture that came with a paper."""

    __tablename__ = "case_attachment"
    __table_args__ = (
        UniqueConstraint("paper_id", "position"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("octet_length(data) = size_bytes and size_bytes > 0", name="size"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "not internal"

    paper_id: Mapped[UUID] = mapped_column(ForeignKey("case_paper.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    internal: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    file_name: Mapped[str]
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[bytes] = mapped_column(LargeBinary)
