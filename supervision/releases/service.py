"""Use-cases: ask for a stretch of an original, decide, let time decide, end. domain.md 2.3.2.

The blurred copy is what an inspector works with. Where a face matters (is this the enrolled person's badge, the named teacher?) the original is
seen by one named person for some hours, after somebody else of the bureau has said yes in writing.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from storage.clips import service as clips
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.events import Events
from storage.kernel.lifecycle import advance
from storage.ledger import history
from supervision.footage.models import Recording
from supervision.footage.service import require_footage
from supervision.releases import queries
from supervision.releases.errors import MalformedRelease, ReleaseNotFound, ReleaseNotOpen, ReleasePending
from supervision.releases.lifecycle import LIVE_STATES, RELEASE_MOVES, ReleaseEvent, ReleaseState
from supervision.releases.models import FootageRelease
from supervision.releases.rules import ReleaseRule, defects, lapses_at, open_until
from supervision.spotchecks import queries as reviews
from supervision.spotchecks.errors import ReviewItemNotFound
from supervision.spotchecks.lifecycle import OPEN_STATES, AssignmentState
from supervision.spotchecks.models import ReviewAssignment

MAY_SEE_ORIGINALS: Final = frozenset({"inspector"})  # never a third-party verifier (domain.md 2.2)


def ask(
    session: Session,
    assignment_id: UUID,
    position: int,
    *,
    start_ms: int,
    end_ms: int,
    reason: str,
    rule: ReleaseRule,
    actor: Actor,
    clock: Clock,
) -> FootageRelease:
    """The inspector of an open review asks for a stretch of one of its items. `start_ms`, `end_ms`: media time of the recording.

    Raises: AssignmentNotFound — another's; ReviewItemNotFound; ReleaseNotOpen — the review is not under way; ReleasePending; MalformedRelease.
    """
    asker = _account(actor)
    # the row is locked: two requests for one item at the same moment must not both find none
    assignment = reviews.locked_assignment(session, assignment_id, inspector_id=asker)
    item = next((i for i in reviews.items(session, assignment.id) if i.position == position), None)
    if item is None:
        raise ReviewItemNotFound(item=str(position))
    if assignment.state is not AssignmentState.REVIEWING or actor.role not in MAY_SEE_ORIGINALS:
        raise ReleaseNotOpen(release="-", state=assignment.state.value)
    if (pending := queries.live_of_item(session, item.id)) is not None:
        raise ReleasePending(release=str(pending.id), state=pending.state.value)
    stated = " ".join(reason.split())
    errors = defects(start_ms, end_ms, item_start_ms=item.media_start_ms, item_end_ms=item.media_end_ms, reason=stated, rule=rule)
    if errors:
        raise MalformedRelease(errors=errors)
    at = clock.now_at()
    made = FootageRelease(
        assignment_id=assignment.id,
        item_id=item.id,
        recording_id=item.recording_id,
        institution_id=assignment.institution_id,
        natural_id=assignment.natural_id,
        start_ms=start_ms,
        end_ms=end_ms,
        reason=stated,
        state=ReleaseState.REQUESTED,
        asker_account_id=asker,
        asker_name=actor.name,
        asker_role=actor.role,
        asked_at=at,
        decide_by_at=lapses_at(at, rule),
    )
    facts = {"assignment": assignment.id, "recording": item.recording_id, "start_ms": start_ms, "end_ms": end_ms}
    history.begin(session, made, actor=actor, at=at, event="ask", reason=stated, clause="2.3.2", facts=facts)
    return made


def approve(session: Session, release_id: UUID, *, note: str, rule: ReleaseRule, actor: Actor, clock: Clock, events: Events) -> FootageRelease:
    """Somebody else of the bureau agrees: the stretch is cut, and open to the asker for some hours.

    Raises: ReleaseNotFound, FootageDestroyed, ForbiddenMove — `same-person`, `deadline-over`, `review-not-open`, `originals-not-for-this-role`,
    or decided.
    """
    at = clock.now_at()
    row = queries.release(session, release_id, lock=True)
    recording = session.get_one(Recording, row.recording_id)
    require_footage(recording)
    if recording.version_id is None:
        raise ReleaseNotFound(release=str(release_id))
    facts = _facts(session, row, actor, at, note)
    advance(RELEASE_MOVES, row.state, ReleaseEvent.APPROVE, facts)  # refused before anything is asked for
    wanted = clips.Wanted(
        tenant=recording.institution_id,
        recording_id=recording.id,
        source_key=recording.object_key,
        source_version_id=recording.version_id,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        purpose=queries.purpose_of(row.id),
    )
    row.clip_id = clips.request_clip(session, wanted, events=events, at=at).id
    row.open_until_at = open_until(at, rule)
    _decide(row, actor, at, note)
    history.move(session, row, RELEASE_MOVES, ReleaseEvent.APPROVE, actor=actor, at=at, reason=note.strip(), facts=facts)
    return row


def refuse(session: Session, release_id: UUID, *, note: str, actor: Actor, clock: Clock) -> FootageRelease:
    """Raises: ReleaseNotFound, ForbiddenMove — `reason-needed`, `same-person`, or decided."""
    at = clock.now_at()
    row = queries.release(session, release_id, lock=True)
    facts = _facts(session, row, actor, at, note)
    advance(RELEASE_MOVES, row.state, ReleaseEvent.REFUSE, facts)
    _decide(row, actor, at, note)
    history.move(session, row, RELEASE_MOVES, ReleaseEvent.REFUSE, actor=actor, at=at, reason=note.strip(), facts=facts)
    return row


def open_release(session: Session, release_id: UUID, *, actor: Actor, clock: Clock) -> FootageRelease:
    """The request whose stretch may be played by `actor` at this moment. Raises: ReleaseNotFound — another's; ReleaseNotOpen."""
    row = queries.release(session, release_id, asker_id=_account(actor))
    until, assignment = row.open_until_at, session.get_one(ReviewAssignment, row.assignment_id)
    if row.state is not ReleaseState.APPROVED or until is None or until <= clock.now_at() or assignment.state not in OPEN_STATES:
        raise ReleaseNotOpen(release=str(row.id), state=row.state.value)
    return row


