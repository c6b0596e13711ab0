"""From a confirmed finding to its publication on a real PostgreSQL: letters, objections, clocks, and who may do what. domain.md 2.3.2."""

import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from compliance.policy.book import Book
from storage.database.session import SYSTEM, Scope, apply_scope
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import local_date
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from supervision.findings import procedure, queries, reminders
from supervision.findings import service as findings
from supervision.findings.attachments import Given
from supervision.findings.clocks import Party, ProcedureRule
from supervision.findings.errors import FindingNotFound, MalformedStatement
from supervision.findings.letters import CLAUSES, basis_of
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Audience, Finding, PaperKind
from supervision.findings.rules import DEFECTS
from supervision.spotchecks.models import ReviewAssignment
from tests.integration.sampling.stage import BUREAU, WATCHDOG, Stage
from tests.integration.sampling.test_reviews_and_findings import OTHER, Shelf, given, record

__all__ = ["given"]  # a fixture

HEAD = Actor(kind="account", name="school.head", role="institution-head", id=UUID(int=700))
LEADER = Actor(kind="account", name="leader", role="bureau-leader", id=UUID(int=701))
PAPER = Given("电费单.pdf", b"%PDF-1.7 bill")


@pytest.fixture
def rule(stage: Stage) -> ProcedureRule:
    return Book.load().read(ProcedureRule, on=local_date(stage.now))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def confirmed(stage: Stage, given: ReviewAssignment, shelf: Shelf) -> Finding:
    found = record(stage, given, holds=shelf, assignment_id=None)
    return findings.confirm(stage.session, found.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)


@pytest.fixture
def noticed(stage: Stage, confirmed: Finding, rule: ProcedureRule) -> Finding:
    serve(stage, confirmed, rule)
    return confirmed


def serve(stage: Stage, found: Finding, rule: ProcedureRule, *, hash_verified: bool = True) -> None:
    procedure.serve_notice(
        stage.session, found.code, hash_verified=hash_verified, still=b"\xff\xd8\xff picture", rule=rule, actor=BUREAU, clock=stage.clock
    )


def objected(stage: Stage, found: Finding, *points: str) -> None:
    procedure.raise_objection(
        stage.session, found.code, points=points, files=[PAPER], institution_id=found.institution_id, actor=HEAD, clock=stage.clock
    )


def answered(stage: Stage, found: Finding, rule: ProcedureRule, shelf: Shelf, *answers: str, upheld: bool, actor: Actor = LEADER) -> None:
    procedure.answer_objection(stage.session, found.code, answers=answers, upheld=upheld, rule=rule, holds=shelf, actor=actor, clock=stage.clock)


def why_not(refused: "pytest.ExceptionInfo[ForbiddenMove]") -> object:
    return refused.value.facts["why"]


def test_every_clause_of_the_code_list_can_be_cited_in_the_document_s_words() -> None:
    for defect in DEFECTS.values():
        assert CLAUSES[defect.clause][1] in basis_of(defect.clause)


def test_a_notice_is_numbered_hashed_in_the_ledger_and_gives_five_working_days(stage: Stage, noticed: Finding, rule: ProcedureRule) -> None:
    (paper,) = queries.papers(stage.session, noticed.id)
    assert paper.number == f"古人社检告〔{local_date(stage.now).year}〕1号"
    assert paper.sha256 == hashlib.sha256(canonical_json(paper.content)).digest()
    entry = stage.session.scalars(select(LedgerEntry).where(LedgerEntry.action == "finding.notice")).one()
    assert paper.sha256.hex().encode() in entry.body
    turn = procedure.turn_of(stage.session, noticed, rule, stage.now)
    assert turn is not None
    assert (turn.party, turn.act) == (Party.INSTITUTION, "object")
    assert turn.until == procedure.object_until(stage.session, noticed)
    assert "5个工作日" in paper.content["rights"]


def test_a_notice_without_a_fresh_hash_is_not_served_and_takes_no_number(stage: Stage, confirmed: Finding, rule: ProcedureRule) -> None:
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        serve(stage, confirmed, rule, hash_verified=False)
    assert why_not(refused) == "footage-not-verified"
    serve(stage, confirmed, rule)
    assert [p.number[-2:] for p in queries.papers(stage.session, confirmed.id)] == ["1号"]


