"""The coverage ledger: per slot what is proven, missing, explained; by camera and merged. Reads only. R71.

The arithmetic is the database's (`ddl.py`); this shapes the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.kernel.span import Span, intersect, subtract, total_seconds, union
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import RecordedSpan, Recording, Slot
from supervision.footage.rules import CoverageRule


@dataclass(frozen=True, slots=True)
class Coverage:
    """One slot. All sets are disjoint and together make the scheduled span. `overlap_s`: seconds proven twice."""

    slot_id: UUID
    scheduled: Span
    proven: tuple[Span, ...]
    explained: tuple[Span, ...]
    missing: tuple[Span, ...]
    joins: tuple[Span, ...]
    edges: tuple[Span, ...]
    overlap_s: float

    @property
    def scheduled_s(self) -> float:
        return self.scheduled.seconds

    @property
    def proven_s(self) -> float:
        return total_seconds(self.proven)

    @property
    def missing_s(self) -> float:
        return total_seconds(self.missing)

    @property
    def explained_s(self) -> float:
        return total_seconds(self.explained)

    @property
    def proven_permille(self) -> int:
        return round(1000 * self.proven_s / self.scheduled_s)

    @property
    def is_whole(self) -> bool:
        """Nothing left that is neither proven, counted as a join or edge, nor explained."""
        return not self.missing


_QUERY = text("select * from slot_coverage(:ids, :join_s, :edge_s)")


def coverage(session: Session, slot_ids: Sequence[UUID], rule: CoverageRule) -> dict[UUID, Coverage]:
    """Coverage of the given slots. One round trip whatever their number."""
    if not slot_ids:
        return {}
    rows = session.execute(_QUERY, {"ids": list(slot_ids), "join_s": rule.slice_join_s, "edge_s": rule.edge_tolerance_s})
    return {
        row.slot_id: Coverage(
            slot_id=row.slot_id,
            scheduled=Span(row.span.lower, row.span.upper),
            proven=_spans(row.proven),
            explained=_spans(row.explained),
            missing=_spans(row.missing),
            joins=_spans(row.joins),
            edges=_spans(row.edges),
            overlap_s=float(row.overlap_s),
        )
        for row in rows
    }


def not_to_be_shown(session: Session, slot_ids: Sequence[UUID]) -> dict[UUID, tuple[Span, ...]]:
    """What is proven of the slots by recordings with an integrity alarm and by no other: it was verified, locked and receipted, and the store no
    longer gives it as it was. Only slots with such time, each with its stretches in order. R73; 2.3.1.

    It stays proven, for the institution did what it owed and can show the receipt; yet nobody can look at it, and that is said wherever it counts.
    """
    alarmed: dict[UUID, list[Span]] = {}
    sound: dict[UUID, list[Span]] = {}
    touched = RecordedSpan.span.bool_op("&&")(Slot.span) & (RecordedSpan.camera_id == Slot.camera_id)
    pieces = select(Slot.id, Slot.span, RecordedSpan.span).select_from(Slot).join(RecordedSpan, touched)
    pieces = pieces.join(Recording, Recording.id == RecordedSpan.recording_id)
    in_alarm = Recording.state == RecordingState.ALARM
    if not slot_ids:
        return {}
    for slot_id, slot, piece in session.execute(pieces.where(Slot.id.in_(slot_ids), in_alarm)):
        alarmed.setdefault(slot_id, []).extend(intersect([_bounded(slot)], [_bounded(piece)]))
    if alarmed:
        for slot_id, _, piece in session.execute(pieces.where(Slot.id.in_(alarmed), ~in_alarm)):
            sound.setdefault(slot_id, []).append(_bounded(piece))
    left = {slot_id: tuple(subtract(union(spans), sound.get(slot_id, []))) for slot_id, spans in alarmed.items()}
    return {slot_id: spans for slot_id, spans in left.items() if spans}


def _bounded(stored: Range[datetime]) -> Span:
    assert stored.lower is not None and stored.upper is not None  # noqa: S101 - slots and recorded stretches are
    return Span(stored.lower, stored.upper)


def _spans(multirange: Sequence["_Bounds"]) -> tuple[Span, ...]:
    return tuple(Span(r.lower, r.upper) for r in multirange if r.upper > r.lower)


class _Bounds:
    lower: datetime
    upper: datetime


@dataclass(frozen=True, slots=True)
class Merged:
    """All cameras of a lesson together: seen by at least one, and by every one."""

    scheduled: Span
    by_any: tuple[Span, ...]
    by_every: tuple[Span, ...]
    unseen: tuple[Span, ...]


def merge(cameras: Sequence[Coverage]) -> Merged:
    """Merge the slots of one lesson (at least one)."""
    scheduled = cameras[0].scheduled
    by_any = union(s for c in cameras for s in c.proven)
    every = [scheduled]
    for camera in cameras:
        every = subtract(every, subtract([scheduled], camera.proven))
    return Merged(scheduled, tuple(by_any), tuple(every), tuple(subtract([scheduled], by_any)))
