"""Which day of which trainee is payable: entered by name, signed in and out, on tape, at the approved place, inside the approved days, archived.

R71, R74–R78, R84, R85; Q11. Pure. Every refused day says why, with the clause.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from compliance.subsidy.rules import SubsidyRule, words
from storage.kernel.span import Span, intersect, total_seconds, union


class Gate(StrEnum):
    """The separate gates of 不录不补 (Q11)."""

    REAL_NAME = "real-name"  # 实名制录入
    SIGNS = "signs"  # 签到签退
    COVERAGE = "coverage"  # 录像覆盖
    PLACE = "place"  # 培训地点
    DURATION = "duration"  # 培训时长
    ARCHIVE = "archive"  # 档案
    CURRICULUM = "curriculum"  # 基本课程


# reason → (gate, clause)
WHY_NOT: Final[Mapping[str, tuple[Gate | None, str]]] = {
    "not-entered": (Gate.REAL_NAME, "R74"),
    "not-signed-in": (Gate.SIGNS, "R75"),
    "not-signed-out": (Gate.SIGNS, "R75"),
    "attended-too-little": (Gate.SIGNS, "R75"),
    "not-on-tape": (Gate.COVERAGE, "R71"),
    "attended-off-tape": (Gate.COVERAGE, "R84"),
    "place-not-approved": (Gate.PLACE, "R78"),
    "outside-the-approved-days": (Gate.DURATION, "R22"),
    "archive-incomplete": (Gate.ARCHIVE, "R76"),
    "curriculum-incomplete": (Gate.CURRICULUM, "R92"),
    "not-held-yet": (None, "R84"),
    "not-completed": (None, "R84"),
    "paid-in-another-class": (None, "F-15"),
}


@dataclass(frozen=True, slots=True)
class LessonFacts:
    """One lesson. `cameras`: per camera what is proven (joins and edges within tolerance included) and what is explained and accepted.
    `not_to_be_shown`: of the proven time, what is on recordings with an integrity alarm alone; it counts, and the certificate says it (R73).
    """

    natural_id: str
    on: date
    span: Span
    place_approved: bool
    cameras: tuple[tuple[tuple[Span, ...], tuple[Span, ...]], ...]
    topic: str = ""
    not_to_be_shown: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """电子券签到签退 of one trainee in one lesson."""

    signed_in_at: datetime
    signed_out_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClassDay:
    """One day of the class, whoever came. `failed` are the gates that this day does not pass, in the words of `WHY_NOT`."""

    on: date
    lessons: tuple[LessonFacts, ...]
    covered: Mapping[str, Sequence[Span]]  # lesson → on tape, or explained
    scheduled_s: int
    covered_s: int
    failed: tuple[str, ...]

    @property
    def not_to_be_shown_s(self) -> int:
        """Seconds that count and that nobody can look at any more; a lesson of several cameras once."""
        return int(sum(total_seconds(union(one.not_to_be_shown)) for one in self.lessons))


def covered_of(lesson: LessonFacts, rule: SubsidyRule) -> list[Span]:
    """The time of a lesson that is on tape (of every camera, or of one), or whose absence was explained and accepted."""
    seen = [[*proven, *(explained if rule.explained_time_counts else ())] for proven, explained in lesson.cameras]
    if not seen:
        return []
    if not rule.every_camera_needed:
        return intersect([lesson.span], union(span for camera in seen for span in camera))
    together = [lesson.span]
    for camera in seen:
        together = intersect(together, union(camera))
    return together


def class_days(
    lessons: Sequence[LessonFacts],
    *,
    approved_from: date,
    approved_until: date,
    archive_complete: bool,
    curriculum_complete: bool,
    enrolled: int,
    signs_by_lesson: Mapping[str, Sequence[Sign]],
    waived: bool,
    now: datetime,
    rule: SubsidyRule,
) -> list[ClassDay]:
    """The days of a class against its gates. A day is what its lessons are; a cancelled lesson is not given here."""
    by_day: dict[date, list[LessonFacts]] = {}
    for lesson in lessons:
        by_day.setdefault(lesson.on, []).append(lesson)
    blocking = blocking_gates(rule, waived=waived)
    days: list[ClassDay] = []
    for on, held in sorted(by_day.items()):
        ordered = tuple(sorted(held, key=lambda one: one.span.start_at))
        scheduled_s = int(sum(one.span.seconds for one in ordered))
        covered = {one.natural_id: covered_of(one, rule) for one in ordered}
        covered_s = int(sum(total_seconds(spans) for spans in covered.values()))
        signs = [sign for one in ordered for sign in signs_by_lesson.get(one.natural_id, ())]
        failed = [
            ("not-held-yet", any(one.span.end_at > now for one in ordered)),
            ("not-entered", enrolled == 0),
            ("not-signed-in", not signs),
            ("not-signed-out", any(sign.signed_out_at is None for sign in signs)),
            ("not-on-tape", covered_s * 1000 < rule.day_covered_permille * scheduled_s),
            ("place-not-approved", not all(one.place_approved for one in ordered)),
            ("outside-the-approved-days", not approved_from <= on <= approved_until),
            ("archive-incomplete", not archive_complete),
            ("curriculum-incomplete", not curriculum_complete),
        ]
        told = tuple(code for code, fails in failed if fails and (WHY_NOT[code][0] is None or WHY_NOT[code][0] in blocking))
        days.append(ClassDay(on, ordered, covered, scheduled_s, covered_s, told))
    return days


def blocking_gates(rule: SubsidyRule, *, waived: bool) -> frozenset[Gate]:
    """The gates that stop payment; a classified unit is spared those that the policy names (R85, Q12)."""
    named = {Gate(word) for word in words(rule.subsidy_gates)}
    return frozenset(named - {Gate(word) for word in words(rule.waived_gates)} if waived else named)


# These say something about everybody who came; whether one trainee signed in and out is that trainee's own matter.
_OF_EACH_TRAINEE: Final = frozenset({"not-signed-in", "not-signed-out"})


def trainee_refusals(day: ClassDay, signs: Mapping[str, Sign], rule: SubsidyRule, *, waived: bool) -> tuple[str, ...]:
    """Why this day of the class is not payable for one trainee; empty when it is. `signs`: lesson → the trainee's own sign-in."""
    told = [code for code in day.failed if code not in _OF_EACH_TRAINEE]
    blocking = blocking_gates(rule, waived=waived)
    if Gate.SIGNS in blocking:
        told += _attendance(day, signs, rule, on_tape=Gate.COVERAGE in blocking and "not-on-tape" not in told)
    return tuple(told)


def _attendance(day: ClassDay, signs: Mapping[str, Sign], rule: SubsidyRule, *, on_tape: bool) -> list[str]:
    here = [(lesson, signs[lesson.natural_id]) for lesson in day.lessons if lesson.natural_id in signs]
    if not here:
        return ["not-signed-in"]
    if all(sign.signed_out_at is None for _, sign in here):
        return ["not-signed-out"]
    attended_s, seen_s = 0.0, 0.0
    for lesson, sign in here:
        if sign.signed_out_at is None or sign.signed_out_at <= sign.signed_in_at:
            continue
        present = intersect([lesson.span], [Span(sign.signed_in_at, sign.signed_out_at)])
        attended_s += total_seconds(present)
        seen_s += total_seconds(intersect(present, day.covered[lesson.natural_id]))
    wanted = rule.day_attended_permille * day.scheduled_s
    if attended_s * 1000 < wanted:
        left_open = any(sign.signed_out_at is None for _, sign in here)
        return ["not-signed-out"] if left_open else ["attended-too-little"]
    return ["attended-off-tape"] if on_tape and seen_s * 1000 < wanted else []
