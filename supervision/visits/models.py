"""A visit to a lesson: who was drawn for it, who was there, what they answered, photographed and signed. R54, R56; domain.md 2.3.2.

All `BUREAU_ONLY`: an institution must not learn of a visit before its members stand at the door, nor of a finding before its notice. Answers,
photos and signatures are only ever added; the last answer to an item stands, the earlier ones stay readable.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Date, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.spotchecks.checklists import Answer
from supervision.visits.lifecycle import VisitState


class PlaceState(StrEnum):
    """Whether the device told where it was. It never must: a picture without a place is weaker, not refused."""

    GIVEN = "given"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


class Visit(Keyed, Base):
    """One drawn lesson to be visited. `code` is its natural id and tells nothing of the lesson, e.g. V2026-0001.

    `starts_at`, `ends_at` and the room are the lesson's when it was drawn. `seal_salt` opens the commitment in the ledger.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("uq_visit_live", "round_id", "lesson_id", unique=True, postgresql_where=text("state <> 'void'")),
        Index("ix_visit_state_day", "state", "visit_on"),
        CheckConstraint("octet_length(seal_salt) = 32", name="seal_salt"),
        CheckConstraint("record_sha256 is null or octet_length(record_sha256) = 32", name="record_sha256"),
        CheckConstraint("state not in ('signed', 'closed') or (signed_at is not null and record_sha256 is not null)", name="signed"),
        CheckConstraint("state not in ('opened', 'under-way', 'signed', 'closed') or opened_at is not null", name="opened"),
        CheckConstraint("state <> 'void' or reason <> ''", name="void_reason"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True
    MACHINE: ClassVar[str] = "visit"

    code: Mapped[str] = mapped_column(unique=True)
    round_id: Mapped[UUID] = mapped_column(ForeignKey("draw_round.id"))
    rank: Mapped[int]
    lesson_id: Mapped[UUID] = mapped_column(ForeignKey("lesson.id"), index=True)
    natural_id: Mapped[str]
    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    room_id: Mapped[UUID] = mapped_column(ForeignKey("room.id"))
    visit_on: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    checklist: Mapped[str]  # version of the list that is asked
    state: Mapped[VisitState] = mapped_column(enum_column(VisitState, "state"), default=VisitState.SEALED)
    seal_salt: Mapped[bytes] = mapped_column(LargeBinary)
    assigned_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[str] = mapped_column(default="")
    signed_at: Mapped[datetime | None]
    record_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)  # of what every member signed
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")  # of the void, or of closing without a finding


class VisitMember(Keyed, Base):
    """An inspector drawn for a visit. Whoever is recused stays as a row and is not drawn again for it."""

    __tablename__ = "visit_member"
    __table_args__ = (
        UniqueConstraint("visit_id", "inspector_account_id"),
        Index("ix_visit_member_inspector", "inspector_account_id", "recused_at"),
        CheckConstraint("octet_length(ticket) = 32", name="ticket"),
        CheckConstraint("recused_at is null or recusal_reason <> ''", name="recusal"),
        CheckConstraint("(present_at is null) = (presence_client_id is null) and (present_at is null) = (place is null)", name="presence"),
        CheckConstraint("(latitude_udeg is null) = (longitude_udeg is null) and (latitude_udeg is null) = (accuracy_m is null)", name="place_whole"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    BUREAU_ONLY: ClassVar[bool] = True

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    inspector_account_id: Mapped[UUID]
    inspector_login: Mapped[str]
    inspector_name: Mapped[str]
    ticket: Mapped[bytes] = mapped_column(LargeBinary)
    is_lead: Mapped[bool]
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("visit_member.id"))
    recused_at: Mapped[datetime | None]
    recusal_reason: Mapped[str] = mapped_column(default="")
    present_at: Mapped[datetime | None]  # when it arrived here
    present_said_at: Mapped[datetime | None]  # by the device's clock
    presence_client_id: Mapped[UUID | None]
    place: Mapped[PlaceState | None] = mapped_column(enum_column(PlaceState, "place"))
    latitude_udeg: Mapped[int | None]  # millionths of a degree, WGS 84, as the device says
    longitude_udeg: Mapped[int | None]
    accuracy_m: Mapped[int | None]


class VisitAnswer(Keyed, Base):
    """An answer to one item, as one member gave it. `client_id` is the device's: the same answer sent twice is one row."""

    __tablename__ = "visit_answer"
    __table_args__ = (UniqueConstraint("visit_id", "client_id"), Index("ix_visit_answer_item", "visit_id", "item", "answered_at"))
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("visit_member.id"))
    client_id: Mapped[UUID]
    item: Mapped[str]
    answer: Mapped[Answer] = mapped_column(enum_column(Answer, "answer"))
    note: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime]  # by the device's clock, held within opening and arrival
    received_at: Mapped[datetime]


class VisitPhoto(Keyed, Base):
    """A picture as the device made it, in the evidence store under the same lock as footage (ADR 0068).

    `taken_at` and the place are what the device said beside the picture. What stands inside the file (EXIF) is neither read nor trusted.
    """

    __tablename__ = "visit_photo"
    __table_args__ = (
        UniqueConstraint("visit_id", "client_id"),
        UniqueConstraint("visit_id", "item", "sha256"),
        CheckConstraint("octet_length(sha256) = 32", name="sha256"),
        CheckConstraint("size_bytes > 0", name="size"),
        CheckConstraint("(latitude_udeg is null) = (longitude_udeg is null) and (latitude_udeg is null) = (accuracy_m is null)", name="place_whole"),
        CheckConstraint("(place = 'given') = (latitude_udeg is not null)", name="place_given"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("visit_member.id"))
    client_id: Mapped[UUID]
    item: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str]
    object_key: Mapped[str]
    version_id: Mapped[str]
    retain_until: Mapped[datetime]
    taken_at: Mapped[datetime]  # by the device's clock
    received_at: Mapped[datetime]
    place: Mapped[PlaceState] = mapped_column(enum_column(PlaceState, "place"))
    latitude_udeg: Mapped[int | None]
    longitude_udeg: Mapped[int | None]
    accuracy_m: Mapped[int | None]


class VisitSignature(Keyed, Base):
    """A member's signature under the record: the hash of what was signed, and a dissenting word if there is one.

    It counts while the record has that hash: what arrives later makes it lapse, and the member signs again.
    """

    __tablename__ = "visit_signature"
    __table_args__ = (
        UniqueConstraint("visit_id", "member_id", "record_sha256"),
        CheckConstraint("octet_length(record_sha256) = 32", name="record_sha256"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT")
    BUREAU_ONLY: ClassVar[bool] = True

    visit_id: Mapped[UUID] = mapped_column(ForeignKey("visit.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("visit_member.id"))
    at: Mapped[datetime]
    record_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[str] = mapped_column(default="")  # 保留意见
