"""Reads of approvals. An institution sees its own, a department those of its classes from the submission on, the bureau all submitted ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, undefer

from compliance.approvals.clocks import Times
from compliance.approvals.errors import ApprovalNotFound, ApprovalPaperNotFound
from compliance.approvals.lifecycle import GRANTED, UNDECIDED, ApprovalState, LateState
from compliance.approvals.models import Approval, ApprovalCamera, ApprovalClass, LateRequest
from compliance.approvals.rules import Decider, Kind, Proof, Route
from compliance.papers.models import CaseAttachment, CasePaper
from supervision.classes import extensions, places
from supervision.classes.extensions import ApprovedDays
from supervision.classes.models import Lesson, TrainingClass
from supervision.classes.place_models import ApprovedPlace


def approved_place(session: Session, lesson_id: UUID) -> ApprovedPlace | None:
    """What a lesson's place rests on; None: not approved, and nothing of it may be paid (R77, R78)."""
    return places.place_of(session, lesson_id)


def approved_days(session: Session, class_id: UUID) -> ApprovedDays:
    """Planned days of a class and what approvals added (R21, R22)."""
    return extensions.approved_days(session, session.get_one(TrainingClass, class_id))


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads. `institution_id` None: outside institutions; `department` None: not an industry department."""

    institution_id: UUID | None = None
    department: str | None = None


def readable(reader: Reader) -> ColumnElement[bool]:
    """The rows of `approval` that a reader may know of."""
    if reader.institution_id is not None:
        return Approval.institution_id == reader.institution_id
    if reader.department is None:
        return Approval.submitted_at.is_not(None)
    theirs = exists(
        select(ApprovalClass.id)
        .join(TrainingClass, TrainingClass.id == ApprovalClass.class_id)
        .where(ApprovalClass.approval_id == Approval.id, TrainingClass.department == reader.department)
        .correlate(Approval)
    )
    return Approval.submitted_at.is_not(None) & theirs


def approvals(reader: Reader) -> Select[Approval]:
    """The list, to be narrowed and paged."""
    return select(Approval).where(readable(reader))


def approval(session: Session, code: str, reader: Reader, *, lock: bool = False) -> Approval:
    """One application. Raises: ApprovalNotFound — none, or not this reader's."""
    wanted = approvals(reader).where(Approval.code == code)
    if lock:
        wanted = wanted.with_for_update(of=Approval).execution_options(populate_existing=True)
    found = session.scalars(wanted).one_or_none()
    if found is None:
        raise ApprovalNotFound(approval=code)
    return found


def classes_of(session: Session, approval_id: UUID) -> Sequence[TrainingClass]:
    """The classes that an application covers."""
    return session.scalars(
        select(TrainingClass)
        .join(ApprovalClass, ApprovalClass.class_id == TrainingClass.id)
        .where(ApprovalClass.approval_id == approval_id)
        .order_by(TrainingClass.code)
    ).all()


def cameras_of(session: Session, approval_id: UUID) -> Sequence[ApprovalCamera]:
    """The camera plan, without what was taken out."""
    return session.scalars(
        select(ApprovalCamera).where(ApprovalCamera.approval_id == approval_id, ApprovalCamera.removed_at.is_(None)).order_by(ApprovalCamera.id)
    ).all()


def picture(session: Session, approval_id: UUID, camera_id: UUID) -> ApprovalCamera:
    """A camera of the plan with its reference picture. Raises: ApprovalPaperNotFound."""
    found = session.scalars(
        select(ApprovalCamera).options(undefer(ApprovalCamera.data)).where(ApprovalCamera.id == camera_id, ApprovalCamera.approval_id == approval_id)
    ).one_or_none()
    if found is None:
        raise ApprovalPaperNotFound(paper=str(camera_id))
    return found


def reference_pictures(session: Session, room_id: UUID) -> Sequence[ApprovalCamera]:
    """The approved views of a room, newest approval first, with their bytes: what footage is compared with (F-12)."""
    return session.scalars(
        select(ApprovalCamera)
        .options(undefer(ApprovalCamera.data))
        .join(Approval, Approval.id == ApprovalCamera.approval_id)
        .where(Approval.room_id == room_id, Approval.state.in_((*GRANTED, ApprovalState.EXPIRED)), ApprovalCamera.removed_at.is_(None))
        .order_by(Approval.decided_at.desc(), ApprovalCamera.id)
        .limit(50)
    ).all()


def reference_of_camera(session: Session, camera_id: UUID) -> bytes | None:
    """The approved picture of one camera, of the newest approval that shows it; None where no view was ever approved (F-12)."""
    return session.scalars(
        select(ApprovalCamera.data)
        .join(Approval, Approval.id == ApprovalCamera.approval_id)
        .where(ApprovalCamera.camera_id == camera_id, ApprovalCamera.removed_at.is_(None))
        .where(Approval.state.in_((*GRANTED, ApprovalState.EXPIRED)))
        .order_by(Approval.decided_at.desc(), ApprovalCamera.id)
        .limit(1)
    ).one_or_none()


