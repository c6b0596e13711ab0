"""Two recordings may honestly show the same: one lesson sent twice, two cameras, two files that overlap. F-05, F-06, F-13; R60."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from supervision.screening.kinship import OVERLAP, TOGETHER, Claim, Kind, kinship

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
COPY = Claim(uuid4(), uuid4(), uuid4(), uuid4(), AT)
OTHER = Claim(uuid4(), uuid4(), uuid4(), uuid4(), AT - timedelta(days=3))


def test_another_day_is_used_again():
    assert kinship(COPY, OTHER, 0, 0) is Kind.AGAIN


@pytest.mark.parametrize(("apart", "kind"), [(TOGETHER, None), (TOGETHER + timedelta(seconds=1), Kind.AGAIN), (timedelta(hours=1), Kind.AGAIN)])
@pytest.mark.parametrize("camera_id", [COPY.camera_id, OTHER.camera_id])
def test_a_lesson_sent_twice_is_nothing_and_its_first_hour_sent_as_its_second_is_used_again(apart, kind, camera_id):
    slice_of = replace(OTHER, lesson_id=COPY.lesson_id, camera_id=camera_id, starts_at=AT - apart)
    assert kinship(COPY, slice_of, 0, 0) is kind


def test_the_same_lesson_without_a_start_is_nothing():
    assert kinship(COPY, replace(OTHER, lesson_id=COPY.lesson_id, starts_at=None), 0, 0) is None


def test_two_recordings_not_yet_bound_to_a_lesson_are_not_the_same_lesson():
    assert kinship(replace(COPY, lesson_id=None), replace(OTHER, lesson_id=None), 0, 0) is Kind.AGAIN


@pytest.mark.parametrize(("apart", "kind"), [(OVERLAP, None), (OVERLAP + timedelta(seconds=1), Kind.TOGETHER)])
def test_files_of_one_camera_that_overlap_show_the_same_minutes_at_the_same_time_of_day(apart, kind):
    source = replace(OTHER, camera_id=COPY.camera_id, starts_at=AT - timedelta(minutes=50) - apart)
    assert kinship(COPY, source, 60_000, 51 * 60_000) is kind


@pytest.mark.parametrize(("apart", "kind"), [(TOGETHER, Kind.TOGETHER), (TOGETHER + timedelta(seconds=1), Kind.AGAIN)])
def test_the_same_minutes_claimed_by_another_camera_are_one_class_filmed_for_two(apart, kind):
    assert kinship(COPY, replace(OTHER, starts_at=AT + apart), 0, 0) is kind


def test_without_a_start_it_is_used_again():
    assert kinship(COPY, replace(OTHER, starts_at=None), 0, 0) is Kind.AGAIN
