"""A county in which places and extensions are applied for and decided, with a clock that the test moves."""

import io
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from PIL import Image
from sqlalchemy.orm import Session

from compliance.approvals import deciding, service
from compliance.approvals.deciding import Officer, Seen
from compliance.approvals.models import Approval
from compliance.approvals.rules import ApprovalRule, Aspect, Proof
from compliance.approvals.service import ExtensionDraft, LocationDraft
from compliance.policy.book import Book
from storage.kernel.actor import SYSTEM_ACTOR, Actor
from storage.kernel.clock import BUREAU_ZONE, Clock, local_date
from supervision.classes import service as classes
from supervision.classes.models import Lesson
from supervision.findings.attachments import Given
from supervision.institutions import service as registry
from supervision.institutions.models import Camera, Room
from tests.factories.world import World, make_world

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)  # a Friday, ten in the morning at the bureau
RULE = Book.load().read(ApprovalRule, on=date(2026, 11, 20))
HEAD = Actor(kind="account", name="head", role="institution-head", id=UUID(int=51))


def officer(number: int, name: str, role: str = "bureau-officer", department: str | None = None) -> Officer:
    return Officer(Actor(kind="account", name=f"officer-{number}", role=role, id=UUID(int=number)), name, department)


CLERK, SAFETY, LEADER = officer(61, "李经办"), officer(62, "周安全", "legal-officer"), officer(63, "王局长", "bureau-leader")
OWN, OTHER = "古县农业农村局", "古县民政局"
FARM = officer(64, "田科长", "department-officer", OWN)
CIVIL = officer(65, "民科长", "department-officer", OTHER)
PAPER = Given("消防验收.pdf", b"%PDF-1.7 fire")
CLEAN = {"fire": "yes", "food": "na", "building": "yes"}


def picture(colour: str = "navy") -> Given:
    data = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(data, "PNG")
    return Given("机位.png", data.getvalue())


@dataclass
class Stage:
    session: Session
    now: datetime = NOW
    rooms: int = field(default=0)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now)

    @property
    def today(self) -> date:
        return local_date(self.now)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def world(self, **more: object) -> World:
        """A universal class that lasts for ten more days."""
        return make_world(self.session, self.now, **({"ends_in_days": 10} | more))  # type: ignore[arg-type]

    def elsewhere(self, world: World) -> Room:
        """A registered room that the agreement does not name, with one camera."""
        self.rooms += 1
        by = {"actor": SYSTEM_ACTOR, "at": self.now}
        code = f"{world.institution.code}-E{self.rooms}"
        registry.add_teaching_point(self.session, world.institution, code=code, name="乡镇文化站", address="古县岳阳镇文化站", **by)
        room = registry.add_room(self.session, world.institution, teaching_point_code=code, code=f"{code}-1", name="二楼会议室", capacity=40, **by)
        registry.add_camera(self.session, world.institution, room_code=room.code, code=f"{code}-C1", name="前机位", **by)
        return room

    def lesson(self, world: World, room: Room, *, in_days: int, hour: int = 14, number: int = 9) -> Lesson:
        day = self.today + timedelta(days=in_days)
        start = datetime(day.year, day.month, day.day, hour, tzinfo=BUREAU_ZONE)
        line = classes.PlannedLesson(day, number, start, start + timedelta(hours=1), room.code, "孙三")
        (made,) = classes.file_timetable(self.session, world.institution, world.training_class, [line], actor=HEAD, at=self.now)
        return made

    def location(self, world: World, *, room: Room | None = None, **more: object) -> Approval:
        """A whole draft of a place; `room` None: one that is not registered yet."""
        shape = {
            "reason": "城关教室装修，就近在文化站开展培训",
            "classes": (world.training_class.code,),
            "room": room.code if room else "",
            "address": "古县岳阳镇文化站",
            "room_name": "二楼会议室",
            "capacity": 40,
            "latitude_udeg": 36_266_000,
            "longitude_udeg": 111_920_000,
            "covers": "前后两个机位对角布置，无盲区",
            "from_on": self.today,
            "until_on": self.today + timedelta(days=30),
        } | more
        row = service.start(self.session, world.institution, LocationDraft(**shape), actor=HEAD, clock=self.clock)  # type: ignore[arg-type]
        own = {"institution_id": world.institution.id, "clock": self.clock}
        camera = self.session.query(Camera).filter_by(room_id=room.id).one().code if room else ""
        service.add_camera(self.session, row.code, name="前机位", shows="讲台和前三排", camera=camera, picture=picture(), **own)
        for proof in (Proof.FIRE, Proof.BUILDING):
            service.add_proof(self.session, row.code, proof, "", [PAPER], actor=HEAD, **own)
        return row

    def extension(self, world: World, days: int, **more: object) -> Approval:
        ends_on = world.training_class.ends_on
        shape = {
            "reason": "学员基础薄弱",
            "classes": (world.training_class.code,),
            "days": days,
            "until_on": ends_on + timedelta(days=max(days, 1)),
        } | more
        return service.start(self.session, world.institution, ExtensionDraft(**shape), actor=HEAD, clock=self.clock)  # type: ignore[arg-type]

    def submit(self, row: Approval) -> Approval:
        return service.submit(self.session, row.code, institution_id=row.institution_id, rule=RULE, actor=HEAD, clock=self.clock)

    def accept(self, row: Approval, by: Officer = CLERK) -> Approval:
        return deciding.accept(self.session, row.code, by=by, rule=RULE, clock=self.clock)

    def visit(self, row: Approval, by: Officer = CLERK) -> Approval:
        seen = Seen("李经办、周安全", True, CLEAN, "通道畅通，灭火器在有效期内")
        return deciding.record_visit(self.session, row.code, seen, [picture("green")], by=by, clock=self.clock)

    def assess(self, row: Approval, aspect: Aspect, by: Officer, *, passed: bool = True) -> Approval:
        return deciding.assess(self.session, row.code, aspect, passed=passed, note="逐项核对", by=by, clock=self.clock)

    def approve(self, row: Approval, by: Officer = LEADER, *, conditions: str = "") -> Approval:
        return deciding.approve(self.session, row.code, conditions=conditions, by=by, rule=RULE, clock=self.clock)

    def assessed(self, row: Approval, *, quality: bool = True, safety: bool = True) -> Approval:
        """A draft of a place on its way to the decision."""
        self.accept(self.submit(row))
        self.visit(row)
        self.assess(row, Aspect.QUALITY, CLERK, passed=quality)
        return self.assess(row, Aspect.SAFETY, SAFETY, passed=safety)

    def extended(self, row: Approval, by: Officer = CLERK) -> Approval:
        """A draft of an extension, approved."""
        self.accept(self.submit(row), by)
        self.assess(row, Aspect.QUALITY, by)
        return self.approve(row, by)
