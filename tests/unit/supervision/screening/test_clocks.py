"""A burned-in clock is learned from pictures alone and read; what does not fit is left out; both leads on both sides of their figures. F-11, F-19."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import cv2
import numpy as np
import pytest

from compliance.policy.book import Book
from storage.kernel.clock import BUREAU_ZONE
from storage.media.strips import Strips, rows_of, size_of
from supervision.screening.clock_shape import BANDS, ClockShape, Luma, learn
from supervision.screening.clock_ticks import Ticks
from supervision.screening.clocks import agrees, shape_of, ticks_of
from supervision.screening.looks import TECHNICAL, Code, Found
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import clock_jump, clock_other_time

RULE = Book.load().read(ScreeningRule, on=date(2026, 9, 1))
WIDE, HIGH = 960, 540
BEGIN = datetime(2026, 3, 4, 9, 58, 37, 400_000)  # noqa: DTZ001 - what the wall shows
HOUR_MS = 3_600_000


def write(picture: Luma, text: str, place: tuple[int, int]) -> None:
    """As a recorder does: white with a dark outline. 年, 月 and 日 are drawn as boxes with strokes, as wide as two digits."""
    x = place[0]
    for letter in text:
        wide = 28 if letter in "年月日" else 16
        if letter in "年月日":
            for shade, thick in ((0, 4), (255, 2)):
                cv2.rectangle(picture, (x + 3, place[1] - 17), (x + 25, place[1]), shade, thick)
                cv2.line(picture, (x + 3, place[1] - 8), (x + 25, place[1] - 8), shade, thick)
        else:
            for shade, thick in ((0, 5), (255, 2)):
                cv2.putText(picture, letter, (x, place[1]), cv2.FONT_HERSHEY_SIMPLEX, 0.75, shade, thick, cv2.LINE_AA)
        x += wide


def strip(form: str, place: tuple[int, int], seconds: list[float], *, seed: int = 1, begin: datetime = BEGIN) -> Strips:
    """Both bands of a noisy room at these seconds; `form` empty: no clock."""
    dice = np.random.default_rng(seed)
    room = np.full((HIGH, WIDE), 110, np.uint8)
    for _ in range(200):
        x, y, w, h = (int(v) for v in dice.integers((0, 0, 8, 8), (940, 520, 120, 90)))
        cv2.rectangle(room, (x, y), (x + w, y + h), int(dice.integers(20, 210)), -1)
    pictures = []
    for at in seconds:
        picture = np.clip(room + dice.normal(0, 3, room.shape), 0, 255).astype(np.uint8)
        if form:
            write(picture, (begin + timedelta(seconds=at)).strftime(form), place)
        pictures.append(np.concatenate([picture[slice(*rows_of(band, HIGH))] for band in BANDS]))
    return Strips(WIDE, HIGH, np.array([round(at * 1000) for at in seconds], np.int64), np.stack(pictures), 0, 0, 0)


def every_second(count: int = 72, start: float = 5) -> list[float]:
    return [start + n for n in range(count)]


def claimed(begin: datetime = BEGIN) -> datetime:
    return begin.replace(tzinfo=BUREAU_ZONE)


def learned(form: str, place: tuple[int, int] = (20, 40), begin: datetime = BEGIN) -> ClockShape:
    shape = shape_of(strip(form, place, every_second(), begin=begin), claimed(begin))
    assert shape is not None
    return shape


def read(shape: ClockShape, strips: Strips, rule: ScreeningRule = RULE) -> Ticks:
    """The strips of the shape's own band out of those of both."""
    top, bottom = rows_of(shape.band, HIGH)
    whole = np.zeros((len(strips.media_ms), HIGH, WIDE), np.uint8)
    at = 0
    for band in BANDS:
        first, last = rows_of(band, HIGH)
        whole[:, first:last] = strips.luma[:, at : at + last - first]
        at += last - first
    own = Strips(WIDE, HIGH, strips.media_ms, whole[:, top:bottom], 0, 0, 0)
    return ticks_of(shape, own, claimed(), rule, asked=len(strips.media_ms))


