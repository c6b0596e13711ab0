"""Leads as people work with them: listed, looked at, judged by a named person; and what their judgements say of the machine. R60, R72."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from storage.kernel.actor import Actor
from storage.ledger import service as ledger
from supervision.footage.models import Recording
from supervision.institutions.models import Camera, Institution
from supervision.screening.errors import LeadNotFound, VerdictWithoutReason
from supervision.screening.looks import Code
from supervision.screening.screening_models import LeadVerdict, RunState, ScreeningLead, ScreeningRun

MOST_ROWS: Final = 200
MOST_NOTE_CHARS: Final = 1000


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a list is narrowed to. `strength` permille at least; `judged`: yes, no, or None for both."""

    codes: frozenset[Code] = frozenset()
    institution_id: UUID | None = None
    strength: int = 1
    judged: bool | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A lead with what is needed to find the place. `at`: wall clock of its beginning, None while nobody knows when the recording began."""

    lead: ScreeningLead
    recording: Recording
    institution: Institution
    camera: Camera | None
    verdict: LeadVerdict | None

    @property
    def at(self) -> datetime | None:
        return wall_of(self.recording, self.lead.from_ms)


def wall_of(recording: Recording, media_ms: int) -> datetime | None:
    """The wall clock at a media time of a recording."""
    start_at = recording.declared_start_at
    return start_at + timedelta(milliseconds=media_ms) if start_at else None


def _newest() -> ColumnElement[bool]:
    """A verdict that no later one of the same lead replaces."""
    later = aliased(LeadVerdict)
    return ~select(later.id).where(later.lead_id == LeadVerdict.lead_id, later.id > LeadVerdict.id).exists()


def standing_lead(
    recording_id: ColumnElement[UUID] | InstrumentedAttribute[UUID], strength: int, from_ms: ColumnElement[int], to_ms: ColumnElement[int]
) -> ColumnElement[bool]:
    """For a query over recordings: a lead of at least this strength, which nobody called not real, lies in part within [from_ms, to_ms) of it."""
    within = ScreeningLead.from_ms < to_ms, ScreeningLead.to_ms > from_ms
    return (
        select(ScreeningLead.id)
        .where(ScreeningLead.recording_id == recording_id, ScreeningLead.strength >= strength, *within, ~dismissed())
        .correlate_except(ScreeningLead)
        .exists()
    )


def dismissed() -> ColumnElement[bool]:
    """For a query over leads: the newest word of people is that it is not real."""
    return (
        select(LeadVerdict.id)
        .where(LeadVerdict.lead_id == ScreeningLead.id, LeadVerdict.real.is_(False), _newest())
        .correlate(ScreeningLead)
        .exists()
    )


def _with_place() -> Select[ScreeningLead, Recording, Institution, Camera, LeadVerdict]:
    return (
        select(ScreeningLead, Recording, Institution, Camera, LeadVerdict)
        .join(Recording, Recording.id == ScreeningLead.recording_id)
        .join(Institution, Institution.id == ScreeningLead.institution_id)
        .outerjoin(Camera, Camera.id == Recording.camera_id)
        .outerjoin(LeadVerdict, and_(LeadVerdict.lead_id == ScreeningLead.id, _newest()))
    )


def listed(session: Session, narrowed: Narrowed, *, after: tuple[int, UUID] | None = None, limit: int = 50) -> list[LeadRow]:
    """Strongest first, among equals the newest; `after` is (strength, id) of the last one seen."""
    statement = (
        _with_place()
        .where(ScreeningLead.strength >= narrowed.strength)
        .order_by(ScreeningLead.strength.desc(), ScreeningLead.id.desc())
        .limit(min(limit, MOST_ROWS))
    )
    if narrowed.codes:
        statement = statement.where(ScreeningLead.code.in_(narrowed.codes))
    if narrowed.institution_id is not None:
        statement = statement.where(ScreeningLead.institution_id == narrowed.institution_id)
    if narrowed.judged is not None:
        statement = statement.where(LeadVerdict.id.is_not(None) if narrowed.judged else LeadVerdict.id.is_(None))
    if narrowed.words:
        statement = statement.where(
            Institution.name.icontains(narrowed.words, autoescape=True) | Recording.file_name.icontains(narrowed.words, autoescape=True)
        )
    if after is not None:
        strength, lead_id = after
        statement = statement.where((ScreeningLead.strength < strength) | ((ScreeningLead.strength == strength) & (ScreeningLead.id < lead_id)))
    return [LeadRow(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(statement)]


def find(session: Session, lead_id: UUID) -> LeadRow:
    """One lead with its place and its newest verdict. Raises: LeadNotFound."""
    row = session.execute(_with_place().where(ScreeningLead.id == lead_id)).one_or_none()
    if row is None:
        raise LeadNotFound(lead=str(lead_id))
    return LeadRow(row[0], row[1], row[2], row[3], row[4])


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
    said = " ".join(note.split())[:MOST_NOTE_CHARS]
    if not real and not said:
        raise VerdictWithoutReason(lead=str(lead_id))
    row = LeadVerdict(lead_id=lead_id, real=real, note=said, given_by=actor.name, given_at=at)
    session.add(row)
    session.flush()
    facts = {"code": found.lead.code, "recording": found.recording.id, "real": real, "note": said}
    ledger.append(session, actor=actor, at=at, action="lead.judged", subject=f"screening-lead/{lead_id}", tenant=None, body=facts)
    return row


@dataclass(frozen=True, slots=True)
class Live:
    """What people said of a signal's leads so far."""

    leads: int
    judged: int
    real: int


def live(session: Session) -> Mapping[Code, Live]:
    """By signal: how many leads, how many judged, how many of those real. The newest verdict of a lead counts."""
    rows = session.execute(
        select(
            ScreeningLead.code,
            func.count(),
            func.count(LeadVerdict.id),
            func.count(LeadVerdict.id).filter(LeadVerdict.real),
        )
        .outerjoin(LeadVerdict, and_(LeadVerdict.lead_id == ScreeningLead.id, _newest()))
        .group_by(ScreeningLead.code)
    )
    return {code: Live(leads, judged, real) for code, leads, judged, real in rows}


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
