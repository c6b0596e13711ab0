"""Requests to see a stretch of an original, unblurred: who asked why, who decided why, until when it can be played. domain.md 2.3.2.

No `TENANT`: an institution must not learn that its lesson is being looked at (see `supervision.spotchecks.models`).
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.releases.lifecycle import ReleaseState


class FootageRelease(Keyed, Base):
    """`[start_ms, end_ms)` in media time of the recording, within the item. `clip_id` = the copy cut after the approval, without re-encoding."""

    __tablename__ = "footage_release"
    __table_args__ = (
        CheckConstraint("start_ms >= 0 and end_ms > start_ms", name="span"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("decider_account_id is null or decider_account_id <> asker_account_id", name="another_person"),
        CheckConstraint("state <> 'approved' or (decider_account_id is not null and open_until_at is not null)", name="approved_by_somebody"),
        Index("uq_footage_release_live", "item_id", unique=True, postgresql_where=text("state in ('requested', 'approved')")),
        Index("ix_footage_release_state", "state", "asked_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "footage-release"

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"), index=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("review_item.id"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    natural_id: Mapped[str]
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    state: Mapped[ReleaseState] = mapped_column(enum_column(ReleaseState, "state"), default=ReleaseState.REQUESTED)
    asker_account_id: Mapped[UUID]
    asker_name: Mapped[str]
    asker_role: Mapped[str]
    asked_at: Mapped[datetime]
    decide_by_at: Mapped[datetime]
    decider_account_id: Mapped[UUID | None]
    decider_name: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str] = mapped_column(default="")
    open_until_at: Mapped[datetime | None]
    clip_id: Mapped[UUID | None] = mapped_column(ForeignKey("clip.id"))
