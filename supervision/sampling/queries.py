"""Reads of the draw: what is eligible, what was frozen, what came out."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from datetime import time as day_time
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, ScalarSelect, exists, func, select
from sqlalchemy.orm import Session, aliased

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.span import Span
from supervision.classes.models import Lesson, TrainingAgreement, TrainingClass
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState, SlotState
from supervision.footage.models import RecordedSpan, Recording, Slot
from supervision.footage.rules import LONGEST_STRETCH
from supervision.institutions.models import CreditTier, Tier
from supervision.sampling.errors import RoundNotFound
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawContribution, DrawFrameItem, DrawFramePlace, DrawRound, DrawStrataSalt, DrawStratum, DrawTicket
from supervision.sampling.strata import PROBATION, LessonFacts
from supervision.screening.leads import standing_lead

_CHUNK: Final = 20_000


def round_by_code(session: Session, code: str) -> DrawRound:
    """Raises: RoundNotFound."""
    found = session.scalars(select(DrawRound).where(DrawRound.code == code)).one_or_none()
    if found is None:
        raise RoundNotFound(round=code)
    return found


def locked_round(session: Session, code: str) -> DrawRound:
    """The round under FOR UPDATE, read afresh: whoever comes second sees what the first did. Raises: RoundNotFound."""
    found = session.scalars(
        select(DrawRound).where(DrawRound.code == code).with_for_update(), execution_options={"populate_existing": True}
    ).one_or_none()
    if found is None:
        raise RoundNotFound(round=code)
    return found


def rounds(
    session: Session, *, states: Sequence[DrawState] | None = None, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[DrawRound]:
    """Newest first; `before` = (planned_at, id) of the last row of the page before."""
    statement = select(DrawRound).order_by(DrawRound.planned_at.desc(), DrawRound.id.desc()).limit(limit)
    if states is not None:
        statement = statement.where(DrawRound.state.in_(states))
    if before is not None:
        statement = statement.where(func.row(DrawRound.planned_at, DrawRound.id) < func.row(*before))
    return session.scalars(statement).all()


def period_span(draw_round: DrawRound) -> Span:
    """The period as instants: midnight (Asia/Shanghai) of its first day to midnight after its last."""
    start = datetime.combine(draw_round.period_starts_on, day_time(), BUREAU_ZONE)
    end = datetime.combine(draw_round.period_ends_on + timedelta(days=1), day_time(), BUREAU_ZONE)
    return Span(start, end)


def eligible_lessons(session: Session, draw_round: DrawRound) -> list[tuple[str, UUID]]:
    """`(natural id, lesson id)` of lessons that began in the period, were not cancelled, and of which something catalogued is on tape.

    On site: of the timetable, those that begin after the public value is known, so that a visit can still be made. Unordered.
    A lesson without any footage is no subject of a review: it is missing, which the coverage ledger says by itself (R71).
    """
    period = period_span(draw_round)
    statement = select(Lesson.natural_id, Lesson.id).where(
        Lesson.starts_at >= period.start_at, Lesson.starts_at < period.end_at, Lesson.cancelled_at.is_(None)
    )
    if draw_round.on_site:
        return [(natural_id, lesson_id) for natural_id, lesson_id in session.execute(statement.where(Lesson.starts_at > draw_round.public_at))]
    return [(natural_id, lesson_id) for natural_id, lesson_id in session.execute(statement.where(_on_tape(*CATALOGUED_STATES)))]


def not_to_be_shown(session: Session, draw_round: DrawRound) -> list[str]:
    """Natural ids of the period's lessons that are on tape in recordings with an integrity alarm alone: no inspector could see anything of them.

    They are no subject of the draw, and whoever damages a recording must not take its lesson out of it unseen: their number goes into the ledger
    with the frame, and the round names them. None for a draw on site.
    """
    if draw_round.on_site:
        return []
    period = period_span(draw_round)
    lost = _on_tape(RecordingState.ALARM) & ~_on_tape(*CATALOGUED_STATES)
    statement = select(Lesson.natural_id).where(Lesson.starts_at >= period.start_at, Lesson.starts_at < period.end_at)
    return list(session.scalars(statement.where(Lesson.cancelled_at.is_(None), lost).order_by(Lesson.natural_id)))


def _on_tape(*states: RecordingState) -> Exists:
    """Whether a recording in one of the states holds something of the lesson."""
    return exists().where(Slot.lesson_id == Lesson.id, *_showing(), Recording.id == RecordedSpan.recording_id, Recording.state.in_(states))


def lesson_facts(session: Session, lesson_ids: Sequence[UUID], *, on: date, strength: int, of_class: bool = False) -> dict[UUID, LessonFacts]:
    """What decides the stratum of each lesson, as it stands on a day.

    Flagged: a camera of the lesson owes footage or had a gap explained (R71), or screening has a lead of at least `strength` within its time, in
    whichever recording of the camera it lies, that nobody called not real (R60); `of_class`, for lessons to come: in any lesson of the class.
    """
    other = aliased(Lesson)
    same = other.class_id == Lesson.class_id if of_class else other.id == Lesson.id
    owed = exists().where(Slot.lesson_id == other.id, Slot.state.in_((SlotState.MISSING, SlotState.EXPLAINED)), same)
    suspected = exists().where(Slot.lesson_id == other.id, same, *_showing(), standing_lead(RecordedSpan.recording_id, strength, *_lesson_ms()))
    flagged = owed | suspected
    tier, watched = _standing(on)
    found: dict[UUID, LessonFacts] = {}
    for start in range(0, len(lesson_ids), _CHUNK):
        rows = session.execute(
            select(Lesson.id, tier, watched, TrainingAgreement.category, TrainingClass.department, flagged)
            .join(TrainingClass, TrainingClass.id == Lesson.class_id)
            .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
            .where(Lesson.id.in_(lesson_ids[start : start + _CHUNK]))
        )
        for lesson_id, letter, probation, category, department, flag in rows:
            found[lesson_id] = LessonFacts(_tier(letter, probation), category.value, department or "", bool(flag))
    return found


def _showing() -> tuple[ColumnElement[bool], ...]:
    """A stretch on tape of the slot's camera within the slot's time; one recording may hold several lessons."""
    within = RecordedSpan.starts_at < func.upper(Slot.span), RecordedSpan.starts_at > func.lower(Slot.span) - LONGEST_STRETCH
    return RecordedSpan.camera_id == Slot.camera_id, *within, RecordedSpan.span.op("&&")(Slot.span)


def _lesson_ms() -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The time of the slot as media time `[from, to)` of the recording that holds the stretch."""
    begin = func.extract("epoch", func.lower(Slot.span) - RecordedSpan.starts_at) * 1000 + RecordedSpan.media_start_ms
    end = func.extract("epoch", func.upper(Slot.span) - RecordedSpan.starts_at) * 1000 + RecordedSpan.media_start_ms
    return begin, end


