"""Lines of printed papers: they fit, lose nothing, and none begins with a closing mark (行首禁则)."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from api.papers.paper import CODE, FONT, NOT_FIRST, NOT_LAST, Paper

PAPER = Paper("通知书", "1号", datetime(2026, 9, 1, tzinfo=UTC))
PAPER.set_font(FONT, size=10.5)
TEXT = "材料不齐全的退回并写明缺少的内容；准予修复的，同时停止公示、停止共享和使用、解除相应限制，并重新计算信用等级，不予修复的，写明理由。"


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 160), st.integers(0, 30), st.sampled_from(["", "，", "；", "）。"]))
def test_no_line_begins_with_a_closing_mark_and_every_line_fits(width_mm: int, cut: int, end: str) -> None:
    text = TEXT[cut:].lstrip("".join(NOT_FIRST)) + end
    lines = PAPER.wrapped(text, width_mm).split("\n")
    assert "".join(lines) == text
    assert all(line[0] not in NOT_FIRST for line in lines)
    assert all(PAPER.get_string_width(line) <= width_mm - 2 * PAPER.c_margin for line in lines)


@settings(max_examples=60, deadline=None)
@given(st.integers(80, 170), st.integers(0, 40))
def test_no_number_or_code_is_torn_and_no_line_ends_with_an_opening_mark(width_mm: int, filled: int) -> None:
    text = "请" * filled + "（即2026年12月2日24时前）核对F2026-0012、K2026-0003和“GX002-B201-C1_20261124150004.mp4”，逾期视为放弃。"
    lines = PAPER.wrapped(text, width_mm).split("\n")
    assert "".join(lines) == text
    for before, after in pairwise(lines):
        assert not (CODE.search(before) and CODE.match(after)), (before, after)
        assert before[-1] not in NOT_LAST
        assert after[0] not in NOT_FIRST


def test_a_code_longer_than_a_line_is_torn_where_the_line_is_full() -> None:
    lines = PAPER.wrapped("“" + "a" * 200, 100).split("\n")
    assert "".join(lines) == "“" + "a" * 200
    assert lines[0] != "“"


def test_line_breaks_of_the_text_stay() -> None:
    assert PAPER.wrapped("一\n\n二", 100) == "一\n\n二"
