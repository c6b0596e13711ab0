"""The trainees of an institution as the employment rate counts them. R44, Q1."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from supervision.classes.models import Category, Enrolment, Trainee, TrainingAgreement, TrainingClass
from supervision.outcomes.models import Completion, EmploymentEvidence, TaskReduction
from supervision.outcomes.rules import Evidence, Person

MAX_PEOPLE: Final = 100_000  # of one institution and year; the county trains a thousand


def people_of(session: Session, institution_id: UUID, *, ended_from: date, ended_before: date) -> list[Person]:
    """Everybody on the rosters of the classes that ended in the half-open span, by class and mask."""
    return _people(session, TrainingClass.institution_id == institution_id, TrainingClass.ends_on >= ended_from, TrainingClass.ends_on < ended_before)


def people_of_class(session: Session, class_id: UUID) -> list[Person]:
    """Everybody on the roster of one class."""
    return _people(session, TrainingClass.id == class_id)


def _people(session: Session, *which: object) -> list[Person]:
    rows = session.execute(
        select(TrainingClass, TrainingAgreement.category, Enrolment, Trainee, Completion)
        .join(TrainingAgreement, TrainingAgreement.id == TrainingClass.agreement_id)
        .join(Enrolment, Enrolment.class_id == TrainingClass.id)
        .join(Trainee, Trainee.id == Enrolment.trainee_id)
        .outerjoin(Completion, Completion.enrolment_id == Enrolment.id)
        .where(*which)  # type: ignore[arg-type]  # column expressions
        .order_by(TrainingClass.code, Trainee.id_number_masked, Enrolment.id)
        .limit(MAX_PEOPLE)
    ).all()
    papers = _papers(session, {row.TrainingClass.id for row in rows})
    numbers: defaultdict[str, int] = defaultdict(int)
    people: list[Person] = []
    for row in rows:
        numbers[row.TrainingClass.code] += 1
        people.append(
            Person(
                key=f"{row.TrainingClass.code}/{numbers[row.TrainingClass.code]} {row.Trainee.name} {row.Trainee.id_number_masked}",
                class_code=row.TrainingClass.code,
                enterprise=row.category is Category.ENTERPRISE,
                result=row.Completion.result.value if row.Completion else "",
                ended_on=row.Completion.ended_on if row.Completion else row.TrainingClass.ends_on,
                evidence=tuple(papers[row.TrainingClass.id, row.Trainee.id]),
            )
        )
    return people


def _papers(session: Session, classes: set[UUID]) -> defaultdict[tuple[UUID, UUID], list[Evidence]]:
    found: defaultdict[tuple[UUID, UUID], list[Evidence]] = defaultdict(list)
    for one in session.scalars(select(EmploymentEvidence).where(EmploymentEvidence.class_id.in_(list(classes)))):
        found[one.class_id, one.trainee_id].append(Evidence(one.kind.value, one.reference, one.employed_on, one.state))
    return found


def task_of(session: Session, institution_id: UUID, year: int) -> tuple[int, int, int]:
    """(task in persons, approved reductions, persons who completed) of a year's agreements (R45, Q8)."""
    agreements: Sequence[UUID] = session.scalars(
        select(TrainingAgreement.id).where(TrainingAgreement.institution_id == institution_id, TrainingAgreement.year == year)
    ).all()
    task = session.scalar(select(func.coalesce(func.sum(TrainingAgreement.task_persons), 0)).where(TrainingAgreement.id.in_(agreements))) or 0
    reduced = session.scalar(select(func.coalesce(func.sum(TaskReduction.persons), 0)).where(TaskReduction.agreement_id.in_(agreements))) or 0
    completed = session.scalar(
        select(func.count())
        .select_from(Completion)
        .join(TrainingClass, TrainingClass.id == Completion.class_id)
        .where(TrainingClass.agreement_id.in_(agreements), Completion.result != "withdrawn")
    )
    return task, reduced, completed or 0
