"""Reads of releases."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from supervision.releases.errors import ReleaseNotFound
from supervision.releases.lifecycle import LIVE_STATES, ReleaseState
from supervision.releases.models import FootageRelease
from supervision.spotchecks.lifecycle import OPEN_STATES
from supervision.spotchecks.models import ReviewAssignment


def purpose_of(release_id: UUID) -> str:
    """The purpose that the copy of a release carries, and the case reference of each view of it."""
    return f"release/{release_id}"


def release(session: Session, release_id: UUID, *, asker_id: UUID | None = None, lock: bool = False) -> FootageRelease:
    """One request; with `asker_id`, only that person's. Raises: ReleaseNotFound."""
    wanted = select(FootageRelease).where(FootageRelease.id == release_id)
    if asker_id is not None:
        wanted = wanted.where(FootageRelease.asker_account_id == asker_id)
    found = session.scalars(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None:
        raise ReleaseNotFound(release=str(release_id))
    return found


def of_assignment(session: Session, assignment_id: UUID) -> Sequence[FootageRelease]:
    """Newest first."""
    return session.scalars(select(FootageRelease).where(FootageRelease.assignment_id == assignment_id).order_by(FootageRelease.id.desc())).all()


def live_of_item(session: Session, item_id: UUID) -> FootageRelease | None:
    """The request of an item that is not over."""
    return session.scalars(select(FootageRelease).where(FootageRelease.item_id == item_id, FootageRelease.state.in_(LIVE_STATES))).one_or_none()


def to_decide(session: Session) -> Sequence[FootageRelease]:
    """Undecided requests, the most urgent first."""
    return session.scalars(select(FootageRelease).where(FootageRelease.state == ReleaseState.REQUESTED).order_by(FootageRelease.decide_by_at)).all()


def decided(session: Session, *, before: UUID | None = None, limit: int = 50) -> Sequence[FootageRelease]:
    """Requests that are decided or over, newest first, at most `limit` older than `before`."""
    wanted = select(FootageRelease).where(FootageRelease.state != ReleaseState.REQUESTED)
    if before is not None:
        wanted = wanted.where(FootageRelease.id < before)
    return session.scalars(wanted.order_by(FootageRelease.id.desc()).limit(limit)).all()


def count_to_decide(session: Session) -> int:
    return session.scalar(select(func.count()).where(FootageRelease.state == ReleaseState.REQUESTED)) or 0


def over(session: Session, at: datetime, *, limit: int = 200) -> Sequence[FootageRelease]:
    """Live requests whose time is over or whose review has ended, locked."""
    return session.scalars(
        select(FootageRelease)
        .join(ReviewAssignment, ReviewAssignment.id == FootageRelease.assignment_id)
        .where(FootageRelease.state.in_(LIVE_STATES))
        .where(
            or_(
                (FootageRelease.state == ReleaseState.REQUESTED) & (FootageRelease.decide_by_at <= at),
                (FootageRelease.state == ReleaseState.APPROVED) & (FootageRelease.open_until_at <= at),
                ReviewAssignment.state.not_in(OPEN_STATES),
            )
        )
        .order_by(FootageRelease.id)
        .limit(limit)
        .with_for_update(of=FootageRelease, skip_locked=True)
    ).all()
