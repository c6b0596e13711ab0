"""Tables of the log (docs/design/ledger.md). Who may write which is said in `ddl.py`; rows of the log never change.

`ledger_entry.body` is canonical JSON of everything the other columns say plus the facts, so the leaf hash commits to all of it;
the columns exist to be searched and the audit compares them with the body.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.base import Base, Keyed


class ActorColumns:
    """Who did it, as in `storage.kernel.actor.Actor`."""

    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    actor_role: Mapped[str]


class LedgerEntry(ActorColumns, Base):
    """One line of the log. `id` follows insertion, not commitment; the place in the log is `ledger_leaf.idx`."""

    __tablename__ = "ledger_entry"
    __table_args__ = (Index("ix_ledger_entry_subject", "subject", "id"), Index("ix_ledger_entry_tenant", "tenant_id", "id"))
    TENANT: ClassVar[str | None] = "tenant_id"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    tenant_id: Mapped[UUID | None]
    action: Mapped[str]
    subject: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerPending(Base):
    """Entries not yet in the tree; filled by a trigger, so an entry cannot be written without being queued."""

    __tablename__ = "ledger_pending"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class LedgerLeaf(Base):
    """Place of an entry in the tree: `idx` = 0, 1, 2 … without a gap. `leaf_hash` = SHA-256(0x00 ‖ body)."""

    __tablename__ = "ledger_leaf"
    __table_args__ = (CheckConstraint("octet_length(leaf_hash) = 32", name="hash"), CheckConstraint("idx >= 0", name="idx"))

    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerTile(Base):
    """Up to 256 consecutive node hashes of tree level 8 x `level`, as in C2SP tlog-tiles. A full tile never changes, a partial one only grows."""

    __tablename__ = "ledger_tile"
    __table_args__ = (CheckConstraint("octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0", name="hashes"),)

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(LargeBinary)


class LedgerCheckpoint(Base):
    """A signed tree head: `note` is a C2SP tlog-checkpoint for the first `size` leaves."""

    __tablename__ = "ledger_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    note: Mapped[str]
    at: Mapped[datetime]


class StateMove(Keyed, ActorColumns, Base):
    """One move of one row through its lifecycle; `from_state` is null for the creation of the row."""

    __tablename__ = "state_move"
    __table_args__ = (Index("ix_state_move_subject", "subject_id", "entry_id"), Index("ix_state_move_tenant_at", "tenant_id", "at"))
    TENANT: ClassVar[str | None] = "tenant_id"

    machine: Mapped[str]
    subject_id: Mapped[UUID]
    tenant_id: Mapped[UUID | None]
    from_state: Mapped[str | None]
    event: Mapped[str]
    to_state: Mapped[str]
    at: Mapped[datetime]
    reason: Mapped[str]
    clause: Mapped[str]
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)


TABLES = (LedgerEntry, LedgerPending, LedgerLeaf, LedgerTile, LedgerCheckpoint, StateMove)
