"""What clients send to and get from the registry. R40–R42, R68, R74, R75, R77."""

from datetime import date, time
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from supervision.classes.models import Category
from supervision.institutions.models import InstitutionKind, Tier

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Text = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True)]


class NewInstitution(BaseModel):
    code: Code
    name: Name
    kind: InstitutionKind
    principal: Name
    legal_representative: Name
    address: Text = ""


class InstitutionOut(BaseModel):
    id: UUID
    code: str
    name: str
    kind: str
    status: str
    principal: str
    legal_representative: str
    address: str


class NewQualification(BaseModel):
    title: Name
    number: Name
    issued_by: Name
    valid_from: date
    valid_until: date


class NewTier(BaseModel):
    tier: Tier
    from_on: date
    document: Name


class NewTeachingPoint(BaseModel):
    code: Code
    name: Name
    address: Text


class NewRoom(BaseModel):
    teaching_point: Code
    code: Code
    name: Name
    capacity: Annotated[int, Field(ge=1, le=2000)]


class NewCamera(BaseModel):
    room: Code
    code: Code
    name: Name
    serial: Text = ""


class NewAgreement(BaseModel):
    number: Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]
    year: Annotated[int, Field(ge=2000, le=2100)]
    category: Category
    task_persons: Annotated[int, Field(ge=1, le=100_000)]
    signed_on: date
    valid_from: date
    valid_until: date
    teaching_points: Annotated[list[Code], Field(min_length=1, max_length=50)]
    selected_by: Text = ""  # R80; empty: the bureau
    selection_document: Text = ""  # R39
    funds_used_by: Text = ""  # R80; empty: the bureau


class NewClass(BaseModel):
    agreement: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    code: Code
    trade: Name
    department: Text | None = None
    starts_on: date
    ends_on: date


class NewLesson(BaseModel):
    on: date
    number: Annotated[int, Field(ge=1, le=20)]
    begins: time
    ends: time
    room: Code
    teacher: Name
    topic: Text = ""


class NewTimetable(BaseModel):
    lessons: Annotated[list[NewLesson], Field(min_length=1, max_length=500)]


class Sign(BaseModel):
    lesson: Name
    id_number: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    signed_in_at: AwareDatetime
    signed_out_at: AwareDatetime | None = None
    device: Annotated[str, StringConstraints(max_length=100)] = ""


class Signs(BaseModel):
    records: Annotated[list[Sign], Field(min_length=1, max_length=1000)]


class Made(BaseModel):
    """What was entered: its id and natural code."""

    id: UUID
    code: str


class TimetableOut(BaseModel):
    lessons: int
    slots: int


class ImportedOut(BaseModel):
    added: int
    known: int


class InstitutionDetail(InstitutionOut):
    qualifications: list[dict[str, str]]
    teaching_points: list[dict[str, str]]
    rooms: list[dict[str, str | int]]
    cameras: list[dict[str, str | bool]]
    agreements: list[dict[str, str | int]]
    classes: list[dict[str, str]]
