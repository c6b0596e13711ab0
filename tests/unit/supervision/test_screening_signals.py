"""Each signal on both sides of its boundary, first on drawn pictures, then on figures. R60, R71, R72, R77; F-03, F-08, F-09, F-12."""

from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from compliance.policy.book import Book
from supervision.screening.glances import Glancer, Glances, change, structure
from supervision.screening.looks import TECHNICAL, Code, Found, Look, Luma, Packets, runs, strength
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import (
    black,
    covered,
    defocused,
    frame_rate,
    frozen,
    resolution,
    time_jump,
    undecodable,
    unmoving,
    view_changed,
)
from supervision.screening.signals.every import CLAUSES, Seen, find_all
from supervision.screening.view import Reference, compare

RULE = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
STEP_MS = 10_000


def room(seed: int = 1, *, person: int = 0) -> Luma:
    """A furnished room; `person` is where somebody stands."""
    dice = np.random.default_rng(seed)
    wall = np.full((720, 1280), 120, np.uint8)
    for _ in range(260):
        x, y, w, h = (int(v) for v in dice.integers((0, 0, 8, 8), (1240, 700, 150, 110)))
        cv2.rectangle(wall, (x, y), (x + w, y + h), int(dice.integers(20, 235)), -1)
    if person:
        cv2.ellipse(wall, (person, 450), (60, 160), 0, 0, 360, 30, -1)
    return np.asarray(cv2.resize(wall, (320, 180), interpolation=cv2.INTER_AREA), np.uint8)


def grainy(luma: Luma, seed: int, sigma: float = 2.0) -> Luma:
    return np.clip(luma + np.random.default_rng(seed).normal(0, sigma, luma.shape), 0, 255).astype(np.uint8)


def lesson(pictures: list[Luma]) -> list[Look]:
    return [Look(n * STEP_MS, picture) for n, picture in enumerate(pictures)]


def busy(count: int, seed: int = 1) -> list[Luma]:
    return [grainy(room(seed, person=100 + 37 * n % 1000), n) for n in range(count)]


def glance(pictures: list[Luma], reference: Reference | None = None) -> Glances:
    return Glancer(RULE.screening_view_every_s * 1000, reference).take(lesson(pictures))


def everything(pictures: list[Luma], reference: Reference | None = None) -> list[Found]:
    seen = Seen(glance(pictures, reference), [], None, len(pictures) * STEP_MS, RULE.min_height_px, True)
    return find_all(seen, RULE)


