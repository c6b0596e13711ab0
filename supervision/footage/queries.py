"""What pages and the API ask of the coverage ledger. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.span import Span, total_seconds
from supervision.classes.models import Lesson, SignRecord, TrainingClass
from supervision.classes.places import approved_here
from supervision.footage.coverage import Coverage, coverage, not_to_be_shown
from supervision.footage.lifecycle import ExplanationState, RecordingState, SlotState
from supervision.footage.models import DuplicateLink, GapExplanation, Recording, Slot
from supervision.footage.rules import CoverageRule, explainable_until
from supervision.institutions.models import Camera, Institution, Room

USUAL_FRAME_MS: Final = 40.0  # of a film of a single picture, which has no rate


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One slot with its coverage and what is said about it.

    `place_approved` False: neither the agreement names the place nor an approval that was given before the lesson (R77, R78). What is on tape then
    proves that somebody taught, not that the ordered training took place: nothing of it counts.
    `not_to_be_shown`: what of the proven time is only on recordings with an integrity alarm (R73).
    """

    slot: Slot
    lesson: Lesson
    class_code: str
    trade: str
    room: str
    camera: str
    institution: str
    institution_name: str
    place_approved: bool
    coverage: Coverage
    explanations: tuple[GapExplanation, ...]
    recordings: tuple[Recording, ...]
    not_to_be_shown: tuple[Span, ...] = ()

    @property
    def not_to_be_shown_s(self) -> float:
        """Seconds."""
        return total_seconds(self.not_to_be_shown)

    @property
    def counted_s(self) -> float:
        """Proven seconds that count for the class."""
        return self.coverage.proven_s if self.place_approved else 0.0


def day_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Instants of the bureau's days `[first, last]`."""
    return datetime.combine(first, time(), BUREAU_ZONE), datetime.combine(last + timedelta(days=1), time(), BUREAU_ZONE)


def ledger_lines(
    session: Session,
    rule: CoverageRule,
    *,
    tenant: UUID | None,
    first: date,
    last: date,
    department: str | None = None,
    states: Sequence[SlotState] = (),
    limit: int = 500,
    after: tuple[datetime, UUID] | None = None,
) -> list[LedgerLine]:
    """Slots of an institution (`tenant=None`: all) scheduled in the days `[first, last]`, in order of time.

    `department`: only classes that this industry department organises (R23); None: all.
    """
    begin, end = day_bounds(first, last)
    query = (
        select(Slot, Lesson, TrainingClass.code, TrainingClass.trade, Room.name, Camera.code, Institution.code, Institution.name, approved_here())
        .join(Lesson, Lesson.id == Slot.lesson_id)
        .join(TrainingClass, TrainingClass.id == Lesson.class_id)
        .join(Room, Room.id == Lesson.room_id)
        .join(Camera, Camera.id == Slot.camera_id)
        .join(Institution, Institution.id == Slot.institution_id)
        .where(Slot.starts_at >= begin, Slot.starts_at < end)
        .order_by(Slot.starts_at, Slot.id)
        .limit(limit)
    )
    if tenant is not None:
        query = query.where(Slot.institution_id == tenant)
    if department is not None:
        query = query.where(TrainingClass.department == department)
    if states:
        query = query.where(Slot.state.in_(states))
    if after is not None:
        query = query.where((Slot.starts_at, Slot.id) > after)  # type: ignore[operator]
    rows = session.execute(query).all()
    return _lines(session, rule, rows)


def slot_line(session: Session, rule: CoverageRule, slot_id: UUID, tenant: UUID | None, *, department: str | None = None) -> LedgerLine | None:
    """One slot of an institution (`tenant=None`: any) and of a department's classes (None: any)."""
    slot = session.get(Slot, slot_id)
    if slot is None or (tenant is not None and slot.institution_id != tenant):
        return None
    day = local_date(slot.starts_at)
    lines = ledger_lines(session, rule, tenant=slot.institution_id, department=department, first=day, last=day)
    return next((line for line in lines if line.slot.id == slot_id), None)


def _lines(session: Session, rule: CoverageRule, rows: Sequence[tuple]) -> list[LedgerLine]:  # type: ignore[type-arg]
    ids = [row[0].id for row in rows]
    covered, hidden = coverage(session, ids, rule), not_to_be_shown(session, ids)
    explained: dict[UUID, list[GapExplanation]] = {}
    for told in session.scalars(select(GapExplanation).where(GapExplanation.slot_id.in_(ids)).order_by(GapExplanation.id)):
        explained.setdefault(told.slot_id, []).append(told)
    recorded: dict[UUID, list[Recording]] = {}
    for recording in session.scalars(select(Recording).where(Recording.slot_id.in_(ids)).order_by(Recording.id)):
        if recording.slot_id is not None:
            recorded.setdefault(recording.slot_id, []).append(recording)
    return [
        LedgerLine(
            slot=slot,
            lesson=lesson,
            class_code=class_code,
            trade=trade,
            room=room,
            camera=camera,
            institution=institution,
            institution_name=institution_name,
            place_approved=bool(approved),
            coverage=covered[slot.id],
            explanations=tuple(explained.get(slot.id, ())),
            recordings=tuple(recorded.get(slot.id, ())),
            not_to_be_shown=hidden.get(slot.id, ()),
        )
        for slot, lesson, class_code, trade, room, camera, institution, institution_name, approved in rows
    ]


