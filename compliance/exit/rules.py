"""When an institution is to leave the directory, and what a decision may say. R38, R43–R47, Q1, Q6–Q8, Q10. Pure.

A trigger proposes a case, never an outcome: `detect_*` answer whether there is something a named person must look at. Figures are two whole
numbers, compared without division, so 25 % exactly is not below 25 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from storage.kernel.clock import add_months
from supervision.outcomes.rules import Denominator, EmploymentRule, Person, Rate, employment_rate, window_over


class Trigger(StrEnum):
    EMPLOYMENT = "employment"  # A, R44: 就业率低于25%
    TASK = "task"  # B, R45: 上一年度任务未完成
    AUDIT = "audit"  # C, R46: 审计、检查发现重大问题
    FINDING = "finding"  # C by the bureau's own check: a finding that a leader classified as a major problem (R46)
    EVALUATION = "evaluation"  # R38: 评价机构动态调整


CLAUSE_OF: Final[Mapping[Trigger, str]] = {
    Trigger.EMPLOYMENT: "R44",
    Trigger.TASK: "R45",
    Trigger.AUDIT: "R46",
    Trigger.FINDING: "R46",
    Trigger.EVALUATION: "R38",
}


class Effect(StrEnum):
    """What a decision does, from the lightest to the heaviest (`rank`)."""

    DISMISS = "dismiss"  # 不予处理
    CORRECT = "correct"  # 责令改正
    RESTRICT = "restrict"  # 限制承接新任务
    EXCLUDE = "exclude"  # 退出目录

    @property
    def rank(self) -> int:
        return list(Effect).index(self)

    @property
    def bars(self) -> bool:
        """Whether it forbids tasks for a term."""
        return self in (Effect.RESTRICT, Effect.EXCLUDE)


@dataclass(frozen=True, slots=True)
class ExitRule:
    """Figures in force on the day of the question (`exit.yaml`)."""

    exit_employment_permille: int
    exit_task_permille: int
    exit_lookback_years: int
    exit_evaluator_batches: int
    exit_evaluator_burst_months: int
    exit_evaluator_findings: int
    exit_evaluator_complaints: int
    exit_evaluator_months: int
    exit_evaluator_pass_permille: int
    exit_evaluator_pass_count: int
    exit_term_least_months: int
    exit_term_most_months: int
    exit_restriction_most_months: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`numerator` of `denominator`, and the limit in permille that it is compared with."""

    numerator: int
    denominator: int
    limit_permille: int

    @property
    def is_short(self) -> bool:
        """Strictly below the limit. Nothing of nothing is not short."""
        return self.numerator * 1000 < self.limit_permille * self.denominator

    def is_worse_than(self, other: "Figures") -> bool:
        """A lower share. A denominator of zero is never worse: nothing is asked any more."""
        if other.denominator == 0:
            return self.denominator > 0
        return self.numerator * other.denominator < other.numerator * self.denominator


@dataclass(frozen=True, slots=True)
class Alternative:
    """The rate under another reading of Q1; the sheet shows all of them, the decision uses the one in force."""

    denominator: str
    counts_enterprise: int
    counts_unverified: int
    employed: int
    counted: int
    short: bool
    in_force: bool


@dataclass(frozen=True, slots=True)
class EmploymentDetection:
    """Trigger A for one institution and year: the figures and the whole sheet. `detected` is false while a window still runs."""

    detected: bool
    figures: Figures
    rate: Rate
    alternatives: tuple[Alternative, ...]
    window_over: bool


def detect_employment(people: Sequence[Person], counting: EmploymentRule, rule: ExitRule, *, on: date) -> EmploymentDetection:
    """R44: strictly below the limit, and only when nobody who is counted can still find work within the window (Q1)."""
    rate = employment_rate(people, counting, on=on)
    over = window_over([line.person for line in rate.lines if line.counted], counting, on=on)
    figures = Figures(rate.employed, rate.counted, rule.exit_employment_permille)
    return EmploymentDetection(over and figures.is_short, figures, rate, tuple(_alternatives(people, counting, rule, on)), over)


def _alternatives(people: Sequence[Person], counting: EmploymentRule, rule: ExitRule, on: date) -> Iterable[Alternative]:
    for denominator in Denominator:
        for enterprise in (0, 1):
            for unverified in (0, 1):
                other = replace(
                    counting,
                    employment_denominator=denominator.value,
                    employment_counts_enterprise=enterprise,
                    employment_counts_unverified=unverified,
                )
                rate = employment_rate(people, other, on=on)
                short = Figures(rate.employed, rate.counted, rule.exit_employment_permille).is_short
                yield Alternative(denominator.value, enterprise, unverified, rate.employed, rate.counted, short, other == counting)


def detect_task(*, task: int, reduced: int, completed: int, year: int, rule: ExitRule, on: date) -> tuple[bool, Figures]:
    """R45, Q8: completed < task − approved reductions, looked at only when the year is over. No task, no shortfall."""
    figures = Figures(completed, max(0, task - reduced), rule.exit_task_permille)
    return on > date(year, 12, 31) and figures.is_short, figures


