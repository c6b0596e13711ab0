"""People on rosters and how their courses ended, for tests of targets, reports and the public pages."""

import itertools
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from storage.kernel.actor import SYSTEM_ACTOR
from supervision.classes import service as classes
from supervision.classes.models import Category, Enrolment, Trainee, TrainingClass
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.findings.rules import DefectCode, Severity
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import Completion, EmploymentEvidence, EvidenceKind, Result
from tests.factories.findings import put
from tests.factories.world import World

_numbers = itertools.count(1)
SECRET = "绝密"  # stands in every personal field, so that a test can look for it


def another_class(session: Session, world: World, category: Category, *, task: int, starts_on: date, ends_on: date, now: datetime) -> TrainingClass:
    """A class under a new agreement of a category."""
    number = next(_numbers)
    code = f"{world.institution.code}-X{number}"
    by = {"actor": SYSTEM_ACTOR, "at": now}
    agreement = classes.sign_agreement(
        session,
        world.institution,
        number=f"{code}-A",
        year=ends_on.year,
        category=category,
        task_persons=task,
        signed_on=starts_on,
        valid_from=starts_on - timedelta(days=200),
        valid_until=ends_on + timedelta(days=200),
        teaching_point_codes=[f"{world.institution.code}-P1"],
        **by,
    )
    return classes.open_class(
        session, world.institution, agreement=agreement, code=code, trade="电工", department=None, starts_on=starts_on, ends_on=ends_on, **by
    )


def enrol(session: Session, row: TrainingClass, count: int, *, result: Result | None = None, ended_on: date | None = None) -> list[Trainee]:
    """`count` people on the roster; with `result` their courses ended."""
    made = []
    for _ in range(count):
        number = next(_numbers)
        trainee = Trainee(
            institution_id=row.institution_id,
            name=f"{SECRET}学员{number}",
            id_number_hash=sha256(str(number).encode()).digest(),
            id_number_cipher=b"x",
            id_number_masked=f"142***{number:04d}",
        )
        session.add(trainee)
        session.flush()
        enrolment = Enrolment(institution_id=row.institution_id, class_id=row.id, trainee_id=trainee.id)
        session.add(enrolment)
        session.flush()
        if result is not None:
            session.add(
                Completion(
                    enrolment_id=enrolment.id,
                    institution_id=row.institution_id,
                    class_id=row.id,
                    trainee_id=trainee.id,
                    result=result,
                    ended_on=ended_on or row.ends_on,
                    recorded_at=datetime.now().astimezone(),
                    recorded_by=f"{SECRET}登记人",
                )
            )
        made.append(trainee)
    session.flush()
    return made


def licence(session: Session, row: TrainingClass, trainee: Trainee, on: date) -> None:
    """A verified business licence of somebody."""
    session.add(
        EmploymentEvidence(
            institution_id=row.institution_id,
            class_id=row.id,
            trainee_id=trainee.id,
            kind=EvidenceKind.LICENCE,
            reference=f"L{next(_numbers)}",
            employed_on=on,
            state=EvidenceState.VERIFIED,
            filed_at=datetime.now().astimezone(),
            decided_at=datetime.now().astimezone(),
            decided_by_id=uuid4(),
            decided_by="officer",
        )
    )
    session.flush()


def published_finding(
    session: Session, world: World, *, severity: Severity = Severity.GENERAL, state: FindingState = FindingState.PUBLISHED
) -> Finding:
    """A finding as it stands at the end of its procedure, written straight into the table."""
    number = next(_numbers)
    slot = world.slot
    recording = Recording(
        institution_id=world.institution.id,
        upload_id=uuid4(),
        slot_id=slot.id,
        camera_id=slot.camera_id,
        file_name=f"{SECRET}{number}.mp4",
        state=RecordingState.CATALOGUED,
        object_key=f"recordings/{number}",
        version_id=f"v{number}",
        size_bytes=1000,
        sha256=sha256(str(number).encode()).digest(),
    )
    session.add(recording)
    session.flush()
    found = Finding(
        code=f"F2026-{number:04d}",
        institution_id=world.institution.id,
        lesson_id=world.lessons[0].id,
        recording_id=recording.id,
        start_ms=0,
        end_ms=1000,
        span=Range(slot.span.lower, slot.span.upper, bounds="[)"),
        footage_sha256=recording.sha256,
        defect=DefectCode.LESSON_NOT_HELD,
        clause="R71",
        severity=severity,
        note=f"{SECRET}说明",
        recorded_at=datetime.now().astimezone(),
        recorded_by_id=UUID(int=1),
        recorded_by=f"{SECRET}检查员",
        decided_at=datetime.now().astimezone(),
        decided_by_id=UUID(int=2),
        decided_by=f"{SECRET}复核",
    )
    return put(session, found, state)