def end_over(session: Session, *, actor: Actor, clock: Clock) -> list[str]:
    """Lapse what nobody decided, end what is over. Returns the purposes whose copies are to be deleted now."""
    at = clock.now_at()
    ended: list[str] = []
    for row in queries.over(session, at):
        undecided = row.state is ReleaseState.REQUESTED and row.decide_by_at <= at
        event = ReleaseEvent.LAPSE if undecided else ReleaseEvent.END
        history.move(session, row, RELEASE_MOVES, event, actor=actor, at=at, reason="its time is over", facts={"in_time": False})
        ended.append(queries.purpose_of(row.id))
    return ended


def end_of_assignment(session: Session, assignment_id: UUID, *, actor: Actor, clock: Clock) -> list[str]:
    """The review ended: so does every request that belongs to it. Returns the purposes whose copies are to be deleted now."""
    live = [r for r in queries.of_assignment(session, assignment_id) if r.state in LIVE_STATES]
    for row in live:
        history.move(session, row, RELEASE_MOVES, ReleaseEvent.END, actor=actor, at=clock.now_at(), reason="the review ended")
    return [queries.purpose_of(row.id) for row in live]


def _facts(session: Session, row: FootageRelease, actor: Actor, at: datetime, note: str) -> dict[str, object]:
    assignment = session.get_one(ReviewAssignment, row.assignment_id)
    return {
        "asker": str(row.asker_account_id),
        "asker_may_see": row.asker_role in MAY_SEE_ORIGINALS,
        "decider": str(actor.id or ""),
        "in_time": at < row.decide_by_at,
        "review_open": assignment.state is AssignmentState.REVIEWING,
        "reason": note.strip(),
    }


def _decide(row: FootageRelease, actor: Actor, at: datetime, note: str) -> None:
    row.decider_account_id, row.decider_name, row.decided_at, row.decision_note = actor.id, actor.name, at, note.strip()


def _account(actor: Actor) -> UUID:
    if actor.id is None:
        raise ReleaseNotFound(release="-")
    return actor.id
