"""A draw round: what could be drawn, who made the seed, what came out. R54–R59; domain.md 2.3.2.

No table here has a `TENANT`: a draw is public by design, lessons are named by natural ids and no row holds a person's data except
the name of a contributing party. What must not be known yet (`disclosure.py`) is withheld by whoever shows a round, and the database keeps the
lists themselves from every scope outside of the bureau by the same conditions.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.sampling.lifecycle import DrawMethod, DrawState

_OF_OPEN_LISTS: Final = "round_id in (select id from draw_round where not on_site or revealed_at is not null)"
_OF_OPEN_STRATA: Final = (
    "round_id in (select id from draw_round where (not on_site or revealed_at is not null) and (strata_by = '[]' or state = 'closed'))"
)


class DrawRound(Keyed, Base):
    """One draw. `code` is its natural id, e.g. D2026-0001. `rule` holds the permille figures in force when it was planned."""

    __tablename__ = "draw_round"
    __table_args__ = (
        CheckConstraint("period_ends_on >= period_starts_on", name="period"),
        CheckConstraint("frame_root is null or octet_length(frame_root) = 32", name="frame_root"),
        CheckConstraint("seed is null or octet_length(seed) = 32", name="seed"),
        CheckConstraint("(frame_root is null) = (frame_count is null) and (frame_root is null) = (frozen_at is null)", name="frame"),
        CheckConstraint("frame_count is null or (sample_size between 1 and frame_count)", name="sample_size"),
        CheckConstraint("seed is null or (frame_root is not null and public_value is not null)", name="seed_after_frame"),
        CheckConstraint("drawn_at is null or seed is not null", name="drawn_after_seed"),
        CheckConstraint("state not in ('drawn', 'closed') or drawn_at is not null", name="drawn"),
        CheckConstraint("state <> 'void' or void_reason <> ''", name="void_reason"),
        CheckConstraint("strata_commitment is null or octet_length(strata_commitment) = 32", name="strata_commitment"),
        CheckConstraint("not on_site or method <> 'third-party'", name="third_party_on_tape"),
        CheckConstraint("revealed_at is null or (on_site and drawn_at is not null)", name="revealed"),
        Index("ix_draw_round_state_planned", "state", "planned_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    MACHINE: ClassVar[str] = "draw-round"

    code: Mapped[str] = mapped_column(unique=True)
    method: Mapped[DrawMethod] = mapped_column(enum_column(DrawMethod, "method"))
    title: Mapped[str]
    period_starts_on: Mapped[date] = mapped_column(Date)  # first local day of the lessons in question
    period_ends_on: Mapped[date] = mapped_column(Date)  # last local day, included
    state: Mapped[DrawState] = mapped_column(enum_column(DrawState, "state"), default=DrawState.PLANNED)
    on_site: Mapped[bool] = mapped_column(default=False)  # lessons to come, to be visited: the list stays sealed until `revealed_at`
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Any: SamplingRule as JSON integers
    strata_by: Mapped[list[str]] = mapped_column(JSONB, default=list)  # what splits the frame, see strata.StratifyBy
    weights: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # Any: RiskWeights as JSON integers
    public_source: Mapped[str]  # which public value is meant, named in advance, e.g. 上证指数 2026-09-30 收盘
    public_at: Mapped[datetime]  # when that value becomes known: frame and commitments come before, the seed after
    planned_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    frame_root: Mapped[bytes | None] = mapped_column(LargeBinary)
    frame_count: Mapped[int | None]
    sample_size: Mapped[int | None]
    strata_commitment: Mapped[bytes | None] = mapped_column(LargeBinary)
    public_value: Mapped[str | None]
    seeded_at: Mapped[datetime | None]
    seed: Mapped[bytes | None] = mapped_column(LargeBinary)
    drawn_at: Mapped[datetime | None]
    revealed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(default="")


class DrawFrameItem(Base):
    """One lesson that could be drawn. `position` from 0 in code-point order of `natural_id`, which is also the Merkle leaf's number."""

    __tablename__ = "draw_frame_item"
    __table_args__ = (
        UniqueConstraint("round_id", "natural_id"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("octet_length(leaf_hash) = 32", name="leaf_hash"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    OPEN_WHEN: ClassVar[str] = _OF_OPEN_LISTS

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    natural_id: Mapped[str]
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class DrawFramePlace(Base):
    """Which part of the frame a lesson of it lies in, of a round that splits its list. It tells what the machine flagged."""

    __tablename__ = "draw_frame_place"
    __table_args__ = (ForeignKeyConstraint(["round_id", "position"], ["draw_frame_item.round_id", "draw_frame_item.position"]),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    OPEN_WHEN: ClassVar[str] = _OF_OPEN_STRATA

    round_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stratum: Mapped[int]  # position in `draw_stratum`


class DrawStrataSalt(Base):
    """The random part of the commitment to the strata: with it anyone could try out which lesson is in which stratum."""

    __tablename__ = "draw_strata_salt"
    __table_args__ = (CheckConstraint("octet_length(salt) = 32", name="salt"),)
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    OPEN_WHEN: ClassVar[str] = _OF_OPEN_STRATA

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class DrawStratum(Base):
    """A part of the frame with its own sample. Every lesson of it was drawn with probability `sample_size / lesson_count`, exactly."""

    __tablename__ = "draw_stratum"
    __table_args__ = (
        UniqueConstraint("round_id", "key"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("weight_permille >= 1000", name="weight"),
        CheckConstraint("sample_size between 1 and lesson_count", name="sample_size"),
        CheckConstraint("bad_count between 0 and sample_size", name="bad_count"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # in code-point order of `key`
    key: Mapped[str]
    weight_permille: Mapped[int]
    lesson_count: Mapped[int]
    sample_size: Mapped[int]
    bad_count: Mapped[int | None]  # drawn lessons found bad, once it may be known: it is public


class DrawContribution(Keyed, Base):
    """One party's share of the seed: committed first, revealed when all have committed. `position` from 1 in commitment order."""

    __tablename__ = "draw_contribution"
    __table_args__ = (
        UniqueConstraint("round_id", "party"),
        UniqueConstraint("round_id", "position"),
        UniqueConstraint("round_id", "account_id"),
        CheckConstraint("position >= 1", name="position"),
        CheckConstraint("octet_length(commitment) = 32", name="commitment"),
        CheckConstraint("value is null or octet_length(value) between 16 and 64", name="value"),
        CheckConstraint("(value is null) = (revealed_at is null) and (revealed_at is null or revealed_at >= committed_at)", name="revealed"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"))
    position: Mapped[int]
    party: Mapped[str]  # as published, e.g. 县纪委监委派驻组
    account_id: Mapped[UUID]  # who entered it: one account is one party
    commitment: Mapped[bytes] = mapped_column(LargeBinary)
    committed_at: Mapped[datetime]
    value: Mapped[bytes | None] = mapped_column(LargeBinary)
    revealed_at: Mapped[datetime | None]


class DrawTicket(Base):
    """What the draw gave one lesson. `rank` from 1; `selected` marks the first `sample_size` ranks."""

    __tablename__ = "draw_ticket"
    __table_args__ = (
        UniqueConstraint("round_id", "natural_id"),
        CheckConstraint("rank >= 1", name="rank"),
        CheckConstraint("octet_length(ticket) = 32", name="ticket"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True
    OPEN_WHEN: ClassVar[str] = _OF_OPEN_LISTS

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    natural_id: Mapped[str]
    ticket: Mapped[bytes] = mapped_column(LargeBinary)
    selected: Mapped[bool]
