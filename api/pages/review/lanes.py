"""The time axis under the player: timetable, each camera with its gaps, sign-ins, what was drawn, marked, watched, and noticed. Pure geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.kernel.span import Span

WIDTH = 1000
LANE = 26
TICK = 1.6


@dataclass(frozen=True, slots=True)
class Shown:
    """A span to be drawn. `title` is read out and shown on hover; `look` names its colour and pattern."""

    span: Span
    title: str
    look: str


@dataclass(frozen=True, slots=True)
class Block:
    """`x`, `width` in drawing units."""

    x: float
    width: float
    title: str
    look: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One row. `label` is already in words; `kind` names it for the script that keeps it up to date."""

    kind: str
    label: str
    y: int
    blocks: tuple[Block, ...]


def lane(kind: str, label: str, row: int, axis: Span, shown: Sequence[Shown]) -> Lane:
    """Spans outside the axis are cut, those wholly outside left out."""
    scale = WIDTH / axis.seconds
    blocks = []
    for one in shown:
        start, end = max(one.span.start_at, axis.start_at), min(one.span.end_at, axis.end_at)
        if start < end:
            x = (start - axis.start_at).total_seconds() * scale
            blocks.append(Block(round(x, 2), round(max((end - start).total_seconds() * scale, 2), 2), one.title, one.look))
    return Lane(kind, label, row * LANE, tuple(blocks))


def ticks(kind: str, label: str, row: int, axis: Span, instants: Sequence[tuple[datetime, str, str]]) -> Lane:
    """Single instants `(at, title, look)` as strokes; those outside the axis stand at its edge, because a sign-in before the lesson still counts."""
    scale = (WIDTH - TICK) / axis.seconds
    blocks = []
    for at, title, look in instants:
        place = min(max(at, axis.start_at), axis.end_at)
        blocks.append(Block(round((place - axis.start_at).total_seconds() * scale, 2), TICK, title, look))
    return Lane(kind, label, row * LANE, tuple(blocks))
