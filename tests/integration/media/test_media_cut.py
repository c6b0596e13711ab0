"""Clips and stills out of every container: the right pictures at the right times, at an honest price."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from storage.media.cut import cut
from storage.media.errors import NothingToCut, UnreadableMedia
from storage.media.index import build_index, from_bytes
from storage.media.inspect import inspect, inspect_and_index
from storage.media.source import FileSource, Metered
from storage.media.still import frame_at, keyframe_at, stills
from storage.media.strips import stretch_strips
from tests.videos import Scene, film, number_in, record

SCENE = Scene(seconds=20, noise=6)


def _shown(path: Path) -> list[tuple[int, int]]:
    """(milliseconds, number borne) of each picture of a clip."""
    with av.open(str(path)) as clip:
        video = clip.streams.video[0]
        return [(round(Fraction(f.pts) * (f.time_base or 0) * 1000), number_in(f.to_ndarray(format="gray"))) for f in clip.decode(video)]


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", ["mp4", "mp4-end", "mp4-fragmented", "mkv", "ts", "avi", "ps", "ps-without-map"])
def test_a_clip_shows_the_right_pictures_at_the_right_times(tmp_path: Path, container: str, codec: str) -> None:
    path = film(tmp_path / "lesson", container, Scene(seconds=20, noise=6, codec=codec))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        clip = cut(source, index, 7300, 12_500, tmp_path / "clip.mp4")
    assert clip.reencoded == (codec == "hevc")
    assert (clip.start_ms, clip.offset_ms) == ((6000, 1300) if codec == "h264" else (7300, 0))
    assert abs(clip.end_ms - 12_500) <= 80 and clip.requests == 1
    pictures = _shown(tmp_path / "clip.mp4")
    assert all(abs(clip.start_ms + at - number * 40) <= 2 for at, number in pictures)
    numbers = [number for _, number in pictures]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] == (150 if codec == "h264" else 183) and numbers[-1] in (312, 313)


@pytest.mark.parametrize("container", ["mp4", "mp4-end", "mp4-fragmented", "mkv", "ts"])
def test_pictures_stored_out_of_order_and_sound_stay_together(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "lesson", container, Scene(seconds=20, noise=6, b_frames=2, sound=True))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        clip = cut(source, index, 7300, 12_500, tmp_path / "clip.mp4")
    assert clip.has_audio
    pictures = _shown(tmp_path / "clip.mp4")
    first = pictures[0][0]
    assert first <= 80
    assert all(abs(clip.start_ms + at - first - number * 40) <= 2 for at, number in pictures)
    with av.open(str(tmp_path / "clip.mp4")) as made:
        sound = made.streams.audio[0]
        heard = list(made.decode(sound))
        length_ms = sum(f.samples for f in heard) * 1000 / sound.codec_context.sample_rate
    assert abs(length_ms - (clip.end_ms - clip.start_ms)) < 400


def test_one_read_of_hardly_more_than_the_packets_is_enough_for_interleaved_sound_and_picture(tmp_path: Path) -> None:
    path = film(tmp_path / "lesson", "mp4", Scene(seconds=90, width=640, height=352, noise=4, sound=True, crf=24))
    with FileSource(path) as source:
        index = build_index(source)
        clip = cut(source, index, 31_000, 61_000, tmp_path / "clip.mp4")
    assert clip.requests == 1 and clip.bytes_read / clip.packet_bytes <= 1.02
    facts = inspect(tmp_path / "clip.mp4")
    assert facts.has_audio and not facts.truncated and facts.segments == ((0, clip.end_ms - clip.start_ms),)


def test_a_copied_clip_holds_the_very_bytes_that_were_recorded(tmp_path: Path) -> None:
    path = record(SCENE)
    with FileSource(path) as source:
        clip = cut(source, build_index(source), 0, 20_000, tmp_path / "clip.mp4")
    assert inspect(tmp_path / "clip.mp4").packet_hash == inspect(path).packet_hash
    assert (clip.start_ms, clip.end_ms) == (0, 20_000)


@pytest.mark.parametrize("container", ["mp4", "mp4-end", "mp4-fragmented", "mkv"])
def test_an_index_made_at_inspection_equals_one_built_from_the_store(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "lesson", container, SCENE)
    made = inspect_and_index(path).index
    with FileSource(path) as file:
        source = Metered(file)
        built = build_index(source).to_bytes()
    assert built == made
    assert from_bytes(built).to_bytes() == built


def test_the_index_of_an_mp4_costs_at_most_two_reads(tmp_path: Path) -> None:
    for container in ("mp4", "mp4-end"):
        path = film(tmp_path / container, container, Scene(seconds=90, width=640, height=352, noise=12, crf=20))
        with FileSource(path) as file:
            source = Metered(file)
            build_index(source)
        assert path.stat().st_size > 4_000_000 and source.requests <= 2


@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_a_span_without_pictures_is_nothing_to_cut(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "lesson", container, Scene(gaps=((4000, 7000),)))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        for span in ((17_500, 20_000), (5000, 5000)):
            with pytest.raises(NothingToCut):
                cut(source, index, *span, tmp_path / "clip.mp4")


@pytest.mark.parametrize("container", ["mp4", "ts", "mkv", "avi", "ps"])
def test_a_still_is_the_key_frame_before(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "lesson", container, SCENE)
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        jpeg = keyframe_at(source, index, 7300, width_px=160)
        row = stills(source, index, [0, 7300, 7400, 19_000])
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None and image.shape == (120, 160, 3)
    assert number_in(image) == 150
    assert [s.at_ms for s in row] == [0, 6000, 6000, 18_000]
    assert row[1].jpeg == row[2].jpeg != row[3].jpeg


@pytest.mark.parametrize("how", [{}, {"b_frames": 2}, {"codec": "hevc"}], ids=["plain", "out of order", "hevc"])
@pytest.mark.parametrize("container", ["mp4", "mp4-fragmented", "ts", "mkv", "ps"])
def test_a_frame_for_the_case_file_is_the_very_one_that_is_shown(tmp_path: Path, container: str, how: dict[str, Any]) -> None:
    path = film(tmp_path / "lesson", container, Scene(seconds=20, noise=6, **how))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as file:
        source = Metered(file)
        found = {at_ms: frame_at(source, index, at_ms) for at_ms in (0, 7300, 7403, 19_000)}
        assert source.bytes_read < path.stat().st_size / 2
    for at_ms, still in found.items():
        image = cv2.imdecode(np.frombuffer(still.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert number_in(image) == at_ms // 40, at_ms
        assert abs(still.at_ms - at_ms // 40 * 40) <= 2, (at_ms, still.at_ms)


class InPieces(Metered):
    """A source that gives long stretches only in pieces, as they are written away while they arrive."""

    def read(self, start: int, end: int) -> bytes:
        assert end - start <= 100_000, "a long stretch stands whole in memory"
        return super().read(start, end)


@pytest.mark.parametrize("container", ["mp4", "ts", "mkv"])
def test_a_frame_far_behind_its_key_frame_costs_no_memory_and_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, container: str) -> None:
    path = film(tmp_path / "lesson", container, Scene(seconds=20, noise=6, gop=1000))
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as file:
        image = cv2.imdecode(np.frombuffer(frame_at(InPieces(file), index, 19_000).jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None and number_in(image) == 475
        for module in ("still", "fetching"):
            monkeypatch.setattr(f"storage.media.{module}.MOST_WHOLE_BYTES", 100_000)
        source = Metered(file)
        for too_much in (lambda: frame_at(source, index, 19_000), lambda: stretch_strips(source, index, 10_000, 15_000, 1000, [(0, 150)])):
            with pytest.raises(UnreadableMedia):
                too_much()
        assert source.bytes_read < 100_000
