"""The application's checks bypassed: plain SQL as the product's own role. Each attempt breaks one wall of due process. PRODUCT.md, invariant 6."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from compliance.exit.models import ExitCase
from storage.database.session import SYSTEM, Scope, apply_scope
from supervision.institutions.models import Institution
from tests.integration.exit.stage import CHIEF, LEADER, LEGAL, OFFICER, SECOND, ExitStage

PAPER = (
    "insert into case_paper (id, machine, case_id, institution_id, kind, number, internal, at, author_id, author_name, author_role, content, sha256)"
    " values (:paper, 'exit-case', :id, :institution, 'decision', :number, false, :at, :by, 'x', 'bureau-leader',"
    " jsonb_build_object('effect', cast(:effect as text)), decode(repeat('00', 32), 'hex'))"
)
DECIDED = (
    "update exit_case set state = 'decided', effect = :effect, months = :months, decided_at = :at, decided_by_id = :by, decided_by = 'x',"
    " decision_paper_id = :paper, rechecked_by_id = :second, proposed_by_id = :investigator, ground_stands = :stands,"
    " collective_record = :discussed where id = :id"
)
PEOPLE = {"investigator": OFFICER.id, "legal": LEGAL.id, "second": SECOND.id, "leader": LEADER.id, "chief": CHIEF.id}


def attempt(stage: ExitStage, statement: str, **values: object) -> str:
    """What the database answers; the savepoint is rolled back."""
    stage.session.flush()
    with pytest.raises(DBAPIError) as caught, stage.session.begin_nested():
        stage.session.execute(text(statement), values)
    return str(caught.value.orig)


@pytest.mark.parametrize("state", ["notice-served", "decided", "served", "in-force", "published", "readmitted"])
def test_a_case_is_never_put_where_it_has_not_been(stage: ExitStage, state: str) -> None:
    row = stage.audited()
    assert "ck_exit_case" in attempt(stage, "update exit_case set state = :state where id = :id", state=state, id=row.id)


def test_a_forged_notice_gives_no_days(stage: ExitStage) -> None:
    row = stage.audited()
    stage.submit(row)
    stage.clear(row)
    forged = (
        "update exit_case set state = 'notice-served', noticed_at = now(), notice_paper_id = :paper,"
        " statement_until_at = now() + interval '1 minute', hearing_until_at = now() + interval '1 minute' where id = :id"
    )
    assert "no notice of this case" in attempt(stage, forged, id=row.id, paper=uuid4())
    other = stage.noticed(stage.audited())
    assert "no notice of this case" in attempt(stage, forged, id=row.id, paper=other.notice_paper_id)
    shortened = "update exit_case set statement_until_at = noticed_at + interval '1 minute' where id = :id"
    assert "what the notice told does not change" in attempt(stage, shortened, id=other.id)


def forged_decision(stage: ExitStage, row: ExitCase, *, by: UUID | None, **changes: object) -> str:
    """What the database says to a decision paper signed by somebody, and to the row that says so."""
    stage.session.flush()
    told = {"effect": "exclude", "months": 12, "stands": True, "discussed": "局长办公会"} | changes
    paper = {"paper": uuid4(), "number": str(uuid4()), "id": row.id, "institution": row.institution_id, "at": stage.now, "by": by}
    with pytest.raises(DBAPIError) as caught, stage.session.begin_nested():
        stage.session.execute(text(PAPER), paper | told)
        stage.session.execute(text(DECIDED), paper | told | PEOPLE)
    return str(caught.value.orig)


def test_no_decision_before_the_days_for_a_statement_are_over(stage: ExitStage) -> None:
    assert "statement_over" in forged_decision(stage, stage.noticed(stage.audited()), by=LEADER.id)


@pytest.mark.parametrize("who", ["investigator", "legal", "second", "chief"])
def test_no_decision_by_somebody_who_worked_on_the_case(stage: ExitStage, who: str) -> None:
    row = stage.noticed(stage.audited())
    stage.after_the_days(row)
    assert "four_eyes" in forged_decision(stage, row, by=PEOPLE[who])


@pytest.mark.parametrize(
    ("changes", "wall"),
    [({"months": 13}, "not_heavier"), ({"stands": False}, "ground_stands"), ({"discussed": ""}, "collective"), ({"by": None}, "decided")],
)
def test_no_decision_heavier_than_told_without_ground_discussion_or_signer(stage: ExitStage, changes: dict[str, object], wall: str) -> None:
    row = stage.noticed(stage.audited())
    stage.after_the_days(row)
    assert wall in forged_decision(stage, row, **({"by": LEADER.id} | changes))  # type: ignore[arg-type]


def test_a_recheck_cannot_be_written_worse_and_a_decision_not_rewritten(stage: ExitStage) -> None:
    school = stage.institution()
    stage.course(school, stage.agreement(school, persons=5), persons=5, employed=1)
    (row,) = stage.detect(school)
    worse = "update exit_case set again_numerator = 0, again_denominator = 5 where id = :id"
    assert "not_worse" in attempt(stage, worse, id=row.id)
    opened = "update exit_case set numerator = 0 where id = :id"
    assert "what a case was opened for" in attempt(stage, opened, id=row.id)
    stage.decided(row)
    assert "a decision does not change" in attempt(stage, "update exit_case set effect = 'dismiss' where id = :id", id=row.id)
    assert "permission denied" in attempt(stage, "update exit_sheet set content = '{}' where case_id = :id", id=row.id)


def test_no_bar_without_a_served_decision_and_no_status_without_a_bar(stage: ExitStage) -> None:
    row = stage.decided(stage.audited())
    bar = (
        "insert into directory_exclusion (institution_id, case_code, bar, ground, clause, decision_number, signed_by, from_on, until_on,"
        " running_classes, lifted_document) values (:institution, :code, 'excluded', 'audit', 'R46', 'x', 'y', '2026-11-20', '2027-11-20',"
        " 'continue', '')"
    )
    assert "a bar needs the served decision" in attempt(stage, bar, institution=row.institution_id, code=row.code)
    assert "a bar needs the served decision" in attempt(stage, bar, institution=row.institution_id, code="E2026-9999")
    status = "update institution set status = :status where id = :id"
    assert "excluded is what a decision in force says" in attempt(stage, status, status="excluded", id=row.institution_id)
    stage.serve(row)
    assert "excluded is what a decision in force says" in attempt(stage, status, status="active", id=row.institution_id)


def test_agreement_task_and_class_of_an_excluded_institution_are_refused(stage: ExitStage) -> None:
    row = stage.audited()
    school = stage.session.get_one(Institution, row.institution_id)
    agreement = stage.agreement(school, year=2026, persons=30)
    stage.in_force(row)
    copied = (
        "insert into training_agreement (institution_id, number, year, category, task_persons, signed_on, valid_from, valid_until)"
        " select institution_id, number || '-2', 2020, category, 1, '2020-01-01', '2020-01-01', '2020-12-31' from training_agreement where id = :id"
    )
    assert "barred by decision" in attempt(stage, copied, id=agreement.id)
    assert "barred by decision" in attempt(stage, "update training_agreement set task_persons = 31 where id = :id", id=agreement.id)
    opened = (
        "insert into training_class (institution_id, agreement_id, code, trade, starts_on, ends_on)"
        " values (:institution, :id, 'Z-1', '面点', '2026-12-01', '2026-12-10')"
    )
    assert "barred by decision" in attempt(stage, opened, id=agreement.id, institution=school.id)
    stage.session.execute(text("update training_agreement set task_persons = 10 where id = :id"), {"id": agreement.id})  # fewer is allowed


def test_the_institution_itself_can_neither_lift_its_bar_nor_move_its_case(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited())
    stage.session.flush()
    apply_scope(stage.session, Scope("institution", row.institution_id))
    lifted = "update directory_exclusion set lifted_on = '2026-12-01', lifted_why = 'reversed', lifted_document = 'x' where case_code = :code"
    assert "a bar is the bureau's" in attempt(stage, lifted, code=row.code)
    assert "the institution states" in attempt(stage, "update exit_case set state = 'closed' where id = :id", id=row.id)
    apply_scope(stage.session, SYSTEM)
