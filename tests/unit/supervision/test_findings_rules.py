"""The defect list, where a mark lies on the wall, and the whole machine of a finding."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance, mermaid
from storage.kernel.span import Span
from supervision.findings.lifecycle import FINDING_MOVES, INSTITUTION_SEES, FindingEvent, FindingState
from supervision.findings.placing import Piece, place
from supervision.findings.rules import DEFECTS, DefectCode, Severity, note_is_needed

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)
PAGES = Path(__file__).parents[3] / "docs" / "design"
S, E = FindingState, FindingEvent


def why(state: FindingState, event: FindingEvent, **facts: object) -> str | None:
    try:
        advance(FINDING_MOVES, state, event, facts)
    except ForbiddenMove as refusal:
        return str(refusal.facts["why"])
    return None


def test_every_code_has_a_line_with_a_clause_and_both_languages() -> None:
    assert set(DEFECTS) == set(DefectCode)
    for defect in DEFECTS.values():
        assert defect.clause.startswith("R")
        assert defect.zh
        assert defect.en


def test_a_serious_or_unlisted_finding_needs_words() -> None:
    assert note_is_needed(DefectCode.OTHER, Severity.MINOR)
    assert note_is_needed(DefectCode.WRONG_PLACE, Severity.SERIOUS)
    assert not note_is_needed(DefectCode.NON_MANDARIN, Severity.MINOR)


def _piece(start_s: int, end_s: int, media_s: int) -> Piece:
    return Piece(Span(NOON + timedelta(seconds=start_s), NOON + timedelta(seconds=end_s)), media_s * 1000)


def test_a_mark_is_placed_on_the_wall_even_over_a_hole() -> None:
    pieces = [_piece(0, 60, 0), _piece(100, 160, 60)]
    assert place(pieces, 10_000, 20_000) == Span(NOON + timedelta(seconds=10), NOON + timedelta(seconds=20))
    assert place(pieces, 50_000, 70_000) == Span(NOON + timedelta(seconds=50), NOON + timedelta(seconds=110))
    assert place(pieces, 0, 60_000) == Span(NOON, NOON + timedelta(seconds=60))
    assert place(pieces, 60_000, 120_000) == Span(NOON + timedelta(seconds=100), NOON + timedelta(seconds=160))


@pytest.mark.parametrize(("start_ms", "end_ms"), [(0, 120_001), (-1, 5), (5_000, 5_000), (20_000, 10_000), (200_000, 210_000)])
def test_a_mark_outside_the_footage_is_nowhere(start_ms: int, end_ms: int) -> None:
    assert place([_piece(0, 60, 0), _piece(100, 160, 60)], start_ms, end_ms) is None


def test_only_another_person_confirms_and_only_on_verified_footage() -> None:
    assert why(S.RECORDED, E.CONFIRM, decided_by="b", seen_by=["a"], hash_verified=True) is None
    assert why(S.RECORDED, E.CONFIRM, decided_by="a", seen_by=["a"], hash_verified=True) == "same-person"
    assert why(S.RECORDED, E.CONFIRM, decided_by="b", seen_by=["a"], hash_verified=False) == "footage-not-verified"
    assert why(S.RECORDED, E.CONFIRM, decided_by="b", seen_by=["a"]) == "footage-not-verified"
    assert why(S.RECORDED, E.CONFIRM, seen_by=["a"], hash_verified=True) == "decider-unknown"
    assert why(S.DISPUTED, E.ADJUDICATE, decided_by="b", seen_by=["a", "b"], hash_verified=True) == "same-person"
    assert why(S.DISPUTED, E.ADJUDICATE, decided_by="c", seen_by=["a", "b"], hash_verified=True) is None


def test_a_rejection_needs_a_reason() -> None:
    assert why(S.RECORDED, E.REJECT, decided_by="b", seen_by=["a"], reason=" ") == "reason-needed"
    assert why(S.RECORDED, E.REJECT, decided_by="b", seen_by=["a"], reason="画面可见学员") is None


def test_a_notice_lacks_nothing() -> None:
    whole = {"hash_verified": True, "facts_stated": True, "basis_stated": True, "rights_stated": True, "signed": True}
    assert why(S.CONFIRMED, E.NOTICE, **whole) is None
    for name in whole:
        assert why(S.CONFIRMED, E.NOTICE, **{**whole, name: False}) is not None, name


def test_nothing_reaches_the_institution_without_a_confirmed_finding_and_a_notice() -> None:
    hidden = set(FindingState) - set(INSTITUTION_SEES) - {S.VOID}
    entering = {(state, event) for (state, event), move in FINDING_MOVES.items() if state in hidden and move.to in INSTITUTION_SEES}
    assert entering == {(S.CONFIRMED, E.NOTICE)}


def test_every_adverse_step_has_a_guard() -> None:
    for state, event in FINDING_MOVES:
        if event is not E.CLOSE:
            assert why(state, event) is not None, (state, event)


def test_every_state_can_be_reached_and_only_ends_end() -> None:
    reached, growing = {S.RECORDED}, True
    while growing:
        more = {move.to for (state, _), move in FINDING_MOVES.items() if state in reached} - reached
        reached, growing = reached | more, bool(more)
    assert reached == set(FindingState)
    ends = set(FindingState) - {state for state, _ in FINDING_MOVES}
    assert ends == {S.REJECTED, S.WITHDRAWN, S.PUBLISHED, S.ESCALATED, S.VOID}


def test_the_page_shows_the_machine_as_it_is() -> None:
    assert mermaid(FINDING_MOVES) in (PAGES / "findings.md").read_text(encoding="utf-8")