def test_an_objection_is_answered_point_by_point_by_somebody_new_and_ends_the_matter(
    stage: Stage, noticed: Finding, rule: ProcedureRule, shelf: Shelf
) -> None:
    objected(stage, noticed, "当日停电，有供电公司证明", "课程已于次日补上")
    for actor, answers, why in (
        (WATCHDOG, ("属实，予以采纳", "已核对课表"), "same-person"),  # confirmed it
        (BUREAU, ("属实，予以采纳", "已核对课表"), "same-person"),  # signed the notice
        (LEADER, ("属实，予以采纳", ""), "objection-unanswered"),
    ):
        with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
            answered(stage, noticed, rule, shelf, *answers, upheld=True, actor=actor)
        assert why_not(refused) == why
    with pytest.raises(MalformedStatement):
        answered(stage, noticed, rule, shelf, "只答一条", upheld=True)
    assert shelf.held
    answered(stage, noticed, rule, shelf, "属实，予以采纳", "已核对课表，确已补课", upheld=True)
    assert noticed.state is FindingState.WITHDRAWN
    assert not shelf.held
    answer = queries.papers(stage.session, noticed.id)[-1]
    assert [p["point"] for p in answer.content["points"]] == ["当日停电，有供电公司证明", "课程已于次日补上"]


def test_an_objection_after_the_last_day_is_refused_and_only_then_rectification_is_ordered(
    stage: Stage, noticed: Finding, rule: ProcedureRule
) -> None:
    def order() -> None:
        procedure.order_rectification(stage.session, noticed.code, wanted="补上缺失的录像或补课", rule=rule, actor=BUREAU, clock=stage.clock)

    until = procedure.object_until(stage.session, noticed)
    assert until is not None
    stage.now = until - timedelta(seconds=1)
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        order()
    assert why_not(refused) == "objection-time-open"
    stage.now = until
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        objected(stage, noticed, "来晚了")
    assert why_not(refused) == "deadline-over"
    order()
    assert noticed.state is FindingState.RECTIFYING


def test_the_whole_way_to_publication_releases_the_hold_only_at_the_end(stage: Stage, noticed: Finding, rule: ProcedureRule, shelf: Shelf) -> None:
    objected(stage, noticed, "摄像机角度问题，非遮挡")
    answered(stage, noticed, rule, shelf, "录像显示镜头被物体遮挡，维持认定", upheld=False)
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        procedure.verify_rectification(stage.session, noticed.code, how="到现场看过", actor=OTHER, clock=stage.clock)
    assert why_not(refused) == "evidence-missing"
    procedure.report_rectification(
        stage.session, noticed.code, said="已加装支架", files=[PAPER], institution_id=noticed.institution_id, actor=HEAD, clock=stage.clock
    )
    turn = procedure.turn_of(stage.session, noticed, rule, stage.now)
    assert turn is not None
    assert (turn.party, turn.act) == (Party.BUREAU, "verify")
    procedure.verify_rectification(stage.session, noticed.code, how="现场核验，画面覆盖全部座位", actor=OTHER, clock=stage.clock)
    closing = procedure.close(stage.session, noticed.code, rule=rule, actor=LEADER, clock=stage.clock)
    assert closing.content["how_verified"] == "现场核验，画面覆盖全部座位"
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        procedure.publish(stage.session, noticed.code, holds=shelf, actor=LEADER, clock=stage.clock)
    assert why_not(refused) == "appeal-time-open"
    assert shelf.held
    stage.later(days=14)
    procedure.publish(stage.session, noticed.code, holds=shelf, actor=LEADER, clock=stage.clock)
    assert noticed.state is FindingState.PUBLISHED
    assert not shelf.held
    kinds = [p.kind for p in queries.papers(stage.session, noticed.id)]
    assert kinds == [PaperKind.NOTICE, PaperKind.OBJECTION, PaperKind.ANSWER, PaperKind.RECTIFICATION_REPORT, PaperKind.CLOSING]
    events = [m.event for m in history.timeline(stage.session, "finding", noticed.id)]
    assert events == ["record", "confirm", "notice", "object", "overrule-objection", "verify", "close", "publish"]


