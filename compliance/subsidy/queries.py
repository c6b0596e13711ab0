"""What pages ask of subsidies: classes with their certificate and claim, the year's portfolio, the payment watch. R13, R19, R24, R27, R28, R94."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from compliance.subsidy.assessment import money_at_risk
from compliance.subsidy.deadlines import DeadlineRule, Duty, Standing, payment_duty, startup_duty
from compliance.subsidy.facts import Rules, facts_of
from compliance.subsidy.lifecycle import ENDED_WITHOUT_PAYMENT, ClaimState
from compliance.subsidy.models import ArchivedPaper, CertificateIssue, SubsidyCertificate, SubsidyClaim, SubsidyPayment
from compliance.subsidy.portfolio import Check, Planned, PortfolioRule, check, not_all_at_the_cap
from compliance.subsidy.rules import Programme
from storage.kernel.clock import BUREAU_ZONE, local_date
from supervision.classes.models import Category, Lesson, TrainingAgreement, TrainingClass
from supervision.institutions.models import Institution
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import Completion, EmploymentEvidence, EvidenceKind, Result, TaskReduction

MOST_CLASSES: Final = 500  # of one page; the county has some dozens a year
MOST_CLASSES_A_YEAR: Final = 2000
MOST_AT_RISK: Final = 20  # classes reckoned for the front page


def classes(*, institution_id: UUID | None = None, words: str = "", year: int | None = None) -> Select[TrainingClass]:
    """The query of the list of classes; the caller pages it."""
    query = (
        select(TrainingClass)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .join(Institution, Institution.id == TrainingClass.institution_id)
    )
    if institution_id is not None:
        query = query.where(TrainingClass.institution_id == institution_id)
    if year is not None:
        query = query.where(TrainingAgreement.year == year)
    if words:
        query = query.where(
            TrainingClass.code.icontains(words, autoescape=True)
            | TrainingClass.trade.icontains(words, autoescape=True)
            | Institution.name.icontains(words, autoescape=True)
        )
    return query


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a class in a list."""

    institution: str
    category: str
    certificate: SubsidyCertificate | None
    issue: CertificateIssue | None
    claim: SubsidyClaim | None
    paid_yuan: int


def beside(session: Session, rows: Sequence[TrainingClass]) -> Mapping[UUID, Beside]:
    """Certificate, its newest issue, and the live claim of some classes."""
    ids = [row.id for row in rows]
    names = session.execute(
        select(TrainingClass.id, Institution.name, TrainingAgreement.category)
        .join(Institution, Institution.id == TrainingClass.institution_id)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .where(TrainingClass.id.in_(ids))
    ).all()
    certificates = {c.class_id: c for c in session.scalars(select(SubsidyCertificate).where(SubsidyCertificate.class_id.in_(ids)))}
    numbers = [c.issued_number for c in certificates.values() if c.issued_number]
    issues = {i.number: i for i in session.scalars(select(CertificateIssue).where(CertificateIssue.number.in_(numbers)))}
    claims = {c.class_id: c for c in session.scalars(_live().where(SubsidyClaim.class_id.in_(ids)))}
    paid = paid_of(session, [c.id for c in claims.values()])
    found: dict[UUID, Beside] = {}
    for class_id, name, category in names:
        certificate, claim = certificates.get(class_id), claims.get(class_id)
        issue = issues.get(certificate.issued_number) if certificate else None
        found[class_id] = Beside(name, category.value, certificate, issue, claim, paid.get(claim.id, 0) if claim else 0)
    return found


def _live() -> Select[SubsidyClaim]:
    return select(SubsidyClaim).where(SubsidyClaim.state.not_in(ENDED_WITHOUT_PAYMENT))


def paid_of(session: Session, claim_ids: Sequence[UUID], *, until: date | None = None) -> Mapping[UUID, int]:
    """Sums of payments by claim; with `until`, of those made no later than that day."""
    query = select(SubsidyPayment.claim_id, func.sum(SubsidyPayment.amount_yuan)).where(SubsidyPayment.claim_id.in_(claim_ids))
    if until is not None:
        query = query.where(SubsidyPayment.paid_on <= until)
    rows = session.execute(query.group_by(SubsidyPayment.claim_id))
    return {claim_id: int(total) for claim_id, total in rows}


@dataclass(frozen=True, slots=True)
class Money:
    """What one class that ended is worth in yuan, and what of it was paid. `waits`: nobody has claimed it, and it may be worth something."""

    owed_yuan: int
    paid_yuan: int
    waits: bool


