"""The credit rating (信用等级) as a function of dated events and the rule set in force. R61–R66, R27–R28, R58; domain.md 2.3.4, Q5. Pure.

Whole numbers only: 1000 points at the start, each reason takes some away or (start-up success) gives some back. Events are counted as a bag:
their order does not matter, and one more bad event never raises the score. What cannot be outweighed by points is a floor: no better tier than …
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

FULL_MARK: Final = 1000
PERMILLE: Final = 1000
PERCENT: Final = 10  # permille in one percent
TIERS: Final = ("A", "B", "C", "D")  # supervision.institutions.models.Tier, best first


class Kind(StrEnum):
    """What an event says."""

    FINDING = "finding"  # a finding served on the institution; `grade` its severity, `settled` when rectification was verified
    SAFETY = "safety"  # the same finding is about fire, food or building safety
    COVERAGE = "coverage"  # milliseconds that are not missing, of those scheduled
    EXPLANATION = "explanation"  # `grade` accepted | refused
    RECTIFICATION = "rectification"  # `grade` on-time | late
    EMPLOYMENT = "employment"  # employed, of those counted
    TASK = "task"  # completed, of the task less reductions
    SIGN_IN = "sign-in"  # whole pairs of sign-in and sign-out, of those expected
    ROSTER = "roster"  # roster lines with the trainee's category, of all
    ARCHIVE = "archive"  # ends of course registered, of trainees of classes that ended
    COMPLAINT = "complaint"  # found to be true
    QUALITY = "quality"  # result of the quality evaluation, permille
    STARTUP = "startup"  # `grade` success | missing, of one start-up class whose months are over
    ITEM = "item"  # an information item in force; `grade` its class
    FORGED = "forged-footage"  # the same item is about forged footage
    MAJOR_PROBLEM = "major-problem"  # an audit found a major problem (R46)
    EVALUATES = "evaluates"  # 评价机构 (R37): no tape of lessons is owed, so its absence says nothing


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One dated input. `ref` names its evidence: a finding, a class, a document. `value` of `of` for ratios.

    `settled`: of a finding, its rectification was verified; of an item, the law lets nobody repair it.
    """

    kind: Kind
    on: date
    ref: str
    grade: str = ""
    value: int = 0
    of: int = 0
    settled: bool = False

    def plain(self) -> dict[str, object]:
        """As it is frozen: canonical JSON is made of this."""
        return {"kind": self.kind, "on": self.on, "ref": self.ref, "grade": self.grade, "value": self.value, "of": self.of, "settled": self.settled}


def event_of(plain: Mapping[str, Any]) -> Event:  # Any: JSON
    """The event that `plain()` wrote."""
    kind, on = Kind(plain["kind"]), date.fromisoformat(plain["on"])
    return Event(kind, on, plain["ref"], plain["grade"], plain["value"], plain["of"], plain["settled"])


