"""From a drawn lesson to a finding on a real PostgreSQL: who sees what, what must be watched, who may decide."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from storage.database.session import BUREAU as BUREAU_SCOPE
from storage.database.session import PUBLIC, SYSTEM, Scope, apply_scope
from storage.kernel.actor import Actor
from storage.kernel.clock import local_date
from storage.kernel.errors import ForbiddenMove
from storage.ledger import history
from supervision.findings import queries as findings_q
from supervision.findings import service as findings
from supervision.findings.errors import FindingNotFound, FootageNotCatalogued, FootageNotVerified, MalformedFinding, SpanOutsideFootage
from supervision.findings.lifecycle import FINDING_MOVES, FindingEvent, FindingState
from supervision.findings.models import Finding, PaperKind
from supervision.findings.rules import DefectCode, Severity
from supervision.footage.lifecycle import RecordingState
from supervision.footage.models import Recording
from supervision.sampling.errors import NotDrawn
from supervision.sampling.lifecycle import DrawState
from supervision.spotchecks import looks, queries, recusals
from supervision.spotchecks import service as spotchecks
from supervision.spotchecks.errors import (
    AssignmentNotFound,
    MalformedBeat,
    MalformedRecusal,
    NoEligibleInspector,
    NotWatchedEnough,
    ReviewItemNotFound,
)
from supervision.spotchecks.lifecycle import AssignmentState, OutcomeState, Verdict
from supervision.spotchecks.models import PlaybackBeat, Recusal, ReviewAssignment, ReviewItem
from supervision.spotchecks.rules import ReviewRule
from supervision.spotchecks.stretch import Stretch, draw_stretch, total_ms
from tests.factories.findings import paper
from tests.integration.sampling.stage import BUREAU, PEOPLE, RESULTS, REVIEW, WATCHDOG, Stage, as_actor

OTHER = Actor(kind="account", name="second-look", role="inspector", id=UUID(int=900))


@dataclass
class Shelf:
    """Which versions are held for which matter: the port's other side, without a store."""

    held: set[tuple[str, str, str]] = field(default_factory=set)

    def place(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        assert reason
        self.held.add((key, version_id, matter))

    def release(self, session: Session, *, key: str, version_id: str, matter: str, reason: str, actor: Actor, at: datetime) -> None:
        assert reason
        self.held.remove((key, version_id, matter))


def assign(stage: Stage, code: str, *, rule: ReviewRule = REVIEW, people: tuple[object, ...] = PEOPLE) -> list[ReviewAssignment]:
    made = spotchecks.assign(
        stage.session,
        code,
        inspectors=people,  # type: ignore[arg-type]
        rule=rule,
        due_at=stage.now + timedelta(days=7),
        actor=BUREAU,
        clock=stage.clock,
        events=stage.outbox,
    )
    return list(made)


def inspector_of(given: ReviewAssignment) -> Actor:
    return Actor(kind="account", name=given.inspector_login, role="inspector", id=given.inspector_account_id)


def watch(stage: Stage, given: ReviewAssignment, *, until_ms: int | None = None, rate: int = 1000, visible: bool = True) -> None:
    """Play the first item from its start with a beat every five seconds of clock time."""
    item = queries.items(stage.session, given.id)[0]
    position_ms, end_ms = item.media_start_ms, until_ms or item.media_end_ms
    while True:
        spotchecks.record_beat(
            stage.session,
            given.id,
            item_id=item.id,
            player="tab-1",
            position_ms=position_ms,
            rate_permille=rate,
            visible=visible,
            actor=inspector_of(given),
            clock=stage.clock,
        )
        if position_ms >= end_ms:
            return
        step_ms = min(5000 * rate // 1000, end_ms - position_ms)
        position_ms += step_ms
        stage.later(milliseconds=step_ms * 1000 // rate)


@pytest.fixture
def given(stage: Stage) -> ReviewAssignment:
    """A started assignment of one lesson filmed by two cameras."""
    stage.world(1, cameras=2)
    (made,) = assign(stage, stage.drawn().code)
    return spotchecks.start(stage.session, made.id, actor=inspector_of(made), clock=stage.clock)


def record(stage: Stage, given: ReviewAssignment, **changes: object) -> Finding:
    item = queries.items(stage.session, given.id)[0]
    wanted: dict[str, object] = {
        "lesson_id": given.lesson_id,
        "recording_id": item.recording_id,
        "start_ms": item.media_start_ms,
        "end_ms": item.media_start_ms + 10_000,
        "defect": DefectCode.TOO_FEW_TRAINEES,
        "severity": Severity.GENERAL,
        "note": "签到12人，画面7人",
        "assignment_id": given.id,
        "hash_verified": True,
        "holds": Shelf(),
        "actor": inspector_of(given),
        "clock": stage.clock,
        "events": stage.outbox,
    }
    return findings.record(stage.session, **{**wanted, **changes})  # type: ignore[arg-type]


def test_every_drawn_lesson_gets_one_inspector_and_minutes_that_can_be_recomputed(stage: Stage) -> None:
    stage.world(9, cameras=2)
    round_ = stage.drawn()
    made = assign(stage, round_.code)
    assert [a.rank for a in made] == list(range(1, (round_.sample_size or 0) + 1))
    by_ticket = sorted(made, key=lambda a: a.inspector_ticket)  # the order of creation says nothing about a task
    assert [e.payload["assignment_id"] for e in stage.outbox.published] == [str(a.id) for a in by_ticket]
    loads = [sum(a.inspector_login == p.login for a in made) for p in PEOPLE]
    assert max(loads) - min(loads) <= 1
    for one in made:
        proven = [Stretch(start, end) for start, end in one.proven]
        (drawn,) = draw_stretch(proven, clip_s=one.clip_s, seed=round_.seed or b"", natural_id=one.natural_id)
        shown = queries.items(stage.session, one.id)
        assert len(shown) == 2
        assert {(item.span.lower, item.span.upper) for item in shown} == {(queries.from_ms(drawn.start_ms), queries.from_ms(drawn.end_ms))}
        assert all(item.media_end_ms - item.media_start_ms == 60_000 and item.media_start_ms >= 2000 for item in shown)
        assert one.required_watch_s == 57


def test_assigning_again_answers_the_same_and_publishes_nothing(stage: Stage) -> None:
    stage.world(6)
    code = stage.drawn().code
    first = assign(stage, code)
    published = len(stage.outbox.published)
    assert [a.id for a in assign(stage, code)] == [a.id for a in first]
    assert len(stage.outbox.published) == published


def test_nothing_is_assigned_before_the_draw(stage: Stage) -> None:
    stage.world(3)
    code = stage.seeded().code
    with pytest.raises(NotDrawn):
        assign(stage, code)


def test_without_a_clip_length_the_whole_lesson_is_shown(stage: Stage) -> None:
    stage.world(1)
    (one,) = assign(stage, stage.drawn().code, rule=replace(REVIEW, clip_seconds=0, watch_permille=1000))
    (item,) = queries.items(stage.session, one.id)
    assert (item.media_start_ms, item.media_end_ms, one.required_watch_s) == (2000, 122_000, 120)


def test_a_recused_inspector_is_not_drawn_and_who_recuses_is_replaced_for_the_same_minutes(stage: Stage) -> None:
    world = stage.world(4)
    recusals.enter_recusal(
        stage.session,
        inspector_account_id=PEOPLE[0].account_id,
        institution_id=world.institution.id,
        reason="曾在该机构任职",
        source="detected",
        from_on=local_date(stage.now),
        until_on=None,
        actor=BUREAU,
        clock=stage.clock,
    )
    round_ = stage.drawn()
    old = assign(stage, round_.code)[0]
    assert all(a.inspector_login != PEOPLE[0].login for a in assign(stage, round_.code))
    stage.tape(world, next(s.id for s in world.slots if s.lesson_id == old.lesson_id))
    by = {"inspectors": PEOPLE, "rule": REVIEW, "due_at": None, "actor": inspector_of(old), "clock": stage.clock, "events": stage.outbox}
    with pytest.raises(ForbiddenMove), stage.session.begin_nested():
        spotchecks.recuse(stage.session, old.id, reason="", **by)
    spotchecks.recuse(stage.session, old.id, reason="亲属在该机构任教", **by)
    (new,) = [a for a in queries.assignments_of_round(stage.session, round_.id) if a.replaces_id == old.id]
    assert old.state is AssignmentState.RECUSED
    assert new.inspector_login not in (PEOPLE[0].login, old.inspector_login)
    assert [i.span for i in queries.items(stage.session, new.id)] == [i.span for i in queries.items(stage.session, old.id)]
    assert len(queries.recusals(stage.session, institution_id=world.institution.id)) == 2
    spotchecks.recuse(stage.session, new.id, reason="同上", **by)  # nobody is left: the lesson waits, the inspector does not
    ((code, duty),) = looks.waiting(stage.session)
    assert (new.state, code, duty.natural_id, duty.state) == (AssignmentState.RECUSED, round_.code, old.natural_id, OutcomeState.WAITING)


def test_nothing_is_assigned_when_everybody_is_recused(stage: Stage) -> None:
    world = stage.world(1)
    for person in PEOPLE:
        recusals.enter_recusal(
            stage.session,
            inspector_account_id=person.account_id,
            institution_id=world.institution.id,
            reason="任职",
            source="declared",
            from_on=local_date(stage.now),
            until_on=None,
            actor=BUREAU,
            clock=stage.clock,
        )
    with pytest.raises(NoEligibleInspector):
        assign(stage, stage.drawn().code)


def test_a_recusal_that_is_over_bars_nobody_and_a_broken_one_is_refused(stage: Stage) -> None:
    world, today = stage.world(1), local_date(stage.now)
    entry = {"inspector_account_id": PEOPLE[0].account_id, "institution_id": world.institution.id, "actor": BUREAU, "clock": stage.clock}
    recusals.enter_recusal(stage.session, reason="任职", source="declared", from_on=today - timedelta(days=9), until_on=today, **entry)
    assert queries.recused_accounts(stage.session, today) == {}
    assert queries.recused_accounts(stage.session, today - timedelta(days=1)) == {world.institution.id: {PEOPLE[0].account_id}}
    with pytest.raises(MalformedRecusal) as refusal:
        recusals.enter_recusal(stage.session, reason="", source="rumour", from_on=today, until_on=today, **entry)
    assert [e["where"] for e in refusal.value.facts["errors"]] == ["reason", "source", "until_on"]


def test_a_review_below_the_required_seconds_cannot_be_signed(stage: Stage, given: ReviewAssignment) -> None:
    item = queries.items(stage.session, given.id)[0]
    watch(stage, given, until_ms=item.media_start_ms + 40_000)
    judge = {"verdict": Verdict.OK, "findings": 0, "note": "", "actor": inspector_of(given), "clock": stage.clock, "events": stage.outbox}
    with pytest.raises(NotWatchedEnough) as refusal:
        spotchecks.judge(stage.session, given.id, **judge)
    assert refusal.value.facts == {"watched_s": 40, "required_watch_s": 57}
    watch(stage, given)
    signed = spotchecks.judge(stage.session, given.id, **judge)
    assert (signed.state, signed.watched_s) == (AssignmentState.JUDGED_OK, 60)
    with pytest.raises(ForbiddenMove):
        spotchecks.judge(stage.session, given.id, **judge)


def test_watching_another_camera_of_the_same_minutes_counts_once_and_hidden_playing_not_at_all(stage: Stage, given: ReviewAssignment) -> None:
    watch(stage, given, visible=False)
    assert queries.watched(stage.session, given.id) == []
    watch(stage, given, rate=4000)
    first, second = queries.items(stage.session, given.id)
    for position_ms in (0, 5000, 10_000):
        spotchecks.record_beat(
            stage.session,
            given.id,
            item_id=second.id,
            player="tab-2",
            position_ms=second.media_start_ms + position_ms,
            rate_permille=1000,
            visible=True,
            actor=inspector_of(given),
            clock=stage.clock,
        )
        stage.later(seconds=5)
    assert first.camera_id != second.camera_id
    assert total_ms(queries.watched(stage.session, given.id)) == 60_000


def test_beats_are_taken_from_the_inspector_of_an_open_review_only(stage: Stage, given: ReviewAssignment) -> None:
    item = queries.items(stage.session, given.id)[0]
    beat = {"item_id": item.id, "player": "tab", "position_ms": 0, "rate_permille": 1000, "visible": True, "clock": stage.clock}
    with pytest.raises(AssignmentNotFound):
        spotchecks.record_beat(stage.session, given.id, actor=OTHER, **beat)
    with pytest.raises(ReviewItemNotFound):
        spotchecks.record_beat(stage.session, given.id, actor=inspector_of(given), **{**beat, "item_id": UUID(int=1)})
    with pytest.raises(MalformedBeat) as refusal:
        spotchecks.record_beat(stage.session, given.id, actor=inspector_of(given), **{**beat, "position_ms": -1, "rate_permille": -1, "player": ""})
    assert len(refusal.value.facts["errors"]) == 3


def test_an_inspector_sees_only_their_own_assignments(stage: Stage) -> None:
    stage.world(6)
    made = assign(stage, stage.drawn().code)
    for person in PEOPLE:
        mine = queries.assignments_of_inspector(stage.session, person.account_id)
        assert {a.id for a in mine} == {a.id for a in made if a.inspector_login == person.login}
    theirs = next(a for a in made if a.inspector_login != PEOPLE[0].login)
    for act in (queries.assignment, queries.locked_assignment):
        with pytest.raises(AssignmentNotFound):
            act(stage.session, theirs.id, inspector_id=PEOPLE[0].account_id)
    with pytest.raises(AssignmentNotFound):
        spotchecks.start(stage.session, theirs.id, actor=as_actor(PEOPLE[0]), clock=stage.clock)


def test_an_institution_and_the_public_see_no_assignment_item_recusal_or_beat(stage: Stage, given: ReviewAssignment) -> None:
    watch(stage, given)
    recusals.enter_recusal(
        stage.session,
        inspector_account_id=PEOPLE[0].account_id,
        institution_id=given.institution_id,
        reason="任职",
        source="declared",
        from_on=local_date(stage.now),
        until_on=None,
        actor=BUREAU,
        clock=stage.clock,
    )
    tables = (ReviewAssignment, ReviewItem, Recusal, PlaybackBeat)
    for scope, sees in ((BUREAU_SCOPE, True), (Scope("institution", given.institution_id), False), (PUBLIC, False), (Scope("institution"), False)):
        apply_scope(stage.session, scope)
        assert [stage.session.scalar(select(table.id).limit(1)) is not None for table in tables] == [sees] * 4, scope
    apply_scope(stage.session, SYSTEM)


def test_a_round_closes_only_when_everything_is_judged(stage: Stage, given: ReviewAssignment) -> None:
    code = stage.session.scalar(text("select code from draw_round where id = :id"), {"id": given.round_id})
    assert code is not None
    with pytest.raises(ForbiddenMove) as refusal:
        spotchecks.close_round(stage.session, code, rule=RESULTS, actor=BUREAU, clock=stage.clock)
    assert refusal.value.facts["why"] == "items-open"
    watch(stage, given)
    spotchecks.judge(
        stage.session, given.id, verdict=Verdict.OK, findings=0, note="", actor=inspector_of(given), clock=stage.clock, events=stage.outbox
    )
    with pytest.raises(ForbiddenMove):  # a verdict is in, what follows from it is not worked out yet
        spotchecks.close_round(stage.session, code, rule=RESULTS, actor=BUREAU, clock=stage.clock)
    stage.follow(given)
    assert spotchecks.close_round(stage.session, code, rule=RESULTS, actor=BUREAU, clock=stage.clock).state is DrawState.CLOSED


def test_a_void_round_takes_its_open_assignments_with_it(stage: Stage, given: ReviewAssignment) -> None:
    code = stage.session.scalar(text("select code from draw_round where id = :id"), {"id": given.round_id})
    spotchecks.void_round(stage.session, code, reason="抽取前名单泄露", actor=BUREAU, clock=stage.clock, events=stage.outbox)
    assert given.state is AssignmentState.VOID
    with pytest.raises(NotDrawn):
        assign(stage, code)


def test_a_finding_rests_on_verified_footage_holds_it_and_lies_on_the_wall(stage: Stage, given: ReviewAssignment) -> None:
    shelf, item = Shelf(), queries.items(stage.session, given.id)[0]
    found = record(stage, given, holds=shelf)
    recording = stage.session.get_one(Recording, item.recording_id)
    assert (found.clause, found.state, found.footage_sha256) == ("R75", FindingState.RECORDED, recording.sha256)
    assert (found.span.lower, found.span.upper) == (item.span.lower, item.span.lower + timedelta(seconds=10))  # type: ignore[operator]
    assert shelf.held == {(recording.object_key, recording.version_id, f"finding/{found.code}")}
    assert stage.outbox.published[-1].payload == {"finding_id": str(found.id)}
    assert findings_q.count_of_assignment(stage.session, given.id) == 1


def test_what_a_finding_cannot_rest_on(stage: Stage, given: ReviewAssignment) -> None:
    elsewhere = stage.world(1)
    foreign = stage.session.scalars(select(Recording).where(Recording.institution_id == elsewhere.institution.id)).one()
    unlocked = stage.tape(elsewhere, elsewhere.slots[0].id, state=RecordingState.VERIFIED)
    for refusal, changes in (
        (FootageNotVerified, {"hash_verified": False}),
        (SpanOutsideFootage, {"end_ms": 10_000_000}),
        (SpanOutsideFootage, {"start_ms": 50_000, "end_ms": 50_000}),
        (MalformedFinding, {"recording_id": foreign.id}),
        (MalformedFinding, {"recording_id": UUID(int=5)}),
        (MalformedFinding, {"severity": Severity.SERIOUS, "note": " "}),
        (MalformedFinding, {"defect": DefectCode.OTHER, "note": ""}),
        (AssignmentNotFound, {"actor": OTHER}),
        (FootageNotCatalogued, {"assignment_id": None, "lesson_id": elsewhere.lessons[0].id, "recording_id": unlocked.id}),
    ):
        with pytest.raises(refusal):
            record(stage, given, **changes)
    assert findings_q.count_of_assignment(stage.session, given.id) == 0


def test_a_verdict_agrees_with_the_findings_recorded(stage: Stage, given: ReviewAssignment) -> None:
    watch(stage, given)
    by = {"note": "", "actor": inspector_of(given), "clock": stage.clock, "events": stage.outbox}
    with pytest.raises(ForbiddenMove):
        spotchecks.judge(stage.session, given.id, verdict=Verdict.FINDING, findings=0, **by)
    record(stage, given)
    count = findings_q.count_of_assignment(stage.session, given.id)
    with pytest.raises(ForbiddenMove):
        spotchecks.judge(stage.session, given.id, verdict=Verdict.OK, findings=count, **by)
    assert spotchecks.judge(stage.session, given.id, verdict=Verdict.FINDING, findings=count, **by).state is AssignmentState.JUDGED_FINDING
    with pytest.raises(AssignmentNotFound):
        record(stage, given)


def test_another_person_confirms_on_footage_verified_again(stage: Stage, given: ReviewAssignment) -> None:
    found = record(stage, given, assignment_id=None)
    for actor, verified, why in ((inspector_of(given), True, "same-person"), (OTHER, False, "footage-not-verified")):
        with pytest.raises(ForbiddenMove) as refusal:
            findings.confirm(stage.session, found.code, hash_verified=verified, actor=actor, clock=stage.clock)
        assert refusal.value.facts["why"] == why
    confirmed = findings.confirm(stage.session, found.code, hash_verified=True, actor=OTHER, clock=stage.clock)
    assert (confirmed.state, confirmed.decided_by_id) == (FindingState.CONFIRMED, OTHER.id)


def test_a_rejection_gives_its_reason_and_ends_the_hold(stage: Stage, given: ReviewAssignment) -> None:
    shelf = Shelf()
    found = record(stage, given, holds=shelf, assignment_id=None)
    for actor, reason, why in ((OTHER, " ", "reason-needed"), (inspector_of(given), "误判", "same-person")):
        with pytest.raises(ForbiddenMove) as refusal:
            findings.reject(stage.session, found.code, reason=reason, holds=shelf, actor=actor, clock=stage.clock)
        assert refusal.value.facts["why"] == why
    assert shelf.held
    rejected = findings.reject(stage.session, found.code, reason="后排学员被门遮挡", holds=shelf, actor=OTHER, clock=stage.clock)
    assert (rejected.state, rejected.decision_reason, shelf.held) == (FindingState.REJECTED, "后排学员被门遮挡", set())
    assert findings_q.count_of_assignment(stage.session, given.id) == 0


def test_an_institution_sees_its_finding_from_the_notice_on_and_another_never(stage: Stage, given: ReviewAssignment) -> None:
    other = stage.world(1).institution.id
    found = record(stage, given, assignment_id=None)
    findings.confirm(stage.session, found.code, hash_verified=True, actor=OTHER, clock=stage.clock)
    with pytest.raises(FindingNotFound):
        findings_q.finding(stage.session, found.code, institution_id=given.institution_id)
    assert findings_q.findings_of_institution(stage.session, given.institution_id) == []
    whole = dict.fromkeys(("hash_verified", "facts_stated", "basis_stated", "rights_stated", "signed"), True)
    paper(stage.session, found, PaperKind.NOTICE, stage.now)
    history.move(stage.session, found, FINDING_MOVES, FindingEvent.NOTICE, actor=WATCHDOG, at=stage.now, facts=whole)
    assert findings_q.finding(stage.session, found.code, institution_id=given.institution_id) is found
    assert list(findings_q.findings_of_institution(stage.session, given.institution_id)) == [found]
    with pytest.raises(FindingNotFound):
        findings_q.finding(stage.session, found.code, institution_id=other)
    apply_scope(stage.session, Scope("institution", other))
    assert stage.session.scalars(select(Finding.id)).all() == []  # the second wall, without the query's filter
    apply_scope(stage.session, SYSTEM)
