"""Where evidence of employment deserves a second look. F-21. Pure. A lead is a pointer with its figures, never a verdict, and counts nowhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class LeadRule:
    """When to point (`employment.yaml`)."""

    lead_same_employer_permille: int  # of the employed people of a class
    lead_same_day_permille: int
    lead_least_people: int  # below this, a share says nothing
    lead_exit_permille: int  # the mark of R44, pointed at when a rate is just over it
    lead_above_threshold_people: int  # how many people more than a threshold needs still count as just over it


@dataclass(frozen=True, slots=True)
class Filed:
    """One paper as the leads look at it."""

    employer: str
    employed_on: date


@dataclass(frozen=True, slots=True)
class Lead:
    """`code`: same-employer, same-day, just-over. `value`: the employer, the day, the threshold in permille; `count` of `total` people."""

    code: str
    value: str
    count: int
    total: int


def leads(papers: Sequence[Filed], rule: LeadRule) -> list[Lead]:
    """One employer that takes many of a class, and contracts that all begin on one day."""
    found: list[Lead] = []
    total = len(papers)
    if total < rule.lead_least_people:
        return found
    employers = Counter("".join(p.employer.split()) for p in papers if p.employer.strip())
    days = Counter(p.employed_on for p in papers)
    for employer, count in sorted(employers.items()):
        if count * 1000 >= rule.lead_same_employer_permille * total:
            found.append(Lead("same-employer", employer, count, total))
    for day, count in sorted(days.items()):
        if count * 1000 >= rule.lead_same_day_permille * total:
            found.append(Lead("same-day", day.isoformat(), count, total))
    return found


def just_over(employed: int, counted: int, thresholds: Sequence[int], rule: LeadRule) -> list[Lead]:
    """A rate that would not reach a threshold (permille) without its last few people."""
    return [
        Lead("just-over", str(permille), employed, counted)
        for permille in thresholds
        if counted >= rule.lead_least_people
        and employed * 1000 >= permille * counted
        and (employed - rule.lead_above_threshold_people) * 1000 < permille * counted
    ]
