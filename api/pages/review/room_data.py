"""What the room shows of one assignment: every camera of the instant with its pieces and its holes, and what lies on the axis. UI.md, Workbench."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth.caller import Caller
from api.http.services import Services
from api.locale.marks import N_
from api.playback import open_playback
from storage.clips.models import ClipState
from storage.kernel.span import Span, intersect, subtract
from supervision.footage.coverage import Coverage, coverage, not_to_be_shown
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Slot
from supervision.footage.queries import frame_lengths_ms
from supervision.footage.rules import CoverageRule
from supervision.institutions.models import Camera
from supervision.spotchecks import queries, viewing
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.models import ReviewAssignment, ReviewItem

HOLES = {
    "gap": N_("no footage: nothing is on tape"),
    "explained": N_("no footage: explained by the institution"),
    "not-due": N_("no footage: not due yet"),
    "later": N_("no footage: it came in after the draw"),
    "alarm": N_("no footage: the store no longer gives what was recorded (integrity alarm)"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One item of a camera. Wall clock in ms since the epoch; `zero_ms` is the wall time of the clip's first picture, None until it is opened.

    `frame_ms` is how long the recording shows one picture, in the mean.
    """

    item: str
    position: int
    start_ms: int
    end_ms: int
    media_ms: int
    frame_ms: float
    state: str
    failure: str
    url: str
    zero_ms: int | None
    sheet: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch of the drawn time that this camera does not show, and why (a key of HOLES)."""

    start_ms: int
    end_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class RoomCamera:
    """One camera of the lesson in the order of its code."""

    id: UUID
    code: str
    name: str
    pieces: tuple[Piece, ...]
    holes: tuple[Hole, ...]
    coverage: Coverage

    def as_json(self) -> dict[str, Any]:  # Any: JSON
        return {
            "code": self.code,
            "name": self.name,
            "pieces": [asdict(piece) for piece in self.pieces],
            "holes": [asdict(hole) for hole in self.holes],
        }


def cameras_of(session: Session, services: Services, caller: Caller, review: ReviewAssignment, items: Sequence[ReviewItem]) -> list[RoomCamera]:
    """Every camera that had to film the lesson. Of a review under way the first piece of each is opened at once, the others when they are reached."""
    rows = session.execute(
        select(Slot, Camera.code, Camera.name)
        .join(Camera, Camera.id == Slot.camera_id)
        .where(Slot.lesson_id == review.lesson_id)
        .order_by(Camera.code)
    ).all()
    rule = services.policy.read(CoverageRule, services.clock.today_on())
    ids = [slot.id for slot, _, _ in rows]
    covered, lost = coverage(session, ids, rule), not_to_be_shown(session, ids)
    drawn = drawn_spans(items)
    frames = frame_lengths_ms(session, {item.recording_id for item in items})
    found = []
    for slot, code, name in rows:
        own = [item for item in items if item.camera_id == slot.camera_id]
        pieces = [_piece(session, services, caller, review, item, frame_ms=frames[item.recording_id], opened=n == 0) for n, item in enumerate(own)]
        holes = _holes(slot, covered[slot.id], lost.get(slot.id, ()), drawn, own, now=services.clock.now_at())
        found.append(RoomCamera(slot.camera_id, code, name, tuple(pieces), tuple(holes), covered[slot.id]))
    return found


def drawn_spans(items: Sequence[ReviewItem]) -> list[Span]:
    """The drawn time: from the first to the last instant that any camera shows, without what none shows."""
    spans = sorted((span_of(item) for item in items), key=lambda span: span.start_at)
    merged: list[Span] = []
    for span in spans:
        if merged and span.start_at <= merged[-1].end_at:
            merged[-1] = Span(merged[-1].start_at, max(merged[-1].end_at, span.end_at))
        else:
            merged.append(span)
    return merged


def span_of(item: ReviewItem) -> Span:
    assert item.span.lower is not None and item.span.upper is not None  # noqa: S101 - items are bounded
    return Span(item.span.lower, item.span.upper)


def _piece(
    session: Session, services: Services, caller: Caller, review: ReviewAssignment, item: ReviewItem, *, frame_ms: float, opened: bool
) -> Piece:
    clip = viewing.clip_of(session, item)
    span = span_of(item)
    url, zero_ms = "", None
    if opened and clip and clip.state is ClipState.READY and review.state is AssignmentState.REVIEWING:
        playing = open_playback(services, caller, clip.id, purpose="spot check", case_ref=viewing.purpose_of(review.id))
        url, zero_ms = playing.url, queries.to_ms(span.start_at) - (playing.clip.offset_ms or 0)
    sheets = viewing.sheets_of(session, item)
    ready = sheets is not None and sheets.state is ClipState.READY and review.state is AssignmentState.REVIEWING
    return Piece(
        item=str(item.id),
        position=item.position,
        start_ms=queries.to_ms(span.start_at),
        end_ms=queries.to_ms(span.end_at),
        media_ms=item.media_start_ms,
        frame_ms=frame_ms,
        state=clip.state.value if clip else "none",
        failure=clip.failure if clip else "",
        url=url,
        zero_ms=zero_ms,
        sheet=f"/review/{review.id}/items/{item.position}/sheet.json" if ready else "",
    )


def _holes(slot: Slot, covered: Coverage, lost: Sequence[Span], drawn: Sequence[Span], own: Sequence[ReviewItem], *, now: datetime) -> list[Hole]:
    holes = []
    for span in subtract(drawn, [span_of(item) for item in own]):
        for why, parts in (("explained", covered.explained), ("alarm", lost), ("later", subtract(covered.proven, lost))):
            holes += [_hole(part, why) for part in intersect([span], parts)]
        rest = subtract([span], [*covered.explained, *covered.proven])
        waiting = slot.state is SlotState.ANNOUNCED and slot.due_at > now
        holes += [_hole(part, "not-due" if waiting else "gap") for part in rest]
    return sorted(holes, key=lambda hole: hole.start_ms)


def _hole(span: Span, why: str) -> Hole:
    return Hole(queries.to_ms(span.start_at), queries.to_ms(span.end_at), why)
