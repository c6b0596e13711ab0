"""A class that is over: roster, sign-ins, footage, results and archive, all through the services. What subsidies are reckoned from."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from api.policy import Policy
from api.subsidy import subsidy_rules
from compliance.policy.book import Book
from compliance.subsidy import service
from compliance.subsidy.facts import Rules
from compliance.subsidy.models import ArchiveKind
from compliance.subsidy.rules import words
from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.kernel.identity import parse_identity_number
from supervision.classes import roster
from supervision.classes.models import Enrolment
from supervision.findings.attachments import Given
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import RecordedSpan, Recording, Slot
from supervision.outcomes import service as outcomes
from supervision.outcomes.models import Result
from tests.factories.world import World, make_world

MASTER_KEY = b"k" * 32
HEAD = Actor("account", "school.head", "institution-head", UUID(int=700))
OPERATOR = Actor("account", "school.desk", "institution-operator", UUID(int=701))
OFFICER = Actor("account", "officer", "bureau-officer", UUID(int=702))
LEADER = Actor("account", "leader", "bureau-leader", UUID(int=703))
PAPER = Given("材料.pdf", b"%PDF-1.7 paper")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_number(number: int) -> str:
    """A well-formed identity number that belongs to nobody."""
    digits = f"14102519900101{number:03d}"
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11]


def rules_on(at: datetime) -> Rules:
    return subsidy_rules(Policy(Book.load()), local_date(at))


def tape(session: Session, world: World, *, lessons: int | None = None) -> None:
    """Footage of every camera for the first `lessons` lessons (all)."""
    taped = {lesson.id for lesson in world.lessons[:lessons]}
    for slot in session.scalars(select(Slot).where(Slot.lesson_id.in_(taped))):
        span = Range(slot.span.lower, slot.span.upper, bounds="[)")
        recording = Recording(
            institution_id=slot.institution_id,
            upload_id=uuid4(),
            slot_id=slot.id,
            camera_id=slot.camera_id,
            file_name="x.mp4",
            state=RecordingState.CATALOGUED,
            object_key=f"recordings/{uuid4()}",
            version_id="v",
            size_bytes=1,
            sha256=uuid4().bytes * 2,
            recorded_span=span,
        )
        session.add(recording)
        session.flush()
        session.add(
            RecordedSpan(institution_id=slot.institution_id, recording_id=recording.id, camera_id=slot.camera_id, span=span, media_start_ms=0)
        )
    session.flush()


def enrol(session: Session, world: World, now: datetime, people: int, *, master_key: bytes = MASTER_KEY, first: int = 1) -> None:
    """A roster, and everybody signed in and out of every lesson."""
    numbers = [parse_identity_number(id_number(n)) for n in range(first, first + people)]
    lines = [roster.RosterLine(f"学员{n}", number, "", "") for n, number in enumerate(numbers, start=first)]
    by = {"master_key": master_key, "actor": OPERATOR, "at": now}
    roster.import_roster(session, world.training_class, lines, **by)
    signs = [
        roster.SignLine(row, lesson.natural_id, number, lesson.starts_at, lesson.ends_at, "")
        for row, (lesson, number) in enumerate(((le, nu) for le in world.lessons for nu in numbers), start=1)
    ]
    roster.record_signs(session, world.institution.id, signs, source="import", **by)


def finish(session: Session, world: World, now: datetime) -> None:
    """Everybody passed; every paper of the archive is filed."""
    row = world.training_class
    enrolled = session.scalars(select(Enrolment.id).where(Enrolment.class_id == row.id)).all()
    outcomes.record_completions(session, row, [outcomes.Ending(e, Result.PASSED, row.ends_on) for e in enrolled], actor=OPERATOR, at=now)
    for kind in words(rules_on(now).subsidy.archive_papers):
        service.file_paper(session, row, ArchiveKind(kind), [PAPER], actor=OPERATOR, at=now)


def finished_class(session: Session, now: datetime, *, people: int = 2, on_tape: bool = True, master_key: bytes = MASTER_KEY) -> World:
    """One day of one lesson, a week ago, everything in order."""
    world = make_world(session, now, days_ago=7, length=timedelta(hours=2))
    enrol(session, world, now, people, master_key=master_key)
    if on_tape:
        tape(session, world)
    finish(session, world, now)
    return world
