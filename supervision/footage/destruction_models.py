"""Proposals to destroy recordings, the two people of each, what was deleted, and the certificate (销毁证明). R73; domain.md 2.3.1; G4."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed, enum_column
from supervision.footage.destruction_lifecycle import DestructionState


class Destruction(Keyed, Base):
    """One proposal about one recording; several that were chosen together share `batch_id` and the reason.

    The institution reads it once the recording is destroyed, not before: a proposal that is declined or stopped is the bureau's own matter.
    `versions`: every version and marker that was listed under the key before the first deletion, added to when a later try finds more.
    `derived`: what was made of it and deleted with it. `certificate` is exactly what was signed.
    """

    __tablename__ = "destruction"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("approver_account_id is null or approver_account_id <> proposer_account_id", name="another_person"),
        CheckConstraint(
            "state not in ('approved', 'destroying', 'destroyed') or (approver_account_id is not null and approved_at is not null)", name="approved"
        ),
        CheckConstraint("state not in ('destroying', 'destroyed') or (begun_at is not null and versions <> '[]'::jsonb)", name="begun"),
        CheckConstraint(
            "num_nulls(destroyed_at, certificate_number, certificate, signature) = case state when 'destroyed' then 0 when 'destroying'"
            " then num_nulls(destroyed_at) * 4 else 4 end",
            name="certified",
        ),
        CheckConstraint("state not in ('declined', 'stopped') or ended_reason <> ''", name="ended_with_a_reason"),
        Index(
            "uq_destruction_live",
            "recording_id",
            unique=True,
            postgresql_where=text("state in ('proposed', 'approved', 'destroying', 'destroyed')"),
        ),
        Index("ix_destruction_state", "state", "proposed_at"),
    )
    GRANTS: ClassVar[tuple[str, ...]] = ("SELECT", "INSERT", "UPDATE")
    TENANT: ClassVar[str | None] = "institution_id"
    TENANT_WHEN: ClassVar[str] = "state = 'destroyed'"
    MACHINE: ClassVar[str] = "destruction"
    MOVES_TENANT: ClassVar[str | None] = None  # the recording's own move tells the institution; who proposed what stays in the bureau

    institution_id: Mapped[UUID] = mapped_column(ForeignKey("institution.id"), index=True)
    recording_id: Mapped[UUID] = mapped_column(ForeignKey("recording.id"), index=True)
    batch_id: Mapped[UUID]
    state: Mapped[DestructionState] = mapped_column(enum_column(DestructionState, "state"), default=DestructionState.PROPOSED)
    reason: Mapped[str]
    proposer_account_id: Mapped[UUID]
    proposer_name: Mapped[str]
    proposer_role: Mapped[str]
    proposed_at: Mapped[datetime]
    approver_account_id: Mapped[UUID | None]
    approver_name: Mapped[str] = mapped_column(default="")
    approver_role: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")  # of the approver
    ended_at: Mapped[datetime | None]  # declined, withdrawn or stopped
    ended_by: Mapped[str] = mapped_column(default="")
    ended_reason: Mapped[str] = mapped_column(default="")  # a person's words, or a reason code
    begun_at: Mapped[datetime | None]
    begun_entry_id: Mapped[int | None] = mapped_column(BigInteger)  # of the ledger
    versions: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # Any: `{version_id, size_bytes, etag, marker}`
    derived: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # Any: `{kind, objects}`
    destroyed_at: Mapped[datetime | None]
    certificate_number: Mapped[str | None] = mapped_column(unique=True)
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
