"""A piece of another recording is found where it lies, short as it is; lessons with the same course of the day hold none. F-06; R60."""

from dataclasses import replace

import numpy as np
import pytest

from bench.screening import quick
from bench.screening.lessons import Lesson
from bench.screening.rooms import room
from supervision.screening import pieces
from supervision.screening.motion import Motion, mirrored
from supervision.screening.pieces import PieceRule, Spliced, alike, at_a_glance, find_pieces
from supervision.screening.repeats import Looked, Scale, between_two

RULE = PieceRule(spliced_evidence=7, spliced_least_s=30, spliced_least_active_fields=24, spliced_most_compared=60)
ROOM = room(3)


def lesson(seed: int, *, noise: int = 0, begin_s: float = 0, seconds: int = 900, cast: int = 1) -> Motion:
    made = Lesson(ROOM, seed, seconds, people=10, cast=cast, habits=5)
    return quick.seen(made, 4, noise_seed=seed * 10 + noise, begin_s=begin_s)


def put(host: Motion, piece: Motion, first: int, begin: int, looks: int) -> Motion:
    fields = host.fields.copy()
    fields[first : first + looks] = piece.fields[begin : begin + looks]
    return replace(host, fields=fields)


@pytest.mark.parametrize("looks", [20, 40])
def test_a_minute_or_two_of_another_lesson_is_told_where_it_lies_and_where_it_comes_from(looks: int) -> None:
    source = lesson(1)
    copy = put(lesson(2), lesson(1, noise=1, begin_s=1.7), 120, 30, looks)
    found = find_pieces(copy, source, RULE)
    assert found is not None
    assert found.evidence >= 7
    assert not found.mirrored
    assert abs(found.lag_ms - (120_000 * 4 - 30 * 4000 - 1700)) <= 2_000
    assert abs(found.spans[0][0] - 480_000) <= 12_000
    assert abs(found.spans[-1][1] - (480_000 + looks * 4000)) <= 12_000
    assert alike(copy, source, found) > 0.5
    assert at_a_glance(*_looked(copy, source)) > 4


def _looked(copy: Motion, source: Motion) -> tuple[Looked, Looked]:
    scale = Scale.of(source)
    assert scale is not None
    return scale.look_at(copy), scale.look_at(source)


def test_it_is_found_from_the_other_side_too_and_at_a_negative_distance() -> None:
    source, copy = lesson(1), put(lesson(2), lesson(1, noise=1), 20, 150, 30)
    found = find_pieces(source, copy, RULE)
    assert found is not None
    assert abs(found.lag_ms - (150 - 20) * 4000) <= 2_000
    other = find_pieces(copy, source, RULE)
    assert other is not None
    assert abs(other.lag_ms + (150 - 20) * 4000) <= 2_000


def test_a_piece_that_is_brighter_or_in_a_mirror_is_found() -> None:
    source, copy = lesson(1), put(lesson(2), lesson(1, noise=1), 120, 30, 40)
    fields = copy.fields.copy()
    fields[120:160] = fields[120:160] * 1.12
    assert find_pieces(replace(copy, fields=fields), source, RULE) is not None
    turned = find_pieces(mirrored(copy), source, RULE, mirror=True)
    assert turned is not None
    assert turned.mirrored
    assert find_pieces(mirrored(copy), source, RULE) is None


def test_two_pieces_at_one_distance_are_told_together() -> None:
    again = lesson(1, noise=1)
    copy = put(put(lesson(2), again, 60, 40, 25), again, 130, 110, 25)
    found = find_pieces(copy, lesson(1), RULE)
    assert found is not None
    assert len(found.spans) == 2
    assert found.matched_ms > 150_000


def test_lessons_of_one_class_with_the_same_course_of_the_day_hold_no_piece_of_each_other() -> None:
    made = [lesson(seed) for seed in range(20, 26)]
    assert [find_pieces(a, b, RULE) for a in made for b in made if a is not b] == [None] * 30


def test_a_room_in_which_too_little_changes_and_recordings_without_looks_decide_nothing() -> None:
    copy = put(lesson(2), lesson(1, noise=1), 120, 30, 40)
    still = replace(lesson(1), fields=np.full_like(lesson(1).fields, 90))
    nothing = Motion(np.zeros(0, np.int64), np.zeros((0, 18, 32), np.float32), np.zeros((180, 320), np.uint8))
    assert find_pieces(copy, still, RULE) is None
    assert find_pieces(nothing, lesson(1), RULE) is None
    assert find_pieces(copy, nothing, RULE) is None
    assert find_pieces(copy, lesson(1), replace(RULE, spliced_least_active_fields=448)) is None


def test_what_a_glance_passes_over_the_whole_comparison_would_not_tell_either() -> None:
    """A glance is held to 0.6 of what is told: it must not say much less than the comparison of every two seconds."""
    source = lesson(1)
    for begin_s, looks in ((0.0, 16), (1.0, 20), (2.0, 24), (3.1, 30)):
        here, there = _looked(put(lesson(2), lesson(1, noise=1, begin_s=begin_s), 100, 50, looks), source)
        scale = Scale.of(source)
        assert scale is not None
        whole = max((one.evidence for one in between_two(here, there, scale, 2, 30_000)), default=0.0)
        assert at_a_glance(here, there) * scale.counts >= 0.6 * whole


def test_a_glance_says_the_same_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = _looked(put(lesson(2), lesson(1, noise=1), 120, 30, 40), lesson(1))
    whole = at_a_glance(*looked)
    monkeypatch.setattr(pieces, "GLANCE_CELLS", 4_000)
    assert at_a_glance(*looked) == pytest.approx(whole, rel=1e-5)


def test_the_sum_of_pieces_is_their_length() -> None:
    assert Spliced(((0, 40_000), (90_000, 100_000)), 5, 9.0, mirrored=False).matched_ms == 50_000
