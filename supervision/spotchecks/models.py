"""Who looks at which drawn lesson, what is shown to them, and what they really played. domain.md 2.3.2, 3.5; G9, G17.

None of these tables has a `TENANT`: an institution must not learn of an assignment before a finding is noticed. `BUREAU_ONLY` asks the
migration for a row-level-security policy that lets only the scopes `bureau` and `system` read or write.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.spotchecks.lifecycle import AssignmentState, OutcomeState


class ReviewAssignment(Keyed, Base):
    """One lesson given to one inspector by ticket. `look` 1 is the first review, 2 the blind second, 3 the blind third.

    `planted_from_id` names the outcome of an earlier round that is known: a known item, of which nothing but the figures of its inspector follows.
    It has no rank in this round (0), and its inspector cannot tell it from another task.

    `proven` is the lesson's coverage (wall-clock milliseconds since the epoch, `[[start, end], …]`) at the moment of assignment, kept so
    that the drawn span can be recomputed.
    """

    __tablename__ = "review_assignment"
    __table_args__ = (
        Index(
            "uq_review_assignment_live",
            "round_id",
            "lesson_id",
            "look",
            unique=True,
            postgresql_where=text("state not in ('recused', 'void')"),
        ),
        Index("ix_review_assignment_inspector_state", "inspector_account_id", "state", "due_at"),
        Index("ix_review_assignment_round_rank", "round_id", "rank"),
        CheckConstraint("look between 1 and 3", name="look"),
        CheckConstraint("planted_from_id is null or (look = 1 and rank = 0)", name="planted"),
        CheckConstraint("required_watch_s >= 0", name="required_watch_s"),
        CheckConstraint("octet_length(inspector_ticket) = 32", name="inspector_ticket"),
        CheckConstraint("state not in ('judged-ok', 'judged-finding') or judged_at is not null", name="judged_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "review-assignment"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"))
    rank: Mapped[int]  # rank of the lesson's ticket in the round
    look: Mapped[int] = mapped_column(default=1)
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), index=True)
    natural_id: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    inspector_account_id: Mapped[UUID]
    inspector_login: Mapped[str]
    inspector_name: Mapped[str]
    inspector_ticket: Mapped[bytes] = mapped_column(LargeBinary)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_assignment.id"))
    planted_from_id: Mapped[UUID | None] = mapped_column(ForeignKey("review_outcome.id"))
    state: Mapped[AssignmentState] = mapped_column(enum_column(AssignmentState, "state"), default=AssignmentState.ASSIGNED)
    proven: Mapped[list[Any]] = mapped_column(JSONB)  # Any: pairs of integers
    clip_s: Mapped[int]  # length that was drawn, seconds; 0 = the whole proven lesson
    required_watch_s: Mapped[int]
    watched_s: Mapped[int] = mapped_column(default=0)  # as counted when it was judged
    assigned_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    judged_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")


class ReviewPlan(Keyed, Base):
    """How a round's later looks are drawn: fixed when its inspectors are, never changed. The salt is published when the round is closed."""

    __tablename__ = "review_plan"
    __table_args__ = (
        CheckConstraint("octet_length(salt) = 32", name="salt"),
        CheckConstraint("octet_length(commitment) = 32", name="commitment"),
        CheckConstraint("clean_permille between 0 and 1000 and planted_permille between 0 and 1000", name="permille"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"), unique=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    commitment: Mapped[bytes] = mapped_column(LargeBinary)
    clean_permille: Mapped[int]
    planted_permille: Mapped[int]
    made_at: Mapped[datetime]


class ReviewOutcome(Keyed, Base):
    """What is known of one drawn lesson. `looks` = verdicts it took; `entry_id` = the ledger entry of the decision."""

    __tablename__ = "review_outcome"
    __table_args__ = (
        UniqueConstraint("round_id", "lesson_id"),
        CheckConstraint("looks between 0 and 3", name="looks"),
        CheckConstraint("state not in ('decided-ok', 'decided-finding') or decided_at is not null", name="decided_at"),
        CheckConstraint("state <> 'decided-finding' or looks >= 2", name="finding_seen_twice"),
        Index("ix_review_outcome_state", "state", "natural_id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "review-outcome"

    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"))
    rank: Mapped[int]
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), index=True)
    natural_id: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    state: Mapped[OutcomeState] = mapped_column(enum_column(OutcomeState, "state"), default=OutcomeState.LOOKING)
    looks: Mapped[int] = mapped_column(default=0)
    waiting_since_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)


class ReviewItem(Keyed, Base):
    """One stretch of one recording to be shown: `[media_start_ms, media_end_ms)` in the file is `span` on the wall."""

    __tablename__ = "review_item"
    __table_args__ = (
        UniqueConstraint("assignment_id", "position"),
        CheckConstraint("media_start_ms >= 0 and media_end_ms > media_start_ms", name="media"),
        CheckConstraint("position >= 1", name="position"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"))
    position: Mapped[int]
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("slot.id"))
    camera_id: Mapped[UUID] = mapped_column(ForeignKey("camera.id"))
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    span: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    media_start_ms: Mapped[int] = mapped_column(BigInteger)
    media_end_ms: Mapped[int] = mapped_column(BigInteger)


class Recusal(Keyed, Base):
    """回避: an inspector who must not judge an institution. In force on `[from_on, until_on)`; no end means until further notice."""

    __tablename__ = "recusal"
    __table_args__ = (
        CheckConstraint("until_on is null or until_on > from_on", name="dates"),
        CheckConstraint("source in ('declared', 'detected')", name="source"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_recusal_inspector_institution", "inspector_account_id", "institution_id"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    inspector_account_id: Mapped[UUID]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    reason: Mapped[str]
    source: Mapped[str]
    from_on: Mapped[date] = mapped_column(Date)
    until_on: Mapped[date | None] = mapped_column(Date)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class PlaybackBeat(Keyed, Base):
    """A sign of life of a player. `at` is the server's time of arrival; `player` names one page load, so two tabs never mix."""

    __tablename__ = "playback_beat"
    __table_args__ = (
        Index("ix_playback_beat_assignment_item", "assignment_id", "item_id", "player", "at"),
        CheckConstraint("position_ms >= 0", name="position_ms"),
        CheckConstraint("rate_permille >= 0", name="rate_permille"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    assignment_id: Mapped[UUID] = mapped_column(ForeignKey("review_assignment.id"))
    item_id: Mapped[UUID] = mapped_column(ForeignKey("review_item.id"))
    player: Mapped[str]
    at: Mapped[datetime]
    position_ms: Mapped[int] = mapped_column(BigInteger)  # media time in the recording
    rate_permille: Mapped[int]  # 1000 = real speed, 0 = paused
    visible: Mapped[bool]