def spans(found: list[Found], code: Code) -> list[tuple[int, int]]:
    return [(one.from_ms // 1000, one.to_ms // 1000) for one in found if one.code is code]


def test_an_honest_lesson_has_nothing_to_say() -> None:
    assert everything(busy(180)) == []


def test_a_dim_room_is_neither_black_nor_covered_nor_out_of_focus() -> None:
    assert everything([(picture * 0.3).astype(np.uint8) for picture in busy(30)]) == []


@pytest.mark.parametrize(("looks", "expected"), [(1, []), (2, [(100, 120)]), (9, [(100, 190)])])
def test_black_begins_at_a_quarter_of_a_minute(looks: int, expected: list[tuple[int, int]]) -> None:
    dark = [grainy(np.zeros((180, 320), np.uint8), n, 1.0) for n in range(looks)]
    found = everything(busy(10) + dark + busy(10))
    assert spans(found, Code.BLACK) == expected
    assert spans(found, Code.COVERED) == []


def test_a_clock_over_a_black_picture_does_not_light_it() -> None:
    dark = np.zeros((180, 320), np.uint8)
    cv2.putText(dark, "2026-11-29 09:00:00", (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
    assert spans(everything([dark] * 6), Code.BLACK) == [(0, 60)]


def test_a_hand_over_the_lens_is_covered_and_not_black() -> None:
    hand = cv2.GaussianBlur(room(), (0, 0), 30)
    found = everything(busy(10) + [grainy(np.asarray(hand, np.uint8), n) for n in range(5)] + busy(5))
    assert spans(found, Code.COVERED) == [(100, 150)]
    assert spans(found, Code.BLACK) == []
    assert spans(found, Code.DEFOCUSED) == []


def test_a_level_at_the_border_between_dark_and_light_is_one_stretch_and_a_real_change_is_two() -> None:
    border = RULE.screening_black_grey
    trembling = [np.full((180, 320), border + n % 2, np.uint8) for n in range(20)]
    found = everything(busy(5) + trembling + busy(5))
    assert spans(found, Code.BLACK) + spans(found, Code.COVERED) == [(50, 250)]
    dark, light = np.full((180, 320), border - 3, np.uint8), np.full((180, 320), border + 3, np.uint8)
    found = everything([dark] * 4 + [light] * 5 + [dark] * 3)
    assert (spans(found, Code.BLACK), spans(found, Code.COVERED)) == ([(0, 40), (90, 120)], [(40, 90)])


def test_a_blurred_room_is_out_of_focus_and_noise_does_not_sharpen_it() -> None:
    blurred = [grainy(np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5), np.uint8), n, 0.5) for n, picture in enumerate(busy(15))]
    found = everything(busy(6) + blurred)
    assert spans(found, Code.DEFOCUSED) == [(60, 210)]
    assert spans(found, Code.COVERED) == []


def test_a_still_with_a_running_clock_is_frozen_and_an_empty_room_is_not() -> None:
    still = [room(person=300) for _ in range(10)]
    for n, picture in enumerate(still):
        cv2.putText(picture, f"09:00:{n:02d}", (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
    found = everything(busy(10) + still + busy(10))
    assert spans(found, Code.FROZEN) == [(100, 190)]
    assert spans(everything([grainy(room(), n) for n in range(30)]), Code.FROZEN) == []


def test_a_key_frame_that_wobbles_does_not_cut_a_still_in_two_and_somebody_who_moves_does() -> None:
    still = [room(person=300) for _ in range(16)]
    still[7] = grainy(still[7], 1, 6)
    glances = glance(still)
    assert (glances.still[7:9] * 1000 > RULE.screening_frozen_coding_milli).all()
    assert spans(everything(busy(5) + still + busy(5)), Code.FROZEN) == [(50, 200)]
    two = [room(person=300)] * 8 + busy(2) + [room(person=300)] * 8
    assert spans(everything(busy(5) + two + busy(5)), Code.FROZEN) == [(50, 120), (150, 220)]


def test_an_empty_room_between_two_stills_leaves_them_two() -> None:
    two = [room()] * 8 + [grainy(room(), n, 4) for n in range(3)] + [room()] * 8
    assert spans(everything(busy(5) + two + busy(5)), Code.FROZEN) == [(50, 120), (160, 230)]


@pytest.mark.parametrize(
    ("moved", "expected"),
    [
        ({60: 4.5}, [(0, 1300)]),  # noise
        ({60: 8.1}, []),  # a person
        ({60: 4.5, 61: 4.5}, []),  # two looks running
        (dict.fromkeys(range(20, 32, 2), 4.5), [(0, 1300)]),  # six of 130
        (dict.fromkeys(range(20, 34, 2), 4.5), []),  # seven are too many
    ],
)
def test_a_look_that_noise_lifts_over_the_figure_does_not_end_an_empty_stretch(moved: dict[int, float], expected: list[tuple[int, int]]) -> None:
    glances = glance([grainy(room(), n) for n in range(131)])
    for n, grey in moved.items():
        glances.moved[n] = grey
    found = unmoving.find(glances, 1_300_000, RULE)
    assert spans(found, Code.NO_MOVEMENT) == expected
    if len(moved) == 1:
        stricter = replace(RULE, screening_unmoving_stray_permille=0)
        assert unmoving.find(glances, 1_300_000, stricter) == []


@pytest.mark.parametrize(("looks", "expected"), [(120, []), (122, [(0, 1210)])])
def test_nobody_moving_is_told_from_twenty_minutes_on(looks: int, expected: list[tuple[int, int]]) -> None:
    empty = [grainy(room(), n) for n in range(looks)]
    assert spans(everything([*empty, *busy(10)]), Code.NO_MOVEMENT) == expected


def test_a_lamp_that_is_switched_on_is_no_movement() -> None:
    dark, light = room(), np.clip(room() * 1.0 + 40, 0, 255).astype(np.uint8)
    _, moved = change(dark, light)
    assert moved < 10
    _, walked = change(room(person=300), room(person=800))
    assert walked > 20


def test_a_turned_camera_is_moved_and_another_room_is_another_view() -> None:
    reference = Reference.of(room())
    shifted = [np.roll(picture, 24, 1) for picture in busy(30)]
    found = everything(busy(30) + shifted, reference)
    assert spans(found, Code.VIEW_MOVED) == [(300, 600)]
    assert spans(found, Code.OTHER_VIEW) == []
    elsewhere = everything(busy(30, seed=9), reference)
    assert spans(elsewhere, Code.OTHER_VIEW) == [(0, 300)]
    assert spans(elsewhere, Code.VIEW_MOVED) == []


def test_a_lead_begins_in_its_recording_also_where_a_picture_is_said_to_be_shown_before_it() -> None:
    packets = PacketGlances((60, 60), ((-45_000, -30_000), (-15_080, 0), (-13_000, 20_000)), ())
    found = find_all(Seen(Glances.joined([]), [], packets, 120_000, RULE.min_height_px, True), RULE)
    assert spans(found, Code.TIME_JUMP) == [(0, 20)]
    assert all(one.still_ms == 0 for one in found)


def slides(count: int, seed: int = 1) -> list[Luma]:
    """The lamp is out, and only the slide on the wall is to be seen."""
    dark = [(room(seed, person=100 + 37 * n % 1000) * 0.05).astype(np.uint8) for n in range(count)]
    for n, picture in enumerate(dark):
        picture[25:95, 60:170] = 200
        for line in range(5):
            cv2.putText(picture, f"slide {n // 6} {line}", (64, 37 + line * 12), cv2.FONT_HERSHEY_SIMPLEX, 0.3, 20, 1)
    return [grainy(picture, n, 1.0) for n, picture in enumerate(dark)]


def test_a_lamp_that_is_out_is_no_other_room_and_blurs_nothing_and_another_lit_room_is_one() -> None:
    told = everything(busy(30) + slides(60) + busy(30), Reference.of(room()))
    assert spans(told, Code.OTHER_VIEW) + spans(told, Code.BLACK) + spans(told, Code.COVERED) == []
    dark = [grainy((picture * 0.05).astype(np.uint8), n, 0.7) for n, picture in enumerate(busy(60))]
    assert spans(everything(busy(30) + dark + busy(30), Reference.of(room())), Code.DEFOCUSED) == []  # noise is no sharpness
    dimmer = [(picture * 0.6).astype(np.uint8) for picture in busy(60, seed=9)]
    assert spans(everything(busy(30) + dimmer + busy(30), Reference.of(room())), Code.OTHER_VIEW) == [(300, 900)]


@pytest.mark.parametrize(("times", "told"), [(1.04, False), (1.15, True), (1.6, True)])
def test_a_camera_that_was_zoomed_is_moved(times: float, told: bool) -> None:
    near = cv2.getRotationMatrix2D((160, 90), 0, times)
    zoomed = [np.asarray(cv2.warpAffine(picture, near, (320, 180), borderMode=cv2.BORDER_REPLICATE), np.uint8) for picture in busy(30)]
    found = [one for one in everything(busy(30) + zoomed, Reference.of(room())) if one.code is Code.VIEW_MOVED]
    assert spans(found, Code.VIEW_MOVED) == ([(300, 600)] if told else [])
    assert all(one.figure == pytest.approx(500 * (times - 1), rel=0.1) and one.figure > one.threshold for one in found)


def test_without_a_reference_a_move_inside_the_recording_still_shows() -> None:
    assert spans(everything(busy(30) + [np.roll(picture, 24, 1) for picture in busy(30)]), Code.VIEW_MOVED) == [(300, 600)]


def test_the_view_is_measured_as_it_was_moved() -> None:
    points, shift, angle, scale = compare(Reference.of(room()), grainy(np.roll(room(), 16, 1), 1))
    assert points > 100
    assert shift == pytest.approx(50, abs=3)
    assert angle < 0.5
    assert scale == pytest.approx(1000, abs=10)
    turned = cv2.warpAffine(room(), cv2.getRotationMatrix2D((160, 90), 5, 1), (320, 180), borderMode=cv2.BORDER_REPLICATE)
    assert compare(Reference.of(room()), np.asarray(turned, np.uint8))[2] == pytest.approx(5, abs=0.5)


def test_a_picture_that_is_none_is_no_reference() -> None:
    assert Reference.of_picture(b"no picture") is None
    done, jpeg = cv2.imencode(".jpg", room())
    assert done
    reference = Reference.of_picture(jpeg.tobytes())
    assert reference is not None
    assert compare(reference, room())[0] > 100


def packets(*shown_ms: NDArray[np.int64], duration_ms: int = 0) -> PacketGlances:
    shown = np.concatenate(shown_ms)
    return PacketGlances.of(
        Packets(np.full(len(shown), 500), shown, np.zeros(len(shown), bool), np.arange(len(shown)).astype(np.uint64)), duration_ms
    )


@pytest.mark.parametrize(("hole_ms", "expected"), [(9_960, []), (10_000, [(59, 69)]), (600_000, [(59, 659)])])
def test_a_hole_of_ten_seconds_is_found_where_it_is(hole_ms: int, expected: list[tuple[int, int]]) -> None:
    """Located to the picture: far below the promised second."""
    found = time_jump.find(packets(np.arange(0, 60_000, 40), np.arange(59_960 + hole_ms, 59_960 + hole_ms + 60_000, 40)), RULE)
    assert spans(found, Code.TIME_JUMP) == expected
    assert all((one.from_ms, one.to_ms) == (59_960, 59_960 + hole_ms) for one in found)


def test_pictures_shown_out_of_decode_order_are_no_holes() -> None:
    shown = np.arange(0, 60_000, 40)
    shown[1::4], shown[2::4] = shown[2::4].copy(), shown[1::4].copy()
    assert time_jump.find(packets(shown), RULE) == []


@pytest.mark.parametrize(("rate", "expected"), [(8, []), (7, [(60, 180)])])
def test_few_pictures_a_second_are_told_from_two_minutes_on(rate: int, expected: list[tuple[int, int]]) -> None:
    quick = np.arange(0, 60_000, 40)
    slow = np.linspace(60_000, 180_000, rate * 120, endpoint=False).astype(np.int64)
    assert spans(frame_rate.find(packets(quick, slow, quick + 180_000, duration_ms=240_000), RULE), Code.LOW_FRAME_RATE) == expected


def test_a_minute_with_a_hole_is_not_called_slow() -> None:
    quick = np.arange(0, 60_000, 40)
    assert frame_rate.find(packets(quick, quick[:200] + 110_000, quick + 118_000, duration_ms=178_000), RULE) == []


def test_a_small_picture_is_told_once() -> None:
    assert resolution.find(RULE.min_height_px, 60_000, RULE) == []
    (small,) = resolution.find(RULE.min_height_px - 1, 60_000, RULE)
    assert (small.from_ms, small.to_ms, small.figure) == (0, 60_000, RULE.min_height_px - 1)


def test_key_frames_in_a_row_without_a_picture_are_told_and_a_single_one_is_not() -> None:
    assert undecodable.find([0, 10_000, 30_000], [20_000], 40_000, RULE) == []
    (found,) = undecodable.find([0, 10_000, 40_000], [20_000, 30_000], 50_000, RULE)
    assert (found.from_ms, found.to_ms, found.figure) == (20_000, 40_000, 2)
    assert undecodable.find([0], [10_000, 20_000], 25_000, RULE)[0].to_ms == 25_000


def test_glances_of_parts_are_those_of_the_whole() -> None:
    """A pass that stops between two looks and goes on sees the same."""
    pictures = busy(12) + [room()] * 8
    whole = glance(pictures)
    first = Glancer(RULE.screening_view_every_s * 1000)
    parts = [first.take(lesson(pictures)[:15])]
    second = Glancer(RULE.screening_view_every_s * 1000, previous=first.previous, anchor=first.anchor, compared_ms=first.compared_ms)
    parts.append(second.take(lesson(pictures)[15:]))
    joined = Glances.joined([Glances.from_bytes(part.to_bytes()) for part in parts])
    for name in ("media_ms", "mean", "texture", "sharp", "still", "moved", "points", "shift"):
        assert np.array_equal(getattr(joined, name), getattr(whole, name), equal_nan=True), name


def test_an_empty_recording_has_no_glances_and_no_leads() -> None:
    nothing = Glances.joined([])
    assert len(nothing) == 0
    for find in (black.find, covered.find, defocused.find, frozen.find, unmoving.find, view_changed.find):
        assert find(nothing, 0, RULE) == []


def test_structure_is_a_ratio_that_darkness_does_not_change() -> None:
    _, _, sharp = structure(room())
    _, _, dim = structure((room() * 0.4).astype(np.uint8))
    assert sharp == pytest.approx(dim, rel=0.1)


def test_strength_runs_from_the_threshold_to_the_worst() -> None:
    assert strength(100, 100, 0) == 1
    assert strength(0, 100, 0) == 1000
    assert strength(50, 100, 0) == 500
    assert strength(-5, 100, 0) == 1000
    assert strength(5, 5, 5) == 1000


def test_runs_are_half_open() -> None:
    assert runs([]) == []
    assert runs([True, True, False, True]) == [(0, 2), (3, 4)]


def test_every_code_has_a_clause_and_suspicion_is_not_technical() -> None:
    assert set(CLAUSES) == set(Code)
    assert not TECHNICAL & {Code.RECYCLED, Code.LOOP, Code.NO_MOVEMENT, Code.OTHER_VIEW, Code.CLOCK_JUMP}


def test_another_figure_is_another_version_of_the_rules() -> None:
    from dataclasses import replace

    assert RULE.version == Book.load().read(ScreeningRule, on=date(2026, 9, 1)).version
    assert replace(RULE, screening_black_grey=17).version != RULE.version
