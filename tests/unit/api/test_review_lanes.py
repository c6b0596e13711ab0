"""The lanes of the review room: everything on one axis, cut at its ends, never too thin to be seen."""

from datetime import UTC, datetime, timedelta

from api.pages.review.lanes import LANE, TICK, WIDTH, Shown, lane, ticks
from storage.kernel.span import Span

START = datetime(2026, 11, 24, 1, tzinfo=UTC)
AXIS = Span(START, START + timedelta(seconds=1000))


def shown(first_s: float, last_s: float) -> Shown:
    return Shown(Span(START + timedelta(seconds=first_s), START + timedelta(seconds=last_s)), f"{first_s}–{last_s}", "proven")


def test_a_span_lies_where_its_time_lies() -> None:
    row = lane("camera", "机位1", 2, AXIS, [shown(100, 350)])
    assert row.y == 2 * LANE
    assert [(b.x, b.width, b.look) for b in row.blocks] == [(100.0, 250.0, "proven")]


def test_what_sticks_out_is_cut_and_what_lies_outside_is_left_out() -> None:
    row = lane("camera", "机位1", 0, AXIS, [shown(-50, 10), shown(990, 1200), shown(-90, -50), shown(1000, 1001)])
    assert [(b.x, b.width) for b in row.blocks] == [(0.0, 10.0), (990.0, 10.0)]


def test_a_moment_can_still_be_seen() -> None:
    assert lane("marks", "标记", 0, AXIS, [shown(500, 500.001)]).blocks[0].width == 2


def test_a_sign_in_before_the_lesson_stands_at_the_edge() -> None:
    instants = [(START + timedelta(seconds=s), str(s), "sign-in") for s in (-600, 500, 5000)]
    blocks = ticks("signs", "签到", 0, AXIS, instants).blocks
    assert [b.width for b in blocks] == [TICK] * 3
    assert blocks[0].x == 0
    assert blocks[2].x + TICK == WIDTH
