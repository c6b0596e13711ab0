"""A state machine is data: `MOVES[(state, event)] -> Move`. One pure function walks it.

Everything that changes state in the product goes through `advance`; a refused move is an error, never a silent no-op.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from storage.kernel.errors import ForbiddenMove

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

# A guard looks at the facts and answers None (may pass) or a short reason code why not.
Guard = Callable[[Mapping[str, object]], str | None]


def _open(_facts: Mapping[str, object]) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """Where the move leads, what must hold, and which clause orders it."""

    to: S
    guard: Guard = _open
    clause: str = ""


Moves = Mapping[tuple[S, E], Move[S]]


def advance(moves: Moves[S, E], state: S, event: E, facts: Mapping[str, object] | None = None) -> Move[S]:
    """The move that `event` makes from `state`.

    Raises: ForbiddenMove — not listed (`why="not-listed"`) or its guard refused (`why` = the guard's reason).
    """
    move = moves.get((state, event))
    if move is None:
        raise ForbiddenMove(machine=type(state).__name__, state=state.value, event=event.value, why="not-listed")
    why = move.guard(facts or {})
    if why is not None:
        raise ForbiddenMove(machine=type(state).__name__, state=state.value, event=event.value, why=why)
    return move


def mermaid(moves: Moves[S, E]) -> str:
    """The diagram of a machine for its design page, generated so that it cannot lie."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state.value} --> {move.to.value}: {event.value}" for (state, event), move in moves.items()]
    return "\n".join(lines)
