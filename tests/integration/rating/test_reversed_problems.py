"""A major problem whose exit decision was revoked: no later rating counts it, and the job takes it out of the one in force. 2.3.4, 2.3.5; R67."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.services import Services
from api.schedule import TIMETABLE
from api.wiring import job_handlers
from compliance.exit import effects
from compliance.exit import queries as exit_queries
from compliance.exit.models import ExitCase
from compliance.papers import service as papers
from compliance.rating import queries, replay, service
from compliance.rating.lifecycle import RatingState
from compliance.rating.models import Rating
from compliance.rating.ruleset import in_force
from storage.database.session import SYSTEM
from storage.kernel.clock import Clock
from storage.kernel.events import Events
from storage.ledger import history
from supervision.findings.lifecycle import FindingState
from supervision.findings.models import Finding
from supervision.findings.rules import Severity
from supervision.institutions.models import Institution
from tests.factories.outcomes import published_finding
from tests.factories.world import World, make_world
from tests.integration.exit.stage import ExitStage
from tests.integration.rating.stage import BOOK, HEAD, LEADER, OFFICER, Bench


def codes(row: Rating) -> set[str]:
    return {str(reason["code"]) for reason in row.reasons}


def excluded(session: Session, school: Institution, at: datetime) -> tuple[ExitStage, ExitCase]:
    """An exclusion in force for a major problem of an audit."""
    stage = ExitStage(session, now=at)
    row = stage.in_force(stage.audited(school))
    return stage, row


def revoke(session: Session, row: ExitCase, clock: Clock, events: Events, stage: ExitStage) -> None:
    effects.revoke(session, row.code, reason="认定有误", document="古政复决〔2027〕1号", holds=stage.shelf, actor=LEADER, clock=clock, events=events)


@pytest.fixture
def settled(bench: Bench) -> tuple[Bench, ExitStage, ExitCase]:
    stage, row = excluded(bench.session, bench.owner, datetime(2026, 11, 20, 8, tzinfo=UTC))
    return bench, stage, row


def test_a_rating_of_the_same_year_that_is_opened_again_does_not_count_a_revoked_problem(settled: tuple[Bench, ExitStage, ExitCase]) -> None:
    bench, stage, case = settled
    rated = bench.published()
    assert "major-problem" in codes(rated)
    revoke(bench.session, case, bench.clock, stage.outbox, stage)
    reopened = service.open_rating(bench.session, bench.owner, 2026, actor=LEADER, clock=bench.clock, reason="K2026-0001 revoke-repair")
    again = bench.freeze(reopened)  # the year is rated once more, from today's records
    assert again.year == rated.year and again.code != rated.code
    assert "major-problem" not in codes(again)


def test_a_rating_goes_back_to_collecting_and_leaves_out_what_was_revoked_meanwhile(settled: tuple[Bench, ExitStage, ExitCase]) -> None:
    bench, stage, case = settled
    row = bench.frozen()
    assert "major-problem" in codes(row)
    revoke(bench.session, case, bench.clock, stage.outbox, stage)
    service.reopen(bench.session, row.code, reason="退出决定已被撤销", actor=OFFICER, clock=bench.clock)
    bench.freeze(row)
    assert "major-problem" not in codes(row)
    assert [found.why for found in replay.replay_all(bench.session, code=row.code)] == [""]


def test_a_problem_whose_decision_stands_still_counts_beside_one_that_was_revoked(settled: tuple[Bench, ExitStage, ExitCase]) -> None:
    bench, stage, case = settled
    revoke(bench.session, case, bench.clock, stage.outbox, stage)
    other = stage.problem(bench.owner)
    row = bench.frozen()
    (found,) = [reason for reason in row.reasons if reason["code"] == "major-problem"]
    assert found["evidence"] == [other.document]


@pytest.fixture
def county(services: Services) -> World:
    with services.database.transaction(SYSTEM) as session:
        return make_world(session, services.clock.now_at(), lessons=2)


def final(session: Session, school: Institution, services: Services) -> Rating:
    """The year's rating in force and published, by people, at the times of a clock that ran ahead and came back: the job meets what was signed."""
    rules = in_force(BOOK, services.clock.today_on())
    by = {"actor": OFFICER, "clock": services.clock}
    row = service.open_rating(session, school, services.clock.today_on().year, **by)
    reversed_ids = [one.id for one in exit_queries.reversed_problems(session)]
    service.freeze(session, row.code, rules=rules, reversed_problems=reversed_ids, **by)
    service.check(session, row.code, **by)
    service.serve_notice(session, row.code, rules=rules, **by)
    service.waive_objection(session, row.code, declared=True, institution_id=school.id, actor=HEAD, clock=services.clock)
    service.finalise(session, row.code, rules=rules, actor=LEADER, clock=services.clock)
    return service.publish(session, row.code, **by)


