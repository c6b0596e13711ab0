"""Declarative base: naming convention, column types, tenant tables.

Conventions: UUID keys from PostgreSQL's `uuidv7()`; every instant `timestamptz`; relations are `lazy="raise"`; a table with rows of
one institution declares `TENANT = "<column>"` and gets a FORCEd row-level-security policy (docs/decisions/0050).
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, Enum, MetaData, Uuid, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables. `TENANT` names the column that holds the owning institution's id, or None for shared tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar = {datetime: DateTime(timezone=True), UUID: Uuid()}
    TENANT: ClassVar[str | None] = None


class Keyed:
    """A time-ordered UUID primary key."""

    id: Mapped[UUID] = mapped_column(Uuid(), primary_key=True, server_default=text("uuidv7()"))


def enum_column(enum: type[StrEnum], name: str) -> Enum:
    """A text column with a CHECK over the enum's values (not a PostgreSQL type: adding a value stays a cheap migration)."""
    return Enum(
        enum,
        name=name,
        native_enum=False,
        create_constraint=True,
        validate_strings=True,
        length=40,
        values_callable=lambda e: [member.value for member in e],
    )
