"""What pages ask of outcomes: who completed, which papers wait, what an officer should look at twice. R16, R44; F-21."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from supervision.classes.models import Enrolment, Trainee, TrainingClass
from supervision.institutions.models import Institution
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import Completion, EmploymentEvidence


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One enrolled person with what is known of the end of the course."""

    enrolment_id: UUID
    trainee_id: UUID
    name: str
    mask: str
    completion: Completion | None


def roster(session: Session, class_id: UUID) -> list[RosterRow]:
    """Everybody of a class, by mask."""
    rows = session.execute(
        select(Enrolment.id, Trainee.id, Trainee.name, Trainee.id_number_masked, Completion)
        .join(Trainee, Trainee.id == Enrolment.trainee_id)
        .outerjoin(Completion, Completion.enrolment_id == Enrolment.id)
        .where(Enrolment.class_id == class_id)
        .order_by(Trainee.id_number_masked, Enrolment.id)
    )
    return [RosterRow(*row) for row in rows]


def evidence(
    *, institution_id: UUID | None = None, state: EvidenceState | None = None, class_code: str = "", words: str = ""
) -> Select[EmploymentEvidence]:
    """The query of the list of papers; the caller pages it."""
    query = (
        select(EmploymentEvidence)
        .join(TrainingClass, TrainingClass.id == EmploymentEvidence.class_id)
        .join(Trainee, Trainee.id == EmploymentEvidence.trainee_id)
    )
    if institution_id is not None:
        query = query.where(EmploymentEvidence.institution_id == institution_id)
    if state is not None:
        query = query.where(EmploymentEvidence.state == state)
    if class_code:
        query = query.where(TrainingClass.code == class_code)
    if words:
        query = query.where(
            EmploymentEvidence.employer.icontains(words, autoescape=True)
            | EmploymentEvidence.reference.icontains(words, autoescape=True)
            | TrainingClass.code.icontains(words, autoescape=True)
            | Trainee.name.icontains(words, autoescape=True)
        )
    return query


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom a paper tells."""

    class_code: str
    institution: str
    trainee: str
    mask: str


def whose(session: Session, papers: Sequence[EmploymentEvidence]) -> Mapping[UUID, Whose]:
    """The people and classes of some papers, by the paper's id."""
    rows = session.execute(
        select(EmploymentEvidence.id, TrainingClass.code, Institution.name, Trainee.name, Trainee.id_number_masked)
        .join(TrainingClass, TrainingClass.id == EmploymentEvidence.class_id)
        .join(Institution, Institution.id == EmploymentEvidence.institution_id)
        .join(Trainee, Trainee.id == EmploymentEvidence.trainee_id)
        .where(EmploymentEvidence.id.in_([paper.id for paper in papers]))
    )
    return {row[0]: Whose(*row[1:]) for row in rows}


def of_class(session: Session, class_id: UUID) -> Sequence[EmploymentEvidence]:
    """All papers of a class, by person and day."""
    return session.scalars(
        select(EmploymentEvidence)
        .where(EmploymentEvidence.class_id == class_id)
        .order_by(EmploymentEvidence.trainee_id, EmploymentEvidence.employed_on, EmploymentEvidence.id)
    ).all()


def waiting(session: Session) -> int:
    """Papers that nobody decided on."""
    return session.scalar(select(func.count()).where(EmploymentEvidence.state == EvidenceState.FILED)) or 0
