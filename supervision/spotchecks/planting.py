"""Known items: lessons of closed rounds whose outcome two blind looks agreed on, put among the new tasks by ticket. G16; domain.md 2.3.2.

Nobody picks them, their inspector has never had that lesson, and nothing follows from them but the inspector's own figures.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.span import Span
from supervision.classes.models import Lesson
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import queries
from supervision.spotchecks.errors import NoEligibleInspector
from supervision.spotchecks.giving import Minutes, minutes_of
from supervision.spotchecks.inspectors import Chosen, Inspector, Task, draw_inspectors
from supervision.spotchecks.lifecycle import OutcomeState
from supervision.spotchecks.models import ReviewAssignment, ReviewOutcome
from supervision.spotchecks.outcomes import days_away, planted_ticket

AGREED_LOOKS: Final = 2  # a lesson over which two people disagreed is no measure for a third
PLANTED_LOOK: Final = 0  # what stands for the look number in the ticket


@dataclass(frozen=True, slots=True)
class Plant:
    """A known item with the inspector who gets it, for the minutes of the earlier look."""

    outcome: ReviewOutcome
    lesson: Lesson
    chosen: Chosen
    minutes: Minutes


def plants(
    session: Session,
    *,
    count: int,
    looks: bytes,
    inspectors: Collection[Inspector],
    loads: dict[UUID, int],
    recused: dict[UUID, set[UUID]],
    without: Collection[UUID],
    watch_permille: int,
    period: Span,
) -> list[Plant]:
    """Up to `count` known items. `looks` = the round's look seed, `loads` grows with each, `without` = lessons drawn now, `period` = the round's.

    Items whose lessons lie in the period come first, then the nearest days, and among equals the smallest tickets: a lesson from far away could be
    told by its date. An item is passed over when it can no longer be shown whole, or when everybody eligible has had that lesson.
    """
    found: list[Plant] = []
    if count == 0:
        return found
    for outcome, _ in sorted(
        _known(session, without), key=lambda o: (days_away(o[1], period), planted_ticket(looks, o[0].natural_id), o[0].natural_id)
    ):
        source = session.scalars(
            select(ReviewAssignment)
            .where(ReviewAssignment.round_id == outcome.round_id, ReviewAssignment.lesson_id == outcome.lesson_id)
            .where(ReviewAssignment.planted_from_id.is_(None))
            .order_by(ReviewAssignment.look, ReviewAssignment.assigned_at, ReviewAssignment.id)
            .limit(1)
        ).one()
        minutes = minutes_of(session, source, watch_permille=watch_permille)
        if not minutes.shown or len(minutes.shown) < len(queries.items(session, source.id)):
            continue
        barred = frozenset(recused.get(outcome.institution_id, set()) | queries.seen_by(session, outcome.lesson_id))
        try:
            (chosen,) = draw_inspectors([Task(0, outcome.natural_id, barred)], inspectors, looks, loads=loads, look=PLANTED_LOOK)
        except NoEligibleInspector:
            continue
        loads[chosen.inspector.account_id] = loads.get(chosen.inspector.account_id, 0) + 1
        found.append(Plant(outcome, session.get_one(Lesson, outcome.lesson_id), chosen, minutes))
        if len(found) == count:
            break
    return found


def _known(session: Session, without: Collection[UUID]) -> list[tuple[ReviewOutcome, datetime]]:
    """The newest outcome of each lesson of the closed rounds that two looks agreed on, and when the lesson began."""
    rows = session.execute(
        select(ReviewOutcome, Lesson.starts_at)
        .join(Lesson, Lesson.id == ReviewOutcome.lesson_id)
        .join(DrawRound, DrawRound.id == ReviewOutcome.round_id)
        .where(DrawRound.state == DrawState.CLOSED, ReviewOutcome.looks == AGREED_LOOKS)
        .where(ReviewOutcome.state.in_((OutcomeState.DECIDED_OK, OutcomeState.DECIDED_FINDING)))
        .order_by(ReviewOutcome.decided_at)
    )
    taken = set(without)
    return list({outcome.lesson_id: (outcome, begins_at) for outcome, begins_at in rows if outcome.lesson_id not in taken}.values())
