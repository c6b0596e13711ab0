"""The one way a row changes state: a listed move, its history row and its ledger entry, together, with the clause it rests on (R1).

A row that moves has `.id` (UUID), `.state` (StrEnum), the class attribute `MACHINE` ("recording") and, when it belongs to an
institution, `TENANT` (the name of the column that says to which). A row whose moves are not always the institution's to read names
the attribute that says whose they are in `MOVES_TENANT`; it is asked in the state after the move.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict
from storage.kernel.lifecycle import Move, Moves, advance
from storage.ledger import service
from storage.ledger.models import StateMove

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

# Any: rows are mapped classes of every stage; their `id`, `state`, `MACHINE`, `TENANT` are read by name
Row = Any


def move(
    session: Session,
    row: Row,
    moves: Moves[S, E],
    event: E,
    *,
    actor: Actor,
    at: datetime,
    reason: str = "",
    facts: Mapping[str, object] | None = None,
) -> Move[S]:
    """Make the move `event` of `row`, write history and ledger, flush; returns the move made.

    `facts` are seen by the move's guard and go into the ledger entry. Other unsaved changes of the row are flushed as well.
    Raises: ForbiddenMove — not listed or its guard refused; Conflict — another transaction moved the row since it was read.
    """
    state: S = row.state
    made = advance(moves, state, event, facts)
    session.flush()
    _replace_state(session, row, state, made.to)
    _record(
        session,
        row,
        from_state=state.value,
        event=event.value,
        to_state=made.to.value,
        actor=actor,
        at=at,
        reason=reason,
        clause=made.clause,
        facts=facts,
    )
    return made


def begin(
    session: Session,
    row: Row,
    *,
    actor: Actor,
    at: datetime,
    event: str = "begin",
    reason: str = "",
    clause: str = "",
    facts: Mapping[str, object] | None = None,
) -> StateMove:
    """Add a new row in its first state (the one it was built with) and record its creation as a move from nowhere."""
    session.add(row)
    session.flush()
    return _record(
        session, row, from_state=None, event=str(event), to_state=str(row.state.value), actor=actor, at=at, reason=reason, clause=clause, facts=facts
    )


def timeline(session: Session, machine: str, subject_id: UUID) -> Sequence[StateMove]:
    """All moves of one row, oldest first."""
    return session.scalars(
        select(StateMove).where(StateMove.subject_id == subject_id, StateMove.machine == machine).order_by(StateMove.entry_id)
    ).all()


def _replace_state(session: Session, row: Row, old: StrEnum, new: StrEnum) -> None:
    """Compare and set in the database: two transactions that read the same state cannot both leave it."""
    kind = type(row)
    done = session.execute(update(kind).where(kind.id == row.id, kind.state == old).values(state=new).execution_options(synchronize_session=False))
    if not isinstance(done, CursorResult) or done.rowcount != 1:
        raise Conflict(machine=row.MACHINE, id=str(row.id), state=old.value)
    set_committed_value(row, "state", new)


def _record(
    session: Session,
    row: Row,
    *,
    from_state: str | None,
    event: str,
    to_state: str,
    actor: Actor,
    at: datetime,
    reason: str,
    clause: str,
    facts: Mapping[str, object] | None,
) -> StateMove:
    machine: str = row.MACHINE
    owner: str | None = getattr(row, "MOVES_TENANT", row.TENANT)
    tenant: UUID | None = getattr(row, owner) if owner else None
    told: dict[str, object] = {
        "machine": machine,
        "subject_id": row.id,
        "from": from_state,
        "event": event,
        "to": to_state,
        "reason": reason,
        "clause": clause,
        "facts": dict(facts or {}),
    }
    entry = service.append(session, actor=actor, at=at, action=f"{machine}.{event}", subject=f"{machine}/{row.id}", tenant=tenant, body=told)
    recorded = StateMove(
        machine=machine,
        subject_id=row.id,
        tenant_id=tenant,
        from_state=from_state,
        event=event,
        to_state=to_state,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_role=actor.role,
        at=entry.at,
        reason=reason,
        clause=clause,
        entry_id=entry.id,
    )
    session.add(recorded)
    session.flush()
    return recorded