def tiers_of(session: Session, lesson_ids: Sequence[UUID], *, on: date) -> dict[UUID, str]:
    """The tier of the institution of each lesson on a day, as `LessonFacts` tells it."""
    tier, watched = _standing(on)
    found: dict[UUID, str] = {}
    for start in range(0, len(lesson_ids), _CHUNK):
        rows = session.execute(select(Lesson.id, tier, watched).where(Lesson.id.in_(lesson_ids[start : start + _CHUNK])))
        found |= {lesson_id: _tier(letter, probation) for lesson_id, letter, probation in rows}
    return found


def _standing(on: date) -> tuple[ScalarSelect[Tier], Exists]:
    """Of the institution of a lesson: its tier in force on a day, and whether it is on probation."""
    tier = (
        select(CreditTier.tier)
        .where(CreditTier.institution_id == Lesson.institution_id, CreditTier.from_on <= on)
        .order_by(CreditTier.from_on.desc())
        .limit(1)
        .scalar_subquery()
    )
    return tier, exists().where(CreditTier.institution_id == Lesson.institution_id, CreditTier.from_on <= on, CreditTier.probation_until_on > on)


def _tier(letter: Tier | None, probation: bool) -> str:
    return PROBATION if probation else letter.value if letter else ""


def anybody_on_probation(session: Session, on: date) -> bool:
    """Whether some institution was readmitted and is still on probation."""
    return bool(session.scalar(select(exists().where(CreditTier.from_on <= on, CreditTier.probation_until_on > on))))


