"""Lines of printed papers: they fit, lose nothing, and none begins with a closing mark (行首禁则)."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from api.papers.paper import FONT, NOT_FIRST, Paper

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


def test_line_breaks_of_the_text_stay() -> None:
    assert PAPER.wrapped("一\n\n二", 100) == "一\n\n二"
