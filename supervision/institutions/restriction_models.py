"""What limits an institution's new tasks for a time, and who allowed an exception. R63, R64, R66."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class TaskRestriction(Keyed, Base):
    """At most `most_persons` of new tasks in a year (0: none), from a decision with its document until it is lifted.

    `basis` says which stage decided it (credit-tier); at most one of a basis is in force for an institution.
    """

    __tablename__ = "task_restriction"
    __table_args__ = (
        CheckConstraint("most_persons >= 0", name="most_persons"),
        CheckConstraint("document <> '' and basis <> ''", name="document"),
        CheckConstraint("(lifted_at is null) = (lifted_because = '')", name="lifted_with_a_reason"),
        Index("uq_task_restriction_in_force", "institution_id", "basis", unique=True, postgresql_where=text("lifted_at is null")),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    basis: Mapped[str]
    tier: Mapped[str]
    most_persons: Mapped[int]
    document: Mapped[str]
    placed_at: Mapped[datetime]
    placed_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_because: Mapped[str] = mapped_column(default="")


class TaskException(Keyed, Base):
    """A named leader allows `persons` of a year beyond the restriction, with a reason. Never changed."""

    __tablename__ = "task_exception"
    __table_args__ = (CheckConstraint("persons > 0", name="persons"), CheckConstraint("reason <> '' and granted_by <> ''", name="reason"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    year: Mapped[int]
    persons: Mapped[int]
    reason: Mapped[str]
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[UUID]
    granted_by: Mapped[str]
