"""Looks: the right pictures at the right times, for the bytes of those pictures, whatever the container; a stop and a resume change nothing."""

from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from storage.media import matroska
from storage.media.cut import cut
from storage.media.errors import UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.looks import ALL_KEYS, Batch, Density, read_looks
from storage.media.packets import from_bytes as packets_from_bytes
from storage.media.source import FileSource
from storage.media.still import frame_at, keyframe_at
from tests.screened import film
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


FAR = Scene(seconds=104, gop=1000, sound=True, b_frames=2)  # a key frame in 40 seconds
EVERY_STEP = [(n * 10_000, n * 250) for n in range(11)]


@pytest.mark.parametrize("container", CONTAINERS)
def test_between_key_frames_that_lie_far_apart_pictures_are_decoded(tmp_path: Path, container: str) -> None:
    path = record(FAR) if container == "mp4" else remux(record(FAR), tmp_path / f"film.{container}", container)
    batches = _looks(path, Density(10_000))
    found = _numbers(batches)
    off_ms = 80 if container == "avi" else 0  # it has no times of its own: pictures shown out of order are told up to two pictures off
    assert all(abs(shown - at) <= off_ms for (shown, _), (at, _) in zip(found, EVERY_STEP, strict=True))
    assert all(abs(shown - number * 40) <= off_ms for shown, number in found)
    assert [batch.missing_ms for batch in batches] == [[]] * len(batches)
    assert _numbers(_looks(path, Density(10_000), start_ms=batches[0].until_ms)) == found[4:]
    close = [at for at, _ in _numbers(_looks(path, ALL_KEYS, start_ms=15_000, end_ms=25_000))]
    assert all(abs(at - wanted) <= 5 * off_ms for at, wanted in zip(close, range(15_000, 25_000, 2000), strict=True))


def test_an_mp4_that_names_no_key_frame_is_looked_at_or_said_to_be_unseen(tmp_path: Path) -> None:
    data = record(FAR).read_bytes()
    at = data.index(b"stss") + 8
    path = tmp_path / "no-keys.mp4"
    path.write_bytes(data[:at] + bytes(4) + data[at + 4 :])
    (batch,) = _looks(path, Density(10_000))
    assert len({*(at for at, _ in batch.looks), *batch.missing_ms}) == len(EVERY_STEP)


def test_a_stretch_that_is_too_long_to_decode_is_missing_but_for_its_key_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.media.sparse.MOST_STRETCH_MS", 39_000)
    batches = _looks(record(FAR), Density(10_000))
    assert [at for at, _ in _numbers(batches)] == [0, 40_000, 80_000, 90_000, 100_000]
    assert [batch.missing_ms for batch in batches] == [[10_000, 20_000, 30_000], [50_000, 60_000, 70_000], []]


def test_a_leap_of_time_between_key_frames_is_nothing_to_look_at(tmp_path: Path) -> None:
    path = film(tmp_path / "leap.mp4", ((20.0, "busy"),), leap_ms=(11_000, 3_600_000))
    assert [at for batch in _looks(path, Density(10_000)) for at, _ in batch.looks] == [0, 10_000, 3_612_000]


def _flat(target: Path) -> Path:
    """Twenty seconds of plain grey, lighter with each second, a key frame in each: so small that a cluster of Matroska holds several of them."""
    with av.open(str(target), "w") as out:
        video: Any = out.add_stream("libx264", rate=10)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt, video.options = 320, 180, "yuv420p", {"x264-params": "keyint=10:min-keyint=10:scenecut=0:bframes=0"}
        for n in range(200):
            grey = np.full((270, 320), 128, np.uint8)
            grey[:180] = 16 + n // 10 * 8
            out.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="yuv420p")))
        out.mux(video.encode(None))
    return target


def test_of_several_key_frames_in_a_cluster_the_wanted_one_is_seen_and_no_other(tmp_path: Path) -> None:
    path = _flat(tmp_path / "flat.mkv")
    index = from_bytes(inspect_and_index(path).index)
    level = [round((16 + n * 8 - 16) * 255 / 219) for n in range(20)]  # of the full range of grey
    with FileSource(path) as source:
        assert len(matroska.clusters(source)) < len(level) // 2
        (batch,) = read_looks(source, index, ALL_KEYS)
        assert [(at, round(luma.mean())) for at, luma in batch.looks] == [(n * 1000, pytest.approx(grey, abs=1)) for n, grey in enumerate(level)]
        for at_ms in (3500, 7500, 15_500):
            for jpeg in (frame_at(source, index, at_ms).jpeg, keyframe_at(source, index, at_ms)):
                picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
                assert picture is not None
                assert picture.mean() == pytest.approx(level[at_ms // 1000], abs=2)
        dense = [luma.mean() for part in read_looks(source, index, Density(1000, full=True), start_ms=7500, end_ms=9500) for _, luma in part.looks]
        assert dense == [pytest.approx(grey, abs=1) for grey in level[7:9]]
        clip = tmp_path / "clip.mp4"
        cut(source, index, 7000, 9000, clip)
    with av.open(str(clip)) as made:
        assert next(made.decode(video=0)).to_ndarray()[:180].mean() == pytest.approx(16 + 7 * 8, abs=2)


def test_a_picture_shown_before_the_first_one_moves_no_other(tmp_path: Path) -> None:
    data = bytearray(record(FILM).read_bytes())
    table = data.index(b"ctts")
    data[table + 4] = 1  # offsets may be negative
    entries = int.from_bytes(data[table + 8 : table + 12], "big")
    at = table + 12 + 8 * (entries // 2 + 5) + 4  # of a picture between two key frames
    data[at : at + 4] = (-(1 << 22) * 4).to_bytes(4, "big", signed=True)
    path = tmp_path / "before.mp4"
    path.write_bytes(data)
    assert [one for one in _numbers(_looks(path, ALL_KEYS)) if one[0] >= 0] == [(n * 2000, n * 50) for n in range(12)]
    inspected = inspect_and_index(path)
    assert packets_from_bytes(inspected.packets).shown_ms.min() < -10_000
    assert from_bytes(inspected.index).duration_ms <= inspected.facts.duration_ms


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
