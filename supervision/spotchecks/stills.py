"""Stills: pictures cut out of the stored object for a mark, each with its hash, its time and the hash of the recording. domain.md 2.3.2; R68.

The caller has read the bytes (only it may) after the view was on record.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from supervision.footage.models import Recording
from supervision.spotchecks import queries
from supervision.spotchecks.errors import MalformedMark, StillNotFound
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.marks import open_review, wall_at
from supervision.spotchecks.models import ReviewItem
from supervision.spotchecks.room_models import ReviewMark, ReviewStill

MOST_STILLS: Final = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame of the stored object: the media time at which it is shown, its JPEG, and the same with its faces blurred."""

    at_ms: int
    jpeg: bytes
    veiled: bytes


def known(session: Session, assignment_id: UUID, client_id: UUID) -> ReviewStill | None:
    """A still that was taken by the same request before."""
    return session.scalars(select(ReviewStill).where(ReviewStill.assignment_id == assignment_id, ReviewStill.client_id == client_id)).one_or_none()


def keep(session: Session, mark: ReviewMark, item: ReviewItem, picture: Picture, *, client_id: UUID, actor: Actor, clock: Clock) -> ReviewStill:
    """Keep a picture with a mark. Raises: AssignmentNotFound, MalformedMark — too many, or the recording has no hash."""
    review = open_review(session, mark.assignment_id, actor)
    if (session.scalar(select(func.count()).where(ReviewStill.assignment_id == review.id)) or 0) >= MOST_STILLS:
        raise MalformedMark(errors=[{"where": "stills", "code": "too-many", "value": MOST_STILLS}])
    sha256 = session.get_one(Recording, item.recording_id).sha256
    if sha256 is None:
        raise MalformedMark(errors=[{"where": "recording", "code": "not-verified", "value": str(item.recording_id)}])
    kept = ReviewStill(
        assignment_id=review.id,
        client_id=client_id,
        item_id=item.id,
        mark_id=mark.id,
        at_ms=picture.at_ms,
        wall_at=wall_at(item, picture.at_ms),
        taken_at=clock.now_at(),
        footage_sha256=sha256,
        sha256=hashlib.sha256(picture.jpeg).digest(),
        size_bytes=len(picture.jpeg),
        data=picture.jpeg,
        veiled=picture.veiled,
    )
    session.add(kept)
    session.flush()
    return kept


def still(session: Session, assignment_id: UUID, still_id: UUID, *, inspector_id: UUID) -> ReviewStill:
    """A still of one's own review, while it is open. Raises: AssignmentNotFound, StillNotFound."""
    review = queries.assignment(session, assignment_id, inspector_id=inspector_id)
    found = session.scalars(select(ReviewStill).where(ReviewStill.id == still_id, ReviewStill.assignment_id == review.id)).one_or_none()
    if found is None or review.state is not AssignmentState.REVIEWING:
        raise StillNotFound(still=str(still_id))
    return found


def of_review(session: Session, assignment_id: UUID, mark_id: UUID | None = None) -> Sequence[ReviewStill]:
    """Of a review, or of one of its marks, in the order in which they were taken."""
    statement = select(ReviewStill).where(ReviewStill.assignment_id == assignment_id).order_by(ReviewStill.taken_at, ReviewStill.id)
    return session.scalars(statement if mark_id is None else statement.where(ReviewStill.mark_id == mark_id)).all()


def of_finding(session: Session, finding: str) -> Sequence[ReviewStill]:
    """The pictures of the mark that a finding was; none for a finding that was not made in the review room."""
    return session.scalars(
        select(ReviewStill).join(ReviewMark, ReviewMark.id == ReviewStill.mark_id).where(ReviewMark.finding == finding).order_by(ReviewStill.at_ms)
    ).all()
