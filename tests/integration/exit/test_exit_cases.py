"""Exit cases on a real PostgreSQL: detection, due process, force, reversal, readmission, and who may see what. domain.md 2.3.5, R43–R47."""

import hashlib
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from compliance.exit import effects, letters, opening, procedure, queries, remedies, statutory
from compliance.exit.errors import ExitCaseNotFound, ExitCaseOpen, MalformedExit, NotMajor
from compliance.exit.lifecycle import ChallengeEvent, ExitState
from compliance.exit.models import ChallengeKind, ExitCase, ExitSheet, SheetKind
from compliance.exit.rules import Effect, Measure, Trigger, term_ends_on
from compliance.papers import service as papers
from compliance.publication import queries as public_list
from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import add_months
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from supervision.classes import service as classes
from supervision.classes.errors import BarredByDecision
from supervision.classes.models import Trainee
from supervision.institutions import service as registry
from supervision.institutions.models import CreditTier, DirectoryExclusion, Institution, InstitutionKind, InstitutionStatus, Lifted, Tier
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, TaskReduction
from tests.integration.exit.stage import CHIEF, HEAD, LEADER, LEGAL, OFFICER, SECOND, ExitStage


def why_not(refused: "pytest.ExceptionInfo[ForbiddenMove]") -> object:
    return refused.value.facts["why"]


def refused(stage: ExitStage, act: object, *args: object, **kwargs: object) -> object:
    with pytest.raises(ForbiddenMove) as caught, stage.session.begin_nested():
        act(*args, **kwargs)  # type: ignore[operator]
    return why_not(caught)


def institution_of(stage: ExitStage, row: ExitCase) -> Institution:
    return stage.session.get_one(Institution, row.institution_id)


@pytest.mark.parametrize(("employed", "opened"), [(0, True), (1, False)])
def test_an_employment_rate_below_a_quarter_opens_one_case_with_a_sheet_that_lists_everybody(stage: ExitStage, employed: int, opened: bool) -> None:
    school = stage.institution()
    stage.course(school, stage.agreement(school), employed=employed)
    made = stage.detect(school)
    assert [row.trigger for row in made] == ([Trigger.EMPLOYMENT] if opened else [])
    assert stage.detect(school) == []
    if not opened:
        return
    (row,) = made
    assert (row.state, row.year, row.numerator, row.denominator) == (ExitState.FROZEN, 2025, 0, 4)
    sheet = queries.sheet(stage.session, row.id)
    assert sheet is not None
    assert len(sheet.content["lines"]) == 4
    assert len(sheet.content["alternatives"]) == 12
    assert sum(one["in_force"] for one in sheet.content["alternatives"]) == 1
    assert sheet.sha256 == hashlib.sha256(canonical_json(sheet.content)).digest()
    entry = stage.session.scalars(select(LedgerEntry).where(LedgerEntry.action == "exit-case.freeze")).one()
    assert sheet.sha256.hex().encode() in entry.body
    assert b"\xe5\xad\xa6\xe5\x91\x98" not in entry.body  # no trainee's name


def test_nothing_is_detected_while_a_trainee_can_still_find_work_in_time(stage: ExitStage) -> None:
    school = stage.institution()
    stage.course(school, stage.agreement(school), ended_on=date(2025, 12, 30))
    stage.now = stage.now.replace(year=2026, month=6, day=30)
    assert stage.detect(school) == []
    stage.later(days=1)
    assert [row.trigger for row in stage.detect(school)] == [Trigger.EMPLOYMENT]


def test_an_unmet_task_is_a_ground_until_a_reduction_was_approved(stage: ExitStage) -> None:
    school = stage.institution()
    agreement = stage.agreement(school, persons=5)
    stage.course(school, agreement, persons=4, employed=4)
    with stage.session.begin_nested() as probe:
        (row,) = stage.detect(school)
        assert (row.trigger, row.numerator, row.denominator) == (Trigger.TASK, 4, 5)
        probe.rollback()
    stage.session.add(
        TaskReduction(
            institution_id=school.id,
            agreement_id=agreement.id,
            persons=1,
            document="古人社函〔2025〕9号",
            reason="暴雨停课",
            approved_on=date(2025, 9, 1),
            recorded_at=stage.now,
            recorded_by="officer",
        )
    )
    stage.session.flush()
    assert stage.detect(school) == []


