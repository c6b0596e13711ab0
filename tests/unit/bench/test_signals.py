"""`make bench` says how good each signal is, and calls nothing kept that so few hours cannot show. R60."""

from collections.abc import Mapping

import pytest

from bench import signals
from bench.results import Result
from supervision.screening.looks import Code
from supervision.screening.measured import Measured, Recall


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Result]:
    """As if recycled footage had been searched for in five copies and eleven honest hours, and nothing else been measured before."""
    known = {Code.RECYCLED: Measured((Recall("exact", 5, 5), Recall("cropped", 20, 18)), 0, 11.3), Code.TURNED_SINCE: Measured((), 1, 0.0, 240)}
    monkeypatch.setattr(signals, "read", lambda: known)
    return {result.name: result for result in signals.measure()}


def test_no_alarm_in_a_few_hours_is_no_promise_kept(lines: Mapping[str, Result]) -> None:
    alarms = lines["signal recycled: false alarms an hour, at most (95 %)"]
    assert alarms.peer_value == 0
    assert alarms.value == pytest.approx(3.69 / 11.3, rel=0.01)
    assert alarms.met is False


def test_what_is_found_stands_beside_the_least_it_may_be(lines: Mapping[str, Result]) -> None:
    exact, cropped = (lines[f"signal recycled: share found of {attack}"] for attack in ("exact", "cropped"))
    assert (exact.value, exact.met, cropped.value, cropped.met) == (1.0, True, 0.9, False)
    assert exact.peer_value == pytest.approx(0.566, abs=0.001)


def test_lessons_are_counted_where_each_is_judged_once(lines: Mapping[str, Result]) -> None:
    assert lines["signal turned-since: false alarms a lesson, at most (95 %)"].peer_value == pytest.approx(1 / 240)


def test_pictures_and_packets_are_judged_anew(lines: Mapping[str, Result]) -> None:
    """None of these rows is in the counts of this test: they come out of the kept looks."""
    black = lines["signal black: share found of black"]
    assert black.value > 0.5
    assert lines["signal black: false alarms an hour, at most (95 %)"].value < 1
