"""The index of a stored recording comes back as it was, and a day of packets is in memory once."""

import tracemalloc

import numpy as np
import pytest

from storage.media.errors import UnreadableMedia
from storage.media.index import SampleIndex, from_bytes
from storage.media.track import Track

COLUMNS = ("offsets", "sizes", "decoded", "shown", "keys")


def made(count: int) -> SampleIndex:
    """Pictures in and out of order, and sound between them."""
    sizes = np.random.default_rng(1).integers(100, 9000, count)
    ends, at = np.cumsum(sizes), np.arange(count, dtype=np.int64) * 3600
    shift = np.where(np.arange(count) % 3, 3600, 0)
    video = Track("video", "h264", 1, 90_000, b"h", b"d", 7, ends - sizes, sizes, at, at + shift, np.arange(count) % 50 == 0)
    sound = Track("audio", "aac", 2, 48_000, b"h", b"d", 0, ends + (1 << 33), sizes, at, at, np.ones(count, bool))
    return SampleIndex((video, sound))


def test_an_index_comes_back_as_it_was() -> None:
    index = made(1000)
    back = from_bytes(index.to_bytes())
    assert isinstance(back, SampleIndex)
    for one, other in zip(index.tracks, back.tracks, strict=True):
        assert (one.kind, one.timescale, one.origin) == (other.kind, other.timescale, other.origin)
        for name in COLUMNS:
            assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_reading_an_index_takes_little_more_than_the_index() -> None:
    data = made(300_000).to_bytes()
    tracemalloc.start()
    try:
        back = from_bytes(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(back, SampleIndex)
    held = sum(getattr(track, name).nbytes for track in back.tracks for name in COLUMNS)
    assert peak < 1.2 * held


@pytest.mark.parametrize("spoilt", [b"", b"CPIX1", made(1000).to_bytes()[:-100], made(1000).to_bytes()[:40], b"CPIX1" + bytes(100)])
def test_what_is_no_index_is_damaged(spoilt: bytes) -> None:
    with pytest.raises(UnreadableMedia):
        from_bytes(spoilt)
