"""Lessons drawn for thousands of hours show the same fields as those that are drawn whole."""

import numpy as np

from bench.screening import quick
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from supervision.screening.motion import CLOCK_ROWS, GRID_COLUMNS, GRID_ROWS
from supervision.screening.recycled import RecycledRule, compare

SEEN = slice(CLOCK_ROWS, GRID_ROWS - CLOCK_ROWS)


def whole(lesson: Lesson, at: list[float]) -> np.ndarray:
    pictures = np.stack([lesson.picture(second) for second in at]).astype(np.float32)
    return pictures.reshape(len(at), GRID_ROWS, 360 // GRID_ROWS, GRID_COLUMNS, 640 // GRID_COLUMNS).mean((2, 4))


def test_fields_are_those_of_the_whole_picture_to_about_a_grey_level() -> None:
    lesson = Lesson(room(3), 8, 400, people=14, habits=2)
    drawn = quick.seen(lesson, 4, noise_seed=1)
    far = (drawn.fields - whole(lesson, (drawn.times_ms / 1000).tolist()))[:, SEEN]
    assert np.sqrt((far**2).mean()) < 1.2
    assert (drawn.fields[:, SEEN].std(0) > 2).sum() > 60  # and they move by far more
    assert len(drawn.times_ms) == 100


def test_light_that_changes_in_an_empty_room_is_not_the_same_footage() -> None:
    place = room(4)
    one, other = (quick.seen(Lesson(place, seed, 1800, people=0, teacher=False), 4, noise_seed=seed) for seed in (9, 10))
    light = np.median(one.fields / whole(Lesson(place, 9, 1800, people=0, teacher=False), [2.0]), axis=(1, 2))
    assert 0.001 < light.std() < 0.05
    match = compare(one, other, RecycledRule(450, 4, 500, 6, 300))
    assert match is None or match.windows < 2


def test_a_copy_and_a_loop_show_the_same_seconds_again() -> None:
    lesson = Lesson(room(5), 10, 300, people=12)
    plain = quick.seen(lesson, 4, noise_seed=3)
    copy = quick.seen(lesson, 4, noise_seed=4, begin_s=40)
    assert np.sqrt(((copy.fields - plain.fields[10:]) ** 2).mean()) < 1
    looped = quick.seen(lesson, 4, noise_seed=5, loop=(60, 120, 240))
    assert np.sqrt(((looped.fields[30:45] - plain.fields[15:30]) ** 2).mean()) < 1
    assert np.sqrt(((looped.fields[45:60] - plain.fields[15:30]) ** 2).mean()) < 1
    assert np.sqrt(((looped.fields[60:] - plain.fields[60:]) ** 2).mean()) < 1


def test_the_same_course_of_the_day_is_walked_by_the_same_people_at_nearly_the_same_seconds() -> None:
    one, other = (quick.Drilled(room(6), seed, 1800, habits=7) for seed in (1, 2))
    assert len(one.walks) == 30
    assert [walk.figure for walk in one.walks] == [walk.figure for walk in other.walks]
    far = [abs(a.begin_s - b.begin_s) for a, b in zip(one.walks, other.walks, strict=True)]
    assert 0 < max(far) < 15
    assert [walk.begin_s for walk in one.walks] != [walk.begin_s for walk in Lesson(room(6), 1, 1800, habits=7).walks][:30]
