"""What is published of a round's blind looks: totals and commitments at its end, the lines behind them later. 2.3.2; R55."""

from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed

_OPENED: Final = "results_id in (select id from review_results where opened_at is not null)"


class ReviewResults(Keyed, Base):
    """The public side of a closed round. `totals` is null while it would tell of single lessons; `became` names, line by line and once the lines
    are open, the states in which the findings of the lesson ended.
    """

    __tablename__ = "review_results"
    __table_args__ = (
        CheckConstraint("octet_length(plan_salt) = 32 and octet_length(plan_commitment) = 32", name="plan"),
        CheckConstraint("opened_at is null or (opened_at >= opens_at and totals is not null and became is not null)", name="opened"),
        CheckConstraint("became is null or opened_at is not null", name="became"),
        Index("ix_review_results_opened_opens", "opened_at", "opens_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), unique=True)
    plan_salt: Mapped[bytes] = mapped_column(LargeBinary)
    plan_commitment: Mapped[bytes] = mapped_column(LargeBinary)
    clean_permille: Mapped[int]
    fewest_others: Mapped[int]
    commitments: Mapped[list[Any]] = mapped_column(JSONB)  # Any: hex texts, in the order of the ranks
    totals: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))  # Any: integers
    closed_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    became: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))  # Any: lists of texts


class ReviewResultLine(Base):
    """What is behind one commitment. Outside of the bureau nobody reads it before it is opened."""

    __tablename__ = "review_result_line"
    __table_args__ = (CheckConstraint("octet_length(salt) = 32", name="salt"), CheckConstraint("outcome in ('ok', 'finding')", name="outcome"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    OPEN_WHEN: ClassVar[str] = _OPENED

    results_id: Mapped[UUID] = mapped_column(ForeignKey("review_results.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 0 in the order of the ranks
    natural_id: Mapped[str]
    verdicts: Mapped[list[Any]] = mapped_column(JSONB)  # Any: texts
    outcome: Mapped[str]
    salt: Mapped[bytes] = mapped_column(LargeBinary)
