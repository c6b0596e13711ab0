"""Information items on a real PostgreSQL: told before they act, repaired in one transaction, ended by the calendar. R64, R65, R67; 2.1."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from compliance.papers import service as papers
from compliance.rating import items, queries, repair, replay
from compliance.rating.errors import BasisNotFinal, ItemNotFound, MalformedRating
from compliance.rating.item_lifecycle import ItemState
from compliance.rating.lifecycle import RatingState
from compliance.rating.models import CreditItem, Ground, Rating
from compliance.rating.terms import ItemClass
from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.actor import Actor
from storage.kernel.canonical import canonical_json
from storage.kernel.clock import add_months
from storage.kernel.errors import ForbiddenMove
from supervision.institutions import restrictions
from tests.factories.world import make_world
from tests.integration.rating.stage import HEAD, LEADER, OFFICER, PAPER, SECOND, Bench

SCHEDULER = Actor(kind="system", name="scheduler", role="scheduler")


def why_not(refused: "pytest.ExceptionInfo[ForbiddenMove]") -> object:
    return refused.value.facts["why"]


def public_codes(bench: Bench) -> list[str]:
    apply_scope(bench.session, PUBLIC)
    shown = [one.code for one in queries.published_items(bench.session, on=bench.clock.today_on())]
    apply_scope(bench.session, SYSTEM)
    return shown


def test_who_records_it_does_not_classify_it_and_who_classifies_does_not_decide(bench: Bench) -> None:
    row = bench.recorded()
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        items.classify(bench.session, row.code, kind=ItemClass.GENERAL, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert why_not(refused) == "same-person"
    items.classify(bench.session, row.code, kind=ItemClass.GENERAL, rules=bench.rules, actor=SECOND, clock=bench.clock)
    for actor, at, why in ((LEADER, bench.now, "objection-time-open"), (SECOND, row.state_until, "same-person")):
        assert at is not None
        bench.now = at
        with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
            items.decide(bench.session, row.code, rules=bench.rules, actor=actor, clock=bench.clock)
        assert why_not(refused) == why
    assert public_codes(bench) == []
    items.decide(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert (row.state, row.publication_on, row.sharing_on, row.restriction_on) == (ItemState.PUBLISHED, True, True, True)
    assert public_codes(bench) == [row.code]


def test_the_letter_is_delivered_with_its_repair_page(bench: Bench) -> None:
    row = bench.in_effect()
    letter, decision = papers.of_case(bench.session, row.id)
    assert (letter.kind, decision.kind) == ("item-letter", "item-decision")
    assert "信用修复申请" in "".join(letter.content["repair"]) and "信用修复申请" in "".join(decision.content["repair"])
    assert "国家发展改革委令2025年第36号" in canonical_json(letter.content).decode()


def test_what_the_institution_states_is_answered_before_it_acts(bench: Bench) -> None:
    row = bench.recorded()
    items.classify(bench.session, row.code, kind=ItemClass.GENERAL, rules=bench.rules, actor=SECOND, clock=bench.clock)
    said = {"points": ["处罚已撤销"], "institution_id": bench.owner.id, "actor": HEAD, "clock": bench.clock}
    items.state_case(bench.session, row.code, **said)  # type: ignore[arg-type]  # keywords
    assert row.state_until is not None
    bench.now = row.state_until
    with pytest.raises(MalformedRating), bench.session.begin_nested():
        items.state_case(bench.session, row.code, **said)  # type: ignore[arg-type]
    with pytest.raises(MalformedRating), bench.session.begin_nested():
        items.decide(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        items.decide(bench.session, row.code, answers=[""], rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert why_not(refused) == "objection-unanswered"
    items.decide(bench.session, row.code, answers=["经核实，未撤销"], rules=bench.rules, actor=LEADER, clock=bench.clock)


def classified(bench: Bench) -> CreditItem:
    row = bench.recorded()
    items.classify(bench.session, row.code, kind=ItemClass.GENERAL, rules=bench.rules, actor=SECOND, clock=bench.clock)
    return row


def test_the_head_declares_to_make_no_statement_and_the_decision_may_follow_at_once(bench: Bench) -> None:
    row = classified(bench)
    bench.waive_item(row)
    assert (row.state, row.waived_at) == (ItemState.UNCONTESTED, bench.now)
    paper = papers.of_case(bench.session, row.id)[-1]
    assert (paper.kind, paper.id, paper.author_id) == ("item-waiver", row.waiver_paper_id, HEAD.id)
    assert "放弃陈述申辩" in paper.content["text"]
    with pytest.raises(MalformedRating), bench.session.begin_nested():
        items.state_case(bench.session, row.code, points=["反悔"], institution_id=bench.owner.id, actor=HEAD, clock=bench.clock)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        items.decide(bench.session, row.code, rules=bench.rules, actor=SECOND, clock=bench.clock)
    assert why_not(refused) == "same-person"
    items.decide(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert row.decided_at is not None and row.state_until is not None and row.decided_at < row.state_until
    assert (row.state, public_codes(bench)) == (ItemState.PUBLISHED, [row.code])


def test_nobody_but_the_head_declares_it_in_words_in_time_and_before_any_statement(bench: Bench) -> None:
    row = classified(bench)
    for actor, declared, why in (
        (OFFICER, True, "not-the-head"),
        (replace(HEAD, role="institution-operator"), True, "not-the-head"),
        (HEAD, False, "statement-missing"),
    ):
        with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
            bench.waive_item(row, actor=actor, declared=declared)
        assert why_not(refused) == why
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        items.state_case(bench.session, row.code, points=["处罚已撤销"], institution_id=bench.owner.id, actor=HEAD, clock=bench.clock)
        bench.waive_item(row)
    assert why_not(refused) == "statement-given"
    bench.session.refresh(row)
    assert row.state_until is not None
    bench.now = row.state_until
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.waive_item(row)
    assert why_not(refused) == "deadline-over"


@pytest.mark.parametrize(
    ("wall", "statement"),
    [
        ("waived_in_writing", "update credit_item set state = 'uncontested', waived_at = null, waiver_paper_id = null where id = :id"),
        ("waived_in_writing", "update credit_item set waiver_paper_id = null where id = :id"),
        ("waived_in_time", "update credit_item set waived_at = state_until where id = :id"),
        ("waived_in_time", "update credit_item set waiver_paper_id = letter_paper_id where id = :id"),
        (
            "time_to_state",
            "update credit_item set state = 'published', decided_by_id = uuidv7(), decided_at = waived_at - interval '1 second' where id = :id",
        ),
    ],
)
def test_the_database_alone_wants_the_declaration_in_writing_and_in_time(bench: Bench, wall: str, statement: str) -> None:
    row = classified(bench)
    bench.waive_item(row)
    bench.session.flush()
    with pytest.raises(IntegrityError, match=wall), bench.session.begin_nested():
        bench.session.execute(text(statement), {"id": row.id})


def test_the_public_reads_that_repair_is_open_until_it_is_decided(bench: Bench) -> None:
    row = bench.in_effect(kind=ItemClass.GENERAL)
    assert row.repairable_on is not None
    bench.now = datetime(row.repairable_on.year, row.repairable_on.month, row.repairable_on.day, 2, tzinfo=UTC)

    def shown() -> list[bool]:
        return [one.repair_open for one in queries.published_items(bench.session, on=bench.clock.today_on(), institution_id=bench.owner.id)]

    assert shown() == [False]
    bench.applied(row)
    assert shown() == [True]
    repair.accept_application(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert shown() == [True]
    repair.refuse_repair(bench.session, row.code, reason="尚未退还补贴", rules=bench.rules, actor=SECOND, clock=bench.clock)
    assert shown() == [False]


def test_a_minor_item_is_kept_unpublished_from_april_and_published_before(bench: Bench) -> None:
    bench.now = datetime(2026, 3, 16, 2, tzinfo=UTC)
    before = bench.in_effect(kind=ItemClass.MINOR)
    assert (before.state, before.rule_set) == (ItemState.PUBLISHED, "order-58")
    bench.now = datetime(2026, 4, 1, 2, tzinfo=UTC)
    after = bench.in_effect(kind=ItemClass.MINOR)
    assert (after.state, after.rule_set, after.publication_on) == (ItemState.KEPT, "order-36", False)
    bench.applied(after)  # repair as soon as the duties are met
    assert after.state is ItemState.REPAIR_APPLIED


def test_repair_stops_all_three_and_raises_the_tier_in_one_transaction(bench: Bench) -> None:
    bench.now = datetime(2026, 7, 1, 2, tzinfo=UTC)
    row = bench.in_effect(ground=Ground.FORGED_FOOTAGE)
    bench.now = datetime(2027, 1, 11, 2, tzinfo=UTC)
    rated = bench.published(2027)  # no lessons in 2027: only the item speaks
    assert (rated.score, rated.tier and rated.tier.value) == (980, "D")
    assert restrictions.most_persons(bench.session, bench.owner.id, 2027) is not None
    bench.now = datetime(2027, 7, 2, 2, tzinfo=UTC)
    bench.repaired(row)
    assert (row.state, row.publication_on, row.sharing_on, row.restriction_on) == (ItemState.REPAIRED, False, False, False)
    now = bench.standing()
    assert now is not None
    assert (now.state, now.score, now.tier and now.tier.value, now.revision) == (RatingState.PUBLISHED, 1000, "B", 1)
    assert rated.state is RatingState.SUPERSEDED
    assert (bench.tiers(), restrictions.in_force(bench.session, bench.owner.id)) == (["D", "B"], [])
    assert public_codes(bench) == []
    assert [found.why for found in replay.replay_all(bench.session)] == ["", ""]


def test_repair_waits_for_the_minimum_needs_evidence_and_another_person(bench: Bench) -> None:
    row = bench.in_effect(kind=ItemClass.GENERAL)
    assert row.repairable_on == add_months(row.decided_on, 3)
    on_the_day = datetime(row.repairable_on.year, row.repairable_on.month, row.repairable_on.day, 2, tzinfo=UTC)
    bench.now = on_the_day - timedelta(days=1)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.applied(row)
    assert why_not(refused) == "publication-minimum-open"
    bench.now = on_the_day
    wanted = {"rules": bench.rules, "institution_id": bench.owner.id, "actor": HEAD, "clock": bench.clock}
    for files, promise, why in (([], True, "evidence-missing"), ([PAPER], False, "statement-missing")):
        with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
            repair.apply_for_repair(bench.session, row.code, said="已改正", promise=promise, files=files, **wanted)  # type: ignore[arg-type]
        assert why_not(refused) == why
    bench.applied(row)
    repair.return_application(bench.session, row.code, reason="缺少缴款凭证", rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert (row.state, row.publication_on) == (ItemState.PUBLISHED, True)
    bench.applied(row)
    repair.accept_application(bench.session, row.code, rules=bench.rules, actor=OFFICER, clock=bench.clock)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        repair.verify_repair(bench.session, row.code, how="已核实", rules=bench.rules, actor=OFFICER, clock=bench.clock)
    assert why_not(refused) == "same-person"
    bench.session.refresh(row)
    assert row.publication_on, "a refused repair stopped the publication"
    repair.refuse_repair(bench.session, row.code, reason="尚未退还补贴", rules=bench.rules, actor=SECOND, clock=bench.clock)
    last = papers.last(bench.session, row.id, "repair-refusal")
    assert last is not None and "行政复议" in canonical_json(last.content).decode()
    bench.repaired(row)
    assert row.state is ItemState.REPAIRED


def test_what_the_law_lets_nobody_repair_stays_until_its_end(bench: Bench) -> None:
    row = bench.recorded(repairable=False)
    items.classify(bench.session, row.code, kind=ItemClass.SERIOUS, rules=bench.rules, actor=SECOND, clock=bench.clock)
    assert row.state_until is not None
    bench.now = row.state_until
    items.decide(bench.session, row.code, rules=bench.rules, actor=LEADER, clock=bench.clock)
    bench.later(days=800)
    with pytest.raises(ForbiddenMove) as refused, bench.session.begin_nested():
        bench.applied(row)
    assert why_not(refused) == "not-repairable-by-law"


def test_false_material_brings_publication_back_and_opens_the_rating_again_with_notice(bench: Bench) -> None:
    bench.now = datetime(2026, 7, 1, 2, tzinfo=UTC)
    row = bench.in_effect()
    bench.now = datetime(2027, 1, 11, 2, tzinfo=UTC)
    bench.published(2027)
    bench.now = datetime(2027, 7, 2, 2, tzinfo=UTC)
    bench.repaired(row)
    standing = bench.standing()
    repair.revoke_repair(bench.session, row.code, reason="凭证系伪造", rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert (row.state, row.publication_on, row.sharing_on, row.restriction_on) == (ItemState.PUBLISHED, True, True, True)
    assert bench.standing() is standing, "nothing got worse without notice"
    again = bench.session.scalars(select(Rating).where(Rating.institution_id == bench.owner.id, Rating.state == RatingState.COLLECTING)).one()
    bench.freeze(again)
    assert again.tier is not None and again.tier.value == "C"


@pytest.mark.parametrize(("kind", "months"), [(ItemClass.GENERAL, 12), (ItemClass.SERIOUS, 36)])
def test_publication_ends_by_itself_on_the_day_and_not_before(bench: Bench, kind: ItemClass, months: int) -> None:
    row = bench.in_effect(kind=kind)
    assert row.ends_on == add_months(row.decided_on, months)
    ends = datetime(row.ends_on.year, row.ends_on.month, row.ends_on.day, 2, tzinfo=UTC)
    for at, ended in ((ends - timedelta(days=1), 0), (ends, 1)):
        bench.now = at
        assert (row.code in public_codes(bench)) is (not ended)
        assert items.expire_due(bench.session, rules=bench.rules, actor=SCHEDULER, clock=bench.clock) == (ended, None)
    assert (row.state, row.publication_on, row.restriction_on) == (ItemState.EXPIRED, False, False)


def test_an_item_of_the_old_rule_set_ends_by_the_milder_new_one(bench: Bench) -> None:
    bench.now = datetime(2026, 2, 2, 2, tzinfo=UTC)
    row = bench.in_effect(kind=ItemClass.GENERAL)
    assert row.ends_on == date(2029, 2, 2)
    bench.now = datetime(2027, 2, 2, 2, tzinfo=UTC)
    assert items.expire_due(bench.session, rules=bench.rules, actor=SCHEDULER, clock=bench.clock)[0] == 1


def test_expiry_recomputes_the_rating_without_anybody_signing(bench: Bench) -> None:
    bench.now = datetime(2026, 7, 1, 2, tzinfo=UTC)
    bench.in_effect(kind=ItemClass.GENERAL)
    bench.now = datetime(2027, 1, 11, 2, tzinfo=UTC)
    assert bench.published(2027).score == 990
    bench.now = datetime(2027, 7, 1, 2, tzinfo=UTC)
    items.expire_due(bench.session, rules=bench.rules, actor=SCHEDULER, clock=bench.clock)
    now = bench.standing()
    assert now is not None
    assert (now.score, now.decided_by, now.state) == (1000, "scheduler", RatingState.PUBLISHED)


def test_an_item_rests_on_a_decision_with_its_document_and_never_on_an_open_finding(bench: Bench) -> None:
    decision = {"document": "古人社罚〔2026〕9号", "summary": "虚报", "actor": OFFICER, "clock": bench.clock}
    with pytest.raises(BasisNotFinal):
        items.record_decision(bench.session, bench.owner, ground=Ground.FINDING, decided_on=bench.clock.today_on(), **decision)  # type: ignore[arg-type]
    tomorrow = bench.clock.today_on() + timedelta(days=1)
    with pytest.raises(MalformedRating):
        items.record_decision(bench.session, bench.owner, ground=Ground.AUDIT, decided_on=tomorrow, **decision)  # type: ignore[arg-type]


def test_an_institution_reads_its_item_from_the_letter_on_and_never_anothers(bench: Bench) -> None:
    row = bench.recorded()
    stranger = make_world(bench.session, bench.now).institution

    def seen(owner: UUID) -> bool:
        apply_scope(bench.session, Scope("institution", owner))
        found = bench.session.scalar(select(CreditItem.code).where(CreditItem.id == row.id)) is not None
        apply_scope(bench.session, SYSTEM)
        return found

    assert (seen(bench.owner.id), seen(stranger.id)) == (False, False)
    items.classify(bench.session, row.code, kind=ItemClass.GENERAL, rules=bench.rules, actor=SECOND, clock=bench.clock)
    assert (seen(bench.owner.id), seen(stranger.id)) == (True, False)
    with pytest.raises(ItemNotFound):
        queries.item(bench.session, row.code, institution_id=stranger.id)


def test_a_void_item_counts_for_nothing_and_stays_on_record(bench: Bench) -> None:
    row = bench.in_effect()
    items.declare_void(bench.session, row.code, reason="对象有误", rules=bench.rules, actor=LEADER, clock=bench.clock)
    assert (row.state, row.publication_on, row.restriction_on) == (ItemState.VOID, False, False)
    assert public_codes(bench) == []


FORBIDDEN_BY_THE_DATABASE = {
    "published without a decision": "update credit_item set state = 'published' where id = :id",
    "public before it is in force": "update credit_item set publication_on = true, sharing_on = true where id = :id",
    "published and not shared": "update credit_item set publication_on = true where id = :id",
    "classified by who recorded it": "update credit_item set classified_by_id = recorded_by_id where id = :id",
    "repaired by nobody": "update credit_item set state = 'repaired' where id = :id",
}


@pytest.mark.parametrize("statement", FORBIDDEN_BY_THE_DATABASE.values(), ids=FORBIDDEN_BY_THE_DATABASE)
def test_the_database_alone_refuses_what_must_not_be(bench: Bench, statement: str) -> None:
    row = bench.recorded()
    with pytest.raises(IntegrityError), bench.session.begin_nested():
        bench.session.execute(text(statement), {"id": row.id})


def test_the_database_refuses_a_repaired_item_that_is_still_public(bench: Bench) -> None:
    row = bench.in_effect()
    for statement in (
        "update credit_item set state = 'repaired', verified_by_id = uuidv7(), accepted_by_id = uuidv7() where id = :id",
        "update credit_item set state = 'auto-expired' where id = :id",
    ):
        with pytest.raises(IntegrityError), bench.session.begin_nested():
            bench.session.execute(text(statement), {"id": row.id})
