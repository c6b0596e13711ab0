"""Where a closer look is taken, and how the machine's quality is told: intervals that promise no more than was seen. R60."""

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from compliance.policy.book import Book
from supervision.screening import closer, heads_measured, measured
from supervision.screening.glances import Glances
from supervision.screening.looks import Code, Packets
from supervision.screening.packet_glances import PacketGlances
from supervision.screening.rules import ScreeningRule

RULE = Book.load().read(ScreeningRule, on=date(2026, 9, 1))


def glances(count: int, *, black: slice = slice(0), step_ms: int = 10_000, start_ms: int = 0) -> Glances:
    """Clear looks that change, some of them black."""
    mean, texture = np.full(count, 120.0, np.float32), np.full(count, 0.9, np.float32)
    mean[black], texture[black] = 0, 0
    steady = np.full(count, 5.0, np.float32)
    never = np.full(count, np.nan, np.float32)
    times = np.arange(count, dtype=np.int64) * step_ms + start_ms
    return Glances(times, mean, texture, np.full(count, 0.5, np.float32), steady, steady * 10, never, never, never, never)


def test_an_honest_recording_asks_for_no_closer_look() -> None:
    assert closer.spans(glances(360), 3_600_000, RULE) == []


@pytest.mark.parametrize(
    ("black", "expected"),
    [
        (slice(100, 101), [(990_000, 1_010_000)]),
        (slice(100, 104), [(990_000, 1_040_000)]),
        (slice(100, 130), [(990_000, 1_010_000), (1_280_000, 1_300_000)]),
        (slice(0, 2), [(0, 20_000)]),
    ],
)
def test_a_short_run_is_looked_at_whole_and_of_a_long_one_the_ends(black: slice, expected: list[tuple[int, int]]) -> None:
    assert closer.spans(glances(360, black=black), 3_600_000, RULE) == expected


@pytest.mark.parametrize(
    ("seconds", "size", "asked"),
    [
        (12, 40, [(590_000, 624_000)]),
        (8, 40, []),
        (12, 200, []),
        (300, 40, [(590_000, 612_000), (890_000, 912_000)]),
    ],
)
def test_pictures_without_noise_are_looked_at_closer_though_no_look_of_the_cheap_pass_saw_them(
    seconds: int, size: int, asked: list[tuple[int, int]]
) -> None:
    """A freeze of some seconds lies between two looks; of one that lasts long the ends are looked at, each from a look of the cheap pass on."""
    shown = np.arange(0, 3_600_000, 200)
    sizes = np.where((shown >= 602_000) & (shown < 602_000 + seconds * 1000), size, 1_000)
    packets = PacketGlances.of(Packets(sizes, shown, shown % 2_000 == 0, np.zeros(0, np.uint64)), 3_600_000)
    found = closer.spans(glances(360), 3_600_000, RULE, packets)
    assert found == asked


def test_a_closer_look_is_never_more_than_a_quarter_of_the_recording() -> None:
    flickering = glances(360)
    flickering.mean[::9], flickering.texture[::9] = 0, 0
    found = closer.spans(flickering, 3_600_000, RULE)
    assert 0 < sum(b - a for a, b in found) <= 900_000
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_the_closer_looks_stand_in_place_of_the_cheap_ones() -> None:
    near = glances(11, step_ms=2_000, start_ms=90_000)
    whole = closer.merged(glances(30), [near, glances(0)])
    assert whole.media_ms.tolist() == [*range(0, 90_000, 10_000), *range(90_000, 112_000, 2_000), *range(120_000, 300_000, 10_000)]
    assert closer.merged(glances(3), []).media_ms.tolist() == [0, 10_000, 20_000]


def test_the_first_look_of_a_closer_stretch_keeps_what_the_cheap_pass_knows_of_it_and_the_glances_stay_as_they_were() -> None:
    """A still that is looked at closer in two stretches is one still: where the second begins, the cheap pass saw no change."""
    near = glances(11, step_ms=2_000, start_ms=90_000)
    near.still[0] = near.moved[0] = np.nan
    cheap = glances(30)
    cheap.still[9], cheap.moved[9] = 0.1, 0.3
    whole = closer.merged(cheap, [near])
    at = whole.media_ms.tolist().index(90_000)
    assert (round(float(whole.still[at]), 3), round(float(whole.moved[at]), 3)) == (0.1, 0.3)
    assert np.isnan(near.still[0])
    elsewhere = closer.merged(cheap, [near.where(np.arange(1, 11)), glances(2, start_ms=200_001)])
    assert not np.isnan(elsewhere.still).any()
    unknown = glances(3, step_ms=2_000, start_ms=90_001)
    unknown.still[0] = np.nan
    assert np.isnan(closer.merged(cheap, [unknown]).still).sum() == 1


