"""A recorder's file finds its lesson by camera and time; what is not told well enough is left to a person. R71."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from storage.kernel.clock import BUREAU_ZONE
from storage.kernel.span import Span
from supervision.footage.matching import Expected, camera_in_name, distance, match_file, time_in_name

NINE = datetime(2026, 9, 1, 9, tzinfo=BUREAU_ZONE)
TOLERANCE = timedelta(hours=3)


def slot(number: int, camera: str = "GX001-A101-C1", start_at: datetime = NINE, minutes: int = 120) -> Expected:
    return Expected(UUID(int=number), camera, Span(start_at, start_at + timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "name",
    [
        "GX001-A101-C1_20260901090000.mp4",
        "GX001-A101-C1_20260901_090000.mp4",
        "2026-09-01_09-00-00.mkv",
        "2026-09-01 09.00.00 教室A101.ts",
        "20260901T090000.mp4",
        "ch01_20260901090000_20260901110000.mp4",  # begin and end: the begin counts
        "20260901_0900.mp4",
        "2026.09.01-09:00.avi",
        "NVR 4600 20260901090000.mp4",
    ],
)
def test_the_recorders_clock_is_read_from_its_usual_names(name: str) -> None:
    assert time_in_name(name) == NINE.astimezone(UTC)


@pytest.mark.parametrize(
    "name", ["lesson.mp4", "20260901.mp4", "20261301090000.mp4", "20260231090000.mp4", "20260901250000.mp4", "19990901090000.mp4", ""]
)
def test_a_name_without_a_valid_time_tells_none(name: str) -> None:
    assert time_in_name(name) is None


def test_an_impossible_time_is_passed_over_for_a_possible_one() -> None:
    assert time_in_name("20261399 20260901090000.mp4") == NINE.astimezone(UTC)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)), st.sampled_from(["%Y%m%d%H%M%S", "%Y-%m-%d_%H-%M-%S", "%Y.%m.%d %H.%M.%S"]))  # noqa: DTZ001
def test_every_wall_time_that_was_written_is_read(wall: datetime, shape: str) -> None:
    wall = wall.replace(microsecond=0, tzinfo=BUREAU_ZONE)
    assert time_in_name(f"C1_{wall:{shape}}.mp4") == wall.astimezone(UTC)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("C1_x.mp4", "C1"),
        ("c1-x.mp4", "C1"),
        ("C10_x.mp4", "C10"),
        ("A101-C1_x.mp4", "A101-C1"),  # the longer code stands for itself, not for the shorter inside it
        ("xC1.mp4", None),
        ("C1 and C10.mp4", None),
        ("C2.mp4", None),
        ("教室C1录像.mp4", "C1"),
        (".*", None),
    ],
)
def test_a_camera_is_the_longest_known_code_that_stands_alone(name: str, found: str | None) -> None:
    assert camera_in_name(name, ["C1", "C10", "A101-C1", "C."]) == found


def test_the_nearest_lesson_of_that_camera_is_taken() -> None:
    slots = [slot(1), slot(2, start_at=NINE + timedelta(hours=3)), slot(3, camera="GX001-A101-C2")]
    early, late = NINE - timedelta(minutes=5), NINE + timedelta(hours=2, minutes=40)
    for at, expected in ((early, 1), (NINE + timedelta(minutes=119), 1), (late, 2), (NINE + timedelta(hours=2, minutes=10), 1)):
        found = match_file(f"GX001-A101-C1_{at:%Y%m%d%H%M%S}.mp4", slots, tolerance=TOLERANCE)
        assert (found.slot_id, found.start_at, found.source) == (UUID(int=expected), at.astimezone(UTC), "file-name")


def test_a_start_at_the_tolerance_still_matches_and_a_second_beyond_does_not() -> None:
    for ahead, slot_id in ((TOLERANCE, UUID(int=1)), (TOLERANCE + timedelta(seconds=1), None)):
        found = match_file(f"GX001-A101-C1_{NINE - ahead:%Y%m%d%H%M%S}.mp4", [slot(1)], tolerance=TOLERANCE)
        assert (found.slot_id, found.start_at) == (slot_id, (NINE - ahead).astimezone(UTC))


def test_the_container_says_when_only_if_the_name_does_not() -> None:
    inside = NINE + timedelta(minutes=1)
    found = match_file("GX001-A101-C1.mp4", [slot(1)], container_start_at=inside, tolerance=TOLERANCE)
    assert (found.slot_id, found.start_at, found.source) == (UUID(int=1), inside, "container")
    found = match_file("GX001-A101-C1_20260901090500.mp4", [slot(1)], container_start_at=inside, tolerance=TOLERANCE)
    assert (found.start_at, found.source) == ((NINE + timedelta(minutes=5)).astimezone(UTC), "file-name")
    assert match_file("GX001-A101-C1.mp4", [slot(1)], tolerance=TOLERANCE).source == "none"


@given(st.integers(-600, 600), st.lists(st.tuples(st.integers(-600, 600), st.integers(1, 200)), min_size=1, max_size=6))
def test_no_other_lesson_within_the_tolerance_is_nearer(minutes: int, lessons: list[tuple[int, int]]) -> None:
    at = NINE + timedelta(minutes=minutes)
    slots = [slot(n, start_at=NINE + timedelta(minutes=start), minutes=length) for n, (start, length) in enumerate(lessons, start=1)]
    found = match_file(f"GX001-A101-C1_{at:%Y%m%d%H%M%S}.mp4", slots, tolerance=TOLERANCE)
    near = {s.slot_id: distance(at, s.span) for s in slots if distance(at, s.span) <= TOLERANCE}
    assert (found.slot_id is None) == (not near)
    assume(near)
    assert found.slot_id is not None
    assert near[found.slot_id] == min(near.values())
