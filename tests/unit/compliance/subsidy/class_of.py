"""A class in figures: days, people, footage and signs made to order, for rules that look at nothing else."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from compliance.policy.book import Book
from compliance.subsidy.assessment import ClassFacts, TraineeFacts
from compliance.subsidy.days import LessonFacts, Sign
from compliance.subsidy.rules import Programme, SubsidyRule, words
from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.span import Span

BOOK = Book.load()
FIRST = date(2026, 3, 2)
RULE: SubsidyRule = BOOK.read(SubsidyRule, on=FIRST)
NOW = datetime(2026, 9, 1, 9, tzinfo=BUREAU_ZONE)
HOURS = 6


def lesson_span(on: date) -> Span:
    start = datetime(on.year, on.month, on.day, 9, tzinfo=BUREAU_ZONE)
    return Span(start, start + timedelta(hours=HOURS))


def part(span: Span, permille: int) -> tuple[Span, ...]:
    """The first part of a span."""
    return (Span(span.start_at, span.start_at + span.length * permille / 1000),) if permille else ()


def lesson(number: int, *, covered: int = 1000, explained: int = 0, place: bool = True, topic: str = "安全 消防 法制 普通话") -> LessonFacts:
    """Day `number` from 0. `covered` permille is proven from the start; `explained` permille after it."""
    on = FIRST + timedelta(days=number)
    span = lesson_span(on)
    rest = tuple(Span(one.start_at + span.length * covered / 1000, one.end_at + span.length * covered / 1000) for one in part(span, explained))
    return LessonFacts(f"K1/{on.isoformat()}/1", on, span, place, ((part(span, covered), rest),), topic)


def sign(one: LessonFacts, *, minutes_late: int = 0, minutes_early: int = 0, out: bool = True) -> Sign:
    left = one.span.end_at - timedelta(minutes=minutes_early)
    return Sign(one.span.start_at + timedelta(minutes=minutes_late), left if out else None)


def trainee(number: int, lessons: tuple[LessonFacts, ...], **changes: object) -> TraineeFacts:
    base = TraineeFacts(f"K1/{number} 1426**{number}", f"学员{number}", "passed", {one.natural_id: sign(one) for one in lessons})
    return replace(base, **changes)  # type: ignore[arg-type]


def class_of(days: int, *, programme: Programme = Programme.UNIVERSAL, people: int = 1, **changes: object) -> ClassFacts:
    """A class where everything is in order."""
    lessons = tuple(lesson(n) for n in range(days))
    last = FIRST + timedelta(days=max(days - 1, 0))
    base = ClassFacts(
        code="K1",
        programme=programme,
        year=2026,
        starts_on=FIRST,
        ends_on=last,
        approved_from=FIRST,
        approved_until=last,
        lessons=lessons,
        trainees=tuple(trainee(n, lessons) for n in range(1, people + 1)),
        archived=frozenset(words(RULE.archive_papers)),
        employed=0,
        counted=people,
    )
    return replace(base, **changes)  # type: ignore[arg-type]
