"""Properties of the rules of exit, for any figures. R44, R45, Q6, Q10; domain.md 2.1."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from compliance.exit.clocks import Dates, ExitClocks, turn
from compliance.exit.lifecycle import BEFORE_DECISION, CHALLENGE_MOVES, ENDED, EXIT_MOVES, ExitState
from compliance.exit.rules import Effect, ExitRule, Figures, Measure, allowed, better, detect_employment, measure_defects, term_ends_on
from compliance.policy.book import Book
from storage.kernel.clock import Clock
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.rules import EmploymentRule, Evidence, Person

BOOK = Book.load()
ON = date(2026, 11, 20)
counts = st.integers(0, 400)
figures = st.builds(Figures, counts, counts, st.just(250))
measures = st.builds(Measure, st.sampled_from(Effect), st.integers(0, 60))
people = st.lists(
    st.builds(
        lambda n, result, state, days, enterprise: Person(
            f"K/{n}",
            "K",
            enterprise,
            result,
            date(2025, 6, 30),
            (Evidence("contract", "1", date.fromordinal(date(2025, 6, 30).toordinal() + days), state),) if state else (),
        ),
        st.integers(0, 99),
        st.sampled_from(["passed", "completed", "withdrawn", ""]),
        st.sampled_from([None, *EvidenceState]),
        st.integers(0, 300),
        st.booleans(),
    ),
    max_size=12,
)


@given(figures, figures)
def test_the_recheck_is_never_worse_and_never_invents_figures(frozen: Figures, again: Figures) -> None:
    kept = better(frozen, again)
    assert kept in (frozen, again)
    assert not kept.is_worse_than(frozen)
    assert kept.numerator * frozen.denominator >= frozen.numerator * kept.denominator  # what the database checks


def test_where_nothing_is_asked_any_more_nothing_is_worse() -> None:
    nothing, none_of_one, all_of_one = Figures(0, 0, 250), Figures(0, 1, 250), Figures(1, 1, 250)
    assert none_of_one.is_worse_than(nothing)
    assert all_of_one.is_worse_than(nothing)
    assert none_of_one.is_worse_than(all_of_one)
    assert not any(one.is_worse_than(other) for one, other in ((nothing, nothing), (nothing, all_of_one), (all_of_one, all_of_one)))


@given(figures)
def test_short_is_strictly_below_and_nothing_of_nothing_is_not_short(one: Figures) -> None:
    assert one.is_short == (one.denominator > 0 and one.numerator / one.denominator < 0.25)


@given(measures, measures, st.booleans())
def test_no_decision_is_heavier_than_the_notice_or_bars_without_ground(decided: Measure, told: Measure, stands: bool) -> None:
    if allowed(decided, intended=told, stands=stands) is None:
        assert decided.effect.rank <= told.effect.rank
        assert decided.effect is not told.effect or decided.months <= told.months
        assert stands or not decided.effect.bars


@given(people)
def test_all_twelve_readings_are_shown_and_exactly_one_is_in_force(roster: list[Person]) -> None:
    found = detect_employment(roster, BOOK.read(EmploymentRule, on=ON), BOOK.read(ExitRule, on=ON), on=ON)
    assert len(found.alternatives) == 12
    (own,) = [one for one in found.alternatives if one.in_force]
    assert (own.employed, own.counted) == (found.rate.employed, found.rate.counted)
    assert len(found.rate.lines) == len(roster)
    assert not found.detected or found.window_over


@given(st.dates(date(2023, 5, 5), date(2060, 1, 1)), st.integers(1, 36))
def test_a_term_ends_in_the_month_it_says(from_on: date, months: int) -> None:
    until = term_ends_on(from_on, months)
    assert until > from_on
    assert (until.year * 12 + until.month) - (from_on.year * 12 + from_on.month) == months


def test_only_bars_carry_a_term() -> None:
    rule = BOOK.read(ExitRule, on=ON)
    assert measure_defects(Measure(Effect.DISMISS), rule) == measure_defects(Measure(Effect.RESTRICT, 1), rule) == []
    assert measure_defects(Measure(Effect.EXCLUDE), rule) == [{"where": "months", "code": "outside-the-term", "value": "0 (12–36)"}]


def test_every_state_is_reached_and_only_the_ended_ones_lead_nowhere() -> None:
    reached = {move.to for move in EXIT_MOVES.values()} | {ExitState.DETECTED}
    assert reached == set(ExitState)
    left = {state for state, _ in EXIT_MOVES}
    assert set(ExitState) - left == set(ENDED)
    assert all(move.clause for move in (*EXIT_MOVES.values(), *CHALLENGE_MOVES.values()))


def test_somebody_s_clock_runs_in_every_state_before_the_decision() -> None:
    rule, now = BOOK.read(ExitClocks, on=ON), Clock().now_at()
    for state in BEFORE_DECISION:
        if state is ExitState.DETECTED:  # frozen in the same transaction
            continue
        assert turn(Dates(state, now, now, now, now, now), rule, now) is not None, state
