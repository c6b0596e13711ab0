"""The rating as a pure function: whole numbers, order of no matter, nothing bad ever helps. R61–R66; Q5."""

import random
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book
from compliance.rating import inputs
from compliance.rating.rules import CODES, TIERS, Event, Grade, Kind, RatingRule, rate, tier_of
from compliance.rating.what_if import best_steps
from compliance.rating.words import NOTHING_TAKEN, REASONS, plain_texts, reason_text
from supervision.institutions.models import Tier

DAY = date(2026, 6, 1)
RULE = Book.load().read(RatingRule, on=DAY)
RATIOS = (Kind.ARCHIVE, Kind.COVERAGE, Kind.EMPLOYMENT, Kind.QUALITY, Kind.ROSTER, Kind.SIGN_IN, Kind.TASK)
WHOLE = Event(Kind.COVERAGE, DAY, "coverage/2026", value=1000, of=1000)

_refs = st.sampled_from(["F2026-0001", "F2026-0002", "GX001-K1", "K2026-0001"])
_days = st.integers(0, 364).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
_severities = st.sampled_from(["minor", "general", "serious"])


def _ratio(kinds: Sequence[Kind]) -> st.SearchStrategy[Event]:
    return st.builds(
        lambda kind, on, ref, value, of: Event(kind, on, ref, value=min(value, of), of=of),
        st.sampled_from(kinds), _days, _refs, st.integers(0, 5000), st.integers(0, 5000),
    )  # fmt: skip


BAD = st.one_of(
    st.builds(lambda on, ref, grade, settled: Event(Kind.FINDING, on, ref, grade, settled=settled), _days, _refs, _severities, st.booleans()),
    st.builds(Event, st.sampled_from([Kind.SAFETY, Kind.COMPLAINT, Kind.FORGED, Kind.MAJOR_PROBLEM]), _days, _refs),
    st.builds(lambda on, ref, grade: Event(Kind.ITEM, on, ref, grade), _days, _refs, _severities),
    st.builds(lambda on, ref: Event(Kind.EXPLANATION, on, ref, "refused"), _days, _refs),
    st.builds(lambda on, ref: Event(Kind.RECTIFICATION, on, ref, "late"), _days, _refs),
    st.builds(lambda on, ref: Event(Kind.STARTUP, on, ref, "missing"), _days, _refs),
    _ratio(RATIOS),
)  # fmt: skip
GOOD = st.one_of(
    st.builds(lambda on, ref: Event(Kind.STARTUP, on, ref, "success"), _days, _refs),
    st.builds(lambda on, ref: Event(Kind.EXPLANATION, on, ref, "accepted"), _days, _refs),
    st.builds(lambda on, ref: Event(Kind.RECTIFICATION, on, ref, "on-time"), _days, _refs),
)
EVENTS = st.lists(st.one_of(BAD, GOOD), max_size=25)


def test_the_tiers_are_those_that_the_sampling_rate_knows() -> None:
    assert tuple(tier.value for tier in Tier) == TIERS


def test_nothing_but_whole_footage_is_the_full_mark() -> None:
    assert rate(RULE, [WHOLE]) == Grade(1000, "A", rate(RULE, [WHOLE]).reasons)
    assert [reason.points for reason in rate(RULE, [WHOLE]).reasons] == [0]


def test_without_any_lesson_to_film_the_best_tier_is_b() -> None:
    grade = rate(RULE, [])
    assert (grade.score, grade.tier, grade.reasons[-1].code) == (1000, "B", "no-footage")
    assert rate(RULE, [Event(Kind.COVERAGE, DAY, "coverage/2026", value=0, of=0)]).tier == "B"


def test_a_reason_names_clause_value_limit_and_evidence() -> None:
    (reason,) = rate(RULE, [Event(Kind.COVERAGE, DAY, "coverage/2026", value=905, of=1000)]).reasons
    assert (reason.code, reason.clause, reason.value, reason.limit, reason.points, reason.evidence) == (
        "coverage", "R71", 905, 980, -32, ("coverage/2026",)
    )  # fmt: skip


def test_a_percent_that_is_begun_counts_whole() -> None:
    def taken(value: int) -> int:
        return rate(RULE, [Event(Kind.COVERAGE, DAY, "c", value=value, of=1000)]).reasons[0].points

    assert [taken(value) for value in (1000, 980, 979, 971, 970, 969, 0)] == [0, 0, -4, -4, -4, -8, -200]


def test_what_was_rectified_counts_half() -> None:
    open_, done = (rate(RULE, [WHOLE, Event(Kind.FINDING, DAY, "F1", "general", settled=settled)]).score for settled in (False, True))
    assert (open_, done) == (992, 996)


def test_forged_footage_leaves_the_lowest_tier_whatever_the_score() -> None:
    grade = rate(RULE, [WHOLE, Event(Kind.FORGED, DAY, "K2026-0001")])
    assert (grade.score, grade.tier) == (1000, "D")
    assert grade.reasons[0].floor == "D"


@pytest.mark.parametrize(("score", "tier"), [(1000, "A"), (980, "A"), (979, "B"), (950, "B"), (949, "C"), (900, "C"), (899, "D"), (0, "D")])
def test_each_limit_belongs_to_the_better_tier(score: int, tier: str) -> None:
    assert tier_of(score, RULE) == tier


