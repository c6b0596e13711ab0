"""A player's range header is answered in bounded pieces or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.playback import MAX_CHUNK_BYTES, parse_range
from storage.kernel.errors import InvalidInput


@pytest.mark.parametrize(
    ("header", "piece"), [(None, (0, 100)), ("bytes=0-0", (0, 1)), ("bytes=90-", (90, 100)), ("bytes=-5", (95, 100)), ("bytes=0-999", (0, 100))]
)
def test_a_range_is_half_open_and_ends_with_the_file(header: str | None, piece: tuple[int, int]) -> None:
    assert parse_range(header, 100) == piece


@pytest.mark.parametrize("header", ["bytes=-", "bytes=100-", "bytes=5-4", "bytes=0-1,3-4", "items=0-1", "bytes=-0", ""])
def test_a_range_that_makes_no_sense_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput):
        parse_range(header, 100)


@given(st.integers(1, 1 << 40), st.integers(0, 1 << 41))
def test_no_answer_is_longer_than_a_chunk(size: int, start: int) -> None:
    if start >= size:
        with pytest.raises(InvalidInput):
            parse_range(f"bytes={start}-", size)
    else:
        first, end = parse_range(f"bytes={start}-", size)
        assert first == start
        assert 0 < end - first <= MAX_CHUNK_BYTES
