"""What an inspector keeps while looking: marks, stills and answers of one assignment. domain.md 2.3.2; R60, R69–R77.

All `BUREAU_ONLY`, and read by their own inspector alone: every query goes through the assignment of that account. A row is named by an id that
the browser made, so that sending it again after a broken line changes nothing.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.spotchecks.checklists import Answer
from supervision.spotchecks.mark_lifecycle import MarkState


class ReviewMark(Keyed, Base):
    """A stretch that caught the eye: `[start_ms, end_ms)` media time of the item's recording, without an end until one is set.

    `defect` and `severity` are codes of the next stage (`supervision.findings.rules`), only kept here. `sequence` is the browser's count: of two
    versions the higher one stands, whichever arrives last. `finding` is the code of the finding it became.
    """

    __tablename__ = "review_mark"
    __table_args__ = (
        UniqueConstraint("assignment_id", "client_id"),
        CheckConstraint("start_ms >= 0 and (end_ms is null or end_ms > start_ms)", name="media"),
        CheckConstraint("state <> 'recorded' or finding <> ''", name="finding"),
        CheckConstraint("state <> 'dropped' or dropped_reason <> ''", name="dropped"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "review-mark"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"))
    client_id: Mapped[UUID]
    item_id: Mapped[UUID] = mapped_column(ForeignKey("review_item.id"), index=True)
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    defect: Mapped[str]
    severity: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    sequence: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[MarkState] = mapped_column(enum_column(MarkState, "state"), default=MarkState.OPEN)
    finding: Mapped[str] = mapped_column(default="", index=True)
    dropped_reason: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    saved_at: Mapped[datetime]


class ReviewStill(Keyed, Base):
    """A picture cut out of the stored object. `at_ms` is the media time of the very frame, `footage_sha256` the recording's hash in the catalogue.

    Small, so it lies beside its row and is backed up with it (ADR 0063). Never changed.
    """

    __tablename__ = "review_still"
    __table_args__ = (
        UniqueConstraint("assignment_id", "client_id"),
        CheckConstraint("octet_length(sha256) = 32 and octet_length(footage_sha256) = 32", name="sha256"),
        CheckConstraint("octet_length(data) = size_bytes and size_bytes > 0 and octet_length(veiled) > 0", name="size"),
        CheckConstraint("at_ms >= 0", name="at_ms"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"))
    client_id: Mapped[UUID]
    item_id: Mapped[UUID] = mapped_column(ForeignKey("review_item.id"), index=True)
    mark_id: Mapped[UUID] = mapped_column(ForeignKey("review_mark.id"), index=True)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    wall_at: Mapped[datetime]
    taken_at: Mapped[datetime]
    footage_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)  # JPEG, as recorded: for the case file
    veiled: Mapped[bytes] = mapped_column(LargeBinary)  # JPEG with its faces blurred: what the room shows


class ReviewAnswer(Keyed, Base):
    """An answer to an item of the checklist, saved as ticked; the highest `sequence` stands."""

    __tablename__ = "review_answer"
    __table_args__ = (UniqueConstraint("assignment_id", "item"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"))
    item: Mapped[str]
    answer: Mapped[Answer] = mapped_column(enum_column(Answer, "answer"))
    note: Mapped[str] = mapped_column(default="")
    sequence: Mapped[int] = mapped_column(BigInteger)
    saved_at: Mapped[datetime]
