"""What the build brings out of wheels: the reviewed htmx, and a font a PDF can carry."""

import io
import shutil
import subprocess

import pytest
from fontTools.ttLib import TTFont
from fpdf import FPDF

from api.pages.assets import DOCUMENT_FONT, STATIC_DIR
from hatch_build import HTMX_SHA256, StaleAsset, document_characters, sha256_hex, take_htmx

LINES = ("古县人力资源和社会保障局", "2026年11月24日 09:13，课证回执（录像）", "“保存期限”《办法》第3条：12,345.67 元 SHA-256")


def test_htmx_is_the_reviewed_file_with_its_licence() -> None:
    assert sha256_hex(STATIC_DIR / "vendor" / "htmx.min.js") == HTMX_SHA256
    assert "Zero-Clause BSD" in (STATIC_DIR / "vendor" / "htmx.LICENSE.txt").read_text(encoding="utf-8")


def test_another_htmx_than_the_reviewed_one_stops_the_build(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("hatch_build.HTMX_SHA256", "0" * 64)
    with pytest.raises(StaleAsset):
        take_htmx(tmp_path)
    assert not (tmp_path / "htmx.min.js").exists()


def test_the_document_font_has_every_character_a_clerk_types() -> None:
    with TTFont(DOCUMENT_FONT) as font:
        present = set(font.getBestCmap())
        assert "glyf" in font
    gb2312 = {code for code in document_characters() if 0x4E00 <= code <= 0x9FFF}
    assert len(gb2312) == 6763  # levels 1 and 2
    assert gb2312 <= present
    assert {ord(c) for line in LINES for c in line} <= present
    assert (DOCUMENT_FONT.parent / "OFL.txt").exists()


def test_a_pdf_carries_the_font_and_its_text_can_be_taken_out_again() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.add_font("document", "", DOCUMENT_FONT)
    pdf.set_font("document", size=12)
    for line in LINES:
        pdf.cell(text=line, new_x="LMARGIN", new_y="NEXT")
    data = bytes(pdf.output())
    assert len(data) < 60_000  # only the glyphs used
    tool = shutil.which("pdftotext")
    assert tool, "pdftotext (poppler-utils) is missing: run make system"
    text = subprocess.run([tool, "-", "-"], input=data, capture_output=True, check=True).stdout.decode()
    assert io.StringIO(text).read().split() == " ".join(LINES).split()
