"""The employment rate (就业率) of a set of trainees, under a named definition. R16, R44, Q1. Pure: lists in, lists and two whole numbers out.

A rate is two lists, never a rounded figure: whoever is counted stands in it, and thresholds compare whole numbers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from storage.kernel.clock import add_months
from supervision.outcomes.lifecycle import EvidenceState


class Denominator(StrEnum):
    """Who is counted: Q1 leaves it open, so every sheet shows all of them."""

    ENROLLED = "enrolled"  # everybody on the roster
    COMPLETED = "completed"  # everybody who completed, passed or not
    PASSED = "passed"  # only those who passed


@dataclass(frozen=True, slots=True)
class EmploymentRule:
    """How the rate is counted; the day decides the values (`employment.yaml`)."""

    employment_denominator: str
    employment_window_months: int
    employment_counts_enterprise: int  # 1: employees trained by their own enterprise count, 0: they do not
    employment_counts_unverified: int  # 1: evidence that nobody verified yet counts, 0: it does not


@dataclass(frozen=True, slots=True)
class Evidence:
    """One paper that says a trainee works."""

    kind: str
    reference: str
    employed_on: date
    state: EvidenceState


@dataclass(frozen=True, slots=True)
class Person:
    """One trainee of one class. `key` names the person in the sheet without the identity number."""

    key: str
    class_code: str
    enterprise: bool
    result: str  # passed, completed, withdrawn, or "" while nobody recorded the end
    ended_on: date  # last day of the class, or of the person's own course
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One person of a calculation sheet: counted or not and why; employed or not, and by which paper."""

    person: Person
    counted: bool
    employed: bool
    why: str
    by: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """`employed` of `counted` persons; `lines` are the whole sheet, in the order of the persons given."""

    employed: int
    counted: int
    lines: tuple[Line, ...]

    def below(self, permille: int) -> bool:
        """Strictly less than `permille` of 1000 (R44: exactly 25 % does not trigger). False while nobody is counted."""
        return self.counted > 0 and self.employed * 1000 < permille * self.counted

    def reaches(self, permille: int) -> bool:
        """At least `permille` of 1000 (R16). False while nobody is counted."""
        return self.counted > 0 and self.employed * 1000 >= permille * self.counted


def employment_rate(people: Sequence[Person], rule: EmploymentRule, *, on: date) -> Rate:
    """The rate as it stands on a day: evidence dated within the window after the end of the class, and not after `on`."""
    lines = tuple(_line(person, rule, on) for person in people)
    return Rate(employed=sum(line.employed for line in lines), counted=sum(line.counted for line in lines), lines=lines)


def window_over(people: Iterable[Person], rule: EmploymentRule, *, on: date) -> bool:
    """Whether nobody of `people` can still become employed within the window: before that a low rate is not final."""
    return all(add_months(person.ended_on, rule.employment_window_months) < on for person in people)


def _line(person: Person, rule: EmploymentRule, on: date) -> Line:
    if person.enterprise and not rule.employment_counts_enterprise:
        return Line(person, False, False, "enterprise-employee")
    wanted = Denominator(rule.employment_denominator)
    if wanted is not Denominator.ENROLLED and person.result in ("", "withdrawn"):
        return Line(person, False, False, "not-completed")
    if wanted is Denominator.PASSED and person.result != "passed":
        return Line(person, False, False, "not-passed")
    believed = [
        one
        for one in person.evidence
        if one.state is EvidenceState.VERIFIED or (rule.employment_counts_unverified and one.state is EvidenceState.FILED)
    ]
    last_day = min(on, add_months(person.ended_on, rule.employment_window_months))
    inside = sorted((one for one in believed if one.employed_on <= last_day), key=lambda one: (one.employed_on, one.kind, one.reference))
    if inside:
        return Line(person, True, True, "employed", inside[0])
    if believed:
        return Line(person, True, False, "after-the-window")
    return Line(person, True, False, "not-verified" if person.evidence else "no-evidence")