def test_a_problem_opens_a_case_only_when_an_official_classified_it_as_major(stage: ExitStage) -> None:
    school = stage.institution()
    with pytest.raises(NotMajor):
        opening.open_audit(stage.session, stage.problem(school, major=False), holds=stage.shelf, actor=CHIEF, clock=stage.clock)
    row = opening.open_audit(stage.session, stage.problem(school), holds=stage.shelf, actor=CHIEF, clock=stage.clock)
    assert row.state is ExitState.FROZEN
    with pytest.raises(ExitCaseOpen):
        opening.open_audit(stage.session, stage.problem(school), holds=stage.shelf, actor=CHIEF, clock=stage.clock)


def test_every_problem_is_kept_and_the_major_ones_of_a_year_share_a_case(stage: ExitStage) -> None:
    """R46, Q7, Q10: whichever page it is entered on, there is one way in."""
    school = stage.institution()

    def enter(document: str, *, major: bool) -> ExitCase | None:
        told = {"issuer": "审计局", "level": AuditLevel.COUNTY, "issued_on": date(2026, 3, 2), "summary": "虚报学员", "classification_reason": "金额"}
        by = {"holds": stage.shelf, "actor": CHIEF, "clock": stage.clock, "name": "赵一"}
        return opening.enter_problem(stage.session, school.id, document=document, major=major, **told, **by)  # type: ignore[arg-type]

    assert enter("审1号", major=False) is None
    first = enter("审2号", major=True)
    assert first is not None
    assert enter("审3号", major=True) is first
    kept = stage.session.scalars(select(AuditProblem).where(AuditProblem.institution_id == school.id).order_by(AuditProblem.document))
    assert [(one.document, one.major, one.classified_by) for one in kept] == [
        ("审1号", False, "赵一"),
        ("审2号", True, "赵一"),
        ("审3号", True, "赵一"),
    ]


def test_an_evaluation_institution_with_many_complaints_is_looked_at(stage: ExitStage) -> None:
    evaluator = stage.institution(kind=InstitutionKind.EVALUATION)
    for number in range(3):
        assert stage.detect(evaluator) == []
        stage.session.add(
            Complaint(
                institution_id=evaluator.id,
                received_on=date(2026, 10, number + 1),
                summary="泄题",
                substantiated=True,
                decided_on=date(2026, 10, 20),
                decided_by="officer",
                recorded_at=stage.now,
                recorded_by="officer",
            )
        )
        stage.session.flush()
    (row,) = stage.detect(evaluator)
    assert row.trigger is Trigger.EVALUATION
    sheet = queries.sheet(stage.session, row.id)
    assert sheet is not None
    assert sheet.content["reasons"] == [{"code": "complaints", "value": 3, "limit": 3}]


def test_nobody_checks_their_own_work(stage: ExitStage) -> None:
    row = stage.audited()
    stage.submit(row)
    assert refused(stage, stage.clear, row, actor=OFFICER) == "same-person"
    assert refused(stage, stage.clear, row, checks=("competence",)) == "checklist-open"
    stage.clear(row, passed=False)
    assert row.state is ExitState.FROZEN
    stage.noticed(row)
    assert refused(stage, stage.recheck, row) == "statement-time-open"
    stage.after_the_days(row)
    for actor in (OFFICER, CHIEF):
        assert refused(stage, stage.recheck, row, actor=actor) == "same-person"
    stage.recheck(row)
    stage.propose(row)
    for actor in (OFFICER, SECOND, LEGAL, CHIEF):
        assert refused(stage, stage.decide, row, actor=actor) == "same-person"
    procedure.send_back(stage.session, row.code, reason="补充说明", actor=LEADER, clock=stage.clock)
    stage.propose(row)
    stage.decide(row)
    assert row.state is ExitState.DECIDED
    assert institution_of(stage, row).status is InstitutionStatus.ACTIVE


