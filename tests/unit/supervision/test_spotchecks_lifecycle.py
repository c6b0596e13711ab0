"""Guards of an assignment and of a round."""

from pathlib import Path

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance, mermaid
from supervision.sampling.lifecycle import DRAW_MOVES, DrawEvent, DrawState
from supervision.spotchecks.lifecycle import ASSIGNMENT_MOVES, MATCH_MOVES, OUTCOME_MOVES, AssignmentEvent, AssignmentState

PAGES = Path(__file__).parents[3] / "docs" / "design"
A, AE = AssignmentState, AssignmentEvent
D, DE = DrawState, DrawEvent


def why_not(state: AssignmentState, event: AssignmentEvent, **facts: object) -> str | None:
    try:
        advance(ASSIGNMENT_MOVES, state, event, facts)
    except ForbiddenMove as refusal:
        return str(refusal.facts["why"])
    return None


def why_no_round(state: DrawState, event: DrawEvent, **facts: object) -> str | None:
    try:
        advance(DRAW_MOVES, state, event, facts)
    except ForbiddenMove as refusal:
        return str(refusal.facts["why"])
    return None


def test_nobody_signs_below_the_required_seconds() -> None:
    assert why_not(A.REVIEWING, AE.JUDGE_OK, watched_s=284, required_watch_s=285, findings=0) == "not-watched-enough"
    assert why_not(A.REVIEWING, AE.JUDGE_FINDING, watched_s=284, required_watch_s=285, findings=1) == "not-watched-enough"
    assert why_not(A.REVIEWING, AE.JUDGE_OK, watched_s=285, required_watch_s=285, findings=0) is None
    assert why_not(A.REVIEWING, AE.JUDGE_OK, findings=0) == "not-watched-enough"


def test_the_verdict_agrees_with_what_was_recorded() -> None:
    enough = {"watched_s": 300, "required_watch_s": 285}
    assert why_not(A.REVIEWING, AE.JUDGE_OK, **enough, findings=1) == "findings-recorded"
    assert why_not(A.REVIEWING, AE.JUDGE_OK, **enough) == "findings-recorded"
    assert why_not(A.REVIEWING, AE.JUDGE_FINDING, **enough, findings=0) == "no-finding-recorded"
    assert why_not(A.REVIEWING, AE.JUDGE_FINDING, **enough, findings=2) is None


def test_nothing_is_judged_before_it_is_opened_nor_twice() -> None:
    facts = {"watched_s": 300, "required_watch_s": 285, "findings": 0}
    for state in set(AssignmentState) - {A.REVIEWING}:
        assert why_not(state, AE.JUDGE_OK, **facts) == "not-listed"


def test_a_recusal_needs_a_reason_and_comes_before_the_verdict() -> None:
    assert why_not(A.ASSIGNED, AE.RECUSE, reason="") == "reason-needed"
    assert why_not(A.REVIEWING, AE.RECUSE, reason="曾在该机构任职") is None
    assert why_not(A.JUDGED_OK, AE.RECUSE, reason="曾在该机构任职") == "not-listed"


def test_a_frame_is_frozen_only_while_the_public_value_is_unknown() -> None:
    assert why_no_round(D.PLANNED, DE.FREEZE, frame_count=3, public_value_is_unknown=True) is None
    assert why_no_round(D.PLANNED, DE.FREEZE, frame_count=3, public_value_is_unknown=False) == "public-value-already-known"
    assert why_no_round(D.PLANNED, DE.FREEZE, frame_count=0, public_value_is_unknown=True) == "empty-frame"
    assert why_no_round(D.PLANNED, DE.FREEZE) == "empty-frame"


def test_a_seed_needs_two_parties_all_reveals_and_a_known_value() -> None:
    assert why_no_round(D.FRAME_FROZEN, DE.SEED, commitments=2, reveals=2, public_value_is_unknown=False) is None
    assert why_no_round(D.FRAME_FROZEN, DE.SEED, commitments=1, reveals=1, public_value_is_unknown=False) == "two-parties-needed"
    assert why_no_round(D.FRAME_FROZEN, DE.SEED, commitments=3, reveals=2, public_value_is_unknown=False) == "contributions-unrevealed"
    assert why_no_round(D.FRAME_FROZEN, DE.SEED, commitments=2, reveals=2, public_value_is_unknown=True) == "public-value-not-yet-known"
    assert why_no_round(D.FRAME_FROZEN, DE.SEED, commitments=2, reveals=2) == "public-value-not-yet-known"


def test_a_round_is_drawn_once_and_only_from_the_committed_frame() -> None:
    assert why_no_round(D.SEEDED, DE.DRAW, root_matches=True) is None
    assert why_no_round(D.SEEDED, DE.DRAW, root_matches=False) == "frame-changed"
    for state in set(DrawState) - {D.SEEDED}:
        assert why_no_round(state, DE.DRAW, root_matches=True) == "not-listed"


def test_a_round_closes_when_nothing_is_open_and_is_void_only_with_a_reason() -> None:
    assert why_no_round(D.DRAWN, DE.CLOSE, open_items=1) == "items-open"
    assert why_no_round(D.DRAWN, DE.CLOSE) == "items-open"
    assert why_no_round(D.DRAWN, DE.CLOSE, open_items=0) is None
    for state in set(DrawState) - {D.VOID}:
        assert why_no_round(state, DE.VOID) == "reason-needed"
        assert why_no_round(state, DE.VOID, reason="一方未公开") is None
    assert why_no_round(D.VOID, DE.VOID, reason="again") == "not-listed"


def test_the_pages_show_the_machines_as_they_are() -> None:
    assert mermaid(DRAW_MOVES) in (PAGES / "sampling.md").read_text(encoding="utf-8")
    page = (PAGES / "spotchecks.md").read_text(encoding="utf-8")
    assert [mermaid(moves) in page for moves in (ASSIGNMENT_MOVES, OUTCOME_MOVES, MATCH_MOVES)] == [True] * 3  # type: ignore[arg-type]