def test_intervals_of_shares_narrow_with_the_number_tried() -> None:
    assert measured.share_interval(0, 0) == (0.0, 1.0)
    low, high = measured.share_interval(20, 20)
    assert (round(low, 3), high) == (0.839, 1.0)
    assert measured.share_interval(200, 200)[0] > 0.98
    low, high = measured.share_interval(5, 10)
    assert round(low, 2), round(high, 2) == (0.24, 0.76)


@pytest.mark.parametrize(("seen", "most"), [(0, 3.689), (1, 5.572), (5, 11.668), (20, 30.888)])
def test_the_most_events_are_those_of_the_exact_interval(seen: int, most: float) -> None:
    assert measured.events_at_most(seen) == pytest.approx(most, rel=0.01)


def test_the_table_is_read_back_as_written_and_other_signals_stay() -> None:
    data = {
        "recall": [{"code": "black", "attack": "black", "tried": 20, "found": 19}],
        "honest": [{"code": "black", "false_alarms": 0, "camera_hours": 10.0}, {"code": "no-movement", "false_alarms": 1, "camera_hours": 10.0}],
    }
    known = measured.parse(data)
    assert set(known) == {Code.BLACK, Code.NO_MOVEMENT}
    assert known[Code.BLACK].recalls[0].interval[0] < 0.95
    assert known[Code.BLACK].per_hour == 0
    assert known[Code.BLACK].per_hour_at_most == pytest.approx(0.369, rel=0.01)
    assert known[Code.NO_MOVEMENT].per_hour == pytest.approx(0.1)
    text = measured.plain([{"code": "loop", "attack": "loop", "tried": 1, "found": 1}], [])
    assert '"loop"' in text
    assert (
        measured.parse(json.loads(text))[Code.LOOP].camera_hours == measured.read()[Code.LOOP].camera_hours
    )  # of honest lessons nothing new is known
    assert all(f'"{code.value}"' in text for code in measured.read())


def test_nothing_measured_promises_nothing() -> None:
    assert measured.parse({}) == {}
    unknown = measured.Measured((), 0, 0.0)
    assert unknown.per_hour == 0
    assert unknown.per_hour_at_most == float("inf")


def test_the_shipped_table_is_of_the_figures_in_force_or_says_of_which() -> None:
    """A figure that changes changes the version; the table names the one it was measured with."""
    assert replace(RULE, screening_step_s=11).version != RULE.version
    for row in measured.read().values():
        assert (row.camera_hours > 0) != (row.lessons > 0)


def test_the_shipped_head_counts_say_how_far_they_are_off_and_forget_nothing_when_written() -> None:
    shipped = heads_measured.read()
    assert shipped is not None
    for row in shipped.groups:
        assert row.low <= row.high
        assert row.pictures > 0
        assert abs(row.bias) <= row.error + 0.01
        assert heads_measured.Group(**row.plain()) == row  # type: ignore[arg-type]
    assert {"real", "drawn-facing", "drawn-behind"} <= {row.kind for row in shipped.groups}
    assert shipped.told <= shipped.honest


def test_head_counts_that_were_never_measured_claim_nothing(tmp_path: Path) -> None:
    assert heads_measured.read(tmp_path / "none.json") is None


def test_a_signal_that_judges_each_lesson_once_is_told_by_lessons_and_claims_no_hours() -> None:
    row = measured.parse({"honest": [{"code": "turned-since", "false_alarms": 1, "lessons": 240}]})[Code.TURNED_SINCE]
    assert (row.lessons, row.camera_hours, row.per_hour_at_most) == (240, 0.0, float("inf"))
    assert 1 / 240 < row.of_lessons_at_most < 0.03
    shipped = measured.read()
    assert all(shipped[code].lessons and not shipped[code].camera_hours for code in (Code.TURNED_SINCE, Code.UNUSUAL_VIEW))


def test_many_ways_are_told_in_one_sentence_with_the_weakest_of_them() -> None:
    rows = [("cut", 10, 10), ("piece", 110, 91), ("loop", 20, 17)]
    table = measured.parse({"recall": [{"code": "recycled", "attack": attack, "tried": tried, "found": found} for attack, tried, found in rows]})
    one = table[Code.RECYCLED]
    assert (one.all_recalls.found, one.all_recalls.tried) == (118, 140)
    assert (one.weakest.attack, one.weakest.found) == ("piece", 91)
