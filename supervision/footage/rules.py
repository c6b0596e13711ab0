"""What a measured file proves, and whether it may be catalogued. Pure. R71–R73; domain.md 2.3.1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.span import Span, subtract
from storage.kernel.workdays import add_working_days

LONGEST_STRETCH: Final = timedelta(hours=6)
NO_RECORDER_BEFORE: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CoverageRule:
    """Figures in force, from the policy book."""

    upload_due_hours: int
    explanation_working_days: int
    explanation_open_days: int
    slice_join_s: int
    edge_tolerance_s: int
    min_height_px: int
    start_tolerance_hours: int
    clock_ahead_s: int
    office_closes_hour: int

    @property
    def start_tolerance(self) -> timedelta:
        return timedelta(hours=self.start_tolerance_hours)

    def latest(self, arrived_at: datetime) -> datetime:
        """The latest instant that a file which was there at `arrived_at` may say it shows: recorders' clocks are fast by minutes."""
        return arrived_at + timedelta(seconds=self.clock_ahead_s)


def due_at(lesson_ends_at: datetime, rule: CoverageRule) -> datetime:
    """Until when footage of a lesson is awaited; that instant itself is too late."""
    return lesson_ends_at + timedelta(hours=rule.upload_due_hours)


@dataclass(frozen=True, slots=True)
class RejectedRule:
    """For how many days the original of a refused file is kept: whoever sent it may dispute that. domain.md 2.3.1."""

    rejected_kept_days: int


def original_kept_until(rejected_at: datetime, rule: RejectedRule) -> datetime:
    """The first instant at which the original of a file refused at `rejected_at` may go: the last of its days is kept to its end at the bureau."""
    return datetime.combine(local_date(rejected_at) + timedelta(days=rule.rejected_kept_days + 1), time(), BUREAU_ZONE)


def explainable_until(due: datetime, rule: CoverageRule) -> datetime:
    """The last instant at which the institution may explain what is missing."""
    return due + timedelta(days=rule.explanation_open_days)


def decide_explanation_by(submitted_at: datetime, rule: CoverageRule) -> datetime:
    """When offices close on the last working day that the bureau has for an explanation."""
    last = add_working_days(local_date(submitted_at), rule.explanation_working_days)
    return datetime.combine(last, time(rule.office_closes_hour), BUREAU_ZONE)


class Remark(StrEnum):
    """Noted on the recording and shown to everybody concerned; none refuses it."""

    BELOW_MINIMUM_HEIGHT = "below-minimum-height"
    NO_SOUND = "no-sound"
    CORRUPT_PACKETS = "corrupt-packets"
    GAPS_INSIDE = "gaps-inside"
    VARIABLE_FRAME_RATE = "variable-frame-rate"
    SAME_BYTES = "same-bytes-as-earlier"
    SAME_PACKETS = "same-packets-as-earlier"
    OVERLAPS_EARLIER = "overlaps-earlier"
    CLAIMS_THE_FUTURE = "claims-the-future"  # its name or clock said that it ends after it arrived; its time was not believed


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file is not evidence. `code` is in the message catalogue."""

    code: str
    facts: Mapping[str, Any]  # Any: facts are only formatted


def judge(
    *, expected_size_bytes: int, size_bytes: int, client_sha256: bytes | None, sha256: bytes, truncated: bool, held_ms: int, claimed_ms: int
) -> Refusal | None:
    """May these bytes be evidence? None means yes; otherwise the reason that the institution is told.

    A file that claims more than it holds was cut on the way out of the recorder: sending it again costs minutes, finding out in
    March costs money, so it is refused now.
    """
    if size_bytes != expected_size_bytes:
        return Refusal("size-differs", {"expected_bytes": expected_size_bytes, "found_bytes": size_bytes})
    if client_sha256 is not None and client_sha256 != sha256:
        return Refusal("sha256-differs", {"expected": client_sha256.hex(), "found": sha256.hex()})
    if truncated:
        return Refusal("truncated", {"held_s": held_ms // 1000, "claimed_s": claimed_ms // 1000})
    return None


def told_by_container(media: Mapping[str, Any] | None) -> tuple[datetime | None, timedelta]:  # Any: MediaFacts as JSON
    """When a measured file says that it begins (None: it does not say), and how long it lasts. Nothing is known of one that was not measured."""
    if media is None:
        return None, timedelta(0)
    created_at = media["created_at"]
    return datetime.fromisoformat(created_at) if created_at else None, timedelta(milliseconds=media["duration_ms"])


def wall_spans(start_at: datetime, segments_ms: Sequence[tuple[int, int]]) -> list[tuple[Span, int]]:
    """Continuous stretches of media time placed on the wall clock: (span, where it begins in the file, ms).

    `segments_ms` are half-open `[start, end)` stretches in media time without a presentation-time gap; none of the answer is longer than
    `LONGEST_STRETCH`.
    """
    longest_ms = LONGEST_STRETCH // timedelta(milliseconds=1)
    return [
        (Span(start_at + timedelta(milliseconds=at), start_at + timedelta(milliseconds=min(at + longest_ms, end))), at)
        for start, end in segments_ms
        for at in range(start, end, longest_ms)
    ]


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of the schedule that nothing proves. `kind`: join | edge | late-start | early-end | gap | whole."""

    span: Span
    kind: str


def classify_holes(scheduled: Span, proven: Sequence[Span], rule: CoverageRule) -> list[Hole]:
    """Name each hole of one slot. Joins (between two proven pieces, ≤ slice_join_s) and edges (≤ edge_tolerance_s at start or end) are
    counted and not blamed. The database's `slot_coverage` does the same with multiranges; a test holds both against each other.
    """
    holes: list[Hole] = []
    for hole in subtract([scheduled], proven):
        at_start, at_end = hole.start_at == scheduled.start_at, hole.end_at == scheduled.end_at
        if at_start and at_end:
            kind = "whole"
        elif (at_start or at_end) and hole.seconds <= rule.edge_tolerance_s:
            kind = "edge"
        elif at_start:
            kind = "late-start"
        elif at_end:
            kind = "early-end"
        else:
            kind = "join" if hole.seconds <= rule.slice_join_s else "gap"
        holes.append(Hole(hole, kind))
    return holes