def test_the_last_second_counts_for_statement_and_hearing_and_the_next_is_too_late(stage: ExitStage) -> None:
    row = stage.noticed(stage.audited())
    assert row.statement_until_at is not None
    assert row.statement_until_at.astimezone(stage.now.tzinfo).date() == date(2026, 11, 27)  # midnight that ends the fifth working day
    stage.now = row.statement_until_at - timedelta(seconds=1)
    stage.state(row, "签到系统故障", "录像可以证明实际授课")
    stage.now = row.statement_until_at
    assert refused(stage, stage.state, row, "来晚了") == "deadline-over"
    late = {"reason": "要求听证", "institution_id": row.institution_id, "actor": HEAD, "clock": stage.clock}
    assert refused(stage, procedure.request_hearing, stage.session, row.code, **late) == "deadline-over"


def test_a_hearing_is_called_seven_working_days_before_by_somebody_who_did_not_investigate(stage: ExitStage) -> None:
    row = stage.noticed(stage.audited())
    by = {"institution_id": row.institution_id, "actor": HEAD, "clock": stage.clock}
    procedure.request_hearing(stage.session, row.code, reason="要求听证", **by)  # type: ignore[arg-type]
    stage.state(row, "书面意见")

    def call(days: int, *, actor: object = LEGAL) -> object:
        return procedure.call_hearing(
            stage.session,
            row.code,
            hearing_at=stage.now + timedelta(days=days),
            place="人社局二楼会议室",
            clocks=stage.clocks,
            actor=actor,  # type: ignore[arg-type]
            clock=stage.clock,
        )

    assert refused(stage, call, 10) == "hearing-too-soon"
    assert refused(stage, call, 14, actor=OFFICER) == "same-person"
    call(14)
    held = {"record": "双方到场，质证完毕", "points": ["证人证言不实"], "files": (), "actor": LEGAL}
    assert refused(stage, procedure.hold_hearing, stage.session, row.code, **held, clock=stage.clock) == "not-the-day"
    stage.later(days=14)
    procedure.hold_hearing(stage.session, row.code, **held, clock=stage.clock)  # type: ignore[arg-type]
    assert queries.points(stage.session, row.id) == ["书面意见", "证人证言不实"]
    stage.recheck(row)
    with pytest.raises(MalformedExit):
        procedure.propose(
            stage.session,
            row.code,
            reasons="理由",
            measure=Measure(Effect.DISMISS),
            running_classes=None,
            answers=["只答一条"],
            collective="",
            rule=stage.rule,
            actor=OFFICER,
            clock=stage.clock,
        )
    stage.propose(row)
    stage.decide(row)
    decision = papers.last(stage.session, row.id, "decision")
    assert decision is not None
    assert [pair["point"] for pair in decision.content["points"]] == ["书面意见", "证人证言不实"]


def test_new_evidence_in_the_statement_improves_the_figures_and_takes_the_ground_away(stage: ExitStage) -> None:
    school = stage.institution()
    course = stage.course(school, stage.agreement(school))
    (row,) = stage.detect(school)
    stage.noticed(row)
    stage.state(row, "有一名学员已就业")
    trainee = stage.session.scalars(select(Trainee).where(Trainee.institution_id == school.id).limit(1)).one()
    stage.work(school, course, trainee, date(2025, 8, 1))
    stage.after_the_days(row)
    stage.recheck(row)
    assert (row.again_numerator, row.again_denominator, row.ground_stands) == (1, 4, False)
    assert refused(stage, stage.propose, row) == "ground-fell-away"
    stage.propose(row, measure=Measure(Effect.DISMISS))
    stage.decide(row)
    stage.serve(row)
    assert row.state is ExitState.CLOSED
    assert stage.session.scalars(select(DirectoryExclusion)).all() == []
    assert stage.detect(school) == []  # the same year is not opened again


def test_the_recheck_never_worsens_the_figures_because_of_the_defence(stage: ExitStage) -> None:
    school = stage.institution()
    stage.course(school, stage.agreement(school, persons=5), persons=5, employed=1)
    (row,) = stage.detect(school)
    stage.noticed(row)
    stage.session.execute(ExitSheet.__table__.select())  # type: ignore[attr-defined]
    from supervision.outcomes.lifecycle import EvidenceState
    from supervision.outcomes.models import EmploymentEvidence

    evidence = stage.session.scalars(select(EmploymentEvidence)).one()
    evidence.state, evidence.decision_reason = EvidenceState.REJECTED, "伪造"
    stage.session.flush()
    stage.after_the_days(row)
    stage.recheck(row)
    assert (row.again_numerator, row.again_denominator) == (1, 5)
    again = queries.sheet(stage.session, row.id, SheetKind.AGAIN)
    assert again is not None
    assert again.content["figures"]["numerator"] == 0  # what was counted stays on record all the same


