"""Who may agree to an original being seen, and when silence ends a request."""

from pathlib import Path

import pytest

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance, mermaid
from supervision.releases.lifecycle import RELEASE_MOVES, ReleaseEvent, ReleaseState
from supervision.releases.rules import ReleaseRule, defects
from supervision.releases.service import MAY_SEE_ORIGINALS

GOOD: dict[str, object] = {"asker": "a", "decider": "b", "asker_may_see": True, "review_open": True, "in_time": True, "reason": "同意"}
RULE = ReleaseRule(release_decide_hours=48, release_open_hours=24, release_longest_s=300)


def _approve(**facts: object) -> str:
    try:
        return advance(RELEASE_MOVES, ReleaseState.REQUESTED, ReleaseEvent.APPROVE, GOOD | facts).to.value
    except ForbiddenMove as refused:
        return str(refused.facts["why"])


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, "approved"),
        ({"decider": "a"}, "same-person"),
        ({"decider": ""}, "decider-unknown"),
        ({"in_time": False}, "deadline-over"),
        ({"review_open": False}, "review-not-open"),
        ({"asker_may_see": False}, "originals-not-for-this-role"),
    ],
)
def test_an_original_is_opened_by_another_person_in_time_for_an_open_review(facts: dict[str, object], outcome: str) -> None:
    assert _approve(**facts) == outcome


def test_a_third_party_verifier_never_sees_an_original_even_by_approval() -> None:
    assert "third-party-verifier" not in MAY_SEE_ORIGINALS


@pytest.mark.parametrize("state", [s for s in ReleaseState if s is not ReleaseState.REQUESTED])
def test_what_is_decided_is_not_decided_again(state: ReleaseState) -> None:
    for event in (ReleaseEvent.APPROVE, ReleaseEvent.REFUSE, ReleaseEvent.LAPSE):
        with pytest.raises(ForbiddenMove):
            advance(RELEASE_MOVES, state, event, GOOD)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "reason", "codes"),
    [
        (0, 300_000, "核对教师", []),
        (0, 300_001, "核对教师", ["too-long"]),
        (5000, 5000, "核对教师", ["outside-item"]),
        (-1, 1000, "看", ["outside-item", "wrong-length"]),
        (0, 600_001, "核对教师", ["outside-item"]),
    ],
)
def test_all_defects_of_a_request_are_told_at_once(start_ms: int, end_ms: int, reason: str, codes: list[str]) -> None:
    found = defects(start_ms, end_ms, item_start_ms=0, item_end_ms=600_000, reason=reason, rule=RULE)
    assert [error["code"] for error in found] == codes


def test_the_page_shows_the_lifecycle_as_it_is() -> None:
    page = Path(__file__).parents[3] / "docs" / "design" / "releases.md"
    assert mermaid(RELEASE_MOVES) in page.read_text(encoding="utf-8")
