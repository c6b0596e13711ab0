"""The cases of `cases/exit.yaml`: what a legal officer expects of the rules of exit, on a day, by a clause. R38, R43–R47, Q1, Q6–Q8."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from compliance.exit.clocks import ExitClocks, decision_until, earliest_hearing
from compliance.exit.rules import (
    Effect,
    EvaluationFacts,
    ExitRule,
    Figures,
    Measure,
    RemedyRule,
    allowed,
    better,
    detect_employment,
    detect_evaluation,
    detect_task,
    is_major,
    measure_defects,
    needs_collective,
    readmission_missing,
    reconsider_until,
    sue_until,
    term_ends_on,
)
from compliance.exit.successors import Known, SuccessorRule, links
from compliance.policy.book import Book
from storage.kernel.clock import BUREAU_ZONE, add_months
from supervision.findings.clocks import deadline
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person
from tests.policy.cases import FOLDER, Case, cases, load

BOOK: Final = Book.load()
Facts = Mapping[str, Any]  # Any: YAML


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), BUREAU_ZONE)


def last_day(until: datetime) -> date:
    return (until - timedelta(seconds=1)).astimezone(BUREAU_ZONE).date()


def people(facts: Facts) -> list[Person]:
    """`counted` persons who completed, the first `employed` with verified evidence a month later; others as the facts say."""
    ended = facts.get("ended_on", date(2025, 6, 30))
    paper = Evidence("contract", "HT1", add_months(ended, facts.get("employed_after_months", 1)), EvidenceState(facts.get("evidence", "verified")))
    made = [Person(f"K1/{n}", "K1", False, "passed", ended, (paper,) if n < facts.get("employed", 0) else ()) for n in range(facts.get("counted", 0))]
    made += [Person(f"K2/{n}", "K2", True, "passed", ended) for n in range(facts.get("enterprise", 0))]
    return made + [Person(f"K3/{n}", "K3", False, "withdrawn", ended) for n in range(facts.get("withdrawn", 0))]


def measure(text: str) -> Measure:
    effect, _, months = text.partition(" ")
    return Measure(Effect(effect), int(months or 0))


def employment(facts: Facts, on: date) -> object:
    return detect_employment(people(facts), BOOK.read(EmploymentRule, on=on), BOOK.read(ExitRule, on=on), on=on).detected


def task(facts: Facts, on: date) -> object:
    rule = BOOK.read(ExitRule, on=on)
    return detect_task(task=facts["task"], reduced=facts.get("reduced", 0), completed=facts["completed"], year=facts["year"], rule=rule, on=on)[0]


def audit(facts: Facts, on: date) -> object:
    assert on
    return is_major(major=facts["major"], document=facts["document"], classified_by=facts["classified_by"])


def evaluation(facts: Facts, on: date) -> object:
    def days(name: str) -> tuple[date, ...]:
        return tuple(date.fromisoformat(day) for day, count in (facts.get(name) or {}).items() for _ in range(count))

    results = [(date.fromisoformat(day), n < passed) for day, (passed, of) in (facts.get("results") or {}).items() for n in range(of)]
    told = EvaluationFacts(days("batches"), days("findings"), days("complaints"), tuple(results))
    return [reason.code for reason in detect_evaluation(told, BOOK.read(ExitRule, on=on), on=on)]


def decision(facts: Facts, on: date) -> object:
    assert on
    return allowed(measure(facts["decision"]), intended=measure(facts["notice"]), stands=facts.get("stands", True)) or "allowed"


def recheck(facts: Facts, on: date) -> object:
    assert on
    kept = better(Figures(*facts["frozen"], 250), Figures(*facts["again"], 250))
    return f"{kept.numerator}/{kept.denominator}"


def term(facts: Facts, on: date) -> object:
    return not measure_defects(measure(facts["decision"]), BOOK.read(ExitRule, on=on))


def ends(facts: Facts, on: date) -> object:
    assert on
    return term_ends_on(facts["from"], facts["months"])


def collective(facts: Facts, on: date) -> object:
    assert on
    return needs_collective(measure(facts["decision"]))


def remedy(facts: Facts, on: date) -> object:
    rule = BOOK.read(RemedyRule, on=on)
    return (reconsider_until if facts["remedy"] == "复议" else sue_until)(facts["served"], rule)


def days(facts: Facts, on: date) -> object:
    rule = BOOK.read(ExitClocks, on=on)
    at = noon(facts["from"])
    ways: dict[str, Callable[[], datetime]] = {
        "陈述": lambda: deadline(at, rule.exit_statement_working_days),
        "申请听证": lambda: deadline(at, rule.exit_hearing_request_working_days),
        "法制审核": lambda: deadline(at, rule.exit_legal_review_working_days),
        "复核": lambda: deadline(at, rule.exit_recheck_working_days),
        "公布": lambda: deadline(at, rule.exit_publication_working_days),
        "送达": lambda: deadline(at, rule.exit_service_working_days),
        "决定": lambda: decision_until(at, rule),
        "通知听证": lambda: earliest_hearing(at, rule),
    }
    return last_day(ways[facts["clock"]]())


def readmission(facts: Facts, on: date) -> object:
    assert on
    return list(readmission_missing(facts["checks"]))


def successor(facts: Facts, on: date) -> object:
    out = {
        "legal_representative": "王五",
        "principal": "赵六",
        "addresses": {"甲地"},
        "cameras": {"C1"},
        "accounts": {"甲 1"},
        "teachers": {"一", "二", "三"},
    }
    other: dict[str, Any] = {"legal_representative": "", "principal": "", "addresses": set(), "cameras": set(), "accounts": set(), "teachers": set()}
    for name in facts["same"]:
        other[name] = out[name]
    other["teachers"] = set(sorted(out["teachers"])[: facts.get("teachers", 0)])
    return bool(links([Known(UUID(int=1), **out)], [Known(UUID(int=2), **other)], BOOK.read(SuccessorRule, on=on)))  # type: ignore[arg-type]


RULES: Final[Mapping[str, Callable[[Facts, date], object]]] = {
    "employment": employment, "task": task, "audit": audit, "evaluation": evaluation, "decision": decision, "recheck": recheck, "term": term,
    "ends": ends, "collective": collective, "remedy": remedy, "days": days, "readmission": readmission, "successor": successor,
}  # fmt: skip


@cases("exit")
def test_a_case_comes_out_as_the_clause_says(case: Case) -> None:
    case.check(**{rule: RULES[rule](case.facts, case.on) for rule in case.expect})


def test_there_are_enough_cases() -> None:
    assert len(load(FOLDER / "exit.yaml")) >= 60
