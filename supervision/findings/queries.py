"""Reads of findings. An institution sees its own from the notice on, the bureau all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from supervision.findings.errors import FindingNotFound, PaperNotFound
from supervision.findings.lifecycle import ENDED, INSTITUTION_SEES, FindingState
from supervision.findings.models import Audience, Finding, FindingAttachment, FindingPaper, FindingReminder
from supervision.findings.rules import DefectCode, Severity
from supervision.institutions.models import Institution
from supervision.spotchecks.models import ReviewAssignment


def finding(session: Session, code: str, *, institution_id: UUID | None = None) -> Finding:
    """One finding; with `institution_id` only what that institution may see. Raises: FindingNotFound."""
    statement = select(Finding).where(Finding.code == code)
    if institution_id is not None:
        statement = statement.where(Finding.institution_id == institution_id, Finding.state.in_(INSTITUTION_SEES))
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise FindingNotFound(finding=code)
    return found


def locked_finding(session: Session, code: str, *, institution_id: UUID | None = None) -> Finding:
    """The same under FOR UPDATE. Raises: FindingNotFound."""
    statement = select(Finding).where(Finding.code == code)
    if institution_id is not None:
        statement = statement.where(Finding.institution_id == institution_id, Finding.state.in_(INSTITUTION_SEES))
    found = session.scalars(statement.with_for_update(), execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise FindingNotFound(finding=code)
    return found


def findings(
    session: Session,
    *,
    states: Sequence[FindingState] | None = None,
    institution_id: UUID | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[Finding]:
    """For the bureau, newest first; `before` = (recorded_at, id) of the last row of the page before."""
    statement = select(Finding)
    if states is not None:
        statement = statement.where(Finding.state.in_(states))
    if institution_id is not None:
        statement = statement.where(Finding.institution_id == institution_id)
    if before is not None:
        statement = statement.where(func.row(Finding.recorded_at, Finding.id) < func.row(*before))
    return session.scalars(statement.order_by(Finding.recorded_at.desc(), Finding.id.desc()).limit(limit)).all()


def findings_of_institution(
    session: Session, institution_id: UUID, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> Sequence[Finding]:
    """For the institution itself: from the notice on."""
    return findings(session, states=INSTITUTION_SEES, institution_id=institution_id, before=before, limit=limit)


def findings_of_assignment(session: Session, assignment_id: UUID) -> Sequence[Finding]:
    """What an inspector marked in one review, by place in the footage."""
    return session.scalars(
        select(Finding).where(Finding.assignment_id == assignment_id).order_by(Finding.recording_id, Finding.start_ms, Finding.id)
    ).all()


def ends_of_round(session: Session, round_id: UUID) -> dict[UUID, list[str]] | None:
    """Lesson → the states in which the findings of a round's looks ended, void ones left out; None while one of them is still on its way."""
    rows = session.execute(
        select(Finding.lesson_id, Finding.state)
        .join(ReviewAssignment, ReviewAssignment.id == Finding.assignment_id)
        .where(ReviewAssignment.round_id == round_id, ReviewAssignment.planted_from_id.is_(None))
    ).all()
    if any(state not in ENDED for _, state in rows):
        return None
    ends: dict[UUID, list[str]] = {}
    for lesson_id, state in rows:
        if state is not FindingState.VOID:
            ends.setdefault(lesson_id, []).append(state.value)
    return ends


def finding_of_item(session: Session, visit_id: UUID, item: str) -> Finding | None:
    """The finding that an item of a visit has become and that stands."""
    standing = Finding.state.not_in((FindingState.VOID, FindingState.REJECTED))
    return session.scalars(select(Finding).where(Finding.visit_id == visit_id, Finding.visit_item == item, standing)).first()


def findings_of_visit(session: Session, visit_id: UUID) -> Sequence[Finding]:
    """What a visit led to, oldest first."""
    return session.scalars(select(Finding).where(Finding.visit_id == visit_id).order_by(Finding.code)).all()


def count_of_assignment(session: Session, assignment_id: UUID) -> int:
    """How many findings of a review stand: voided and rejected ones do not."""
    standing = Finding.state.not_in((FindingState.VOID, FindingState.REJECTED))
    return session.scalar(select(func.count()).where(Finding.assignment_id == assignment_id, standing)) or 0


@dataclass(frozen=True, slots=True)
class PublicLine:
    """What everybody may know of a published finding: codes and names of institutions, no word about a person. R67."""

    code: str
    institution: str
    defect: DefectCode
    clause: str
    severity: Severity


def published(session: Session, *, limit: int = 50) -> list[PublicLine]:
    """Published findings, newest first."""
    rows = session.execute(
        select(Finding.code, Institution.name, Finding.defect, Finding.clause, Finding.severity)
        .join(Institution, Institution.id == Finding.institution_id)
        .where(Finding.state == FindingState.PUBLISHED)
        .order_by(Finding.code.desc())
        .limit(limit)
    )
    return [PublicLine(*row) for row in rows]


def papers(session: Session, finding_id: UUID) -> Sequence[FindingPaper]:
    """Letters and statements about a finding, oldest first."""
    return session.scalars(select(FindingPaper).where(FindingPaper.finding_id == finding_id).order_by(FindingPaper.id)).all()


def paper(session: Session, paper_id: UUID, *, institution_id: UUID | None = None) -> FindingPaper:
    """One paper; with `institution_id` only that institution's. Raises: PaperNotFound."""
    statement = select(FindingPaper).where(FindingPaper.id == paper_id)
    if institution_id is not None:
        statement = statement.where(FindingPaper.institution_id == institution_id)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise PaperNotFound(paper=str(paper_id))
    return found


def attachments(session: Session, paper_ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, str, int]]]:
    """Paper id → (position, file name, bytes) of what came with it; without the data."""
    found: dict[UUID, list[tuple[int, str, int]]] = {}
    rows = session.execute(
        select(FindingAttachment.paper_id, FindingAttachment.position, FindingAttachment.file_name, FindingAttachment.size_bytes)
        .where(FindingAttachment.paper_id.in_(paper_ids))
        .order_by(FindingAttachment.paper_id, FindingAttachment.position)
    )
    for paper_id, position, name, size in rows:
        found.setdefault(paper_id, []).append((position, name, size))
    return found


def reminders(session: Session, finding_id: UUID, *, audience: Audience | None = None) -> Sequence[FindingReminder]:
    """Newest first; to one audience or to all."""
    query = select(FindingReminder).where(FindingReminder.finding_id == finding_id).order_by(FindingReminder.at.desc(), FindingReminder.id.desc())
    return session.scalars(query if audience is None else query.where(FindingReminder.audience == audience)).all()


def attachment(session: Session, paper_id: UUID, position: int) -> FindingAttachment:
    """One attachment with its bytes. The caller has looked the paper up. Raises: PaperNotFound."""
    found = session.scalars(
        select(FindingAttachment).where(FindingAttachment.paper_id == paper_id, FindingAttachment.position == position)
    ).one_or_none()
    if found is None:
        raise PaperNotFound(paper=f"{paper_id}/{position}")
    return found