@dataclass(frozen=True, slots=True)
class RatingRule:
    """The rule set; the day decides the values (`rating.yaml`)."""

    tier_a_points: int
    tier_b_points: int
    tier_c_points: int
    finding_minor_points: int
    finding_general_points: int
    finding_serious_points: int
    rectified_remains_permille: int
    safety_points: int
    coverage_full_permille: int
    coverage_percent_points: int
    coverage_most_points: int
    explanation_refused_points: int
    rectification_late_points: int
    employment_full_permille: int
    employment_percent_points: int
    employment_most_points: int
    task_percent_points: int
    task_most_points: int
    sign_in_full_permille: int
    roster_full_permille: int
    archive_full_permille: int
    records_percent_points: int
    records_most_points: int
    complaint_points: int
    quality_most_points: int
    startup_missing_points: int
    startup_success_points: int
    item_general_points: int
    item_serious_points: int
    floor_forged_footage: str
    floor_major_problem: str
    floor_serious_item: str
    floor_general_item: str
    floor_no_footage: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the rating. `points` is negative for what was taken away; `value` against `limit` says why; `floor` is the best tier left."""

    code: str
    clause: str
    value: int
    limit: int
    points: int
    evidence: tuple[str, ...]
    floor: str = ""

    def plain(self) -> dict[str, object]:
        """As it is stored and hashed."""
        return {
            "code": self.code,
            "clause": self.clause,
            "value": self.value,
            "limit": self.limit,
            "points": self.points,
            "evidence": list(self.evidence),
            "floor": self.floor,
        }


@dataclass(frozen=True, slots=True)
class Grade:
    """Score out of 1000, tier, and every reason, in the fixed order of the codes."""

    score: int
    tier: str
    reasons: tuple[Reason, ...]

    def plain(self) -> dict[str, object]:
        """As it is stored and hashed."""
        return {"score": self.score, "tier": self.tier, "reasons": [reason.plain() for reason in self.reasons]}


def rate(rule: RatingRule, events: Iterable[Event]) -> Grade:
    """Score, tier and reasons. The same bag of events under the same rule gives the same answer, bit for bit."""
    by_code: defaultdict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_code[_code(event)].append(event)
    reasons = [reason for code, judge in _JUDGES.items() if code in by_code and (reason := judge.judge(rule, code, by_code[code])) is not None]
    if "evaluates" not in by_code and not any(event.of for event in by_code.get("coverage", ())):
        reasons.append(Reason("no-footage", "R71", 0, 1, 0, (), rule.floor_no_footage))
    score = max(0, min(FULL_MARK, FULL_MARK + sum(reason.points for reason in reasons)))
    tier = max([tier_of(score, rule), *(reason.floor for reason in reasons if reason.floor)])
    return Grade(score, tier, tuple(reasons))


def tier_of(score: int, rule: RatingRule) -> str:
    """The tier of a score before floors; each limit belongs to the better tier."""
    if score >= rule.tier_a_points:
        return "A"
    if score >= rule.tier_b_points:
        return "B"
    return "C" if score >= rule.tier_c_points else "D"


def permille(event: Event) -> int | None:
    """The ratio of an event, rounded down; None when there was nothing to count."""
    return event.value * PERMILLE // event.of if event.of > 0 else None


def full_permille(kind: Kind, rule: RatingRule) -> int:
    """From which ratio on nothing is taken away."""
    return {
        Kind.COVERAGE: rule.coverage_full_permille,
        Kind.EMPLOYMENT: rule.employment_full_permille,
        Kind.SIGN_IN: rule.sign_in_full_permille,
        Kind.ROSTER: rule.roster_full_permille,
        Kind.ARCHIVE: rule.archive_full_permille,
    }.get(kind, PERMILLE)


def _code(event: Event) -> str:
    if event.kind is Kind.FINDING:
        return f"finding-{event.grade}{'-rectified' if event.settled else ''}"
    if event.kind in (Kind.EXPLANATION, Kind.RECTIFICATION, Kind.STARTUP, Kind.ITEM):
        return f"{event.kind}-{event.grade}"
    return event.kind.value


def _evidence(events: Iterable[Event]) -> tuple[str, ...]:
    return tuple(sorted(event.ref for event in events))


def _counted(events: Iterable[Event]) -> list[tuple[int, Event]]:
    """Each ratio with its event; where there was nothing to count, there is none."""
    return [(ratio, event) for event in events if (ratio := permille(event)) is not None]


_Figure = Callable[[RatingRule], int]


@dataclass(frozen=True, slots=True)
class _Each:
    """So many points for each event."""

    clause: str
    points: _Figure
    floor: Callable[[RatingRule], str] = lambda _rule: ""

    def judge(self, rule: RatingRule, code: str, events: list[Event]) -> Reason | None:
        return Reason(code, self.clause, len(events), 0, self.points(rule) * len(events), _evidence(events), self.floor(rule))


@dataclass(frozen=True, slots=True)
class _Ratio:
    """So many points for each percent begun below the full ratio, at most so many. The reason shows the worst ratio."""

    clause: str
    points: _Figure
    most: _Figure

    def judge(self, rule: RatingRule, code: str, events: list[Event]) -> Reason | None:
        full, found = full_permille(events[0].kind, rule), _counted(events)
        if not found:
            return None
        taken = sum(-(-max(0, full - ratio) // PERCENT) * self.points(rule) for ratio, _ in found)
        return Reason(code, self.clause, min(ratio for ratio, _ in found), full, -min(self.most(rule), taken), _evidence(event for _, event in found))


@dataclass(frozen=True, slots=True)
class _Share:
    """Of so many points the share that the worst ratio misses."""

    clause: str
    most: _Figure

    def judge(self, rule: RatingRule, code: str, events: list[Event]) -> Reason | None:
        found = _counted(events)
        if not found:
            return None
        worst = min(ratio for ratio, _ in found)
        missed = max(0, PERMILLE - worst)
        return Reason(code, self.clause, worst, PERMILLE, -(self.most(rule) * missed // PERMILLE), _evidence(event for _, event in found))


def _remains(rule: RatingRule, points: int) -> int:
    return points * rule.rectified_remains_permille // PERMILLE


_JUDGES: Final[Mapping[str, _Each | _Ratio | _Share]] = {
    "forged-footage": _Each("R64", lambda _rule: 0, lambda rule: rule.floor_forged_footage),
    "major-problem": _Each("R46", lambda _rule: 0, lambda rule: rule.floor_major_problem),
    "item-serious": _Each("R64", lambda rule: -rule.item_serious_points, lambda rule: rule.floor_serious_item),
    "item-general": _Each("R64", lambda rule: -rule.item_general_points, lambda rule: rule.floor_general_item),
    "finding-serious": _Each("R60", lambda rule: -rule.finding_serious_points),
    "finding-general": _Each("R60", lambda rule: -rule.finding_general_points),
    "finding-minor": _Each("R60", lambda rule: -rule.finding_minor_points),
    "finding-serious-rectified": _Each("R60", lambda rule: -_remains(rule, rule.finding_serious_points)),
    "finding-general-rectified": _Each("R60", lambda rule: -_remains(rule, rule.finding_general_points)),
    "finding-minor-rectified": _Each("R60", lambda rule: -_remains(rule, rule.finding_minor_points)),
    "safety": _Each("R103", lambda rule: -rule.safety_points),
    "rectification-late": _Each("R62", lambda rule: -rule.rectification_late_points),
    "coverage": _Ratio("R71", lambda rule: rule.coverage_percent_points, lambda rule: rule.coverage_most_points),
    "explanation-refused": _Each("R71", lambda rule: -rule.explanation_refused_points),
    "sign-in": _Ratio("R75", lambda rule: rule.records_percent_points, lambda rule: rule.records_most_points),
    "roster": _Ratio("R74", lambda rule: rule.records_percent_points, lambda rule: rule.records_most_points),
    "archive": _Ratio("R76", lambda rule: rule.records_percent_points, lambda rule: rule.records_most_points),
    "employment": _Ratio("R44", lambda rule: rule.employment_percent_points, lambda rule: rule.employment_most_points),
    "task": _Ratio("R45", lambda rule: rule.task_percent_points, lambda rule: rule.task_most_points),
    "complaint": _Each("R61", lambda rule: -rule.complaint_points),
    "quality": _Share("R58", lambda rule: rule.quality_most_points),
    "startup-missing": _Each("R28", lambda rule: -rule.startup_missing_points),
    "startup-success": _Each("R28", lambda rule: rule.startup_success_points),
}
CODES: Final = (*_JUDGES, "no-footage")
