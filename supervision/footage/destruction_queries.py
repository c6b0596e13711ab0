"""What is due, since when, and what was proposed about it. Reads only. R73; domain.md 2.3.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select
from sqlalchemy.orm import Session

from storage.ledger.models import StateMove
from supervision.footage.destruction_lifecycle import LIVE_STATES, DestructionState
from supervision.footage.destruction_models import Destruction
from supervision.footage.lifecycle import RecordingEvent, RecordingState
from supervision.footage.models import Recording
from supervision.institutions.models import Institution

MOST_PROPOSED: Final = 500
ENDED: Final = tuple(state for state in DestructionState if state not in LIVE_STATES)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal with what it is about."""

    row: Destruction
    recording: Recording
    institution: str


def due(*, words: str = "") -> Select[Recording]:
    """Recordings that are due and not proposed; the caller pages it by `retain_until`, `id`."""
    live = select(Destruction.recording_id).where(Destruction.state.in_(LIVE_STATES))
    query = select(Recording).where(Recording.state == RecordingState.DUE, Recording.id.not_in(live))
    if words:
        named = select(Institution.id).where(Institution.name.icontains(words, autoescape=True) | Institution.code.icontains(words, autoescape=True))
        query = query.where(Recording.file_name.icontains(words, autoescape=True) | Recording.institution_id.in_(named))
    return query


def due_since(session: Session, recording_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """Recording id → when it last fell due."""
    fell = (StateMove.machine == Recording.MACHINE, StateMove.event == RecordingEvent.FALL_DUE.value, StateMove.subject_id.in_(recording_ids))
    rows = session.execute(select(StateMove.subject_id, func.max(StateMove.at)).where(*fell).group_by(StateMove.subject_id))
    return {recording_id: at for recording_id, at in rows}  # noqa: C416 - Row is not a pair for mypy


def count_overdue(session: Session, now: datetime, within: timedelta) -> int:
    """Recordings that are due for longer than `within` and still there."""
    query = select(func.count()).where(Recording.state == RecordingState.DUE, _since() < now - within)
    return session.scalar(query) or 0


def _since() -> ScalarSelect[datetime]:
    fell: list[ColumnElement[bool]] = [StateMove.machine == Recording.MACHINE, StateMove.event == RecordingEvent.FALL_DUE.value]
    return select(func.max(StateMove.at)).where(*fell, StateMove.subject_id == Recording.id).correlate(Recording).scalar_subquery()


def live(session: Session) -> list[Proposal]:
    """What is proposed, approved or being deleted, the oldest first."""
    return _with_names(
        session, _proposals().where(Destruction.state.in_(LIVE_STATES)).order_by(Destruction.proposed_at, Destruction.id).limit(MOST_PROPOSED)
    )


def ended(session: Session, *, before: UUID | None = None, limit: int = 50) -> list[Proposal]:
    """What is destroyed, declined, withdrawn or stopped; newest proposal first, at most `limit` older than `before`."""
    query = _proposals().where(Destruction.state.in_(ENDED))
    if before is not None:
        query = query.where(Destruction.id < before)
    return _with_names(session, query.order_by(Destruction.id.desc()).limit(limit))


def _proposals() -> Select[Destruction, Recording, str]:
    return (
        select(Destruction, Recording, Institution.name)
        .join(Recording, Recording.id == Destruction.recording_id)
        .join(Institution, Institution.id == Destruction.institution_id)
    )


def _with_names(session: Session, query: Select[Destruction, Recording, str]) -> list[Proposal]:
    return [Proposal(*row) for row in session.execute(query)]


def live_of(session: Session, recording_id: UUID) -> Destruction | None:
    """What is going on about one recording."""
    return session.scalars(select(Destruction).where(Destruction.recording_id == recording_id, Destruction.state.in_(LIVE_STATES))).one_or_none()
