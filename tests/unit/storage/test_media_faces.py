"""Which parts of a picture are veiled, and when; which key frames become tiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.media.blur import pixelate
from storage.media.faces import EVERY_US, HOLD_US, LEAD_US, Box, Sighting, enlarge, hull, near, sighting, veiled_at
from storage.media.sheets import COLUMNS, LEAST_STEP_MS, MOST_STEP_MS, MOST_TILES, ROWS, chosen_keys, step_ms

FACE = Box(0.4, 0.4, 0.5, 0.5)


def _seen(*at_us: int, face: Box = FACE) -> list[Sighting]:
    return [sighting(at, [face], None) for at in at_us]


@pytest.mark.parametrize(
    ("at_us", "veiled"),
    [(-LEAD_US - 1, False), (-LEAD_US, True), (0, True), (HOLD_US, True), (HOLD_US + 1, False)],
    ids=["long before", "before it was seen", "when seen", "held", "after the hold"],
)
def test_a_face_seen_once_is_veiled_before_and_after(at_us: int, veiled: bool) -> None:
    assert bool(veiled_at(_seen(0), at_us)) == veiled


def test_a_face_lost_for_some_pictures_stays_veiled() -> None:
    seen = [*_seen(0), *(sighting(n * EVERY_US, [], None) for n in range(1, 8)), *_seen(8 * EVERY_US)]
    assert all(veiled_at(seen, at) for at in range(0, 8 * EVERY_US, 10_000))


def test_the_way_between_two_sightings_is_veiled_whole() -> None:
    first, second = Box(0.1, 0.4, 0.2, 0.5), Box(0.24, 0.4, 0.34, 0.5)
    later = sighting(EVERY_US, [second], sighting(0, [first], None))
    assert enlarge(hull(first, second)) in later.veils
    middle = (0.17, 0.45)
    assert any(b.left <= middle[0] <= b.right and b.top <= middle[1] <= b.bottom for b in veiled_at([later], EVERY_US // 2))


def test_two_people_far_apart_are_no_way() -> None:
    far = Box(0.8, 0.4, 0.9, 0.5)
    assert not near(FACE, far)
    assert sighting(EVERY_US, [far], sighting(0, [FACE], None)).veils == (enlarge(far),)


def test_nothing_is_bridged_over_a_gap_longer_than_the_hold() -> None:
    moved = Box(0.45, 0.4, 0.55, 0.5)
    assert sighting(HOLD_US + 1, [moved], sighting(0, [FACE], None)).veils == (enlarge(moved),)


shares = st.floats(0, 1, allow_nan=False)


@given(shares, shares, shares, shares)
def test_an_enlarged_box_holds_the_face_and_stays_in_the_picture(a: float, b: float, c: float, d: float) -> None:
    box = Box(min(a, b), min(c, d), max(a, b), max(c, d))
    large = enlarge(box)
    assert 0 <= large.left <= box.left and box.right <= large.right <= 1
    assert 0 <= large.top <= box.top and box.bottom <= large.bottom <= 1


@given(shares, shares, shares, shares, st.integers(2, 97), st.integers(2, 97))
def test_pixelating_changes_the_box_and_nothing_else(a: float, b: float, c: float, d: float, width: int, height: int) -> None:
    box = Box(min(a, b), min(c, d), max(a, b), max(c, d))
    plane = np.random.default_rng(1).integers(0, 255, (height, width), np.uint8)
    veiled = plane.copy()
    pixelate([veiled], [box])
    outside = np.ones_like(plane, bool)
    outside[int(box.top * height) : -int(-box.bottom * height // 1), int(box.left * width) : -int(-box.right * width // 1)] = False
    assert (veiled[outside] == plane[outside]).all()


def test_no_more_than_a_few_cells_are_left_of_a_face() -> None:
    plane = np.random.default_rng(1).integers(0, 255, (400, 400), np.uint8)
    pixelate([plane], [Box(0.25, 0.25, 0.75, 0.75)])
    inside = plane[100:300, 100:300]
    assert len(np.unique(inside)) <= 64  # 7 x 7 cells at most, cut cells at the edges


@given(st.integers(1, 24 * 3_600_000))
def test_tiles_are_no_more_than_allowed_and_no_closer(span_ms: int) -> None:
    step = step_ms(span_ms)
    assert step >= LEAST_STEP_MS and -(-span_ms // step) <= MOST_TILES
    assert span_ms > COLUMNS * ROWS * MOST_STEP_MS or -(-span_ms // step) <= COLUMNS * ROWS


def test_the_first_tile_is_what_is_shown_at_the_start() -> None:
    keys = list(range(0, 60_000, 2000))
    chosen = [keys[n] for n in chosen_keys(keys, 7000, 21_000)]
    assert chosen == [6000, 10_000, 12_000, 14_000, 16_000, 18_000, 20_000]
    assert chosen_keys([], 0, 1000) == []
    assert chosen_keys([50_000], 0, 1000) == []
