"""A piece shown again at one distance is a loop; people who move on are none, however alike they move. F-07; R60."""

import numpy as np
import pytest

from supervision.screening.looks import Code
from supervision.screening.loop import LoopRule, find_loops
from supervision.screening.motion import Motion
from tests.unit.supervision.screening.drawn_motion import drawn

RULE = LoopRule(60, 40, 520, 120, 6, 250)


def looped(piece_s: int, begin_s: int, end_s: int, seed: int = 4) -> Motion:
    motion = drawn(seed, people=40)
    fields = motion.fields.copy()
    for k in range(begin_s // 2, end_s // 2):
        fields[k] = motion.fields[begin_s // 2 - piece_s // 2 + (k - begin_s // 2) % (piece_s // 2)]
    return Motion(motion.times_ms, fields, motion.room)


def test_a_minute_played_three_times_more_is_one_lead_where_it_plays():
    found = find_loops(looped(60, 200, 380), RULE)
    assert [f.code for f in found] == [Code.LOOP]
    assert abs(found[0].from_ms - 200_000) <= 34_000
    assert abs(found[0].to_ms - 380_000) <= 34_000
    assert found[0].figure >= found[0].threshold == 0.52
    assert 1 <= found[0].strength <= 1000
    assert found[0].from_ms <= found[0].still_ms < found[0].to_ms


@pytest.mark.parametrize(("again_s", "told"), [(24, False), (130, True)])
def test_a_repetition_shorter_than_the_rule_is_not_told(again_s, told):
    motion = drawn(4, people=40)
    fields = motion.fields.copy()
    fields[200 : 200 + again_s // 2] = motion.fields[60 : 60 + again_s // 2]
    assert bool(find_loops(Motion(motion.times_ms, fields, motion.room), RULE)) is told


def test_lessons_without_a_loop_are_silent():
    assert [find_loops(drawn(seed, people=40), RULE) for seed in range(30, 42)] == [[]] * 12


def test_an_empty_room_and_a_short_recording_are_silent():
    assert find_loops(drawn(5, people=0), RULE) == []
    assert find_loops(drawn(5, 40), RULE) == []
    assert find_loops(Motion(np.zeros(0, np.int64), np.zeros((0, 18, 32), np.float32), np.zeros((180, 320), np.uint8)), RULE) == []
