"""Cross-checks without a picture: what cannot be, or hardly is, by the registers alone. F-02, F-11, F-15, F-16, F-23; R60, R74, R75. Pure.

Each answer is a lead with its figures and names what it rests on; it decides nothing. Bunching of rates at 25 % and 80 % is told where the rates
are (`outcomes/leads.py`), classes at the cap of days in the reports (R19).
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from uuid import UUID

_BETWEEN_NAMES: Final = re.compile(r"[、，,;；/／]")
_DOTS: Final = re.compile(r"[·•・‧∙⋅]")  # between the parts of a name, as keyboards write them


class Check(StrEnum):
    TRAINEE_TWICE = "trainee-twice"
    TEACHER_TWICE = "teacher-twice"
    BATCH_SIGN_IN = "batch-sign-in"
    EARLY_SIGN_IN = "early-sign-in"
    BEFORE_DEADLINE = "before-deadline"
    UPLOAD_BURST = "upload-burst"


CLAUSES: dict[Check, str] = {
    Check.TRAINEE_TWICE: "R74, R75, F-15",
    Check.TEACHER_TWICE: "R74, F-16",
    Check.BATCH_SIGN_IN: "R75, F-02",
    Check.EARLY_SIGN_IN: "R75, F-02",
    Check.BEFORE_DEADLINE: "F-23",
    Check.UPLOAD_BURST: "R72, F-11",
}


@dataclass(frozen=True, slots=True)
class CrossRule:
    """From where on something is told (`recycled.yaml`)."""

    cross_overlap_minutes: int  # two stays overlap by at least this
    cross_batch_count: int  # so many sign-ins …
    cross_batch_s: int  # … within so many seconds
    cross_early_minutes: int  # signed in so long before the lesson begins
    cross_deadline_days: int  # classes that begin within so many days before a deadline
    cross_deadline_permille: int  # … are this share of the year's
    cross_deadline_least: int  # … and at least so many
    cross_burst_days: int  # recordings of so many different days …
    cross_burst_minutes: int  # … came in within so many minutes


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody is said to be in a lesson `[begins_at, ends_at)`. `who` tells people apart, `label` is what may be shown of them.

    `course` and `planned`: the class of the lesson and when its timetable has it, where they matter (`in_turn`).
    """

    who: str
    label: str
    institution_id: UUID
    lesson: str
    begins_at: datetime
    ends_at: datetime
    course: UUID | None = None
    planned: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class CrossLead:
    """`what` is the lesson, class or hour it is about, `other` the second one where there are two; `count` of people, minutes, classes or days."""

    check: Check
    institution_id: UUID
    at: datetime
    who: str
    what: str
    other: str
    count: int


