"""Sign a review off: it is whole, then it is judged. domain.md 2.3.2; R69–R77."""

from uuid import UUID

from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.events import Events
from supervision.spotchecks import answers, marks, queries, service
from supervision.spotchecks.checklists import unanswered
from supervision.spotchecks.errors import AssignmentNotFound, ChecklistUnanswered, MarksOpen
from supervision.spotchecks.lifecycle import AssignmentState, Verdict
from supervision.spotchecks.models import ReviewAssignment
from supervision.spotchecks.stretch import total_ms


def sign(
    session: Session, assignment_id: UUID, *, verdict: Verdict, findings: int, note: str, actor: Actor, clock: Clock, events: Events
) -> ReviewAssignment:
    """Judge a review of which every required question is answered and every mark has become something.

    Raises: MarksOpen, ChecklistUnanswered; what `service.judge` raises comes first where the review is not open or not watched.
    """
    if actor.id is None:
        raise AssignmentNotFound(assignment=str(assignment_id))
    found = queries.locked_assignment(session, assignment_id, inspector_id=actor.id)
    watched_s = total_ms(queries.watched(session, found.id)) // 1000
    if found.state is AssignmentState.REVIEWING and watched_s >= found.required_watch_s:  # else the judge says so
        check_whole(session, found)
    return service.judge(session, assignment_id, verdict=verdict, findings=findings, note=note, actor=actor, clock=clock, events=events)


def check_whole(session: Session, review: ReviewAssignment) -> None:
    """Raises: MarksOpen, ChecklistUnanswered."""
    waiting = marks.open_count(session, review.id)
    if waiting:
        raise MarksOpen(count=waiting)
    asked = answers.asked(session, review)
    missing = unanswered(asked, answers.given(session, review.id))
    if missing:
        raise ChecklistUnanswered(count=len(missing), errors=[{"where": code, "code": "missing", "value": ""} for code in missing])
