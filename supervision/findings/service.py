"""Use-cases of a finding: record it, look a second time, confirm or reject. domain.md 2.3.2.

The caller re-reads the footage and says whether its hash verifies (`hash_verified`): only it may touch the bytes.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.events import Event, Events
from storage.kernel.span import Span
from storage.ledger import history
from supervision.classes.models import Lesson
from supervision.findings import evidence, queries, settling
from supervision.findings.deciding import decide
from supervision.findings.errors import FootageNotCatalogued, FootageNotVerified, MalformedFinding, SpanOutsideFootage
from supervision.findings.holds import Holds
from supervision.findings.lifecycle import FindingEvent, FindingState
from supervision.findings.models import Finding
from supervision.findings.placing import Piece, place
from supervision.findings.rules import DEFECTS, DefectCode, Severity, note_is_needed
from supervision.footage.lifecycle import CATALOGUED_STATES
from supervision.footage.models import RecordedSpan, Recording
from supervision.spotchecks import queries as reviews
from supervision.spotchecks.checklists import Answer
from supervision.spotchecks.errors import AssignmentNotFound
from supervision.spotchecks.lifecycle import AssignmentState
from supervision.spotchecks.models import ReviewItem
from supervision.visits import queries as visits
from supervision.visits.checklist import BY_CODE
from supervision.visits.lifecycle import VisitState

RECORDED_EVENT = "finding.recorded"


def record(
    session: Session,
    *,
    lesson_id: UUID,
    recording_id: UUID,
    start_ms: int,
    end_ms: int,
    defect: DefectCode,
    severity: Severity,
    note: str,
    assignment_id: UUID | None,
    hash_verified: bool,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> Finding:
    """Record a fact about `[start_ms, end_ms)` of a recording and hold that footage for the matter `finding/<code>`.

    With `assignment_id` the actor must be its inspector, the review open, and lesson and recording those of the assignment.
    Publishes `finding.recorded {finding_id}`. Raises: FootageNotVerified, FootageNotCatalogued, SpanOutsideFootage, MalformedFinding,
    AssignmentNotFound.
    """
    at = clock.now_at()
    if actor.id is None:
        raise MalformedFinding(errors=[{"where": "account", "code": "missing", "value": actor.name}])
    recording, lesson = session.get(Recording, recording_id), session.get(Lesson, lesson_id)
    if recording is None or lesson is None or recording.institution_id != lesson.institution_id:
        raise MalformedFinding(errors=[{"where": "recording_id", "code": "not-of-this-lesson", "value": str(recording_id)}])
    if assignment_id is not None:
        _check_assignment(session, assignment_id, actor.id, lesson_id, recording_id)
    if note_is_needed(defect, severity) and not note.strip():
        raise MalformedFinding(errors=[{"where": "note", "code": "missing", "value": ""}])
    sha256, version_id = recording.sha256, recording.version_id
    if recording.state not in CATALOGUED_STATES or sha256 is None or version_id is None:
        raise FootageNotCatalogued(recording=str(recording_id), state=recording.state.value)
    if not hash_verified:
        raise FootageNotVerified(recording=str(recording_id))
    span = place(_pieces(session, recording_id), start_ms, end_ms)
    if span is None:
        raise SpanOutsideFootage(recording=str(recording_id), start_ms=start_ms, end_ms=end_ms)
    found = Finding(
        code=next_in_series(session, Finding.code, f"F{local_date(at).year}-"),
        institution_id=recording.institution_id,
        lesson_id=lesson_id,
        assignment_id=assignment_id,
        recording_id=recording_id,
        start_ms=start_ms,
        end_ms=end_ms,
        span=Range(span.start_at, span.end_at, bounds="[)"),
        footage_sha256=sha256,
        visit_item="",
        defect=defect,
        clause=DEFECTS[defect].clause,
        severity=severity,
        note=note.strip(),
        state=FindingState.RECORDED,
        recorded_at=at,
        recorded_by_id=actor.id,
        recorded_by=actor.name,
        decided_by="",
        decision_reason="",
    )
    facts: dict[str, object] = {
        "code": found.code,
        "lesson": lesson.natural_id,
        "recording": recording_id,
        "sha256": sha256.hex(),
        "start_ms": start_ms,
        "end_ms": end_ms,
        "defect": defect,
        "severity": severity,
        "hash_verified": hash_verified,
    }
    return _begin(session, found, facts, holds=holds, actor=actor, at=at, events=events)


def record_on_site(
    session: Session,
    visit_code: str,
    *,
    item: str,
    severity: Severity,
    note: str,
    hash_verified: bool,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    events: Events,
) -> Finding:
    """Record what a signed visit answered with *no*, and hold the item's photos for the matter. `hash_verified`: record and photos, just now.

    The defect is the item's; a word of the members stands in the record, `note` adds the office's. An item becomes one finding only.
    Publishes `finding.recorded {finding_id}`. Raises: VisitNotFound, MalformedFinding, FootageNotVerified.
    """
    at = clock.now_at()
    visit = visits.locked_visit(session, visit_code)
    answer = visits.standing(visits.answers(session, visit.id)).get(item)
    errors: list[dict[str, object]] = []
    if visit.state not in (VisitState.SIGNED, VisitState.CLOSED) or visit.record_sha256 is None:
        errors.append({"where": "visit", "code": "not-now", "value": visit.state.value})
    if answer is None or answer.answer is not Answer.NO:
        errors.append({"where": "item", "code": "unknown", "value": item[:40]})
    if actor.id is None:
        errors.append({"where": "account", "code": "missing", "value": actor.name})
    if queries.finding_of_item(session, visit.id, item) is not None:
        errors.append({"where": "item", "code": "repeated", "value": item[:40]})
    defect = DefectCode(BY_CODE[item].defect) if item in BY_CODE else DefectCode.OTHER
    words = "；".join(part for part in (answer.note if answer else "", note.strip()) if part)
    if note_is_needed(defect, severity) and not words:
        errors.append({"where": "note", "code": "missing", "value": ""})
    if errors or actor.id is None:
        raise MalformedFinding(errors=errors)
    if not hash_verified:
        raise FootageNotVerified(recording=visit.code)
    found = Finding(
        code=next_in_series(session, Finding.code, f"F{local_date(at).year}-"),
        institution_id=visit.institution_id,
        lesson_id=visit.lesson_id,
        visit_id=visit.id,
        visit_item=item,
        record_sha256=visit.record_sha256,
        span=Range(visit.opened_at, visit.signed_at, bounds="[)"),
        defect=defect,
        clause=DEFECTS[defect].clause,
        severity=severity,
        note=words,
        state=FindingState.RECORDED,
        recorded_at=at,
        recorded_by_id=actor.id,
        recorded_by=actor.name,
        decided_by="",
        decision_reason="",
    )
    facts: dict[str, object] = {
        "code": found.code,
        "lesson": visit.natural_id,
        "visit": visit.code,
        "item": item,
        "record_sha256": visit.record_sha256.hex() if visit.record_sha256 else "",
        "photos": [photo.sha256.hex() for photo in visits.photos(session, visit.id) if photo.item == item],
        "defect": defect,
        "severity": severity,
        "hash_verified": hash_verified,
    }
    return _begin(session, found, facts, holds=holds, actor=actor, at=at, events=events)


def _begin(session: Session, found: Finding, facts: dict[str, object], *, holds: Holds, actor: Actor, at: datetime, events: Events) -> Finding:
    history.begin(session, found, actor=actor, at=at, event="record", clause=found.clause, facts=facts)
    evidence.hold(session, found, holds, actor=actor, at=at)
    events.publish(session, Event(RECORDED_EVENT, {"finding_id": str(found.id)}))
    return found


def confirm(session: Session, code: str, *, hash_verified: bool, actor: Actor, clock: Clock) -> Finding:
    """The second look agrees; a disputed finding is decided by a third. The footage is verified again.

    By hand, for findings that blind looks do not decide (`settling`).

    Raises: FindingNotFound, BlindLookDecides, ForbiddenMove (`same-person`, `footage-not-verified`, or not open for it).
    """
    found = queries.locked_finding(session, code)
    settling.demand_by_hand(session, found)
    event = FindingEvent.ADJUDICATE if found.state is FindingState.DISPUTED else FindingEvent.CONFIRM
    return decide(session, found, event, reason="", hash_verified=hash_verified, actor=actor, at=clock.now_at())


def reject(session: Session, code: str, *, reason: str, holds: Holds, actor: Actor, clock: Clock) -> Finding:
    """Another person sees no defect, and says why; the matter ends and no longer holds the footage. By hand, as `confirm`.

    Raises: FindingNotFound, BlindLookDecides, ForbiddenMove (`same-person`, `reason-needed`, or not open for it).
    """
    at = clock.now_at()
    found = queries.locked_finding(session, code)
    settling.demand_by_hand(session, found)
    decide(session, found, FindingEvent.REJECT, reason=reason, hash_verified=None, actor=actor, at=at)
    evidence.release(session, found, holds, reason, actor=actor, at=at)
    return found


def _check_assignment(session: Session, assignment_id: UUID, inspector_id: UUID, lesson_id: UUID, recording_id: UUID) -> None:
    # locked, so that a verdict signed at the same moment counts either with this finding or before it
    review = reviews.locked_assignment(session, assignment_id, inspector_id=inspector_id)
    if review.state is not AssignmentState.REVIEWING or review.lesson_id != lesson_id:
        raise AssignmentNotFound(assignment=str(assignment_id))
    shown = select(ReviewItem.id).where(ReviewItem.assignment_id == assignment_id, ReviewItem.recording_id == recording_id).limit(1)
    if session.scalar(shown) is None:
        raise MalformedFinding(errors=[{"where": "recording_id", "code": "not-shown", "value": str(recording_id)}])


def _pieces(session: Session, recording_id: UUID) -> list[Piece]:
    rows = session.execute(select(RecordedSpan.span, RecordedSpan.media_start_ms).where(RecordedSpan.recording_id == recording_id))
    return [Piece(Span(span.lower, span.upper), start_ms) for span, start_ms in rows if span.lower is not None and span.upper is not None]
