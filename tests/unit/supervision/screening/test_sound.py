"""Silence on both sides of its boundary and in the light of the camera's history; the same sound under the same pictures. R60, R71; F-05, F-13."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from bench.screening.sounds import Microphone, envelope
from compliance.policy.book import Book
from supervision.screening import same_sound
from supervision.screening.levels import LEAST_HEARD, GateRule, History, Pauses, Sound, parts_of, pauses, silent_throughout, spans
from supervision.screening.looks import Code, Found
from supervision.screening.recycled import Line
from supervision.screening.rules import ScreeningRule
from supervision.screening.same_sound import BIN_MS, HEARD_MS, SLACK_MS, Sounding, alike, said, stretches
from supervision.screening.signals import silence

BOOK, DAY = Book.load(), date(2026, 9, 1)
RULE = BOOK.read(ScreeningRule, on=DAY)
STEP_MS = RULE.screening_sound_step_s * 1000
LEAST = RULE.screening_silent_s // RULE.screening_sound_step_s  # pieces of the shortest silence that is told
DEAF, LOUD = -float(RULE.screening_silent_db), -30.0


def sound(*levels: float) -> Sound:
    return Sound(np.arange(len(levels)) * STEP_MS, np.array(levels, np.float32))


def told(heard: Sound | None, *, has_sound: bool = True, rule: ScreeningRule = RULE) -> list[Found]:
    return silence.find(heard, has_sound=has_sound, duration_ms=(len(heard) if heard else 40) * STEP_MS, rule=rule)


@pytest.mark.parametrize(("pieces", "level", "count"), [(LEAST, DEAF, 1), (LEAST - 1, DEAF, 0), (LEAST, DEAF + 0.5, 0)])
def test_silence_is_told_from_its_level_and_its_length_on(pieces: int, level: float, count: int) -> None:
    heard = sound(*[LOUD] * 5, *[level] * pieces, *[LOUD] * 5)
    found = told(heard)
    assert len(found) == count
    assert all((one.from_ms, one.to_ms, one.figure) == (5 * STEP_MS, (5 + pieces) * STEP_MS, DEAF) for one in found)
    assert all(spans(heard, len(heard) * STEP_MS, RULE) == [(4 * STEP_MS, (5 + pieces) * STEP_MS)] for _ in found)


def test_one_loud_piece_ends_a_silence_and_longer_silences_are_stronger() -> None:
    assert told(sound(*[DEAF] * (LEAST - 1), LOUD, *[DEAF] * (LEAST - 1))) == []
    short, long_ = told(sound(*[DEAF] * LEAST)), told(sound(*[DEAF] * LEAST * 3))
    assert 1 <= short[0].strength < long_[0].strength
    assert long_[0].from_ms == 0


def test_a_recording_without_a_sound_track_is_told_only_where_sound_is_required() -> None:
    assert told(None, has_sound=False) == []
    (found,) = told(None, has_sound=False, rule=replace(RULE, screening_sound_required=1))
    assert (found.code, found.strength) == (Code.SILENT, 1000)
    assert told(None) == told(sound()) == []  # a track that nobody could listen to says nothing


def test_a_camera_that_was_never_heard_is_told_once_and_weakly() -> None:
    quiet = sound(*[DEAF] * 200, LOUD)
    assert silent_throughout(quiet, RULE)
    assert not silent_throughout(sound(*[DEAF] * 90, *[LOUD] * 10), RULE)
    other = Found(Code.BLACK, 0, 1, 1, 2, 700, 0)
    found = [*told(quiet), other]
    weak = silence.with_history(found, History(), throughout=True)
    assert [one.strength for one in weak] == [silence.WEAK, 700]
    assert int(BOOK.value("screening_flag_strength", on=DAY).value) > silence.WEAK
    assert silence.with_history(found, History(told=True), throughout=True) == [other]
    for history, throughout in ((History(heard=True, told=True), True), (History(told=True), False)):
        assert silence.with_history(found, history, throughout=throughout) == found


@pytest.mark.parametrize(
    ("elsewhere", "said"),
    [
        ([LOUD] * 40, Pauses.ROOM),
        ([LOUD] * 19 + [DEAF], Pauses.NOTHING),
        ([LOUD] * 49 + [DEAF], Pauses.UNKNOWN),  # one in fifty may be chance
        ([LOUD] * (LEAST_HEARD - 1), Pauses.UNKNOWN),
        ([DEAF] * 40, Pauses.UNKNOWN),
    ],
)
def test_whether_a_silence_may_be_a_break_is_said_by_the_pauses_of_the_rest(elsewhere: list[float], said: Pauses) -> None:
    gate = BOOK.read(GateRule, on=DAY)
    assert 20 <= gate.screening_gate_permille <= 50
    heard = sound(*[DEAF] * LEAST, *elsewhere)
    assert pauses(heard, [(0, LEAST * STEP_MS)], RULE, gate) is said


def test_levels_are_kept_in_three_bytes_and_read_back() -> None:
    heard = sound(-120.0, -65.5, 0.0)
    kept = Sound.from_bytes(heard.to_bytes())
    assert len(heard.to_bytes()) == 9
    assert (kept.media_ms.tolist(), kept.levels.tolist()) == (heard.media_ms.tolist(), heard.levels.tolist())
    (first, second) = parts_of(sound(-50, -40, -30, -70), 4 * STEP_MS, 2)
    assert (first.loudest, first.middle, first.pieces, second.loudest, second.from_ms) == (-40.0, -45.0, 2, -30.0, 2 * STEP_MS)


def rise(seed: int, offset_ms: int = 0, speed: float = 1.0, gain_db: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Levels of drawn speech, each bin where a recording of this offset and speed plays it."""
    loud = envelope(seed, 200, Microphone())
    at = np.arange(1_400) * BIN_MS
    levels = np.interp((offset_ms + at * speed) / 1000 / 0.05, np.arange(len(loud)), loud)
    return at, (20 * np.log10(levels + 2e-3) + gain_db).astype(np.float32)


def test_the_same_sound_is_alike_wherever_the_line_lays_it_and_another_is_not() -> None:
    copy, source = rise(1, offset_ms=20_000, speed=1.015, gain_db=-9), rise(1)
    line = Line(20_000 + 3_800, 1.015)  # as far off as a line of pictures was seen
    same = alike(copy[0][:1_000], copy[1][:1_000], *source, line)
    other = alike(copy[0][:1_000], copy[1][:1_000], *rise(2), line)
    assert same is not None
    assert other is not None
    assert (said(same), said(other)) == (Sounding.ALIKE, Sounding.OTHER)
    assert alike(copy[0][:500], copy[1][:500], *source, line) is None
    assert alike(copy[0], np.full(1_400, -70, np.float32), *source, line) is None  # nothing rises, nothing falls
    assert (said(None), said((same_sound.ALIKE_PERMILLE + same_sound.OTHER_PERMILLE) // 2)) == (Sounding.NOT_COMPARED, Sounding.UNCLEAR)


def test_two_minutes_in_the_middle_of_the_longest_stretch_are_heard() -> None:
    here, there = stretches([(0, 60_000), (100_000, 400_000)], Line(50_000, 1.0), 500_000, 350_000) or ((0, 0), (0, 0))
    assert here == (190_000, 190_000 + HEARD_MS)
    assert there == (240_000 - SLACK_MS, 350_000)
    assert stretches([(0, 50_000)], Line(0, 1.0), 500_000, 500_000) is None
