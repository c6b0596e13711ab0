"""A small lifecycle and its table, to move through without any stage of the product."""

from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.database.base import enum_column
from storage.kernel.lifecycle import Move, Moves


class CaseState(StrEnum):
    OPEN = "open"
    SUBMITTED = "submitted"
    CLOSED = "closed"


class CaseEvent(StrEnum):
    SUBMIT = "submit"
    RETURN = "return"
    CLOSE = "close"


def _signed(facts: object) -> str | None:
    return None if isinstance(facts, dict) and facts.get("signed_by") else "unsigned"


MOVES: Final[Moves[CaseState, CaseEvent]] = {
    (CaseState.OPEN, CaseEvent.SUBMIT): Move(CaseState.SUBMITTED, clause="R50"),
    (CaseState.SUBMITTED, CaseEvent.RETURN): Move(CaseState.OPEN),
    (CaseState.SUBMITTED, CaseEvent.CLOSE): Move(CaseState.CLOSED, guard=_signed, clause="R51"),
}


class CaseBase(DeclarativeBase):
    metadata = MetaData()


class Case(CaseBase):
    __tablename__ = "ledger_case"
    TENANT: ClassVar[str | None] = "institution_id"
    MACHINE: ClassVar[str] = "case"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    institution_id: Mapped[UUID]
    note: Mapped[str] = mapped_column(default="")
    state: Mapped[CaseState] = mapped_column(enum_column(CaseState, "state"))
