"""A figure tried on the held-out recordings, and the table that the product shows of them. R60; F-08, F-09."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from api.policy_trace import effect
from compliance.policy.book import Book
from supervision.screening import kept_looks, measured, rehearsal
from supervision.screening.errors import FigureNotTried
from supervision.screening.glances import Glances
from supervision.screening.kept_looks import Kept
from supervision.screening.looks import Code, Found, Packets
from supervision.screening.loop import LoopRule
from supervision.screening.packet_glances import LEAST_HOLE_MS, PacketGlances
from supervision.screening.pieces import PieceRule
from supervision.screening.recycled import RecycledRule
from supervision.screening.rehearsal import changed, found_in, table
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals.view_unusual import UsualRule

BOOK = Book.load()
ON = date(2026, 9, 1)
RULE = BOOK.read(ScreeningRule, on=ON)
STEP_MS, GOP_MS, LONG_MS = 10_000, 2_000, 600_000


def looks(every_ms: int, dark: tuple[int, int]) -> Glances:
    """A lively clear room that is dark between two moments."""
    at = np.arange(0, LONG_MS, every_ms, dtype=np.int64)
    night = (at >= dark[0]) & (at < dark[1])
    column = {
        "mean": np.where(night, 2, 120), "texture": np.where(night, 0, 0.8), "sharp": np.where(night, 0, 0.5),
        "still": np.full(len(at), 9), "moved": np.full(len(at), 60), "points": np.where(night, np.nan, 80),
        "shift": np.where(night, np.nan, 0), "angle": np.where(night, np.nan, 0), "scale": np.where(night, np.nan, 1000),
    }  # fmt: skip
    return Glances(at, *(column[one.name].astype(np.float32) for one in fields(Glances)[1:]))


def film(dark: tuple[int, int] = (0, 0), kind: str = "") -> Kept:
    return Kept(f"{kind or 'honest'}-{dark[0]}", kind, *dark, LONG_MS, (), looks(STEP_MS, dark), looks(GOP_MS, dark))


def row_of(films: Sequence[Kept], code: Code, rule: ScreeningRule = RULE) -> rehearsal.Row:
    return next(row for row in table(films, rule) if row.code is code)


def test_a_defect_is_found_to_the_key_frame_and_with_another_figure_it_is_not() -> None:
    made = film((200_000, 264_000), "black")
    (lead,) = found_in(made, RULE)
    assert (lead.code, lead.from_ms, lead.to_ms) == (Code.BLACK, 200_000, 264_000)
    assert row_of([made], Code.BLACK) == rehearsal.Row(Code.BLACK, "black", 1, 1, 0, LONG_MS / 3_600_000)
    longer = changed(RULE, "screening_black_s", 120)
    assert longer is not None
    assert row_of([made], Code.BLACK, longer).found == 0
    darker = changed(RULE, "screening_black_grey", 1)
    assert darker is not None
    assert row_of([made], Code.BLACK, darker).found == 0


def test_what_is_found_where_nothing_is_wrong_is_a_false_alarm_and_beside_a_defect_too() -> None:
    dark = film((200_000, 264_000))
    assert row_of([dark], Code.BLACK) == rehearsal.Row(Code.BLACK, "black", 0, 0, 1, LONG_MS / 3_600_000)
    elsewhere = Kept("frozen", "frozen", 400_000, 500_000, LONG_MS, (), dark.cheap, dark.near)
    assert (row_of([elsewhere], Code.FROZEN).tried, row_of([elsewhere], Code.FROZEN).found, row_of([elsewhere], Code.BLACK).false_alarms) == (1, 0, 1)


def test_a_lead_lies_on_the_defect_when_it_covers_half_of_it_and_hardly_more() -> None:
    def lead(from_ms: int, to_ms: int) -> Found:
        return Found(Code.BLACK, from_ms, to_ms, 0.0, 0.0, 500, from_ms)

    assert rehearsal.lies(lead(100_000, 150_000), 100_000, 200_000)
    assert not rehearsal.lies(lead(100_000, 149_999), 100_000, 200_000)
    assert rehearsal.lies(lead(90_000, 210_000), 100_000, 200_000)
    assert not rehearsal.lies(lead(89_999, 200_000), 100_000, 200_000)
    assert not rehearsal.lies(lead(100_000, 210_001), 100_000, 200_000)


def test_kept_looks_come_back_as_they_were_and_give_the_same_bytes(tmp_path: Path) -> None:
    films = [film((200_000, 264_000), "black"), film()]
    for name in ("one", "two"):
        kept_looks.write(films, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    back = kept_looks.read(tmp_path / "one")
    assert [(one.name, one.kind, one.begin_ms, one.end_ms, one.duration_ms, one.missing_ms) for one in back] == [
        (one.name, one.kind, one.begin_ms, one.end_ms, one.duration_ms, one.missing_ms) for one in films
    ]
    assert table(back, RULE) == table(films, RULE)
    np.testing.assert_allclose(back[0].near.mean, films[0].near.mean, rtol=1e-3)
    assert kept_looks.read(tmp_path / "none") == []


def still_between_looks() -> Packets:
    """Pictures without noise for twelve seconds, between two looks of the cheap pass; and a hole of twenty seconds."""
    shown = np.concatenate([np.arange(0, 400_000, 200), np.arange(420_000, LONG_MS, 200)])
    sizes = np.where((shown >= 301_000) & (shown < 314_000), 40, 1_000)
    return Packets(sizes, shown, shown % GOP_MS == 0, np.zeros(0, np.uint64))


def test_what_the_packets_say_is_kept_and_asks_for_the_same_closer_look(tmp_path: Path) -> None:
    """A freeze too short for two looks of the cheap pass: only the packets know of it, and only where they are kept it is found."""
    packets = PacketGlances.of(still_between_looks(), LONG_MS)
    one = film()
    near = one.near
    near.still[(near.media_ms > 300_000) & (near.media_ms <= 316_000)] = 0
    kept = replace(one, kind="frozen", begin_ms=300_000, end_ms=316_000, packets=packets)
    assert [(found.code, found.from_ms, found.to_ms) for found in found_in(kept, RULE)] == [
        (Code.FROZEN, 300_000, 316_000), (Code.TIME_JUMP, 399_800, 420_000)
    ]  # fmt: skip
    assert [found.code for found in found_in(replace(kept, packets=None), RULE)] == []
    kept_looks.write([kept], tmp_path / "kept", seen_under="one way")
    (back,) = kept_looks.read(tmp_path / "kept")
    assert (back.packets, back.case) == (packets, kept.case)
    assert kept_looks.seen_under(tmp_path / "kept") == "one way"
    longer = changed(RULE, "screening_jump_s", 21)
    assert longer is not None
    assert [found.code for found in found_in(back, longer)] == [Code.FROZEN]
    assert changed(RULE, "screening_jump_s", LEAST_HOLE_MS // 1000 - 1) is None


def test_key_frames_without_a_picture_are_those_of_the_looks_that_were_taken() -> None:
    """What the cheap pass did not ask for is not missing, whatever a pass over every key frame could not decode."""
    one = replace(film(), near_missing_ms=(300_000, 302_000, 304_000))
    assert found_in(one, RULE) == []
    gone = np.isin(one.cheap.media_ms, (300_000, 310_000), invert=True)
    twice = replace(one, cheap=one.cheap.where(gone), missing_ms=(300_000, 310_000))
    assert [(found.code, found.from_ms, found.to_ms) for found in found_in(twice, RULE)] == [(Code.UNDECODABLE, 300_000, 320_000)]


def test_films_that_are_added_later_stand_in_their_natural_order(tmp_path: Path) -> None:
    films = [replace(film(), name=name, kind=kind) for name, kind in (("room-10", ""), ("room-2", ""), ("black-1", "black"))]
    kept_looks.write(films, tmp_path / "some")
    assert [one.name for one in kept_looks.read(tmp_path / "some")] == ["black-1", "room-2", "room-10"]


def test_figures_that_the_looks_cannot_tell_of_are_not_tried() -> None:
    assert changed(RULE, "screening_step_s", 5) is None
    assert changed(RULE, "no_such_figure", 5) is None
    assert changed(RULE, "screening_black_s", -1) is None
    assert changed(RULE, "screening_black_s", rehearsal.MOST + 1) is None
    assert {one.name for one in fields(ScreeningRule)} >= set(rehearsal.DECIDES)
    with pytest.raises(FigureNotTried) as refused:
        list(effect(BOOK, "screening_step_s", 5, ON))
    assert refused.value.facts["parameter"] == "screening_step_s"


def test_every_figure_that_decides_a_lead_has_its_expected_error() -> None:
    decided = {**rehearsal.DECIDES, **measured.DECIDES}
    assert not set(rehearsal.DECIDES) & set(measured.DECIDES)
    assert set(decided) <= set(BOOK.parameters)
    for rule in (LoopRule, RecycledRule, PieceRule, UsualRule):
        assert {one.name for one in fields(rule)} - {"version"} <= set(decided), rule
    known = measured.read()
    assert {code for codes in decided.values() for code in codes} <= set(known)
    for code in {code for codes in measured.DECIDES.values() for code in codes}:
        assert known[code].recalls
        assert known[code].camera_hours or known[code].lessons


def test_the_table_of_the_product_is_what_the_figures_in_force_find_on_the_kept_looks() -> None:
    """Whoever changes a figure measures again: otherwise the page promises what the figures no longer do."""
    known = measured.read()
    for row in table(rehearsal.held_out(), RULE):
        shown = known[row.code]
        assert (shown.false_alarms, shown.camera_hours) == (row.false_alarms, round(row.camera_hours, 2)), row.code
        assert [(one.attack, one.tried, one.found) for one in shown.recalls if one.attack == row.attack] == (
            [(row.attack, row.tried, row.found)] if row.attack else []
        )


def test_the_effect_of_a_figure_is_told_in_lines() -> None:
    first, *lines = effect(BOOK, "screening_black_s", 400, ON)
    assert first.startswith("screening_black_s: ")
    assert "400 tried" in first
    black = next(line for line in lines if line.strip().startswith("black"))
    assert "-> 0/" in black
    assert len(lines) == len(rehearsal.EXPECTED)