def twice(stays: Iterable[Stay], check: Check, rule: CrossRule) -> list[CrossLead]:
    """Two lessons at once, overlapping by at least so many minutes. Each later lesson is told once, under its institution, beside the one that it
    overlaps longest: a name such as 外聘教师 in every timetable gives as many leads as lessons, and not as many as pairs.
    """
    least = timedelta(minutes=rule.cross_overlap_minutes)
    people: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        people[stay.who].append(stay)
    found = []
    for own in people.values():
        own.sort(key=lambda s: (s.begins_at, s.lesson))
        longest: list[Stay] = []  # the two that last longest so far, of different lessons
        for second in own:
            first = next((s for s in longest if s.lesson != second.lesson), None)
            if first is not None:
                overlap = min(first.ends_at, second.ends_at) - second.begins_at
                if overlap >= least:
                    minutes = int(overlap.total_seconds() // 60)
                    found.append(CrossLead(check, second.institution_id, second.begins_at, second.label, second.lesson, first.lesson, minutes))
            longest = _two_longest(longest, second)
    return found


def _two_longest(longest: list[Stay], one: Stay) -> list[Stay]:
    by_end = sorted([*longest, one], key=lambda s: s.ends_at, reverse=True)
    other = next((s for s in by_end if s.lesson != by_end[0].lesson), None)
    return by_end[:1] if other is None else [by_end[0], other]


def in_turn(stays: Iterable[Stay]) -> list[Stay]:
    """Stays in lessons of one class that follow each other in its timetable, each up to where the next one begins.

    A card that is read in the morning and in the evening, and stands for all lessons of the day, is one person in one room all along. When that
    person was in the class at all stays as it was; lessons of a class at the same time, two groups in two rooms, stay as they were too.
    """
    classes: dict[tuple[str, UUID], list[Stay]] = defaultdict(list)
    apart: list[Stay] = []
    for stay in stays:
        if stay.course is None or stay.planned is None:
            apart.append(stay)
        else:
            classes[stay.who, stay.course].append(stay)
    for own in classes.values():
        own.sort(key=lambda s: (s.planned or (s.begins_at, s.ends_at), s.lesson))
        for n in range(1, len(own)):
            before, after = own[n - 1], own[n]
            if before.planned is None or after.planned is None or before.planned[1] > after.planned[0]:
                continue
            ends_at = max(min(before.ends_at, after.planned[0]), before.begins_at)
            own[n - 1], own[n] = replace(before, ends_at=ends_at), replace(after, begins_at=max(after.begins_at, ends_at))
        apart += own
    return apart


def names_in(cell: str) -> dict[str, str]:
    """(what tells a person apart: the name as it is written) for each name of a timetable's cell.

    Two characters are set as wide as three with a blank between them, 张　三: it is the same name.
    """
    found: dict[str, str] = {}
    for name in _BETWEEN_NAMES.split(cell):
        key = _DOTS.sub("·", "".join(unicodedata.normalize("NFKC", name).split()).casefold())
        if key:
            found.setdefault(key, name.strip())
    return found


@dataclass(frozen=True, slots=True)
class SignIn:
    institution_id: UUID
    lesson: str
    begins_at: datetime
    at: datetime
    device: str


def batches(signs: Iterable[SignIn], rule: CrossRule) -> list[CrossLead]:
    """Many sign-ins of a lesson within seconds on one device: one lead for each lesson and device, with the largest batch.

    A device that nobody noted is no device: one door reader serves a whole class, and without its name nothing can be said.
    """
    lessons: dict[tuple[str, str], list[SignIn]] = defaultdict(list)
    for sign in signs:
        if sign.device:
            lessons[sign.lesson, sign.device].append(sign)
    found = []
    for (lesson, device), own in lessons.items():
        own.sort(key=lambda s: s.at)
        low, most, where = 0, 0, own[0]
        for high, sign in enumerate(own):
            while sign.at - own[low].at > timedelta(seconds=rule.cross_batch_s):
                low += 1
            if high - low + 1 > most:
                most, where = high - low + 1, own[low]
        if most >= rule.cross_batch_count:
            found.append(CrossLead(Check.BATCH_SIGN_IN, where.institution_id, where.at, device, lesson, "", most))
    return found


def early(signs: Iterable[SignIn], rule: CrossRule) -> list[CrossLead]:
    """Signed in long before the lesson: one lead for each lesson, with how many did."""
    lessons: dict[str, list[SignIn]] = defaultdict(list)
    for sign in signs:
        if sign.begins_at - sign.at > timedelta(minutes=rule.cross_early_minutes):
            lessons[sign.lesson].append(sign)
    return [
        CrossLead(Check.EARLY_SIGN_IN, own[0].institution_id, min(s.at for s in own), "", lesson, "", len(own)) for lesson, own in lessons.items()
    ]


def before_deadlines(classes: Sequence[tuple[UUID, date]], deadlines: Sequence[date], midnight: datetime, rule: CrossRule) -> list[CrossLead]:
    """Classes of a year `(institution, first day)` that bunch in the days before a deadline, institution by institution."""
    years: dict[UUID, list[date]] = defaultdict(list)
    for institution_id, starts_on in classes:
        years[institution_id].append(starts_on)
    found = []
    for institution_id, days in years.items():
        for deadline in deadlines:
            near = [d for d in days if deadline - timedelta(days=rule.cross_deadline_days) < d <= deadline]
            if len(near) >= rule.cross_deadline_least and len(near) * 1000 >= rule.cross_deadline_permille * len(days):
                at = midnight + (deadline - midnight.date())
                found.append(CrossLead(Check.BEFORE_DEADLINE, institution_id, at, "", deadline.isoformat(), f"{len(near)}/{len(days)}", len(near)))
    return found


def bursts(uploads: Sequence[tuple[UUID, datetime, date]], rule: CrossRule) -> list[CrossLead]:
    """Recordings of many different days that came in at once `(institution, received, recorded day)`: none longer than the figure after another.

    Where files come in day and night without such a pause, the days that went by meanwhile are no burst: so many are asked for on top.
    """
    own: dict[UUID, list[tuple[datetime, date]]] = defaultdict(list)
    for institution_id, received_at, recorded_on in uploads:
        own[institution_id].append((received_at, recorded_on))
    width = timedelta(minutes=rule.cross_burst_minutes)
    found = []
    for institution_id, rows in own.items():
        rows.sort()
        groups: list[list[tuple[datetime, date]]] = [[rows[0]]]
        for before, row in pairwise(rows):
            if row[0] - before[0] > width:
                groups.append([])
            groups[-1].append(row)
        for group in groups:
            days = {day for _, day in group}
            if len(days) - (group[-1][0] - group[0][0]).days >= rule.cross_burst_days:
                span = f"{min(days).isoformat()} … {max(days).isoformat()}"
                found.append(CrossLead(Check.UPLOAD_BURST, institution_id, group[0][0], "", span, "", len(days)))
    return found
