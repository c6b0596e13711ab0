"""Segments from presentation times, the hash that survives remuxing, where key frames lie: pure parts of storage.media."""

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from storage.media import nal
from storage.media.index import MarkIndex
from storage.media.matroska import MOST_BLOCKS, entered_at
from storage.media.select import key_frame_bytes, key_frame_sizes, ranges
from storage.media.timeline import Timeline


def _measure(times_ms: list[int], tolerance_ms: int = 1000) -> Timeline:
    line = Timeline(tolerance_ms * 1000, 1000)
    for at in times_ms:
        line.place(at * 1000, at * 1000)
    return line


def test_pictures_in_any_decode_order_make_one_segment() -> None:
    times = [n * 40 for n in range(100)]
    shuffled = [times[i ^ 1] for i in range(100)]
    assert _measure(shuffled).finish() == _measure(times).finish()
    assert _measure(times).finish().segments == ((0, 4000),)


@given(st.integers(2, 50), st.integers(1001, 500_000), st.integers(2, 50))
def test_a_jump_longer_than_the_tolerance_ends_a_segment_exactly(before: int, jump_ms: int, after: int) -> None:
    first = [n * 40 for n in range(before)]
    second = [first[-1] + jump_ms + n * 40 for n in range(after)]
    segments = _measure(first + second).finish().segments
    assert len(segments) == 2
    assert segments[0][0] == 0 and abs(segments[0][1] - before * 40) <= 1
    assert segments[1][0] == first[-1] + jump_ms


@given(st.integers(1, 1000))
def test_a_gap_up_to_the_tolerance_is_not_a_gap(jump_ms: int) -> None:
    assert len(_measure([0, 40, 80, 80 + jump_ms, 120 + jump_ms]).finish().segments) == 1


def test_a_clock_that_starts_again_goes_on_in_media_time() -> None:
    slice_ms = [n * 40 for n in range(250)]
    line = _measure(slice_ms + slice_ms)
    assert line.finish().segments == ((0, 20_000),)
    assert line.jumps == 1


def test_a_start_that_is_not_zero_is_measured_from_the_first_picture() -> None:
    assert _measure([90_000 + n * 40 for n in range(25)]).finish().segments == ((0, 1000),)


UNITS = st.lists(st.binary(min_size=1, max_size=40).map(lambda b: b.replace(b"\0", b"\1")), min_size=1, max_size=8)


@given(UNITS)
def test_units_are_the_same_behind_start_codes_and_behind_lengths(found: list[bytes]) -> None:
    annex_b = b"".join(b"\0\0\0\1" + u for u in found)
    lengths = b"".join(len(u).to_bytes(4, "big") + u for u in found)
    assert list(nal.units(annex_b, 0)) == list(nal.units(lengths, 4)) == found
    assert nal.is_annex_b(annex_b, 0) and not nal.is_annex_b(lengths, 4)


def test_only_slices_count() -> None:
    assert [n for n in range(32) if nal.is_vcl("h264", bytes((0x60 | n, 1)))] == [1, 2, 3, 4, 5]
    assert nal.is_vcl("hevc", bytes((19 << 1, 1))) and not nal.is_vcl("hevc", bytes((32 << 1, 1)))


def test_neighbouring_ranges_are_one_request_while_the_waste_stays_small() -> None:
    runs = ((0, 100), (105, 200), (900, 1000))
    assert ranges(runs, 10) == [(0, 200), (900, 1000)]
    assert ranges(runs, 0) == list(runs)
    assert ranges(runs, 1000) == [(0, 1000)]


def _marks(count: int) -> MarkIndex:
    place = np.arange(count, dtype=np.int64) * 40 + 1000
    return MarkIndex("mkv", "matroska", "h264", None, b"", 1000 + count * 40, place - 8, place, place * 10, place * 10, np.ones(count, np.int64))


def test_the_ranges_of_many_key_frames_are_those_of_each() -> None:
    index = _marks(50)
    marks = np.array([0, 7, 20, 49])
    assert key_frame_sizes(index, marks).tolist() == [end - start for start, end in (key_frame_bytes(index, int(one)) for one in marks)]


def test_a_million_key_frames_are_measured_at_once() -> None:
    began = time.process_time()
    assert key_frame_sizes(_marks(1_000_000), np.arange(1_000_000)).sum() == 48_000_000
    assert time.process_time() - began < 10  # one after the other they took hours


def test_a_cluster_of_more_blocks_than_a_camera_writes_is_not_walked_through() -> None:
    head = bytes.fromhex("1f43b675") + b"\x01" + b"\xff" * 7 + bytes.fromhex("e78100")
    blocks = MOST_BLOCKS - 2
    for count, entered in ((blocks, True), (blocks + 1, False)):
        data = head + b"\xa3\x80" * count
        assert (entered_at(data + b"\xa3\x84", 0, len(data) + 3) is not None) is entered
