"""The check of an institution's own copy: when it is owed, which stretch, which answer, until when. R73; Q3, F-14. Every limit on both sides."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.footage.copy_rules import KIB, CopyRule, Standing, due_at, is_owed, right_answer, standing, stretch

RULE = CopyRule(copy_check_every_days=10, copy_check_hours=72, copy_check_kib=4)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_the_first_check_is_owed_at_once_and_the_next_after_its_days() -> None:
    assert is_owed(None, NOW, RULE)
    assert not is_owed(NOW - timedelta(days=10) + SECOND, NOW, RULE)
    assert is_owed(NOW - timedelta(days=10), NOW, RULE)


def test_the_hours_end_on_the_second() -> None:
    due = due_at(NOW, RULE)
    assert due == NOW + timedelta(hours=72)
    assert standing(matches=None, due=due, now=due - SECOND) is Standing.ASKED
    assert standing(matches=None, due=due, now=due) is Standing.UNANSWERED


@pytest.mark.parametrize(("matches", "wanted"), [(True, Standing.KEPT), (False, Standing.WRONG)])
def test_an_answer_stands_whatever_time_passes(matches: bool, wanted: Standing) -> None:
    assert standing(matches=matches, due=NOW, now=NOW - SECOND) is wanted
    assert standing(matches=matches, due=NOW, now=NOW + timedelta(days=900)) is wanted


@given(size=st.integers(1, 10**12), chance=st.integers(0, 2**128))
def test_the_stretch_lies_within_the_file_and_is_as_long_as_the_policy_says(size: int, chance: int) -> None:
    offset, length = stretch(size, chance, RULE)
    assert length == min(size, 4 * KIB)
    assert offset >= 0 and offset + length <= size


def test_every_place_of_a_file_can_be_asked_for() -> None:
    size = 4 * KIB + 3
    assert {stretch(size, chance, RULE)[0] for chance in range(100)} == {0, 1, 2, 3}
    assert stretch(4 * KIB, 99, RULE) == (0, 4 * KIB)
    assert stretch(7, 99, RULE) == (0, 7), "a small file is asked for whole"


def test_the_answer_is_the_hash_of_nonce_and_bytes_and_an_old_answer_is_none() -> None:
    assert right_answer(b"n" * 16, b"data") == hashlib.sha256(b"n" * 16 + b"data").digest()
    assert right_answer(b"n" * 16, b"data") != right_answer(b"m" * 16, b"data")
    assert right_answer(b"n" * 16, b"data") != right_answer(b"n" * 16, b"datb")
