"""The base of every printed paper: A4, embedded Chinese font, the same bytes for the same content.

Text waits in a queue until something that cannot wait is printed, so that a signature can take the last lines of the text along: it is never alone
on a page. Dates are printed in the Chinese form, however they were typed.
"""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum, auto
from functools import cache, partial
from pathlib import Path
from typing import Final

from fpdf import FPDF, FontFace
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

FONT_FILE: Final = Path(__file__).resolve().parent.parent / "static" / "vendor" / "fonts" / "ClassProofSansSC-Regular.ttf"
FONT: Final = "classproof"
LABEL_MM: Final = 34.0
NOT_FIRST: Final = frozenset("，。、；：？！）》〕】”’％,.;:?!)]}%…—")  # no line begins with one of these (行首禁则)
NOT_LAST: Final = "（《〔【“‘([{"  # and none ends with one of these (行尾禁则)
CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./:@+=*-]*$")  # a number, code or name of a file stays on one line

LINES_KEPT: Final = 2  # lines of the text that stay with the signature
SEAL_MM: Final = 21.0  # office, date and 印章: 8 + 8 + 5
GAPS_MM: Final = ((8.0, 4.0, 4.0), (3.0, 1.0, 1.0))  # before, between and after the signature; the second when the page is nearly full
DATE: Final = re.compile(r"(?<![\w/.-])(\d{4})-(\d{2})-(\d{2})(?![\w/-])|(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII)


class FontMissing(RuntimeError):
    """The build step that makes the document font was not run: `make setup`."""


class Part(Enum):
    """What waits to be printed."""

    HEADING = auto()
    FIRST_LINE = auto()  # of a paragraph
    LINE = auto()
    ROW = auto()
    GAP = auto()


@dataclass(frozen=True, slots=True)
class Waiting:
    """One part and how high it is, in mm."""

    part: Part
    height_mm: float
    draw: Callable[[], object]


def day_text(day: date | datetime) -> str:
    """2026年11月9日, as Chinese documents write it. An instant must be local already."""
    return f"{day.year}年{day.month}月{day.day}日"


def chinese_dates(text: str) -> str:
    """Every date in the one form of a letter: 2026-11-09 and 2026年11月09日 become 2026年11月9日; numbers of lessons and files stay."""

    def written(found: re.Match[str]) -> str:
        year, month, day = (int(part) for part in found.groups() if part is not None)
        try:
            return day_text(date(year, month, day))
        except ValueError:  # no day of the calendar: whatever it is, it is not ours to change
            return found.group()

    return DATE.sub(written, text)


class Paper(FPDF):
    """A page with a title, facts and paragraphs. Measures in mm."""

    def __init__(self, title: str, number: str, dated_at: datetime, *, lying: bool = False) -> None:
        if not FONT_FILE.exists():
            raise FontMissing(str(FONT_FILE))
        super().__init__(orientation="landscape" if lying else "portrait", format="A4")
        self.set_creation_date(dated_at.astimezone(UTC))  # not the clock: the same receipt prints the same bytes
        self.set_producer("ClassProof")
        self.set_title(f"{title} {number}")
        self.set_lang("zh-CN")
        self.set_margins(22, 22)
        self.set_auto_page_break(True, 20)
        self.add_font(FONT, fname=str(FONT_FILE))
        self._number = number
        self._waiting: list[Waiting] = []
        self.add_page()
        self.set_font(FONT, size=20)
        self.cell(0, 14, title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FONT, size=10)
        self.cell(0, 7, f"编号：{number}", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def pdf(self) -> bytes:
        """The finished paper; the font file is closed with it, not when somebody collects the garbage."""
        self._print()
        data = bytes(self.output())
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()
        return data

    def footer(self) -> None:
        """Number and page on every page."""
        self.set_y(-15)
        self.set_font(FONT, size=8)
        self.cell(0, 6, f"{self._number} · {self.page_no()}", align="C")

    def facts(self, pairs: list[tuple[str, str]]) -> None:
        """Label and value, one under another; long values wrap."""
        self.set_font(FONT, size=10.5)
        for label, value in pairs:
            text = self.wrapped(chinese_dates(value), self.epw - LABEL_MM)
            self._waiting.append(Waiting(Part.ROW, 6 * (text.count("\n") + 1) + 3, partial(self._row, label, text)))

    def _row(self, label: str, text: str) -> None:
        if self.will_page_break(9):  # a label never stays behind on the page that its value left
            self.add_page()
        self.set_font(FONT, size=10.5)
        self.set_draw_color(205)
        top = self.get_y()
        self.set_xy(self.l_margin, top + 1.5)
        self.cell(LABEL_MM, 6, label)
        self.set_xy(self.l_margin + LABEL_MM, top + 1.5)
        self.multi_cell(0, 6, text, wrapmode=WrapMode.CHAR, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        bottom = self.get_y() + 1.5
        self.line(self.l_margin, bottom, self.w - self.r_margin, bottom)
        self.set_y(bottom)

    def wrapped(self, text: str, width_mm: float) -> str:
        """Lines that fit; marks stay with what they belong to, and no number or code is torn unless it fills a line alone."""
        room = width_mm - 2 * self.c_margin
        lines: list[str] = []
        for given in text.split("\n"):
            line = ""
            for letter in given:
                if line and self.get_string_width(line + letter) > room:
                    kept = _kept_of(line, letter)
                    lines.append(kept)
                    line = line[len(kept) :]
                line += letter
            lines.append(line)
        return "\n".join(lines)

    def heading(self, text: str) -> None:
        """A small heading, never alone at the foot of a page."""
        self._waiting.append(Waiting(Part.HEADING, 13, partial(self._heading, text)))

    def _heading(self, text: str) -> None:
        if self.will_page_break(30):
            self.add_page()
        self.set_y(self.get_y() + 4)
        self._line(text, 12.5, 9)

    def paragraph(self, text: str, *, size: float = 10.5) -> None:
        """Running text."""
        self.set_font(FONT, size=size)
        for place, line in enumerate(self.wrapped(chinese_dates(text), self.epw).split("\n")):
            part = Part.LINE if place else Part.FIRST_LINE
            self._waiting.append(Waiting(part, size * 0.58, partial(self._line, line, size, size * 0.58)))

    def _line(self, text: str, size: float, height_mm: float, align: str = "L") -> None:
        self.set_font(FONT, size=size)
        self.cell(0, height_mm, text, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def gap(self, height_mm: float) -> None:
        """Room between two parts."""
        self._waiting.append(Waiting(Part.GAP, height_mm, partial(self.ln, height_mm)))

    def turn(self) -> None:
        """What follows begins a page of its own."""
        self._print()
        self.add_page()

    def _print(self, last: int = 0) -> None:
        """Print what waits, all but the `last` parts."""
        ready, self._waiting = self._waiting[: len(self._waiting) - last], self._waiting[len(self._waiting) - last :]
        for one in ready:
            one.draw()

    def ruled(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int], left: int, size: float = 9.5) -> None:
        """A ruled table, its head repeated on every page. `widths`: shares; the first `left` columns are text, the rest figures."""
        self._print()
        self.set_font(FONT, size=size)
        self.set_draw_color(120)
        align = tuple("LEFT" if place < left else "RIGHT" for place in range(len(heads)))
        plain = FontFace(emphasis="", fill_color=235)
        with self.table(
            col_widths=tuple(widths), text_align=align, line_height=size * 0.6, headings_style=plain, wrapmode=WrapMode.CHAR, padding=0.6
        ) as grid:
            for cells in (heads, *rows):
                line = grid.row()
                for cell in cells:
                    line.cell(cell)

    def picture(self, jpeg: bytes, *, width_mm: float = 96.0) -> None:
        """One picture, centred. Bytes that begin like a picture and are none are said to be so: a paper is printed whatever a phone handed in."""
        self._print()
        self.ln(2)
        try:
            self.image(io.BytesIO(jpeg), x=(self.w - width_mm) / 2, w=width_mm)
        except OSError:  # PIL's UnidentifiedImageError is one, a truncated file another
            self.paragraph("（该图片无法打印，原文件以校验值为准。）")
        self.ln(2)

    def signature(self, office: str, dated: date, *, signer: str = "", below: str = "") -> None:
        """Who signed, office and date at the right with room for the seal (印章) over both, then `below` in small print; never torn apart.

        The last lines of the text stay with it. On a page that is nearly full the gaps shrink before anything goes to the next page.
        """
        self.set_font(FONT, size=8.5)
        small = self.wrapped(below, self.epw).split("\n") if below else []
        solid_mm = SEAL_MM + (10.5 * 0.58 if signer else 0) + 8.5 * 0.58 * len(small)
        kept = self._kept()
        self._print(last=kept)
        text_mm = sum(one.height_mm for one in self._waiting)
        fitting = [gaps for gaps in GAPS_MM if not self.will_page_break(text_mm + solid_mm + sum(gaps))]
        if not fitting:
            self.add_page()
        before, between, after = fitting[0] if fitting else GAPS_MM[0]
        self._print()
        self.ln(before)
        if signer:
            self._line(signer, 10.5, 10.5 * 0.58)
            self.ln(between)
        self._line(office, 11, 8, "R")
        self._line(day_text(dated), 11, 8, "R")
        self._line("（印章）", 8, 5, "R")
        self.ln(after)
        for line in small:
            self._line(line, 8.5, 8.5 * 0.58)

    def _kept(self) -> int:
        """How many of the waiting parts stay with the signature: two lines or rows, the heading over them, and no first line left alone."""
        lines = 0
        for count, one in enumerate(reversed(self._waiting), start=1):
            lines += one.part in (Part.FIRST_LINE, Part.LINE, Part.ROW)
            over = self._waiting[-count - 1].part if count < len(self._waiting) else None
            torn = over is Part.HEADING or (over is Part.FIRST_LINE and one.part is Part.LINE)
            if lines >= LINES_KEPT and not torn:
                return count
        return len(self._waiting)


def _kept_of(line: str, letter: str) -> str:
    """What of a full `line` stays on it when `letter` follows. What stands before a closing mark goes down; opening marks and begun codes do too."""
    kept = line
    if letter in NOT_FIRST:
        kept = line.rstrip("".join(NOT_FIRST))[:-1] or line
    begun = CODE.search(kept)
    if begun and CODE.fullmatch(begun.group() + (line + letter)[len(kept)]):
        kept = kept[: begun.start()].rstrip(NOT_LAST) or kept
    return kept.rstrip(NOT_LAST) or kept


@cache
def font_is_there() -> bool:
    """Whether papers can be printed on this installation."""
    return FONT_FILE.exists()
