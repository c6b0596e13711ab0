"""Use-cases: how a course ended, what proves that somebody works, and who believed it. R16, R44, R74; F-21, Q1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.kernel.actor import Actor
from storage.kernel.clock import Clock, local_date
from storage.kernel.identity import matching_hash
from storage.kernel.lifecycle import advance
from storage.ledger import history
from storage.ledger import service as ledger
from supervision.classes.errors import DefectiveSheet
from supervision.classes.models import Enrolment, Trainee, TrainingClass
from supervision.classes.sheets import Defect
from supervision.outcomes.errors import CorrectionNeedsReason, EvidenceTaken, MalformedOutcome, OutcomeNotFound
from supervision.outcomes.lifecycle import MOVES, EvidenceEvent, EvidenceState
from supervision.outcomes.models import Completion, EmploymentEvidence, EvidenceKind, Result
from supervision.outcomes.outcome_sheets import CompletionLine, EmploymentLine


@dataclass(frozen=True, slots=True)
class Recorded:
    """`added` new rows, `corrected` changed ones, `known` that stood there already."""

    added: int
    corrected: int
    known: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How one enrolled trainee's course ended."""

    enrolment_id: UUID
    result: Result
    ended_on: date
    certificate_number: str = ""


def import_completions(
    session: Session, row: TrainingClass, lines: Sequence[CompletionLine], *, master_key: bytes, reason: str = "", actor: Actor, at: datetime
) -> Recorded:
    """Record the results of a sheet. Raises: DefectiveSheet — people who are not on the roster, days outside the class; CorrectionNeedsReason."""
    enrolled = _roster(session, row)
    defects: list[Defect] = []
    endings: list[Ending] = []
    for line in lines:
        known = enrolled.get(matching_hash(line.number, master_key))
        ended_on = line.ended_on or row.ends_on
        if known is None:
            defects.append(Defect(line.row, "身份证号", "not-on-roster", line.number.masked))
        elif not row.starts_on <= ended_on <= max(row.ends_on, local_date(at)):
            defects.append(Defect(line.row, "结束日期", "out-of-range", ended_on.isoformat()))
        else:
            endings.append(Ending(known[0].id, line.result, ended_on, line.certificate_number))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    return record_completions(session, row, endings, reason=reason, actor=actor, at=at)


def record_completions(session: Session, row: TrainingClass, endings: Sequence[Ending], *, reason: str = "", actor: Actor, at: datetime) -> Recorded:
    """Record how courses ended. What stands and differs is corrected only with a reason; the ledger keeps both.

    Raises: MalformedOutcome — not of this class, before its first day or in the future, a certificate without a pass; CorrectionNeedsReason.
    """
    enrolments = {e.id: e for e in session.scalars(select(Enrolment).where(Enrolment.class_id == row.id))}
    errors: list[dict[str, object]] = []
    for one in endings:
        if one.enrolment_id not in enrolments:
            errors.append({"where": "trainee", "code": "not-on-roster", "value": ""})
        if not row.starts_on <= one.ended_on <= max(row.ends_on, local_date(at)):
            errors.append({"where": "ended_on", "code": "out-of-range", "value": one.ended_on.isoformat()})
        if one.certificate_number and one.result is not Result.PASSED:
            errors.append({"where": "certificate", "code": "certificate-without-pass", "value": one.certificate_number})
    if errors:
        raise MalformedOutcome(errors=errors)
    ids = [one.enrolment_id for one in endings]
    standing = {c.enrolment_id: c for c in session.scalars(select(Completion).where(Completion.enrolment_id.in_(ids)).with_for_update())}
    changed = [one for one in endings if one.enrolment_id in standing and _as_ending(standing[one.enrolment_id]) != one]
    stated = " ".join(reason.split())
    if changed and not stated:
        names = session.scalars(
            select(Trainee.name).join(Enrolment, Enrolment.trainee_id == Trainee.id).where(Enrolment.id.in_([c.enrolment_id for c in changed]))
        ).all()
        raise CorrectionNeedsReason(people=list(names), count=len(changed))
    before = {one.enrolment_id: _as_ending(standing[one.enrolment_id]) for one in changed}
    new = [one for one in endings if one.enrolment_id not in standing]
    for one in changed:
        kept = standing[one.enrolment_id]
        kept.result, kept.ended_on, kept.certificate_number = one.result, one.ended_on, one.certificate_number
        kept.recorded_at, kept.recorded_by = at, actor.name
    for one in new:
        enrolment = enrolments[one.enrolment_id]
        session.add(
            Completion(
                enrolment_id=enrolment.id,
                institution_id=row.institution_id,
                class_id=row.id,
                trainee_id=enrolment.trainee_id,
                result=one.result,
                ended_on=one.ended_on,
                certificate_number=one.certificate_number,
                recorded_at=at,
                recorded_by=actor.name,
            )
        )
    session.flush()
    if new or changed:
        facts = {
            "class": row.code,
            "added": [_told(one) for one in new],
            "corrected": [{"from": _told(before[one.enrolment_id]), "to": _told(one)} for one in changed],
            "reason": stated,
        }
        ledger.append(
            session, actor=actor, at=at, action="class.completions-recorded", subject=f"class/{row.code}", tenant=row.institution_id, body=facts
        )
    return Recorded(len(new), len(changed), len(endings) - len(new) - len(changed))


