"""Whose turn it is in an exit case, and what stands on the sheet a case was opened on. R43–R47, Q1, Q8; domain.md 2.3.5."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from compliance.exit import sheets
from compliance.exit.clocks import Dates, ExitClocks, turn
from compliance.exit.lifecycle import ExitState
from compliance.exit.rules import EvaluationFacts, ExitRule, Reason, Trigger, detect_employment, detect_evaluation, detect_task
from compliance.policy.book import Book
from storage.kernel.clock import BUREAU_ZONE
from supervision.findings.clocks import Party, Turn
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person

BOOK = Book.load()
ON = date(2026, 12, 1)
CLOCKS = BOOK.read(ExitClocks, on=ON)
RULE = BOOK.read(ExitRule, on=ON)
COUNTING = BOOK.read(EmploymentRule, on=ON)


def after(days: int, hour: int = 0) -> datetime:
    """Counted from Tuesday, 3 November 2026: no holiday until the new year."""
    return datetime(2026, 11, 3, hour, tzinfo=BUREAU_ZONE) + timedelta(days=days)


DETECTED, ENTERED = after(-29, 9), after(0, 9)
STATEMENT, HEARING = after(8), after(10)


def awaited(state: ExitState, now: datetime = ENTERED, **more: datetime) -> Turn | None:
    return turn(Dates(state, ENTERED, DETECTED, **more), CLOCKS, now)


@pytest.mark.parametrize(
    ("state", "party", "act", "until"),
    [
        (ExitState.FROZEN, Party.BUREAU, "submit", after(4)),
        (ExitState.LEGAL_REVIEW, Party.BUREAU, "clear", after(8)),
        (ExitState.CLEARED, Party.BUREAU, "notice", after(4)),
        (ExitState.HEARING_REQUESTED, Party.BUREAU, "call-hearing", after(10)),
        (ExitState.HEARD, Party.BUREAU, "recheck", after(15)),
        (ExitState.DECIDED, Party.BUREAU, "serve", after(10)),
        (ExitState.CORRECTING, Party.INSTITUTION, "correct", after(43)),
    ],
)
def test_the_clock_of_a_state_runs_from_the_day_it_was_entered(state: ExitState, party: Party, act: str, until: datetime) -> None:
    assert awaited(state) == Turn(party, act, until)


@pytest.mark.parametrize(("state", "act"), [(ExitState.RECHECKED, "propose"), (ExitState.PROPOSED, "decide")])
def test_the_decision_is_due_ninety_days_after_the_case_was_opened_whenever_the_state_was_entered(state: ExitState, act: str) -> None:
    assert awaited(state) == Turn(Party.BUREAU, act, after(62))


@pytest.mark.parametrize("state", [ExitState.NOTICED, ExitState.STATED])
def test_the_later_of_the_days_that_the_notice_named_is_the_institution_s(state: ExitState) -> None:
    for statement, hearing in ((STATEMENT, HEARING), (HEARING, STATEMENT)):
        named = {"statement_until_at": statement, "hearing_until_at": hearing}
        assert awaited(state, HEARING - timedelta(seconds=1), **named) == Turn(Party.INSTITUTION, "state", HEARING)
        assert awaited(state, HEARING, **named) == Turn(Party.BUREAU, "recheck", after(24))  # ten working days after the last of those days


def test_without_the_days_of_a_notice_no_clock_runs() -> None:
    assert awaited(ExitState.NOTICED) is None
    assert awaited(ExitState.NOTICED, statement_until_at=STATEMENT) is None
    assert awaited(ExitState.NOTICED, hearing_until_at=HEARING) is None
    assert awaited(ExitState.HEARING_CALLED) is None


def test_a_hearing_is_held_on_the_day_it_was_called_for() -> None:
    assert awaited(ExitState.HEARING_CALLED, hearing_at=after(13, 15)) == Turn(Party.BUREAU, "hold-hearing", after(14))


def test_an_exclusion_in_force_is_published_and_then_nobody_s_clock_runs() -> None:
    assert awaited(ExitState.IN_FORCE) == Turn(Party.BUREAU, "publish", after(10))
    for state in (ExitState.PUBLISHED, ExitState.TERM_ENDED, ExitState.CLOSED, ExitState.REVOKED, ExitState.WITHDRAWN, ExitState.READMITTED):
        assert awaited(state) is None


def test_a_readmission_is_assessed_and_decided_within_the_same_days() -> None:
    until = after(29)  # twenty working days
    assert awaited(ExitState.READMISSION_APPLIED) == Turn(Party.BUREAU, "assess", until)
    assert awaited(ExitState.ASSESSED) == Turn(Party.BUREAU, "readmit", until)


PAPER = Evidence("contract", "HT1", date(2025, 7, 30), EvidenceState.VERIFIED)
PEOPLE = [
    Person("K1/1", "K1", False, "passed", date(2025, 6, 30), (PAPER,)),
    Person("K1/2", "K1", False, "passed", date(2025, 6, 29)),
    *(Person(f"K1/{n}", "K1", False, "passed", date(2025, 6, 30)) for n in range(3, 6)),
    Person("K2/1", "K2", True, "passed", date(2025, 6, 30)),
]


def test_the_sheet_of_a_rate_lists_everybody_with_the_paper_that_counted() -> None:
    found = detect_employment(PEOPLE, COUNTING, RULE, on=ON)
    told = sheets.employment(found, COUNTING, year=2025, on=ON)
    lines, readings = told.pop("lines"), told.pop("alternatives")
    assert told == {
        "format": "classproof-exit-sheet-1",
        "trigger": "employment",
        "year": 2025,
        "on": "2026-12-01",
        "figures": {"numerator": 1, "denominator": 5, "limit_permille": 250},
        "definition": {
            "employment_denominator": COUNTING.employment_denominator,
            "employment_window_months": COUNTING.employment_window_months,
            "employment_counts_enterprise": 0,
            "employment_counts_unverified": 0,
        },
        "window_over": True,
    }
    assert lines[0] == {
        "person": "K1/1",
        "class": "K1",
        "ended_on": "2025-06-30",
        "counted": True,
        "employed": True,
        "why": "employed",
        "by": {"kind": "contract", "reference": "HT1", "employed_on": "2025-07-30"},
    }
    assert lines[1] == {
        "person": "K1/2",
        "class": "K1",
        "ended_on": "2025-06-29",
        "counted": True,
        "employed": False,
        "why": "no-evidence",
        "by": None,
    }
    assert (lines[-1]["person"], lines[-1]["counted"], lines[-1]["why"]) == ("K2/1", False, "enterprise-employee")
    assert (found.detected, len(lines), len(readings)) == (True, 6, 12)
    assert readings[0] == {
        "denominator": "enrolled",
        "counts_enterprise": 0,
        "counts_unverified": 0,
        "employed": 1,
        "counted": 5,
        "short": True,
        "in_force": COUNTING.employment_denominator == "enrolled",
    }


def test_the_readings_differ_as_their_names_say() -> None:
    filed = Evidence("contract", "HT2", date(2025, 7, 30), EvidenceState.FILED)
    people = [
        Person("K1/1", "K1", False, "passed", date(2025, 6, 30), (filed,)),
        Person("K1/2", "K1", False, "completed", date(2025, 6, 30)),
        Person("K1/3", "K1", False, "withdrawn", date(2025, 6, 30)),
        Person("K2/1", "K2", True, "passed", date(2025, 6, 30)),
    ]
    found = detect_employment(people, COUNTING, RULE, on=ON)
    assert [(one.denominator, one.counts_enterprise, one.counts_unverified, one.employed, one.counted, one.short) for one in found.alternatives] == [
        ("enrolled", 0, 0, 0, 3, True),
        ("enrolled", 0, 1, 1, 3, False),
        ("enrolled", 1, 0, 0, 4, True),
        ("enrolled", 1, 1, 1, 4, False),  # a quarter exactly
        ("completed", 0, 0, 0, 2, True),
        ("completed", 0, 1, 1, 2, False),
        ("completed", 1, 0, 0, 3, True),
        ("completed", 1, 1, 1, 3, False),
        ("passed", 0, 0, 0, 1, True),
        ("passed", 0, 1, 1, 1, False),
        ("passed", 1, 0, 0, 2, True),
        ("passed", 1, 1, 1, 2, False),
    ]


def test_the_window_is_open_while_one_person_who_is_counted_can_still_find_work() -> None:
    months = COUNTING.employment_window_months
    late = Person("K3/1", "K3", False, "passed", ON)
    found = detect_employment([*PEOPLE, late], COUNTING, RULE, on=ON)
    assert months > 0
    assert (found.window_over, found.detected, found.figures.is_short) == (False, False, True)
    gone = Person("K3/1", "K3", True, "passed", ON)  # an enterprise's own employee is not counted, so nobody waits
    assert detect_employment([*PEOPLE, gone], COUNTING, RULE, on=ON).window_over


def test_the_sheet_of_a_task_shows_what_was_assigned_and_what_was_taken_off() -> None:
    short, figures = detect_task(task=60, reduced=10, completed=49, year=2025, rule=RULE, on=ON)
    assert short
    assert sheets.task(figures, year=2025, on=ON, assigned=60, reduced=10) == {
        "format": "classproof-exit-sheet-1",
        "trigger": "task",
        "year": 2025,
        "on": "2026-12-01",
        "figures": {"numerator": 49, "denominator": 50, "limit_permille": 1000},
        "assigned": 60,
        "reduced": 10,
    }


def test_the_sheet_of_an_evaluation_institution_shows_each_figure_that_was_reached() -> None:
    days = (ON,) * 25
    reasons = detect_evaluation(EvaluationFacts(days, days[:3], days[:2]), RULE, on=ON)
    assert sheets.evaluation(reasons, year=2026, on=ON) == {
        "format": "classproof-exit-sheet-1",
        "trigger": "evaluation",
        "year": 2026,
        "on": "2026-12-01",
        "figures": None,
        "reasons": [{"code": "batches", "value": 25, "limit": 25}, {"code": "findings", "value": 3, "limit": 3}],
    }


def test_a_share_of_passes_counts_the_day_itself_is_rounded_down_and_told_with_its_limit() -> None:
    """R38, F-23: 1005 of 1014 are 991.1 ‰."""
    results = tuple((ON, n >= 9) for n in range(1014))
    told = EvaluationFacts((), (), (), results)
    assert detect_evaluation(told, RULE, on=ON) == (Reason("pass-rate", 991, 990),)
    nobody = replace(RULE, exit_evaluator_pass_count=0, exit_evaluator_pass_permille=0)
    assert detect_evaluation(EvaluationFacts((), (), ()), nobody, on=ON) == ()


@pytest.mark.parametrize("trigger", [Trigger.AUDIT, Trigger.FINDING])
def test_the_sheet_of_a_problem_quotes_its_document(trigger: Trigger) -> None:
    problem = {"document": "临审报〔2026〕1号", "classified_by": "王主任"}
    assert sheets.audit(trigger, problem, year=2026, on=ON) == {
        "format": "classproof-exit-sheet-1",
        "trigger": trigger.value,
        "year": 2026,
        "on": "2026-12-01",
        "figures": None,
        "problem": problem,
    }
