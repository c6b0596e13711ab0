"""Use-cases: propose, approve, decline, withdraw, stop the destruction of what is due. Two people; the deed itself is `destroying`. R73; 2.3.1."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.errors import ForbiddenMove
from storage.kernel.events import Event, Events
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.objects.port import ObjectStore
from storage.retention.rules import RetentionRule
from supervision.footage import destruction_rules as rules
from supervision.footage.destruction_checks import Ports, against
from supervision.footage.destruction_lifecycle import DESTRUCTION_MOVES, LIVE_STATES, TO_BE_DONE, DestructionEvent, DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.errors import DestructionNotFound, DestructionPending, DestructionRefused, MalformedDestruction
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.footage.service import find

APPROVED: Final = "destruction.approved"


def propose(
    session: Session,
    store: ObjectStore,
    recording_ids: Sequence[UUID],
    *,
    reason: str,
    rule: RetentionRule,
    ports: Ports,
    actor: Actor,
    clock: Clock,
) -> list[Destruction]:
    """Propose to destroy recordings that are due; all or none. Each becomes a proposal of its own that is decided and stopped by itself.

    Raises: MalformedDestruction; NotFound; DestructionPending; DestructionRefused — something speaks against one; StoreUnavailable.
    """
    stated, chosen = " ".join(reason.split()), sorted(set(recording_ids))
    if errors := rules.defects(len(chosen), stated):
        raise MalformedDestruction(errors=errors)
    proposer, at, batch_id = _account(actor), clock.now_at(), uuid4()
    made: list[Destruction] = []
    for recording_id in chosen:  # in the order of their ids: two people who choose the same wait for each other instead of blocking each other
        recording = find(session, recording_id, None, lock=True)
        pending = session.scalars(select(Destruction).where(Destruction.recording_id == recording_id, Destruction.state.in_(LIVE_STATES))).first()
        if pending is not None:
            raise DestructionPending(file=recording.file_name, state=pending.state)
        if why := against(session, store, recording, rule, ports.matters):
            raise DestructionRefused(file=recording.file_name, why=why[0])
        row = Destruction(
            institution_id=recording.institution_id,
            recording_id=recording.id,
            batch_id=batch_id,
            state=DestructionState.PROPOSED,
            reason=stated,
            proposer_account_id=proposer,
            proposer_name=actor.name,
            proposer_role=actor.role,
            proposed_at=at,
            versions=[],
            derived=[],
        )
        facts = {"recording": recording.id, "sha256": recording.sha256.hex() if recording.sha256 else "", "batch": batch_id}
        history.begin(session, row, actor=actor, at=at, event="propose-destruction", reason=stated, clause="2.3.1", facts=facts)
        made.append(row)
    return made


def approve(
    session: Session,
    store: ObjectStore,
    destruction_id: UUID,
    *,
    note: str,
    rule: RetentionRule,
    ports: Ports,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> Destruction:
    """Another person agrees; the job begins when this is committed. All is looked at again.

    Raises: DestructionNotFound, ForbiddenMove — `same-person`, or what speaks against it; StoreUnavailable.
    """
    row, recording = locked(session, destruction_id)
    at = clock.now_at()
    found = against(session, store, recording, rule, ports.matters)
    facts = {"proposer": str(row.proposer_account_id), "decider": str(actor.id or ""), "against": found, "recording": row.recording_id}
    advance(DESTRUCTION_MOVES, row.state, DestructionEvent.APPROVE_DESTRUCTION, facts)  # refused before the row says so
    row.approver_account_id, row.approver_name, row.approver_role, row.approved_at = actor.id, actor.name, actor.role, at
    row.note = note.strip()
    history.move(session, row, DESTRUCTION_MOVES, DestructionEvent.APPROVE_DESTRUCTION, actor=actor, at=at, reason=row.note, facts=facts)
    events.publish(session, Event(APPROVED, {"destruction_id": str(row.id)}))
    return row


def decline(session: Session, destruction_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> Destruction:
    """Another person refuses, with a reason. Raises: DestructionNotFound, ForbiddenMove — `same-person`, `reason-needed`."""
    row, _ = locked(session, destruction_id)
    facts = {"proposer": str(row.proposer_account_id), "decider": str(actor.id or ""), "reason": reason.strip(), "recording": row.recording_id}
    _end(session, row, DestructionEvent.DECLINE_DESTRUCTION, reason.strip(), facts, actor=actor, at=clock.now_at())
    return row


def withdraw(session: Session, destruction_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> Destruction:
    """One of the two takes it back, until the deletion has begun. Raises: DestructionNotFound, ForbiddenMove — `not-yours-to-withdraw`."""
    row, _ = locked(session, destruction_id)
    two = [str(one) for one in (row.proposer_account_id, row.approver_account_id) if one is not None]
    facts = {"two": two, "decider": str(actor.id or ""), "recording": row.recording_id}
    _end(session, row, DestructionEvent.WITHDRAW, reason.strip(), facts, actor=actor, at=clock.now_at())
    return row


def stop(session: Session, row: Destruction, why: str, *, actor: Actor, at: datetime, facts: dict[str, object] | None = None) -> None:
    """Something speaks against it and the evidence is still there. `why`: a reason code. The caller holds the lock on `row`."""
    told = {"bytes_are_there": True, "reason": why, "recording": row.recording_id, **(facts or {})}
    _end(session, row, DestructionEvent.STOP_DESTRUCTION, why, told, actor=actor, at=at)


def settle(session: Session, *, actor: Actor, at: datetime, events: Events, limit: int = 200) -> int:
    """Stop what is proposed about recordings that are no longer due; ask again for what was approved and is not done. Returns how many stopped."""
    rows = session.execute(
        select(Destruction, Recording.state)
        .join(Recording, Recording.id == Destruction.recording_id)
        .where(Destruction.state.in_((DestructionState.PROPOSED, DestructionState.APPROVED)), Recording.state != RecordingState.DUE)
        .order_by(Destruction.id)
        .limit(limit)
        .with_for_update(of=Destruction, skip_locked=True)
    ).all()
    for row, state in rows:
        told = history.timeline(session, Recording.MACHINE, row.recording_id)[-1].reason  # what took it back: a matter, a longer term
        why = "integrity-alarm" if state is RecordingState.ALARM else told or "retention-not-over"
        stop(session, row, why, actor=actor, at=at)
    for destruction_id in session.scalars(select(Destruction.id).where(Destruction.state.in_(TO_BE_DONE)).order_by(Destruction.id).limit(limit)):
        events.publish(session, Event(APPROVED, {"destruction_id": str(destruction_id)}))
    return len(rows)


def locked(session: Session, destruction_id: UUID, *, skip: bool = False) -> tuple[Destruction, Recording]:
    """A proposal and its recording, both locked and read anew. Raises: DestructionNotFound — also, with `skip`, one that somebody is at work on."""
    wanted = select(Destruction).where(Destruction.id == destruction_id).with_for_update(skip_locked=skip)
    row = session.scalars(wanted, execution_options={"populate_existing": True}).one_or_none()
    if row is None:
        raise DestructionNotFound(id=str(destruction_id))
    of_it = select(Recording).where(Recording.id == row.recording_id).with_for_update()
    return row, session.scalars(of_it, execution_options={"populate_existing": True}).one()


def is_being_destroyed(session: Session, recording_id: UUID) -> bool:
    """Whether deletion has begun and is not ended: what is missing of it is no alarm."""
    going = exists().where(Destruction.recording_id == recording_id, Destruction.state == DestructionState.DESTROYING)
    return bool(session.scalar(select(going)))


def count_to_decide(session: Session) -> int:
    return session.scalar(select(func.count()).where(Destruction.state == DestructionState.PROPOSED)) or 0


def _end(session: Session, row: Destruction, event: DestructionEvent, why: str, facts: dict[str, object], *, actor: Actor, at: datetime) -> None:
    advance(DESTRUCTION_MOVES, row.state, event, facts)
    row.ended_at, row.ended_by, row.ended_reason = at, actor.name, why
    history.move(session, row, DESTRUCTION_MOVES, event, actor=actor, at=at, reason=why, facts=facts)


def _account(actor: Actor) -> UUID:
    """Raises: ForbiddenMove — a key or the system proposes nothing."""
    if actor.kind != "account" or actor.id is None:
        raise ForbiddenMove(machine="destruction", state="-", event="propose-destruction", why="decider-unknown")
    return actor.id