@given(EVENTS, BAD)
def test_one_more_bad_event_never_raises_score_or_tier(events: list[Event], bad: Event) -> None:
    before, after = rate(RULE, [WHOLE, *events]), rate(RULE, [WHOLE, *events, bad])
    assert after.score <= before.score
    assert after.tier >= before.tier


@given(EVENTS, GOOD)
def test_one_more_good_event_never_lowers_them(events: list[Event], good: Event) -> None:
    before, after = rate(RULE, [WHOLE, *events]), rate(RULE, [WHOLE, *events, good])
    assert after.score >= before.score
    assert after.tier <= before.tier


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(events: list[Event], rng: random.Random) -> None:
    mixed = list(events)
    rng.shuffle(mixed)
    assert rate(RULE, mixed) == rate(RULE, events)


@given(EVENTS)
def test_everything_is_a_whole_number_and_the_score_is_what_the_reasons_say(events: list[Event]) -> None:
    grade = rate(RULE, events)
    assert all(type(value) is int for reason in grade.reasons for value in (reason.value, reason.limit, reason.points))
    assert grade.score == max(0, min(1000, 1000 + sum(reason.points for reason in grade.reasons)))
    assert grade.tier in TIERS


@given(EVENTS)
def test_frozen_inputs_give_the_same_bytes_and_the_same_grade_again(events: list[Event]) -> None:
    frozen = inputs.Inputs("GX001", 2026, DAY, RULE, tuple(events))
    again = inputs.read(frozen.canonical())
    assert again.canonical() == frozen.canonical()
    assert again.grade() == frozen.grade()
    assert asdict(again.rule) == asdict(RULE)
    assert inputs.result_digest(again.grade()) == inputs.result_digest(frozen.grade())


def test_inputs_of_another_format_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown format"):
        inputs.read(b'{"format":"other"}')


def test_striking_evidence_takes_only_what_rests_on_it() -> None:
    frozen = inputs.Inputs("GX001", 2026, DAY, RULE, (WHOLE, Event(Kind.FINDING, DAY, "F1", "serious"), Event(Kind.SAFETY, DAY, "F1")))
    assert inputs.without(frozen, ["F1"]).events == (WHOLE,)
    assert len(inputs.without(frozen, ["F1"], [Kind.SAFETY]).events) == 2


@given(EVENTS)
def test_what_if_offers_at_most_three_steps_and_each_helps(events: list[Event]) -> None:
    before = rate(RULE, [WHOLE, *events])
    steps = best_steps(RULE, [WHOLE, *events])
    assert len(steps) <= 3
    score, tier = before.score, before.tier
    for step in steps:
        assert step.gain == step.score - score
        assert (step.tier, -step.score) < (tier, -score)
        score, tier = step.score, step.tier


@given(EVENTS, BAD)
def test_the_first_step_is_the_best_single_one(events: list[Event], bad: Event) -> None:
    pool = [WHOLE, *events, bad]
    steps = best_steps(RULE, pool, most=1)
    settled = [
        rate(RULE, [*pool[:n], Event(e.kind, e.on, e.ref, e.grade, settled=True), *pool[n + 1 :]])
        for n, e in enumerate(pool)
        if e.kind is Kind.FINDING and not e.settled
    ]
    best = min(((grade.tier, -grade.score) for grade in settled), default=None)
    if best is not None and steps:
        assert (steps[0].tier, -steps[0].score) <= best


def test_the_way_up_is_repair_first_when_a_floor_holds() -> None:
    events = [WHOLE, Event(Kind.ITEM, DAY, "K1", "serious"), Event(Kind.FORGED, DAY, "K1"), Event(Kind.FINDING, DAY, "F1", "serious")]
    first, second = best_steps(RULE, events)
    assert (first.code, first.ref, first.tier) == ("item", "K1", "B")
    assert (second.code, second.ref, second.tier) == ("finding", "F1", "A")


def test_what_the_law_lets_nobody_repair_is_not_offered() -> None:
    assert best_steps(RULE, [WHOLE, Event(Kind.ITEM, DAY, "K1", "serious", settled=True)]) == ()


def test_every_code_has_words_and_they_never_round_across_a_limit() -> None:
    assert set(REASONS) == set(CODES)
    grade = rate(RULE, [Event(Kind.EMPLOYMENT, DAY, "e", value=2499, of=10000)])
    told = grade.reasons[0].plain()
    assert reason_text(told, "zh") == "就业率 24.9%（应达到 50%）"
    assert plain_texts([], "en") == [NOTHING_TAKEN[1]]


def test_an_evaluation_institution_owes_no_tape_of_lessons_and_is_rated_by_the_rest() -> None:
    """R37, R61: its absence of footage says nothing; complaints count as for anybody."""
    own = Event(Kind.EVALUATES, date(2026, 1, 1), "GX101")
    assert rate(RULE, [own]) == Grade(1000, "A", ())
    graded = rate(RULE, [own, Event(Kind.COMPLAINT, date(2026, 5, 1), "T1")])
    assert [reason.code for reason in graded.reasons] == ["complaint"]
    assert graded.score == 1000 - RULE.complaint_points
