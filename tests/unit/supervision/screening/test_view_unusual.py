"""A camera turned before the lesson began, on both sides of each figure; not when it sinks slowly or was put back. F-09, F-12."""

from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest

from compliance.policy.book import Book
from supervision.screening import view_history
from supervision.screening.glances import Glancer
from supervision.screening.looks import TECHNICAL, Code, Found, Look, Luma
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.view_unusual import UsualRule, find
from supervision.screening.view import Reference, away_permille, compare_views
from tests.screened import room

BOOK, DAY = Book.load(), date(2026, 9, 1)
RULE, USUAL = BOOK.read(ScreeningRule, on=DAY), BOOK.read(UsualRule, on=DAY)
WIDE = 320
END_MS = 600_000


def picture(seed: int = 1, *, right: float = 0.0, turned: float = 0.0, larger: float = 1.0, noise: int = 0) -> Luma:
    matrix = cv2.getRotationMatrix2D((WIDE / 2, 90), turned, larger)
    matrix[:, 2] += (right, 0)
    seen = cv2.warpAffine(room(seed, person=100 + 131 * noise % 800, width=WIDE, height=180), matrix, (WIDE, 180), borderMode=cv2.BORDER_REFLECT)
    return np.clip(seen + np.random.default_rng(noise).normal(0, 2, seen.shape), 0, 255).astype(np.uint8)


def view(seed: int = 1, **how: float) -> Reference:
    return Reference.of(picture(seed, **how))  # type: ignore[arg-type]


def before(count: int) -> list[Reference]:
    return [view(noise=n) for n in range(1, count + 1)]


def told(own: Reference, known: list[Reference], usual: UsualRule = USUAL) -> list[Found]:
    return find(own, 0, END_MS, known, RULE, usual)


LIMIT_PX = USUAL.screening_usual_away_permille * WIDE / 1000


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({}, None),
        ({"right": LIMIT_PX - 1.5}, None),
        ({"right": LIMIT_PX + 1.5}, Code.TURNED_SINCE),
        ({"turned": 3.0}, None),  # the sides lie 26 ‰ away
        ({"turned": 6.0}, Code.TURNED_SINCE),
        ({"larger": 1.15}, Code.TURNED_SINCE),
    ],
)
def test_a_camera_that_was_turned_or_zoomed_is_told_from_the_figure_on(how: dict[str, float], code: Code | None) -> None:
    found = told(view(**how, noise=9), before(USUAL.screening_usual_least))
    assert [one.code for one in found] == ([code] if code else [])
    assert all((one.from_ms, one.to_ms) == (0, END_MS) and one.figure > one.threshold == USUAL.screening_usual_away_permille for one in found)
    assert Code.TURNED_SINCE in TECHNICAL


def test_another_room_is_a_lead_of_suspicion_and_says_how_little_of_earlier_ones_is_found() -> None:
    (found,) = told(view(77), before(5))
    assert found.code is Code.UNUSUAL_VIEW
    assert found.figure < found.threshold == RULE.screening_view_other_points
    assert Code.UNUSUAL_VIEW not in TECHNICAL


def test_a_camera_of_which_little_is_known_is_not_told() -> None:
    moved = view(right=40.0)
    assert told(moved, before(USUAL.screening_usual_least - 1)) == []
    assert len(told(moved, before(USUAL.screening_usual_least))) == 1
    assert told(moved, before(3), replace(USUAL, screening_usual_least=4)) == []


def test_a_camera_that_sinks_a_little_with_each_lesson_is_never_told() -> None:
    known = [view(noise=1)]
    for n in range(1, 21):
        own = view(right=0.8 * n, noise=n)
        assert told(own, known) == []
        known.insert(0, own)
    assert away_permille(compare_views(known[-1], known[0])) > USUAL.screening_usual_away_permille  # though in all it went far


def test_a_camera_that_is_put_back_is_known_among_the_latest_and_forgotten_behind_them() -> None:
    elsewhere = [view(right=40.0, noise=n) for n in range(1, USUAL.screening_usual_most)]
    assert told(view(noise=50), [*elsewhere, view(noise=60)]) == []
    one_more = view(right=40.0, noise=70)
    assert [one.code for one in told(view(noise=50), [*elsewhere, one_more, view(noise=60)])] == [Code.TURNED_SINCE]


def test_points_are_kept_in_few_bytes_and_compare_as_they_did() -> None:
    own, moved = view(), view(right=30.0, noise=3)
    kept = Reference.from_bytes(own.to_bytes())
    assert len(own.to_bytes()) <= 36 * 600
    assert away_permille(compare_views(kept, moved)) == pytest.approx(away_permille(compare_views(own, moved)), abs=1)


def test_the_first_clear_look_is_kept_and_neither_a_dark_nor_a_blurred_one_nor_one_with_an_approved_picture() -> None:
    def first(pictures: list[Luma], reference: Reference | None = None) -> view_history.Own | None:
        glancer = Glancer(RULE.screening_view_every_s * 1000, reference)
        return view_history.first_of(glancer, glancer.take([Look(n * 10_000, luma) for n, luma in enumerate(pictures)]), RULE)

    dark = np.zeros((180, WIDE), np.uint8)
    own = first([dark, dark, picture(), picture(noise=2)])
    assert own is not None
    assert own.media_ms == 20_000
    assert first([dark]) is None
    assert first([cv2.GaussianBlur(picture(), (0, 0), 2.5).astype(np.uint8)] * 2) is None
    assert first([picture()], view()) is None


def test_what_is_told_ends_where_the_view_changes_inside_the_recording() -> None:
    own = view_history.Own(0, view(right=40.0))
    inside = Found(Code.VIEW_MOVED, 250_000, 400_000, 90, 30, 500, 300_000)
    (found,) = view_history.held_against(own, before(3), [inside], END_MS, RULE, USUAL)
    assert (found.from_ms, found.to_ms) == (0, 250_000)
    assert view_history.held_against(None, before(3), [], END_MS, RULE, USUAL) == []