@dataclass(frozen=True, slots=True)
class EvaluationFacts:
    """What is known of an evaluation institution: days of its batches, of standing findings, of substantiated complaints."""

    batches_on: tuple[date, ...]
    findings_on: tuple[date, ...]
    complaints_on: tuple[date, ...]
    results_on: tuple[tuple[date, bool], ...] = ()  # of everybody it evaluated: the day, and whether they passed


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an evaluation institution is to be looked at: `value` reached `limit`."""

    code: str
    value: int
    limit: int


def detect_evaluation(facts: EvaluationFacts, rule: ExitRule, *, on: date) -> tuple[Reason, ...]:
    """R38: bursts of batches, many problems, many complaints, nearly everybody passes. Empty: nothing to look at. It proposes, a person decides."""
    counted = (
        ("batches", _within(facts.batches_on, on, rule.exit_evaluator_burst_months), rule.exit_evaluator_batches),
        ("findings", _within(facts.findings_on, on, rule.exit_evaluator_months), rule.exit_evaluator_findings),
        ("complaints", _within(facts.complaints_on, on, rule.exit_evaluator_months), rule.exit_evaluator_complaints),
    )
    found = [Reason(code, value, limit) for code, value, limit in counted if value >= limit]
    passed = [ok for day, ok in facts.results_on if add_months(on, -rule.exit_evaluator_months) < day <= on]
    if passed and len(passed) >= rule.exit_evaluator_pass_count:
        share = sum(passed) * 1000 // len(passed)
        if share >= rule.exit_evaluator_pass_permille:
            found.append(Reason("pass-rate", share, rule.exit_evaluator_pass_permille))
    return tuple(found)


def _within(days: Iterable[date], on: date, months: int) -> int:
    return sum(add_months(on, -months) < day <= on for day in days)


def is_major(*, major: bool, document: str, classified_by: str) -> bool:
    """R46, Q7: a named official classified it as major and a document says so; nothing computes it."""
    return major and bool(document.strip()) and bool(classified_by.strip())


def better(frozen: Figures, again: Figures) -> Figures:
    """The recheck may improve the figures, never worsen them (2.1: nothing gets worse because of the defence; Q10)."""
    return frozen if again.is_worse_than(frozen) else again


@dataclass(frozen=True, slots=True)
class Measure:
    """What is intended, proposed or decided. `months` is 0 where nothing is barred."""

    effect: Effect
    months: int = 0

    def is_heavier_than(self, other: "Measure") -> bool:
        return self.effect.rank > other.effect.rank or (self.effect is other.effect and self.months > other.months)


def measure_defects(measure: Measure, rule: ExitRule) -> list[dict[str, object]]:
    """Whether the term fits the effect (Q6): `{where, code, value}` each."""
    least, most = {
        Effect.EXCLUDE: (rule.exit_term_least_months, rule.exit_term_most_months),
        Effect.RESTRICT: (1, rule.exit_restriction_most_months),
    }.get(measure.effect, (0, 0))
    if least <= measure.months <= most:
        return []
    return [{"where": "months", "code": "outside-the-term", "value": f"{measure.months} ({least}–{most})"}]


def allowed(measure: Measure, *, intended: Measure, stands: bool) -> str | None:
    """Why a decision may not say this: heavier than the notice told, or a bar although the ground fell away. None: it may."""
    if measure.is_heavier_than(intended):
        return "heavier-than-the-notice"
    if not stands and measure.effect.bars:
        return "ground-fell-away"
    return None


def needs_collective(measure: Measure) -> bool:
    """集体讨论: an exclusion is a major decision."""
    return measure.effect is Effect.EXCLUDE


def term_ends_on(from_on: date, months: int) -> date:
    """The first day on which the bar may end: the same day some months later, the last of a shorter month (29 February + 12 = 28 February)."""
    return add_months(from_on, months)


@dataclass(frozen=True, slots=True)
class RemedyRule:
    """How long a decision can be contested."""

    exit_probation_months: int
    exit_reconsideration_days: int
    exit_litigation_months: int


def reconsider_until(served_on: date, rule: RemedyRule) -> date:
    """The last day for 行政复议; the day of service does not count."""
    return served_on + timedelta(days=rule.exit_reconsideration_days)


def sue_until(served_on: date, rule: RemedyRule) -> date:
    """The last day for 行政诉讼."""
    return add_months(served_on, rule.exit_litigation_months)


def readmission_missing(assessed: Mapping[str, bool]) -> tuple[str, ...]:
    """What still stands against a readmission: cause removed, subsidy repaid, site checked (2.3.5)."""
    return tuple(name for name in READMISSION_CHECKS if not assessed.get(name))


READMISSION_CHECKS: Final = ("cause_removed", "subsidy_repaid", "site_checked")
LEGAL_CHECKS: Final = ("competence", "facts_clear", "evidence_sufficient", "basis_correct", "procedure_lawful", "measure_fitting", "documents_whole")
