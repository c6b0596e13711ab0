"""Reads of exit cases. An institution sees its own from the notice on, the bureau all of them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from compliance.exit.clocks import Dates, ExitClocks
from compliance.exit.clocks import turn as clock_of
from compliance.exit.errors import ChallengeNotFound, ExitCaseNotFound
from compliance.exit.lifecycle import ENDED, ExitState
from compliance.exit.models import ExitCase, ExitChallenge, ExitFinding, ExitSheet, SheetKind, StatutoryListing
from compliance.exit.rules import Trigger
from compliance.papers import service as papers
from compliance.papers.models import CaseAttachment, CasePaper
from storage.ledger import history
from supervision.findings.clocks import Turn
from supervision.findings.models import Finding
from supervision.outcomes.models import AuditProblem


def case(session: Session, code: str, *, institution_id: UUID | None = None, lock: bool = False) -> ExitCase:
    """One case; with `institution_id` only what that institution may see. Raises: ExitCaseNotFound."""
    statement = select(ExitCase).where(ExitCase.code == code)
    if institution_id is not None:
        statement = statement.where(ExitCase.institution_id == institution_id, ExitCase.noticed_at.is_not(None))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = session.scalars(statement).one_or_none()
    if found is None:
        raise ExitCaseNotFound(case=code)
    return found


def reversed_problems(session: Session) -> list[AuditProblem]:
    """Audit problems whose exit decision was revoked, by the document of the case's sheet."""
    cases = session.scalars(select(ExitCase).where(ExitCase.trigger == Trigger.AUDIT, ExitCase.state == ExitState.REVOKED)).all()
    found: list[AuditProblem] = []
    for row in cases:
        told = sheet(session, row.id)
        if told is not None:
            wanted = (AuditProblem.institution_id == row.institution_id, AuditProblem.document == told.content["problem"]["document"])
            found += session.scalars(select(AuditProblem).where(*wanted))
    return found


def open_case(session: Session, institution_id: UUID, trigger: Trigger, year: int, *, ended_too: bool = False) -> ExitCase | None:
    """The case of an institution for a ground and a year that is not over; with `ended_too` any, the newest."""
    statement = select(ExitCase).where(ExitCase.institution_id == institution_id, ExitCase.trigger == trigger, ExitCase.year == year)
    if not ended_too:
        statement = statement.where(ExitCase.state.not_in(ENDED))
    return session.scalars(statement.order_by(ExitCase.id.desc()).limit(1)).one_or_none()


def to_do(session: Session, *, limit: int = 200) -> Sequence[ExitCase]:
    """Cases that are not over, oldest first."""
    return session.scalars(select(ExitCase).where(ExitCase.state.not_in(ENDED)).order_by(ExitCase.detected_at, ExitCase.id).limit(limit)).all()


def sheet(session: Session, case_id: UUID, kind: SheetKind = SheetKind.FROZEN) -> ExitSheet | None:
    """The newest sheet of a kind."""
    return session.scalars(
        select(ExitSheet).where(ExitSheet.case_id == case_id, ExitSheet.kind == kind).order_by(ExitSheet.id.desc()).limit(1)
    ).one_or_none()


def findings(session: Session, case_id: UUID) -> Sequence[Finding]:
    """The findings that a case rests on."""
    return session.scalars(
        select(Finding).join(ExitFinding, ExitFinding.finding_id == Finding.id).where(ExitFinding.case_id == case_id).order_by(Finding.code)
    ).all()


def challenges(session: Session, case_id: UUID) -> Sequence[ExitChallenge]:
    """Reconsiderations and actions, oldest first."""
    return session.scalars(select(ExitChallenge).where(ExitChallenge.case_id == case_id).order_by(ExitChallenge.id)).all()


def challenge(session: Session, case_id: UUID, challenge_id: UUID) -> ExitChallenge:
    """One of them, locked. Raises: ChallengeNotFound."""
    found = session.scalars(
        select(ExitChallenge).where(ExitChallenge.id == challenge_id, ExitChallenge.case_id == case_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise ChallengeNotFound(challenge=str(challenge_id))
    return found


def points(session: Session, case_id: UUID) -> list[str]:
    """Every point the institution made in statements and hearing, in order: each needs its answer in the decision."""
    made = (p for p in papers.of_case(session, case_id) if p.kind in ("statement", "hearing-record"))
    return [str(point) for paper in made for point in paper.content.get("points", [])]


def attachments(session: Session, paper_ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, str, int]]]:
    """Paper id → (position, file name, bytes); without the data."""
    found: dict[UUID, list[tuple[int, str, int]]] = {}
    rows = session.execute(
        select(CaseAttachment.paper_id, CaseAttachment.position, CaseAttachment.file_name, CaseAttachment.size_bytes)
        .where(CaseAttachment.paper_id.in_(paper_ids))
        .order_by(CaseAttachment.paper_id, CaseAttachment.position)
    )
    for paper_id, position, name, size in rows:
        found.setdefault(paper_id, []).append((position, name, size))
    return found


def paper(session: Session, row: ExitCase, paper_id: UUID) -> CasePaper:
    """One paper of a case; row-level security leaves an institution without the internal ones. Raises: ExitCaseNotFound."""
    found = session.scalars(select(CasePaper).where(CasePaper.id == paper_id, CasePaper.case_id == row.id)).one_or_none()
    if found is None:
        raise ExitCaseNotFound(case=f"{row.code}/{paper_id}")
    return found


def attachment(session: Session, paper_id: UUID, position: int) -> CaseAttachment:
    """One attachment with its bytes. Raises: ExitCaseNotFound."""
    found = session.scalars(select(CaseAttachment).where(CaseAttachment.paper_id == paper_id, CaseAttachment.position == position)).one_or_none()
    if found is None:
        raise ExitCaseNotFound(case=f"{paper_id}/{position}")
    return found


def may_read(row: ExitCase, paper: CasePaper, *, own: bool) -> bool:
    """The institution reads what was told to it: no internal paper, and the decision from its service on."""
    return not own or not (paper.internal or (paper.kind == "decision" and row.served_at is None))


def turn_of(session: Session, row: ExitCase, rule: ExitClocks, now_at: datetime) -> Turn | None:
    """Whose turn it is."""
    moves = history.timeline(session, ExitCase.MACHINE, row.id)
    dates = Dates(
        state=row.state,
        entered_at=moves[-1].at if moves else row.detected_at,
        detected_at=row.detected_at,
        statement_until_at=row.statement_until_at,
        hearing_until_at=row.hearing_until_at,
        hearing_at=row.hearing_at,
    )
    return clock_of(dates, rule, now_at)


def due_to_end(session: Session, today: object, *, limit: int = 100) -> Sequence[ExitCase]:
    """Cases whose term is over, locked."""
    return session.scalars(
        select(ExitCase)
        .where(ExitCase.state.in_((ExitState.IN_FORCE, ExitState.PUBLISHED)), ExitCase.until_on <= today)
        .order_by(ExitCase.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def listings(session: Session, *, limit: int = 200) -> Sequence[StatutoryListing]:
    """Imported entries, newest first."""
    return session.scalars(select(StatutoryListing).order_by(StatutoryListing.id.desc()).limit(limit)).all()
