"""An institution with everything a recording needs, made by the real services. Codes are fresh, so tests do not meet."""

import itertools
import os
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import BUREAU_ZONE
from supervision.classes import service as classes
from supervision.classes.models import Category, Lesson, TrainingClass
from supervision.footage import service as footage
from supervision.footage.models import Slot
from supervision.footage.rules import CoverageRule
from supervision.institutions import service as registry
from supervision.institutions.models import Camera, Institution, InstitutionKind, Room

_numbers = itertools.count(1)
COVERAGE = CoverageRule(
    upload_due_hours=48,
    explanation_working_days=5,
    office_closes_hour=18,
    explanation_open_days=7,
    slice_join_s=10,
    edge_tolerance_s=60,
    min_height_px=720,
    start_tolerance_hours=3,
    clock_ahead_s=600,
)


@dataclass(frozen=True)
class World:
    """One institution, one room with cameras, one class with one lesson of two minutes."""

    institution: Institution
    room: Room
    cameras: tuple[Camera, ...]
    training_class: TrainingClass
    lessons: tuple[Lesson, ...]
    slots: tuple[Slot, ...]

    @property
    def slot(self) -> Slot:
        return self.slots[0]

    def file_name(self, *, camera: int = 0, lesson: int = 0, suffix: str = "mp4") -> str:
        start = self.lessons[lesson].starts_at.astimezone(BUREAU_ZONE)
        return f"{self.cameras[camera].code}_{start:%Y%m%d%H%M%S}.{suffix}"


def make_world(
    session: Session,
    now: datetime,
    *,
    cameras: int = 1,
    lessons: int = 1,
    length: timedelta = timedelta(minutes=2),
    days_ago: int = 1,
    ends_in_days: int = 0,
    name: str = "鑫诚职业培训学校",
    department: str | None = None,
) -> World:
    """Everything through the services, under the session's scope (system)."""
    code = f"T{os.getpid()}{next(_numbers)}"
    by = {"actor": SYSTEM_ACTOR, "at": now}
    institution = registry.register_institution(
        session, code=code, name=name, kind=InstitutionKind.TRAINING, principal="赵一", legal_representative="钱二", **by
    )
    today = now.astimezone(BUREAU_ZONE).date()
    registry.add_qualification(
        session,
        institution,
        title="办学许可证",
        number=f"{code}-1",
        issued_by="古县人社局",
        valid_from=date(2020, 1, 1),
        valid_until=date(today.year + 5, 12, 31),
        **by,
    )
    registry.add_teaching_point(session, institution, code=f"{code}-P1", name="城关教学点", address="古县城关", **by)
    room = registry.add_room(session, institution, teaching_point_code=f"{code}-P1", code=f"{code}-A101", name="101教室", capacity=40, **by)
    made = tuple(
        registry.add_camera(session, institution, room_code=room.code, code=f"{code}-A101-C{n}", name=f"机位{n}", **by) for n in range(1, cameras + 1)
    )
    agreement = classes.sign_agreement(
        session,
        institution,
        number=f"{code}-{today.year}-001",
        year=today.year,
        category=Category.UNIVERSAL,
        task_persons=60,
        signed_on=today - timedelta(days=60),
        valid_from=today - timedelta(days=60),
        valid_until=today + timedelta(days=300),
        teaching_point_codes=[f"{code}-P1"],
        **by,
    )
    first = today - timedelta(days=days_ago)
    training_class = classes.open_class(
        session,
        institution,
        agreement=agreement,
        code=f"{code}-K1",
        trade="中式面点师",
        department=department,
        starts_on=first - timedelta(days=3),
        ends_on=max(first, today + timedelta(days=ends_in_days)) if ends_in_days else first,
        **by,
    )
    start = datetime(first.year, first.month, first.day, 9, tzinfo=BUREAU_ZONE)
    planned = [
        classes.PlannedLesson(
            first,
            n,
            start + (n - 1) * (length + timedelta(minutes=10)),
            start + (n - 1) * (length + timedelta(minutes=10)) + length,
            room.code,
            "孙三",
        )
        for n in range(1, lessons + 1)
    ]
    filed = classes.file_timetable(session, institution, training_class, planned, **by)
    footage.plan_slots(session, filed, COVERAGE, **by)
    session.flush()
    from sqlalchemy import select

    slots = session.scalars(select(Slot).where(Slot.institution_id == institution.id).order_by(Slot.natural_id)).all()
    return World(institution, room, made, training_class, tuple(filed), tuple(slots))