def money_of_year(session: Session, year: int, on: date) -> dict[UUID, Money]:
    """Class id → its money, for classes of the year's agreements that ended by `on` (R87, R94).

    Owed is what was approved, else checked, else claimed by the end of that day, else what the newest certificate allows to claim.
    """
    ids = session.scalars(
        select(TrainingClass.id)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .where(TrainingAgreement.year == year, TrainingClass.ends_on <= on)
        .order_by(TrainingClass.code)
        .limit(MOST_CLASSES_A_YEAR)
    ).all()
    night = datetime.combine(on + timedelta(days=1), time(0), BUREAU_ZONE)
    claimed = {row.class_id: row for row in session.scalars(_live().where(SubsidyClaim.class_id.in_(ids), SubsidyClaim.submitted_at < night))}
    paid = paid_of(session, [row.id for row in claimed.values()], until=on)
    certified = session.execute(
        select(SubsidyCertificate.class_id, CertificateIssue.amount_yuan)
        .join(CertificateIssue, CertificateIssue.number == SubsidyCertificate.issued_number)
        .where(SubsidyCertificate.class_id.in_(ids))
    )
    allowed: dict[UUID, int] = {row[0]: row[1] for row in certified}
    found: dict[UUID, Money] = {}
    for ident in ids:
        claim = claimed.get(ident)
        if claim is None:
            found[ident] = Money(allowed.get(ident, 0), 0, waits=allowed.get(ident) != 0)
        else:
            found[ident] = Money(claim.approved_yuan or claim.checked_yuan or claim.claimed_yuan, paid.get(claim.id, 0), waits=False)
    return found


def claims(*, institution_id: UUID | None = None, state: ClaimState | None = None, words: str = "") -> Select[SubsidyClaim]:
    """The query of the list of claims; the caller pages it."""
    query = (
        select(SubsidyClaim)
        .join(TrainingClass, TrainingClass.id == SubsidyClaim.class_id)
        .join(Institution, Institution.id == SubsidyClaim.institution_id)
    )
    if institution_id is not None:
        query = query.where(SubsidyClaim.institution_id == institution_id)
    if state is not None:
        query = query.where(SubsidyClaim.state == state)
    if words:
        query = query.where(SubsidyClaim.code.icontains(words, autoescape=True) | Institution.name.icontains(words, autoescape=True))
    return query


def claims_of_class(session: Session, class_id: UUID) -> Sequence[SubsidyClaim]:
    """All claims of a class, newest first."""
    return session.scalars(select(SubsidyClaim).where(SubsidyClaim.class_id == class_id).order_by(SubsidyClaim.id.desc())).all()


def payments_of(session: Session, claim_id: UUID) -> Sequence[SubsidyPayment]:
    """Payments of a claim, oldest first."""
    return session.scalars(select(SubsidyPayment).where(SubsidyPayment.claim_id == claim_id).order_by(SubsidyPayment.id)).all()


def archive_of(session: Session, class_id: UUID) -> Sequence[ArchivedPaper]:
    """The papers of a class's archive, oldest first."""
    return session.scalars(select(ArchivedPaper).where(ArchivedPaper.class_id == class_id).order_by(ArchivedPaper.id)).all()


def portfolio(session: Session, year: int, rule: PortfolioRule, *, institution_id: UUID | None = None) -> tuple[Check, ...]:
    """The shares of a programme year: of the county against its whole task, or of one institution against its agreements less reductions."""
    reduced = select(TaskReduction.agreement_id, func.sum(TaskReduction.persons).label("persons")).group_by(TaskReduction.agreement_id).subquery()
    agreements = session.execute(
        _own(
            select(TrainingAgreement.category, func.sum(TrainingAgreement.task_persons - func.coalesce(reduced.c.persons, 0)))
            .outerjoin(reduced, reduced.c.agreement_id == TrainingAgreement.id)
            .where(TrainingAgreement.year == year),
            institution_id,
        ).group_by(TrainingAgreement.category)
    ).all()
    tasks = {category: int(persons) for category, persons in agreements}
    task = rule.target_trained_count if institution_id is None else sum(tasks.values())
    planned = [one for _, one in _planned(session, year, institution_id)]
    return check(planned, task=task, enterprise_task=tasks.get(Category.ENTERPRISE, 0), rule=rule)


def caps(session: Session, year: int, rule: PortfolioRule) -> tuple[Check, dict[str, tuple[int, Check]]]:
    """R19 of the county, and by institution code with the number of its universal classes that have a timetable."""
    planned = _planned(session, year, None)
    of: dict[str, list[Planned]] = {}
    for owner, one in planned:
        if one.programme is Programme.UNIVERSAL and one.days > 0:
            of.setdefault(owner, []).append(one)
    found = {owner: (len(own), not_all_at_the_cap(own, rule)) for owner, own in sorted(of.items())}
    return not_all_at_the_cap([one for _, one in planned], rule), found


def _planned(session: Session, year: int, institution_id: UUID | None) -> list[tuple[str, Planned]]:
    """(institution code, class with the days of its timetable and the persons who completed)."""
    days = (
        select(Lesson.class_id, func.count(func.distinct(func.date(func.timezone(BUREAU_ZONE.key, Lesson.starts_at)))).label("days"))
        .where(Lesson.cancelled_at.is_(None))
        .group_by(Lesson.class_id)
        .subquery()
    )
    trained = (
        select(Completion.class_id, func.count().label("people"))
        .where(Completion.result != Result.WITHDRAWN)
        .group_by(Completion.class_id)
        .subquery()
    )
    rows = session.execute(
        _own(
            select(
                Institution.code, TrainingClass.code, TrainingAgreement.category, func.coalesce(days.c.days, 0), func.coalesce(trained.c.people, 0)
            )
            .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
            .join(Institution, Institution.id == TrainingClass.institution_id)
            .outerjoin(days, days.c.class_id == TrainingClass.id)
            .outerjoin(trained, trained.c.class_id == TrainingClass.id)
            .where(TrainingAgreement.year == year),
            institution_id,
        ).order_by(TrainingClass.code)
    ).all()
    return [(owner, Planned(code, Programme(category.value), int(count), int(people))) for owner, code, category, count, people in rows]


