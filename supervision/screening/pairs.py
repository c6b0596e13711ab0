"""Two recordings that show the same, beside each other: which stretches agree, and blurred copies of both to look at. R60, R72; F-06, F-07, F-13.

Seen from the recording that the lead is about (the copy, as far as the machine knows): its time leads, the line says where the other stands. A loop
is one recording beside itself: what is shown again, and where it was shown before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.clips import service as clips
from storage.clips.models import Clip, ClipState
from storage.kernel.events import Events
from supervision.footage.models import Recording
from supervision.footage.service import require_footage
from supervision.institutions.models import Institution
from supervision.screening.comparing import moved_spans, turned
from supervision.screening.errors import LeadNotFound
from supervision.screening.recycled import Line
from supervision.screening.recycled_models import RecycledMatch
from supervision.screening.screening_models import ScreeningLead

STRETCH_MS: Final = 60_000  # a minute of each is blurred and played at a time: enough to see, quick to make


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two recordings."""

    recording: Recording
    institution: Institution

    @property
    def duration_ms(self) -> int:
        return int((self.recording.media or {}).get("duration_ms", 0))


@dataclass(frozen=True, slots=True)
class Pair:
    """`line` and `spans` in the time of `copy`. `match` None: a loop, and `source` is the same recording."""

    lead: ScreeningLead
    match: RecycledMatch | None
    copy: Side
    source: Side
    line: Line
    spans: tuple[tuple[int, int], ...]

    def source_span(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """Where the other recording shows this stretch, inside of it."""
        begin, end = (min(max(self.line.source_ms(ms), 0), self.source.duration_ms) for ms in (from_ms, to_ms))
        return begin, end

    def stretch(self, at_ms: int) -> tuple[int, int]:
        """The minute of the copy that begins at `at_ms`, moved into what both recordings hold."""
        first = max(0, round(-self.line.offset_ms / self.line.slope))
        last = min(self.copy.duration_ms, round((self.source.duration_ms - self.line.offset_ms) / self.line.slope))
        begin = min(max(at_ms, first), max(last - STRETCH_MS, first))
        return begin, max(min(begin + STRETCH_MS, last), begin + 1)


def find_pair(session: Session, lead_id: UUID) -> Pair:
    """Raises: LeadNotFound — no such lead, none that shows something twice, or not for this scope."""
    row = session.execute(
        select(ScreeningLead, RecycledMatch)
        .outerjoin(RecycledMatch, RecycledMatch.lead_id == ScreeningLead.id)
        .where(ScreeningLead.id == lead_id, ScreeningLead.related_recording_id.is_not(None))
    ).one_or_none()
    if row is None:
        raise LeadNotFound(lead=str(lead_id))
    lead: ScreeningLead = row[0]
    match: RecycledMatch | None = row[1]
    if match is None:
        side = _side(session, lead.recording_id)
        return Pair(lead, None, side, side, Line((lead.related_from_ms or 0) - lead.from_ms, 1.0), ((lead.from_ms, lead.to_ms),))
    line = Line(match.offset_ms, match.slope_ppm / 1_000_000)
    spans = tuple((int(begin), int(end)) for begin, end in match.spans)
    if lead.recording_id != match.first_id:
        line, spans = turned(line), moved_spans(spans, line)
    other_id = match.second_id if lead.recording_id == match.first_id else match.first_id
    return Pair(lead, match, _side(session, lead.recording_id), _side(session, other_id), line, spans)


def _side(session: Session, recording_id: UUID) -> Side:
    recording = session.get_one(Recording, recording_id)
    return Side(recording, session.get_one(Institution, recording.institution_id))


def purpose_of(pair: Pair) -> str:
    """The purpose that the copies of this pair carry."""
    return f"lead/{pair.lead.id}"


def prepare(session: Session, pair: Pair, at_ms: int, *, events: Events, at: datetime) -> None:
    """Ask for blurred copies of the same minute of both. Asking again changes nothing. Raises: FootageDestroyed."""
    begin, end = pair.stretch(at_ms)
    for side in (pair.copy, pair.source):
        require_footage(side.recording)
    for side, (from_ms, to_ms) in ((pair.copy, (begin, end)), (pair.source, pair.source_span(begin, end))):
        if side.recording.version_id is None:
            raise LeadNotFound(lead=str(pair.lead.id))
        wanted = clips.Wanted(
            tenant=side.recording.institution_id,
            recording_id=side.recording.id,
            source_key=side.recording.object_key,
            source_version_id=side.recording.version_id,
            start_ms=from_ms,
            end_ms=max(to_ms, from_ms + 1),
            purpose=purpose_of(pair),
            blurred=True,
        )
        clips.request_clip(session, wanted, events=events, at=at)


def clips_of(session: Session, pair: Pair, at_ms: int) -> tuple[Clip | None, Clip | None]:
    """The copies of this minute, as far as they were asked for."""
    begin, end = pair.stretch(at_ms)
    return (
        _clip(session, pair, pair.copy, begin),
        _clip(session, pair, pair.source, pair.source_span(begin, end)[0]),
    )


def _clip(session: Session, pair: Pair, side: Side, start_ms: int) -> Clip | None:
    return session.scalars(
        select(Clip)
        .where(
            Clip.purpose == purpose_of(pair),
            Clip.recording_id == side.recording.id,
            Clip.start_ms == start_ms,
            Clip.blurred,
            Clip.state != ClipState.DELETED,
        )
        .order_by(Clip.id.desc())
        .limit(1)
    ).one_or_none()
