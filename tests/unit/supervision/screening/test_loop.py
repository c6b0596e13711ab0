"""A piece shown again at one distance is a loop, wherever it ends; people who move on are none, however alike they move. F-07; R60."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bench.screening import quick, quick_closer
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from supervision.screening.looks import Code
from supervision.screening.loop import LoopRule, Span, closer_spans, find_loops
from supervision.screening.motion import Motion
from supervision.screening.repeats import Repeat
from tests.unit.supervision.screening.drawn_motion import drawn

RULE = LoopRule(
    loop_least_lag_s=40, loop_least_repeated_s=30, loop_evidence=6, loop_asked_evidence=3, loop_closer_evidence=20, loop_least_active_fields=24
)
QUIET = Lesson(room(20), 20, 900, people=6, activity=0.3, habits=20)
ONCE: quick.Again = (48.5, 401.0, 449.5)  # played once more


def looped(piece_s: int, begin_s: int, end_s: int, seed: int = 4) -> Motion:
    motion = drawn(seed, people=40)
    fields = motion.fields.copy()
    for k in range(begin_s // 2, end_s // 2):
        fields[k] = motion.fields[begin_s // 2 - piece_s // 2 + (k - begin_s // 2) % (piece_s // 2)]
    return Motion(motion.times_ms, fields, motion.room)


def lesson(seed: int, loop: quick.Again | None = None, *, step_s: float = 4, activity: float = 1.0, seconds: int = 900) -> Motion:
    """Ten people of a room with habits, drawn as a camera sees them."""
    made = Lesson(room(seed), seed, seconds, people=10, activity=activity, habits=seed)
    return quick.seen(made, step_s, noise_seed=seed, loop=loop)


def test_a_minute_played_three_times_more_is_one_lead_where_it_plays() -> None:
    (found,) = find_loops(looped(60, 200, 380), RULE)
    assert found.code is Code.LOOP
    assert abs(found.from_ms - 200_000) <= 6_000
    assert abs(found.to_ms - 380_000) <= 6_000
    assert found.figure >= found.threshold == 6
    assert 1 <= found.strength <= 1000
    assert found.from_ms <= found.still_ms < found.to_ms


def test_it_says_where_the_same_was_shown_before() -> None:
    (found,) = find_loops(lesson(3, (70, 420, 560)), RULE)
    assert found.shown_before_ms is not None
    assert abs(found.from_ms - found.shown_before_ms - 70_000) <= 2_000


@pytest.mark.parametrize("piece_s", [47, 50.5, 61.3, 118])
@pytest.mark.parametrize("activity", [0.3, 1.4])
def test_a_loop_that_no_whole_number_of_looks_fits_is_found_with_both_ends(piece_s: float, activity: float) -> None:
    first_s, last_s = 421.7, 421.7 + 2 * piece_s
    found = find_loops(lesson(12, (piece_s, first_s, last_s), activity=activity), RULE)
    assert len(found) == 1
    assert abs(found[0].from_ms / 1000 - first_s) <= 12
    assert abs(found[0].to_ms / 1000 - last_s) <= 12


@pytest.mark.parametrize(("again_s", "told"), [(24, False), (60, True)])
def test_a_repetition_shorter_than_the_rule_is_not_told(again_s: int, told: bool) -> None:
    motion = drawn(4, people=40)
    fields = motion.fields.copy()
    fields[200 : 200 + again_s // 2] = motion.fields[60 : 60 + again_s // 2]
    assert bool(find_loops(Motion(motion.times_ms, fields, motion.room), RULE)) is told


def test_looks_that_come_irregularly_and_with_gaps_find_the_same_loop() -> None:
    dense = lesson(5, (80, 350, 510), step_s=1)
    dice = np.random.default_rng(1)
    at, chosen = 0, list[int]()
    while at < len(dense.times_ms):
        if not 420 <= at < 433:  # key frames were lost
            chosen.append(at)
        at += int(dice.integers(2, 7))
    (found,) = find_loops(Motion(dense.times_ms[chosen], dense.fields[chosen], dense.room), RULE)
    assert abs(found.from_ms - 350_000) <= 12_000
    assert abs(found.to_ms - 510_000) <= 12_000


def test_a_loop_that_is_played_darker_is_found() -> None:
    motion = lesson(6, (90, 400, 580))
    fields = motion.fields.copy()
    fields[100:145] *= 0.8
    assert len(find_loops(replace(motion, fields=fields), RULE)) == 1


def test_lessons_without_a_loop_are_silent() -> None:
    assert [find_loops(drawn(seed, people=40), RULE) for seed in range(30, 42)] == [[]] * 12


def test_a_course_of_the_day_to_the_second_is_silent() -> None:
    """Each minute somebody walks the same way at the same second, and the slides change: everybody else sits otherwise."""
    made = quick.Drilled(room(8), 8, 1800, people=8, habits=8)
    assert find_loops(quick.seen(made, 4, noise_seed=1), RULE) == []


def test_a_room_that_stands_still_for_minutes_looks_like_itself_and_is_silent() -> None:
    motion = lesson(7, seconds=1200)
    fields = motion.fields.copy()
    fields[100:220] = fields[100]
    fields[100:220] += np.random.default_rng(2).normal(0, 0.35, (120, 18, 32))
    assert find_loops(replace(motion, fields=fields), RULE) == []


def test_fewer_fields_that_change_than_the_rule_asks_for_decide_nothing() -> None:
    motion = lesson(9, (60, 300, 480))
    corner = np.full_like(motion.fields, 100)
    corner[:, 8:11, 10:16] = motion.fields[:, 8:11, 10:16] * 3
    assert find_loops(replace(motion, fields=corner), RULE) == []


def test_the_clock_rows_are_not_looked_at() -> None:
    motion = lesson(3, (70, 300, 440))
    fields = motion.fields.copy()
    fields[:, :2] += np.random.default_rng(3).normal(0, 40, (len(fields), 2, 32))
    assert find_loops(replace(motion, fields=fields), RULE) == find_loops(motion, RULE) != []


def test_an_empty_room_and_a_short_recording_are_silent() -> None:
    assert find_loops(drawn(5, people=0), RULE) == []
    assert find_loops(drawn(5, 40), RULE) == []
    assert find_loops(Motion(np.zeros(0, np.int64), np.zeros((0, 18, 32), np.float32), np.zeros((180, 320), np.uint8)), RULE) == []
    one = drawn(5, 40)
    assert find_loops(Motion(one.times_ms[:1], one.fields[:1], one.room), RULE) == []


def quiet_loop() -> Motion:
    return quick.seen(QUIET, 4, noise_seed=20, loop=ONCE)


def test_a_quiet_piece_played_once_more_is_told_by_closer_looks_alone() -> None:
    motion = quiet_loop()
    assert find_loops(motion, RULE) == []
    (found,) = find_loops(motion, RULE, quick_closer.looker(QUIET, motion, 20, loop=ONCE))
    assert found.figure >= found.threshold == 20
    assert abs(found.from_ms - 401_000) <= 4_000
    assert abs(found.to_ms - 449_500) <= 4_000
    assert found.shown_before_ms is not None
    assert abs(found.from_ms - found.shown_before_ms - 48_500) <= 2_000
    assert found.from_ms <= found.still_ms < found.to_ms


@pytest.mark.parametrize("rule", [replace(RULE, loop_closer_evidence=60), replace(RULE, loop_asked_evidence=5)])
def test_closer_looks_tell_nothing_below_their_figures(rule: LoopRule) -> None:
    motion = quiet_loop()
    assert find_loops(motion, rule, quick_closer.looker(QUIET, motion, 20, loop=ONCE)) == []


def test_what_looked_repeated_and_is_not_is_silent_after_the_closer_look() -> None:
    """The first pass saw a loop, the footage itself goes on."""
    motion = quiet_loop()
    assert find_loops(motion, RULE, quick_closer.looker(QUIET, motion, 20)) == []


def test_what_cannot_be_read_again_is_decided_by_the_first_pass() -> None:
    motion, clear = quiet_loop(), lesson(3, (70, 420, 560))
    nothing = Motion(motion.times_ms[:0], motion.fields[:0], motion.room)
    for unread in (None, nothing):
        assert find_loops(motion, RULE, lambda _, unread=unread: unread) == []
        assert find_loops(clear, RULE, lambda _, unread=unread: unread) == find_loops(clear, RULE) != []


def test_what_is_sure_and_long_is_not_read_again() -> None:
    motion = lesson(3, (200, 420, 620))
    asked: list[Sequence[Span]] = []
    found = find_loops(motion, replace(RULE, loop_asked_evidence=6), asked.append)
    assert (len(found), asked) == (1, [])


def test_of_a_piece_played_again_twice_both_are_told_where_looks_fit_one_distance_alone() -> None:
    """50 s lie between looks that are 4 s apart, 100 s do not: the first pass sees the second time."""
    made, played = Lesson(room(2), 2, 900, people=8, activity=0.3, habits=2), (50.0, 402.0, 502.0)
    motion = quick.seen(made, 4, noise_seed=2, loop=played)
    (half,) = find_loops(motion, RULE)
    assert half.from_ms >= 448_000
    (whole,) = find_loops(motion, RULE, quick_closer.looker(made, motion, 2, loop=played))
    assert abs(whole.from_ms - 402_000) <= 4_000
    assert abs(whole.to_ms - 502_000) <= 4_000
    assert whole.shown_before_ms is not None
    assert abs(whole.from_ms - whole.shown_before_ms - 50_000) <= 1_000


def test_a_recording_that_seems_repeated_all_over_costs_a_quarter_of_itself_at_most() -> None:
    motion = quick.seen(replace(QUIET, seconds=7200), 4, noise_seed=1)
    read_ms = 0

    def look(spans: Sequence[Span]) -> None:
        nonlocal read_ms
        read_ms += sum(to_ms - from_ms for from_ms, to_ms in spans)

    find_loops(motion, replace(RULE, loop_asked_evidence=0), look)
    assert 900_000 < read_ms <= 1_800_000


@pytest.mark.parametrize(
    ("seen", "spans"),
    [
        (Repeat(1_000_000, 1_060_000, 600_000, 4), [(338_000, 522_000), (960_000, 1_100_000)]),
        (Repeat(1_000_000, 1_060_000, 60_000, 4), [(878_000, 1_100_000)]),  # they touch
        (Repeat(60_000, 100_000, 50_000, 4), [(0, 140_000)]),  # nothing before the beginning
        (Repeat(3_500_000, 3_560_000, 600_000, 4), [(2_838_000, 3_022_000), (3_460_000, 3_560_001)]),  # nor behind the end
        (Repeat(1_000_000, 2_000_000, 1_200_000, 4), [(118_000, 482_000), (1_340_000, 1_660_000)]),  # the middle of what lasts long
    ],
)
def test_closer_looks_are_asked_for_around_both_showings(seen: Repeat, spans: list[Span]) -> None:
    assert closer_spans(seen, 3_560_000) == spans
