"""Drawn inspectors, drawn minutes, and seconds really played."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.policy.book import Book
from supervision.sampling.strata import PROBATION
from supervision.spotchecks.errors import NoEligibleInspector
from supervision.spotchecks.inspectors import Inspector, Task, draw_inspectors
from supervision.spotchecks.rules import ReviewRule, required_watch_s
from supervision.spotchecks.stretch import Footage, Stretch, draw_stretch, items, merge, overlap, total_ms
from supervision.spotchecks.watching import MAX_SILENCE_MS, Beat, watched, watched_of_all

SEED = bytes(range(32))
SPACE = UUID(int=7)
PEOPLE = [Inspector(f"inspector-{i:02d}", uuid5(SPACE, f"p{i}"), f"检查员{i}") for i in range(5)]
NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)

task_sets = st.lists(st.sets(st.sampled_from(PEOPLE), max_size=4), max_size=30).map(
    lambda barred: [Task(n, f"L/{n}", frozenset(p.account_id for p in people)) for n, people in enumerate(barred, start=1)]
)
stretches = st.lists(st.tuples(st.integers(0, 10_000_000), st.integers(1, 4_000_000)).map(lambda s: Stretch(s[0], s[0] + s[1])), max_size=6)


@given(st.integers(0, 40), st.integers(1, 5), st.binary(min_size=32, max_size=32))
def test_without_recusals_loads_differ_by_at_most_one(lessons: int, people: int, seed: bytes) -> None:
    chosen = draw_inspectors([Task(n, f"L/{n}", frozenset()) for n in range(1, lessons + 1)], PEOPLE[:people], seed)
    loads = [sum(c.inspector == p for c in chosen) for p in PEOPLE[:people]]
    assert max(loads) - min(loads) <= 1
    assert [c.task.rank for c in chosen] == list(range(1, lessons + 1))


@given(task_sets, st.binary(min_size=32, max_size=32))
def test_a_recused_inspector_is_never_drawn(tasks: list[Task], seed: bytes) -> None:
    chosen = draw_inspectors(tasks, PEOPLE, seed)
    assert [c.task for c in chosen] == tasks
    assert all(c.inspector.account_id not in c.task.barred for c in chosen)


@given(task_sets, st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_listed_does_not_matter(tasks: list[Task], random: object) -> None:
    shuffled = list(PEOPLE)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert draw_inspectors(tasks, shuffled, SEED) == draw_inspectors(tasks, PEOPLE, SEED)


def test_whoever_has_fewer_choices_is_served_first() -> None:
    only_first = frozenset(p.account_id for p in PEOPLE[1:])
    chosen = draw_inspectors([Task(1, "open", frozenset()), Task(2, "narrow", only_first)], PEOPLE[:2], SEED)
    assert [c.inspector for c in chosen] == [PEOPLE[1], PEOPLE[0]]


def test_existing_tasks_count_as_load() -> None:
    (chosen,) = draw_inspectors([Task(1, "L/1", frozenset())], PEOPLE[:2], SEED, loads={PEOPLE[0].account_id: 3})
    assert chosen.inspector == PEOPLE[1]


def test_a_lesson_for_which_everybody_is_recused_is_a_refusal() -> None:
    with pytest.raises(NoEligibleInspector):
        draw_inspectors([Task(1, "L/1", frozenset(p.account_id for p in PEOPLE))], PEOPLE, SEED)
    with pytest.raises(NoEligibleInspector):
        draw_inspectors([Task(1, "L/1", frozenset())], [], SEED)


@given(stretches, st.integers(0, 3000), st.binary(min_size=32, max_size=32), st.text("ab/1", min_size=1, max_size=5))
def test_drawn_minutes_lie_inside_the_proven_ones(proven: list[Stretch], clip_s: int, seed: bytes, natural_id: str) -> None:
    drawn = draw_stretch(proven, clip_s=clip_s, seed=seed, natural_id=natural_id)
    assert total_ms(overlap(drawn, proven)) == total_ms(drawn)
    if clip_s == 0:
        assert drawn == merge(proven)
    elif any(piece.length_ms >= clip_s * 1000 for piece in merge(proven)):
        assert [piece.length_ms for piece in drawn] == [clip_s * 1000]
    elif proven:
        assert drawn[0].length_ms == max(piece.length_ms for piece in merge(proven))
    assert drawn == draw_stretch(proven[::-1], clip_s=clip_s, seed=seed, natural_id=natural_id)


def test_every_place_of_a_clip_can_be_drawn() -> None:
    proven = [Stretch(0, 12_000), Stretch(20_000, 31_500)]
    starts = {draw_stretch(proven, clip_s=10, seed=n.to_bytes(32, "big"), natural_id="L/1")[0].start_ms for n in range(200)}
    assert starts == {0, 1000, 2000, 20_000, 21_000}


def _footage(camera: int, start_ms: int, end_ms: int, media_start_ms: int = 0, recording: int = 0) -> Footage:
    return Footage(UUID(int=1), UUID(int=camera), UUID(int=recording), Stretch(start_ms, end_ms), media_start_ms)


def test_items_name_the_place_in_the_file() -> None:
    shown = items([_footage(1, 10_000, 70_000, media_start_ms=500)], [Stretch(20_000, 30_000)])
    assert [(i.stretch, i.media_start_ms, i.media_end_ms) for i in shown] == [(Stretch(20_000, 30_000), 10_500, 20_500)]


def test_each_camera_shows_an_instant_once() -> None:
    footage = [_footage(1, 0, 60_000, recording=1), _footage(1, 30_000, 90_000, recording=2), _footage(2, 0, 90_000, recording=3)]
    shown = items(footage, [Stretch(0, 90_000)])
    assert [(i.footage.recording_id.int, i.stretch) for i in shown] == [
        (1, Stretch(0, 60_000)),
        (2, Stretch(60_000, 90_000)),
        (3, Stretch(0, 90_000)),
    ]
    assert shown[1].media_start_ms == 30_000


def test_a_file_inside_another_file_of_the_same_camera_shows_nothing_twice() -> None:
    footage = [_footage(1, 0, 90_000, recording=1), _footage(1, 10_000, 20_000, recording=2), _footage(1, 80_000, 100_000, recording=3)]
    shown = items(footage, [Stretch(0, 100_000)])
    assert [(i.footage.recording_id.int, i.stretch) for i in shown] == [(1, Stretch(0, 90_000)), (3, Stretch(90_000, 100_000))]


def beat(second: float, position_s: float, rate: int = 1000, visible: bool = True) -> Beat:
    return Beat(NOON + timedelta(seconds=second), round(position_s * 1000), rate, visible)


def played_s(*beats: Beat) -> float:
    return total_ms(watched(beats)) / 1000


def test_playing_at_real_speed_counts_second_for_second() -> None:
    assert watched([beat(t, 100 + t) for t in range(0, 61, 5)]) == [Stretch(100_000, 160_000)]


def test_eight_times_the_speed_counts_the_content_and_more_counts_nothing() -> None:
    assert played_s(*(beat(t, t * 8, rate=8000) for t in range(0, 21, 5))) == 160
    assert played_s(*(beat(t, t * 9, rate=9000) for t in range(0, 21, 5))) == 0


def test_a_hidden_tab_counts_nothing() -> None:
    assert played_s(beat(0, 0), beat(5, 5, visible=False), beat(10, 10), beat(15, 15)) == 5


def test_a_pause_and_a_seek_count_nothing() -> None:
    assert played_s(beat(0, 0), beat(5, 5, rate=0), beat(60, 5), beat(65, 10)) == 10
    assert played_s(beat(0, 0), beat(5, 300), beat(10, 305)) == 5
    assert played_s(beat(0, 300), beat(5, 0), beat(10, 5)) == 5


def test_after_a_long_silence_nothing_is_known() -> None:
    silence_s = MAX_SILENCE_MS / 1000
    assert played_s(beat(0, 0), beat(silence_s + 1, silence_s + 1)) == 0
    assert played_s(beat(0, 0), beat(silence_s, silence_s)) == silence_s


def test_beats_that_arrive_late_or_early_lose_nothing_in_the_end() -> None:
    arrivals = [0, 6.5, 10, 16, 20, 25.2, 30]
    assert played_s(*(beat(at, 5 * n) for n, at in enumerate(arrivals))) == 30


def test_watching_the_same_minute_twice_counts_once() -> None:
    first = [beat(t, t) for t in range(0, 31, 5)]
    again = [beat(100 + t, t) for t in range(0, 31, 5)]
    assert total_ms(watched(first + again)) == 30_000
    assert total_ms(watched_of_all([first, again])) == 30_000


@given(
    st.lists(
        st.tuples(st.integers(0, 40_000), st.integers(0, 900_000), st.sampled_from([0, 500, 1000, 2000, 8000, 12_000]), st.booleans()), max_size=40
    )
)
def test_nobody_is_credited_with_more_than_clock_time_times_speed(raw: list[tuple[int, int, int, bool]]) -> None:
    beats, now_ms = [], 0
    for wait_ms, position_ms, rate, visible in raw:
        now_ms += wait_ms
        beats.append(Beat(NOON + timedelta(milliseconds=now_ms), position_ms, rate, visible))
    assert total_ms(watched(beats)) <= now_ms * 8


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=60))
def test_a_script_that_jumps_ahead_with_every_beat_gains_no_more_than_the_clock(waits_ms: list[int]) -> None:
    """The worst case of the jitter allowance: every step claims as much as could still be taken for a late beat."""
    beats, now_ms, position_ms = [Beat(NOON, 0, 1000, True)], 0, 0
    for wait_ms in waits_ms:
        now_ms += wait_ms
        position_ms += wait_ms + 2_000
        beats.append(Beat(NOON + timedelta(milliseconds=now_ms), position_ms, 1000, True))
    assert total_ms(watched(beats)) <= now_ms


def test_the_required_seconds_are_rounded_down() -> None:
    assert required_watch_s(300_000, 950) == 285
    assert required_watch_s(999, 1000) == 0


@pytest.mark.parametrize(("tier", "clip_s"), [("", 300), ("A", 300), ("B", 300), ("C", 450), ("D", 600), (PROBATION, 600)])
def test_more_of_a_lesson_is_looked_at_where_the_tier_is_low(tier: str, clip_s: int) -> None:
    """R66: the tier decides how deep a review goes."""
    rule = Book.load().read(ReviewRule, on=date(2026, 9, 1))
    assert (rule.clip_seconds, rule.depth_tier_c_permille, rule.depth_tier_d_permille) == (300, 1500, 2000)
    assert rule.clip_s(tier) == clip_s
    assert replace(rule, clip_seconds=0).clip_s(tier) == 0  # the whole lesson stays the whole lesson