def papers(session: Session, approval_id: UUID, *, internal: bool) -> Sequence[CasePaper]:
    """Papers of an application, oldest first; the internal ones are the deciding office's."""
    wanted = select(CasePaper).where(CasePaper.case_id == approval_id, CasePaper.machine == Approval.MACHINE)
    return session.scalars((wanted if internal else wanted.where(~CasePaper.internal)).order_by(CasePaper.id)).all()


def paper(session: Session, approval_id: UUID, paper_id: UUID, *, internal: bool) -> CasePaper:
    """One paper. Raises: ApprovalPaperNotFound."""
    found = session.get(CasePaper, paper_id)
    if found is None or found.case_id != approval_id or (found.internal and not internal):
        raise ApprovalPaperNotFound(paper=str(paper_id))
    return found


def attached(session: Session, paper_ids: Sequence[UUID]) -> dict[UUID, list[tuple[int, str, int]]]:
    """Paper → (position, file name, bytes) of what came with it."""
    found: dict[UUID, list[tuple[int, str, int]]] = {}
    rows = session.execute(
        select(CaseAttachment.paper_id, CaseAttachment.position, CaseAttachment.file_name, CaseAttachment.size_bytes)
        .where(CaseAttachment.paper_id.in_(paper_ids))
        .order_by(CaseAttachment.paper_id, CaseAttachment.position)
    )
    for paper_id, position, name, size in rows:
        found.setdefault(paper_id, []).append((position, name, size))
    return found


def attachment(session: Session, paper_id: UUID, position: int) -> CaseAttachment:
    """One attachment with its bytes; the caller has looked the paper up. Raises: ApprovalPaperNotFound."""
    found = session.scalars(select(CaseAttachment).where(CaseAttachment.paper_id == paper_id, CaseAttachment.position == position)).one_or_none()
    if found is None:
        raise ApprovalPaperNotFound(paper=f"{paper_id}/{position}")
    return found


def proofs(session: Session, approval_id: UUID) -> frozenset[Proof]:
    """Which safety papers were handed in (R103)."""
    kinds = session.scalars(select(CasePaper.kind).where(CasePaper.case_id == approval_id, CasePaper.kind.startswith("proof-")).distinct())
    return frozenset(Proof(kind.removeprefix("proof-")) for kind in kinds)


def late_request(session: Session, approval_id: UUID) -> LateRequest | None:
    """The record that an application came too late; None when it did not."""
    return session.scalars(select(LateRequest).where(LateRequest.approval_id == approval_id)).one_or_none()


def late_requests(session: Session, institution_id: UUID, first_at: datetime, last_at: datetime) -> Sequence[LateRequest]:
    """Late requests of an institution that a person took up, found in `[first_at, last_at)`: what a rating may count."""
    return session.scalars(
        select(LateRequest)
        .where(LateRequest.institution_id == institution_id, LateRequest.state == LateState.TAKEN_UP)
        .where(LateRequest.found_at >= first_at, LateRequest.found_at < last_at)
        .order_by(LateRequest.found_at)
        .limit(500)
    ).all()


def first_lesson_at(session: Session, room_id: UUID, class_ids: Sequence[UUID]) -> datetime | None:
    """When the first lesson of these classes in a room begins that no other place permits."""
    return session.scalar(
        select(func.min(Lesson.starts_at)).where(Lesson.room_id == room_id, Lesson.class_id.in_(class_ids), Lesson.cancelled_at.is_(None))
    )


def lessons_begun(session: Session, room_id: UUID, class_ids: Sequence[UUID], at: datetime) -> Sequence[Lesson]:
    """Lessons of these classes in a room that began no later than `at`, oldest first."""
    return session.scalars(
        select(Lesson)
        .where(Lesson.room_id == room_id, Lesson.class_id.in_(class_ids), Lesson.cancelled_at.is_(None), Lesson.starts_at <= at)
        .order_by(Lesson.starts_at)
        .limit(500)
    ).all()


def times(row: Approval) -> Times:
    """What the clock looks at."""
    return Times(row.submitted_at, row.accepted_at, row.visited_at, row.statement_until)


def count_waiting(session: Session, reader: Reader) -> int:
    """Applications that nobody has decided."""
    return session.scalar(select(func.count()).select_from(Approval).where(readable(reader), Approval.state.in_(UNDECIDED))) or 0


def route_of(row: Approval) -> Route:
    """Who decides, as it was settled at the submission (R23)."""
    clause = "R78" if row.kind is Kind.LOCATION else "R23" if row.decider is Decider.DEPARTMENT else "R21"
    return Route(row.decider, row.department, clause)
