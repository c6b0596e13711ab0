"""A whole class: its gates day by day, every trainee's reckoning, and what it comes to. R12–R18, R74–R78, R84, R85, R96; F-03, F-15. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from compliance.subsidy.days import WHY_NOT, ClassDay, Gate, LessonFacts, Sign, blocking_gates, class_days, trainee_refusals
from compliance.subsidy.rules import Day, Programme, Reckoning, SubsidyRule, reckon, words


@dataclass(frozen=True, slots=True)
class OtherClass:
    """Another subsidised class of the same person. `cited`: it stands in a claim already."""

    code: str
    programme: Programme
    year: int
    starts_on: date
    ends_on: date
    cited: bool


@dataclass(frozen=True, slots=True)
class TraineeFacts:
    """One enrolled person. `key` names the person without the identity number; `result` as `supervision.outcomes` has it."""

    key: str
    name: str
    result: str  # passed, completed, withdrawn, or ""
    signs: Mapping[str, Sign] = field(default_factory=dict)
    others: tuple[OtherClass, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """All that the certificate of a class rests on. `employed` of `counted`: the rate of R16, both whole numbers."""

    code: str
    programme: Programme
    year: int
    starts_on: date
    ends_on: date
    approved_from: date
    approved_until: date
    lessons: tuple[LessonFacts, ...]
    trainees: tuple[TraineeFacts, ...]
    archived: frozenset[str]
    employed: int
    counted: int
    waived: bool = False
    cited: bool = False


_OF_THE_CLASS: Final = (Gate.ARCHIVE, Gate.CURRICULUM)  # counted in papers and topics, not in days


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate of the class. `passed` of `total` days (for the archive and the curriculum: papers or topics). `missing`: which, in words."""

    gate: Gate
    passed: int
    total: int
    blocking: bool
    clause: str
    missing: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Nothing stands in the way here. Where policy asks for no paper, none is missing; a class without days has passed nothing."""
        return self.passed == self.total and (self.total > 0 or self.gate in _OF_THE_CLASS)


@dataclass(frozen=True, slots=True)
class Person:
    """One trainee with the reckoning."""

    key: str
    name: str
    reckoning: Reckoning


@dataclass(frozen=True, slots=True)
class Assessment:
    """The answer for a class. `complete`: every gate that stops payment is passed on every day."""

    facts: ClassFacts
    days: tuple[ClassDay, ...]
    gates: tuple[GateResult, ...]
    people: tuple[Person, ...]
    rate_reached: bool
    on: date

    @property
    def total_yuan(self) -> int:
        return sum(person.reckoning.total_yuan for person in self.people)

    @property
    def complete(self) -> bool:
        return bool(self.days) and all(gate.is_open for gate in self.gates if gate.blocking)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What keeps the class from being complete, once each: gate codes in their order."""
        return ("no-lessons",) if not self.days else tuple(gate.gate.value for gate in self.gates if gate.blocking and not gate.is_open)


_CLAUSES: Final = {
    Gate.REAL_NAME: "R74",
    Gate.SIGNS: "R75",
    Gate.COVERAGE: "R71",
    Gate.PLACE: "R77",
    Gate.DURATION: "R22",
    Gate.ARCHIVE: "R76",
    Gate.CURRICULUM: "R92",
}


def assess(facts: ClassFacts, rule: SubsidyRule, *, now: datetime, on: date) -> Assessment:
    """The class as it stands at `now`; `on` is that day at the bureau."""
    wanted = words(rule.archive_papers)
    topics = words(rule.curriculum_topics)
    untaught = tuple(topic for topic in topics if not any(topic in lesson.topic for lesson in facts.lessons))
    unfiled = tuple(paper for paper in wanted if paper not in facts.archived)
    by_lesson: dict[str, list[Sign]] = {}
    for trainee in facts.trainees:
        for natural_id, sign in trainee.signs.items():
            by_lesson.setdefault(natural_id, []).append(sign)
    days = class_days(
        facts.lessons,
        approved_from=facts.approved_from,
        approved_until=facts.approved_until,
        archive_complete=not unfiled,
        curriculum_complete=not untaught,
        enrolled=len(facts.trainees),
        signs_by_lesson=by_lesson,
        waived=facts.waived,
        now=now,
        rule=rule,
    )
    reached = facts.counted > 0 and facts.employed * 1000 >= rule.order_employment_permille * facts.counted
    people = tuple(_person(trainee, facts, days, reached, rule) for trainee in facts.trainees)
    gates = _gates(days, facts, rule, unfiled=unfiled, untaught=untaught, wanted=len(wanted), topics=len(topics))
    return Assessment(facts, tuple(days), gates, people, reached, on)


