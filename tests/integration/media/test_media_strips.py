"""Strips: the rows asked for of the pictures asked for, at their media time, for the bytes they need, whatever the container. F-19."""

from pathlib import Path

import numpy as np
import pytest

from storage.media import strips
from storage.media.errors import UnreadableMedia
from storage.media.index import MarkIndex, SampleIndex, from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.source import FileSource
from storage.media.strips import Strips, key_strips, rows_of, stretch_strips
from tests.integration.media.test_media_looks import _film
from tests.videos import number_in

WHOLE = [(0, 1000)]
EDGES = [(0, 150), (850, 1000)]


def _index(path: Path) -> SampleIndex | MarkIndex:
    return from_bytes(inspect_and_index(path).index)


def _numbers(found: Strips) -> list[tuple[int, int]]:
    return [(at, number_in(luma)) for at, luma in zip(found.media_ms.tolist(), found.luma, strict=True)]


@pytest.mark.parametrize("container", ["mp4", "mp4-fragmented", "mkv", "ts", "ps"])
def test_chosen_key_frames_come_at_their_media_time(tmp_path: Path, container: str) -> None:
    path = _film(tmp_path, container)
    with FileSource(path) as source:
        found = key_strips(source, _index(path), [0, 3, 11], WHOLE, scratch=tmp_path)
    assert _numbers(found) == [(0, 0), (6000, 150), (22_000, 550)]
    assert found.luma.shape[1:] == (found.height_px, found.width_px)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "ps"])
def test_a_stretch_comes_picture_by_picture(tmp_path: Path, container: str) -> None:
    path = _film(tmp_path, container)
    with FileSource(path) as source:
        found = stretch_strips(source, _index(path), 5000, 9000, 1000, WHOLE, scratch=tmp_path)
    assert _numbers(found) == [(5000, 125), (6000, 150), (7000, 175), (8000, 200)]


def test_only_the_rows_asked_for_come_out_and_only_the_bytes_of_key_frames_are_read(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    index = _index(path)
    assert isinstance(index, SampleIndex)
    with FileSource(path) as source:
        whole = key_strips(source, index, [2, 5], WHOLE)
        edges = key_strips(source, index, [2, 5], EDGES)
    top, bottom = (slice(*rows_of(band, whole.height_px)) for band in EDGES)
    assert np.array_equal(edges.luma, np.concatenate([whole.luma[:, top], whole.luma[:, bottom]], axis=1))
    keys = np.flatnonzero(index.video.keys)
    assert edges.bytes_read == int(index.video.sizes[keys[[2, 5]]].sum())
    assert edges.requests == 2


def test_a_child_that_answers_more_than_was_agreed_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "MOST_WIDTH_PX", 10)
    path = _film(tmp_path, "mp4")
    with FileSource(path) as source, pytest.raises(UnreadableMedia):
        key_strips(source, _index(path), [0], WHOLE)


def test_no_more_is_asked_for_than_is_meant(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    with FileSource(path) as source:
        index = _index(path)
        for numbers in ([], list(range(strips.MOST_PICTURES + 1))):
            with pytest.raises(ValueError, match="at a time"):
                key_strips(source, index, numbers, WHOLE)
        for span in ((5000, 5000), (0, strips.MOST_STRETCH_MS + 1)):
            with pytest.raises(ValueError, match="too long"):
                stretch_strips(source, index, *span, 1000, WHOLE)


def test_pictures_that_cannot_be_decoded_are_missing(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    index = _index(path)
    assert isinstance(index, SampleIndex)
    keys = np.flatnonzero(index.video.keys)
    index.video.sizes[keys[3]] = 8
    with FileSource(path) as source:
        assert key_strips(source, index, [2, 3, 4], WHOLE).media_ms.tolist() == [4000, 8000]
        index.video.sizes[keys] = 8
        assert len(key_strips(source, index, [2, 3], EDGES).media_ms) == 0
