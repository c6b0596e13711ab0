"""Looks: the right pictures at the right times, for the bytes of those pictures, whatever the container; a stop and a resume change nothing."""

from pathlib import Path

import numpy as np
import pytest

from storage.media.errors import UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.looks import ALL_KEYS, Batch, Density, read_looks
from storage.media.packets import from_bytes as packets_from_bytes
from storage.media.source import FileSource
from tests.videos import Scene, number_in, record, remux

FILM = Scene(seconds=24, gop=50, sound=True, b_frames=2)
CONTAINERS = ("mp4", "mp4-end", "mp4-fragmented", "mkv", "ts", "avi", "ps")


def _film(folder: Path, container: str) -> Path:
    return record(FILM) if container == "mp4" else remux(record(FILM), folder / f"film.{container}", container)


def _looks(path: Path, density: Density, **more: int) -> list[Batch]:
    with FileSource(path) as source:
        return list(read_looks(source, from_bytes(inspect_and_index(path).index), density, scratch=path.parent, **more))  # type: ignore[arg-type]


def _numbers(batches: list[Batch]) -> list[tuple[int, int]]:
    return [(at, number_in(luma)) for batch in batches for at, luma in batch.looks]


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_key_frame_of_each_step_is_seen_at_its_media_time(tmp_path: Path, container: str) -> None:
    assert _numbers(_looks(_film(tmp_path, container), Density(10_000))) == [(0, 0), (10_000, 250), (20_000, 500)]


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_key_frame_is_seen_when_that_is_asked(tmp_path: Path, container: str) -> None:
    assert _numbers(_looks(_film(tmp_path, container), ALL_KEYS)) == [(n * 2000, n * 50) for n in range(12)]


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "ps"])
def test_a_dense_look_takes_pictures_between_key_frames(tmp_path: Path, container: str) -> None:
    assert _numbers(_looks(_film(tmp_path, container), Density(1000, full=True), start_ms=5000, end_ms=9000)) == [
        (5000, 125), (6000, 150), (7000, 175), (8000, 200),
    ]  # fmt: skip


def test_a_pass_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    whole = _looks(path, Density(2000), batch_looks=5)
    assert [len(batch.looks) for batch in whole] == [5, 5, 2]
    resumed = _looks(path, Density(2000), start_ms=whole[0].until_ms, batch_looks=5)
    assert _numbers(resumed) == _numbers(whole[1:])
    assert whole[-1].until_ms >= 24_000


def test_only_the_bytes_of_the_key_frames_are_read(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    facts = packets_from_bytes(inspect_and_index(path).packets)
    (batch,) = _looks(path, ALL_KEYS)
    assert batch.bytes_read == int(facts.sizes[facts.keys].sum())
    assert batch.requests == 12
    assert batch.peak_bytes < 200_000_000


def test_a_damaged_key_frame_is_missing_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    data = bytearray(record(FILM).read_bytes())
    index = from_bytes(inspect_and_index(record(FILM)).index)
    key = np.flatnonzero(index.video.keys)[3]  # type: ignore[union-attr]
    start, size = int(index.video.offsets[key]), int(index.video.sizes[key])  # type: ignore[union-attr]
    data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    with FileSource(path) as source:
        (batch,) = read_looks(source, index, ALL_KEYS)
    assert batch.missing_ms == [6000]
    assert len(batch.looks) == 11


def test_a_batch_that_hits_a_limit_is_refused_and_ends_there(tmp_path: Path) -> None:
    path = _film(tmp_path, "mp4")
    with FileSource(path) as source:
        (batch,) = read_looks(source, from_bytes(inspect_and_index(path).index), ALL_KEYS, limits=Limits(picture_px=1000))
    assert batch.refused == "picture-too-large"
    assert batch.looks == []
    assert len(batch.missing_ms) == 12


@pytest.mark.parametrize("container", CONTAINERS)
def test_the_packet_file_names_the_same_pictures_in_every_container(tmp_path: Path, container: str) -> None:
    mine = packets_from_bytes(inspect_and_index(record(FILM)).packets)
    other = packets_from_bytes(inspect_and_index(_film(tmp_path, container)).packets)
    assert len(mine) == FILM.frames
    assert np.array_equal(mine.hashes, other.hashes)
    assert np.array_equal(mine.keys, other.keys)
    assert mine.shown_ms.min() == 0
    assert sorted(mine.shown_ms.tolist())[:3] == [0, 40, 80]
    assert len(set(mine.hashes.tolist())) > FILM.frames * 0.9


def test_a_packet_file_that_is_none_is_refused() -> None:
    with pytest.raises(UnreadableMedia):
        packets_from_bytes(b"CPPK1" + b"x" * 40)
    with pytest.raises(UnreadableMedia):
        packets_from_bytes(b"")
