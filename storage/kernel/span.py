"""Half-open spans of time and sets of them. Pure arithmetic, used by rules and by tests as an oracle for the database's multiranges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start_at, end_at)`: contains its start, not its end. Empty spans do not exist."""

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.end_at <= self.start_at:
            msg = f"empty span {self.start_at.isoformat()} .. {self.end_at.isoformat()}"
            raise ValueError(msg)

    @property
    def length(self) -> timedelta:
        return self.end_at - self.start_at

    @property
    def seconds(self) -> float:
        return self.length.total_seconds()

    def overlaps(self, other: "Span") -> bool:
        return self.start_at < other.end_at and other.start_at < self.end_at


def union(spans: Iterable[Span]) -> list[Span]:
    """Sorted, disjoint, non-touching spans covering the same instants."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start_at <= merged[-1].end_at:
            if span.end_at > merged[-1].end_at:
                merged[-1] = Span(merged[-1].start_at, span.end_at)
        else:
            merged.append(span)
    return merged


def subtract(wanted: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """The instants of `wanted` that no span of `taken` holds."""
    holes = union(taken)
    rest: list[Span] = []
    for span in union(wanted):
        start = span.start_at
        for hole in holes:
            if hole.end_at <= start:
                continue
            if hole.start_at >= span.end_at:
                break
            if hole.start_at > start:
                rest.append(Span(start, hole.start_at))
            start = max(start, hole.end_at)
        if start < span.end_at:
            rest.append(Span(start, span.end_at))
    return rest


def intersect(left: Iterable[Span], right: Iterable[Span]) -> list[Span]:
    """The instants that both hold."""
    both: list[Span] = []
    others = union(right)
    for span in union(left):
        for other in others:
            start, end = max(span.start_at, other.start_at), min(span.end_at, other.end_at)
            if start < end:
                both.append(Span(start, end))
    return both


def total_seconds(spans: Sequence[Span]) -> float:
    """Seconds held by a set of spans, each instant once."""
    return sum(s.seconds for s in union(spans))