def strata(session: Session, round_id: UUID) -> Sequence[DrawStratum]:
    """By position."""
    return session.scalars(select(DrawStratum).where(DrawStratum.round_id == round_id).order_by(DrawStratum.position)).all()


def frame_strata(session: Session, draw_round: DrawRound) -> list[int]:
    """The stratum's position of each lesson, in position order of the frame; outside of the bureau nothing before it is open."""
    if not draw_round.strata_by:
        return [0] * (draw_round.frame_count or 0)
    places = select(DrawFramePlace.stratum).where(DrawFramePlace.round_id == draw_round.id)
    return list(session.scalars(places.order_by(DrawFramePlace.position)))


def strata_salt(session: Session, draw_round: DrawRound) -> bytes | None:
    """What the commitment to the strata was salted with; outside of the bureau nothing before it is open."""
    return session.scalar(select(DrawStrataSalt.salt).where(DrawStrataSalt.round_id == draw_round.id))


def selected_strata(session: Session, draw_round: DrawRound) -> dict[UUID, int]:
    """Lesson id → stratum's position, of the drawn lessons."""
    rows = session.execute(
        select(DrawFrameItem.lesson_id, DrawFrameItem.position)
        .join(DrawTicket, (DrawTicket.round_id == DrawFrameItem.round_id) & (DrawTicket.natural_id == DrawFrameItem.natural_id))
        .where(DrawFrameItem.round_id == draw_round.id, DrawTicket.selected)
    )
    places = frame_strata(session, draw_round)
    return {row.lesson_id: places[row.position] for row in rows}


def frame_ids(session: Session, round_id: UUID) -> list[str]:
    """Natural ids of the frozen frame in position order."""
    return list(session.scalars(select(DrawFrameItem.natural_id).where(DrawFrameItem.round_id == round_id).order_by(DrawFrameItem.position)))


def frame_page(session: Session, round_id: UUID, *, after: int = -1, limit: int = 100) -> Sequence[DrawFrameItem]:
    """Frame rows after a position."""
    return session.scalars(
        select(DrawFrameItem).where(DrawFrameItem.round_id == round_id, DrawFrameItem.position > after).order_by(DrawFrameItem.position).limit(limit)
    ).all()


def contributions(session: Session, round_id: UUID) -> Sequence[DrawContribution]:
    """In the order of commitment."""
    return session.scalars(select(DrawContribution).where(DrawContribution.round_id == round_id).order_by(DrawContribution.position)).all()


def selected(session: Session, round_id: UUID) -> Sequence[DrawTicket]:
    """The drawn lessons, best ticket first."""
    return session.scalars(select(DrawTicket).where(DrawTicket.round_id == round_id, DrawTicket.selected).order_by(DrawTicket.rank)).all()


def tickets_page(session: Session, round_id: UUID, *, after: int = 0, limit: int = 100) -> Sequence[DrawTicket]:
    """Tickets after a rank, drawn or not."""
    return session.scalars(
        select(DrawTicket).where(DrawTicket.round_id == round_id, DrawTicket.rank > after).order_by(DrawTicket.rank).limit(limit)
    ).all()


def lessons_of(session: Session, round_id: UUID, natural_ids: Sequence[str]) -> dict[str, UUID]:
    """Lesson ids of frame items, by natural id."""
    rows = session.execute(
        select(DrawFrameItem.natural_id, DrawFrameItem.lesson_id).where(DrawFrameItem.round_id == round_id, DrawFrameItem.natural_id.in_(natural_ids))
    )
    return {row.natural_id: row.lesson_id for row in rows}
