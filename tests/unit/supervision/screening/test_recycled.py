"""The same footage again is found along one line of time; honest lessons in one room, quiet rooms and single minutes say nothing. F-06; R60."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from bench.screening_alarms import lesson
from supervision.screening import recycled
from supervision.screening.motion import STEP_MS, Motion, fields_agree, from_bytes, mirrored, residual, to_bytes
from supervision.screening.recycled import Line, Match, RecycledRule, compare, is_recycled
from tests.unit.supervision.screening.drawn_motion import drawn

RULE = RecycledRule(450, 4, 500, 6, 420)
SOURCE = drawn(1)


def test_a_copy_that_begins_later_and_plays_quicker_is_found_with_its_line():
    match = compare(drawn(1, 420, first_s=90, speed=1.02), SOURCE, RULE)
    assert match is not None
    assert is_recycled(match, RULE)
    assert not match.mirrored
    assert abs(match.line.source_ms(0) - 90_000) < 3_000
    assert abs(match.line.source_ms(420_000) - (90_000 + 1.02 * 420_000)) < 4_000
    assert match.matched_ms >= 360_000


@pytest.mark.parametrize("slope", [0.97, 1.03])
def test_a_copy_that_plays_three_percent_slower_or_quicker_is_still_found(slope):
    match = compare(drawn(1, 500, first_s=20, speed=slope), SOURCE, RULE)
    assert match is not None
    assert is_recycled(match, RULE)
    assert abs(match.line.slope - slope) < 0.006


def test_a_mirrored_copy_is_found_as_mirrored():
    match = compare(mirrored(drawn(1, first_s=30, seconds=500)), SOURCE, RULE)
    assert match is not None
    assert match.mirrored
    assert is_recycled(match, RULE)


def test_other_lessons_in_the_same_room_are_not_the_same_footage():
    lessons = [drawn(seed) for seed in range(20, 28)]
    for a, b in itertools.combinations(lessons, 2):
        match = compare(a, b, RULE)
        assert match is None or not is_recycled(match, RULE)


def test_a_copied_stretch_in_a_lesson_of_its_own_is_found_where_it_lies():
    other, inserted = drawn(9), drawn(1, 600, first_s=100)
    fields = other.fields.copy()
    fields[100:250] = inserted.fields[100:250]  # 200 s … 500 s
    match = compare(Motion(other.times_ms, fields, other.room), SOURCE, RULE)
    assert match is not None
    assert is_recycled(match, RULE)
    begin, end = match.spans[0][0], match.spans[-1][1]
    assert abs(begin - 200_000) <= 40_000
    assert abs(end - 500_000) <= 40_000


def test_three_minutes_are_not_enough_and_five_are():
    for seconds, told in ((170, False), (330, True)):
        other, inserted = drawn(9), drawn(1)
        fields = other.fields.copy()
        fields[50 : 50 + seconds // 2] = inserted.fields[50 : 50 + seconds // 2]
        match = compare(Motion(other.times_ms, fields, other.room), SOURCE, RULE)
        assert (match is not None and is_recycled(match, RULE)) is told, seconds


def test_the_limits_of_the_rule_are_those_of_the_rule():
    match = Match(Line(0, 1.0), mirrored=False, windows=4, decidable=9, median=0.5, fields=0.42, spans=((0, 240_000),))
    assert is_recycled(match, RULE)
    assert not is_recycled(replace(match, windows=3), RULE)
    assert not is_recycled(replace(match, median=0.499), RULE)
    assert not is_recycled(replace(match, fields=0.419), RULE)


def test_a_class_with_the_same_walks_and_slides_every_day_is_not_the_same_footage_though_many_of_its_minutes_agree_on_a_line():
    (_, one), (_, other) = lesson("tuning", 0, 13), lesson("tuning", 0, 8)
    match = compare(one, other, RULE, mirror=False)
    assert match is not None
    assert match.windows > RULE.recycled_least_windows
    assert match.fields < 0.2
    assert not is_recycled(match, RULE)
    assert is_recycled(replace(match, median=0.6, fields=0.6), RULE)


def test_fields_agree_says_what_the_middle_field_does_and_nothing_of_too_few():
    rng = np.random.default_rng(5)
    one, other = rng.normal(0, 1.5, (2, 200, 112)).astype(np.float32)
    assert fields_agree(one, one, 6) > 0.99
    assert abs(fields_agree(one, other, 6)) < 0.1
    habit = one.copy()
    habit[:, 40:] = other[:, 40:]  # a third of the picture is the same
    assert abs(fields_agree(one, habit, 6)) < 0.2
    few = np.zeros_like(one)
    few[:, :5] = one[:, :5]
    assert fields_agree(few, few, 6) == 0


def test_somebody_who_walks_through_the_picture_does_not_move_the_rest_of_it():
    moved = SOURCE.fields.copy()
    moved[100:103, 4:14, 2:12] += 60
    far = np.abs(residual(Motion(SOURCE.times_ms, moved, SOURCE.room)) - residual(SOURCE)).reshape(-1, 7, 16)
    assert far[100:103, :, :6].max() > 3
    assert far[100:103, :, 8:].max() < 0.5


def test_an_empty_room_is_never_the_same_footage_not_even_as_itself():
    empty = drawn(3, people=0)
    match = compare(empty, drawn(3, people=0, first_s=1), RULE)
    assert match is None or not is_recycled(match, RULE)


def test_two_recordings_without_looks_and_one_shorter_than_a_minute_say_nothing():
    assert compare(drawn(1, 40), SOURCE, RULE) is None
    nothing = Motion(np.zeros(0, np.int64), np.zeros((0, 18, 32), np.float32), SOURCE.room)
    assert compare(nothing, SOURCE, RULE) is None


def test_a_hole_between_two_looks_is_unknown_and_not_movement():
    kept = np.r_[0:60, 120:300]
    holed = Motion(SOURCE.times_ms[kept], SOURCE.fields[kept], SOURCE.room)
    series = residual(holed)
    assert not series[65:115].any()
    assert series[20:40].any()
    match = compare(holed, SOURCE, RULE)
    assert match is not None
    assert is_recycled(match, RULE)


def test_what_is_kept_of_a_recording_comes_back_to_a_quarter_of_a_grey_level():
    again = from_bytes(to_bytes(SOURCE))
    assert np.array_equal(again.times_ms, SOURCE.times_ms)
    assert np.array_equal(again.room, SOURCE.room)
    assert np.abs(again.fields - SOURCE.fields).max() <= 0.126


def test_places_finds_each_minute_where_it_was_taken_from():
    series = residual(SOURCE)
    starts, lags, agreed = recycled.places(series[50:150], series)
    best = agreed > 0.9
    assert best.sum() >= 4
    assert set(lags[best]) == {50}
    assert starts.max() <= 100 - recycled.WINDOW
    assert STEP_MS == 2_000
