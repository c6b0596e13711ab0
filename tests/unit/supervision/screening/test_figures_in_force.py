"""The dated figures themselves, as the book holds them, tell copies and loops from honest lessons. `recycled.yaml`; R60; F-05, F-06, F-07."""

import itertools
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bench.screening import quick, quick_closer
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from compliance.policy.book import Book
from supervision.screening.comparing import ComparingRule
from supervision.screening.loop import LoopRule, find_loops
from supervision.screening.motion import STEP_MS, Motion
from supervision.screening.packet_marks import Mark, one_lag
from supervision.screening.pieces import PieceRule, find_pieces
from supervision.screening.recycled import RecycledRule, compare, is_recycled
from supervision.screening.view_keys import asked_keys, distances, stored_keys
from tests.unit.supervision.screening.drawn_motion import drawn

BOOK, DAY = Book.load(), date(2026, 11, 24)


def test_a_copy_is_told_and_lessons_of_one_room_are_not() -> None:
    rule = BOOK.read(RecycledRule, on=DAY)
    copy = compare(drawn(1, 420, first_s=90, speed=1.02), drawn(1), rule)
    assert copy is not None
    assert is_recycled(copy, rule)
    for one, other in itertools.combinations([drawn(seed) for seed in range(40, 46)], 2):
        match = compare(one, other, rule)
        assert match is None or not is_recycled(match, rule)


@pytest.mark.parametrize(("more_s", "told"), [(-16, False), (30, True)])
def test_a_loop_is_told_from_its_least_length_on(more_s: int, told: bool) -> None:
    rule = BOOK.read(LoopRule, on=DAY)
    motion = drawn(4, people=40)
    length = (rule.loop_least_repeated_s + more_s) * 1000 // STEP_MS
    fields = motion.fields.copy()
    fields[150 : 150 + length] = motion.fields[40 : 40 + length]
    found = find_loops(Motion(motion.times_ms, fields, motion.room), rule)
    assert bool(found) is told
    assert all(one.figure >= rule.loop_evidence for one in found)
    assert find_loops(motion, rule) == []
    assert find_loops(Motion(motion.times_ms, fields, motion.room), replace(rule, loop_evidence=200)) == []
    assert find_loops(Motion(motion.times_ms, fields, motion.room), replace(rule, loop_least_lag_s=260)) == []
    assert find_loops(Motion(motion.times_ms, fields, motion.room), replace(rule, loop_least_active_fields=448)) == []


def test_what_the_first_pass_leaves_open_is_looked_at_closer_under_the_figures_in_force() -> None:
    rule = BOOK.read(LoopRule, on=DAY)
    assert rule.loop_asked_evidence < rule.loop_evidence < rule.loop_closer_evidence
    one, played = Lesson(room(20), 20, 900, people=6, activity=0.3, habits=20), (48.5, 401.0, 449.5)
    motion = quick.seen(one, 4, noise_seed=20, loop=played)
    look = quick_closer.looker(one, motion, 20, loop=played)
    assert find_loops(motion, rule) == []
    assert len(find_loops(motion, rule, look)) == 1
    assert find_loops(motion, replace(rule, loop_asked_evidence=5), look) == []
    assert find_loops(motion, replace(rule, loop_closer_evidence=60), look) == []


def test_a_piece_is_told_from_its_least_length_and_evidence_on() -> None:
    rule = BOOK.read(PieceRule, on=DAY)
    source, host = drawn(4, people=40), drawn(5, people=40)
    told = {}
    for length_s in (rule.spliced_least_s - 16, rule.spliced_least_s + 30):
        fields = host.fields.copy()
        fields[150 : 150 + length_s // 2] = source.fields[40 : 40 + length_s // 2]
        copy = Motion(host.times_ms, fields, host.room)
        told[length_s] = find_pieces(copy, source, rule)
        assert find_pieces(copy, source, replace(rule, spliced_evidence=200)) is None
        assert find_pieces(copy, source, replace(rule, spliced_least_active_fields=448)) is None
    assert [one is not None for one in told.values()] == [False, True]
    assert find_pieces(host, source, rule) is None
    assert rule.spliced_most_compared == 60  # what was measured: docs/design/screening-signals.md


def test_rooms_are_apart_by_more_and_a_mirrored_one_by_fewer_bits_than_are_compared() -> None:
    rule = BOOK.read(ComparingRule, on=DAY)
    pictures = [np.ascontiguousarray(room(seed).picture[::4, ::4]) for seed in range(1, 6)]

    def apart(asked: np.ndarray, held: np.ndarray) -> int:
        return min(int(distances(stored_keys(held), key).min()) for key in asked_keys(asked))

    assert all(apart(one, other) > rule.recycled_view_bits for one, other in itertools.permutations(pictures, 2))
    assert all(apart(np.ascontiguousarray(one[:, ::-1]), one) <= rule.recycled_view_bits for one in pictures)


def test_packets_on_one_distance_are_told_from_their_number_on_and_the_search_is_bounded() -> None:
    rule = BOOK.read(ComparingRule, on=DAY)
    pairs = [(Mark(n, n * 30_000), Mark(n, n * 30_000 + 7_000)) for n in range(rule.recycled_same_packets)]
    assert one_lag(pairs, rule.recycled_same_packets) is not None
    assert one_lag(pairs[1:], rule.recycled_same_packets) is None
    assert rule.recycled_step_s <= 10  # what was measured: docs/design/screening-signals.md
    assert rule.recycled_most_compared >= 1
