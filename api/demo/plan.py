"""What the demo tells: institutions, places, classes, lessons, who signed in, and which recording each camera delivers. Data only."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from api.auth.roles import Role
from api.demo.recorder import Container, Film
from api.demo.rooms import RoomLook
from supervision.classes.models import Category
from supervision.institutions.models import InstitutionKind


class Conduct(StrEnum):
    """Why an institution is in the story."""

    HONEST = "honest"
    CARELESS = "careless"
    CHEATING = "cheating"
    EVALUATING = "evaluating"


DEPARTMENT: Final = "古县农业农村局"  # organises the universal class; its officer sees that class alone


@dataclass(frozen=True, slots=True)
class QualificationPlan:
    title: str
    number: str
    issued_by: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """`look` is what this camera sees of its room."""

    code: str
    name: str
    serial: str
    look: RoomLook


@dataclass(frozen=True, slots=True)
class RoomPlan:
    code: str
    name: str
    capacity: int
    cameras: tuple[CameraPlan, ...]


@dataclass(frozen=True, slots=True)
class TeachingPointPlan:
    code: str
    name: str
    address: str
    rooms: tuple[RoomPlan, ...]


@dataclass(frozen=True, slots=True)
class AgreementPlan:
    """`locations` are the teaching points fixed in it (R77); a room elsewhere is a wrong place."""

    number: str
    year: int
    category: Category
    task_persons: int
    signed_on: date
    valid_from: date
    valid_until: date
    locations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TraineePlan:
    name: str
    id_number: str
    group: str
    phone: str


@dataclass(frozen=True, slots=True)
class SignPlan:
    id_number: str
    signed_in_at: datetime
    signed_out_at: datetime
    device: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """The recording `file_name` of the same institution once more: its very bytes, or its packets in another container."""

    file_name: str
    container: Container | None = None


@dataclass(frozen=True, slots=True)
class RealClip:
    """A file that really came from a camera. `path` is an MP4; `credit` must be shown wherever it is."""

    path: Path
    name: str
    seconds: float
    credit: str


@dataclass(frozen=True, slots=True)
class FootagePlan:
    """One file that the institution delivers. `start_at` is what its recorder's name claims."""

    camera_code: str
    file_name: str
    start_at: datetime
    source: Film | Repeat | RealClip


@dataclass(frozen=True, slots=True)
class LessonPlan:
    """`expects` names what supervision should notice: nothing for an honest lesson."""

    on: date
    number: int
    class_code: str
    room_code: str
    teacher: str
    topic: str
    starts_at: datetime
    ends_at: datetime
    signs: tuple[SignPlan, ...]
    footage: tuple[FootagePlan, ...]
    expects: tuple[str, ...] = ()

    @property
    def natural_id(self) -> str:
        return f"{self.class_code}/{self.on.isoformat()}/{self.number}"


@dataclass(frozen=True, slots=True)
class ClassPlan:
    code: str
    agreement_number: str
    trade: str
    department: str | None
    starts_on: date
    ends_on: date
    trainees: tuple[TraineePlan, ...]
    lessons: tuple[LessonPlan, ...]


@dataclass(frozen=True, slots=True)
class InstitutionPlan:
    code: str
    name: str
    kind: InstitutionKind
    conduct: Conduct
    principal: str
    legal_representative: str
    address: str
    qualifications: tuple[QualificationPlan, ...]
    teaching_points: tuple[TeachingPointPlan, ...] = ()
    agreements: tuple[AgreementPlan, ...] = ()
    classes: tuple[ClassPlan, ...] = ()

    @property
    def lessons(self) -> Iterator[LessonPlan]:
        return (lesson for group in self.classes for lesson in group.lessons)

    @property
    def footage(self) -> Iterator[FootagePlan]:
        return (footage for lesson in self.lessons for footage in lesson.footage)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """`password` is made when the plan is: it stands in no source and no repository."""

    login: str
    display_name: str
    role: Role
    institution_code: str | None
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoPlan:
    today: date
    institutions: tuple[InstitutionPlan, ...]

    @property
    def drawn_until(self) -> date:
        """Lessons up to this day are drawn from; those of the last two days are still being recorded and sent meanwhile."""
        return self.today - timedelta(days=3)

    def files(self, until: date | None = None) -> set[tuple[str, str]]:
        """(institution code, file name) of all files, or of lessons up to a day."""
        return {
            (institution.code, footage.file_name)
            for institution in self.institutions
            for lesson in institution.lessons
            for footage in lesson.footage
            if until is None or lesson.on <= until
        }

    @property
    def films(self) -> list[Film]:
        """Every recording that must be made, each once."""
        return list(dict.fromkeys(f.source for i in self.institutions for f in i.footage if isinstance(f.source, Film)))

    @property
    def play_time_s(self) -> int:
        """Seconds that the delivered rendered files play, repeats included."""
        own = {f.file_name: f.source.recorded_s for i in self.institutions for f in i.footage if isinstance(f.source, Film)}
        return sum(own.values()) + sum(own[f.source.file_name] for i in self.institutions for f in i.footage if isinstance(f.source, Repeat))
