"""Hand a task to an inspector: the minutes, what shows them, and the rows. Later looks, replacements and known items get the same minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.events import Event, Events
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.footage.lifecycle import CATALOGUED_STATES
from supervision.footage.models import Recording
from supervision.sampling.models import DrawRound
from supervision.spotchecks import queries
from supervision.spotchecks.inspectors import Chosen
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.models import ReviewAssignment, ReviewItem
from supervision.spotchecks.rules import ReviewRule, required_watch_s
from supervision.spotchecks.stretch import Footage, Stretch, draw_stretch, merge, total_ms
from supervision.spotchecks.stretch import items as shown_of

ASSIGNED_EVENT = "review.assigned"


@dataclass(frozen=True, slots=True)
class Showing:
    """What one item plays: `stretch` on the wall, `[media_start_ms, media_end_ms)` in the file."""

    slot_id: UUID
    camera_id: UUID
    recording_id: UUID
    stretch: Stretch
    media_start_ms: int
    media_end_ms: int


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of a task. `clip_s` = the length that was drawn, 0 = everything."""

    proven: tuple[Stretch, ...]
    drawn: tuple[Stretch, ...]
    clip_s: int
    required_watch_s: int
    shown: tuple[Showing, ...]


def minutes_drawn(footage: Sequence[Footage], rule: ReviewRule, *, seed: bytes, natural_id: str, tier: str = "") -> Minutes:
    """The minutes of a first look, drawn inside what is proven now; how many is said by the tier of the institution (R66)."""
    clip_s = rule.clip_s(tier)
    proven = merge(f.stretch for f in footage)
    drawn = draw_stretch(proven, clip_s=clip_s, seed=seed, natural_id=natural_id)
    shown = [
        Showing(s.footage.slot_id, s.footage.camera_id, s.footage.recording_id, s.stretch, s.media_start_ms, s.media_end_ms)
        for s in shown_of(footage, drawn)
    ]
    return Minutes(tuple(proven), tuple(drawn), clip_s, required_watch_s(total_ms(drawn), rule.watch_permille), tuple(shown))


def minutes_of(session: Session, source: ReviewAssignment, *, watch_permille: int) -> Minutes:
    """The same minutes and items as `source`: what came in since does not move them; footage with an alarm is not shown, and not asked for."""
    seed = session.scalar(select(DrawRound.seed).where(DrawRound.id == source.round_id)) or b""
    proven = [Stretch(start, end) for start, end in source.proven]
    drawn = draw_stretch(proven, clip_s=source.clip_s, seed=seed, natural_id=source.natural_id)
    rows = session.scalars(
        select(ReviewItem)
        .join(Recording, Recording.id == ReviewItem.recording_id)
        .where(ReviewItem.assignment_id == source.id, Recording.state.in_(CATALOGUED_STATES))
        .order_by(ReviewItem.position)
    ).all()
    shown = [
        Showing(row.slot_id, row.camera_id, row.recording_id, queries.stretch_of(row.span), row.media_start_ms, row.media_end_ms) for row in rows
    ]
    can_be_seen_ms = total_ms(s.stretch for s in shown)
    needed_s = min(source.required_watch_s, required_watch_s(can_be_seen_ms, watch_permille))
    return Minutes(tuple(proven), tuple(drawn), source.clip_s, needed_s, tuple(shown))


def give(
    session: Session,
    round_: DrawRound,
    lesson: Lesson,
    chosen: Chosen,
    minutes: Minutes,
    *,
    look: int = 1,
    due_at: datetime | None,
    actor: Actor,
    at: datetime,
    events: Events,
    replaces: ReviewAssignment | None = None,
    planted_from: UUID | None = None,
) -> ReviewAssignment:
    """One task with its items. Publishes `review.assigned {assignment_id}`, so that viewing copies can be prepared."""
    given = ReviewAssignment(
        round_id=round_.id,
        rank=chosen.task.rank,
        look=look,
        lesson_id=lesson.id,
        natural_id=lesson.natural_id,
        institution_id=lesson.institution_id,
        inspector_account_id=chosen.inspector.account_id,
        inspector_login=chosen.inspector.login,
        inspector_name=chosen.inspector.name,
        inspector_ticket=chosen.ticket,
        replaces_id=replaces.id if replaces else None,
        planted_from_id=planted_from,
        state=AssignmentState.ASSIGNED,
        proven=[[s.start_ms, s.end_ms] for s in minutes.proven],
        clip_s=minutes.clip_s,
        required_watch_s=minutes.required_watch_s,
        watched_s=0,
        assigned_at=at,
        due_at=due_at,
        note="",
    )
    facts = {
        "round": round_.code,
        "natural_id": lesson.natural_id,
        "inspector": chosen.inspector.login,
        "look": look,
        "planted_from": planted_from,
        "drawn": [[s.start_ms, s.end_ms] for s in minutes.drawn],
        "replaces": replaces.id if replaces else None,
    }
    history.begin(session, given, actor=actor, at=at, event="assign", clause="2.3.2", facts=facts)
    for position, shown in enumerate(minutes.shown, start=1):
        session.add(
            ReviewItem(
                assignment_id=given.id,
                position=position,
                slot_id=shown.slot_id,
                camera_id=shown.camera_id,
                recording_id=shown.recording_id,
                span=Range(queries.from_ms(shown.stretch.start_ms), queries.from_ms(shown.stretch.end_ms), bounds="[)"),
                media_start_ms=shown.media_start_ms,
                media_end_ms=shown.media_end_ms,
            )
        )
    session.flush()
    events.publish(session, Event(ASSIGNED_EVENT, {"assignment_id": str(given.id)}))
    return given