def test_the_institution_acts_under_its_own_scope_and_another_finds_nothing(stage: Stage, noticed: Finding) -> None:
    stage.session.flush()
    own = noticed.institution_id
    apply_scope(stage.session, Scope("institution", own))
    procedure.reply(stage.session, noticed.code, said="情况属实，正在整改", files=[PAPER], institution_id=own, actor=HEAD, clock=stage.clock)
    assert [name for _, name, _ in queries.attachments(stage.session, [queries.papers(stage.session, noticed.id)[-1].id]).popitem()[1]] == [
        "电费单.pdf"
    ]
    stranger = UUID(int=5)
    apply_scope(stage.session, Scope("institution", stranger))
    assert queries.papers(stage.session, noticed.id) == []
    with pytest.raises(FindingNotFound):
        procedure.reply(stage.session, noticed.code, said="我们也有话说", files=[], institution_id=stranger, actor=HEAD, clock=stage.clock)
    apply_scope(stage.session, SYSTEM)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([Given("a.exe", b"MZ....")], "wrong-kind-of-file"),
        ([Given("a.pdf", b"")], "missing"),
        ([Given("a.pdf", b"%PDF-" + b"x" * (8 << 20))], "too-large"),
        ([Given(f"{n}.png", b"\x89PNG\r\n\x1a\n") for n in range(11)], "too-many"),
    ],
)
def test_what_is_no_document_is_refused_and_named(stage: Stage, noticed: Finding, files: list[Given], code: str) -> None:
    with pytest.raises(MalformedStatement) as refused:
        procedure.reply(stage.session, noticed.code, said="见附件", files=files, institution_id=noticed.institution_id, actor=HEAD, clock=stage.clock)
    assert code in {error["code"] for error in refused.value.facts["errors"]}


def test_a_void_finding_stays_with_its_reason_and_holds_nothing(stage: Stage, noticed: Finding, shelf: Shelf) -> None:
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        procedure.declare_void(stage.session, noticed.code, reason=" ", holds=shelf, actor=LEADER, clock=stage.clock)
    assert why_not(refused) == "reason-needed"
    procedure.declare_void(stage.session, noticed.code, reason="教室登记有误", holds=shelf, actor=LEADER, clock=stage.clock)
    assert noticed.state is FindingState.VOID
    assert not shelf.held


@pytest.fixture
def closed(stage: Stage, noticed: Finding, rule: ProcedureRule) -> Finding:
    stage.later(days=8)
    procedure.order_rectification(stage.session, noticed.code, wanted="加装支架", rule=rule, actor=BUREAU, clock=stage.clock)
    said = {"said": "已加装支架", "files": [PAPER], "institution_id": noticed.institution_id}
    procedure.report_rectification(stage.session, noticed.code, **said, actor=HEAD, clock=stage.clock)  # type: ignore[arg-type]
    procedure.verify_rectification(stage.session, noticed.code, how="现场核验通过", actor=OTHER, clock=stage.clock)
    procedure.close(stage.session, noticed.code, rule=rule, actor=BUREAU, clock=stage.clock)
    return noticed


def review_asked(stage: Stage, found: Finding, *points: str) -> None:
    own = found.institution_id
    procedure.request_review(stage.session, found.code, points=points, files=[], institution_id=own, actor=HEAD, clock=stage.clock)


def review_decided(stage: Stage, found: Finding, shelf: Shelf, *answers: str, upheld: bool, actor: Actor = LEADER) -> None:
    procedure.decide_review(stage.session, found.code, answers=answers, upheld=upheld, holds=shelf, actor=actor, clock=stage.clock)


def test_a_review_is_decided_by_somebody_new_and_if_it_is_right_the_finding_is_withdrawn(stage: Stage, closed: Finding, shelf: Shelf) -> None:
    review_asked(stage, closed, "遮挡系学员临时站立", "整改前已恢复")
    assert closed.state is FindingState.UNDER_REVIEW
    for actor in (BUREAU, WATCHDOG):  # who signed the letters, who confirmed
        with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
            review_decided(stage, closed, shelf, "已核实", "已核实", upheld=True, actor=actor)
        assert why_not(refused) == "same-person"
    with pytest.raises(MalformedStatement), stage.session.begin_nested():
        review_decided(stage, closed, shelf, "只答一条", upheld=True)
    with pytest.raises(ForbiddenMove), stage.session.begin_nested():
        procedure.publish(stage.session, closed.code, holds=shelf, actor=LEADER, clock=stage.clock)
    review_decided(stage, closed, shelf, "已核实", "已核实", upheld=True)
    assert closed.state is FindingState.WITHDRAWN
    assert not shelf.held
    assert queries.papers(stage.session, closed.id)[-1].number.startswith("古人社检核〔2026〕")


