"""Technical defects as an institution reads them: at once, so that they are mended today, and gone once people call them not real. R60, R71.

Verdicts are the bureau's alone (row-level security), so both are read in the bureau's scope, here and nowhere else: only technical leads, only of
the recordings that the caller named, which its own scope has shown it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.services import Services
from storage.database.session import BUREAU
from supervision.footage.models import Recording
from supervision.institutions.models import Camera
from supervision.screening import leads
from supervision.screening.looks import Code
from supervision.screening.screening_models import ScreeningLead

DAYS: Final = 7
MOST: Final = 20


def defects_of(services: Services, recording_ids: Sequence[UUID]) -> list[ScreeningLead]:
    """By recording and time."""
    with services.database.transaction(BUREAU) as session:
        found = leads.of_recordings(session, recording_ids, technical=True)
        session.expunge_all()
        return found


@dataclass(frozen=True, slots=True)
class Defective:
    """A recording with what is wrong with it, each defect once."""

    recording_id: UUID
    file_name: str
    camera: str
    found_at: datetime
    codes: tuple[Code, ...]


def lately_defective(session: Session, services: Services, tenant: UUID, now: datetime) -> list[Defective]:
    """Recordings of an institution in which a defect was found in the last days, the newest first; `session` is the institution's own."""
    newest = (
        select(Recording.id, Recording.file_name, Camera.code, ScreeningLead.found_at)
        .join(ScreeningLead, ScreeningLead.recording_id == Recording.id)
        .outerjoin(Camera, Camera.id == Recording.camera_id)
        .where(ScreeningLead.institution_id == tenant, ScreeningLead.technical, ScreeningLead.found_at > now - timedelta(days=DAYS))
        .order_by(ScreeningLead.found_at.desc(), Recording.id.desc())
    )
    rows = {row[0]: row for row in session.execute(newest.limit(MOST * 10))}
    standing = {
        recording_id: tuple(dict.fromkeys(one.code for one in found))
        for recording_id, found in groupby(defects_of(services, list(rows)), key=lambda one: one.recording_id)
    }
    return [
        Defective(recording_id, file_name, camera or "–", found_at, standing[recording_id])
        for recording_id, file_name, camera, found_at in rows.values()
        if recording_id in standing
    ][:MOST]
