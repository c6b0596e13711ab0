"""Contrast of the tokens: text at least 4.5 on every ground it is used on, shapes and borders 3 (WCAG 1.4.3, 1.4.11)."""

import re

import pytest

from api.pages.assets import STATIC_DIR

INKS = ("ink", "ink-soft", "accent", "accent-strong", "ok", "attention", "bad")
GROUNDS = ("ground", "surface", "sunken")
PAIRS = [(i, g) for i in INKS for g in GROUNDS] + [("ink", w) for w in ("accent-wash", "ok-wash", "attention-wash", "bad-wash")]
PAIRS += [
    ("accent-ink", "accent"),
    ("accent-ink", "accent-strong"),
    ("accent", "accent-wash"),
    ("ink-soft", "accent-wash"),
    ("bad", "bad-wash"),
    ("accent", "attention-wash"),
]
EDGES = [(e, g) for e in ("line-strong", "focus") for g in GROUNDS]


def schemes() -> dict[str, dict[str, str]]:
    text = (STATIC_DIR / "css" / "tokens.css").read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    colours = re.compile(r"--([\w-]+):\s*(#[0-9a-f]{6})")
    return {"light": dict(colours.findall(light)), "dark": dict(colours.findall(light)) | dict(colours.findall(dark))}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme: str) -> None:
    tokens = schemes()[scheme]
    weak = {(ink, ground): round(contrast(tokens[ink], tokens[ground]), 2) for ink, ground in PAIRS if contrast(tokens[ink], tokens[ground]) < 4.5}
    assert not weak


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_focus_can_be_seen(scheme: str) -> None:
    tokens = schemes()[scheme]
    weak = {(e, g): round(contrast(tokens[e], tokens[g]), 2) for e, g in EDGES if contrast(tokens[e], tokens[g]) < 3}
    assert not weak


def test_no_other_file_names_a_colour() -> None:
    for name in ("base.css", "components.css"):
        text = (STATIC_DIR / "css" / name).read_text(encoding="utf-8")
        assert re.findall(r"#[0-9a-fA-F]{3,6}\b", text.replace("background: #000", "")) == []