def _person(trainee: TraineeFacts, facts: ClassFacts, days: Sequence[ClassDay], reached: bool, rule: SubsidyRule) -> Person:
    always = personal_refusals(trainee, facts, rule)
    priced = [Day(day.on, (*always, *trainee_refusals(day, trainee.signs, rule, waived=facts.waived))) for day in days]
    return Person(trainee.key, trainee.name, reckon(facts.programme, priced, rate_reached=reached, rule=rule))


def personal_refusals(trainee: TraineeFacts, facts: ClassFacts, rule: SubsidyRule) -> tuple[str, ...]:
    """What stops every day of a person: not completed, or another class of the same time or programme comes first (R96, F-15)."""
    told = []
    if trainee.result == "withdrawn" or (rule.subsidy_needs_completion and trainee.result == ""):
        told.append("not-completed")
    if any(comes_first(other, facts, rule) for other in trainee.others):
        told.append("paid-in-another-class")
    return tuple(told)


def comes_first(other: OtherClass, facts: ClassFacts, rule: SubsidyRule) -> bool:
    """Whether the other class takes the person: the two may not both be paid, and it stands in a claim already or began earlier."""
    overlap = other.starts_on <= facts.ends_on and facts.starts_on <= other.ends_on
    same = bool(rule.same_programme_once_a_year) and other.programme is facts.programme and other.year == facts.year
    if not (overlap or same):
        return False
    if other.cited != facts.cited:
        return other.cited
    return (other.starts_on, other.code) < (facts.starts_on, facts.code)


def _gates(
    days: Sequence[ClassDay], facts: ClassFacts, rule: SubsidyRule, *, unfiled: tuple[str, ...], untaught: tuple[str, ...], wanted: int, topics: int
) -> tuple[GateResult, ...]:
    blocking = blocking_gates(rule, waived=facts.waived)
    found: list[GateResult] = []
    for gate in (Gate.REAL_NAME, Gate.SIGNS, Gate.COVERAGE, Gate.PLACE, Gate.DURATION):
        passed = sum(not any(WHY_NOT[code][0] is gate for code in day.failed) for day in days)
        found.append(GateResult(gate, passed, len(days), gate in blocking, _CLAUSES[gate]))
    found.append(GateResult(Gate.ARCHIVE, wanted - len(unfiled), wanted, Gate.ARCHIVE in blocking, _CLAUSES[Gate.ARCHIVE], unfiled))
    found.append(GateResult(Gate.CURRICULUM, topics - len(untaught), topics, Gate.CURRICULUM in blocking, _CLAUSES[Gate.CURRICULUM], untaught))
    return tuple(found)


def money_at_risk(facts: ClassFacts, rule: SubsidyRule, *, now: datetime, on: date) -> int:
    """Yuan that missing footage of past lessons would cost: the same reckoning twice, with the footage as it is and as if nothing were missing.

    Everything that can still be brought in (results, papers, employment) counts as there both times, so that the difference is the footage's.
    """
    lessons = tuple(lesson for lesson in facts.lessons if lesson.span.end_at <= now)
    hopeful = replace(
        facts,
        lessons=lessons,
        trainees=tuple(replace(one, result=one.result or "passed") for one in facts.trainees),
        archived=frozenset(words(rule.archive_papers)),
        employed=1,
        counted=1,
    )
    whole = replace(hopeful, lessons=tuple(replace(one, cameras=(((one.span,), ()),)) for one in lessons))
    return assess(whole, rule, now=now, on=on).total_yuan - assess(hopeful, rule, now=now, on=on).total_yuan
