"""Use-cases at the door and inside: open, confirm presence, answer, hand in a photo, sign. Each may be repeated with the same device id.

A device is believed as far as it can be checked: its hash against the bytes, its time between the opening and the arrival, its place not at all.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date, require_aware
from storage.kernel.errors import ForbiddenMove
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from storage.objects.errors import ObjectMissing
from storage.objects.port import ObjectStore
from storage.retention import service as retention
from storage.retention.rules import RetentionRule, retain_until
from supervision.classes.models import Lesson, TrainingClass
from supervision.spotchecks.checklists import Answer, note_is_needed
from supervision.visits import queries, record
from supervision.visits.checklist import BY_CODE
from supervision.visits.errors import (
    MalformedAnswer,
    MalformedPhoto,
    PhotoMismatch,
    PhotoNotVerified,
    RecordChanged,
    VisitNotFound,
    VisitNotOpen,
)
from supervision.visits.lifecycle import MIN_MEMBERS, TAKES_ANSWERS, VISIT_MOVES, VisitEvent, VisitState
from supervision.visits.models import PlaceState, Visit, VisitAnswer, VisitMember, VisitPhoto, VisitSignature
from supervision.visits.rules import VisitRule
from supervision.visits.service import register_recusals

MAX_NOTE_CHARS = 2000
MAX_PHOTO_BYTES = 10 << 20
MAX_PHOTOS = 60
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


@dataclass(frozen=True, slots=True)
class Place:
    """What the device says about where it is: millionths of a degree (WGS 84) and the radius it claims, in metres; or why it does not."""

    state: PlaceState
    latitude_udeg: int | None = None
    longitude_udeg: int | None = None
    accuracy_m: int | None = None

    def defects(self) -> list[dict[str, object]]:
        """What cannot be."""
        figures = (self.latitude_udeg, self.longitude_udeg, self.accuracy_m)
        if self.state is not PlaceState.GIVEN:
            return [{"where": "place", "code": "out-of-range", "value": str(figures)}] if any(f is not None for f in figures) else []
        limits = ((-90_000_000, 90_000_000), (-180_000_000, 180_000_000), (0, 10_000_000))
        fine = all(f is not None and low <= f <= high for f, (low, high) in zip(figures, limits, strict=True))
        return [] if fine else [{"where": "place", "code": "out-of-range", "value": str(figures)}]

    @property
    def columns(self) -> dict[str, object]:
        """As rows keep it."""
        return {"place": self.state, "latitude_udeg": self.latitude_udeg, "longitude_udeg": self.longitude_udeg, "accuracy_m": self.accuracy_m}


@dataclass(frozen=True, slots=True)
class Who:
    """A member at work: account, clock and the figures that say from when the visit may be known."""

    actor: Actor
    clock: Clock
    rule: VisitRule


def open_visit(session: Session, code: str, who: Who) -> Visit:
    """A member is at the door: from now on the clock runs. Opening it again changes nothing.

    Raises: VisitNotFound, ForbiddenMove (`not-the-day`, `lesson-cancelled`).
    """
    at = who.clock.now_at()
    visit, _ = _mine(session, code, who)
    if visit.state in TAKES_ANSWERS:
        return visit
    cancelled_at = session.scalar(select(Lesson.cancelled_at).where(Lesson.id == visit.lesson_id))
    facts = {"visit": code, "on_the_day": local_date(at) == visit.visit_on, "lesson_stands": cancelled_at is None}
    if visit.state is VisitState.SEALED and all(facts[name] is True for name in ("on_the_day", "lesson_stands")):
        visit.opened_at, visit.opened_by = at, who.actor.name
    history.move(session, visit, VISIT_MOVES, VisitEvent.OPEN, actor=who.actor, at=at, facts=facts)
    return visit


def confirm_presence(session: Session, code: str, who: Who, *, client_id: UUID, said_at: datetime, place: Place) -> Visit:
    """ "I am here", from the member's own session. The second one begins the visit. Once: a repeat changes nothing.

    Raises: VisitNotFound, VisitNotOpen, MalformedAnswer.
    """
    at = who.clock.now_at()
    visit, me = _mine(session, code, who)
    if me.present_at is not None:
        return visit
    _demand_open(session, visit)
    _refuse(place.defects())
    me.present_at, me.present_said_at, me.presence_client_id = at, _held(said_at, visit, at), client_id
    me.place, me.latitude_udeg, me.longitude_udeg, me.accuracy_m = place.state, place.latitude_udeg, place.longitude_udeg, place.accuracy_m
    session.flush()
    facts = {"visit": code, "client": client_id, "place": record.place_of(me)}
    ledger.append(session, actor=who.actor, at=at, action="visit.present", subject=f"visit/{visit.id}", tenant=None, body=facts)
    present = sum(m.present_at is not None for m in queries.members(session, visit.id))
    if visit.state is VisitState.OPENED and present >= MIN_MEMBERS:
        history.move(session, visit, VISIT_MOVES, VisitEvent.BEGIN, actor=who.actor, at=at, facts={"visit": code, "present": present})
    return visit


def give_answer(
    session: Session, code: str, who: Who, *, client_id: UUID, item: str, answer: Answer, note: str, answered_at: datetime
) -> VisitAnswer:
    """An answer to one item; the last one by the time of answering stands. The same `client_id` again answers the same row.

    Raises: VisitNotFound, VisitNotOpen, MalformedAnswer.
    """
    at = who.clock.now_at()
    visit, me = _mine(session, code, who)
    known = session.scalars(select(VisitAnswer).where(VisitAnswer.visit_id == visit.id, VisitAnswer.client_id == client_id)).one_or_none()
    if known is not None:
        return known
    _demand_open(session, visit)
    note = note.strip()
    errors: list[dict[str, object]] = [] if item in BY_CODE else [{"where": "item", "code": "unknown", "value": item[:40]}]
    if len(note) > MAX_NOTE_CHARS or (note_is_needed(answer) and not note):
        errors.append({"where": "note", "code": "wrong-length" if note else "missing", "value": len(note)})
    _refuse(errors)
    given = VisitAnswer(
        visit_id=visit.id,
        member_id=me.id,
        client_id=client_id,
        item=item,
        answer=answer,
        note=note,
        answered_at=_held(answered_at, visit, at),
        received_at=at,
    )
    session.add(given)
    session.flush()
    return given


def hand_in_photo(
    session: Session,
    code: str,
    who: Who,
    *,
    client_id: UUID,
    item: str,
    data: bytes,
    sha256: bytes,
    taken_at: datetime,
    place: Place,
    store: ObjectStore,
    retention_rule: RetentionRule,
) -> VisitPhoto:
    """A picture with the hash that the device made of it. Locked in the store before the row exists; the same picture twice is one row.

    Raises: VisitNotFound, VisitNotOpen, MalformedPhoto, MalformedAnswer, PhotoMismatch, StoreUnavailable.
    """
    at = who.clock.now_at()
    visit, me = _mine(session, code, who)  # the row is locked: two sendings of one picture run one after the other
    found = hashlib.sha256(data).digest()
    if found != sha256:
        raise PhotoMismatch(said=sha256.hex(), found=found.hex())
    same = (VisitPhoto.client_id == client_id) | ((VisitPhoto.item == item) & (VisitPhoto.sha256 == sha256))
    known = session.scalars(select(VisitPhoto).where(VisitPhoto.visit_id == visit.id, same).order_by(VisitPhoto.id).limit(1)).one_or_none()
    if known is not None:
        return known
    _demand_open(session, visit)
    _refuse(place.defects() + ([] if item in BY_CODE else [{"where": "item", "code": "unknown", "value": item[:40]}]))
    media_type = _kind_of(data, have=len(queries.photos(session, visit.id)))
    until = _kept_until(session, visit, retention_rule, at)
    stored = store.put(f"{visit.institution_id}/visits/{visit.id}/{sha256.hex()}", data, media_type)
    held = retention.Held(visit.institution_id, stored.key, stored.version_id, len(data), sha256)
    kept = retention.keep(session, store, held, until=until, actor=who.actor, at=at)
    photo = VisitPhoto(
        visit_id=visit.id,
        member_id=me.id,
        client_id=client_id,
        item=item,
        sha256=sha256,
        size_bytes=len(data),
        media_type=media_type,
        object_key=stored.key,
        version_id=stored.version_id,
        retain_until=kept.retain_until,
        taken_at=_held(taken_at, visit, at),
        received_at=at,
        **place.columns,
    )
    session.add(photo)
    session.flush()
    facts = {"visit": code, "item": item, "photo": photo.id, "sha256": sha256.hex(), "size_bytes": len(data), "taken_at": photo.taken_at}
    ledger.append(session, actor=who.actor, at=at, action="visit.photo", subject=f"visit/{visit.id}", tenant=None, body=facts)
    return photo


def sign(session: Session, code: str, who: Who, *, record_sha256: bytes, note: str) -> Visit:
    """A member signs what was shown (`record_sha256`); when all have signed the same record the visit is signed.

    An answer or photo that arrives later changes the record: signatures under the earlier one lapse and are given again. Signing the same record
    again changes nothing.

    Raises: VisitNotFound, MalformedAnswer, RecordChanged, ForbiddenMove (`two-members-needed`, `items-unanswered`, `photos-missing`).
    """
    at = who.clock.now_at()
    visit, me = _mine(session, code, who)
    digest = record.digest(session, visit) if visit.record_sha256 is None else visit.record_sha256
    signed_by = queries.signed_by(session, visit.id, digest)
    if me.id in signed_by and digest == record_sha256:
        return visit
    if len(note.strip()) > MAX_NOTE_CHARS:
        raise MalformedAnswer(errors=[{"where": "note", "code": "wrong-length", "value": len(note)}])
    team = queries.members(session, visit.id)
    last = {m.id for m in team} <= signed_by | {me.id}
    event = VisitEvent.SIGN if last else VisitEvent.COUNTERSIGN
    facts: dict[str, object] = {
        "visit": code,
        **queries.what_is_open(session, visit).facts,
        "signatures": len(team) if last else len(signed_by) + 1,
        "members": len(team),
        "record_sha256": digest.hex(),
    }
    if me.present_at is None:
        facts |= {"present": 0}  # whoever did not confirm being there signs nothing
    if last:
        facts |= {"lesson": visit.natural_id, "team": [m.inspector_login for m in team], "salt": visit.seal_salt.hex()}
    if visit.state is VisitState.OPENED:  # it has not begun: say what for, not that there is no such step
        raise ForbiddenMove(machine=VisitState.__name__, state=visit.state.value, event=event.value, why="two-members-needed")
    advance(VISIT_MOVES, visit.state, event, facts)
    if digest != record_sha256:
        raise RecordChanged(visit=code)
    session.add(VisitSignature(visit_id=visit.id, member_id=me.id, at=at, record_sha256=digest, note=note.strip()))
    if last:
        visit.signed_at, visit.ended_at, visit.record_sha256 = at, at, digest
    history.move(session, visit, VISIT_MOVES, event, actor=who.actor, at=at, reason=note.strip(), facts=facts)
    if last:
        register_recusals(session, visit, clock=who.clock)
    return visit


def check_photo(store: ObjectStore, photo: VisitPhoto) -> bytes:
    """Read a stored photo again and compare. Returns its bytes. Raises: PhotoNotVerified."""
    try:
        data = b"".join(store.stream(photo.object_key, photo.version_id))
    except ObjectMissing:
        raise PhotoNotVerified(photo=str(photo.id)) from None
    if hashlib.sha256(data).digest() != photo.sha256:
        raise PhotoNotVerified(photo=str(photo.id))
    return data


def _mine(session: Session, code: str, who: Who) -> tuple[Visit, VisitMember]:
    """The visit, locked, and the caller's place in its team. Raises: VisitNotFound."""
    if who.actor.id is None:
        raise VisitNotFound(visit=code)
    queries.visit_of_member(session, code, who.actor.id, rule=who.rule, now_at=who.clock.now_at())
    visit = queries.locked_visit(session, code)
    # read after the lock: whoever stepped back meanwhile is no member any more
    return queries.visit_of_member(session, visit.code, who.actor.id, rule=who.rule, now_at=who.clock.now_at())


