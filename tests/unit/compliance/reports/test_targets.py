"""Targets, forecasts and periods as pure rules. R8, R9, R13, R24, R28, R98; G25."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book
from compliance.reports.periods import ReportRule, ReportStanding, ended_periods, period, period_of, standing
from compliance.reports.rules import (
    Counts,
    Progress,
    Standing,
    Stated,
    TargetRule,
    Year,
    duties,
    duty,
    forecast,
    least,
    share_permille,
    startup,
)
from compliance.subsidy.portfolio import one_in

BOOK = Book.load()
RULE = BOOK.read(TargetRule, on=date(2026, 1, 1))
REPORTS = BOOK.read(ReportRule, on=date(2026, 1, 1))
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
PERSONS = st.integers(0, 3000)


@given(PERSONS, st.integers(1, 1000))
def test_the_least_that_suffices_suffices_and_one_less_does_not(of: int, permille: int) -> None:
    needed = least(of, permille)
    assert needed * 1000 >= permille * of
    assert needed == 0 or (needed - 1) * 1000 < permille * of


@given(PERSONS, st.integers(2, 20))
def test_one_in_so_many_is_rounded_up(of: int, parts: int) -> None:
    needed = one_in(of, parts)
    assert needed * parts >= of
    assert needed == 0 or (needed - 1) * parts < of


@given(PERSONS, PERSONS, PERSONS, DAYS)
def test_more_persons_never_make_a_standing_worse(have: int, more: int, needed: int, today: date) -> None:
    order = [Standing.MISSED, Standing.SHORT, Standing.BOOKED, Standing.ON_PACE, Standing.MET]
    due_on = date(2026, 6, 30)
    first, second = (duty("trained", "R8", needed=needed, progress=Progress(n, 10), due_on=due_on, today=today).standing for n in (have, have + more))
    assert order.index(first) <= order.index(second)


@given(PERSONS, DAYS)
def test_after_its_day_a_duty_is_met_or_missed_and_nothing_is_forecast(have: int, today: date) -> None:
    due_on = date(2026, 6, 30)
    made = duty("trained", "R8", needed=500, progress=Progress(have, 900), due_on=due_on, today=today)
    if today > due_on:
        assert made.standing in (Standing.MET, Standing.MISSED)
        assert made.forecast is None
    else:
        assert made.standing is not Standing.MISSED


def test_the_pace_is_a_straight_line_from_the_first_of_january() -> None:
    ahead = forecast(Progress(181, 7), due_on=date(2026, 6, 30), today=date(2026, 6, 30))
    assert ahead is not None
    assert (ahead.pace, ahead.booked) == (181, 188)
    first = forecast(Progress(1), due_on=date(2026, 6, 30), today=date(2026, 1, 1))
    assert first is not None
    assert first.pace == 181


def test_a_share_has_no_pace_and_is_unknown_while_a_figure_is() -> None:
    counts = Counts(0, 0, 0, 0)
    for stated, expected in ((Stated(), Standing.UNKNOWN), (Stated(skilled_total=31, employed_total=100), Standing.SHORT)):
        (line,) = [d for d in duties(Year(2026, counts, counts, stated, stated), RULE, today=date(2026, 3, 1)) if d.key == "skilled-share"]
        assert (line.standing, line.forecast) == (expected, None)
    assert share_permille(31_999, 100_000) == 319
    assert share_permille(1, 0) is None


@given(DAYS, st.lists(DAYS, max_size=4), DAYS)
def test_a_start_up_class_is_missed_only_after_its_last_day_and_without_a_licence_in_time(ends_on: date, licensed: list[date], today: date) -> None:
    found = startup(ends_on, licensed, RULE, today=today)
    in_time = [day for day in licensed if day <= found.deadline_on and day <= today]
    assert (found.standing.value == "met") == bool(in_time)
    assert found.standing.value != "missed" or today > found.deadline_on


@given(st.dates(date(2023, 5, 8), date(2027, 12, 1)))
def test_every_day_lies_in_exactly_one_period_and_periods_touch(day: date) -> None:
    found = period_of(day, REPORTS)
    assert found.starts_on <= day <= found.ends_on
    assert period(found.number + 1, REPORTS).starts_on == found.ends_on + timedelta(days=1)
    assert found.due_on > found.ends_on


def test_ended_periods_run_backwards_and_leave_the_running_one_out() -> None:
    today = date(2026, 11, 24)
    found = list(ended_periods(date(2026, 10, 1), today, REPORTS))
    assert [p.number for p in found] == sorted((p.number for p in found), reverse=True)
    assert all(p.ends_on < today for p in found)
    assert standing(period_of(today, REPORTS), signed_on=None, today=today) is ReportStanding.RUNNING
