"""Marks are the same wherever a recording was cut, and a pair needs several of them on one distance. F-05; R60."""

import itertools

import numpy as np
import pytest

from supervision.screening.looks import Packets
from supervision.screening.packet_marks import LEAST_BYTES, REACH_MS, Mark, marks, one_lag


def packets(seed: int, first: int = 0, last: int = 6000, size: int = 900) -> Packets:
    """Ten pictures a second; picture n is the same whichever piece it stands in."""
    hashes = np.random.default_rng(seed).integers(0, 1 << 63, 6000, dtype=np.uint64)[first:last]
    n = len(hashes)
    return Packets(np.full(n, size), np.arange(n) * 100, np.zeros(n, bool), hashes)


def test_a_piece_has_the_marks_of_its_inside():
    whole, piece = marks(packets(1)), marks(packets(1, 1000, 4000))
    inside = {m.hash for m in whole if 100_000 + REACH_MS <= m.shown_ms < 400_000 - REACH_MS}
    assert inside
    assert inside <= {m.hash for m in piece}
    assert all(b.shown_ms - a.shown_ms > REACH_MS for a, b in itertools.pairwise(whole))
    assert 600_000 / REACH_MS / 3 <= len(whole) <= 600_000 / REACH_MS


def test_pictures_that_say_nothing_changed_and_recordings_without_hashes_have_no_marks():
    assert marks(packets(1, size=LEAST_BYTES - 1)) == []
    assert marks(packets(1, size=LEAST_BYTES)) != []
    assert marks(Packets(np.full(5, 900), np.arange(5), np.zeros(5, bool), np.zeros(0, np.uint64))) == []


@pytest.mark.parametrize(("same", "told"), [(2, False), (3, True)])
def test_so_many_different_pictures_must_lie_on_one_distance(same, told):
    pairs = [(Mark(n, n * 30_000), Mark(n, n * 30_000 + 7_000)) for n in range(same)]
    pairs += [(Mark(90, 5_000), Mark(90, 400_000)), (Mark(91, 6_000), Mark(91, 90_000))]
    found = one_lag(pairs, 3)
    assert (found is not None) is told
    if found is not None:
        assert found[0] == 7_000
        assert len(found[1]) == same


def test_one_picture_met_again_and_again_is_one_picture():
    assert one_lag([(Mark(1, 0), Mark(1, 100))] * 5, 3) is None