def test_a_decision_is_never_heavier_than_the_notice(stage: ExitStage) -> None:
    row = stage.noticed(stage.audited(), measure=Measure(Effect.RESTRICT, 6))
    stage.after_the_days(row)
    stage.recheck(row)
    assert refused(stage, stage.propose, row, measure=Measure(Effect.EXCLUDE, 12)) == "heavier-than-the-notice"
    assert refused(stage, stage.propose, row, measure=Measure(Effect.RESTRICT, 7)) == "heavier-than-the-notice"
    stage.propose(row, measure=Measure(Effect.RESTRICT, 6))


def test_an_exclusion_without_a_record_of_the_collective_discussion_cannot_be_proposed(stage: ExitStage) -> None:
    row = stage.noticed(stage.audited())
    stage.after_the_days(row)
    stage.recheck(row)
    with pytest.raises(MalformedExit):
        stage.propose(row, collective=" ")


def test_in_force_means_that_agreement_task_and_class_are_refused_by_the_number_of_the_decision(stage: ExitStage) -> None:
    row = stage.audited()
    school = institution_of(stage, row)
    agreement = stage.agreement(school, year=2026, persons=30)
    stage.in_force(row)
    decision = papers.last(stage.session, row.id, "decision")
    assert decision is not None
    assert (row.state, school.status) == (ExitState.IN_FORCE, InstitutionStatus.EXCLUDED)
    assert row.from_on is not None
    assert row.until_on == term_ends_on(row.from_on, 12)
    by = {"actor": OFFICER, "at": stage.now}
    for act in (
        lambda: stage.agreement(school, year=2027),
        lambda: classes.raise_task(stage.session, school, agreement, persons=1, document="文", **by),  # type: ignore[arg-type]
        lambda: stage.course(school, agreement, ended_on=date(2026, 12, 30)),
    ):
        with pytest.raises(BarredByDecision) as caught:
            act()
        assert caught.value.facts["decision"] == decision.number
        assert caught.value.facts["until"] == row.until_on
    assert stage.outbox.published == [effects.BARRED_EVENT]


def test_a_restriction_refuses_agreements_but_not_the_classes_of_running_ones_and_lapses_by_itself(stage: ExitStage) -> None:
    row = stage.audited()
    school = institution_of(stage, row)
    agreement = stage.agreement(school, year=2026, persons=30)
    stage.in_force(row, measure=Measure(Effect.RESTRICT, 3))
    assert school.status is InstitutionStatus.ACTIVE
    stage.course(school, agreement, ended_on=date(2026, 12, 30))
    with pytest.raises(BarredByDecision):
        stage.agreement(school, year=2027)
    assert row.until_on is not None
    stage.publish(row)
    assert refused(stage, stage.end_term, row) == "term-not-over"
    stage.later(days=100)
    (due,) = queries.due_to_end(stage.session, stage.clock.today_on())
    stage.end_term(due)
    assert row.state is ExitState.CLOSED
    stage.agreement(school, year=2027)


def test_a_reversal_restores_status_and_list_at_once_and_says_so_publicly(stage: ExitStage) -> None:
    row = stage.audited()
    school = institution_of(stage, row)
    stage.in_force(row)
    stage.publish(row)
    effects.revoke(
        stage.session,
        row.code,
        reason="认定有误",
        document="古政复决〔2027〕1号",
        holds=stage.shelf,
        actor=LEADER,
        clock=stage.clock,
        events=stage.outbox,
    )
    assert (row.state, school.status) == (ExitState.REVOKED, InstitutionStatus.ACTIVE)
    assert [one.institution_id for one in queries.reversed_problems(stage.session)] == [school.id]  # the rating is computed without it
    apply_scope(stage.session, PUBLIC)
    (listed,) = public_list.exclusions(stage.session)
    assert (listed.ended_why, listed.ended_document, listed.institution) == (Lifted.REVERSED, "古政复决〔2027〕1号", school.name)
    apply_scope(stage.session, SYSTEM)
    stage.agreement(school, year=2027)
    assert stage.outbox.published == [effects.BARRED_EVENT, effects.ENDED_EVENT]


