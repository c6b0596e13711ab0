"""What time and findings do to approvals, without anybody pressing a button: in force, suspended, resumed, expired. R103; 2.3.3.

A place is suspended while a safety finding that its institution was told of is open there, and resumed when the rectification was verified or the
finding withdrawn. The signer of the suspension's letter is who signed the finding's notice: the system decides nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from compliance.approvals.deciding import issue
from compliance.approvals.letters import LetterKind, Signer
from compliance.approvals.lifecycle import APPROVAL_MOVES, GRANTED, ApprovalEvent, ApprovalState
from compliance.approvals.models import Approval
from compliance.approvals.rules import Kind
from compliance.papers import service as papers
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.ledger import history
from supervision.classes import places
from supervision.classes.models import Lesson
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding, FindingPaper, PaperKind
from supervision.findings.rules import DefectCode

OPEN_FINDING: Final = (FindingState.NOTICED, FindingState.REPLIED, FindingState.OBJECTED, FindingState.RECTIFYING, FindingState.ESCALATED)
BATCH: Final = 200


def keep(session: Session, *, actor: Actor, clock: Clock) -> int:
    """One batch of everything that is due. Returns how many approvals moved; a job repeats it until nothing does."""
    at = clock.now_at()
    return _expire(session, actor, at) + _activate(session, actor, at) + _follow_findings(session, actor, at)


def open_safety_findings(session: Session) -> Sequence[tuple[UUID, str, UUID, UUID]]:
    """Rooms with an open safety finding: (room, finding's code, finding's id, institution)."""
    rows = session.execute(
        select(Lesson.room_id, Finding.code, Finding.id, Finding.institution_id)
        .join(Lesson, Lesson.id == Finding.lesson_id)
        .where(Finding.defect == DefectCode.FIRE_FOOD_BUILDING, Finding.state.in_(OPEN_FINDING))
        .order_by(Finding.code)
        .limit(2000)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def _expire(session: Session, actor: Actor, at: datetime) -> int:
    rows = _locked(session, Approval.state.in_(GRANTED) & (Approval.until_on < local_date(at)))
    for row in rows:
        history.move(session, row, APPROVAL_MOVES, ApprovalEvent.EXPIRE, actor=actor, at=at, reason="its last day is over", facts={"term_over": True})
    return len(rows)


def _activate(session: Session, actor: Actor, at: datetime) -> int:
    rows = _locked(session, (Approval.state == ApprovalState.APPROVED) & (Approval.from_on <= local_date(at)))
    for row in rows:
        history.move(
            session, row, APPROVAL_MOVES, ApprovalEvent.ACTIVATE, actor=actor, at=at, reason="its first day has come", facts={"day_come": True}
        )
    return len(rows)


def _follow_findings(session: Session, actor: Actor, at: datetime) -> int:
    found = open_safety_findings(session)
    bad_rooms = {room for room, _, _, _ in found}
    halls = session.execute(select(Approval.room_id, Approval.hall).where(Approval.room_id.in_(bad_rooms), Approval.hall != "")).all()
    bad_halls = {hall for _, hall in halls}
    bad = or_(Approval.room_id.in_(bad_rooms), Approval.hall.in_(bad_halls))
    place = Approval.kind == Kind.LOCATION
    stopped = _locked(session, place & (Approval.state == ApprovalState.ACTIVE) & bad)
    for row in stopped:
        rooms = {row.room_id} | {room for room, hall in halls if hall == row.hall}
        _suspend(session, row, [one for one in found if one[0] in rooms], actor, at)
    again = _locked(session, place & (Approval.state == ApprovalState.SUSPENDED) & ~bad)
    for row in again:
        _resume(session, row, actor, at)
    return len(stopped) + len(again)


def _suspend(session: Session, row: Approval, found: Sequence[tuple[UUID, str, UUID, UUID]], actor: Actor, at: datetime) -> None:
    own = [code for _, code, _, owner in found if owner == row.institution_id]
    told = f"该地点存在未办结的安全问题（{'、'.join(own)}），" if own else "该场地存在其他单位尚未办结的安全问题，"
    says = [f"{told}自本通知作出时起暂停使用。暂停期间在该地点的课时不计入已证实课时。", "安全问题经核验整改到位或者被撤销后，自动恢复使用。"]
    paper = issue(session, row, LetterKind.SUSPENSION, says, _signer(session, [one[2] for one in found]), actor, at)
    places.suspend(session, row.code, reason="a safety finding is open at this place", actor=actor, at=at)
    facts = {"safety_finding_open": True, "findings": own, **papers.cited(paper)}
    history.move(
        session, row, APPROVAL_MOVES, ApprovalEvent.SUSPEND, actor=actor, at=at, reason="a safety finding is open at this place", facts=facts
    )


def _resume(session: Session, row: Approval, actor: Actor, at: datetime) -> None:
    signer = Signer(row.decided_by, "")
    paper = issue(session, row, LetterKind.RESUMPTION, ["该地点的安全问题已经办结，自本通知作出时起恢复使用。"], signer, actor, at)
    places.resume(session, row.code, actor=actor, at=at)
    facts = {"safety_finding_over": True, **papers.cited(paper)}
    history.move(session, row, APPROVAL_MOVES, ApprovalEvent.RESUME, actor=actor, at=at, reason="no safety finding is open any more", facts=facts)


def _signer(session: Session, finding_ids: Sequence[UUID]) -> Signer:
    """Who signed the notice of the finding."""
    notice = session.scalars(
        select(FindingPaper).where(FindingPaper.finding_id.in_(finding_ids), FindingPaper.kind == PaperKind.NOTICE).order_by(FindingPaper.id).limit(1)
    ).one_or_none()
    return Signer(notice.content["signer"]["name"], notice.author_role) if notice else Signer("", "")


def _locked(session: Session, condition: object) -> Sequence[Approval]:
    return session.scalars(
        select(Approval)
        .where(condition)  # type: ignore[arg-type]  # a column expression
        .order_by(Approval.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
