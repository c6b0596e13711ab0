"""Blind second and third looks, known items and detected recusals on a real PostgreSQL. domain.md 2.3.2; R55; G9, G16."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, SYSTEM, Database, Scope, apply_scope, make_engine
from storage.kernel.actor import SYSTEM_ACTOR
from storage.kernel.clock import add_years, local_date
from storage.kernel.errors import ForbiddenMove
from storage.kernel.identity import IdentityNumber, check_digit, parse_identity_number
from storage.ledger import history
from storage.ledger.models import LedgerEntry
from supervision.classes import roster
from supervision.findings import queries as findings_q
from supervision.findings import service as findings
from supervision.findings.errors import BlindLookDecides
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.findings.rules import DefectCode
from supervision.sampling.lifecycle import DrawState
from supervision.sampling.models import DrawRound
from supervision.spotchecks import interests, looks, queries
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.agreement import FigureRule, figures
from supervision.spotchecks.errors import InterestNotFound, MalformedInterest
from supervision.spotchecks.inspectors import Inspector, look_ticket
from supervision.spotchecks.interest_models import Interest, InterestMatch
from supervision.spotchecks.interest_rules import Ground, InterestKind
from supervision.spotchecks.lifecycle import AssignmentState, MatchEvent, MatchState, OutcomeState, Verdict
from supervision.spotchecks.models import Recusal, ReviewAssignment, ReviewOutcome, ReviewPlan
from supervision.spotchecks.outcomes import in_clean_share, look_seed, salt_commitment
from supervision.spotchecks.reviewers import reviewers
from tests.engine_fixtures import TestDatabase
from tests.integration.sampling.stage import BUREAU, NOW, PEOPLE, RESULTS, REVIEW, WATCHDOG, Outbox, Stage, Unheld
from tests.integration.sampling.test_reviews_and_findings import assign, inspector_of, record, watch

ALL_TWICE = replace(REVIEW, clean_second_look_permille=1000)
KEY = bytes(32)
FEW, SAFETY = DefectCode.TOO_FEW_TRAINEES, DefectCode.MISSING_SAFETY_CONTENT


def look(stage: Stage, given: ReviewAssignment, *defects: DefectCode) -> list[Finding]:
    """One whole look by its own inspector: every second, the findings, the verdict."""
    spotchecks.start(stage.session, given.id, actor=inspector_of(given), clock=stage.clock)
    watch(stage, given, rate=8000)
    made = [record(stage, given, defect=defect, holds=Unheld()) for defect in defects]
    spotchecks.judge(
        stage.session,
        given.id,
        verdict=Verdict.FINDING if made else Verdict.OK,
        findings=len(made),
        note="",
        actor=inspector_of(given),
        clock=stage.clock,
        events=stage.outbox,
    )
    return made


def next_look(stage: Stage, before: ReviewAssignment, **how: object) -> ReviewAssignment:
    """Work out what follows; the look that was drawn."""
    stage.follow(before, **how)  # type: ignore[arg-type]  # keywords of follow
    return looks.looks_of(stage.session, before.round_id, before.lesson_id)[-1]


def outcome(stage: Stage, given: ReviewAssignment) -> ReviewOutcome:
    return looks.locked_outcome(stage.session, given.round_id, given.lesson_id)


def code_of(stage: Stage, given: ReviewAssignment) -> str:
    return stage.session.get_one(DrawRound, given.round_id).code


@pytest.fixture
def first(stage: Stage) -> ReviewAssignment:
    """The first look at one lesson filmed by two cameras."""
    stage.world(1, cameras=2)
    return assign(stage, stage.drawn().code)[0]


def test_a_finding_is_looked_at_again_by_another_person_at_the_same_minutes(stage: Stage, first: ReviewAssignment) -> None:
    (found,) = look(stage, first, FEW)
    second = next_look(stage, first)
    assert (second.look, second.inspector_account_id != first.inspector_account_id, found.state) == (2, True, FindingState.RECORDED)
    shown = [(i.position, i.recording_id, i.span, i.media_start_ms) for i in queries.items(stage.session, first.id)]
    assert [(i.position, i.recording_id, i.span, i.media_start_ms) for i in queries.items(stage.session, second.id)] == shown
    assert (second.required_watch_s, second.proven, second.rank) == (first.required_watch_s, first.proven, first.rank)
    round_ = stage.session.get_one(DrawRound, first.round_id)
    plan = looks.plan_of(stage.session, first.round_id)
    ticket = look_ticket(look_seed(round_.seed or b"", plan.salt), 2, second.inspector_login, second.natural_id)
    assert (second.inspector_ticket, plan.commitment) == (ticket, salt_commitment(plan.salt))


def test_two_who_agree_decide_and_the_fact_is_confirmed_by_the_second(stage: Stage, first: ReviewAssignment) -> None:
    (found,) = look(stage, first, FEW)
    second = next_look(stage, first)
    (repeated,) = look(stage, second, FEW)
    stage.follow(second)
    assert (found.state, found.decided_by_id, found.decided_by) == (
        FindingState.CONFIRMED,
        second.inspector_account_id,
        second.inspector_login,
    )
    assert repeated.state is FindingState.VOID
    assert history.timeline(stage.session, "finding", repeated.id)[-1].reason == f"与问题 {found.code} 为同一事实"
    decided = outcome(stage, first)
    assert (decided.state, decided.looks, decided.decided_at) == (OutcomeState.DECIDED_FINDING, 2, stage.now)
    entry = stage.session.get_one(LedgerEntry, decided.entry_id)
    assert (entry.action, entry.subject) == ("review-outcome.decide-finding", f"review-outcome/{decided.id}")
    closed = spotchecks.close_round(stage.session, code_of(stage, first), rule=RESULTS, actor=BUREAU, clock=stage.clock)
    assert closed.state is DrawState.CLOSED


@pytest.mark.parametrize(("third", "state", "result"), [((FEW,), FindingState.CONFIRMED, "finding"), ((), FindingState.REJECTED, "ok")])
def test_where_two_differ_a_third_decides(
    stage: Stage, first: ReviewAssignment, third: tuple[DefectCode, ...], state: FindingState, result: str
) -> None:
    (found,) = look(stage, first, FEW)
    second = next_look(stage, first)
    look(stage, second)
    last = next_look(stage, second)
    assert (last.look, found.state, found.decided_by_id) == (3, FindingState.DISPUTED, second.inspector_account_id)
    assert len({first.inspector_account_id, second.inspector_account_id, last.inspector_account_id}) == 3
    look(stage, last, *third)
    stage.follow(last)
    assert (found.state, found.decided_by_id) == (state, last.inspector_account_id)
    assert (outcome(stage, first).state, outcome(stage, first).looks) == (OutcomeState(f"decided-{result}"), 3)


def test_a_clean_lesson_is_looked_at_again_only_in_its_share(stage: Stage) -> None:
    stage.world(12)
    rule = replace(REVIEW, clean_second_look_permille=400)
    made = assign(stage, stage.drawn().code, rule=rule)
    round_ = stage.session.get_one(DrawRound, made[0].round_id)
    plan = looks.plan_of(stage.session, round_.id)
    for given in made:
        look(stage, given)
        again = next_look(stage, given, rule=rule)
        drawn = in_clean_share(look_seed(round_.seed or b"", plan.salt), given.natural_id, 400)
        assert (again.look, outcome(stage, given).state) == ((2, OutcomeState.LOOKING) if drawn else (1, OutcomeState.DECIDED_OK))


def test_two_clean_looks_are_known_to_be_clean(stage: Stage) -> None:
    stage.world(1)
    (given,) = assign(stage, stage.drawn().code, rule=ALL_TWICE)
    look(stage, given)
    second = next_look(stage, given, rule=ALL_TWICE)
    look(stage, second)
    stage.follow(second, rule=ALL_TWICE)
    assert (outcome(stage, given).state, outcome(stage, given).looks) == (OutcomeState.DECIDED_OK, 2)


def test_what_only_one_of_two_saw_is_left_to_an_officer(stage: Stage, first: ReviewAssignment) -> None:
    (few,) = look(stage, first, FEW)
    with pytest.raises(BlindLookDecides):
        findings.confirm(stage.session, few.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    second = next_look(stage, first)
    (safety,) = look(stage, second, SAFETY)
    stage.follow(second)
    assert outcome(stage, first).state is OutcomeState.DECIDED_FINDING
    assert (few.state, safety.state) == (FindingState.RECORDED, FindingState.RECORDED)
    findings.confirm(stage.session, few.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    findings.reject(stage.session, safety.code, reason="画面中有安全讲解", holds=Unheld(), actor=WATCHDOG, clock=stage.clock)
    assert (few.state, safety.state) == (FindingState.CONFIRMED, FindingState.REJECTED)


def test_without_anybody_eligible_a_look_waits_as_a_duty_and_the_round_stays_open(stage: Stage, first: ReviewAssignment) -> None:
    look(stage, first, FEW)
    alone = [p for p in PEOPLE if p.account_id == first.inspector_account_id]
    stage.follow(first, people=alone)
    stage.follow(first, people=alone)  # asked again, it waits no more than before
    ((code, duty),) = looks.waiting(stage.session)
    assert (code, duty.natural_id, looks.look_due(stage.session, duty)) == (code_of(stage, first), first.natural_id, 2)
    assert [m.event for m in history.timeline(stage.session, "review-outcome", duty.id)] == ["begin", "wait"]
    with pytest.raises(ForbiddenMove) as refusal:
        spotchecks.close_round(stage.session, code, rule=RESULTS, actor=BUREAU, clock=stage.clock)
    assert refusal.value.facts["why"] == "items-open"
    by = {"rule": REVIEW, "due_at": None, "actor": BUREAU, "clock": stage.clock, "events": stage.outbox}
    assert looks.draw_waiting(stage.session, code, inspectors=alone, **by) == 0  # type: ignore[arg-type]
    assert looks.draw_waiting(stage.session, code, inspectors=PEOPLE, **by) == 1  # type: ignore[arg-type]
    assert looks.waiting(stage.session) == []
    assert looks.looks_of(stage.session, first.round_id, first.lesson_id)[-1].look == 2


def test_who_steps_aside_during_a_second_look_is_replaced_for_that_look_and_their_marks_are_void(stage: Stage, first: ReviewAssignment) -> None:
    look(stage, first, FEW)
    second = next_look(stage, first)
    spotchecks.start(stage.session, second.id, actor=inspector_of(second), clock=stage.clock)
    mine = record(stage, second, holds=Unheld())
    by = {"inspectors": PEOPLE, "rule": REVIEW, "due_at": None, "clock": stage.clock, "events": stage.outbox}
    spotchecks.recuse(stage.session, second.id, reason="认识授课教师", actor=inspector_of(second), **by)  # type: ignore[arg-type]
    instead = looks.looks_of(stage.session, first.round_id, first.lesson_id)[-1]
    assert (instead.look, instead.replaces_id) == (2, second.id)
    assert instead.inspector_account_id not in (first.inspector_account_id, second.inspector_account_id)
    stage.settle(second)
    assert mine.state is FindingState.VOID


def test_a_void_round_leaves_recorded_facts_to_the_office(stage: Stage, first: ReviewAssignment) -> None:
    (found,) = look(stage, first, FEW)
    spotchecks.void_round(stage.session, code_of(stage, first), reason="名单有误", actor=BUREAU, clock=stage.clock, events=stage.outbox)
    stage.follow(first)
    assert (outcome(stage, first).state, found.state) == (OutcomeState.VOID, FindingState.RECORDED)
    findings.confirm(stage.session, found.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    assert found.state is FindingState.CONFIRMED


def test_two_workers_and_a_repeated_job_draw_one_second_look(fresh_database: TestDatabase) -> None:
    database = Database(make_engine(fresh_database.app_url, pool_size=6))
    with database.transaction(SYSTEM) as session:
        stage = Stage(session)
        stage.world(1)
        (given,) = assign(stage, stage.drawn().code)
        look(stage, given, FEW)
        given_id, round_id, lesson_id, clock = given.id, given.round_id, given.lesson_id, stage.clock
    barrier = threading.Barrier(4)

    def work(_number: int) -> None:
        with database.transaction(SYSTEM) as own:
            barrier.wait()
            by = {"inspectors": PEOPLE, "rule": REVIEW, "due_at": None, "actor": SYSTEM_ACTOR, "clock": clock, "events": Outbox()}
            looks.follow(own, given_id, **by)  # type: ignore[arg-type]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with database.transaction(SYSTEM) as session:
        made = looks.looks_of(session, round_id, lesson_id)
        assert [(a.look, a.state) for a in made] == [(1, AssignmentState.JUDGED_FINDING), (2, AssignmentState.ASSIGNED)]
    database.engine.dispose()


def known_round(stage: Stage, lessons: int, *defects: DefectCode) -> list[ReviewAssignment]:
    """A closed round whose lessons two people agreed on."""
    stage.world(lessons)
    made = assign(stage, stage.drawn().code, rule=ALL_TWICE, people=PEOPLE[:2])
    for given in made:
        look(stage, given, *defects)
        second = next_look(stage, given, rule=ALL_TWICE, people=PEOPLE[:2])
        look(stage, second, *defects)
        stage.follow(second, rule=ALL_TWICE, people=PEOPLE[:2])
    spotchecks.close_round(stage.session, code_of(stage, made[0]), rule=RESULTS, actor=BUREAU, clock=stage.clock)
    return made


def test_known_items_go_by_ticket_to_people_who_never_had_them_and_lead_to_nothing_else(stage: Stage) -> None:
    known = known_round(stage, 4, FEW)
    stage.later(days=3)
    stage.world(10)
    rule = replace(REVIEW, planted_permille=500)
    made = assign(stage, stage.drawn().code, rule=rule)
    planted = queries.planted_of_round(stage.session, made[0].round_id)
    assert len(planted) == len(made) * 500 // 1000 > 1
    for one in planted:
        source = next(a for a in known if a.natural_id == one.natural_id)
        assert one.inspector_account_id == PEOPLE[2].account_id  # the other two had the lesson
        assert [i.span for i in queries.items(stage.session, one.id)] == [i.span for i in queries.items(stage.session, source.id)]
        assert one.required_watch_s == source.required_watch_s
        assert stage.session.get_one(ReviewOutcome, one.planted_from_id).natural_id == one.natural_id
    assert {a.lesson_id for a in planted}.isdisjoint(a.lesson_id for a in made)
    loads = queries.loads(stage.session, made[0].round_id)
    assert sum(loads.values()) == len(made) + len(planted)
    marked, *rest = planted
    (mark,) = look(stage, marked, SAFETY)
    assert stage.follow(marked) is None
    assert (mark.state, findings_q.findings_of_institution(stage.session, marked.institution_id)) == (FindingState.VOID, [])
    with pytest.raises(BlindLookDecides):
        findings.confirm(stage.session, mark.code, hash_verified=True, actor=WATCHDOG, clock=stage.clock)
    assert looks.outcome_of(stage.session, marked.round_id, marked.lesson_id) is None
    for one in (*rest, *made):
        look(stage, one)
        stage.follow(one)
    spotchecks.close_round(stage.session, code_of(stage, marked), rule=RESULTS, actor=BUREAU, clock=stage.clock)
    (third,) = reviewers(stage.session, since=stage.now - timedelta(days=1), account_id=PEOPLE[2].account_id)
    found = figures(third.judged, FigureRule(agreement_min_pairs=1))
    assert (found.misses.count, found.misses.of) == (len(rest), len(planted))
    assert (found.pairs, found.items) == (0, sum(a.inspector_account_id == PEOPLE[2].account_id for a in (*made, *planted)))


def test_known_items_of_the_round_s_own_period_come_before_those_whose_date_would_tell(stage: Stage) -> None:
    far = known_round(stage, 4, FEW)
    stage.later(days=3)
    near = known_round(stage, 6, FEW)
    stage.world(10)
    made = assign(stage, stage.drawn().code, rule=replace(REVIEW, planted_permille=500))
    planted = {one.natural_id for one in queries.planted_of_round(stage.session, made[0].round_id)}
    left = {one.natural_id for one in near} - {one.natural_id for one in made}
    assert left
    assert planted <= left | {one.natural_id for one in far}
    assert planted <= left if len(left) >= len(planted) else left < planted


def test_a_known_item_keeps_its_round_open_until_it_is_judged_and_who_steps_aside_ends_it(stage: Stage) -> None:
    known_round(stage, 2)
    stage.later(days=3)
    stage.world(3)
    made = assign(stage, stage.drawn().code, rule=replace(REVIEW, planted_permille=500))
    (planted,) = queries.planted_of_round(stage.session, made[0].round_id)
    for one in made:
        look(stage, one)
        stage.follow(one)
    with pytest.raises(ForbiddenMove):
        spotchecks.close_round(stage.session, code_of(stage, planted), rule=RESULTS, actor=BUREAU, clock=stage.clock)
    by = {"inspectors": PEOPLE, "rule": REVIEW, "due_at": None, "clock": stage.clock, "events": stage.outbox}
    spotchecks.recuse(stage.session, planted.id, reason="认识负责人", actor=inspector_of(planted), **by)  # type: ignore[arg-type]
    assert looks.waiting(stage.session) == []
    assert spotchecks.close_round(stage.session, code_of(stage, planted), rule=RESULTS, actor=BUREAU, clock=stage.clock).state is DrawState.CLOSED


def test_an_open_or_contested_lesson_is_never_planted(stage: Stage, first: ReviewAssignment) -> None:
    look(stage, first, FEW)  # one look, round open
    stage.later(days=3)
    stage.world(3)
    made = assign(stage, stage.drawn().code, rule=replace(REVIEW, planted_permille=1000))
    assert queries.planted_of_round(stage.session, made[0].round_id) == []


def test_figures_come_from_closed_rounds_only(stage: Stage, first: ReviewAssignment) -> None:
    look(stage, first, FEW)
    second = next_look(stage, first)
    look(stage, second, FEW)
    stage.follow(second)
    assert reviewers(stage.session, since=NOW - timedelta(days=1)) == []
    spotchecks.close_round(stage.session, code_of(stage, first), rule=RESULTS, actor=BUREAU, clock=stage.clock)
    found = {r.account_id: figures(r.judged, FigureRule(agreement_min_pairs=1)) for r in reviewers(stage.session, since=NOW - timedelta(days=1))}
    assert set(found) == {first.inspector_account_id, second.inspector_account_id}
    assert {(f.items, f.pairs, f.agreed, f.misses.of, f.misses.count) for f in found.values()} == {(1, 1, 1, 1, 0)}
    assert all(f.minutes_per_item == 0.125 for f in found.values())  # a minute of footage at eight times the speed


def test_an_institution_and_the_public_see_no_plan_outcome_or_interest(stage: Stage, first: ReviewAssignment) -> None:
    declare(stage, InterestKind.EMPLOYER, institution_id=first.institution_id)
    tables = (ReviewPlan, ReviewOutcome, Interest, InterestMatch, Recusal)
    for scope, sees in ((BUREAU_SCOPE, True), (Scope("institution", first.institution_id), False), (PUBLIC, False)):
        apply_scope(stage.session, scope)
        assert [stage.session.scalar(select(table.id).limit(1)) is not None for table in tables] == [sees] * 5, scope
    apply_scope(stage.session, SYSTEM)


def declare(stage: Stage, kind: InterestKind, *, whose: Inspector = PEOPLE[0], **facts: object) -> Interest:
    by = {"master_key": KEY, "cooling_off_years": 3, "actor": BUREAU, "clock": stage.clock}
    return interests.declare(stage.session, inspector_account_id=whose.account_id, kind=kind, **by, **facts)  # type: ignore[arg-type]


def barred(stage: Stage, institution_id: UUID) -> set[UUID]:
    return queries.recused_accounts(stage.session, local_date(stage.now)).get(institution_id, set())


def number_of(digits: str = "11010519491231002") -> IdentityNumber:
    return parse_identity_number(digits + check_digit(digits))


def test_where_an_inspector_works_is_barred_before_inspectors_are_drawn(stage: Stage) -> None:
    world = stage.world(4)
    declare(stage, InterestKind.EMPLOYER, organisation=f" {world.institution.name[:4]} {world.institution.name[4:]} ")
    round_ = stage.drawn()
    assert barred(stage, world.institution.id) == {PEOPLE[0].account_id}
    assert all(a.inspector_login != PEOPLE[0].login for a in assign(stage, round_.code))
    (entry,) = queries.recusals(stage.session, institution_id=world.institution.id)
    assert (entry.source, entry.until_on) == ("detected", None)


def test_an_earlier_post_bars_until_the_cooling_off_is_over(stage: Stage) -> None:
    world, today = stage.world(1), local_date(stage.now)
    left_on = today - timedelta(days=400)
    declare(stage, InterestKind.POST, institution_id=world.institution.id, until_on=left_on)
    (entry,) = queries.recusals(stage.session, institution_id=world.institution.id)
    assert entry.until_on == add_years(left_on, 3, "next-day")
    declare(stage, InterestKind.POST, whose=PEOPLE[1], institution_id=world.institution.id, until_on=today - timedelta(days=1100))
    assert barred(stage, world.institution.id) == {PEOPLE[0].account_id}


@pytest.mark.parametrize(
    ("name", "grounds"),
    [("赵一", {Ground.KIN_PRINCIPAL}), ("钱 二", {Ground.KIN_LEGAL_REPRESENTATIVE}), ("孙三", {Ground.KIN_TEACHER}), ("李四", set())],
)
def test_a_name_alone_is_a_question_to_the_bureau(stage: Stage, name: str, grounds: set[Ground]) -> None:
    world = stage.world(1)
    declare(stage, InterestKind.KIN, person_name=name, relation="配偶")
    found = interests.matches_of(stage.session, PEOPLE[0].account_id)
    assert {match.ground for match, _ in found} == grounds
    assert barred(stage, world.institution.id) == set()
    for match, _ in found:
        assert match.state is MatchState.POSSIBLE
        with pytest.raises(ForbiddenMove), stage.session.begin_nested():
            interests.decide(stage.session, match.id, MatchEvent.CONFIRM, reason=" ", actor=BUREAU, clock=stage.clock)
        interests.decide(stage.session, match.id, MatchEvent.CONFIRM, reason="户口簿核对一致", actor=BUREAU, clock=stage.clock)
        assert barred(stage, world.institution.id) == {PEOPLE[0].account_id}
        with pytest.raises(ForbiddenMove), stage.session.begin_nested():
            interests.decide(stage.session, match.id, MatchEvent.DISMISS, reason="误会", actor=BUREAU, clock=stage.clock)


def test_a_dismissed_name_is_not_asked_again_and_bars_nobody(stage: Stage) -> None:
    world = stage.world(1)
    declare(stage, InterestKind.KIN, person_name="赵一", relation="配偶")
    ((match, _),) = interests.matches_of(stage.session, PEOPLE[0].account_id)
    interests.decide(stage.session, match.id, MatchEvent.DISMISS, reason="仅同名", actor=BUREAU, clock=stage.clock)
    assert interests.detect(stage.session, cooling_off_years=3, actor=SYSTEM_ACTOR, clock=stage.clock) == []
    assert (barred(stage, world.institution.id), interests.possible_counts(stage.session)) == (set(), {})


def test_a_relative_among_the_trainees_is_found_by_number_when_the_class_comes_in_and_the_number_is_not_kept(stage: Stage) -> None:
    number = number_of()
    entered = declare(stage, InterestKind.KIN, person_name="王小明", relation="子女", id_number=number)
    world = stage.world(1)
    line = roster.RosterLine("王小明", number, "", "")
    roster.import_roster(stage.session, world.training_class, [line], master_key=KEY, actor=BUREAU, at=stage.now)
    (match,) = interests.detect(stage.session, cooling_off_years=3, actor=SYSTEM_ACTOR, clock=stage.clock)
    assert (match.ground, match.state, barred(stage, world.institution.id)) == (Ground.KIN_TRAINEE, MatchState.CONFIRMED, {PEOPLE[0].account_id})
    assert interests.detect(stage.session, cooling_off_years=3, actor=SYSTEM_ACTOR, clock=stage.clock) == []
    kept = " ".join(str(getattr(entered, column.key)) for column in Interest.__table__.columns)
    told = " ".join(str(body) for body in stage.session.scalars(select(LedgerEntry.body).where(LedgerEntry.action.startswith("interest"))))
    assert entered.id_number_masked in kept
    assert number.value not in kept + told
    assert "王小明" not in told


def test_a_trainee_who_is_kin_of_two_inspectors_bars_both(stage: Stage) -> None:
    number, world = number_of(), stage.world(1)
    roster.import_roster(
        stage.session, world.training_class, [roster.RosterLine("王小明", number, "", "")], master_key=KEY, actor=BUREAU, at=stage.now
    )
    for person in PEOPLE[:2]:
        declare(stage, InterestKind.KIN, whose=person, person_name="王小明", relation="子女", id_number=number)
    assert barred(stage, world.institution.id) == {person.account_id for person in PEOPLE[:2]}


def test_an_interest_that_ended_bars_no_longer_from_the_next_day_on(stage: Stage) -> None:
    world = stage.world(1)
    entered = declare(stage, InterestKind.EMPLOYER, institution_id=world.institution.id)
    with pytest.raises(MalformedInterest):
        interests.end(stage.session, entered.id, reason=" ", actor=BUREAU, clock=stage.clock)
    interests.end(stage.session, entered.id, reason="登记有误", actor=BUREAU, clock=stage.clock)
    with pytest.raises(InterestNotFound):
        interests.end(stage.session, entered.id, reason="再来一次", actor=BUREAU, clock=stage.clock)
    assert barred(stage, world.institution.id) == {PEOPLE[0].account_id}
    stage.later(days=1)
    assert barred(stage, world.institution.id) == set()
    assert interests.detect(stage.session, cooling_off_years=3, actor=SYSTEM_ACTOR, clock=stage.clock) == []


@pytest.mark.parametrize(
    ("kind", "facts", "where"),
    [
        (InterestKind.EMPLOYER, {}, ["organisation"]),
        (InterestKind.KIN, {"person_name": "王"}, ["relation"]),
        (InterestKind.KIN, {"relation": "配偶", "person_name": "王" * 101}, ["person_name"]),
        (InterestKind.POST, {"organisation": "某校"}, ["until_on"]),
        (InterestKind.POST, {"organisation": "某校", "until_on": local_date(NOW) + timedelta(days=2)}, ["until_on"]),
    ],
)
def test_a_declaration_names_what_it_lacks(stage: Stage, kind: InterestKind, facts: dict[str, object], where: list[str]) -> None:
    with pytest.raises(MalformedInterest) as refusal:
        declare(stage, kind, **facts)
    assert [e["where"] for e in refusal.value.facts["errors"]] == where
