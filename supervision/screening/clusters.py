"""All recordings that show the same footage, directly or through others: who used it, when, and which pairs show that. R60, R72; F-05, F-06, F-13."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from supervision.footage.models import Recording
from supervision.institutions.models import Institution
from supervision.screening.recycled_models import RecycledMatch

MOST: Final = 60  # recordings on one page


@dataclass(frozen=True, slots=True)
class Member:
    """One recording. `agrees`: (number of the other one in the list, from 1, the lead about the pair)."""

    recording: Recording
    institution: Institution
    agrees: tuple[tuple[int, UUID], ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Earliest first. `is_whole` False: more than `MOST` hang together."""

    members: tuple[Member, ...]
    is_whole: bool


def cluster_of(session: Session, recording_id: UUID) -> Cluster:
    """The recordings that hang together with this one, itself included; also by pairs that people called not real: nothing is judged here."""
    known: dict[UUID, None] = {recording_id: None}
    pairs: dict[UUID, RecycledMatch] = {}
    border = [recording_id]
    while border and len(known) <= MOST:
        found = session.scalars(
            select(RecycledMatch)
            .where(or_(RecycledMatch.first_id.in_(border), RecycledMatch.second_id.in_(border)))
            .order_by(RecycledMatch.found_at, RecycledMatch.id)
        ).all()
        pairs |= {one.id: one for one in found}
        border = list(dict.fromkeys(end for one in found for end in (one.first_id, one.second_id) if end not in known))
        known |= dict.fromkeys(border)
    kept = list(known)[:MOST]
    rows = session.execute(
        select(Recording, Institution).join(Institution, Institution.id == Recording.institution_id).where(Recording.id.in_(kept))
    ).all()
    ordered = sorted(((one, school) for one, school in rows), key=lambda row: _begun(row[0]))
    numbers = {recording.id: number for number, (recording, _) in enumerate(ordered, 1)}
    members = tuple(Member(recording, institution, _agrees(recording.id, pairs.values(), numbers)) for recording, institution in ordered)
    return Cluster(members, len(known) <= MOST)


def _begun(recording: Recording) -> tuple[bool, datetime, UUID]:
    """By what its sender said; those of which nobody knows come last, as they came in."""
    begins_at = recording.declared_start_at
    return begins_at is None, begins_at or recording.created_at, recording.id


def _agrees(own: UUID, pairs: Iterable[RecycledMatch], numbers: Mapping[UUID, int]) -> tuple[tuple[int, UUID], ...]:
    others = [(one.second_id if own == one.first_id else one.first_id, one.lead_id) for one in pairs if own in (one.first_id, one.second_id)]
    return tuple(sorted((numbers[other], lead_id) for other, lead_id in others if other in numbers))
