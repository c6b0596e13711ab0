"""What everybody may read: the directory with status, tier and reasons, exclusions, published findings. R48, R49, R67; G23.

Everything here runs under the public row scope and names its columns one by one: codes, names of institutions and places, dates and document numbers.
No free text and no name of a person is ever selected; `tests/integration/site/test_public_scope.py` looks for them in every public answer.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from compliance.publication.errors import InstitutionNotListed
from compliance.rating.queries import published as published_ratings
from compliance.rating.words import plainest
from supervision.classes.models import TrainingClass
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.findings.rules import DefectCode, Severity
from supervision.institutions.models import (
    Bar,
    CreditTier,
    DirectoryExclusion,
    Institution,
    InstitutionKind,
    InstitutionStatus,
    Lifted,
    RunningClasses,
    TeachingPoint,
    Tier,
)

MOST_REASONS: Final = 3
MOST_CLASSES: Final = 50


@dataclass(frozen=True, slots=True)
class PublicReason:
    """Why an institution stands as it does, as a code with a figure: pages and feeds put it into words. `clause` of the county's document."""

    code: str
    clause: str
    value: int = 0
    limit: int = 0
    floor: str = ""  # no better tier than this because of it


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What a published decision of the exit stage forbids, in force or ended. `document` is its number, `ground` the code of the trigger.

    `until_on`: the first day on which it may end; `ended_on` with why and by which document once it has.
    """

    institution_code: str
    institution: str
    document: str
    bar: Bar
    ground: str
    clause: str
    running_classes: RunningClasses
    from_on: date
    until_on: date
    ended_on: date | None
    ended_why: Lifted | None
    ended_document: str

    @property
    def in_force(self) -> bool:
        return self.ended_on is None


@dataclass(frozen=True, slots=True)
class Listed:
    """One institution of the directory."""

    id: UUID
    code: str
    name: str
    kind: InstitutionKind
    status: InstitutionStatus
    address: str
    tier: str  # A to D, or empty while none is published
    tier_from_on: date | None
    tier_document: str
    trades: tuple[str, ...]
    places: tuple[tuple[str, str], ...]  # (name, address)
    findings: int
    reasons: tuple[PublicReason, ...]


@dataclass(frozen=True, slots=True)
class PublicFinding:
    """A published finding of one institution; built from codes."""

    code: str
    institution_code: str
    institution: str
    defect: DefectCode
    clause: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Course:
    """A class that began or will: trade and days. Rosters and timetables are not public."""

    trade: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for; empty means everything."""

    words: str = ""  # in the name or code
    trade: str = ""
    place: str = ""  # in the name or address of a teaching point, or the institution's address
    status: InstitutionStatus | None = None
    tier: Tier | None = None


def directory(session: Session, on: date, wanted: Wanted = Wanted(), *, after: str = "", limit: int = 20) -> list[Listed]:
    """Institutions by code, at most `limit` beyond `after`."""
    query = select(Institution).order_by(Institution.code).limit(limit)
    query = query.where(*_conditions(wanted, on))
    if after:
        query = query.where(Institution.code > after)
    return _listed(session, session.scalars(query).all(), on)


def count(session: Session, on: date, wanted: Wanted = Wanted()) -> int:
    """How many institutions match."""
    return session.scalar(select(func.count()).select_from(Institution).where(*_conditions(wanted, on))) or 0


def listed(session: Session, code: str, on: date) -> Listed:
    """One institution by its stable code. Raises: InstitutionNotListed."""
    row = session.scalars(select(Institution).where(Institution.code == code)).one_or_none()
    if row is None:
        raise InstitutionNotListed(institution=code)
    return _listed(session, [row], on)[0]


def trades(session: Session, *, limit: int = 200) -> Sequence[str]:
    """Every trade that is or was taught, for the choice."""
    return session.scalars(select(TrainingClass.trade).distinct().order_by(TrainingClass.trade).limit(limit)).all()


def courses(session: Session, institution_id: UUID, *, ends_from: date) -> list[Course]:
    """Classes that run or are to come, by first day."""
    rows = session.execute(
        select(TrainingClass.trade, TrainingClass.starts_on, TrainingClass.ends_on)
        .where(TrainingClass.institution_id == institution_id, TrainingClass.ends_on >= ends_from)
        .order_by(TrainingClass.starts_on, TrainingClass.code)
        .limit(MOST_CLASSES)
    )
    return [Course(*row) for row in rows]


def findings(session: Session, *, institution_id: UUID | None = None, before: str = "", limit: int = 50) -> list[PublicFinding]:
    """Published findings, newest first."""
    query = (
        select(Finding.code, Institution.code, Institution.name, Finding.defect, Finding.clause, Finding.severity)
        .join(Institution, Institution.id == Finding.institution_id)
        .where(Finding.state == FindingState.PUBLISHED)
        .order_by(Finding.code.desc())
        .limit(limit)
    )
    if institution_id is not None:
        query = query.where(Finding.institution_id == institution_id)
    if before:
        query = query.where(Finding.code < before)
    return [PublicFinding(*row) for row in session.execute(query)]


def tiers_on(session: Session, institution_ids: Sequence[UUID], on: date) -> dict[UUID, tuple[str, date, str]]:
    """Institution id → (tier, since, document) in force on a day."""
    rows = session.execute(
        select(CreditTier.institution_id, CreditTier.tier, CreditTier.from_on, CreditTier.document)
        .ext(distinct_on(CreditTier.institution_id))
        .where(CreditTier.institution_id.in_(institution_ids), CreditTier.from_on <= on)
        .order_by(CreditTier.institution_id, CreditTier.from_on.desc())
    )
    return {row[0]: (row[1].value, row[2], row[3]) for row in rows}


