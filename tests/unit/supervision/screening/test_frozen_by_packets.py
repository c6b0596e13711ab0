"""A still whose key frames are coded now with this rounding, now with that: the packets between them say from when to when. R60, R72; F-08."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from compliance.policy.book import Book
from supervision.screening import closer
from supervision.screening.glances import Glances
from supervision.screening.looks import Code
from supervision.screening.packet_glances import PacketGlances, Spans
from supervision.screening.rehearsal import changed
from supervision.screening.rules import ScreeningRule
from supervision.screening.signals import frozen
from supervision.screening.signals.every import Seen, find_all

RULE = Book.load().read(ScreeningRule, on=date(2026, 11, 24))
MOST = RULE.screening_frozen_coded_looks
GOP_MS, LONG_MS = 2_000, 300_000
LIVELY, CODED, SAME = 9.0, 0.4, 0.0
BEGIN = 50  # number of the first look inside: the picture before it is the first of the still


def looks(inside: Sequence[float], *, moved: float = 1.0, every_ms: int = GOP_MS, first: int = BEGIN) -> Glances:
    """A lively clear room; from look `first` on nothing moves, and each look differs from the one before by so many grey levels."""
    at = np.arange(0, LONG_MS, every_ms, dtype=np.int64)
    column = {name: np.full(len(at), value, np.float32) for name, value in (("mean", 120), ("texture", 0.8), ("sharp", 0.5), ("still", LIVELY))}
    column |= {"moved": np.full(len(at), 60, np.float32)}
    column["still"][first : first + len(inside)] = inside
    column["moved"][first : first + len(inside)] = moved
    return Glances(at, *(column.get(one.name, np.full(len(at), np.nan, np.float32)) for one in fields(Glances)[1:]))


def told(glances: Glances, *stretches: tuple[int, int], rule: ScreeningRule = RULE) -> list[tuple[int, int]]:
    return [(one.from_ms, one.to_ms) for one in frozen.find(glances, LONG_MS, rule, stretches)]


ROUNDED = [CODED, CODED, CODED, SAME] * 4 + [CODED]  # 17 looks, from 98 s to 132 s
STRETCH = (97_000, 133_000)


def test_few_unchanged_looks_are_enough_where_the_packets_say_the_same_and_they_say_from_when_to_when() -> None:
    made = looks(ROUNDED)
    assert told(made) == []
    assert told(made, STRETCH) == [STRETCH]
    assert told(made, (99_000, 131_000)) == [(99_000, 131_000)]
    (lead,) = frozen.find(made, LONG_MS, RULE, [STRETCH])
    assert lead.figure <= lead.threshold  # of the unchanged ones: the others say what the encoder does
    assert lead.strength == 1000


def test_packets_of_a_quiet_room_say_nothing_as_long_as_every_look_differs() -> None:
    assert told(looks([CODED] * 30), (98_000, 158_000)) == []
    assert told(looks([CODED] * 10 + [SAME] + [CODED] * 10), (98_000, 142_000)) == []  # one may be chance


def test_what_moves_is_no_still_however_little_the_packets_hold() -> None:
    limit = RULE.screening_unmoving_change_milli / 1000
    assert told(looks(ROUNDED, moved=limit - 0.5), STRETCH) == [STRETCH]
    assert told(looks(ROUNDED, moved=limit), STRETCH) == []


@pytest.mark.parametrize(("more", "pieces"), [(0, 1), (1, 2)])
def test_unchanged_looks_belong_together_when_no_more_coded_ones_lie_between_than_the_figure_says(more: int, pieces: int) -> None:
    """screening_frozen_coded_looks: a quiet room between two stills of one long stretch leaves them two."""
    still = [SAME, CODED, CODED, CODED] * 3 + [SAME]
    made = looks([*still, *([CODED] * (MOST + more)), *still])
    stretch = (98_000, 98_000 + GOP_MS * (2 * len(still) + MOST + more))
    found = told(made, stretch)
    assert len(found) == pieces
    assert (found[0][0], found[-1][1]) == stretch
    other = changed(RULE, "screening_frozen_coded_looks", MOST + more)
    assert other is not None
    assert told(made, stretch, rule=other) == [stretch]


def test_a_quiet_room_around_a_still_is_not_taken_for_it() -> None:
    quiet, still = [CODED] * (MOST + 5), [SAME, CODED, CODED, CODED] * 5 + [SAME]
    from_ms = 98_000 + GOP_MS * len(quiet)
    stretch = (98_000, from_ms + GOP_MS * (len(still) + len(quiet)))
    assert told(looks([*quiet, *still, *quiet]), stretch) == [(from_ms, from_ms + GOP_MS * len(still))]


def test_a_still_of_twenty_seconds_is_told_though_its_encoder_settles_for_half_of_it() -> None:
    settling = [1.4, 1.2, 0.9, 0.5, SAME, SAME, SAME, SAME, SAME]  # ten seconds are unchanged, fifteen are asked for
    assert told(looks(settling)) == []
    assert told(looks(settling), (98_000, 116_000)) == [(98_000, 116_000)]


def test_a_stretch_elsewhere_moves_no_end() -> None:
    made = looks([SAME] * 20)
    assert told(made) == [(98_000, 138_000)]
    assert told(made, (40_000, 60_000), (200_000, 240_000)) == [(98_000, 138_000)]
    assert told(made, (60_000, 138_000)) == [(98_000, 138_000)]  # it began while somebody still moved
    assert told(made, (96_500, 139_500)) == [(96_500, 139_500)]  # between two looks the packets know better


def test_a_recording_asks_its_own_packets_and_one_without_them_does_without() -> None:
    made = looks(ROUNDED)

    def codes(packets: PacketGlances | None) -> list[Code]:
        return [one.code for one in find_all(Seen(made, [], packets, LONG_MS, 1080, True), RULE) if one.code is Code.FROZEN]

    assert codes(PacketGlances((), (), (STRETCH,))) == [Code.FROZEN]
    assert codes(PacketGlances((), (), ())) == []
    assert codes(None) == []


def stretches(shrunken: Spans, cheap: Glances) -> list[tuple[int, int]]:
    return closer.spans(cheap, LONG_MS, RULE, PacketGlances((), (), shrunken))


def test_of_a_long_stretch_of_packets_the_two_ends_are_looked_at_from_a_look_of_the_cheap_pass_on() -> None:
    """A closer stretch has compared its first look only where the cheap pass took it too; in the middle of a still it would end it."""
    cheap = looks([CODED] * 20, every_ms=10_000, first=10)
    assert stretches(((104_000, 118_000),), cheap) == [(90_000, 128_000)]
    assert stretches(((104_000, 188_000),), cheap) == [(90_000, 114_000), (170_000, 198_000)]
    seldom = replace(cheap, media_ms=cheap.media_ms + np.where(cheap.media_ms % 20_000, 2_000, 0))  # key frames four seconds apart
    assert stretches(((104_000, 188_000),), seldom) == [(92_000, 114_000), (172_000, 198_000)]