def test_a_result_that_stands_after_its_review_names_the_courts_and_may_be_published_at_once(stage: Stage, closed: Finding, shelf: Shelf) -> None:
    review_asked(stage, closed, "不认可")
    review_decided(stage, closed, shelf, "录像清楚，维持", upheld=False)
    decided = queries.papers(stage.session, closed.id)[-1].content
    assert "60日内" in decided["rights"]
    assert "6个月内" in decided["rights"]
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        review_asked(stage, closed, "再次申请")
    assert why_not(refused) == "review-already-decided"
    procedure.publish(stage.session, closed.code, holds=shelf, actor=LEADER, clock=stage.clock)
    assert closed.state is FindingState.PUBLISHED


def test_a_review_can_be_asked_for_until_the_last_second_the_closing_letter_named(stage: Stage, closed: Finding) -> None:
    until = procedure.review_until(stage.session, closed)
    assert until is not None
    stage.now = until
    assert not procedure.may_request_review(stage.session, closed, stage.now)
    with pytest.raises(ForbiddenMove) as refused, stage.session.begin_nested():
        review_asked(stage, closed, "不认可")
    assert why_not(refused) == "review-time-over"
    stage.now = until - timedelta(seconds=1)
    assert procedure.may_request_review(stage.session, closed, stage.now)
    review_asked(stage, closed, "不认可")


def test_a_late_rectification_reminds_the_institution_then_the_officer_then_the_leader_each_once(
    stage: Stage, noticed: Finding, rule: ProcedureRule
) -> None:
    stage.later(days=8)
    procedure.order_rectification(stage.session, noticed.code, wanted="加装支架", rule=rule, actor=BUREAU, clock=stage.clock)
    told: list[tuple[str, str]] = []
    for _ in range(45):
        stage.later(days=1)
        for _ in range(2):  # the second time of a day nothing is new
            reminders.remind(stage.session, noticed, rule, actor=BUREAU, clock=stage.clock)
        told = [(r.grade, r.audience.value) for r in queries.reminders(stage.session, noticed.id)][::-1]
    everybody = [("escalated", one) for one in ("institution", "leader", "officer")]
    assert told[:1] == [("soon", "institution")]
    assert sorted(told[1:3]) == [("late", "institution"), ("late", "officer")]
    assert sorted(told[3:]) == everybody
    standing = reminders.standing(stage.session, Audience.LEADER, rule, stage.clock)
    assert [(found.code, awaited.act) for found, _, awaited in standing] == [(noticed.code, "report")]
    said = {"said": "已加装支架", "files": [PAPER], "institution_id": noticed.institution_id}
    procedure.report_rectification(stage.session, noticed.code, **said, actor=HEAD, clock=stage.clock)  # type: ignore[arg-type]
    assert reminders.standing(stage.session, Audience.LEADER, rule, stage.clock) == []


def test_after_a_standstill_of_the_scheduler_nobody_is_passed_over(stage: Stage, noticed: Finding, rule: ProcedureRule) -> None:
    stage.later(days=60)  # the bureau's turn began and ended unnoticed
    told = reminders.remind(stage.session, noticed, rule, actor=BUREAU, clock=stage.clock)
    assert set(told) == {Audience.OFFICER, Audience.LEADER}


def test_an_institution_reads_only_the_reminders_addressed_to_it(stage: Stage, noticed: Finding, rule: ProcedureRule) -> None:
    stage.later(days=60)  # the days for an objection passed long ago: the bureau's turn
    reminders.remind(stage.session, noticed, rule, actor=BUREAU, clock=stage.clock)
    assert queries.reminders(stage.session, noticed.id)
    apply_scope(stage.session, Scope("institution", noticed.institution_id))
    assert not queries.reminders(stage.session, noticed.id)
    apply_scope(stage.session, SYSTEM)
