"""Spans are sets, one value has one canonical text, working days follow the published calendar, a term is never shorter than its years."""

import enum
import json
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kernel.canonical import canonical_json
from storage.kernel.clock import BUREAU_ZONE, add_years
from storage.kernel.span import Span, intersect, subtract, total_seconds, union
from storage.kernel.workdays import add_working_days, is_published, is_working_day
from storage.retention.rules import RetentionRule, retain_until

START = datetime(2026, 9, 1, 1, tzinfo=UTC)


def span(start_s: int, length_s: int) -> Span:
    return Span(START + timedelta(seconds=start_s), START + timedelta(seconds=start_s + length_s))


spans = st.lists(st.builds(span, st.integers(0, 60), st.integers(1, 20)), max_size=7)


def seconds_of(some: list[Span]) -> set[int]:
    """The oracle: a set of whole seconds."""
    return {n for n in range(-5, 90) for s in some if s.start_at <= START + timedelta(seconds=n) < s.end_at}


# ---- spans


@given(spans, spans)
def test_spans_are_sets_of_instants(left: list[Span], right: list[Span]) -> None:
    assert seconds_of(union([*left, *right])) == seconds_of(left) | seconds_of(right)
    assert seconds_of(subtract(left, right)) == seconds_of(left) - seconds_of(right)
    assert seconds_of(intersect(left, right)) == seconds_of(left) & seconds_of(right)
    assert total_seconds(left) == len(seconds_of(left))


@given(spans, spans)
def test_every_answer_is_sorted_disjoint_and_does_not_touch(left: list[Span], right: list[Span]) -> None:
    for answer in (union(left), subtract(left, right), intersect(union(left), union(right))):
        assert answer == sorted(answer)
        assert all(a.end_at < b.start_at for a, b in pairwise(answer))


@given(spans, spans, spans)
def test_the_order_of_steps_does_not_matter(left: list[Span], right: list[Span], third: list[Span]) -> None:
    assert union([*left, *right]) == union([*right, *left]) == union([*union(left), *union(right)])
    assert intersect(left, right) == intersect(right, left)
    assert subtract(subtract(left, right), third) == subtract(left, [*right, *third])
    assert subtract(left, []) == union(left)
    assert subtract(left, left) == []
    assert subtract(left, subtract(left, right)) == intersect(left, right)


@given(st.integers(-10, 10), st.integers(-10, 0))
def test_an_empty_span_does_not_exist(start_s: int, length_s: int) -> None:
    with pytest.raises(ValueError, match="empty span"):
        span(start_s, length_s)


def test_spans_that_touch_do_not_overlap() -> None:
    first, second = span(0, 10), span(10, 10)
    assert not first.overlaps(second)
    assert not second.overlaps(first)
    assert union([first, second]) == [span(0, 20)]
    assert intersect([first], [second]) == []


# ---- canonical JSON


class Colour(enum.StrEnum):
    RED = "红"


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(blacklist_categories=("Cs",)), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(blacklist_categories=("Cs",)), max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_a_value_survives_its_canonical_text_and_has_only_one(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(st.characters(blacklist_categories=("Cs",)), max_size=5), st.integers(), min_size=2))
def test_the_order_in_which_keys_were_given_does_not_show(value: dict[str, int]) -> None:
    assert canonical_json(value) == canonical_json(dict(reversed(value.items())))


def test_the_text_is_spelled_out_once_and_for_all() -> None:
    """Hashes in the log are over these bytes: a change here would break every proof ever given."""
    value = {
        "z": None,
        "a": [True, False, -1],
        "课": '“引号” "\\\n\u2028',
        "at": datetime(2026, 9, 1, 9, 0, 0, 5, tzinfo=BUREAU_ZONE),
        "on": date(2026, 9, 1),
        "id": UUID(int=1),
        "colour": Colour.RED,
        "pair": (1, "2"),
    }
    expected = (
        '{"a":[true,false,-1],"at":"2026-09-01T01:00:00.000005Z","colour":"红","id":"00000000-0000-0000-0000-000000000001",'
        '"on":"2026-09-01","pair":[1,"2"],"z":null,"课":"“引号” \\"\\\\\\n\u2028"}'
    )
    assert canonical_json(value) == expected.encode()


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001 - the zone is given below
def test_one_instant_has_one_text_whatever_zone_it_is_written_in(naive: datetime, hours: int) -> None:
    instant = naive.replace(tzinfo=UTC)
    assert canonical_json(instant) == canonical_json(instant.astimezone(timezone(timedelta(hours=hours))))