@dataclass(frozen=True, slots=True)
class Duties:
    """What an institution has to do, counted. `next_due_at`: the nearest upload deadline among slots without footage; `next_rest_due_at`: among those
    that are on tape in part (`in_part`); `explain_until`: the nearest end of the days in which what is missing may be explained.
    `alarmed`: slots with proven time that the store no longer gives, whose own copy may be sent again (R73).
    """

    due_soon: int
    next_due_at: datetime | None
    in_part: int
    next_rest_due_at: datetime | None
    missing: int
    explain_until: datetime | None
    awaiting_choice: int
    refused: int
    undecided: int
    alarmed: int


def duties(session: Session, tenant: UUID, rule: CoverageRule, now: datetime) -> Duties:
    """Today's duties of an institution."""
    due, nearest = session.execute(
        select(func.count(), func.min(Slot.due_at)).where(Slot.institution_id == tenant, Slot.state == SlotState.ANNOUNCED, Slot.starts_at <= now)
    ).one()
    covered = select(Slot.id, Slot.due_at).where(Slot.institution_id == tenant, Slot.state == SlotState.COVERED, Slot.due_at > now)
    due_of = {row.id: row.due_at for row in session.execute(covered)}
    rests = [due_of[slot_id] for slot_id, found in coverage(session, list(due_of), rule).items() if not found.is_whole]
    open_days = timedelta(days=rule.explanation_open_days)
    missing, oldest = session.execute(
        select(func.count(), func.min(Slot.due_at).filter(Slot.due_at >= now - open_days)).where(
            Slot.institution_id == tenant, Slot.state == SlotState.MISSING
        )
    ).one()
    awaiting = session.scalar(
        select(func.count()).where(Recording.institution_id == tenant, Recording.state == "verified", Recording.slot_id.is_(None))
    )
    refused = session.scalar(
        select(func.count()).where(Recording.institution_id == tenant, Recording.state == "rejected", Recording.created_at > now - timedelta(days=30))
    )
    undecided = session.scalar(
        select(func.count()).where(GapExplanation.institution_id == tenant, GapExplanation.state == ExplanationState.SUBMITTED)
    )
    in_alarm = (
        select(Slot.id).join(Recording, Recording.slot_id == Slot.id).where(Slot.institution_id == tenant, Recording.state == RecordingState.ALARM)
    )
    return Duties(
        due_soon=int(due),
        next_due_at=nearest,
        in_part=len(rests),
        next_rest_due_at=min(rests, default=None),
        missing=int(missing),
        explain_until=explainable_until(oldest, rule) if oldest else None,
        awaiting_choice=int(awaiting or 0),
        refused=int(refused or 0),
        undecided=int(undecided or 0),
        alarmed=len(not_to_be_shown(session, session.scalars(in_alarm).all())),
    )


def sign_counts(session: Session, lesson_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many trainees signed in, per lesson."""
    rows = session.execute(select(SignRecord.lesson_id, func.count()).where(SignRecord.lesson_id.in_(lesson_ids)).group_by(SignRecord.lesson_id))
    return dict(rows.all())


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier verified recording with the same bytes or the same pictures. `kind`: same-bytes-as-earlier | same-packets-as-earlier."""

    recording_id: UUID
    file_name: str
    institution: str
    kind: str


def twins(session: Session, recording_id: UUID) -> list[Twin]:
    """Where the same footage was seen before. For the bureau only: in an institution's scope the database answers with nothing."""
    rows = session.execute(
        select(Recording.id, Recording.file_name, Institution.name, DuplicateLink.kind)
        .join(Recording, Recording.id == DuplicateLink.earlier_id)
        .join(Institution, Institution.id == Recording.institution_id)
        .where(DuplicateLink.recording_id == recording_id)
        .order_by(Recording.id)
    )
    return [Twin(*row) for row in rows]


def frame_lengths_ms(session: Session, recording_ids: Collection[UUID]) -> dict[UUID, float]:
    """How long each recording shows one picture, in the mean, as its packets were measured (`MediaFacts`). Copies keep these times."""
    rate = Recording.media["frame_rate_milli"].as_integer()
    rows = session.execute(select(Recording.id, rate).where(Recording.id.in_(recording_ids)))
    return {recording_id: 1_000_000 / milli if milli else USUAL_FRAME_MS for recording_id, milli in rows}