def import_evidence(
    session: Session, row: TrainingClass, lines: Sequence[EmploymentLine], *, master_key: bytes, actor: Actor, at: datetime
) -> Recorded:
    """File the papers of a sheet. Raises: DefectiveSheet — people who are not on the roster, days in the future, papers filed for somebody else."""
    enrolled = _roster(session, row)
    taken = _references(session, row)
    defects: list[Defect] = []
    filed: list[tuple[Trainee, EmploymentLine]] = []
    known_before = 0
    for line in lines:
        known = enrolled.get(matching_hash(line.number, master_key))
        holder = taken.get((line.kind, line.reference))
        if known is None:
            defects.append(Defect(line.row, "身份证号", "not-on-roster", line.number.masked))
        elif line.employed_on > local_date(at):
            defects.append(Defect(line.row, "就业日期", "in-the-future", line.employed_on.isoformat()))
        elif holder is not None and holder != known[1].id:
            defects.append(Defect(line.row, "证明编号", "paper-of-another", line.reference[:40]))
        elif holder is not None:
            known_before += 1
        else:
            filed.append((known[1], line))
    if defects:
        raise DefectiveSheet(errors=[d.as_dict() for d in defects])
    for trainee, line in filed:
        _file(session, row, trainee.id, line.kind, line.reference, line.employed_on, line.employer, line.employer_code, actor, at)
    return Recorded(len(filed), 0, known_before)


def file_evidence(
    session: Session,
    row: TrainingClass,
    trainee_id: UUID,
    *,
    kind: EvidenceKind,
    reference: str,
    employed_on: date,
    employer: str = "",
    employer_code: str = "",
    actor: Actor,
    at: datetime,
) -> EmploymentEvidence:
    """File one paper by hand. Raises: MalformedOutcome; EvidenceTaken — the same paper stands for somebody of the class."""
    stated, where = " ".join(reference.split()), " ".join(employer.split())
    errors: list[dict[str, object]] = []
    if session.scalar(select(Enrolment.id).where(Enrolment.class_id == row.id, Enrolment.trainee_id == trainee_id)) is None:
        errors.append({"where": "trainee", "code": "not-on-roster", "value": ""})
    if not stated:
        errors.append({"where": "reference", "code": "missing", "value": None})
    if employed_on > local_date(at):
        errors.append({"where": "employed_on", "code": "in-the-future", "value": employed_on.isoformat()})
    if kind in (EvidenceKind.CONTRACT, EvidenceKind.INSURANCE) and not where:
        errors.append({"where": "employer", "code": "missing", "value": None})
    if errors:
        raise MalformedOutcome(errors=errors)
    if (kind, stated) in _references(session, row):
        raise EvidenceTaken(reference=stated)
    return _file(session, row, trainee_id, kind, stated, employed_on, where, employer_code.strip(), actor, at)


