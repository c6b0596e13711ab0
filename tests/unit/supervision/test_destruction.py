"""The destruction of a recording by two people, as rules: who may take which step, and what speaks against it. R73; domain.md 2.3.1."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from supervision.footage.destruction_lifecycle import DESTRUCTION_MOVES, LIVE_STATES, DestructionEvent, DestructionState
from supervision.footage.destruction_rules import MOST_AT_ONCE, DestructionRule, defects, destroy_by
from supervision.footage.lifecycle import RECORDING_MOVES, RecordingEvent, RecordingState

S, E = DestructionState, DestructionEvent
SOUND = {
    "proposer": "a",
    "decider": "b",
    "against": [],
    "entitled": ["a", "b"],
    "two": ["a", "b"],
    "reason": "不再需要",
    "bytes_are_there": True,
    "nothing_left": True,
    "certificate_signed": True,
}


def why(state: S, event: E, **changes: object) -> str | None:
    facts = {name: value for name, value in (SOUND | changes).items() if value is not ...}
    try:
        advance(DESTRUCTION_MOVES, state, event, facts)
    except ForbiddenMove as refused:
        return str(refused.facts["why"])
    return None


def test_with_everything_in_order_each_step_may_be_taken() -> None:
    assert [move for move in DESTRUCTION_MOVES if why(*move) is not None] == []


@pytest.mark.parametrize(
    ("state", "event", "changes", "reason"),
    [
        (S.PROPOSED, E.APPROVE_DESTRUCTION, {"decider": "a"}, "same-person"),
        (S.PROPOSED, E.APPROVE_DESTRUCTION, {"decider": ""}, "decider-unknown"),
        (S.PROPOSED, E.APPROVE_DESTRUCTION, {"proposer": ...}, "decider-unknown"),
        (S.PROPOSED, E.APPROVE_DESTRUCTION, {"against": ["held-by-a-matter", "shared"]}, "held-by-a-matter"),
        (S.PROPOSED, E.APPROVE_DESTRUCTION, {"against": ...}, "not-looked-at"),
        (S.PROPOSED, E.DECLINE_DESTRUCTION, {"decider": "a"}, "same-person"),
        (S.PROPOSED, E.DECLINE_DESTRUCTION, {"reason": " "}, "reason-needed"),
        (S.PROPOSED, E.WITHDRAW, {"decider": "c"}, "not-yours-to-withdraw"),
        (S.APPROVED, E.WITHDRAW, {"two": ...}, "not-yours-to-withdraw"),
        (S.APPROVED, E.BEGIN_DESTRUCTION, {"entitled": ["a"]}, "two-approvers-needed"),
        (S.APPROVED, E.BEGIN_DESTRUCTION, {"entitled": ["a", "a"]}, "two-approvers-needed"),
        (S.APPROVED, E.BEGIN_DESTRUCTION, {"entitled": ...}, "two-approvers-needed"),
        (S.APPROVED, E.BEGIN_DESTRUCTION, {"against": ["locked-in-the-store"]}, "locked-in-the-store"),
        (S.APPROVED, E.BEGIN_DESTRUCTION, {"against": ...}, "not-looked-at"),
        (S.DESTROYING, E.STOP_DESTRUCTION, {"bytes_are_there": False}, "deletion-has-begun"),
        (S.DESTROYING, E.FINISH_DESTRUCTION, {"nothing_left": ...}, "bytes-still-there"),
        (S.DESTROYING, E.FINISH_DESTRUCTION, {"certificate_signed": False}, "certificate-missing"),
        (S.PROPOSED, E.BEGIN_DESTRUCTION, {}, "not-listed"),
        (S.PROPOSED, E.FINISH_DESTRUCTION, {}, "not-listed"),
        (S.APPROVED, E.FINISH_DESTRUCTION, {}, "not-listed"),
        (S.DESTROYING, E.WITHDRAW, {}, "not-listed"),
    ],
)
def test_what_is_not_in_order_is_refused_by_name(state: S, event: E, changes: dict[str, object], reason: str) -> None:
    assert why(state, event, **changes) == reason


def test_nothing_follows_an_end() -> None:
    ends = set(S) - set(LIVE_STATES)
    assert ends == {S.DESTROYED, S.DECLINED, S.WITHDRAWN, S.STOPPED}
    assert all(why(state, event) == "not-listed" for state in ends for event in E)


@pytest.mark.parametrize(("approvers", "may"), [(0, False), (1, False), (2, True), (3, False)])
def test_a_recording_is_destroyed_by_two(approvers: int, may: bool) -> None:
    def move() -> RecordingState:
        return advance(RECORDING_MOVES, RecordingState.DUE, RecordingEvent.DESTROY, {"approvers": approvers}).to

    if may:
        assert move() is RecordingState.DESTROYED
    else:
        with pytest.raises(ForbiddenMove, match="two-approvers-needed"):
            move()


def test_only_what_is_due_is_destroyed() -> None:
    assert [state for state, event in RECORDING_MOVES if event is RecordingEvent.DESTROY] == [RecordingState.DUE]


def test_what_is_due_is_overdue_after_its_days() -> None:
    began = datetime(2026, 11, 30, 8, tzinfo=UTC)
    assert destroy_by(began, DestructionRule(destroy_within_days=30)) == began + timedelta(days=30)


@pytest.mark.parametrize(
    ("chosen", "reason", "found"),
    [
        (1, "保存期满", []),
        (MOST_AT_ONCE, "保存期满", []),
        (0, "保存期满", [("recording", "missing")]),
        (MOST_AT_ONCE + 1, "保存期满", [("recording", "too-many")]),
        (1, "无", [("reason", "wrong-length")]),
        (1, "长" * 1001, [("reason", "wrong-length")]),
        (0, "", [("recording", "missing"), ("reason", "wrong-length")]),
    ],
)
def test_a_proposal_says_what_and_why(chosen: int, reason: str, found: list[tuple[str, str]]) -> None:
    assert [(one["where"], one["code"]) for one in defects(chosen, reason)] == found
