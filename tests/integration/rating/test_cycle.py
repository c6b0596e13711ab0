"""The yearly rating on a real PostgreSQL: frozen inputs, notice, objection, four eyes, effects, publication, replay. R61–R67; 2.3.4."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from compliance.papers import service as papers
from compliance.publication import queries as directory
from compliance.rating import falling, inputs, queries, replay, service
from compliance.rating.errors import MalformedRating, NotReproduced, RatingExists, RatingNotFound
from compliance.rating.lifecycle import RatingState
from compliance.rating.models import Ground, Rating, RatingInputs
from compliance.rating.terms import ItemClass
from storage.database.session import BUREAU, PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.actor import Actor
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from supervision.classes import service as classes
from supervision.classes.errors import TaskRestricted
from supervision.classes.models import Category
from supervision.findings.lifecycle import FindingState
from supervision.findings.rules import Severity
from supervision.institutions import restrictions
from supervision.institutions.errors import ExceptionNeedsReason
from supervision.institutions.models import InstitutionKind
from supervision.institutions.service import register_institution
from supervision.outcomes.models import AuditLevel, AuditProblem, Complaint, QualityEvaluation
from tests.factories.outcomes import published_finding
from tests.factories.world import make_world
from tests.integration.rating.stage import HEAD, LEADER, LEGAL, NOW, OFFICER, SECOND, Bench


def why_not(refused: "pytest.ExceptionInfo[ForbiddenMove]") -> object:
    return refused.value.facts["why"]


def complaint(bench: Bench, on: date, *, found_true: bool = True) -> Complaint:
    row = Complaint(
        institution_id=bench.owner.id, received_on=on, summary="反映缺课", substantiated=found_true, decided_on=on, decided_by="officer",
        recorded_at=bench.now, recorded_by="officer",
    )  # fmt: skip
    bench.session.add(row)
    bench.session.flush()
    return row


def agreement(bench: Bench, *, persons: int, year: int = 2027, number: str = "X-1") -> None:
    classes.sign_agreement(
        bench.session, bench.owner, number=number, year=year, category=Category.UNIVERSAL, task_persons=persons, signed_on=date(2020, 1, 1),
        valid_from=date(year, 1, 1), valid_until=date(year, 12, 31), teaching_point_codes=[], actor=OFFICER, at=bench.now,
    )  # fmt: skip


def test_frozen_inputs_are_stored_and_their_hash_stands_in_the_ledger(bench: Bench) -> None:
    row = bench.frozen()
    stored = queries.inputs_of(bench.session, row)
    assert stored is not None
    assert inputs.digest(stored.canonical) == stored.sha256 == row.inputs_sha256
    entry = bench.session.scalars(select(LedgerEntry).where(LedgerEntry.action == "rating.freeze")).one()
    assert stored.sha256.hex().encode() in entry.body
    told = json.loads(stored.canonical)
    assert (told["institution"], told["year"], told["as_of"]) == (bench.owner.code, 2026, "2027-01-11")
    assert {event["kind"] for event in told["events"]} == {"coverage", "task"}  # nothing was filmed, nobody completed


def test_a_year_with_nothing_on_tape_loses_what_coverage_can_lose(bench: Bench) -> None:
    row = bench.frozen()
    assert (row.state, row.score) == (RatingState.SCORED, 1000 - 200 - 50)
    assert row.tier is not None and row.tier.value == "D"
    assert [reason["code"] for reason in row.reasons] == ["coverage", "task"]


def test_only_what_was_decided_within_the_year_counts(bench: Bench) -> None:
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1), date(2026, 5, 1))
    for on, found_true in zip(days, (True, True, True, True, False), strict=True):
        complaint(bench, on, found_true=found_true)
    bench.session.add(
        QualityEvaluation(
            institution_id=bench.owner.id,
            year=2026,
            score_permille=900,
            document="古人社评〔2026〕1号",
            evaluated_on=date(2027, 1, 5),
            recorded_at=bench.now,
            recorded_by="officer",
        )
    )
    bench.session.flush()
    row = bench.frozen()
    by_code = {reason["code"]: reason for reason in row.reasons}
    assert (by_code["complaint"]["value"], by_code["quality"]["value"]) == (2, 900)


def test_the_cycle_begins_for_every_training_institution_but_those_left_out(bench: Bench) -> None:
    other = make_world(bench.session, NOW - timedelta(days=100))
    opened = service.open_cycle(bench.session, 2026, leave_out=[other.institution.code], actor=OFFICER, clock=bench.clock)
    assert bench.owner.id in {row.institution_id for row in opened}
    assert other.institution.id not in {row.institution_id for row in opened}
    assert service.open_cycle(bench.session, 2026, leave_out=[other.institution.code], actor=OFFICER, clock=bench.clock) == []
    with pytest.raises(RatingExists):
        bench.opened()


def test_the_institution_sees_nothing_before_the_notice_and_another_one_never(bench: Bench) -> None:
    row = bench.frozen()
    with pytest.raises(RatingNotFound):
        queries.rating(bench.session, row.code, institution_id=bench.owner.id)
    apply_scope(bench.session, Scope("institution", bench.owner.id))
    assert bench.session.scalar(select(Rating.code).where(Rating.id == row.id)) is None
    apply_scope(bench.session, SYSTEM)
    service.check(bench.session, row.code, actor=OFFICER, clock=bench.clock)
    service.serve_notice(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    stranger = make_world(bench.session, NOW - timedelta(days=100)).institution
    for scope, seen in ((Scope("institution", bench.owner.id), row.code), (Scope("institution", stranger.id), None), (PUBLIC, None)):
        apply_scope(bench.session, scope)
        assert bench.session.scalar(select(Rating.code).where(Rating.id == row.id)) == seen
        assert bool(bench.session.scalar(select(RatingInputs.id).where(RatingInputs.rating_id == row.id))) is (seen is not None)
    apply_scope(bench.session, SYSTEM)
    with pytest.raises(RatingNotFound):
        queries.rating(bench.session, row.code, institution_id=stranger.id)


def test_a_notice_names_reasons_rights_and_carries_its_repair_page(bench: Bench) -> None:
    row = bench.noticed()
    (paper,) = papers.of_case(bench.session, row.id)
    assert paper.number.startswith("古人社信告〔2027〕")
    assert len(paper.content["repair"]) == 5
    assert "录像覆盖率 0%" in paper.content["sections"][0]["paragraphs"][0]
    assert "5个工作日" in paper.content["sections"][2]["paragraphs"][0]


def test_nobody_signs_while_an_objection_is_possible_and_nobody_signs_twice(bench: Bench) -> None:
    row = bench.noticed()
    assert row.object_until is not None
    for at, actor, why in (
        (row.object_until - timedelta(seconds=1), LEADER, "objection-time-open"),
        (row.object_until, OFFICER, "same-person"),
    ):
        bench.now = at
        with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
            service.finalise(bench.session, row.code, rules=bench.rules, actor=actor, clock=bench.clock)
        assert why_not(refused) == why
    service.finalise(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock, name="王五")
    assert (row.state, row.decided_by) == (RatingState.FINAL, "王五")
    assert bench.tiers() == ["D"]


def test_an_objection_in_time_is_answered_by_somebody_else_point_by_point(bench: Bench) -> None:
    complaint(bench, date(2026, 3, 1))
    row = bench.noticed()
    bench.object(row, "投诉不属实", "覆盖率计算有误")
    struck = next(reason["evidence"][0] for reason in row.reasons if reason["code"] == "complaint")

    def answered(answers: list[str], *, strike: list[str], actor: Actor = LEGAL) -> None:
        service.answer_objection(bench.session, row.code, answers=answers, strike=strike, actor=actor, clock=bench.clock)

    for actor, answers, why in ((OFFICER, ["属实", "无误"], "same-person"), (LEGAL, ["属实", ""], "objection-unanswered")):
        with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
            answered(answers, strike=[], actor=actor)
        assert why_not(refused) == why
    with pytest.raises(MalformedRating), bench.session.begin_nested():
        answered(["一条"], strike=[])
    with pytest.raises(MalformedRating), bench.session.begin_nested():
        answered(["属实", "无误"], strike=["no-such-evidence"])
    before = row.score or 0
    answered(["经复核，投诉不属实", "计算无误"], strike=[struck])
    assert row.score == before + 10
    assert len(bench.session.scalars(select(RatingInputs).where(RatingInputs.rating_id == row.id)).all()) == 2
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        service.finalise(bench.session, row.code, rules=bench.rules, actor=LEGAL, clock=bench.clock)
    assert why_not(refused) == "same-person"
    service.finalise(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert [found.why for found in replay.replay_all(bench.session, code=row.code)] == [""]


def test_an_objection_after_the_last_day_is_refused(bench: Bench) -> None:
    row = bench.noticed()
    assert row.object_until is not None
    bench.now = row.object_until
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.object(row, "来晚了")
    assert why_not(refused) == "deadline-over"


def test_the_head_declares_no_objection_and_the_decision_may_follow_at_once(bench: Bench) -> None:
    row = bench.noticed()
    bench.waive(row)
    assert (row.state, row.waived_at) == (RatingState.UNCONTESTED, bench.now)
    paper = papers.of_case(bench.session, row.id)[-1]
    assert (paper.kind, paper.id, paper.author_id) == ("rating-waiver", row.waiver_paper_id, HEAD.id)
    assert "放弃提出异议" in paper.content["text"]
    with pytest.raises(ForbiddenMove), bench.session.begin_nested():
        bench.object(row, "反悔")
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        service.finalise(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert why_not(refused) == "same-person"
    service.finalise(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert row.object_until is not None and row.decided_at is not None
    assert row.decided_at < row.object_until
    assert bench.tiers() == ["D"]


@pytest.mark.parametrize("actor", [OFFICER, LEADER, LEGAL, replace(HEAD, role="institution-operator")], ids=lambda actor: actor.role)
def test_nobody_but_the_head_declares_that_there_is_no_objection(bench: Bench, actor: Actor) -> None:
    row = bench.noticed()
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.waive(row, actor=actor)
    assert why_not(refused) == "not-the-head"


def test_no_objection_is_declared_in_words_in_time_after_the_notice_and_by_the_own_institution(bench: Bench) -> None:
    early = bench.frozen()
    with pytest.raises(RatingNotFound):
        bench.waive(early)
    service.check(bench.session, early.code, actor=OFFICER, clock=bench.clock)
    service.serve_notice(bench.session, early.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    stranger = make_world(bench.session, NOW - timedelta(days=100)).institution
    with pytest.raises(RatingNotFound):
        service.waive_objection(bench.session, early.code, declared=True, institution_id=stranger.id, actor=HEAD, clock=bench.clock)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.waive(early, declared=False)
    assert why_not(refused) == "statement-missing"
    assert early.object_until is not None
    bench.now = early.object_until
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.waive(early)
    assert why_not(refused) == "deadline-over"


def test_only_the_published_is_public_with_three_plain_reasons(bench: Bench) -> None:
    row = bench.final()
    apply_scope(bench.session, PUBLIC)
    assert queries.published(bench.session, institution_ids=[bench.owner.id]) == []
    apply_scope(bench.session, SYSTEM)
    service.publish(bench.session, row.code, actor=OFFICER, clock=bench.clock)
    apply_scope(bench.session, PUBLIC)
    (shown,) = queries.published(bench.session, institution_ids=[bench.owner.id])
    assert (shown.tier, shown.score) == ("D", 750)
    assert shown.plain_reasons("zh") == ["录像覆盖率 0%（应达到 98%）", "年度任务完成率 0%"]
    assert shown.plain_reasons("en")[0] == "footage covers 0% of the lessons (wanted: 98%)"
    assert not any("evidence" in reason for reason in shown.reasons)


def test_the_lowest_tier_gets_no_new_task_until_a_leader_says_why(bench: Bench) -> None:
    bench.final()
    with pytest.raises(TaskRestricted) as refused:
        agreement(bench, persons=30)
    assert (refused.value.facts["tier"], refused.value.facts["most_persons"]) == ("D", 0)
    with pytest.raises(ExceptionNeedsReason):
        restrictions.allow(bench.session, bench.owner.id, year=2027, persons=30, reason=" ", actor=LEADER, at=bench.now)
    restrictions.allow(bench.session, bench.owner.id, year=2027, persons=30, reason="在训学员须完成课程", actor=LEADER, at=bench.now)
    agreement(bench, persons=30)  # a day of signing long ago does not get around it
    with pytest.raises(TaskRestricted):
        agreement(bench, persons=1, number="X-2")


def test_a_new_year_supersedes_the_old_and_lifts_what_its_tier_does_not_bring(bench: Bench) -> None:
    old = bench.published()
    bench.later(days=365)
    row = bench.final(2027)  # no lesson in 2027: B at best, and the task of 2026 is another year's
    assert old.state is RatingState.SUPERSEDED
    assert (row.tier and row.tier.value, bench.tiers()) == ("B", ["D", "B"])
    assert restrictions.in_force(bench.session, bench.owner.id) == []
    assert [found.why for found in replay.replay_all(bench.session)] == ["", ""]


def test_a_rating_whose_inputs_or_result_were_changed_is_found_out_and_not_signed(bench: Bench) -> None:
    row = bench.noticed()
    assert row.object_until is not None
    bench.now = row.object_until
    row.score = 999
    bench.session.flush()
    (found,) = replay.replay_all(bench.session, code=row.code)
    assert found.why.startswith("row says 999")
    with pytest.raises(NotReproduced):
        service.finalise(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)


def test_before_the_notice_it_goes_back_with_a_reason_and_afterwards_not(bench: Bench) -> None:
    row = bench.frozen()
    with pytest.raises(ForbiddenMove):
        service.reopen(bench.session, row.code, reason=" ", actor=OFFICER, clock=bench.clock)
    service.reopen(bench.session, row.code, reason="漏录质量评估", actor=OFFICER, clock=bench.clock)
    complaint(bench, date(2026, 9, 9))
    again = service.freeze(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert again.score == 740
    service.check(bench.session, row.code, actor=OFFICER, clock=bench.clock)
    service.serve_notice(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    with pytest.raises(ForbiddenMove):
        service.reopen(bench.session, row.code, reason="再改", actor=OFFICER, clock=bench.clock)


def test_selection_goes_by_tier_then_score(bench: Bench) -> None:
    unrated = make_world(bench.session, NOW - timedelta(days=100)).institution
    bench.final()
    order = [one.institution.code for one in queries.selection_order(bench.session, bench.rules.effects, on=bench.clock.today_on())]
    assert order.index(unrated.code) < order.index(bench.owner.code)


DECIDED = "update rating set state = 'final', decided_by_id = uuidv7(), decided_by = 'x', decided_at = {at} where id = :id"
FORBIDDEN_BY_THE_DATABASE = {
    "final without notice": "update rating set state = 'final', decided_by_id = uuidv7(), decided_by = 'x', decided_at = now() where id = :id",
    "published without signer": "update rating set state = 'published' where id = :id",
    "a signer before the days are over": (
        "update rating set state = 'final', notice_paper_id = (select id from case_paper limit 1), noticed_by_id = uuidv7(),"
        " object_until = now() + interval '1 day', decided_by_id = uuidv7(), decided_by = 'x', decided_at = now() where id = :id"
    ),
    "scored without inputs": "update rating set state = 'scored', inputs_sha256 = null, score = 1000, tier = 'A' where id = :id",
    "a score above the full mark": "update rating set score = 1001 where id = :id",
}


@pytest.mark.parametrize("statement", FORBIDDEN_BY_THE_DATABASE.values(), ids=FORBIDDEN_BY_THE_DATABASE)
def test_the_database_alone_refuses_what_must_not_be(bench: Bench, statement: str) -> None:
    row = bench.frozen()
    with pytest.raises(IntegrityError), bench.session.begin_nested():
        bench.session.execute(text(statement), {"id": row.id})


def test_the_database_refuses_one_person_for_notice_answer_and_decision(bench: Bench) -> None:
    row = bench.noticed()
    for statement in (
        "update rating set decided_by_id = noticed_by_id, decided_by = 'x', decided_at = object_until where id = :id",
        "update rating set answered_by_id = noticed_by_id where id = :id",
    ):
        with pytest.raises(IntegrityError), bench.session.begin_nested():
            bench.session.execute(text(statement), {"id": row.id})


@pytest.mark.parametrize(
    ("wall", "statement"),
    [
        ("waived_in_writing", "update rating set state = 'uncontested', waived_at = null, waiver_paper_id = null where id = :id"),
        ("waived_in_writing", "update rating set waiver_paper_id = null where id = :id"),
        ("waived_in_time", "update rating set waived_at = object_until where id = :id"),
        ("waived_in_time", "update rating set waiver_paper_id = notice_paper_id where id = :id"),
        ("waived_in_time", "update rating set objected_at = waived_at where id = :id"),
        ("time_to_object", DECIDED.format(at="waived_at - interval '1 second'")),
    ],
)
def test_the_database_alone_wants_the_declaration_of_no_objection_in_writing_and_in_time(bench: Bench, wall: str, statement: str) -> None:
    row = bench.noticed()
    bench.waive(row)
    bench.session.flush()
    with pytest.raises(IntegrityError, match=wall), bench.session.begin_nested():
        bench.session.execute(text(statement), {"id": row.id})


def test_an_item_in_force_is_an_input_with_its_floor(bench: Bench) -> None:
    item = bench.in_effect(kind=ItemClass.SERIOUS, ground=Ground.FORGED_FOOTAGE)
    row = bench.frozen()
    reasons = {reason["code"]: reason for reason in row.reasons}
    assert reasons["forged-footage"]["evidence"] == [item.code]
    assert (reasons["forged-footage"]["floor"], reasons["item-serious"]["floor"]) == ("D", "C")


def test_scopes_of_the_bureau_read_everything(bench: Bench) -> None:
    row = bench.frozen()
    apply_scope(bench.session, BUREAU)
    assert queries.rating(bench.session, row.code).id == row.id
    assert HEAD.role == "institution-head" and SECOND.id != OFFICER.id


def test_an_evaluation_institution_is_rated_in_the_same_cycle_and_listed_with_its_tier(bench: Bench) -> None:
    """R37, R48, R61: the second kind of institution under the same supervision."""
    evaluator = register_institution(
        bench.session,
        code="PJ001",
        name="古县公信职业技能评价站",
        kind=InstitutionKind.EVALUATION,
        principal="沈文斌",
        legal_representative="许桂花",
        address="古县岳阳镇文昌路",
        actor=OFFICER,
        at=bench.now,
    )
    bench.session.add(
        Complaint(
            institution_id=evaluator.id,
            received_on=date(2026, 10, 1),
            summary="泄题",
            substantiated=True,
            decided_on=date(2026, 10, 20),
            decided_by="officer",
            recorded_at=bench.now,
            recorded_by="officer",
        )
    )
    bench.session.flush()
    opened = {row.institution_id: row for row in service.open_cycle(bench.session, 2026, actor=OFFICER, clock=bench.clock)}
    row = opened[evaluator.id]
    service.freeze(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert [reason["code"] for reason in row.reasons] == ["complaint"]  # no word of footage, which it does not owe
    service.check(bench.session, row.code, actor=OFFICER, clock=bench.clock)
    service.serve_notice(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert row.object_until is not None
    bench.now = row.object_until
    service.finalise(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    service.publish(bench.session, row.code, actor=OFFICER, clock=bench.clock)
    apply_scope(bench.session, PUBLIC)
    shown = directory.listed(bench.session, "PJ001", bench.clock.today_on())
    apply_scope(bench.session, SYSTEM)
    assert (shown.kind, shown.tier) == (InstitutionKind.EVALUATION, row.tier and row.tier.value)
    assert evaluator.code not in {
        one.institution.code for one in queries.selection_order(bench.session, bench.rules.effects, on=bench.clock.today_on())
    }


def major_problem(bench: Bench) -> AuditProblem:
    row = AuditProblem(
        institution_id=bench.owner.id,
        issuer="古县审计局",
        level=AuditLevel.COUNTY,
        document="古审报〔2027〕12号",
        issued_on=date(2027, 1, 5),
        summary="虚报人数",
        major=True,
        classified_by_id=LEADER.id,
        classified_by="leader",
        classification_reason="涉及资金安全",
        recorded_at=bench.now,
    )
    bench.session.add(row)
    bench.session.flush()
    return row


def test_a_reversed_decision_gives_the_tier_back_at_once_publishes_it_and_says_why(bench: Bench) -> None:
    """2.3.5: reversal restores the rating, and says so."""
    problem = major_problem(bench)
    rated = bench.published(2027)  # no lessons in 2027: only the problem speaks
    assert (rated.tier and rated.tier.value, bench.tiers()) == ("D", ["D"])
    effects = bench.rules.effects
    (row,) = falling.reread(bench.session, [falling.reversed_problem(problem)], effects=effects, actor=OFFICER, clock=bench.clock)
    assert (row.state, rated.state, row.revision) == (RatingState.PUBLISHED, RatingState.SUPERSEDED, 1)
    assert row.tier is not None and row.tier.value == "B"
    assert "major-problem" not in {reason["code"] for reason in row.reasons}
    letter = papers.of_case(bench.session, row.id)[-1]
    assert "以古审报〔2027〕12号为依据的退出决定已被撤销" in json.dumps(letter.content, ensure_ascii=False)
    assert [found.why for found in replay.replay_all(bench.session)] == ["", ""]
    again = falling.reread(bench.session, [falling.reversed_problem(problem)], effects=effects, actor=OFFICER, clock=bench.clock)
    assert again == []  # done once


def test_a_finding_that_a_review_took_back_counts_no_more(bench: Bench) -> None:
    found = published_finding(bench.session, bench.world, severity=Severity.SERIOUS, state=FindingState.CLOSED)
    at = datetime(2026, 9, 1, 2, tzinfo=UTC)
    history.begin(bench.session, found, actor=OFFICER, at=at, event="order-rectification", clause="R60", facts={})  # established on that day
    bench.session.flush()
    rated = bench.published()
    assert "finding-serious-rectified" in {reason["code"] for reason in rated.reasons}
    assert falling.withdrawn_findings(bench.session) == []
    bench.session.execute(text("update finding set state = 'withdrawn' where id = :id"), {"id": found.id})
    (fallen,) = falling.withdrawn_findings(bench.session)
    (row,) = falling.reread(bench.session, [fallen], effects=bench.rules.effects, actor=OFFICER, clock=bench.clock)
    assert row.score is not None and rated.score is not None and row.score > rated.score
    assert not [reason for reason in row.reasons if reason["code"].startswith("finding")]
