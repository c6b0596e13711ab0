"""What the cross-checks look at, read for some days at a time. R60, R74, R75; F-02, F-11, F-15, F-16, F-23."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.clock import BUREAU_ZONE
from supervision.classes.models import Lesson, SignRecord, Trainee, TrainingClass
from supervision.footage.models import Recording
from supervision.screening.crosschecks import (
    Check,
    CrossLead,
    CrossRule,
    SignIn,
    Stay,
    batches,
    before_deadlines,
    bursts,
    early,
    in_turn,
    names_in,
    twice,
)

MOST_ROWS: Final = 200_000  # of one kind in one look
LONGEST_DAYS: Final = 92
BESIDE: Final = timedelta(days=1)  # what lies before and behind the days asked for is looked at too: a lesson or a burst may go on over midnight
DEADLINES: Final = ((6, 30), (11, 30))  # of each year (R4, R5: progress is judged on these days)


@dataclass(frozen=True, slots=True)
class CrossLook:
    """Leads, newest first. `is_whole`: everything of these days was looked at; where it is not, the newest `MOST_ROWS` were."""

    leads: list[CrossLead]
    is_whole: bool


def cross_leads(session: Session, first_on: date, last_on: date, rule: CrossRule) -> CrossLook:
    """All leads of these days (at most `LONGEST_DAYS`, the last ones): of lessons that begin on them, and of what came in from them on.

    Whichever days are asked for, each lead is of one day and the same.
    """
    first_on = max(first_on, last_on - timedelta(days=LONGEST_DAYS - 1))
    begin = datetime.combine(first_on, time(), BUREAU_ZONE)
    end = datetime.combine(last_on + timedelta(days=1), time(), BUREAU_ZONE)
    around = begin - BESIDE, end + BESIDE
    signs, uploads = _signs(session, begin, end), _uploads(session, *around)
    trainees, teachers = _trainees(session, *around), _teachers(session, *around)
    own = {one.lesson for one in (*trainees, *teachers) if one.planned is not None and begin <= one.planned[0] < end}
    apart = [*twice(in_turn(trainees), Check.TRAINEE_TWICE, rule), *twice(teachers, Check.TEACHER_TWICE, rule)]
    found = [
        *(lead for lead in apart if lead.what in own),
        *batches(signs, rule),
        *early(signs, rule),
        *_deadlines(session, first_on, last_on, begin, rule),
        *(lead for lead in bursts(uploads, rule) if begin <= lead.at < end),
    ]
    newest_first = sorted(found, key=lambda lead: (lead.at, lead.check, lead.what), reverse=True)
    return CrossLook(newest_first, max(len(signs), len(uploads), len(trainees), len(teachers)) < MOST_ROWS)


def _trainees(session: Session, begin: datetime, end: datetime) -> list[Stay]:
    """Who signed in, from then until they signed out or the lesson ended. The same identity number is the same person in any institution."""
    rows = session.execute(
        select(
            Trainee.id_number_hash, Trainee.id_number_masked, Lesson.institution_id, Lesson.natural_id, Lesson.class_id, Lesson.starts_at,
            Lesson.ends_at, SignRecord.signed_in_at, SignRecord.signed_out_at,
        )
        .join(Lesson, Lesson.id == SignRecord.lesson_id)
        .join(Trainee, Trainee.id == SignRecord.trainee_id)
        .where(Lesson.starts_at >= begin, Lesson.starts_at < end, Lesson.cancelled_at.is_(None))
        .order_by(Lesson.starts_at.desc())
        .limit(MOST_ROWS)
    )  # fmt: skip
    stays = []
    for r in rows:
        until = r.signed_out_at or max(r.ends_at, r.signed_in_at)
        planned = r.starts_at, r.ends_at
        stays.append(Stay(r.id_number_hash.hex(), r.id_number_masked, r.institution_id, r.natural_id, r.signed_in_at, until, r.class_id, planned))
    return stays


def _teachers(session: Session, begin: datetime, end: datetime) -> list[Stay]:
    """By name: within an institution a name is a person; across institutions it may be two, which is why this is only a lead."""
    rows = session.execute(
        select(Lesson.teacher, Lesson.institution_id, Lesson.natural_id, Lesson.starts_at, Lesson.ends_at)
        .where(Lesson.starts_at >= begin, Lesson.starts_at < end, Lesson.cancelled_at.is_(None), Lesson.teacher != "")
        .order_by(Lesson.starts_at.desc())
        .limit(MOST_ROWS)
    )
    return [
        Stay(key, name, r.institution_id, r.natural_id, r.starts_at, r.ends_at, planned=(r.starts_at, r.ends_at))
        for r in rows
        for key, name in names_in(r.teacher).items()
    ]


def _signs(session: Session, begin: datetime, end: datetime) -> list[SignIn]:
    rows = session.execute(
        select(Lesson.institution_id, Lesson.natural_id, Lesson.starts_at, SignRecord.signed_in_at, SignRecord.device)
        .join(Lesson, Lesson.id == SignRecord.lesson_id)
        .where(Lesson.starts_at >= begin, Lesson.starts_at < end)
        .order_by(Lesson.starts_at.desc())
        .limit(MOST_ROWS)
    )
    return [SignIn(r.institution_id, r.natural_id, r.starts_at, r.signed_in_at, r.device) for r in rows]


def _deadlines(session: Session, first_on: date, last_on: date, begin: datetime, rule: CrossRule) -> list[CrossLead]:
    """Deadlines that fall into these days, against all classes of their year."""
    found = []
    for year in range(first_on.year, last_on.year + 1):
        days = [day for month, number in DEADLINES if first_on <= (day := date(year, month, number)) <= last_on]
        if days:
            rows = session.execute(
                select(TrainingClass.institution_id, TrainingClass.starts_on).where(
                    TrainingClass.starts_on >= date(year, 1, 1), TrainingClass.starts_on <= date(year, 12, 31)
                )
            )
            found += before_deadlines([(r.institution_id, r.starts_on) for r in rows], days, begin, rule)
    return found


def _uploads(session: Session, begin: datetime, end: datetime) -> list[tuple[UUID, datetime, date]]:
    rows = session.execute(
        select(Recording.institution_id, Recording.created_at, Recording.declared_start_at)
        .where(Recording.created_at >= begin, Recording.created_at < end, Recording.declared_start_at.is_not(None))
        .order_by(Recording.created_at.desc())
        .limit(MOST_ROWS)
    )
    return [(r.institution_id, r.created_at, r.declared_start_at.astimezone(BUREAU_ZONE).date()) for r in rows]