def test_what_is_not_published_is_not_on_the_public_list(stage: ExitStage) -> None:
    stage.in_force(stage.audited())
    apply_scope(stage.session, PUBLIC)
    assert public_list.exclusions(stage.session) == []
    assert stage.session.scalars(select(ExitCase)).all() == []
    assert stage.session.scalars(select(ExitSheet)).all() == []


def test_a_reconsideration_changes_revokes_or_upholds_and_the_late_one_needs_the_authority_s_reason(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited(), measure=Measure(Effect.EXCLUDE, 24))
    assert row.served_at is not None
    served = stage.clock.today_on()

    def file(kind: ChallengeKind, filed_on: date, late: str = "") -> UUID:
        with stage.session.begin_nested():
            made = remedies.record(
                stage.session,
                row.code,
                kind=kind,
                authority="古县人民政府",
                document="古政复受〔2026〕1号",
                filed_on=filed_on,
                late_reason=late,
                rule=stage.remedies,
                actor=OFFICER,
                clock=stage.clock,
            )
        return made.id

    def conclude(challenge: UUID, event: ChallengeEvent, months: int = 0) -> None:
        with stage.session.begin_nested():
            remedies.conclude(
                stage.session,
                row.code,
                challenge,
                event=event,
                document="古政复决〔2027〕2号",
                decided_on=stage.clock.today_on(),
                months=months,
                holds=stage.shelf,
                actor=OFFICER,
                clock=stage.clock,
                events=stage.outbox,
            )

    with pytest.raises(MalformedExit):
        file(ChallengeKind.RECONSIDERATION, served + timedelta(days=61))
    first = file(ChallengeKind.RECONSIDERATION, served + timedelta(days=60))
    with pytest.raises(MalformedExit):
        file(ChallengeKind.RECONSIDERATION, served + timedelta(days=60))
    with pytest.raises(MalformedExit):
        conclude(first, ChallengeEvent.CHANGE, 36)
    conclude(first, ChallengeEvent.CHANGE, 12)
    assert row.from_on is not None
    assert row.until_on == term_ends_on(row.from_on, 12)
    second = file(ChallengeKind.LITIGATION, served + timedelta(days=400), "不可抗力，法院准予延长")
    conclude(second, ChallengeEvent.REVOKE)
    assert row.state is ExitState.REVOKED


def test_readmission_needs_the_term_an_application_three_conditions_and_another_leader(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited())
    school = institution_of(stage, row)
    stage.publish(row)
    assert refused(stage, stage.apply, row) == "not-listed"
    stage.later(days=366)
    stage.end_term(row)
    assert (row.state, school.status) == (ExitState.TERM_ENDED, InstitutionStatus.EXCLUDED)
    stage.apply(row)
    stage.assess(row, subsidy_repaid=False)
    assert refused(stage, stage.readmit, row) == "readmission-conditions-open"
    stage.readmit(row, admitted=False)
    stage.apply(row)
    stage.assess(row)
    assert refused(stage, stage.readmit, row, actor=SECOND) == "same-person"
    stage.readmit(row)
    assert (row.state, school.status) == (ExitState.READMITTED, InstitutionStatus.ACTIVE)
    tier = stage.session.scalars(select(CreditTier).where(CreditTier.institution_id == school.id)).one()
    assert tier.tier is Tier.D
    assert tier.probation_until_on == add_months(tier.from_on, 12)  # every lesson is reviewed until then
    stage.agreement(school, year=2028)


