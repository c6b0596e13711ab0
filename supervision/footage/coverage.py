"""The coverage ledger: per slot what is proven, missing, explained; by camera and merged. Reads only. R71.

The arithmetic is the database's (`ddl.py`); this shapes the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.kernel.span import Span, subtract, total_seconds, union
from supervision.footage.lifecycle import CATALOGUED_STATES, RecordingState
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


# bounds first, as in `ddl.py`: under a policy only comparisons of plain columns may use an index
_PIECES = text("""
with wanted as materialized (
    select s.id, s.span, s.camera_id, lower(s.span) - interval '6 hours' as since, upper(s.span) as till from slot s where s.id = any(:ids)
), piece as materialized (
    select w.id, w.span * r.span as span, rec.state = :alarm as lost
    from wanted w
    join recorded_span r on r.camera_id = w.camera_id and r.starts_at < w.till and r.starts_at > w.since and r.span && w.span
    join recording rec on rec.id = r.recording_id
    where rec.state = any(:shown) or rec.state = :alarm
)
select id, span, lost from piece where id in (select id from piece where lost)
""")


def not_to_be_shown(session: Session, slot_ids: Sequence[UUID]) -> dict[UUID, tuple[Span, ...]]:
    """What is proven of the slots by recordings with an integrity alarm and by none that can be shown: it was verified, locked and receipted, and the
    store no longer gives it as it was. Only slots with such time, each with its stretches in order. One round trip. R73; 2.3.1.

    It stays proven, for the institution did what it owed and can show the receipt; yet nobody can look at it, and that is said wherever it counts.
    """
    if not slot_ids:
        return {}
    rows = session.execute(
        _PIECES, {"ids": list(slot_ids), "alarm": RecordingState.ALARM.value, "shown": [state.value for state in CATALOGUED_STATES]}
    )
    lost: dict[UUID, list[Span]] = {}
    shown: dict[UUID, list[Span]] = {}
    for row in rows:
        (lost if row.lost else shown).setdefault(row.id, []).append(Span(row.span.lower, row.span.upper))
    left = {slot_id: tuple(subtract(union(spans), shown.get(slot_id, []))) for slot_id, spans in lost.items()}
    return {slot_id: spans for slot_id, spans in left.items() if spans}


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