def reasons_of(session: Session, institution_ids: Sequence[UUID]) -> dict[UUID, tuple[PublicReason, ...]]:
    """Up to three plain reasons for each institution: those of its published rating, otherwise its published findings by severity."""
    counted = _finding_reasons(session, institution_ids)
    if not institution_ids:
        return counted
    rated = {
        one.institution_id: tuple(
            PublicReason(str(reason["code"]), str(reason["clause"]), int(reason["value"]), int(reason["limit"]), str(reason["floor"] or ""))
            for reason in plainest(one.reasons)
        )
        for one in published_ratings(session, institution_ids=institution_ids)
    }
    return counted | rated


def _finding_reasons(session: Session, institution_ids: Sequence[UUID]) -> dict[UUID, tuple[PublicReason, ...]]:
    rows = session.execute(
        select(Finding.institution_id, Finding.severity, func.count())
        .where(Finding.institution_id.in_(institution_ids), Finding.state == FindingState.PUBLISHED)
        .group_by(Finding.institution_id, Finding.severity)
    )
    worst = [Severity.SERIOUS, Severity.GENERAL, Severity.MINOR]
    found: defaultdict[UUID, list[tuple[int, PublicReason]]] = defaultdict(list)
    for institution_id, severity, number in rows:
        found[institution_id].append((worst.index(severity), PublicReason(f"findings-{severity.value}", "R67", number)))
    return {key: tuple(reason for _, reason in sorted(told, key=lambda pair: pair[0])[:MOST_REASONS]) for key, told in found.items()}


def exclusions(session: Session, *, institution_id: UUID | None = None, limit: int = 200) -> list[Exclusion]:
    """Published exclusions and restrictions (R43, R47, R67): those in force first, newest first. Who signed is not public and not selected."""
    query = (
        select(
            Institution.code,
            Institution.name,
            DirectoryExclusion.decision_number,
            DirectoryExclusion.bar,
            DirectoryExclusion.ground,
            DirectoryExclusion.clause,
            DirectoryExclusion.running_classes,
            DirectoryExclusion.from_on,
            DirectoryExclusion.until_on,
            DirectoryExclusion.lifted_on,
            DirectoryExclusion.lifted_why,
            DirectoryExclusion.lifted_document,
        )
        .join(Institution, Institution.id == DirectoryExclusion.institution_id)
        .where(DirectoryExclusion.published_at.is_not(None))
        .order_by(DirectoryExclusion.lifted_on.is_not(None), DirectoryExclusion.from_on.desc(), DirectoryExclusion.id.desc())
        .limit(limit)
    )
    if institution_id is not None:
        query = query.where(DirectoryExclusion.institution_id == institution_id)
    return [Exclusion(*list(row)) for row in session.execute(query)]


def _conditions(wanted: Wanted, on: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.words:
        found.append(Institution.name.icontains(wanted.words, autoescape=True) | Institution.code.icontains(wanted.words, autoescape=True))
    if wanted.trade:
        taught = TrainingClass.trade.icontains(wanted.trade, autoescape=True)
        found.append(exists().where(TrainingClass.institution_id == Institution.id, taught))
    if wanted.place:
        here = TeachingPoint.address.icontains(wanted.place, autoescape=True) | TeachingPoint.name.icontains(wanted.place, autoescape=True)
        found.append(
            exists().where(TeachingPoint.institution_id == Institution.id, here) | Institution.address.icontains(wanted.place, autoescape=True)
        )
    if wanted.status is not None:
        found.append(Institution.status == wanted.status)
    if wanted.tier is not None:
        newest = (
            select(CreditTier.tier)
            .where(CreditTier.institution_id == Institution.id, CreditTier.from_on <= on)
            .order_by(CreditTier.from_on.desc())
            .limit(1)
            .scalar_subquery()
        )
        found.append(newest == wanted.tier)
    return found


def _listed(session: Session, rows: Sequence[Institution], on: date) -> list[Listed]:
    ids = [row.id for row in rows]
    tiers, reasons = tiers_on(session, ids, on), reasons_of(session, ids)
    taught: defaultdict[UUID, list[str]] = defaultdict(list)
    for owner, trade in session.execute(
        select(TrainingClass.institution_id, TrainingClass.trade)
        .distinct()
        .where(TrainingClass.institution_id.in_(ids))
        .order_by(TrainingClass.institution_id, TrainingClass.trade)
    ):
        taught[owner].append(trade)
    places: defaultdict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for owner, name, address in session.execute(
        select(TeachingPoint.institution_id, TeachingPoint.name, TeachingPoint.address)
        .where(TeachingPoint.institution_id.in_(ids))
        .order_by(TeachingPoint.code)
    ):
        places[owner].append((name, address))
    published = dict(
        session.execute(
            select(Finding.institution_id, func.count())
            .where(Finding.institution_id.in_(ids), Finding.state == FindingState.PUBLISHED)
            .group_by(Finding.institution_id)
        ).all()
    )
    made = []
    for row in rows:
        tier, since, document = tiers.get(row.id, ("", None, ""))
        made.append(
            Listed(
                row.id,
                row.code,
                row.name,
                row.kind,
                row.status,
                row.address,
                tier,
                since,
                document,
                tuple(taught[row.id]),
                tuple(places[row.id]),
                published.get(row.id, 0),
                reasons.get(row.id, ()),
            )
        )
    return made
