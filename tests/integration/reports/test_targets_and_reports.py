"""Counts, stated figures and biweekly reports on a real PostgreSQL. R4–R9, R13, R24, R28, R98; G25."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from compliance.policy.book import Book
from compliance.reports import queries, watch_queries
from compliance.reports import service as reports
from compliance.reports.errors import MalformedFigure, PeriodNotOver, ReportChanged, ReportExists
from compliance.reports.lifecycle import ReportState
from compliance.reports.models import FigureKind, ProgressReport, StatedFigure
from compliance.reports.periods import Period, ReportRule, period_of
from compliance.reports.rules import TargetRule, duties, startup
from compliance.subsidy import queries as subsidies
from compliance.subsidy.portfolio import PortfolioRule
from storage.kernel.actor import Actor
from storage.kernel.clock import Clock
from storage.kernel.errors import ForbiddenMove
from storage.ledger.models import LedgerEntry
from supervision.classes.models import Category
from supervision.outcomes.models import Result
from tests.factories.outcomes import another_class, enrol, licence
from tests.factories.world import World, make_world
from tests.integration.sampling.stage import PEOPLE, Stage, as_actor

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OFFICER = Actor(kind="account", name="officer", role="bureau-officer", id=UUID(int=11))
LEADER = Actor(kind="account", name="leader", role="bureau-leader", id=UUID(int=12))
RULE = Book.load().read(TargetRule, on=date(2026, 11, 20))
PERIODS = Book.load().read(ReportRule, on=date(2026, 11, 20))


@dataclass
class Year:
    session: Session
    now: datetime = field(default=NOW)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now)

    @property
    def period(self) -> Period:
        """The last one that is over."""
        return period_of(self.clock.today_on() - timedelta(days=PERIODS.report_period_days), PERIODS)


@pytest.fixture
def year(session: Session) -> Year:
    return Year(session)


@pytest.fixture
def world(year: Year) -> World:
    made = make_world(year.session, year.now)
    enrol(year.session, made.training_class, 4, result=Result.PASSED, ended_on=date(2026, 6, 30))
    enrol(year.session, made.training_class, 3, result=Result.COMPLETED, ended_on=date(2026, 7, 1))
    enrol(year.session, made.training_class, 2, result=Result.WITHDRAWN, ended_on=date(2026, 6, 1))
    enrol(year.session, made.training_class, 5)
    return made


def test_a_half_years_figure_is_what_stood_on_the_thirtieth_of_june_however_late_one_looks(year: Year, world: World) -> None:
    found = queries.year_of(year.session, 2026, RULE, today=date(2026, 11, 20))
    assert (found.midyear.trained, found.midyear.certified) == (4, 4)
    assert (found.yearend.trained, found.yearend.certified, found.yearend.booked) == (7, 4, 5)
    lines = {line.key: line for line in duties(found, RULE, today=date(2026, 11, 20))}
    assert lines["trained-midyear"].standing == "missed"
    assert lines["trained"].missing == 993


def test_the_shares_of_the_year_are_the_same_figures_for_targets_and_subsidies(year: Year, world: World) -> None:
    employees = another_class(year.session, world, Category.ENTERPRISE, task=340, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 9), now=year.now)
    enrol(year.session, employees, 6, result=Result.PASSED)
    shares = Book.load().read(PortfolioRule, on=date(2026, 11, 20))
    enterprise, order, capped = subsidies.portfolio(year.session, 2026, shares)
    found = queries.year_of(year.session, 2026, RULE, today=date(2026, 11, 20))
    lines = {line.key: line for line in duties(found, RULE, today=date(2026, 11, 20))}
    assert (enterprise.value, enterprise.limit) == (lines["enterprise"].progress.have, lines["enterprise"].needed) == (6, 334)
    assert (order.value, order.limit) == (lines["order-project"].progress.have, lines["order-project"].needed) == (0, 66)
    county, of = subsidies.caps(year.session, 2026, shares)
    assert county == capped
    assert list(of) == [world.institution.code]
    assert of[world.institution.code][1].met is None  # one class says nothing


def test_a_class_that_ends_too_late_books_nothing(year: Year, world: World) -> None:
    late = another_class(year.session, world, Category.ORDER, task=20, starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 1), now=year.now)
    in_time = another_class(year.session, world, Category.ORDER, task=20, starts_on=date(2026, 11, 21), ends_on=date(2026, 11, 30), now=year.now)
    enrol(year.session, late, 6)
    enrol(year.session, in_time, 8)
    found = queries.year_of(year.session, 2026, RULE, today=date(2026, 11, 20)).yearend
    assert found.booked_order_project == 8


def test_a_figure_links_to_classes_that_add_up_to_it(year: Year, world: World) -> None:
    employees = another_class(year.session, world, Category.ENTERPRISE, task=30, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 9), now=year.now)
    enrol(year.session, employees, 3, result=Result.PASSED)
    lines = queries.class_lines(year.session, 2026, date(2026, 11, 20))
    found = queries.year_of(year.session, 2026, RULE, today=date(2026, 11, 20)).yearend
    assert sum(line.trained for line in lines) == found.trained == 10
    assert found.enterprise == 3
    assert found.enterprise_task == 30


def test_the_newest_stated_figure_counts_and_none_can_be_changed(year: Year) -> None:
    for value, day in ((100, date(2026, 5, 1)), (250, date(2026, 9, 1))):
        reports.state_figure(
            year.session, kind=FigureKind.SKILLED, value=value, as_of_on=day, document="晋技能办函〔2026〕3号", actor=OFFICER, clock=year.clock
        )
    assert queries.stated(year.session, 2026, date(2026, 6, 30)).skilled == 100
    assert queries.stated(year.session, 2026, date(2026, 11, 1)).skilled == 250
    assert queries.stated(year.session, 2026, date(2026, 4, 30)).skilled is None
    with pytest.raises(DBAPIError, match="permission denied"), year.session.begin_nested():
        year.session.execute(text("update stated_figure set value = 500"))
    entry = year.session.scalars(select(LedgerEntry).where(LedgerEntry.action == "stated-figure.entered").order_by(LedgerEntry.id.desc())).first()
    assert entry is not None
    assert b"250" in entry.body


def test_a_figure_without_document_or_from_tomorrow_is_refused_with_all_defects(year: Year) -> None:
    with pytest.raises(MalformedFigure) as refused:
        reports.state_figure(
            year.session, kind=FigureKind.BRAND, value=-1, as_of_on=date(2026, 11, 21), document=" ", actor=OFFICER, clock=year.clock
        )
    assert [one["where"] for one in refused.value.facts["errors"]] == ["value", "as_of_on", "document"]
    row = StatedFigure(
        kind=FigureKind.BRAND,
        year=2026,
        value=1,
        as_of_on=date(2025, 1, 1),
        document="x",
        recorded_at=year.now,
        recorded_by_id=UUID(int=1),
        recorded_by="x",
    )
    with pytest.raises(IntegrityError, match="year"), year.session.begin_nested():
        year.session.add(row)
        year.session.flush()


def test_a_report_is_prepared_by_one_signed_by_another_and_keeps_its_figures(year: Year, world: World) -> None:
    row = reports.prepare(year.session, year.period, RULE, actor=OFFICER, clock=year.clock)
    (line,) = [one for one in row.content["rows"] if one["code"] == world.institution.code]
    assert (line["task"], line["trained"], line["certified"]) == (60, 7, 4)
    with pytest.raises(ForbiddenMove, match="same-person"):
        reports.sign(year.session, row.code, actor=OFFICER, clock=year.clock)
    reports.sign(year.session, row.code, actor=LEADER, clock=year.clock)
    enrol(year.session, world.training_class, 50, result=Result.PASSED, ended_on=date(2026, 10, 1))
    assert reports.content_of(queries.report(year.session, row.code))["total"]["trained"] == 7
    entries = year.session.scalars(select(LedgerEntry).where(LedgerEntry.subject == f"progress-report/{row.id}").order_by(LedgerEntry.id)).all()
    assert [entry.action for entry in entries] == ["progress-report.prepare", "progress-report.sign"]
    assert all(row.sha256.hex().encode() in entry.body for entry in entries)
    with pytest.raises(ReportExists):
        reports.prepare(year.session, year.period, RULE, actor=OFFICER, clock=year.clock)


def test_a_report_sent_back_makes_room_for_the_next(year: Year, world: World) -> None:
    first = reports.prepare(year.session, year.period, RULE, actor=OFFICER, clock=year.clock)
    with pytest.raises(ForbiddenMove, match="reason-needed"):
        reports.send_back(year.session, first.code, reason=" ", actor=LEADER, clock=year.clock)
    reports.send_back(year.session, first.code, reason="漏报一个机构", actor=LEADER, clock=year.clock)
    second = reports.prepare(year.session, year.period, RULE, actor=OFFICER, clock=year.clock)
    assert (first.state, second.code) == (ReportState.RETURNED, f"{first.code}-2")


def test_a_running_period_cannot_be_reported(year: Year) -> None:
    with pytest.raises(PeriodNotOver):
        reports.prepare(year.session, period_of(date(2026, 11, 20), PERIODS), RULE, actor=OFFICER, clock=year.clock)


def test_changed_figures_are_noticed_and_the_table_alone_refuses_the_preparers_own_signature(year: Year) -> None:
    row = reports.prepare(year.session, year.period, RULE, actor=OFFICER, clock=year.clock)
    with pytest.raises(IntegrityError, match="another_person"), year.session.begin_nested():
        year.session.execute(
            text("update progress_report set state = 'signed', signed_by_id = prepared_by_id, signed_at = now(), signed_by = 'x' where id = :id"),
            {"id": row.id},
        )
    with pytest.raises(IntegrityError, match="signed_by_somebody"), year.session.begin_nested():
        year.session.execute(text("update progress_report set state = 'signed' where id = :id"), {"id": row.id})
    year.session.execute(text("update progress_report set content = jsonb_set(content, '{total,trained}', '900') where id = :id"), {"id": row.id})
    year.session.expire(row)
    with pytest.raises(ReportChanged):
        reports.sign(year.session, row.code, actor=LEADER, clock=year.clock)
    assert year.session.get_one(ProgressReport, row.id).state is ReportState.PREPARED


def test_only_a_verified_licence_in_time_makes_a_start_up_class_a_success(year: Year, world: World) -> None:
    made = another_class(year.session, world, Category.STARTUP, task=10, starts_on=date(2026, 3, 1), ends_on=date(2026, 4, 15), now=year.now)
    founder, late = enrol(year.session, made, 2, result=Result.PASSED)
    licence(year.session, made, late, date(2026, 10, 16))
    today = date(2026, 11, 20)
    assert startup(made.ends_on, queries.startup_licences(year.session, [made.id])[made.id], RULE, today=today).standing == "missed"
    licence(year.session, made, founder, date(2026, 10, 15))
    assert startup(made.ends_on, queries.startup_licences(year.session, [made.id])[made.id], RULE, today=today).standing == "met"


def test_decisions_are_timed_from_the_move_before_and_void_draws_are_told_with_their_author(session: Session) -> None:
    from supervision.sampling import service as sampling

    stage = Stage(session)
    stage.world(3)
    round_ = stage.plan()
    stage.later(minutes=50)
    stage.freeze(round_.code)
    sampling.void(session, round_.code, reason="公开数值来源有误", actor=as_actor(PEOPLE[0]), clock=stage.clock)
    since = stage.now - timedelta(days=10)
    (voided,) = watch_queries.void_draws(session)
    assert watch_queries.voided_by(session, [voided.id]) == {voided.id: PEOPLE[0].login}
    frozen = [one for one in watch_queries.decision_times(session, since) if one.event == "freeze-frame" or "freeze" in one.event]
    assert [(one.machine, one.count, one.median_s) for one in frozen] == [("draw-round", 1, 50 * 60.0)]
    listed = watch_queries.decisions(session, since, machine="draw-round", person=frozen[0].person, event=frozen[0].event)
    assert [one.wait_s for one in listed] == [50 * 60.0]
    assert watch_queries.tasks(session, since).tasks == []


def test_no_report_is_owed_for_periods_before_the_first_use(year: Year) -> None:
    """A fresh system owes nothing for the half-year before it (R98)."""
    session, since = year.session, date(2026, 5, 1)
    if queries.first_use_on(session) is None:  # a database that nobody used owes nothing at all
        assert queries.owed_since(session, since, today=date(2026, 11, 20)) == date(2026, 11, 20)
    reports.state_figure(
        session, kind=FigureKind.BRAND, value=1, as_of_on=date(2026, 11, 1), document="古人社统〔2026〕1号", actor=OFFICER, clock=year.clock
    )
    first = queries.first_use_on(session)
    assert first is not None and first <= year.clock.today_on()
    assert queries.owed_since(session, date(2020, 1, 1), today=date(2027, 1, 1)) == first
    assert queries.owed_since(session, date(2099, 12, 1), today=date(2099, 12, 2)) == date(2099, 12, 1)