def test_the_job_follows_a_revocation_and_gives_the_tier_back_with_a_letter(services: Services, county: World, run_jobs: Callable[[], None]) -> None:
    at = services.clock.now_at() - timedelta(days=40)
    with services.database.transaction(SYSTEM) as session:
        school = session.get_one(Institution, county.institution.id)
        stage, case = excluded(session, school, at)
        session.flush()
        rated = final(session, school, services)
        assert "major-problem" in codes(rated)
        case_code, before = case.code, rated.score
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        (row,) = session.scalars(select(Rating).where(Rating.institution_id == county.institution.id)).all()
        assert row.state is RatingState.PUBLISHED  # nothing fell away yet, and nothing was made
        case = exit_queries.case(session, case_code)
        revoke(session, case, services.clock, services.events, stage)
    run_jobs()
    with services.database.transaction(SYSTEM) as session:
        now = queries.in_force(session, county.institution.id)
        assert now is not None and before is not None and now.score is not None
        assert (now.state, now.revision, now.score >= before) == (RatingState.PUBLISHED, 1, True)
        assert "major-problem" not in codes(now)
        (letter,) = papers.of_case(session, now.id)
        assert "退出决定已被撤销" in str(letter.content)
        assert {found.why for found in replay.replay_all(session)} == {""}
    job_handlers(services)["reread-ratings"]()
    with services.database.transaction(SYSTEM) as session:
        assert session.scalars(select(Rating.revision).where(Rating.institution_id == county.institution.id).order_by(Rating.revision)).all() == [
            0,
            1,
        ]


def test_the_job_takes_out_a_finding_that_a_review_took_back(services: Services, county: World) -> None:
    with services.database.transaction(SYSTEM) as session:
        world = make_world(session, services.clock.now_at(), lessons=2)
        found = published_finding(session, world, severity=Severity.SERIOUS, state=FindingState.CLOSED)
        history.begin(session, found, actor=OFFICER, at=services.clock.now_at(), event="order-rectification", clause="R60", facts={})
        session.flush()
        rated = final(session, world.institution, services)
        assert "finding-serious-rectified" in codes(rated)
        school_id, finding_id = world.institution.id, found.id
    job_handlers(services)["reread-ratings"]()
    with services.database.transaction(SYSTEM) as session:
        assert len(queries.of_institution(session, school_id)) == 1
        session.connection().exec_driver_sql("update finding set state = 'withdrawn' where id = %s", (finding_id,))
        assert session.get_one(Finding, finding_id)
    job_handlers(services)["reread-ratings"]()
    with services.database.transaction(SYSTEM) as session:
        now = queries.in_force(session, school_id)
        assert now is not None and now.revision == 1
        assert not [code for code in codes(now) if code.startswith("finding")]


def test_the_timetable_looks_again_for_what_fell_away_before_a_rating_was_signed(services: Services, county: World) -> None:
    """A decision revoked between the freezing and the signature: its event found no rating in force, the hourly look does."""
    assert "reread-ratings" in {timed.job for timed in TIMETABLE}
    at = services.clock.now_at() - timedelta(days=40)
    with services.database.transaction(SYSTEM) as session:
        school = session.get_one(Institution, county.institution.id)
        stage, case = excluded(session, school, at)
        rules = in_force(BOOK, services.clock.today_on())
        by = {"actor": OFFICER, "clock": services.clock}
        row = service.open_rating(session, school, services.clock.today_on().year, **by)
        service.freeze(session, row.code, rules=rules, reversed_problems=(), **by)
        service.check(session, row.code, **by)
        service.serve_notice(session, row.code, rules=rules, **by)
        revoke(session, case, services.clock, services.events, stage)
        code = row.code
    job_handlers(services)["reread-ratings"]()
    with services.database.transaction(SYSTEM) as session:
        service.waive_objection(session, code, declared=True, institution_id=county.institution.id, actor=HEAD, clock=services.clock)
        service.finalise(session, code, rules=in_force(BOOK, services.clock.today_on()), actor=LEADER, clock=services.clock)
    job_handlers(services)["reread-ratings"]()
    with services.database.transaction(SYSTEM) as session:
        now = queries.in_force(session, county.institution.id)
        assert now is not None and now.code != code
        assert "major-problem" not in codes(now)
