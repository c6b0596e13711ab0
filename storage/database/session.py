"""Engine and transaction scope. One request or one job is one transaction; whoever opens it commits it, services only flush.

The scope travels as transaction-local settings that the row-level-security policies read:
`app.scope` = `institution` | `bureau` | `system` | `public`, `app.tenant` = the institution's id. Nothing set: no tenant rows at all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

ScopeName = Literal["institution", "bureau", "system", "public"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may see. An institution scope without a tenant sees nothing."""

    name: ScopeName
    tenant: UUID | None = None


CONNECT_TIMEOUT_S = 5  # a port that accepts and says nothing is not our database
SYSTEM = Scope("system")
BUREAU = Scope("bureau")
PUBLIC = Scope("public")


def make_engine(url: str, *, pool_size: int = 10) -> Engine:
    """SQLAlchemy engine on psycopg 3. `url` may start with postgresql:// ."""
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args={
            "options": "-c lock_timeout=10000 -c idle_in_transaction_session_timeout=120000 -c timezone=UTC",
            "connect_timeout": CONNECT_TIMEOUT_S,
        },
    )


class Database:
    """Opens transactions with a scope."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def transaction(self, scope: Scope) -> Iterator[Session]:
        """Commit on success, roll back on any exception."""
        with self._sessions.begin() as session:
            apply_scope(session, scope)
            yield session


def apply_scope(session: Session, scope: Scope) -> None:
    """Set the row-level-security scope for the current transaction only."""
    session.execute(
        text("select set_config('app.scope', :scope, true), set_config('app.tenant', :tenant, true)"),
        {"scope": scope.name, "tenant": str(scope.tenant) if scope.tenant else ""},
    )
