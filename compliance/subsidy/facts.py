"""Load what the assessment of classes rests on. Reads only; each figure from the stage that owns it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from compliance.subsidy.approved import approved_days, lessons_at_approved_places
from compliance.subsidy.assessment import ClassFacts, OtherClass, TraineeFacts
from compliance.subsidy.days import LessonFacts, Sign
from compliance.subsidy.lifecycle import CertificateState
from compliance.subsidy.models import ArchivedPaper, SubsidyCertificate
from compliance.subsidy.rules import Programme, SubsidyRule
from storage.kernel.clock import local_date
from storage.kernel.span import Span
from supervision.classes.models import Enrolment, Lesson, SignRecord, Trainee, TrainingAgreement, TrainingClass
from supervision.footage.coverage import coverage, not_to_be_shown
from supervision.footage.lifecycle import SlotState
from supervision.footage.models import Slot
from supervision.footage.rules import CoverageRule
from supervision.outcomes import queries as outcomes
from supervision.outcomes.models import Completion, Result
from supervision.outcomes.rules import EmploymentRule, employment_rate

MOST_LESSONS: Final = 2000  # of one reading; a class has some dozens


@dataclass(frozen=True, slots=True)
class Rules:
    """The figures in force on the day of the question, of every stage that has a say."""

    subsidy: SubsidyRule
    coverage: CoverageRule
    employment: EmploymentRule


def facts_of(session: Session, row: TrainingClass, rules: Rules, *, on: date) -> ClassFacts:
    """One class. In an institution's scope the other classes of its trainees are only its own: the bureau sees all when it issues."""
    agreement = session.get_one(TrainingAgreement, row.agreement_id)
    certificate = session.scalars(select(SubsidyCertificate).where(SubsidyCertificate.class_id == row.id)).one_or_none()
    first, last = approved_days(session, row)
    rate = employment_rate(
        outcomes.people_of_class(session, row.id),
        replace(rules.employment, employment_denominator=rules.subsidy.order_employment_denominator),
        on=on,
    )
    lessons = _lessons(session, row, rules.coverage)
    return ClassFacts(
        code=row.code,
        programme=Programme(agreement.category.value),
        year=agreement.year,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        approved_from=first,
        approved_until=last,
        lessons=tuple(lessons.values()),
        trainees=_trainees(session, row, {lesson_id: one.natural_id for lesson_id, one in lessons.items()}),
        archived=frozenset(kind.value for kind in session.scalars(select(ArchivedPaper.kind).where(ArchivedPaper.class_id == row.id))),
        employed=rate.employed,
        counted=rate.counted,
        waived=certificate is not None and bool(certificate.waiver_document),
        cited=certificate is not None and certificate.state is CertificateState.CITED_IN_CLAIM,
    )


def _lessons(session: Session, row: TrainingClass, rule: CoverageRule) -> dict[UUID, LessonFacts]:
    held = session.scalars(
        select(Lesson).where(Lesson.class_id == row.id, Lesson.cancelled_at.is_(None)).order_by(Lesson.starts_at).limit(MOST_LESSONS)
    ).all()
    slots = session.scalars(
        select(Slot).where(Slot.lesson_id.in_([lesson.id for lesson in held]), Slot.state != SlotState.CANCELLED).order_by(Slot.natural_id)
    ).all()
    ids = [slot.id for slot in slots]
    covered, lost = coverage(session, ids, rule), not_to_be_shown(session, ids)
    cameras: defaultdict[UUID, list[tuple[tuple[Span, ...], tuple[Span, ...]]]] = defaultdict(list)
    hidden: defaultdict[UUID, list[Span]] = defaultdict(list)
    for slot in slots:
        hidden[slot.lesson_id] += lost.get(slot.id, ())
        found = covered[slot.id]
        cameras[slot.lesson_id].append(((*found.proven, *found.joins, *found.edges), found.explained))
    approved = lessons_at_approved_places(session, [row.id])
    return {
        lesson.id: LessonFacts(
            natural_id=lesson.natural_id,
            on=local_date(lesson.starts_at),
            span=Span(lesson.starts_at, lesson.ends_at),
            place_approved=lesson.id in approved,
            cameras=tuple(cameras[lesson.id]),
            topic=lesson.topic,
            not_to_be_shown=tuple(hidden[lesson.id]),
        )
        for lesson in held
    }


def _trainees(session: Session, row: TrainingClass, lessons: Mapping[UUID, str]) -> tuple[TraineeFacts, ...]:
    people = session.execute(
        select(Trainee, Completion.result)
        .join(Enrolment, Enrolment.trainee_id == Trainee.id)
        .outerjoin(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.class_id == row.id)
        .order_by(Trainee.id_number_masked, Enrolment.id)
    ).all()
    signs: defaultdict[UUID, dict[str, Sign]] = defaultdict(dict)
    for sign in session.scalars(select(SignRecord).where(SignRecord.lesson_id.in_(list(lessons)))):
        signs[sign.trainee_id][lessons[sign.lesson_id]] = Sign(sign.signed_in_at, sign.signed_out_at)
    others = _others(session, row, [trainee.id_number_hash for trainee, _ in people])
    return tuple(
        TraineeFacts(
            key=f"{row.code}/{number} {trainee.id_number_masked}",
            name=trainee.name,
            result=result.value if result else "",
            signs=signs[trainee.id],
            others=tuple(others[trainee.id_number_hash]),
        )
        for number, (trainee, result) in enumerate(people, start=1)
    )


def _others(session: Session, row: TrainingClass, hashes: Sequence[bytes]) -> defaultdict[bytes, list[OtherClass]]:
    """Other classes of the same people, by the keyed hash of the identity number, across institutions (F-15)."""
    found: defaultdict[bytes, list[OtherClass]] = defaultdict(list)
    person = aliased(Trainee)
    rows = session.execute(
        select(person.id_number_hash, TrainingClass, TrainingAgreement, SubsidyCertificate.state)
        .join(Enrolment, Enrolment.trainee_id == person.id)
        .join(TrainingClass, TrainingClass.id == Enrolment.class_id)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .outerjoin(Completion, Completion.enrolment_id == Enrolment.id)
        .outerjoin(SubsidyCertificate, SubsidyCertificate.class_id == TrainingClass.id)
        .where(person.id_number_hash.in_(list(hashes)), TrainingClass.id != row.id)
        .where(Completion.result.is_(None) | (Completion.result != Result.WITHDRAWN))
    )
    for digest, other, agreement, state in rows:
        found[digest].append(
            OtherClass(
                code=other.code,
                programme=Programme(agreement.category.value),
                year=agreement.year,
                starts_on=other.starts_on,
                ends_on=other.ends_on,
                cited=state is CertificateState.CITED_IN_CLAIM,
            )
        )
    return found