def test_a_tier_decided_on_the_day_of_readmission_does_not_spare_the_probation(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited())
    school = institution_of(stage, row)
    stage.publish(row)
    stage.later(days=366)
    stage.end_term(row)
    stage.apply(row)
    stage.assess(row)
    today = stage.clock.today_on()
    registry.record_tier(stage.session, school, tier=Tier.B, from_on=today, document="古人社信〔2027〕1号", actor=OFFICER, at=stage.now)
    stage.readmit(row)
    tiers = stage.session.scalars(select(CreditTier).where(CreditTier.institution_id == school.id).order_by(CreditTier.from_on)).all()
    assert [(one.tier, one.probation_until_on is None) for one in tiers] == [(Tier.B, True), (Tier.D, False)]


def test_a_case_withdrawn_by_error_tells_the_institution_only_when_it_had_been_told(stage: ExitStage) -> None:
    early, late = stage.audited(), stage.noticed(stage.audited())
    for row, told in ((early, False), (late, True)):
        procedure.withdraw(stage.session, row.code, reason="机构认错", holds=stage.shelf, actor=LEADER, clock=stage.clock)
        assert row.state is ExitState.WITHDRAWN
        assert (papers.last(stage.session, row.id, "withdrawal") is not None) is told


def test_a_correction_is_looked_at_and_closes_the_case(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited(), measure=Measure(Effect.CORRECT))
    assert row.state is ExitState.CORRECTING
    effects.close_correction(stage.session, row.code, how="现场核验", corrected=True, holds=stage.shelf, actor=SECOND, clock=stage.clock)
    assert row.state is ExitState.CLOSED


def test_the_institution_sees_nothing_before_the_notice_and_another_never(stage: ExitStage) -> None:
    row = stage.audited()
    own = Scope("institution", row.institution_id)
    stage.submit(row)
    stage.clear(row)
    apply_scope(stage.session, own)
    assert stage.session.scalars(select(ExitCase)).all() == []
    assert stage.session.scalars(select(ExitSheet)).all() == []
    with pytest.raises(ExitCaseNotFound):
        queries.case(stage.session, row.code, institution_id=row.institution_id)
    apply_scope(stage.session, SYSTEM)
    stage.notice(row)
    apply_scope(stage.session, own)
    stage.state(row, "我们有话说")
    assert [p.kind for p in papers.of_case(stage.session, row.id)] == ["notice", "statement"]
    assert [m.event for m in history.timeline(stage.session, "exit-case", row.id)] == ["notice", "state"]
    assert queries.sheet(stage.session, row.id) is not None
    apply_scope(stage.session, Scope("institution", UUID(int=77)))
    assert papers.of_case(stage.session, row.id) == []
    assert queries.sheet(stage.session, row.id) is None
    with pytest.raises(ExitCaseNotFound):
        queries.case(stage.session, row.code, institution_id=UUID(int=77))
    apply_scope(stage.session, SYSTEM)


def test_every_letter_is_whole_and_its_repair_page_goes_with_the_decision(stage: ExitStage) -> None:
    row = stage.in_force(stage.audited())
    kinds = {p.kind: p for p in papers.of_case(stage.session, row.id)}
    assert set(letters.TITLES) > set(kinds)
    assert "不因陈述、申辩或者要求听证而加重处理" in kinds["notice"].content["rights"]
    assert "60日" in kinds["decision"].content["remedies"]
    assert "6个月" in kinds["decision"].content["remedies"]
    assert len(kinds["decision"].content["repair"]) == 5
    assert kinds["service"].content["decision"] == kinds["decision"].number


def test_an_entry_of_a_statutory_list_is_kept_with_its_source_and_has_no_effect(stage: ExitStage) -> None:
    school = stage.institution()
    told = {
        "list_name": "拖欠农民工工资失信联合惩戒对象名单",
        "authority": "临汾市人社局",
        "source_document": "临人社监列〔2026〕3号",
        "entry_name": school.name,
        "entry_code": "",
        "listed_on": date(2026, 5, 1),
        "until_on": date(2029, 5, 1),
        "institution_id": school.id,
        "actor": OFFICER,
        "clock": stage.clock,
    }
    statutory.bring_in(stage.session, **told)  # type: ignore[arg-type]
    with pytest.raises(MalformedExit):
        statutory.bring_in(stage.session, **told)  # type: ignore[arg-type]
    stage.agreement(school, year=2027)
    assert school.status is InstitutionStatus.ACTIVE
