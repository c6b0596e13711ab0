"""The signature of a letter: never without lines of the text over it, no page of its own, and every date in the Chinese form."""

import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from api.papers.paper import Paper, chinese_dates
from api.papers.receipt import hash_note

AT = datetime(2026, 11, 9, 2, tzinfo=UTC)
OFFICE = "古县人力资源和社会保障局"


def pages(tmp_path: Path, paper: Paper) -> list[list[str]]:
    """The lines of each page, the foot left out."""
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(paper.pdf())
    tool = shutil.which("pdftotext")
    assert tool, "poppler-utils is installed by make system"
    text = subprocess.run([tool, "-layout", str(pdf), "-"], capture_output=True, check=True, text=True).stdout
    told = [[line.strip() for line in page.splitlines() if line.strip()] for page in text.split("\f") if page.strip()]
    return [[line for line in page if not re.fullmatch(r"1号 · \d+", line)] for page in told]


def letter(lines: int, *, short: bool = False) -> Paper:
    """`lines` lines of text: one long paragraph, or paragraphs of one line."""
    paper = Paper("决定书", "1号", AT)
    if short:
        for number in range(lines):
            paper.paragraph(f"第{number + 1}条")
    else:
        paper.paragraph("\n".join(f"行{number + 1}" for number in range(lines)))
    paper.signature(OFFICE, AT.date(), signer="签发人：李科长", below=hash_note(bytes(32)))
    return paper


@pytest.mark.parametrize("short", [False, True])
def test_at_least_two_lines_of_the_text_stand_over_a_signature_that_goes_to_the_next_page(tmp_path: Path, short: bool) -> None:
    turned = []
    for lines in range(24, 44):
        told = pages(tmp_path, letter(lines, short=short))
        assert sum(len([one for one in page if one[0] in "行第"]) for page in told) == lines  # nothing is lost
        if len(told) > 1:
            turned.append(lines)
            above = told[-1][: told[-1].index("签发人：李科长")]
            assert len(above) >= 2
            assert OFFICE in told[-1]
            assert OFFICE not in told[0]
    assert turned and turned[0] > 24  # the walk went over the edge of the page


def test_a_letter_whose_text_leaves_room_for_the_bare_signature_stays_on_one_page(tmp_path: Path) -> None:
    """The gaps shrink first: the page breaks only when solid text and signature do not fit any more."""
    most = max(lines for lines in range(24, 44) if len(pages(tmp_path, letter(lines))) == 1)
    solid_mm = 21 + 10.5 * 0.58 + 2 * 8.5 * 0.58 + 3 + 1 + 1
    empty = Paper("决定书", "1号", AT)
    room_mm = empty.page_break_trigger - empty.get_y()
    empty.pdf()
    assert most == int((room_mm - solid_mm) / (10.5 * 0.58))


def test_a_heading_goes_with_the_line_under_it(tmp_path: Path) -> None:
    for lines in range(20, 44):
        paper = Paper("决定书", "1号", AT)
        paper.paragraph("\n".join(f"行{number + 1}" for number in range(lines)))
        paper.heading("五、救济途径")
        paper.paragraph("可以申请复议。")
        paper.signature(OFFICE, AT.date())
        told = pages(tmp_path, paper)
        assert told[0][-1] != "五、救济途径"
        assert len(told) == 1 or told[-1].index(OFFICE) >= 3


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("公示至2026-11-29止", "公示至2026年11月29日止"),
        ("2026-11-09 09:00", "2026年11月9日 09:00"),
        ("于2026年11月09日送达", "于2026年11月9日送达"),
        ("GX002-2026-01/2026-11-24/2", "GX002-2026-01/2026-11-24/2"),
        ("第2026-13-40号", "第2026-13-40号"),
        ("F-2026-11-24", "F-2026-11-24"),
        ("2026-11-24T02:00:00Z", "2026-11-24T02:00:00Z"),
    ],
)
def test_dates_take_the_chinese_form_and_numbers_stay(typed: str, printed: str) -> None:
    assert chinese_dates(typed) == printed


def test_facts_text_and_signature_of_a_letter_carry_one_form_of_date(tmp_path: Path) -> None:
    paper = Paper("决定书", "1号", AT)
    paper.facts([("期限", "2026-11-09 至 2027-01-31")])
    paper.paragraph("已于2026-11-05告知，2026年11月06日收到意见。")
    paper.signature(OFFICE, date(2026, 11, 9))
    text = "".join(line for page in pages(tmp_path, paper) for line in page)
    assert re.findall(r"\d{4}\D\d{1,2}\D\d{1,2}日?", text) == ["2026年11月9日", "2027年1月31日", "2026年11月5日", "2026年11月6日", "2026年11月9日"]
