"""The register of interests: where an inspector works or worked, and kin in the trade; and what was found by comparing it. R55; domain.md 2.3.2.

Only the bureau reads it. Of a relative the name, the relation and, where given, the keyed hash and the mask of the identity number are kept.
"""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.spotchecks.interest_rules import Ground, InterestKind
from supervision.spotchecks.lifecycle import MatchState


class Interest(Keyed, Base):
    """One declaration. It is never changed: it ends, with a reason, and another takes its place."""

    __tablename__ = "interest"
    __table_args__ = (
        CheckConstraint("kind = 'kin' or organisation <> '' or institution_id is not null", name="organisation"),
        CheckConstraint("kind <> 'kin' or (person_name <> '' and relation <> '')", name="kin"),
        CheckConstraint("kind <> 'post' or until_on is not null", name="post"),
        CheckConstraint("id_number_hash is null or (kind = 'kin' and octet_length(id_number_hash) = 32)", name="id_number_hash"),
        CheckConstraint("(ended_at is null) = (end_reason = '')", name="ended"),
        Index("ix_interest_inspector", "inspector_account_id", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    inspector_account_id: Mapped[UUID]
    kind: Mapped[InterestKind] = mapped_column(enum_column(InterestKind, "kind"))
    institution_id: Mapped[UUID | None] = mapped_column(ForeignKey("institution.id"), index=True)  # chosen from the registry
    organisation: Mapped[str] = mapped_column(default="")  # as written, when it is not in the registry
    until_on: Mapped[date | None] = mapped_column(Date)  # last day of an earlier post
    person_name: Mapped[str] = mapped_column(default="")
    relation: Mapped[str] = mapped_column(default="")
    id_number_hash: Mapped[bytes | None] = mapped_column(LargeBinary, index=True)
    id_number_masked: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    end_reason: Mapped[str] = mapped_column(default="")


class InterestMatch(Keyed, Base):
    """An institution that an interest points at. A name alone is only possible: a person of the bureau confirms or dismisses it."""

    __tablename__ = "interest_match"
    __table_args__ = (
        UniqueConstraint("interest_id", "institution_id", "ground"),
        CheckConstraint("state <> 'confirmed' or recusal_id is not null", name="recusal"),
        CheckConstraint("state <> 'dismissed' or reason <> ''", name="dismissed"),
        Index("ix_interest_match_state", "state", "id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "interest-match"

    interest_id: Mapped[UUID] = mapped_column(ForeignKey("interest.id"))
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    ground: Mapped[Ground] = mapped_column(enum_column(Ground, "ground"))
    state: Mapped[MatchState] = mapped_column(enum_column(MatchState, "state"), default=MatchState.POSSIBLE)
    recusal_id: Mapped[UUID | None] = mapped_column(ForeignKey("recusal.id"))
    found_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