@pytest.mark.parametrize(
    ("form", "layout", "place"),
    [
        ("%Y-%m-%d %H:%M:%S", "ymd hms", (20, 40)),
        ("%d/%m/%Y %H:%M:%S", "dmy hms", (560, 530)),
        ("%m/%d/%Y %H:%M:%S", "mdy hms", (20, 530)),
        ("%H:%M:%S %Y.%m.%d", "hms ymd", (300, 40)),
        ("%Y年%m月%d日 %H:%M:%S", "ymd hms", (40, 40)),
    ],
)
def test_a_clock_is_learned_wherever_it_stands_and_read_hours_later_in_another_light(form: str, layout: str, place: tuple[int, int]) -> None:
    shape = learned(form, place)
    assert shape.layout == layout
    again = ClockShape.from_bytes(shape.to_bytes())
    ticks = read(again, strip(form, place, [0, 61, 1800, 3599, 7300, 40_000, 90_000], seed=9))  # another room, another day
    assert len(ticks) == ticks.asked == 7
    assert np.abs(ticks.ahead_s).max() <= 1


def test_day_and_month_that_can_be_read_both_ways_are_as_the_claim_says() -> None:
    assert learned("%d/%m/%Y %H:%M:%S", begin=datetime(2026, 3, 4, 9, 58)).layout == "dmy hms"  # noqa: DTZ001
    assert learned("%m/%d/%Y %H:%M:%S", begin=datetime(2026, 3, 4, 9, 58)).layout == "mdy hms"  # noqa: DTZ001


@pytest.mark.parametrize("form", ["", "%M:%S", "%H:%M:%S", "2026-03-04 09:58:00"])
def test_what_is_no_running_date_and_time_is_not_learned(form: str) -> None:
    assert shape_of(strip(form, (20, 40), every_second()), claimed()) is None


def test_a_clock_that_stands_still_half_the_time_is_not_learned() -> None:
    frozen = [min(at, 30.0) for at in every_second()]
    shown = strip("%Y-%m-%d %H:%M:%S", (20, 40), frozen)
    assert shape_of(replace(shown, media_ms=np.array([round(at * 1000) for at in every_second()])), claimed()) is None


def test_nothing_is_learned_of_a_minute_or_of_no_pictures() -> None:
    few = strip("%Y-%m-%d %H:%M:%S", (20, 40), every_second(6))
    assert shape_of(few, claimed()) is None
    assert shape_of(Strips(0, 0, np.zeros(0, np.int64), np.zeros((0, 0, 0), np.uint8), 0, 0, 0), claimed()) is None
    assert learn(np.arange(5) * 1000, np.zeros((5, 40, 200), np.uint8), 0, (200, 200), date(2026, 1, 1)) is None


def test_a_picture_in_which_the_clock_is_hidden_is_left_out_and_counted() -> None:
    form, place = "%Y-%m-%d %H:%M:%S", (20, 40)
    shape = learned(form, place)
    shown = strip(form, place, [0, 10, 20, 30])
    shown.luma[1, :60, 150:260] = 128  # over some digits
    ticks = read(shape, shown)
    assert (ticks.asked, ticks.media_ms.tolist()) == (4, [0, 20_000, 30_000])
    assert len(read(shape, shown, replace(RULE, screening_clock_score_permille=1001))) == 0
    other = replace(shape, width_px=WIDE + 2)
    assert len(read(other, shown)) == 0  # learned at another picture size


def test_sizes_are_brought_down_with_their_shape() -> None:
    assert size_of(1280, 720) == (1280, 720)
    assert size_of(3840, 2160) == (1920, 1080)
    assert size_of(1440, 2880) == (720, 1440)


