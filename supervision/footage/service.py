"""Use-cases of the catalogue, the institution's side: announce a recording, choose its slot, explain a gap. R71–R73.

What the worker does with a received file stands in `verification.py`; coverage reads in `coverage.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.errors import ForbiddenMove, NotFound
from storage.kernel.events import Event, Events
from storage.kernel.span import Span, subtract
from storage.ledger import history
from storage.objects.port import ObjectStore
from storage.uploads import service as uploads
from storage.uploads.models import UploadSession, UploadState
from storage.uploads.rules import UploadRule
from supervision.classes import service as classes
from supervision.classes.models import Lesson
from supervision.footage import rules
from supervision.footage.coverage import coverage
from supervision.footage.errors import (
    ExplanationTooLate,
    FootageDestroyed,
    LessonNotBegun,
    SlotNotYours,
    SpanOutsideGap,
    StartNotPossible,
    StartOutsideTimetable,
)
from supervision.footage.lifecycle import (
    EXPLANATION_MOVES,
    RECORDING_MOVES,
    SLOT_MOVES,
    ExplanationEvent,
    ExplanationState,
    RecordingEvent,
    RecordingState,
    SlotEvent,
    SlotState,
)
from supervision.footage.matching import Expected, Match, distance, match_file, time_in_name
from supervision.footage.models import GapExplanation, Recording, Slot
from supervision.footage.rules import CoverageRule
from supervision.institutions.models import Camera


@dataclass(frozen=True, slots=True)
class Choice:
    """What the sender says about a file: the slot and when it starts. Either may be left to the file name."""

    slot_id: UUID | None = None
    start_at: datetime | None = None


def announce(
    session: Session,
    store: ObjectStore,
    wanted: uploads.Wanted,
    choice: Choice,
    *,
    rules: tuple[UploadRule, CoverageRule],
    actor: Actor,
    at: datetime,
) -> tuple[UploadSession, Recording, bool]:
    """Open (or find again) the upload of a file and its recording row. Third: whether it is new.

    Raises: what `open_upload` raises; what `assign` raises — the choice does not fit.
    """
    upload_rule, coverage_rule = rules
    _retire_key(session, wanted)
    upload, is_new = uploads.open_upload(session, store, wanted, upload_rule, opened_by=actor.name, at=at)
    if not is_new:
        return upload, recording_of_upload(session, upload.id, wanted.tenant), False
    recording = Recording(
        institution_id=wanted.tenant,
        upload_id=upload.id,
        file_name=wanted.file_name,
        state=RecordingState.UPLOADING,
        object_key=upload.object_key,
        size_bytes=wanted.size_bytes,
        start_source="",
        reason="",
        reason_facts={},
    )
    history.begin(
        session, recording, actor=actor, at=at, event="announce", clause="R72", facts={"file_name": wanted.file_name, "size_bytes": wanted.size_bytes}
    )
    assign(session, recording, choice, coverage_rule, arrived_at=at)
    return upload, recording, True


def _retire_key(session: Session, wanted: uploads.Wanted) -> None:
    """A file that was refused may be sent again, and so may one that the store no longer gives (the own copy of R73): the old session gives the key
    back.
    """
    ended = session.scalars(
        select(UploadSession)
        .join(Recording, Recording.upload_id == UploadSession.id)
        .where(
            UploadSession.tenant_id == wanted.tenant,
            UploadSession.idempotency_key == wanted.key,
            Recording.state.in_((RecordingState.REJECTED, RecordingState.ALARM)),
        )
    ).one_or_none()
    if ended is not None:
        uploads.retire_key(ended)
        session.flush()


def recording_of_upload(session: Session, upload_id: UUID, tenant: UUID | None) -> Recording:
    """The recording that an upload brings. Raises: NotFound."""
    query = select(Recording).where(Recording.upload_id == upload_id)
    if tenant is not None:
        query = query.where(Recording.institution_id == tenant)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise NotFound(what="upload", id=str(upload_id))
    return row


def find(session: Session, recording_id: UUID, tenant: UUID | None, *, lock: bool = False) -> Recording:
    """One recording of an institution (`tenant=None`: any). Raises: NotFound."""
    query = select(Recording).where(Recording.id == recording_id)
    if tenant is not None:
        query = query.where(Recording.institution_id == tenant)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(what="recording", id=str(recording_id))
    return row


def require_footage(recording: Recording) -> None:
    """Raises: FootageDestroyed — nothing of it can be shown, cut or compared any more."""
    if recording.state is RecordingState.DESTROYED:
        raise FootageDestroyed(recording=recording.file_name)


def expected_near(session: Session, tenant: UUID, instant: datetime, within: timedelta, *, begun_by: datetime) -> list[Expected]:
    """Slots of an institution scheduled around an instant and begun by another, as matching wants them."""
    rows = session.execute(
        select(Slot.id, Camera.code, Slot.span)
        .join(Camera, Camera.id == Slot.camera_id)
        .where(
            Slot.institution_id == tenant,
            Slot.starts_at > instant - within - timedelta(days=1),  # no lesson lasts a day
            Slot.starts_at < instant + within,
            Slot.starts_at <= begun_by,
            Slot.state != SlotState.CANCELLED,
        )
    ).all()
    return [Expected(row.id, row.code, Span(row.span.lower, row.span.upper)) for row in rows]


def propose(
    session: Session, tenant: UUID, file_name: str, rule: CoverageRule, *, arrived_at: datetime, container_start_at: datetime | None = None
) -> Match:
    """The slot a file most likely belongs to. A name or clock that speaks of what was still to come tells nothing."""
    latest = rule.latest(arrived_at)
    start_at = time_in_name(file_name) or container_start_at
    if start_at is None or not rules.NO_RECORDER_BEFORE <= start_at <= latest:
        return Match(None, None, "none")
    near = expected_near(session, tenant, start_at, rule.start_tolerance, begun_by=latest)
    return match_file(file_name, near, container_start_at=container_start_at, tolerance=rule.start_tolerance)


def assign(
    session: Session,
    recording: Recording,
    choice: Choice,
    rule: CoverageRule,
    *,
    arrived_at: datetime,
    container_start_at: datetime | None = None,
    length: timedelta = timedelta(0),
) -> None:
    """Set slot, camera and start of a recording from the sender's choice, else from name and container.

    `arrived_at`: when the file was there, or now; `length` as measured, when it was. Raises: SlotNotYours; LessonNotBegun; StartNotPossible;
    StartOutsideTimetable — chosen start too far from the chosen lesson.
    """
    latest = rule.latest(arrived_at)
    if choice.start_at is not None and not rules.NO_RECORDER_BEFORE <= choice.start_at <= latest - length:
        raise StartNotPossible(latest=latest)
    match = propose(session, recording.institution_id, recording.file_name, rule, arrived_at=arrived_at, container_start_at=container_start_at)
    start_at = choice.start_at or match.start_at
    source = "chosen" if choice.start_at else match.source
    slot_id = choice.slot_id or recording.slot_id or match.slot_id
    if slot_id is not None:
        slot = session.scalars(select(Slot).where(Slot.id == slot_id, Slot.institution_id == recording.institution_id)).one_or_none()
        if slot is None or slot.state is SlotState.CANCELLED:
            raise SlotNotYours(slot=str(slot_id))
        if slot.starts_at > latest:
            raise LessonNotBegun(slot=slot.natural_id, starts=slot.starts_at)
        far = start_at is not None and distance(start_at, Span(slot.span.lower, slot.span.upper)) > rule.start_tolerance  # type: ignore[arg-type]
        if choice.slot_id is not None and (start_at is None or (far and source == "container")):  # a clock that is off says less than a person
            start_at, source = slot.starts_at, "slot"
        elif far and choice.slot_id is not None:
            raise StartOutsideTimetable(start=start_at, slot=slot.natural_id, hours=rule.start_tolerance_hours)
        elif far:
            slot_id = None
        recording.slot_id, recording.camera_id = (slot.id, slot.camera_id) if slot_id else (None, None)
    if start_at is not None and start_at + length > latest:
        raise StartNotPossible(latest=latest)
    recording.declared_start_at, recording.start_source = start_at, source if start_at else ""
    session.flush()


def choose(session: Session, recording: Recording, choice: Choice, rule: CoverageRule, *, at: datetime, events: Events) -> None:
    """The sender corrects slot or start before the recording is catalogued; a verified one that waited for this goes on."""
    if recording.state in (RecordingState.UPLOADING, RecordingState.RECEIVED, RecordingState.QUARANTINED, RecordingState.VERIFIED):
        arrived_at = session.get_one(UploadSession, recording.upload_id).received_at or at
        claimed_at, length = rules.told_by_container(recording.media)
        assign(session, recording, choice, rule, arrived_at=arrived_at, container_start_at=claimed_at, length=length)
        if recording.state is RecordingState.VERIFIED and recording.slot_id and recording.declared_start_at:
            events.publish(session, Event("recording.verified", {"recording_id": str(recording.id)}))
        return
    raise ForbiddenMove(machine="recording", state=recording.state.value, event="choose", why="already-catalogued")


def receive(session: Session, store: ObjectStore, upload: UploadSession, recording: Recording, *, actor: Actor, at: datetime, events: Events) -> None:
    """Every byte is in the store: complete the upload and start verification. Repeating answers the same and starts nothing twice.

    The caller holds the lock on `upload`. Raises: UploadIncomplete, UploadClosed.
    """
    stored = uploads.complete(session, store, upload, at=at)
    if recording.state is not RecordingState.UPLOADING:
        return
    recording.version_id = stored.version_id
    history.move(
        session,
        recording,
        RECORDING_MOVES,
        RecordingEvent.RECEIVE,
        actor=actor,
        at=at,
        facts={"version_id": stored.version_id, "size_bytes": stored.size_bytes},
    )
    events.publish(session, Event("recording.received", {"recording_id": str(recording.id)}))


def abandon(
    session: Session, store: ObjectStore, upload: UploadSession, recording: Recording, *, state: UploadState, reason: str, actor: Actor, at: datetime
) -> None:
    """Give an unfinished upload up (by its sender, or by the sweeper when it expired)."""
    uploads.give_up(store, upload, state=state, at=at)
    if recording.state is RecordingState.UPLOADING:
        history.move(session, recording, RECORDING_MOVES, RecordingEvent.ABANDON, actor=actor, at=at, reason=reason)


def mark_overdue(session: Session, rule: CoverageRule, *, actor: Actor, at: datetime, limit: int = 500) -> int:
    """Slots past their deadline with something missing turn MISSING: absence is a record, not a silence. Returns how many were looked at."""
    overdue = session.scalars(
        select(Slot)
        .where(Slot.state.in_((SlotState.ANNOUNCED, SlotState.COVERED)), Slot.due_at <= at, Slot.settled_at.is_(None))
        .order_by(Slot.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    found = coverage(session, [s.id for s in overdue], rule)
    for slot in overdue:
        if found[slot.id].is_whole:
            slot.settled_at = at
            if slot.state is SlotState.ANNOUNCED:  # nothing proves it: only an explanation can have filled it
                history.move(session, slot, SLOT_MOVES, SlotEvent.EXPLAIN, actor=actor, at=at)
            continue
        history.move(session, slot, SLOT_MOVES, SlotEvent.MISS, actor=actor, at=at, facts={"missing_s": int(found[slot.id].missing_s)})
    session.flush()
    return len(overdue)


def explain(session: Session, slot: Slot, span: Span, *, cause: str, text: str, rule: CoverageRule, actor: Actor, at: datetime) -> GapExplanation:
    """The institution says why a stretch is not on tape. Raises: SpanOutsideGap, ExplanationTooLate."""
    until = rules.explainable_until(slot.due_at, rule)
    if at > until:
        raise ExplanationTooLate(until=until)
    missing = coverage(session, [slot.id], rule)[slot.id].missing
    if subtract([span], missing):
        raise SpanOutsideGap(slot=slot.natural_id)
    row = GapExplanation(
        institution_id=slot.institution_id,
        slot_id=slot.id,
        span=Range(span.start_at, span.end_at),
        cause=cause,
        text=text,
        state=ExplanationState.SUBMITTED,
        submitted_at=at,
        decide_by=rules.decide_explanation_by(at, rule),
        decision_reason="",
    )
    history.begin(
        session,
        row,
        actor=actor,
        at=at,
        event="submit",
        reason=text,
        clause="R71",
        facts={"slot": slot.natural_id, "from": span.start_at, "to": span.end_at, "cause": cause},
    )
    return row


def decide_explanation(session: Session, row: GapExplanation, *, accept: bool, reason: str, rule: CoverageRule, actor: Actor, at: datetime) -> None:
    """The bureau accepts or refuses, with a reason. An accepted one that leaves nothing missing settles the slot."""
    event = ExplanationEvent.ACCEPT if accept else ExplanationEvent.REFUSE
    row.decided_at, row.decision_reason = at, reason
    history.move(session, row, EXPLANATION_MOVES, event, actor=actor, at=at, reason=reason)
    slot = session.scalars(select(Slot).where(Slot.id == row.slot_id).with_for_update()).one()
    unsettled = slot.state in (SlotState.ANNOUNCED, SlotState.MISSING, SlotState.COVERED)
    if accept and unsettled and coverage(session, [slot.id], rule)[slot.id].is_whole:
        history.move(session, slot, SLOT_MOVES, SlotEvent.EXPLAIN, actor=actor, at=at, reason=reason)


def plan_slots(session: Session, lessons: Sequence[Lesson], rule: CoverageRule, *, actor: Actor, at: datetime) -> int:
    """Make the expected slots of lessons: timetable × active cameras of the room. Idempotent; returns how many are new. R71."""
    if not lessons:
        return 0
    cameras = session.scalars(select(Camera).where(Camera.room_id.in_({lesson.room_id for lesson in lessons}), Camera.active)).all()
    known = set(session.execute(select(Slot.lesson_id, Slot.camera_id).where(Slot.lesson_id.in_([lesson.id for lesson in lessons]))))
    made = 0
    for lesson in lessons:
        for camera in cameras:
            if camera.room_id != lesson.room_id or (lesson.id, camera.id) in known:
                continue
            slot = Slot(
                institution_id=lesson.institution_id,
                lesson_id=lesson.id,
                camera_id=camera.id,
                natural_id=f"{lesson.natural_id}/{camera.code}",
                starts_at=lesson.starts_at,
                span=Range(lesson.starts_at, lesson.ends_at),
                due_at=rules.due_at(lesson.ends_at, rule),
                state=SlotState.ANNOUNCED,
            )
            history.begin(session, slot, actor=actor, at=at, event="announce", clause="R71", facts={"slot": slot.natural_id, "due_at": slot.due_at})
            made += 1
    return made


def plan_camera(session: Session, camera: Camera, rule: CoverageRule, *, actor: Actor, at: datetime) -> int:
    """A camera that came later: lessons of its room that have not begun expect its footage too. Returns how many. R71."""
    coming = select(Lesson).where(Lesson.room_id == camera.room_id, Lesson.starts_at > at, Lesson.cancelled_at.is_(None)).order_by(Lesson.starts_at)
    return plan_slots(session, session.scalars(coming).all(), rule, actor=actor, at=at)


def cancel_lesson(session: Session, lesson: Lesson, *, reason: str, actor: Actor, at: datetime) -> None:
    """A lesson that will not take place: nothing is expected of its cameras any more. Raises: LessonBegun."""
    classes.cancel_lesson(session, lesson, reason=reason, actor=actor, at=at)
    expected = select(Slot).where(Slot.lesson_id == lesson.id, Slot.state == SlotState.ANNOUNCED).order_by(Slot.id).with_for_update()
    for slot in session.scalars(expected).all():
        history.move(session, slot, SLOT_MOVES, SlotEvent.CANCEL, actor=actor, at=at, reason=reason)
