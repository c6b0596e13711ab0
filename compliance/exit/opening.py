"""Open a case: by the daily detection, by an official's entry of a major problem, by a leader's escalation of a finding. R38, R43–R46.

Opening freezes the evidence in the same transaction: the sheet is hashed into the ledger and the footage of the findings is held. It forbids
nothing; an interim measure would need a signer, and there is none here.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from compliance.exit import queries, sheets
from compliance.exit.errors import ExitCaseOpen, MalformedExit, NotMajor
from compliance.exit.lifecycle import EXIT_MOVES, ExitEvent, ExitState
from compliance.exit.models import ExitCase, ExitFinding, ExitSheet, SheetKind
from compliance.exit.rules import (
    CLAUSE_OF,
    EvaluationFacts,
    ExitRule,
    Figures,
    Trigger,
    detect_employment,
    detect_evaluation,
    detect_task,
    is_major,
)
from storage.database.series import next_in_series
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import Clock, add_months, local_date
from storage.kernel.errors import NotFound
from storage.ledger import history
from supervision.classes.models import TrainingClass
from supervision.findings import evidence, procedure
from supervision.findings import queries as findings_q
from supervision.findings.holds import Holds
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.institutions.models import Institution, InstitutionKind
from supervision.outcomes import official
from supervision.outcomes import queries as outcomes
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, Completion, Result
from supervision.outcomes.rules import EmploymentRule

STANDING_FINDINGS = (
    FindingState.NOTICED,
    FindingState.REPLIED,
    FindingState.OBJECTED,
    FindingState.RECTIFYING,
    FindingState.RECTIFIED,
    FindingState.CLOSED,
    FindingState.UNDER_REVIEW,
    FindingState.PUBLISHED,
    FindingState.ESCALATED,
)


def detect(
    session: Session, institution: Institution, rule: ExitRule, counting: EmploymentRule, *, holds: Holds, actor: Actor, clock: Clock
) -> list[ExitCase]:
    """The daily look at one institution. The same look again opens nothing: one case for each ground and year, ended ones included."""
    today = clock.today_on()
    if institution.kind is InstitutionKind.EVALUATION:
        return _detect_evaluation(session, institution, rule, today, holds=holds, actor=actor, clock=clock)
    opened: list[ExitCase] = []
    for year in range(today.year - rule.exit_lookback_years, today.year):
        if queries.open_case(session, institution.id, Trigger.EMPLOYMENT, year, ended_too=True) is None:
            found, sheet = employment_sheet(session, institution.id, rule, counting, year=year, on=today)
            if found:
                opened.append(_open(session, institution.id, Trigger.EMPLOYMENT, year, sheet, (), holds=holds, actor=actor, clock=clock))
    year = today.year - 1
    if queries.open_case(session, institution.id, Trigger.TASK, year, ended_too=True) is None:
        found, sheet = task_sheet(session, institution.id, rule, year=year, on=today)
        if found:
            opened.append(_open(session, institution.id, Trigger.TASK, year, sheet, (), holds=holds, actor=actor, clock=clock))
    return opened


def employment_sheet(
    session: Session, institution_id: UUID, rule: ExitRule, counting: EmploymentRule, *, year: int, on: date
) -> tuple[bool, sheets.Sheet]:
    """Whether trigger A is met, and the sheet."""
    people = outcomes.people_of(session, institution_id, ended_from=date(year, 1, 1), ended_before=date(year + 1, 1, 1))
    found = detect_employment(people, counting, rule, on=on)
    return found.detected, sheets.employment(found, counting, year=year, on=on)


def task_sheet(session: Session, institution_id: UUID, rule: ExitRule, *, year: int, on: date) -> tuple[bool, sheets.Sheet]:
    """Whether trigger B is met, and the sheet."""
    assigned, reduced, completed = outcomes.task_of(session, institution_id, year)
    found, figures = detect_task(task=assigned, reduced=reduced, completed=completed, year=year, rule=rule, on=on)
    return found, sheets.task(figures, year=year, on=on, assigned=assigned, reduced=reduced)


def enter_problem(
    session: Session,
    institution_id: UUID,
    *,
    issuer: str,
    level: AuditLevel,
    document: str,
    issued_on: date,
    summary: str,
    major: bool,
    classification_reason: str,
    holds: Holds,
    actor: Actor,
    clock: Clock,
    name: str = "",
) -> ExitCase | None:
    """Keep what an audit found as the caller classifies it (R46, Q7); a major problem opens a case.

    One that comes while the year's case is open is kept beside it and goes into its statement stage (Q10): that case is returned.
    Raises: NotFound — no such institution; MalformedOutcome.
    """
    if session.get(Institution, institution_id) is None:
        raise NotFound(what="institution", id=str(institution_id))
    problem = official.record_audit_problem(
        session,
        institution_id,
        issuer=issuer,
        level=level,
        document=document,
        issued_on=issued_on,
        summary=summary,
        major=major,
        classification_reason=classification_reason,
        actor=actor,
        at=clock.now_at(),
        name=name,
    )
    if not problem.major:
        return None
    held = queries.open_case(session, institution_id, Trigger.AUDIT, problem.issued_on.year)
    return held or open_audit(session, problem, holds=holds, actor=actor, clock=clock)


def open_audit(session: Session, problem: AuditProblem, *, holds: Holds, actor: Actor, clock: Clock) -> ExitCase:
    """Trigger C: a major problem of an audit or inspection of any level, by its document. Raises: NotMajor, ExitCaseOpen."""
    if not is_major(major=problem.major, document=problem.document, classified_by=problem.classified_by):
        raise NotMajor(document=problem.document)
    told = {
        "issuer": problem.issuer,
        "level": problem.level.value,
        "document": problem.document,
        "issued_on": problem.issued_on.isoformat(),
        "summary": problem.summary,
        "classified_by": problem.classified_by,
        "reason": problem.classification_reason,
    }
    year = problem.issued_on.year
    sheet = sheets.audit(Trigger.AUDIT, told, year=year, on=clock.today_on())
    return _open(session, problem.institution_id, Trigger.AUDIT, year, sheet, (), holds=holds, actor=actor, clock=clock)


def escalate(session: Session, finding_code: str, *, reason: str, holds: Holds, actor: Actor, clock: Clock, name: str = "") -> ExitCase:
    """A leader classifies a finding as a major problem (R46, Q7): it becomes an exit case, or joins the one that is not noticed yet.

    The finding's own hold stays until the case ends. Raises: FindingNotFound, ForbiddenMove, MalformedExit, ExitCaseOpen.
    """
    found = findings_q.locked_finding(session, finding_code)
    if not reason.strip():
        raise MalformedExit(errors=[{"where": "reason", "code": "missing", "value": ""}])
    year = local_date(found.recorded_at).year
    held = queries.open_case(session, found.institution_id, Trigger.FINDING, year)
    if held is not None and held.state not in (ExitState.DETECTED, ExitState.FROZEN):
        raise ExitCaseOpen(case=held.code)
    if held is None:
        told = {"document": found.code, "defect": found.defect.value, "classified_by": name or actor.name, "reason": reason.strip()}
        sheet = sheets.audit(Trigger.FINDING, told, year=year, on=clock.today_on())
        held = _open(session, found.institution_id, Trigger.FINDING, year, sheet, [found], holds=holds, actor=actor, clock=clock)
    else:
        _hold(session, held, [found], holds=holds, actor=actor, at=clock.now_at())
    procedure.escalate(session, finding_code, exit_case=held.code, reason=reason, actor=actor, clock=clock)
    return held


def release(session: Session, row: ExitCase, holds: Holds, why: str, *, actor: Actor, at: datetime) -> None:
    """The case has ended: it holds nothing any more, nor do the findings that it took over."""
    for found in queries.findings(session, row.id):
        for key, version_id in evidence.versions(session, found):
            holds.release(session, key=key, version_id=version_id, matter=matter_of(row), reason=why, actor=actor, at=at)
        if found.exit_case == row.code:
            evidence.release(session, found, holds, why, actor=actor, at=at)


def matter_of(row: ExitCase) -> str:
    """The name under which retention holds the evidence."""
    return f"exit/{row.code}"


def add_sheet(session: Session, row: ExitCase, kind: SheetKind, content: sheets.Sheet, *, at: datetime) -> ExitSheet:
    """A sheet with the hash of its canonical JSON."""
    made = ExitSheet(
        case_id=row.id,
        institution_id=row.institution_id,
        kind=kind,
        at=at,
        content=content,
        sha256=hashlib.sha256(canonical_json(content)).digest(),
    )
    session.add(made)
    session.flush()
    return made


def _detect_evaluation(
    session: Session, institution: Institution, rule: ExitRule, today: date, *, holds: Holds, actor: Actor, clock: Clock
) -> list[ExitCase]:
    if queries.open_case(session, institution.id, Trigger.EVALUATION, today.year, ended_too=True) is not None:
        return []
    since = add_months(today, -max(rule.exit_evaluator_months, rule.exit_evaluator_burst_months))
    found = session.scalars(
        select(Finding).where(Finding.institution_id == institution.id, Finding.state.in_(STANDING_FINDINGS)).order_by(Finding.code)
    ).all()
    recent = [one for one in found if local_date(one.recorded_at) > since]
    facts = EvaluationFacts(
        batches_on=tuple(
            session.scalars(select(TrainingClass.starts_on).where(TrainingClass.institution_id == institution.id, TrainingClass.starts_on > since))
        ),
        findings_on=tuple(local_date(one.recorded_at) for one in recent),
        complaints_on=tuple(
            session.scalars(
                select(Complaint.received_on).where(
                    Complaint.institution_id == institution.id, Complaint.substantiated.is_(True), Complaint.received_on > since
                )
            )
        ),
        results_on=tuple(
            (day, result is Result.PASSED)
            for day, result in session.execute(
                select(Completion.ended_on, Completion.result).where(
                    Completion.institution_id == institution.id, Completion.ended_on > since, Completion.result != Result.WITHDRAWN
                )
            )
        ),
    )
    reasons = detect_evaluation(facts, rule, on=today)
    if not reasons:
        return []
    sheet = sheets.evaluation(reasons, year=today.year, on=today)
    return [_open(session, institution.id, Trigger.EVALUATION, today.year, sheet, recent, holds=holds, actor=actor, clock=clock)]


def _open(
    session: Session,
    institution_id: UUID,
    trigger: Trigger,
    year: int,
    sheet: sheets.Sheet,
    rests_on: Sequence[Finding],
    *,
    holds: Holds,
    actor: Actor,
    clock: Clock,
) -> ExitCase:
    at = clock.now_at()
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"exit/{institution_id}"})
    held = queries.open_case(session, institution_id, trigger, year)
    if held is not None:
        raise ExitCaseOpen(case=held.code)
    figures = sheet["figures"]
    counted = Figures(**figures) if figures else None
    row = ExitCase(
        code=next_in_series(session, ExitCase.code, f"E{local_date(at).year}-"),
        institution_id=institution_id,
        trigger=trigger,
        year=year,
        state=ExitState.DETECTED,
        detected_at=at,
        detected_by_id=actor.id,
        detected_by=actor.name,
        numerator=counted.numerator if counted else None,
        denominator=counted.denominator if counted else None,
        limit_permille=counted.limit_permille if counted else None,
    )
    facts: dict[str, object] = {"trigger": trigger, "year": year, "figures": figures}
    history.begin(session, row, actor=actor, at=at, event="detect", clause=CLAUSE_OF[trigger], facts=facts)
    frozen = add_sheet(session, row, SheetKind.FROZEN, sheet, at=at)
    held_versions = _hold(session, row, rests_on, holds=holds, actor=actor, at=at)
    history.move(
        session,
        row,
        EXIT_MOVES,
        ExitEvent.FREEZE,
        actor=actor,
        at=at,
        facts={"sheet_hashed": True, "sheet_sha256": frozen.sha256.hex(), "findings": [one.code for one in rests_on], "held": held_versions},
    )
    return row


def _hold(session: Session, row: ExitCase, rests_on: Sequence[Finding], *, holds: Holds, actor: Actor, at: datetime) -> int:
    count = 0
    for found in rests_on:
        session.add(ExitFinding(case_id=row.id, finding_id=found.id, institution_id=row.institution_id))
        for key, version_id in evidence.versions(session, found):
            holds.place(session, key=key, version_id=version_id, matter=matter_of(row), reason=f"exit case {row.code}", actor=actor, at=at)
            count += 1
    session.flush()
    return count
