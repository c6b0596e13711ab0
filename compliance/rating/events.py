"""Read the events of one institution and year from what the stages before wrote. 2.3.4; R27, R28, R58, R61, R62.

Reads only, under the scope of whoever asks: an institution that looks at its own standing gets no event it has not been told of. A finding counts
from the day on which it was established (objection answered, or its days over), so nothing contested is held against anybody.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from compliance.rating import item_lifecycle
from compliance.rating.models import CreditItem, Ground
from compliance.rating.rules import Event, Kind
from compliance.rating.ruleset import Ruleset
from compliance.rating.terms import ItemClass
from storage.kernel.clock import BUREAU_ZONE, add_months, local_date
from storage.ledger.models import StateMove
from supervision.classes.models import Category, Enrolment, Lesson, SignRecord, TrainingAgreement, TrainingClass
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding, FindingPaper, PaperKind
from supervision.findings.rules import DefectCode
from supervision.footage.coverage import coverage
from supervision.footage.lifecycle import ExplanationState, SlotState
from supervision.footage.models import GapExplanation, Slot
from supervision.institutions.models import Institution, InstitutionKind
from supervision.outcomes import queries as outcomes
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import AuditProblem, Complaint, Completion, EmploymentEvidence, EvidenceKind, QualityEvaluation
from supervision.outcomes.rules import employment_rate

ESTABLISHED: Final = ("order-rectification", "overrule-objection", "escalate")  # moves that make a finding count
COUNTED: Final = (
    FindingState.RECTIFYING,
    FindingState.RECTIFIED,
    FindingState.CLOSED,
    FindingState.UNDER_REVIEW,
    FindingState.PUBLISHED,
    FindingState.ESCALATED,
)
SETTLED: Final = (FindingState.RECTIFIED, FindingState.CLOSED, FindingState.UNDER_REVIEW, FindingState.PUBLISHED)
_CHUNK: Final = 2000
_MOST: Final = 10_000  # of one kind, one institution and one year


def collect(
    session: Session, institution: Institution, year: int, rules: Ruleset, *, as_of: date, reversed_problems: Collection[UUID]
) -> tuple[Event, ...]:
    """Every event, sorted. `as_of`: what is known at the end of that day; `reversed_problems`: ids of major problems whose decision was revoked."""
    span = _Year(year, as_of)
    found: list[Event] = [Event(Kind.EVALUATES, span.first, institution.code)] if institution.kind is InstitutionKind.EVALUATION else []
    for part in (_findings, _explanations, _complaints, _items):
        found += part(session, institution.id, span)
    found += _audits(session, institution.id, span, reversed_problems)
    found += _coverage(session, institution.id, span, rules)
    found += _records(session, institution.id, span, rules)
    found += _outcomes(session, institution.id, span, rules)
    return tuple(sorted(found))


class _Year:
    """The year as instants and days, cut off at `as_of`."""

    def __init__(self, year: int, as_of: date) -> None:
        self.year, self.as_of = year, as_of
        self.first, self.after = date(year, 1, 1), min(date(year + 1, 1, 1), as_of + timedelta(days=1))
        self.since, self.till = _instant(self.first), _instant(self.after)
        self.is_over = as_of.year > year

    def ended_between(self, months: int) -> tuple[date, date]:
        """Days on which a class must have ended for its months to be over within the year."""
        return add_months(self.first, -months), add_months(self.after, -months)


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(0), BUREAU_ZONE)


def _findings(session: Session, institution_id: UUID, span: _Year) -> Iterator[Event]:
    established = (
        select(StateMove.subject_id, func.min(StateMove.at).label("at"))
        .where(StateMove.machine == "finding", StateMove.event.in_(ESTABLISHED))
        .group_by(StateMove.subject_id)
        .subquery()
    )
    rows = session.execute(
        select(Finding, established.c.at)
        .join(established, established.c.subject_id == Finding.id)
        .where(Finding.institution_id == institution_id, Finding.state.in_(COUNTED))
        .where(established.c.at >= span.since, established.c.at < span.till)
        .order_by(Finding.code)
        .limit(_MOST)
    ).all()
    for finding, at in rows:
        on = local_date(at)
        yield Event(Kind.FINDING, on, finding.code, finding.severity.value, settled=finding.state in SETTLED)
        if finding.defect is DefectCode.FIRE_FOOD_BUILDING:
            yield Event(Kind.SAFETY, on, finding.code)
        timely = _rectified_in_time(session, finding, span)
        if timely is not None:
            yield Event(Kind.RECTIFICATION, on, finding.code, "on-time" if timely else "late")


def _rectified_in_time(session: Session, finding: Finding, span: _Year) -> bool | None:
    """Whether the first report came within the days that the order named; None while they run or when nothing was ordered."""
    papers = session.scalars(
        select(FindingPaper)
        .where(FindingPaper.finding_id == finding.id)
        .where(FindingPaper.kind.in_((PaperKind.RECTIFICATION_ORDER, PaperKind.ANSWER, PaperKind.RECTIFICATION_REPORT)))
        .order_by(FindingPaper.at)
    ).all()
    named = [paper.content["rectify_until"] for paper in papers if paper.content.get("rectify_until")]
    if not named:
        return None
    until = datetime.fromisoformat(named[-1])
    reported = next((paper.at for paper in papers if paper.kind is PaperKind.RECTIFICATION_REPORT), None)
    if reported is None:
        return None if span.till < until else False
    return reported < until


def _explanations(session: Session, institution_id: UUID, span: _Year) -> Iterator[Event]:
    rows = session.execute(
        select(GapExplanation.state, GapExplanation.decided_at, Slot.natural_id)
        .join(Slot, Slot.id == GapExplanation.slot_id)
        .where(GapExplanation.institution_id == institution_id)
        .where(GapExplanation.state.in_((ExplanationState.ACCEPTED, ExplanationState.REFUSED)))
        .where(GapExplanation.decided_at >= span.since, GapExplanation.decided_at < span.till)
        .order_by(GapExplanation.id)
        .limit(_MOST)
    ).all()
    for state, decided_at, natural_id in rows:
        yield Event(Kind.EXPLANATION, local_date(decided_at or span.since), natural_id, state.value)


def _complaints(session: Session, institution_id: UUID, span: _Year) -> Iterator[Event]:
    rows = session.scalars(
        select(Complaint)
        .where(Complaint.institution_id == institution_id, Complaint.substantiated.is_(True))
        .where(Complaint.decided_on >= span.first, Complaint.decided_on < span.after)
        .order_by(Complaint.id)
        .limit(_MOST)
    )
    for row in rows:
        yield Event(Kind.COMPLAINT, row.decided_on or row.received_on, f"complaint/{row.id}")


def _audits(session: Session, institution_id: UUID, span: _Year, reversed_problems: Collection[UUID]) -> Iterator[Event]:
    """Major problems, but for those whose exit decision was revoked: they are no ground for a rating any more (2.3.5)."""
    rows = session.scalars(
        select(AuditProblem)
        .where(AuditProblem.institution_id == institution_id, AuditProblem.major.is_(True))
        .where(AuditProblem.issued_on >= span.first, AuditProblem.issued_on < span.after, AuditProblem.id.not_in(reversed_problems))
        .order_by(AuditProblem.id)
        .limit(_MOST)
    )
    for row in rows:
        yield Event(Kind.MAJOR_PROBLEM, row.issued_on, row.document)


def _items(session: Session, institution_id: UUID, span: _Year) -> Iterator[Event]:
    """Items in force now, whenever they were decided: what was repaired or has expired counts no more."""
    rows = session.scalars(
        select(CreditItem)
        .where(CreditItem.institution_id == institution_id, CreditItem.state.in_(item_lifecycle.IN_FORCE), CreditItem.decided_on <= span.as_of)
        .order_by(CreditItem.code)
        .limit(_MOST)
    )
    for row in rows:
        settled = not row.repairable
        if row.item_class in (ItemClass.GENERAL, ItemClass.SERIOUS):
            yield Event(Kind.ITEM, row.decided_on, row.code, row.item_class.value, settled=settled)
        if row.ground is Ground.FORGED_FOOTAGE:
            yield Event(Kind.FORGED, row.decided_on, row.code, settled=settled)


def _coverage(session: Session, institution_id: UUID, span: _Year, rules: Ruleset) -> Iterator[Event]:
    ids = session.scalars(
        select(Slot.id)
        .where(Slot.institution_id == institution_id, Slot.starts_at >= span.since, Slot.starts_at < span.till)
        .where(Slot.state != SlotState.CANCELLED, Slot.due_at < span.till)
        .order_by(Slot.id)
    ).all()
    scheduled_ms = missing_ms = 0
    for start in range(0, len(ids), _CHUNK):
        for one in coverage(session, ids[start : start + _CHUNK], rules.coverage).values():
            scheduled_ms += round(one.scheduled_s * 1000)
            missing_ms += round(one.missing_s * 1000)
    if scheduled_ms:
        yield Event(Kind.COVERAGE, span.after - timedelta(days=1), f"coverage/{span.year}", value=scheduled_ms - missing_ms, of=scheduled_ms)


def _records(session: Session, institution_id: UUID, span: _Year, rules: Ruleset) -> Iterator[Event]:
    """Sign-ins (R75), roster (R74) and archive (R76) as ratios of the year."""
    day = span.after - timedelta(days=1)
    until = min(span.till, _instant(span.as_of))
    held = (Lesson.institution_id == institution_id, Lesson.cancelled_at.is_(None), Lesson.starts_at >= span.since, Lesson.ends_at < until)
    expected = session.scalar(select(func.count()).select_from(Lesson).join(Enrolment, Enrolment.class_id == Lesson.class_id).where(*held))
    signed = session.scalar(
        select(func.count(SignRecord.signed_out_at)).select_from(SignRecord).join(Lesson, Lesson.id == SignRecord.lesson_id).where(*held)
    )
    yield from _ratio(Kind.SIGN_IN, day, f"sign-in/{span.year}", min(signed or 0, expected or 0), expected or 0)
    begun = and_(TrainingClass.institution_id == institution_id, TrainingClass.starts_on >= span.first, TrainingClass.starts_on < span.after)
    whole, lines = session.execute(
        select(func.count().filter(Enrolment.group != ""), func.count())
        .select_from(Enrolment)
        .join(TrainingClass, TrainingClass.id == Enrolment.class_id)
        .where(begun)
    ).one()
    yield from _ratio(Kind.ROSTER, day, f"roster/{span.year}", whole, lines)
    due = rules.collection.archives_due_before(span.as_of)
    ended = (TrainingClass.institution_id == institution_id, TrainingClass.ends_on >= span.first, TrainingClass.ends_on < min(span.after, due))
    filed, lines = session.execute(
        select(func.count(Completion.id), func.count())
        .select_from(Enrolment)
        .join(TrainingClass, TrainingClass.id == Enrolment.class_id)
        .outerjoin(Completion, Completion.enrolment_id == Enrolment.id)
        .where(*ended)
    ).one()
    yield from _ratio(Kind.ARCHIVE, day, f"archive/{span.year}", filed, lines)


def _outcomes(session: Session, institution_id: UUID, span: _Year, rules: Ruleset) -> Iterator[Event]:
    """Employment of classes whose months are over, the task of a year that is over, quality evaluation, start-up success."""
    day = span.after - timedelta(days=1)
    since, before = span.ended_between(rules.employment.employment_window_months)
    people = outcomes.people_of(session, institution_id, ended_from=since, ended_before=before)
    found = employment_rate(people, rules.employment, on=span.as_of)
    yield from _ratio(Kind.EMPLOYMENT, day, f"employment/{span.year}", found.employed, found.counted)
    if span.is_over:
        task, reduced, completed = outcomes.task_of(session, institution_id, span.year)
        yield from _ratio(Kind.TASK, day, f"task/{span.year}", min(completed, max(0, task - reduced)), max(0, task - reduced))
    quality = session.scalars(
        select(QualityEvaluation)
        .where(QualityEvaluation.institution_id == institution_id, QualityEvaluation.year == span.year)
        .where(QualityEvaluation.evaluated_on <= span.as_of)
        .order_by(QualityEvaluation.evaluated_on.desc(), QualityEvaluation.id.desc())
        .limit(1)
    ).one_or_none()
    if quality is not None:
        yield Event(Kind.QUALITY, quality.evaluated_on, quality.document, value=quality.score_permille, of=1000)
    yield from _startups(session, institution_id, span, rules.collection.startup_success_months)


def _startups(session: Session, institution_id: UUID, span: _Year, months: int) -> Iterator[Event]:
    """Each start-up class whose months are over has at least one licence dated within them, or not (R28)."""
    since, before = span.ended_between(months)
    classes = session.execute(
        select(TrainingClass.id, TrainingClass.code, TrainingClass.ends_on)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .where(TrainingClass.institution_id == institution_id, TrainingAgreement.category == Category.STARTUP)
        .where(TrainingClass.ends_on >= since, TrainingClass.ends_on < before)
        .order_by(TrainingClass.code)
        .limit(_MOST)
    ).all()
    for class_id, code, ends_on in classes:
        last = add_months(ends_on, months)
        licence = session.scalar(
            select(EmploymentEvidence.id)
            .where(EmploymentEvidence.class_id == class_id, EmploymentEvidence.kind == EvidenceKind.LICENCE)
            .where(EmploymentEvidence.state == EvidenceState.VERIFIED, EmploymentEvidence.employed_on <= last)
            .limit(1)
        )
        yield Event(Kind.STARTUP, last, code, "success" if licence else "missing")


def _ratio(kind: Kind, on: date, ref: str, value: int, of: int) -> Iterator[Event]:
    if of > 0:
        yield Event(kind, on, ref, value=value, of=of)
