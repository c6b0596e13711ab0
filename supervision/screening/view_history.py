"""Keep what a camera showed first in its last recordings, and hold a new recording against it. R71, R77; F-09, F-12.

An approved picture is a better measure: while there is one it alone is compared with, and what was kept is forgotten, so that a camera that was moved
with approval begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np
from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from supervision.footage.models import Recording
from supervision.screening.glances import Glancer, Glances
from supervision.screening.looks import Code, Found
from supervision.screening.opinions import dismissed
from supervision.screening.rules import ScreeningRule
from supervision.screening.screening_models import ScreeningLead
from supervision.screening.signals import defocused, view_unusual
from supervision.screening.signals.view_unusual import CODES, UsualRule
from supervision.screening.view import LEAST_MATCHES, Reference
from supervision.screening.view_history_models import FirstLook

MOST_KEPT: Final = 40  # of a camera, told ones and others each
CHANGED: Final = (Code.VIEW_MOVED, Code.OTHER_VIEW)


@dataclass(frozen=True, slots=True)
class Own:
    """The first clear look of a recording."""

    media_ms: int
    view: Reference


def first_of(glancer: Glancer, cheap: Glances, rule: ScreeningRule) -> Own | None:
    """None where the view is compared with an approved picture, nothing was clear, or what was is out of focus."""
    if glancer.reference is not None or glancer.anchor is None:
        return None
    compared = np.flatnonzero(~np.isnan(cheap.points))
    if not len(compared) or defocused.held(cheap, rule)[compared[0]]:
        return None
    view = Reference.of(glancer.anchor)
    return Own(int(cheap.media_ms[compared[0]]), view) if len(view.places) >= LEAST_MATCHES else None


def before(session: Session, recording_id: UUID, most: int) -> list[Reference]:
    """What the camera showed in its other recordings, the newest first: those that were not told, or of which somebody said that it is not real."""
    camera_id = session.scalar(select(Recording.camera_id).where(Recording.id == recording_id))
    if camera_id is None:
        return []
    standing = select(ScreeningLead.id).where(ScreeningLead.recording_id == FirstLook.recording_id, ScreeningLead.code.in_(CODES), ~dismissed())
    query = (
        select(FirstLook.points)
        .where(FirstLook.camera_id == camera_id, FirstLook.recording_id != recording_id)
        .where(or_(~FirstLook.told, ~standing.correlate(FirstLook).exists()))
        .order_by(FirstLook.seen_at.desc(), FirstLook.recording_id.desc())
        .limit(most)
    )
    return [Reference.from_bytes(points) for points in session.scalars(query)]


def held_against(
    own: Own | None, known: Sequence[Reference], found: Sequence[Found], duration_ms: int, rule: ScreeningRule, usual: UsualRule
) -> list[Found]:
    """What is told of the recording's beginning, until the view changes inside it."""
    if own is None:
        return []
    until_ms = min((one.from_ms for one in found if one.code in CHANGED and one.from_ms > own.media_ms), default=duration_ms)
    return view_unusual.find(own.view, own.media_ms, until_ms, known, rule, usual)


def keep(session: Session, recording_id: UUID, own: Own | None, *, approved: bool, told: bool, at: datetime) -> None:
    """In place of what was kept of this recording. `approved`: the camera has an approved picture, so that nothing is kept of it."""
    camera_id = session.scalar(select(Recording.camera_id).where(Recording.id == recording_id))
    if camera_id is None:
        return
    if approved:
        session.execute(delete(FirstLook).where(FirstLook.camera_id == camera_id))
        return
    session.execute(delete(FirstLook).where(FirstLook.recording_id == recording_id))
    if own is None:
        return
    session.add(FirstLook(recording_id=recording_id, camera_id=camera_id, seen_at=at, media_ms=own.media_ms, points=own.view.to_bytes(), told=told))
    session.flush()
    old = (
        select(FirstLook.recording_id)
        .where(FirstLook.camera_id == camera_id, FirstLook.told.is_(told))
        .order_by(FirstLook.seen_at.desc(), FirstLook.recording_id.desc())
        .offset(MOST_KEPT)
    )
    session.execute(delete(FirstLook).where(FirstLook.recording_id.in_(old)))
