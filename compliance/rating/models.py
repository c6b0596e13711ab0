"""Ratings, their frozen inputs, and information items. R61–R67; domain.md 2.1, 2.3.4."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance.rating import item_lifecycle, lifecycle
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import RatingState
from compliance.rating.terms import ItemClass
from storage.database.base import Base, Keyed, enum_column
from supervision.institutions.models import Tier


def _listed(states: tuple[StrEnum, ...]) -> str:
    return ", ".join(repr(state.value) for state in states)


class Rating(Keyed, Base):
    """信用评价 of one institution for one year. `code` is the natural id, e.g. R2026-0001; `revision` counts what repair recomputed.

    The row is the institution's, yet it reads it only from the notice on. What is public is score, tier and codes of reasons.
    """

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("score is null or score between 0 and 1000", name="score"),
        CheckConstraint("(score is null) = (tier is null)", name="score_and_tier"),
        CheckConstraint("result_sha256 is null or octet_length(result_sha256) = 32", name="result_sha256"),
        CheckConstraint("state in ('open', 'collecting', 'void') or inputs_sha256 is not null", name="frozen_inputs"),
        CheckConstraint("state in ('open', 'collecting', 'frozen', 'void') or score is not null", name="scored"),
        CheckConstraint(
            f"state not in ({_listed(lifecycle.EFFECTIVE)}) or repair_item_id is not null"
            " or (notice_paper_id is not null and noticed_by_id is not null and object_until is not null)",
            name="no_effect_without_notice",
        ),
        CheckConstraint(
            f"state not in ({_listed(lifecycle.EFFECTIVE)}) or (decided_by <> '' and (decided_by_id is not null or repair_item_id is not null))",
            name="named_signer",
        ),
        CheckConstraint(
            f"state not in ({_listed(lifecycle.EFFECTIVE)}) or repair_item_id is not null or objected_at is not null"
            " or decided_at >= coalesce(waived_at, object_until)",
            name="time_to_object",
        ),
        CheckConstraint(
            "(waived_at is null) = (waiver_paper_id is null) and (state <> 'uncontested' or waived_at is not null)", name="waived_in_writing"
        ),
        CheckConstraint(
            "waived_at is null or (notice_paper_id is not null and waiver_paper_id <> notice_paper_id"
            " and waived_at < object_until and objected_at is null)",
            name="waived_in_time",
        ),
        CheckConstraint("objected_at is null or decided_at is null or answered_by_id is not null", name="objection_answered"),
        CheckConstraint("decided_by_id is null or noticed_by_id is null or decided_by_id <> noticed_by_id", name="four_eyes"),
        CheckConstraint("answered_by_id is null or answered_by_id <> noticed_by_id", name="answered_by_another"),
        CheckConstraint("decided_by_id is null or answered_by_id is null or decided_by_id <> answered_by_id", name="signed_by_another"),
        UniqueConstraint("institution_id", "year", "revision"),
        Index(
            "uq_rating_in_force", "institution_id", unique=True, postgresql_where=text(f"state in ({_listed(lifecycle.IN_FORCE)})"),
        ),
        Index("ix_rating_year_state", "year", "state"),
    )  # fmt: skip
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = f"state in ({_listed(lifecycle.INSTITUTION_SEES)})"
    PUBLIC_WHEN: ClassVar[str] = f"state = '{RatingState.PUBLISHED.value}'"
    MOVES_TENANT: ClassVar[str] = "told_to"
    MACHINE: ClassVar[str] = "rating"

    code: Mapped[str] = mapped_column(unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    year: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    state: Mapped[RatingState] = mapped_column(enum_column(RatingState, "state"), default=RatingState.OPEN)
    as_of: Mapped[date | None] = mapped_column(Date)  # the day on which inputs were frozen; its rule set rates
    inputs_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)  # of the inputs that the result rests on
    score: Mapped[int | None]
    tier: Mapped[Tier | None] = mapped_column(enum_column(Tier, "tier"))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)  # Any: rules.Reason.plain()
    result_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    repair_item_id: Mapped[UUID | None]  # the item, finding or audit problem that fell away and made this revision: it only got better
    notice_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    noticed_by_id: Mapped[UUID | None]
    object_until: Mapped[datetime | None]
    objected_at: Mapped[datetime | None]
    waived_at: Mapped[datetime | None]  # the head declared to raise no objection
    waiver_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    answered_by_id: Mapped[UUID | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    document: Mapped[str] = mapped_column(default="")  # number of the letter that decided it
    opened_at: Mapped[datetime]

    @property
    def told_to(self) -> UUID | None:
        """Who may read the moves made in this state: nobody but the bureau before the notice."""
        return self.institution_id if self.state in lifecycle.INSTITUTION_SEES else None


class RatingInputs(Keyed, Base):
    """What a rating was computed from, as canonical JSON. Never changed: an upheld objection freezes a second set beside the first."""

    __tablename__ = "rating_inputs"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("octet_length(canonical) > 0", name="canonical"),
        UniqueConstraint("rating_id", "sha256"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "exists (select 1 from rating r where r.id = rating_id)"  # those of ratings that it may read

    rating_id: Mapped[UUID] = mapped_column(ForeignKey("rating.id"), index=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    canonical: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    frozen_at: Mapped[datetime]


class Ground(StrEnum):
    """What an information item is about."""

    FINDING = "finding"  # a closed finding
    FORGED_FOOTAGE = "forged-footage"  # 伪造录像
    AUDIT = "audit"  # an official audit document
    DECISION = "decision"  # another decision of the bureau or of somebody competent


class CreditItem(Keyed, Base):
    """信用信息: one matter that is kept, and perhaps published, for a time. `code` is the natural id, e.g. K2026-0001.

    It is no list of serious defaulters: a county makes none (domain.md 2.1). `publication_on`, `sharing_on` and `restriction_on` say what holds
    now; the three end together or not at all.
    """

    __tablename__ = "credit_item"
    __table_args__ = (
        CheckConstraint("document <> '' and summary <> ''", name="document"),
        CheckConstraint("ground <> 'finding' or finding_id is not null", name="finding"),
        CheckConstraint("state in ('recorded', 'void') or (item_class is not null and classified_by_id is not null)", name="classified"),
        CheckConstraint("classified_by_id is null or classified_by_id <> recorded_by_id", name="classified_by_another"),
        CheckConstraint("state in ('recorded', 'void') or (letter_paper_id is not null and state_until is not null)", name="told_before"),
        CheckConstraint(
            f"state not in ({_listed(item_lifecycle.IN_FORCE)}) or (decided_by_id is not null and decided_at >= coalesce(waived_at, state_until))",
            name="time_to_state",
        ),
        CheckConstraint(
            "(waived_at is null) = (waiver_paper_id is null) and (state <> 'uncontested' or waived_at is not null)", name="waived_in_writing"
        ),
        CheckConstraint(
            "waived_at is null or (letter_paper_id is not null and waiver_paper_id <> letter_paper_id and waived_at < state_until)",
            name="waived_in_time",
        ),
        CheckConstraint("decided_by_id is null or decided_by_id <> classified_by_id", name="four_eyes"),
        CheckConstraint("publication_on = sharing_on", name="published_and_shared_together"),
        CheckConstraint(f"not publication_on or state in ({_listed(item_lifecycle.IN_FORCE)})", name="published_only_in_force"),
        CheckConstraint(f"not restriction_on or state in ({_listed(item_lifecycle.IN_FORCE)})", name="restricts_only_in_force"),
        CheckConstraint("state <> 'repaired' or (verified_by_id is not null and verified_by_id <> accepted_by_id)", name="repaired_by_another"),
        CheckConstraint("ends_on is null or (repairable_on is not null and ends_on >= repairable_on)", name="terms"),
        Index("ix_credit_item_institution_state", "institution_id", "state"),
        Index("ix_credit_item_ends", "state", "ends_on"),
        Index(
            "uq_credit_item_finding", "finding_id", unique=True, postgresql_where=text("finding_id is not null and state <> 'void'"),
        ),
    )  # fmt: skip
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = f"state in ({_listed(item_lifecycle.INSTITUTION_SEES)})"
    PUBLIC_WHEN: ClassVar[str] = "publication_on"
    MOVES_TENANT: ClassVar[str] = "told_to"
    MACHINE: ClassVar[str] = "credit-item"

    code: Mapped[str] = mapped_column(unique=True)
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    ground: Mapped[Ground] = mapped_column(enum_column(Ground, "ground"))
    finding_id: Mapped[UUID | None] = mapped_column(ForeignKey("finding.id"))
    document: Mapped[str]  # number of the decision it rests on
    decided_on: Mapped[date] = mapped_column(Date)  # day of that decision: publication is counted from it
    summary: Mapped[str]
    safety: Mapped[bool] = mapped_column(default=False)
    repairable: Mapped[bool] = mapped_column(default=True)  # False: the law lets nobody repair it
    state: Mapped[ItemState] = mapped_column(enum_column(ItemState, "state"), default=ItemState.RECORDED)
    item_class: Mapped[ItemClass | None] = mapped_column(enum_column(ItemClass, "item_class"))
    necessary: Mapped[str] = mapped_column(default="")  # why a minor one is published all the same
    rule_set: Mapped[str] = mapped_column(default="")  # of the day on which it was classified
    repairable_on: Mapped[date | None] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    state_until: Mapped[datetime | None]
    letter_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    waived_at: Mapped[datetime | None]  # the head declared to make no statement
    waiver_paper_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_paper.id"))
    publication_on: Mapped[bool] = mapped_column(default=False)
    sharing_on: Mapped[bool] = mapped_column(default=False)
    restriction_on: Mapped[bool] = mapped_column(default=False)
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[UUID]
    recorded_by: Mapped[str]
    classified_by_id: Mapped[UUID | None]
    classified_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(default="")
    accepted_by_id: Mapped[UUID | None]
    verified_by_id: Mapped[UUID | None]

    @property
    def told_to(self) -> UUID | None:
        """Who may read the moves made in this state: nobody but the bureau before the letter."""
        return self.institution_id if self.state in item_lifecycle.INSTITUTION_SEES else None
