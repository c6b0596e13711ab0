"""Leads as people work with them: looked at, judged by a named person; and what their judgements say of the machine. R60, R72."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from supervision.footage.models import Recording
from supervision.institutions.models import Camera, Institution
from supervision.screening.errors import LeadNotFound, VerdictWithoutReason
from supervision.screening.looks import Code
from supervision.screening.opinions import dismissed, said
from supervision.screening.screening_models import LeadVerdict, RunState, ScreeningLead, ScreeningRun

MOST_NOTE_CHARS: Final = 1000


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead with what is needed to find the place. `at`: wall clock of its beginning, None while nobody knows when the recording began."""

    lead: ScreeningLead
    recording: Recording
    institution: Institution
    camera: Camera | None

    @property
    def at(self) -> datetime | None:
        return wall_of(self.recording, self.lead.from_ms)


def wall_of(recording: Recording, media_ms: int) -> datetime | None:
    """The wall clock at a media time of a recording."""
    start_at = recording.declared_start_at
    return start_at + timedelta(milliseconds=media_ms) if start_at else None


def standing_lead(
    recording_id: ColumnElement[UUID] | InstrumentedAttribute[UUID], strength: int, from_ms: ColumnElement[int], to_ms: ColumnElement[int]
) -> ColumnElement[bool]:
    """For a query over recordings: a lead of at least this strength, not dismissed, lies in part within [from_ms, to_ms) of it."""
    within = ScreeningLead.from_ms < to_ms, ScreeningLead.to_ms > from_ms
    return (
        select(ScreeningLead.id)
        .where(ScreeningLead.recording_id == recording_id, ScreeningLead.strength >= strength, *within, ~dismissed())
        .correlate_except(ScreeningLead)
        .exists()
    )


def with_place() -> Select[ScreeningLead, Recording, Institution, Camera]:
    """Leads with what a `LeadRow` needs."""
    return (
        select(ScreeningLead, Recording, Institution, Camera)
        .join(Recording, Recording.id == ScreeningLead.recording_id)
        .join(Institution, Institution.id == ScreeningLead.institution_id)
        .outerjoin(Camera, Camera.id == Recording.camera_id)
    )


def find(session: Session, lead_id: UUID) -> LeadRow:
    """One lead with its place. Raises: LeadNotFound."""
    row = session.execute(with_place().where(ScreeningLead.id == lead_id)).one_or_none()
    if row is None:
        raise LeadNotFound(lead=str(lead_id))
    return LeadRow(*row)


def verdicts_of(session: Session, lead_id: UUID) -> Sequence[LeadVerdict]:
    """All that was ever said of a lead, newest first."""
    return session.scalars(select(LeadVerdict).where(LeadVerdict.lead_id == lead_id).order_by(LeadVerdict.id.desc())).all()


def of_recordings(session: Session, recording_ids: Sequence[UUID], *, technical: bool | None = None) -> list[ScreeningLead]:
    """Leads of these recordings in order of time, those called not real left out."""
    statement = select(ScreeningLead).where(ScreeningLead.recording_id.in_(recording_ids), ~dismissed())
    if technical is not None:
        statement = statement.where(ScreeningLead.technical.is_(technical))
    return list(session.scalars(statement.order_by(ScreeningLead.recording_id, ScreeningLead.from_ms, ScreeningLead.code)))


def judge(session: Session, lead_id: UUID, *, real: bool, note: str, actor: Actor, at: datetime) -> LeadVerdict:
    """A named person says whether a lead is real. It changes what the machine is believed, and nothing about anybody.

    Raises: LeadNotFound; VerdictWithoutReason — not real, and no word why.
    """
    found = find(session, lead_id)
    why = " ".join(note.split())[:MOST_NOTE_CHARS]
    if not real and not why:
        raise VerdictWithoutReason(lead=str(lead_id))
    row = LeadVerdict(lead_id=lead_id, real=real, note=why, given_by=actor.name, given_at=at)
    session.add(row)
    session.flush()
    facts = {"code": found.lead.code, "recording": found.recording.id, "real": real, "note": why}
    ledger.append(session, actor=actor, at=at, action="lead.judged", subject=f"screening-lead/{lead_id}", tenant=None, body=facts)
    return row


@dataclass(frozen=True, slots=True)
class Live:
    """What people said of a signal's leads so far. Those of which two persons disagree are judged, and neither real nor not real."""

    leads: int
    judged: int
    real: int
    disputed: int

    @property
    def agreed(self) -> int:
        """Judged, and nobody disagrees: what the share of real ones is taken of."""
        return self.judged - self.disputed


def live(session: Session, code: Code | None = None) -> Mapping[Code, Live]:
    """By signal, or of one alone. The newest word of each person counts."""
    wanted = true() if code is None else ScreeningLead.code == code
    counts = session.execute(select(ScreeningLead.code, func.count()).where(wanted).group_by(ScreeningLead.code))
    words = said(wanted)
    judged = select(
        words.c.code,
        func.count(),
        func.count().filter(~words.c.any_not),
        func.count().filter(words.c.any_real & words.c.any_not),
    ).group_by(words.c.code)
    told = {found: numbers for found, *numbers in session.execute(judged)}
    return {found: Live(leads, *told.get(found, (0, 0, 0))) for found, leads in counts}


@dataclass(frozen=True, slots=True)
class Cost:
    """What screening has cost so far: recordings, hours of footage, bytes read of bytes held, CPU seconds per hour of footage."""

    recordings: int
    hours: float
    bytes_read: int
    bytes_held: int
    cpu_s_per_hour: float
    heads_cpu_s_per_hour: float  # of them, for counting heads
    waiting: int
    failed: int


def cost(session: Session) -> Cost:
    """Over all finished runs."""
    done = ScreeningRun.state == RunState.DONE
    count, duration_ms, read, held, cpu_ms, heads_ms = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(ScreeningRun.duration_ms), 0),
            func.coalesce(func.sum(ScreeningRun.bytes_read), 0),
            func.coalesce(func.sum(Recording.size_bytes), 0),
            func.coalesce(func.sum(ScreeningRun.cpu_ms), 0),
            func.coalesce(func.sum(ScreeningRun.heads_cpu_ms), 0),
        )
        .join(Recording, Recording.id == ScreeningRun.recording_id)
        .where(done)
    ).one()
    unfinished = session.execute(select(ScreeningRun.state, func.count()).where(~done).group_by(ScreeningRun.state))
    others = {state: number for state, number in unfinished}  # noqa: C416 - Row is not a pair for mypy
    hours = float(duration_ms) / 3_600_000
    per_hour, heads_per_hour = (float(spent) / 1000 / hours if hours else 0.0 for spent in (cpu_ms, heads_ms))
    return Cost(count, hours, int(read), int(held), per_hour, heads_per_hour, others.get(RunState.RUNNING, 0), others.get(RunState.FAILED, 0))