def verify(session: Session, evidence_id: UUID, *, reason: str = "", actor: Actor, clock: Clock) -> EmploymentEvidence:
    """An officer believes a paper. Raises: OutcomeNotFound; ForbiddenMove — `same-person`, `reason-needed` when it was rejected before."""
    return _decide(session, evidence_id, EvidenceEvent.VERIFY, reason, actor, clock)


def reject(session: Session, evidence_id: UUID, *, reason: str, actor: Actor, clock: Clock) -> EmploymentEvidence:
    """An officer does not believe a paper, and says why. Raises: OutcomeNotFound; ForbiddenMove — `same-person`, `reason-needed`."""
    return _decide(session, evidence_id, EvidenceEvent.REJECT, reason, actor, clock)


def _decide(session: Session, evidence_id: UUID, event: EvidenceEvent, reason: str, actor: Actor, clock: Clock) -> EmploymentEvidence:
    row = session.scalars(select(EmploymentEvidence).where(EmploymentEvidence.id == evidence_id).with_for_update()).one_or_none()
    if row is None:
        raise OutcomeNotFound(what="evidence", id=str(evidence_id))
    stated = " ".join(reason.split())
    facts = {"filer": str(row.filed_by_id or ""), "decider": str(actor.id or ""), "reason": stated, "reference": row.reference}
    advance(MOVES, row.state, event, facts)
    row.decided_at, row.decided_by_id, row.decided_by, row.decision_reason = clock.now_at(), actor.id, actor.name, stated
    history.move(session, row, MOVES, event, actor=actor, at=clock.now_at(), reason=stated, facts=facts)
    return row


def _file(
    session: Session,
    row: TrainingClass,
    trainee_id: UUID,
    kind: EvidenceKind,
    reference: str,
    employed_on: date,
    employer: str,
    employer_code: str,
    actor: Actor,
    at: datetime,
) -> EmploymentEvidence:
    made = EmploymentEvidence(
        institution_id=row.institution_id,
        class_id=row.id,
        trainee_id=trainee_id,
        kind=kind,
        reference=reference,
        employed_on=employed_on,
        employer=employer,
        employer_code=employer_code,
        state=EvidenceState.FILED,
        filed_at=at,
        filed_by_id=actor.id,
    )
    facts = {"class": row.code, "kind": kind, "reference": reference, "employed_on": employed_on, "employer": employer}
    history.begin(session, made, actor=actor, at=at, event="file", clause="R44", facts=facts)
    return made


def _roster(session: Session, row: TrainingClass) -> Mapping[bytes, tuple[Enrolment, Trainee]]:
    rows = session.execute(select(Enrolment, Trainee).join(Trainee, Trainee.id == Enrolment.trainee_id).where(Enrolment.class_id == row.id))
    return {trainee.id_number_hash: (enrolment, trainee) for enrolment, trainee in rows}


def _references(session: Session, row: TrainingClass) -> Mapping[tuple[EvidenceKind, str], UUID]:
    """Papers that stand for people of the class: one contract does not employ two people."""
    rows = session.execute(
        select(EmploymentEvidence.kind, EmploymentEvidence.reference, EmploymentEvidence.trainee_id).where(EmploymentEvidence.class_id == row.id)
    )
    return {(kind, reference): trainee_id for kind, reference, trainee_id in rows}


def _as_ending(row: Completion) -> Ending:
    return Ending(row.enrolment_id, row.result, row.ended_on, row.certificate_number)


def _told(one: Ending) -> dict[str, object]:
    return {"enrolment": one.enrolment_id, "result": one.result, "ended_on": one.ended_on, "certificate": one.certificate_number}
