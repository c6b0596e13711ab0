"""What clients send to and get from exit cases. R43–R47; domain.md 2.3.5."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from compliance.exit.lifecycle import ChallengeEvent
from compliance.exit.models import ChallengeKind
from compliance.exit.rules import Effect
from supervision.institutions.models import RunningClasses
from supervision.outcomes.models import AuditLevel

Words = Annotated[str, StringConstraints(min_length=2, max_length=8000, strip_whitespace=True)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Maybe = Annotated[str, StringConstraints(max_length=8000, strip_whitespace=True)]
Points = Annotated[list[Words], Field(min_length=1, max_length=20)]
Months = Annotated[int, Field(ge=0, le=120)]


class NewProblem(BaseModel):
    """A problem of an audit or inspection; with `major` it opens a case. The caller classifies it and gives the reason (Q7)."""

    institution_id: UUID
    issuer: Short
    level: AuditLevel
    document: Short
    issued_on: date
    summary: Words
    major: bool
    reason: Words


class Escalation(BaseModel):
    finding: Short
    reason: Words


class Submission(BaseModel):
    reasons: Words
    effect: Effect
    months: Months = 0


class LegalReview(BaseModel):
    checks: dict[str, bool]
    opinion: Words
    passed: bool


class Statement(BaseModel):
    points: Points


class Reasoned(BaseModel):
    reason: Words


class HearingCall(BaseModel):
    hearing_at: AwareDatetime
    place: Short


class HearingRecord(BaseModel):
    record: Words
    points: Annotated[list[Words], Field(max_length=20)] = []


class Recheck(BaseModel):
    opinion: Words
    stands: bool


class Proposal(BaseModel):
    reasons: Words
    effect: Effect
    months: Months = 0
    running_classes: RunningClasses | None = None
    answers: list[Words] = []
    collective: Maybe = ""


class Service(BaseModel):
    how: Short
    received_by: Short


class Revocation(BaseModel):
    reason: Words
    document: Short


class Correction(BaseModel):
    how: Words
    corrected: bool


class NewChallenge(BaseModel):
    kind: ChallengeKind
    authority: Short
    document: Short
    filed_on: date
    late_reason: Maybe = ""


class ChallengeOutcome(BaseModel):
    event: ChallengeEvent
    document: Short
    decided_on: date
    months: Months = 0


class Assessment(BaseModel):
    checks: dict[str, bool]
    notes: dict[str, Words]


class Readmission(BaseModel):
    admitted: bool
    reasons: Words


class Listing(BaseModel):
    list_name: Short
    authority: Short
    source_document: Short
    entry_name: Short
    entry_code: Annotated[str, StringConstraints(max_length=40)] = ""
    listed_on: date
    until_on: date | None = None
    institution_id: UUID | None = None


class PaperOut(BaseModel):
    id: UUID
    kind: str
    number: str
    at: datetime
    author: str
    sha256: str


class ExitOut(BaseModel):
    code: str
    institution_id: UUID
    trigger: str
    year: int
    state: str
    detected_at: datetime
    numerator: int | None
    denominator: int | None
    limit_permille: int | None
    again_numerator: int | None
    again_denominator: int | None
    statement_until: datetime | None
    hearing_until: datetime | None
    effect: str | None
    months: int
    from_on: date | None
    until_on: date | None
    turn: str | None = None
    turn_party: Literal["bureau", "institution"] | None = None
    turn_until: datetime | None = None
    papers: list[PaperOut] = []


class ExclusionOut(BaseModel):
    """Public: institution, ground, clause, decision, term, and why it ended. No word about a person."""

    institution: str
    institution_code: str
    bar: str
    ground: str
    clause: str
    decision: str
    from_on: date
    until_on: date
    lifted_on: date | None
    lifted_why: str | None
    lifted_document: str


class SheetOut(BaseModel):
    kind: str
    sha256: str
    content: dict[str, Any]  # Any: the sheet's own fields