def ticks(ahead: Callable[[float], float], count: int = 40, step_ms: int = 90_000) -> Ticks:
    at = np.arange(count, dtype=np.int64) * step_ms
    return Ticks(count, at, np.array([ahead(float(t)) for t in at]))


def other(ticks: Ticks | None) -> list[Found]:
    return clock_other_time.find(ticks, HOUR_MS, RULE)


def test_a_clock_some_minutes_off_is_not_told_and_one_further_off_is() -> None:
    limit = RULE.screening_clock_other_minutes * 60
    assert other(ticks(lambda _: limit)) == []
    assert other(ticks(lambda _: -limit)) == []
    (found,) = other(ticks(lambda _: -limit - 60))
    assert (found.code, found.from_ms, found.to_ms, found.figure) == (Code.CLOCK_OTHER_TIME, 0, HOUR_MS, RULE.screening_clock_other_minutes + 1)
    (old,) = other(ticks(lambda _: -86_400.0 * 30))
    assert old.strength == 1000
    assert other(None) == []


def test_a_difference_in_a_smaller_part_of_the_recording_is_no_constant_one() -> None:
    assert other(ticks(lambda at: 7200.0 if at < 1_000_000 else 0.0)) == []


def test_the_clock_may_drift_and_must_not_leap() -> None:
    limit = RULE.screening_clock_jump_s
    assert clock_jump.find(ticks(lambda at: at / 1000 * 0.001), RULE) == []  # a second in a quarter of an hour
    assert clock_jump.find(ticks(lambda at: limit if at >= 900_000 else 0), RULE) == []
    (found,) = clock_jump.find(ticks(lambda at: limit + 1 if at >= 900_000 else 0), RULE)
    assert (found.code, found.from_ms, found.to_ms, found.figure) == (Code.CLOCK_JUMP, 810_000, 900_000, limit + 1)
    back = clock_jump.find(ticks(lambda at: -30 if 900_000 <= at < 1_800_000 else 0), RULE)
    assert [one.from_ms for one in back] == [810_000, 1_710_000]
    assert clock_jump.find(None, RULE) == []


def test_a_single_instant_read_wrongly_is_no_leap() -> None:
    assert clock_jump.find(ticks(lambda at: 3600 if at == 900_000 else 0), RULE) == []
    assert clock_jump.find(ticks(lambda at: 3600 if at in (0, 3_510_000) else 0), RULE) == []


def test_nothing_is_told_of_few_instants() -> None:
    least = RULE.screening_clock_least_reads
    assert other(ticks(lambda _: 7200.0, least - 1)) == []
    assert len(other(ticks(lambda _: 7200.0, least))) == 1
    assert clock_jump.find(ticks(lambda at: 60.0 if at > 200_000 else 0, least - 1), RULE) == []


def test_what_was_learned_is_believed_when_enough_instants_agree() -> None:
    enough = RULE.screening_clock_instants * RULE.screening_clock_agreed_permille // 1000
    assert agrees(replace(ticks(lambda _: 3.0, enough), asked=RULE.screening_clock_instants), RULE)
    assert not agrees(replace(ticks(lambda _: 3.0, enough - 1), asked=RULE.screening_clock_instants), RULE)
    assert not agrees(replace(ticks(lambda at: at, enough), asked=enough), RULE)


def test_the_institution_can_mend_a_wrong_clock_and_a_leap_is_a_lead_of_suspicion() -> None:
    assert Code.CLOCK_OTHER_TIME in TECHNICAL
    assert Code.CLOCK_JUMP not in TECHNICAL


def test_looked_at_twice_counts_once() -> None:
    whole = Ticks.joined([Ticks(2, np.array([0, 20]), np.array([1.0, 2.0])), Ticks(0, np.array([10, 20]), np.array([5.0, 9.0]))])
    assert (whole.asked, whole.media_ms.tolist(), whole.ahead_s.tolist()) == (2, [0, 10, 20], [1.0, 5.0, 2.0])
