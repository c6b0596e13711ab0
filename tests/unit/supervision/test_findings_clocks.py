"""Working-day clocks of a finding over China's real calendar: 国庆 and 春节 with their make-up days, to the minute. domain.md 2.3.2."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book
from storage.kernel.clock import BUREAU_ZONE, local_date
from storage.kernel.workdays import is_working_day
from supervision.findings.clocks import Grade, Party, ProcedureRule, Turn, deadline, grade, turn
from supervision.findings.lifecycle import FindingState

RULE = Book.load().read(ProcedureRule, on=local_date(datetime(2026, 11, 24, tzinfo=UTC)))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BUREAU_ZONE)


@pytest.mark.parametrize(
    ("served", "days", "until"),
    [
        ("2025-09-24 10:00", 5, "2025-10-01 00:00"),  # Sunday 28 September is a make-up day: 25, 26, 28, 29, 30
        ("2025-09-30 23:59", 5, "2025-10-15 00:00"),  # 国庆 and 中秋 1–8 October; 9, 10, 11 (Saturday, make-up), 13, 14
        ("2025-01-24 09:00", 5, "2025-02-08 00:00"),  # 春节 28 January – 4 February; 26 January (Sunday) made up: 26, 27, 5, 6, 7
        ("2025-02-07 09:00", 3, "2025-02-12 00:00"),  # Saturday 8 February made up: 8, 10, 11
        ("2025-11-21 09:00", 15, "2025-12-13 00:00"),  # no holiday: three weeks
        ("2025-11-22 09:00", 1, "2025-11-25 00:00"),  # served on a Saturday: Monday is the first day
    ],
)
def test_a_deadline_counts_working_days_over_holidays_and_make_up_days(served: str, days: int, until: str) -> None:
    assert deadline(local(served), days) == local(until)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2025, 12, 1)), st.integers(1, 30))  # noqa: DTZ001 - hypothesis wants bounds without a zone
def test_a_deadline_is_a_midnight_after_exactly_so_many_working_days(moment: datetime, days: int) -> None:
    served = moment.replace(tzinfo=BUREAU_ZONE)
    until = deadline(served, days)
    assert until.time() == datetime.min.time()
    first = served.date() + timedelta(days=1)
    counted = [d for n in range((until.date() - first).days) if is_working_day(d := first + timedelta(days=n))]
    assert len(counted) == days
    assert is_working_day(until.date() - timedelta(days=1))


def test_one_second_before_the_end_the_institution_may_still_object_and_then_the_bureau_must_act() -> None:
    entered, until = local("2025-11-21 09:00"), local("2025-11-29 00:00")
    before = turn(FindingState.NOTICED, entered, RULE, until - timedelta(seconds=1), object_until=until)
    after = turn(FindingState.NOTICED, entered, RULE, until, object_until=until)
    assert before is not None and after is not None
    assert (before.party, before.act, before.until) == (Party.INSTITUTION, "object", until)
    assert (after.party, after.act) == (Party.BUREAU, "order-rectification")
    assert after.until == local("2025-12-06 00:00")


def test_what_a_letter_named_binds_whatever_the_figures_are_today() -> None:
    entered = local("2025-11-21 09:00")
    named = local("2026-03-01 00:00")
    found = turn(FindingState.RECTIFYING, entered, RULE, entered, rectify_until=named)
    assert found is not None
    assert found.until == named


def test_a_report_turns_the_clock_to_the_bureau() -> None:
    entered = local("2025-11-21 09:00")
    found = turn(FindingState.RECTIFYING, entered, RULE, entered, reported_at=local("2025-11-24 09:00"))
    assert found is not None
    assert (found.party, found.act, found.until) == (Party.BUREAU, "verify", local("2025-12-02 00:00"))


@pytest.mark.parametrize("state", [FindingState.WITHDRAWN, FindingState.PUBLISHED, FindingState.REJECTED, FindingState.VOID, FindingState.ESCALATED])
def test_nothing_is_awaited_when_the_matter_ended(state: FindingState) -> None:
    assert turn(state, local("2025-11-21 09:00"), RULE, local("2025-11-21 09:00")) is None


@pytest.mark.parametrize(
    ("now", "pressing"),
    [
        ("2025-11-26 23:59", None),  # Wednesday; the turn ends with Friday
        ("2025-11-27 00:00", Grade.SOON),  # two working days are left, today included
        ("2025-11-28 23:59", Grade.SOON),
        ("2025-11-29 00:00", Grade.LATE),
        ("2025-12-03 23:59", Grade.LATE),  # Monday, Tuesday, Wednesday are the three days of grace
        ("2025-12-04 00:00", Grade.ESCALATED),
    ],
)
def test_a_turn_is_reminded_of_two_working_days_before_its_end_and_shown_higher_three_after(now: str, pressing: Grade | None) -> None:
    assert grade(Turn(Party.INSTITUTION, "report", local("2025-11-29 00:00")), RULE, local(now)) is pressing


def test_reminders_count_working_days_over_national_day() -> None:
    awaited = Turn(Party.BUREAU, "answer", local("2025-10-10 00:00"))  # the 9th is the first working day after eight days off
    assert grade(awaited, RULE, local("2025-09-29 23:59")) is None
    assert grade(awaited, RULE, local("2025-09-30 00:00")) is Grade.SOON  # 30 September and 9 October are left
    assert grade(awaited, RULE, local("2025-10-13 23:59")) is Grade.LATE  # 10, 11 (a Saturday, made up) and 13 are the days of grace
    assert grade(awaited, RULE, local("2025-10-14 00:00")) is Grade.ESCALATED