def _own(query: Any, institution_id: UUID | None) -> Any:  # Any: selects of several shapes
    return query if institution_id is None else query.where(TrainingAgreement.institution_id == institution_id)


@dataclass(frozen=True, slots=True)
class Watched:
    """One class that is to be paid for. `step`: unclaimed, submitted, checked, approved, paid."""

    code: str
    institution: str
    year: int
    step: str
    claim: SubsidyClaim | None
    outstanding_yuan: int | None
    duty: Duty


def payment_watch(session: Session, rule: DeadlineRule, *, on: date, institution_id: UUID | None = None) -> list[Watched]:
    """Classes that ended and are not paid for, the most urgent first (R94). Those of the running year stand at the end."""
    query = (
        select(TrainingClass, TrainingAgreement.year)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .where(TrainingClass.ends_on < on)
        .order_by(TrainingAgreement.year, TrainingClass.code)
        .limit(MOST_CLASSES)
    )
    live = select(SubsidyClaim.class_id).where(SubsidyClaim.state == ClaimState.PAID)
    query = query.where(TrainingClass.id.not_in(live))
    if institution_id is not None:
        query = query.where(TrainingClass.institution_id == institution_id)
    rows = session.execute(query).all()
    known = beside(session, [row for row, _ in rows])
    found = []
    for row, year in rows:
        claim = known[row.id].claim
        outstanding = None if claim is None else (claim.approved_yuan or claim.checked_yuan or claim.claimed_yuan) - known[row.id].paid_yuan
        step = claim.state.value if claim else "unclaimed"
        found.append(Watched(row.code, known[row.id].institution, year, step, claim, outstanding, payment_duty(year, paid=False, on=on, rule=rule)))
    return sorted(found, key=lambda one: (one.duty.days_left, one.code))


@dataclass(frozen=True, slots=True)
class StartupWatched:
    """A start-up class and whether one of its trainees has a licence."""

    code: str
    institution: str
    licences: int
    duty: Duty


def startup_watch(session: Session, rule: DeadlineRule, *, on: date, institution_id: UUID | None = None) -> list[StartupWatched]:
    """Start-up classes that ended, those without a success first (R28). A licence counts once it was verified."""
    query = (
        select(TrainingClass, Institution.name)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .join(Institution, Institution.id == TrainingClass.institution_id)
        .where(TrainingAgreement.category == Category.STARTUP, TrainingClass.ends_on < on)
        .order_by(TrainingClass.ends_on.desc(), TrainingClass.code)
        .limit(MOST_CLASSES)
    )
    if institution_id is not None:
        query = query.where(TrainingClass.institution_id == institution_id)
    rows = session.execute(query).all()
    licences: dict[UUID, list[date]] = {}
    for class_id, day in session.execute(
        select(EmploymentEvidence.class_id, EmploymentEvidence.employed_on).where(
            EmploymentEvidence.class_id.in_([row.id for row, _ in rows]),
            EmploymentEvidence.kind == EvidenceKind.LICENCE,
            EmploymentEvidence.state == EvidenceState.VERIFIED,
        )
    ):
        licences.setdefault(class_id, []).append(day)
    found = [
        StartupWatched(row.code, name, len(licences.get(row.id, [])), startup_duty(row.ends_on, licences.get(row.id, []), on=on, rule=rule))
        for row, name in rows
    ]
    return sorted(found, key=lambda one: (one.duty.standing is Standing.DONE, one.duty.days_left, one.code))


def at_risk(session: Session, rules: Rules, *, institution_id: UUID, since: datetime, until: datetime, now: datetime) -> list[tuple[str, int]]:
    """(class, yuan that its missing footage would cost) for classes with lessons in the span that are in no claim yet, the dearest first."""
    taught = select(Lesson.class_id).where(
        Lesson.institution_id == institution_id, Lesson.starts_at >= since, Lesson.starts_at < until, Lesson.ends_at <= now
    )
    rows = session.scalars(
        select(TrainingClass)
        .where(TrainingClass.id.in_(taught), TrainingClass.id.not_in(_live().with_only_columns(SubsidyClaim.class_id)))
        .order_by(TrainingClass.ends_on.desc(), TrainingClass.code)
        .limit(MOST_AT_RISK)
    ).all()
    on = local_date(now)
    costs = [(row.code, money_at_risk(facts_of(session, row, rules, on=on), rules.subsidy, now=now, on=on)) for row in rows]
    return sorted(((code, yuan) for code, yuan in costs if yuan > 0), key=lambda one: (-one[1], one[0]))
