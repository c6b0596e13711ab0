"""What the registers alone show: two places at once, batches, early sign-ins, bunching. Both sides of every figure. F-02, F-11, F-15, F-16, F-23."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from supervision.screening.crosschecks import (
    CLAUSES,
    Check,
    CrossRule,
    SignIn,
    Stay,
    batches,
    before_deadlines,
    bursts,
    early,
    in_turn,
    names_in,
    twice,
)

RULE = CrossRule(
    cross_overlap_minutes=10, cross_batch_count=5, cross_batch_s=20, cross_early_minutes=60, cross_deadline_days=20,
    cross_deadline_permille=400, cross_deadline_least=4, cross_burst_days=5, cross_burst_minutes=60,
)  # fmt: skip
NINE = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
ONE, OTHER = uuid4(), uuid4()


def stay(lesson: str, begin: int, end: int, who: str = "a", institution=ONE) -> Stay:
    return Stay(who, who.upper(), institution, lesson, NINE + timedelta(minutes=begin), NINE + timedelta(minutes=end))


@pytest.mark.parametrize(("begin", "told"), [(50, True), (51, False), (60, False)])
def test_one_person_in_two_lessons_is_told_from_the_overlap_of_the_rule_on(begin, told):
    found = twice([stay("L1", 0, 60), stay("L2", begin, 120, institution=OTHER)], Check.TRAINEE_TWICE, RULE)
    assert bool(found) is told
    if told:
        assert (found[0].institution_id, found[0].what, found[0].other, found[0].count, found[0].who) == (OTHER, "L2", "L1", 10, "A")


def test_each_later_lesson_is_told_once_beside_the_one_it_overlaps_longest_and_the_same_lesson_is_none():
    found = twice([stay("L0", 0, 70), stay("L1", 1, 90), stay("L2", 2, 80)], Check.TEACHER_TWICE, RULE)
    assert [(f.what, f.other, f.count) for f in found] == [("L1", "L0", 69), ("L2", "L1", 78)]
    assert twice([stay("L1", 0, 60), stay("L1", 5, 60)], Check.TRAINEE_TWICE, RULE) == []
    assert twice([stay("L1", 0, 60, "a"), stay("L2", 0, 60, "b")], Check.TRAINEE_TWICE, RULE) == []


def test_a_long_stay_overlaps_a_later_one_although_a_short_one_lies_between():
    found = twice([stay("L1", 0, 200), stay("L2", 10, 15), stay("L3", 150, 190)], Check.TRAINEE_TWICE, RULE)
    assert [(f.what, f.other) for f in found] == [("L3", "L1")]


def test_two_signs_of_the_longest_lesson_do_not_hide_the_other_one():
    found = twice([stay("L1", 0, 60), stay("L2", 0, 200), stay("L2", 5, 190), stay("L2", 30, 195)], Check.TRAINEE_TWICE, RULE)
    assert [(f.what, f.other, f.count) for f in found] == [("L2", "L1", 60), ("L2", "L1", 55), ("L2", "L1", 30)]


def test_a_placeholder_for_a_name_gives_as_many_leads_as_lessons():
    assert len(twice([stay(f"L{n:04}", 0, 60) for n in range(2000)], Check.TEACHER_TWICE, RULE)) == 1999


COURSE, OTHER_COURSE = uuid4(), uuid4()


def of_class(lesson: str, begin: int, end: int, planned: tuple[int, int], course=COURSE, institution=ONE) -> Stay:
    at = NINE + timedelta(minutes=planned[0]), NINE + timedelta(minutes=planned[1])
    return replace(stay(lesson, begin, end, institution=institution), course=course, planned=at)


def test_a_card_read_in_the_morning_and_in_the_evening_is_one_person_in_one_class_all_day():
    day = [of_class("L1", -5, 500, (0, 120)), of_class("L2", -5, 500, (130, 240)), of_class("L3", -5, 500, (360, 480))]
    assert twice(in_turn(day), Check.TRAINEE_TWICE, RULE) == []
    elsewhere = of_class("X1", 250, 340, (250, 340), OTHER_COURSE, OTHER)
    assert [(f.what, f.other, f.count) for f in twice(in_turn([*day, elsewhere]), Check.TRAINEE_TWICE, RULE)] == [("X1", "L2", 90)]


def test_two_lessons_of_a_class_at_the_same_time_are_two_places():
    groups = [of_class("L1", 0, 120, (0, 120)), of_class("L2", 3, 118, (0, 120))]
    assert [(f.what, f.other, f.count) for f in twice(in_turn(groups), Check.TRAINEE_TWICE, RULE)] == [("L2", "L1", 115)]


def test_a_teacher_is_the_same_however_wide_the_name_is_set_and_whoever_stands_beside_it():
    assert names_in("张　三") == {"张三": "张　三"}
    assert names_in(" 张 三、李四 ") == {"张三": "张 三", "李四": "李四"}
    assert names_in("买买提•吐尔逊").keys() == names_in("买买提·吐尔逊").keys()
    assert names_in(" 、") == {}


def signs(seconds: list[float], device: str = "D1", lesson: str = "L1") -> list[SignIn]:
    return [SignIn(ONE, lesson, NINE, NINE + timedelta(seconds=s), device) for s in seconds]


@pytest.mark.parametrize(("seconds", "told"), [([0, 5, 10, 15, 20], True), ([0, 5, 10, 15, 20.5], False), ([0, 5, 10, 15], False)])
def test_a_batch_is_so_many_sign_ins_within_the_seconds_of_the_rule(seconds, told):
    found = batches(signs(seconds), RULE)
    assert [f.count for f in found] == ([5] if told else [])


def test_a_batch_is_of_one_named_device_and_one_lesson():
    assert batches(signs([0, 1, 2]) + signs([0, 1, 2], "D2"), RULE) == []
    assert batches(signs([0, 1, 2]) + signs([0, 1, 2], lesson="L2"), RULE) == []
    assert batches(signs([0, 1, 2, 3, 4, 5], device=""), RULE) == []
    assert [f.count for f in batches(signs([100, 0, 1, 2, 3, 4, 5]), RULE)] == [6]


@pytest.mark.parametrize(("minutes", "told"), [(60, 0), (61, 1)])
def test_a_sign_in_long_before_the_lesson_is_told_once_for_the_lesson(minutes, told):
    found = early(signs([-minutes * 60, -minutes * 60, 0]), RULE)
    assert len(found) == told
    if told:
        assert found[0].count == 2


@pytest.mark.parametrize(("near", "far", "told"), [(4, 6, True), (4, 7, False), (3, 0, False)])
def test_classes_that_bunch_before_a_deadline_are_told_from_share_and_number_on(near, far, told):
    classes = [(ONE, date(2026, 6, 11))] * near + [(ONE, date(2026, 3, 1))] * far
    found = before_deadlines(classes, [date(2026, 6, 30)], NINE, RULE)
    assert [f.other for f in found] == ([f"{near}/{near + far}"] if told else [])


def test_the_days_before_a_deadline_end_with_it():
    for day, told in ((date(2026, 6, 10), 0), (date(2026, 6, 11), 1), (date(2026, 6, 30), 1), (date(2026, 7, 1), 0)):
        assert len(before_deadlines([(ONE, day)] * 4, [date(2026, 6, 30)], NINE, RULE)) == told


@pytest.mark.parametrize(("days", "gap_minutes", "told"), [(5, 60, True), (5, 61, False), (4, 10, False)])
def test_recordings_of_many_days_that_come_in_at_once_are_a_burst(days, gap_minutes, told):
    uploads = [(ONE, NINE + timedelta(minutes=gap_minutes * n), date(2026, 8, 1 + n)) for n in range(days)]
    assert [f.count for f in bursts(uploads, RULE)] == ([days] if told else [])


def test_many_recordings_of_one_day_are_no_burst_and_institutions_are_apart():
    assert bursts([(ONE, NINE, date(2026, 8, 1))] * 9, RULE) == []
    uploads = [((ONE, OTHER)[n % 2], NINE + timedelta(minutes=n), date(2026, 8, 1 + n)) for n in range(8)]
    assert bursts(uploads, RULE) == []


def test_files_that_come_in_day_and_night_are_no_burst_until_more_days_come_than_went_by():
    steady = [(ONE, NINE + timedelta(minutes=50 * n), (NINE + timedelta(minutes=50 * n - 90)).date()) for n in range(29 * 20)]
    assert bursts(steady, RULE) == []
    late = [(ONE, NINE + timedelta(days=3, seconds=n), date(2026, 6, 1 + n)) for n in range(5)]
    assert [f.check for f in bursts(steady + late, RULE)] == [Check.UPLOAD_BURST]


def test_every_check_names_its_clause():
    assert set(CLAUSES) == set(Check)
