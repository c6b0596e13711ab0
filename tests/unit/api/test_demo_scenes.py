"""Rendered scenes: a function of time, with a clock that tells the truth."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from api.demo.institutions import A101_LEFT, A101_RIGHT, A102
from api.demo.overlay import clock_box, read_text
from api.demo.scenes import Planes, SceneOptions, Stage, new_planes
from storage.kernel.clock import BUREAU_ZONE

AT = datetime(2026, 9, 1, 9, 13, 7, tzinfo=BUREAU_ZONE)
LESSON = SceneOptions(A101_LEFT, "GX001-A101-C1", seed=11, people=20)


def shot(options: SceneOptions, at: datetime, noise_index: int = 0) -> Planes:
    planes = new_planes()
    Stage(options, planes).advance(at, noise_index)
    return planes


def difference(left: Planes, right: Planes) -> float:
    """Mean luma step below the lettering."""
    return float(np.abs(left[0][80:620].astype(int) - right[0][80:620].astype(int)).mean())


def test_the_same_instant_is_the_same_picture() -> None:
    for one, other in zip(shot(LESSON, AT), shot(LESSON, AT), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("options", [LESSON, replace(LESSON, mirrored=True), replace(LESSON, lamps_on=False)])
def test_patching_what_changed_gives_the_picture_that_drawing_all_of_it_gives(options: SceneOptions) -> None:
    planes = new_planes()
    stage = Stage(options, planes)
    for second in range(-150, 1):
        stage.advance(AT + timedelta(seconds=second), second // 10)
    for patched, drawn in zip(planes, shot(options, AT, 0), strict=True):
        assert np.array_equal(patched, drawn)


@pytest.mark.parametrize(
    "options", [LESSON, replace(LESSON, mirrored=True), replace(LESSON, covered=True), replace(LESSON, look=A102, lamps_on=False)]
)
def test_the_burned_in_clock_says_the_wall_time(options: SceneOptions) -> None:
    planes = new_planes()
    stage = Stage(options, planes)
    for second in (0, 1, 53, 600, 9 * 3600):
        at = AT + timedelta(seconds=second)
        stage.advance(at, second)
        assert read_text(planes[0], clock_box(19)) == f"{at:%Y-%m-%d %H:%M:%S}"


def test_a_frozen_picture_stands_still_while_the_clock_runs() -> None:
    planes = new_planes()
    stage = Stage(LESSON, planes)
    stage.advance(AT, 0)
    before = (planes[0].copy(), planes[1].copy(), planes[2].copy())
    stage.advance(AT + timedelta(minutes=30), 180, frozen=True)
    assert difference(before, planes) == 0
    assert read_text(planes[0], clock_box(19)) == "2026-09-01 09:43:07"


def test_people_move_and_the_sensor_is_never_silent() -> None:
    assert difference(shot(LESSON, AT), shot(LESSON, AT + timedelta(seconds=30))) > 0.05
    empty = replace(LESSON, people=0, teacher=False)
    assert 0.3 < difference(shot(empty, AT, 1), shot(empty, AT, 2)) < 4


def test_rooms_and_corners_and_lights_look_different() -> None:
    here = shot(LESSON, AT)
    for other in (replace(LESSON, look=A101_RIGHT), replace(LESSON, look=A102), replace(LESSON, lamps_on=False), replace(LESSON, mirrored=True)):
        assert difference(here, shot(other, AT)) > 10
    assert shot(replace(LESSON, covered=True), AT)[0][80:600].mean() < 40
    assert difference(shot(replace(LESSON, people=24), AT), shot(replace(LESSON, people=3), AT)) > 3
