"""Results, employment and official records on a real PostgreSQL: whole sheets, another person, reasons, and who sees what. R16, R44–R46; F-21."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from storage.database.session import SYSTEM, Scope, apply_scope
from storage.kernel.clock import Clock, local_date
from storage.kernel.errors import ForbiddenMove
from storage.ledger.models import LedgerEntry
from supervision.classes.errors import DefectiveSheet
from supervision.classes.models import TrainingAgreement
from supervision.outcomes import official, queries, reading, service
from supervision.outcomes.errors import ComplaintDecided, CorrectionNeedsReason, MalformedOutcome
from supervision.outcomes.lifecycle import EvidenceState
from supervision.outcomes.models import AuditLevel, EmploymentEvidence, EvidenceKind
from supervision.outcomes.outcome_sheets import read_completions, read_employment
from tests.factories.subsidised import LEADER, MASTER_KEY, OFFICER, OPERATOR, enrol, id_number
from tests.factories.world import World, make_world

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
CLOCK = Clock(lambda: NOW)
TODAY = local_date(NOW)
BY = {"actor": OPERATOR, "at": NOW}


@pytest.fixture
def world(session: Session) -> World:
    made = make_world(session, NOW, days_ago=7)
    enrol(session, made, NOW, 2)
    return made


def completions(session: Session, world: World, sheet: str, *, reason: str = "") -> service.Recorded:
    lines = read_completions("s.csv", sheet.encode())
    return service.import_completions(session, world.training_class, lines, master_key=MASTER_KEY, reason=reason, **BY)


def filed(session: Session, world: World, reference: str = "HT-1") -> EmploymentEvidence:
    (one, *_) = reading.roster(session, world.training_class.id)
    told = {"kind": EvidenceKind.CONTRACT, "reference": reference, "employed_on": TODAY, "employer": "古县面粉厂"}
    return service.file_evidence(session, world.training_class, one.trainee_id, **told, **BY)


def test_a_sheet_with_a_stranger_records_nothing(session: Session, world: World) -> None:
    with pytest.raises(DefectiveSheet) as found:
        completions(session, world, f"身份证号,结果\n{id_number(1)},合格\n{id_number(9)},合格\n")
    assert [e["code"] for e in found.value.facts["errors"]] == ["not-on-roster"]
    assert all(one.completion is None for one in reading.roster(session, world.training_class.id))


def test_a_result_that_stands_is_corrected_only_with_a_reason_and_the_ledger_keeps_both(session: Session, world: World) -> None:
    sheet = f"身份证号,结果,证书编号\n{id_number(1)},合格,Z1\n{id_number(2)},退学,\n"
    assert completions(session, world, sheet) == service.Recorded(2, 0, 0)
    assert completions(session, world, sheet) == service.Recorded(0, 0, 2)
    other = f"身份证号,结果\n{id_number(2)},结业\n"
    with pytest.raises(CorrectionNeedsReason):
        completions(session, world, other)
    assert completions(session, world, other, reason="登记有误") == service.Recorded(0, 1, 0)
    entries = session.scalars(select(LedgerEntry).where(LedgerEntry.action == "class.completions-recorded")).all()
    assert b"withdrawn" in entries[-1].body and b"completed" in entries[-1].body


def test_every_bad_cell_is_told_at_once() -> None:
    with pytest.raises(DefectiveSheet) as found:
        read_employment("s.csv", f"身份证号,证明类型,证明编号,就业日期\n{id_number(1)},劳动合同,,昨天\n123,名片,1,2026-01-01\n".encode())
    assert [e["code"] for e in found.value.facts["errors"]] == ["not-a-date", "cell-empty", "cell-empty", "id-number-length", "unknown"]


def test_evidence_counts_once_another_person_verified_it(session: Session, world: World) -> None:
    completions(session, world, f"身份证号,结果\n{id_number(1)},合格\n")
    paper = filed(session, world)
    with pytest.raises(ForbiddenMove) as found:
        service.verify(session, paper.id, actor=OPERATOR, clock=CLOCK)
    assert found.value.facts["why"] == "same-person"
    with pytest.raises(ForbiddenMove) as found:
        service.reject(session, paper.id, reason=" ", actor=OFFICER, clock=CLOCK)
    assert found.value.facts["why"] == "reason-needed"
    service.verify(session, paper.id, actor=OFFICER, clock=CLOCK)
    (person, _) = queries.people_of_class(session, world.training_class.id)
    assert [one.state for one in person.evidence] == [EvidenceState.VERIFIED]
    service.reject(session, paper.id, reason="单位不存在", actor=LEADER, clock=CLOCK)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("update employment_evidence set decided_by_id = filed_by_id"))


def test_official_records_are_entered_once_with_a_name_and_never_changed(session: Session, world: World) -> None:
    agreement = session.scalars(select(TrainingAgreement).where(TrainingAgreement.institution_id == world.institution.id)).one()
    told = {"document": "古人社〔2026〕9号", "reason": "停产", "approved_on": TODAY}
    by = {"actor": OFFICER, "at": NOW}
    official.reduce_task(session, agreement, persons=60, **told, **by)
    with pytest.raises(MalformedOutcome):
        official.reduce_task(session, agreement, persons=1, **told, **by)
    audit = {"issuer": "审计局", "level": AuditLevel.COUNTY, "document": "1号", "issued_on": TODAY, "summary": "虚报", "major": True}
    with pytest.raises(MalformedOutcome):
        official.record_audit_problem(session, world.institution.id, **audit, classification_reason=" ", **by)
    official.record_audit_problem(session, world.institution.id, **audit, classification_reason="金额较大", **by)
    complaint = official.record_complaint(session, world.institution.id, received_on=TODAY, summary="只上了三天", **by)
    official.decide_complaint(session, complaint.id, substantiated=True, found="属实", **by)
    with pytest.raises(ComplaintDecided):
        official.decide_complaint(session, complaint.id, substantiated=False, found="不属实", **by)
    with pytest.raises(MalformedOutcome):
        tomorrow = TODAY + timedelta(days=1)
        official.record_evaluation(session, world.institution.id, year=2026, score_permille=1001, document="报告", evaluated_on=tomorrow, **by)
    for table in ("audit_problem", "task_reduction"):
        with pytest.raises(DBAPIError, match="permission denied"), session.begin_nested():
            session.execute(text(f"delete from {table}"))
    apply_scope(session, Scope("institution", world.institution.id))
    assert [session.execute(text(f"select count(*) from {t}")).scalar() for t in ("audit_problem", "complaint", "task_reduction")] == [0, 0, 1]
    apply_scope(session, SYSTEM)
