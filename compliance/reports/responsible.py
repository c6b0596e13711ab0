"""Who is responsible: the management plan of each department with its section and person (R82), the person of each report duty (R99), and
for every agreement who selected the institution and who uses the funds (R80).

Nothing is changed: a later entry takes the place of an earlier one. A department that organises classes and has no plan of the year is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from compliance.reports.errors import MalformedDuty
from compliance.reports.models import DepartmentPlan, DutyKind, DutyPerson
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.errors import NotAllowed
from storage.ledger import service as ledger
from supervision.classes.models import TrainingAgreement, TrainingClass
from supervision.institutions.models import Institution

MOST_CHARS: Final = 200


def file_plan(
    session: Session, *, department: str, year: int, title: str, document: str, section: str, person: str, actor: Actor, clock: Clock
) -> DepartmentPlan:
    """Register a department's plan of a year. Raises: MalformedDuty, NotAllowed."""
    told = _demand(department=department, title=title, document=document, section=section, person=person)
    if actor.id is None:
        raise NotAllowed(role=actor.role)
    row = DepartmentPlan(year=year, filed_at=clock.now_at(), filed_by_id=actor.id, filed_by=actor.name, **told)
    session.add(row)
    session.flush()
    subject = f"department-plan/{row.id}"
    ledger.append(session, actor=actor, at=row.filed_at, action="department-plan.filed", subject=subject, tenant=None, body={"year": year, **told})
    return row


def name_person(session: Session, *, duty: DutyKind, unit: str, section: str, person: str, from_on: date, actor: Actor, clock: Clock) -> DutyPerson:
    """Say who reports, from a day on. Raises: MalformedDuty, NotAllowed."""
    told = _demand(unit=unit, section=section, person=person)
    if actor.id is None:
        raise NotAllowed(role=actor.role)
    row = DutyPerson(duty=duty, from_on=from_on, named_at=clock.now_at(), named_by_id=actor.id, named_by=actor.name, **told)
    session.add(row)
    session.flush()
    body = {"duty": duty, "from_on": from_on, **told}
    ledger.append(session, actor=actor, at=row.named_at, action="duty-person.named", subject=f"duty-person/{row.id}", tenant=None, body=body)
    return row


def plans(session: Session, year: int, *, department: str | None = None) -> Sequence[DepartmentPlan]:
    """The plan in force of each department, by name. `department`: that one alone."""
    wanted = select(DepartmentPlan).where(DepartmentPlan.year == year)
    if department is not None:
        wanted = wanted.where(DepartmentPlan.department == department)
    newest = {row.department: row for row in session.scalars(wanted.order_by(DepartmentPlan.id))}
    return [newest[name] for name in sorted(newest)]


def without_plan(session: Session, year: int) -> Sequence[str]:
    """Departments that organise classes of a year and have registered no plan for it."""
    organising = (
        select(TrainingClass.department)
        .where(TrainingClass.department.is_not(None), TrainingClass.starts_on <= date(year, 12, 31), TrainingClass.ends_on >= date(year, 1, 1))
        .distinct()
    )
    planned = select(DepartmentPlan.department).where(DepartmentPlan.year == year)
    return [name for name in session.scalars(organising.where(TrainingClass.department.not_in(planned)).order_by(TrainingClass.department)) if name]


@dataclass(frozen=True, slots=True)
class Answerable:
    """Who answers for one agreement (谁选择谁负责, 谁使用谁负责); empty: the bureau. `document`: record of the selection."""

    agreement: str
    institution: str
    selected_by: str
    document: str
    funds_used_by: str


def answerable(session: Session, year: int, *, department: str | None = None) -> list[Answerable]:
    """Every agreement of a year, by institution and number. `department`: those that it selected or whose funds it uses (R80)."""
    row = TrainingAgreement
    wanted = (
        select(row.number, Institution.name, row.selected_by, row.selection_document, row.funds_used_by)
        .join(Institution, Institution.id == row.institution_id)
        .where(row.year == year)
        .order_by(Institution.code, row.number)
    )
    if department is not None:
        wanted = wanted.where(or_(row.selected_by == department, row.funds_used_by == department))
    return [Answerable(*told) for told in session.execute(wanted)]


@dataclass(frozen=True, slots=True)
class Named:
    """One duty and who does it on a day; None: nobody is named."""

    duty: DutyKind
    person: DutyPerson | None


def persons(session: Session, on: date) -> list[Named]:
    """Every duty in its order, with the person named last for that day."""
    rows = session.scalars(select(DutyPerson).where(DutyPerson.from_on <= on).order_by(DutyPerson.from_on, DutyPerson.id))
    newest = {row.duty: row for row in rows}
    return [Named(duty, newest.get(duty)) for duty in DutyKind]


def person_of(session: Session, duty: DutyKind, on: date) -> DutyPerson | None:
    """Who does one duty on a day."""
    return next(one.person for one in persons(session, on) if one.duty is duty)


def _demand(**given: str) -> dict[str, str]:
    told = {name: " ".join(text.split()) for name, text in given.items()}
    errors: list[dict[str, object]] = [
        {"where": name, "code": "wrong-length", "value": len(text)} for name, text in told.items() if not 1 < len(text) <= MOST_CHARS
    ]
    if errors:
        raise MalformedDuty(errors=errors)
    return told
