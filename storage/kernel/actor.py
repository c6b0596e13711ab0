"""Who did it. Every move, view and ledger line names one."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` is what a reader of the ledger sees (account name or job name); `role` the hat worn while acting."""

    kind: Literal["account", "api_key", "system"]
    name: str
    role: str
    id: UUID | None = None


SYSTEM_ACTOR = Actor(kind="system", name="classproof", role="system")