def _demand_open(session: Session, visit: Visit) -> None:
    if visit.state not in TAKES_ANSWERS:
        raise VisitNotOpen(visit=visit.code, state=visit.state.value)


def _held(said_at: datetime, visit: Visit, at: datetime) -> datetime:
    """The device's time, not before the opening and not after the arrival."""
    return min(max(require_aware(said_at, "said_at"), visit.opened_at or at), at)


def _refuse(errors: list[dict[str, object]]) -> None:
    if errors:
        raise MalformedAnswer(errors=errors)


def _kind_of(data: bytes, *, have: int) -> str:
    kind = next((kind for start, kind in _KINDS if data.startswith(start)), "")
    if have >= MAX_PHOTOS:
        raise MalformedPhoto(errors=[{"where": "photo", "code": "too-many", "value": have}])
    if len(data) > MAX_PHOTO_BYTES:
        raise MalformedPhoto(errors=[{"where": "photo", "code": "too-large", "value": len(data)}])
    if not kind:
        raise MalformedPhoto(errors=[{"where": "photo", "code": "unknown", "value": "JPEG, PNG"}])
    return kind


def _kept_until(session: Session, visit: Visit, rule: RetentionRule, at: datetime) -> datetime:
    """As long as the footage of the same class."""
    ends_on = session.scalar(select(TrainingClass.ends_on).join(Lesson, Lesson.class_id == TrainingClass.id).where(Lesson.id == visit.lesson_id))
    return retain_until(rule, recorded_end_at=at, class_ends_on=ends_on)
