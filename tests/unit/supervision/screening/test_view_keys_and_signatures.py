"""Keys bring recordings of one view together, signatures point to those worth comparing: both only choose, neither tells. F-06; R60."""

import cv2
import numpy as np
import pytest

from bench.screening.rooms import room
from supervision.screening.motion import residual
from supervision.screening.signatures import flipped, length_ms, pointed_at, signatures
from supervision.screening.view_keys import PIECE, asked_keys, distances, nearest, stored_keys, view_key
from tests.unit.supervision.screening.drawn_motion import drawn

LIMIT = 72


def seen(seed: int) -> np.ndarray:
    return cv2.resize(room(seed).picture, (320, 180), interpolation=cv2.INTER_AREA)


def bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(distances(a[None], b)[0])


def test_brightness_contrast_and_noise_hardly_change_the_key_and_another_room_has_another():
    picture = seen(1)
    noisy = (picture * 0.8 + 20 + np.random.default_rng(1).normal(0, 3, picture.shape)).clip(0, 255).astype(np.uint8)
    assert bits(view_key(picture), view_key(noisy)) <= 16
    for other in range(2, 9):
        assert bits(view_key(picture), view_key(seen(other))) > 90


def test_a_mirrored_and_a_cropped_picture_are_found_by_keys_of_their_own():
    picture = seen(1)
    y, x = round(180 * 0.06 / 2), round(320 * 0.06 / 2)
    cropped = cv2.resize(picture[y : 180 - y, x : 320 - x], (320, 180))
    stored = stored_keys(picture)
    for copy in (picture[:, ::-1], cropped[:, ::-1], cropped):
        asked = asked_keys(np.ascontiguousarray(copy))
        assert min(bits(key, other) for key in asked for other in stored) <= LIMIT
    # and the other way about: what is stored was cut from what is asked for
    assert min(bits(key, view_key(cropped)) for key in asked_keys(picture)) <= LIMIT


def test_nearest_answers_rows_within_the_limit_nearest_first():
    rng = np.random.default_rng(2)
    keys = rng.integers(0, 1 << 63, (300_000, 4), dtype=np.uint64)
    asked = keys[299_999].copy()
    keys[5] = asked ^ np.array([0b111, 0, 0, 0], np.uint64)
    assert nearest(keys, [asked], LIMIT, 5) == [(299_999, 0), (5, 3)]
    assert nearest(keys, [asked], LIMIT, 1) == [(299_999, 0)]


@pytest.mark.parametrize("count", [0, 5, PIECE, 3 * PIECE + 17])
def test_nearest_misses_nothing_and_adds_nothing_wherever_a_key_lies(count: int):
    """Against every distance computed plainly; among them the opposite of what is asked for, 256 bits away, and distances at the limit."""
    rng = np.random.default_rng(count)
    asked = rng.integers(0, 1 << 63, (10, 4), dtype=np.uint64) << np.uint64(1)
    keys = rng.integers(0, 1 << 63, (count, 4), dtype=np.uint64) << np.uint64(1)
    for row in range(0, count, 97):
        far = np.zeros(256, np.uint8)
        far[rng.permutation(256)[: int(rng.integers(60, 86))]] = 1
        keys[row] = asked[row % 10] ^ np.packbits(far).view(np.uint64) if row % 2 else ~asked[row % 10]
    plain = np.min([distances(keys, key) for key in asked], axis=0) if count else np.zeros(0)
    for limit in (0, LIMIT, 110, 255, 256):
        expected = sorted(((row, int(bits)) for row, bits in enumerate(plain) if bits <= limit), key=lambda one: (one[1], one[0]))
        assert nearest(keys, asked, limit, count) == expected
    assert nearest(keys, asked, -1, 5) == []


def test_signatures_point_to_the_source_among_many_also_when_it_is_mirrored_late_and_quicker():
    stored = [signatures(residual(drawn(seed)))[0] for seed in range(40)]
    begins = np.cumsum([0, *map(len, stored)])[:-1]
    everything = np.concatenate(stored)
    copy = residual(drawn(17, 400, first_s=101, speed=1.015))
    for asking, mirror in ((copy, False), (flipped(copy), True)):
        best = pointed_at(asking, everything, begins, 5)[0]
        assert (best.row, best.mirrored) == (17, mirror)
        assert best.votes >= 4


def test_an_empty_room_points_nowhere_and_a_short_recording_has_no_signature():
    stored, busy = signatures(residual(drawn(1, people=0)))
    assert not busy.any()
    assert pointed_at(residual(drawn(1, people=0)), stored, np.array([0]), 5) == []
    assert len(signatures(residual(drawn(1, 20)))[0]) == 0
    assert length_ms(len(signatures(residual(drawn(1)))[0])) == 600_000