@pytest.mark.parametrize("value", [1.0, float("nan"), datetime(2026, 9, 1), b"bytes", {1, 2}, object(), {"a": [1.5]}])  # noqa: DTZ001 - a naive one on purpose
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


# ---- working days

days = st.dates(date(2020, 1, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-01-01", False),  # New Year, a Thursday
        ("2026-02-17", False),  # Spring Festival, a Tuesday
        ("2026-10-01", False),
        ("2026-10-10", True),  # Saturday, made up for National Day
        ("2026-09-20", True),  # Sunday, the same
        ("2026-11-24", True),
        ("2026-11-28", False),
        ("2035-10-01", True),  # not published yet: Monday to Friday
        ("2035-10-06", False),
    ],
)
def test_holidays_and_make_up_days_follow_the_published_calendar(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) == works


def test_it_is_said_which_years_calendar_is_known() -> None:
    assert is_published(2026)
    assert not is_published(2035)


@given(days, st.integers(0, 30), st.integers(0, 30))
def test_working_days_add_up(day: date, first: int, then: int) -> None:
    assert add_working_days(add_working_days(day, first), then) == add_working_days(day, first + then)


@given(days, st.integers(1, 30))
def test_the_last_of_n_working_days_is_one_and_n_lie_between(day: date, count: int) -> None:
    last = add_working_days(day, count)
    assert is_working_day(last)
    assert sum(is_working_day(day + timedelta(days=n)) for n in range(1, (last - day).days + 1)) == count


def test_no_days_are_no_days_and_less_is_refused() -> None:
    holiday = date(2026, 10, 1)
    assert add_working_days(holiday, 0) == holiday
    with pytest.raises(ValueError, match="negative"):
        add_working_days(holiday, -1)


# ---- terms

any_day = st.dates(date(2000, 1, 1), date(2090, 12, 31))
rules = st.builds(RetentionRule, st.integers(1, 10), st.sampled_from(["next-day", "last-day"]))


@given(any_day, st.integers(1, 10))
def test_a_term_ends_on_its_own_calendar_day_or_by_the_rule_on_its_neighbour(day: date, years: int) -> None:
    for rule in ("next-day", "last-day"):
        end = add_years(day, years, rule)
        assert end.year == day.year + years
        if (end.month, end.day) != (day.month, day.day):
            assert (day.month, day.day) == (2, 29)
            assert (end.month, end.day) == ((3, 1) if rule == "next-day" else (2, 28))


@given(any_day, any_day, rules)
def test_a_later_end_never_frees_earlier(one: date, other: date, rule: RetentionRule) -> None:
    first, second = (datetime(d.year, d.month, d.day, 12, tzinfo=BUREAU_ZONE) for d in sorted((one, other)))
    assert retain_until(rule, recorded_end_at=first, class_ends_on=None) <= retain_until(rule, recorded_end_at=second, class_ends_on=None)


@given(any_day, st.none() | any_day, st.integers(0, 86_399), rules)
def test_the_day_itself_is_kept_to_its_last_second_and_the_longer_of_both_ends_counts(
    recorded: date, class_ends_on: date | None, second: int, rule: RetentionRule
) -> None:
    end_at = datetime(recorded.year, recorded.month, recorded.day, tzinfo=BUREAU_ZONE) + timedelta(seconds=second)
    until = retain_until(rule, recorded_end_at=end_at, class_ends_on=class_ends_on)
    local = until.astimezone(BUREAU_ZONE)
    assert (local.hour, local.minute, local.second) == (0, 0, 0)
    counted = max(recorded, class_ends_on or recorded)
    assert local.date() == add_years(counted, rule.retention_years, rule.leap_day_rule) + timedelta(days=1)
    assert until > end_at
