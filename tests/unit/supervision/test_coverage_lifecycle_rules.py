"""Machines make every listed move and refuse every other; holes are named by where they lie."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from storage.kernel.span import Span, intersect, subtract, total_seconds, union
from supervision.footage.lifecycle import (
    EXPLANATION_MOVES,
    RECORDING_MOVES,
    SLOT_MOVES,
    ExplanationEvent,
    ExplanationState,
    RecordingEvent,
    RecordingState,
    SlotEvent,
    SlotState,
)
from supervision.footage.rules import classify_holes
from tests.factories.world import COVERAGE

START = datetime(2026, 9, 1, 1, tzinfo=UTC)
MACHINES = [
    (RECORDING_MOVES, RecordingState, RecordingEvent),
    (SLOT_MOVES, SlotState, SlotEvent),
    (EXPLANATION_MOVES, ExplanationState, ExplanationEvent),
]
WILLING = {"lock_read_back": True, "retention_over": True, "approvers": 2, "days_over": True}
spans = st.lists(st.tuples(st.integers(-500, 4000), st.integers(1, 900)).map(lambda p: span(p[0], p[0] + p[1])), max_size=8)


def span(start_s: int, end_s: int) -> Span:
    return Span(START + timedelta(seconds=start_s), START + timedelta(seconds=end_s))


@pytest.mark.parametrize(("moves", "states", "events"), MACHINES)
def test_every_listed_move_is_made_and_every_other_is_refused(moves, states, events) -> None:
    for state in states:
        for event in events:
            if (state, event) in moves:
                assert advance(moves, state, event, WILLING).to is moves[state, event].to
            else:
                with pytest.raises(ForbiddenMove):
                    advance(moves, state, event, WILLING)


@pytest.mark.parametrize("facts", [{}, {"retention_over": False}, {"retention_over": True, "holds": ["finding/1"]}])
def test_nothing_falls_due_early_or_while_a_matter_holds_it(facts: dict[str, object]) -> None:
    with pytest.raises(ForbiddenMove):
        advance(RECORDING_MOVES, RecordingState.RETAINED, RecordingEvent.FALL_DUE, facts)


@pytest.mark.parametrize("facts", [{}, {"days_over": False}, {"days_over": True, "kept_for": "in-dispute"}])
def test_no_original_of_a_refused_file_goes_early_or_while_somebody_needs_it(facts: dict[str, object]) -> None:
    with pytest.raises(ForbiddenMove):
        advance(RECORDING_MOVES, RecordingState.REJECTED, RecordingEvent.DISCARD, facts)


@given(spans, spans)
def test_spans_are_partitioned_by_subtraction_and_intersection(left: list[Span], right: list[Span]) -> None:
    both, rest = intersect(left, right), subtract(left, right)
    assert union([*both, *rest]) == union(left)
    assert intersect(both, rest) == []
    assert total_seconds(both) + total_seconds(rest) == total_seconds(left)


@given(spans)
def test_holes_and_proof_together_are_the_schedule(proven: list[Span]) -> None:
    scheduled = span(0, 3600)
    holes = classify_holes(scheduled, proven, COVERAGE)
    assert union([*(h.span for h in holes), *intersect([scheduled], proven)]) == [scheduled]


@pytest.mark.parametrize(
    ("proven", "kinds"),
    [
        ([], ["whole"]),
        ([span(60, 3600)], ["edge"]),
        ([span(61, 3600)], ["late-start"]),
        ([span(0, 3539)], ["early-end"]),
        ([span(0, 100), span(110, 3600)], ["join"]),
        ([span(0, 100), span(111, 3600)], ["gap"]),
    ],
)
def test_a_hole_is_named_by_its_place_and_length(proven: list[Span], kinds: list[str]) -> None:
    assert [h.kind for h in classify_holes(span(0, 3600), proven, COVERAGE)] == kinds
