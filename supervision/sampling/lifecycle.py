"""States of a draw round. R54–R59; domain.md 2.3.2 (PLANNED … DRAWN, VOID). Every guard reads facts, never the database."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from storage.kernel.guards import reason_given
from storage.kernel.lifecycle import Move, Moves


class DrawMethod(StrEnum):
    """The six methods of supervision (R54–R59); one engine serves them all."""

    ROUTINE = "routine"  # 日常检查 R54
    PROPORTIONAL = "proportional"  # 按比例抽查 R55
    SPECIAL = "special"  # 专项检查 R56
    THIRD_PARTY = "third-party"  # 委托第三方核查 R57
    QUALITY = "quality"  # 质量评估 R58
    CREDIT = "credit"  # 信用等级评价 R59


class DrawState(StrEnum):
    """How far a round has gone. A void round stays as it was, with its reason."""

    PLANNED = "planned"
    FRAME_FROZEN = "frame-frozen"  # list and root fixed; contributions are committed and revealed here
    SEEDED = "seeded"
    DRAWN = "drawn"
    CLOSED = "closed"
    VOID = "void"


class DrawEvent(StrEnum):
    FREEZE = "freeze"
    SEED = "seed"
    DRAW = "draw"
    CLOSE = "close"
    VOID = "void"


MIN_PARTIES: Final = 2


def _count(facts: Mapping[str, object], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0


def _frame_is_committed_before_the_value(facts: Mapping[str, object]) -> str | None:
    if _count(facts, "frame_count") < 1:
        return "empty-frame"
    return None if facts.get("public_value_is_unknown") is True else "public-value-already-known"


def _everything_is_revealed(facts: Mapping[str, object]) -> str | None:
    if _count(facts, "commitments") < MIN_PARTIES:
        return "two-parties-needed"
    if _count(facts, "reveals") != _count(facts, "commitments"):
        return "contributions-unrevealed"
    return "public-value-not-yet-known" if facts.get("public_value_is_unknown") is not False else None


def _frame_still_has_its_root(facts: Mapping[str, object]) -> str | None:
    return None if facts.get("root_matches") is True else "frame-changed"


def _nothing_is_open(facts: Mapping[str, object]) -> str | None:
    if facts.get("sealed") is True:
        return "list-sealed"
    open_items = facts.get("open_items")
    return None if open_items == 0 and not isinstance(open_items, bool) else "items-open"


_VOID: Final = Move(DrawState.VOID, guard=reason_given, clause="2.3.2")

DRAW_MOVES: Final[Moves[DrawState, DrawEvent]] = {
    (DrawState.PLANNED, DrawEvent.FREEZE): Move(DrawState.FRAME_FROZEN, guard=_frame_is_committed_before_the_value, clause="R55"),
    (DrawState.FRAME_FROZEN, DrawEvent.SEED): Move(DrawState.SEEDED, guard=_everything_is_revealed, clause="R55"),
    (DrawState.SEEDED, DrawEvent.DRAW): Move(DrawState.DRAWN, guard=_frame_still_has_its_root, clause="R55"),
    (DrawState.DRAWN, DrawEvent.CLOSE): Move(DrawState.CLOSED, guard=_nothing_is_open, clause="2.3.2"),
    (DrawState.PLANNED, DrawEvent.VOID): _VOID,
    (DrawState.FRAME_FROZEN, DrawEvent.VOID): _VOID,
    (DrawState.SEEDED, DrawEvent.VOID): _VOID,
    (DrawState.DRAWN, DrawEvent.VOID): _VOID,
    (DrawState.CLOSED, DrawEvent.VOID): _VOID,
}

DRAWN_STATES: Final = (DrawState.DRAWN, DrawState.CLOSED)
