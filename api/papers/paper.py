"""The base of every printed paper: A4, embedded Chinese font, the same bytes for the same content."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from fpdf import FPDF, FontFace
from fpdf.enums import WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

FONT_FILE: Final = Path(__file__).resolve().parent.parent / "static" / "vendor" / "fonts" / "ClassProofSansSC-Regular.ttf"
FONT: Final = "classproof"
LABEL_MM: Final = 34.0
NOT_FIRST: Final = frozenset("，。、；：？！）》〕】”’％,.;:?!)]}%…—")  # no line begins with one of these (行首禁则)


class FontMissing(RuntimeError):
    """The build step that makes the document font was not run: `make setup`."""


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
        self.add_page()
        self.set_font(FONT, size=20)
        self.cell(0, 14, title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FONT, size=10)
        self.cell(0, 7, f"编号：{number}", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2)

    def pdf(self) -> bytes:
        """The finished paper; the font file is closed with it, not when somebody collects the garbage."""
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
            if self.will_page_break(9):  # a label never stays behind on the page that its value left
                self.add_page()
            self.set_draw_color(205)
            top = self.get_y()
            self.set_xy(self.l_margin, top + 1.5)
            self.cell(LABEL_MM, 6, label)
            self.set_xy(self.l_margin + LABEL_MM, top + 1.5)
            self.multi_cell(
                0,
                6,
                self.wrapped(value, self.w - self.r_margin - self.get_x()),
                wrapmode=WrapMode.CHAR,
                align="L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )
            bottom = self.get_y() + 1.5
            self.line(self.l_margin, bottom, self.w - self.r_margin, bottom)
            self.set_y(bottom)

    def wrapped(self, text: str, width_mm: float) -> str:
        """Lines that fit, none of which begins with a mark that belongs to the end of one: the characters before it go down with it."""
        room = width_mm - 2 * self.c_margin
        lines: list[str] = []
        for given in text.split("\n"):
            line = ""
            for letter in given:
                if line and self.get_string_width(line + letter) > room:
                    kept = line
                    if letter in NOT_FIRST:
                        kept = line.rstrip("".join(NOT_FIRST))[:-1] or line
                    lines.append(kept)
                    line = line[len(kept) :]
                line += letter
            lines.append(line)
        return "\n".join(lines)

    def heading(self, text: str) -> None:
        """A small heading, never alone at the foot of a page."""
        if self.will_page_break(30):
            self.add_page()
        self.ln(4)
        self.set_font(FONT, size=12.5)
        self.cell(0, 9, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, text: str, *, size: float = 10.5) -> None:
        """Running text."""
        self.set_font(FONT, size=size)
        self.multi_cell(0, size * 0.58, self.wrapped(text, self.epw), align="L", wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def ruled(self, heads: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int], left: int, size: float = 9.5) -> None:
        """A ruled table, its head repeated on every page. `widths`: shares; the first `left` columns are text, the rest figures."""
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
        self.ln(2)
        try:
            self.image(io.BytesIO(jpeg), x=(self.w - width_mm) / 2, w=width_mm)
        except OSError:  # PIL's UnidentifiedImageError is one, a truncated file another
            self.paragraph("（该图片无法打印，原文件以校验值为准。）")
        self.ln(2)

    def signature(self, office: str, dated: str) -> None:
        """Office and date at the right, with room for the seal (印章) over both; never torn apart."""
        if self.will_page_break(40):
            self.add_page()
        self.set_font(FONT, size=11)
        self.cell(0, 8, office, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(0, 8, dated, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font(FONT, size=8)
        self.cell(0, 5, "（印章）", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


@cache
def font_is_there() -> bool:
    """Whether papers can be printed on this installation."""
    return FONT_FILE.exists()
