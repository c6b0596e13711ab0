"""What is measured over hours goes on where it was broken off, and made files are what they are said to be."""

import copy
from itertools import pairwise

import numpy as np
import pytest

from bench import screening_alarms, screening_files


def test_a_room_that_is_gone_on_with_gives_the_same_row_as_one_measured_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("SECONDS", 600), ("LESSONS", 4), ("WRITTEN_EVERY", 2)):
        monkeypatch.setattr(screening_alarms, name, value)
    rows = [copy.deepcopy(row) for row in screening_alarms.measure("tuning", 3)]
    assert [row["lessons"] for row in rows] == [2, 4]
    assert rows[-1]["compared"] > rows[0]["compared"]
    assert rows[-1]["hours"] == pytest.approx(4 * 600 / 3600, abs=0.01)
    (resumed,) = screening_alarms.measure("tuning", 3, copy.deepcopy(rows[0]))
    assert resumed == rows[-1]


def test_slow_files_are_slow_where_they_say_and_steady_ones_are_not_for_two_minutes() -> None:
    for made in screening_files.slow(8):
        assert made.slow is not None
        times = np.array(made.times)
        assert all(a < b for a, b in pairwise(made.times))
        inside = (times >= made.slow[0]) & (times < made.slow[1])
        assert inside.sum() / (made.slow[1] - made.slow[0]) < 7.5
        assert (~inside).sum() / (times[-1] - (made.slow[1] - made.slow[0])) > 8
    for made in screening_files.steady(4, 600):
        counts = np.bincount((np.array(made.times) // 60).astype(int))[:10]
        assert (counts < 8 * 60).sum() == 1


def test_small_files_lie_under_the_least_height_and_large_ones_do_not() -> None:
    least = screening_files.RULE.min_height_px
    assert {made.encoder.height < least for made in screening_files.sized(10, screening_files.SMALLER, "small")} == {True}
    assert {made.encoder.height < least for made in screening_files.sized(10, screening_files.HEIGHTS, "large")} == {False}
