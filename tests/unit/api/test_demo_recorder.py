"""The invented recorder's files: real containers, the planned time in them, the planned holes, small."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from api.demo.institutions import A101_LEFT
from api.demo.overlay import clock_box, read_text
from api.demo.recorder import Codec, Container, Film, content_key, film_all, film_to, remux
from api.demo.scenes import SceneOptions
from storage.kernel.clock import BUREAU_ZONE

START = datetime(2026, 9, 1, 9, 0, 3, tzinfo=BUREAU_ZONE)
FILM = Film(SceneOptions(A101_LEFT, "GX001-A101-C1", 11, 20), START, START + timedelta(seconds=120))
FORMATS: dict[Container, str] = {"mp4": "mp4", "mp4-tail": "mp4", "mkv": "matroska", "ts": "mpegts", "ps": "mpeg"}


def made(film: Film, folder: Path) -> Path:
    path = folder / f"film{film.suffix}"
    film_to(film, path)
    return path


def picture_times_s(path: Path) -> list[float]:
    """Presentation times of all pictures, from the first."""
    with av.open(str(path)) as container:
        times = sorted(float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None)
    return [round(t - times[0], 3) for t in times]


@pytest.mark.parametrize("container", FORMATS)
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_file_holds_every_planned_second_in_the_planned_container(container: Container, codec: Codec, tmp_path: Path) -> None:
    path = made(replace(FILM, container=container, codec=codec, end_at=START + timedelta(seconds=40)), tmp_path)
    assert picture_times_s(path) == [float(second) for second in range(40)]
    with av.open(str(path)) as opened:
        assert FORMATS[container] in opened.format.name
        assert opened.streams.video[0].codec_context.name == {"h264": "h264", "h265": "hevc"}[codec]
        assert (opened.streams.video[0].width, opened.streams.video[0].height) == (1280, 720)
        assert sum(1 for _ in opened.decode(video=0)) == 40


@pytest.mark.parametrize("container", ["mp4", "mp4-tail", "mkv", "ts"])
def test_sound_lasts_as_long_as_the_picture(container: Container, tmp_path: Path) -> None:
    path = made(replace(FILM, container=container, sound=True), tmp_path)
    with av.open(str(path)) as opened:
        assert opened.duration is not None
        assert abs(opened.duration / av.time_base - 120) < 0.3
        decoded = sum(frame.samples for frame in opened.decode(audio=0))
    assert abs(decoded / 8000 - 120) < 0.6


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "ps"])
def test_a_lost_stretch_is_a_hole_in_the_time_stamps(container: Container, tmp_path: Path) -> None:
    times = picture_times_s(made(replace(FILM, container=container, cuts=((30, 75),)), tmp_path))
    assert times == [float(s) for s in [*range(30), *range(75, 120)]]


def test_only_the_faststart_file_has_its_index_in_front(tmp_path: Path) -> None:
    front, tail = tmp_path / "front.mp4", tmp_path / "tail.mp4"
    film_to(FILM, front)
    film_to(replace(FILM, container="mp4-tail"), tail)
    assert front.read_bytes().index(b"moov") < front.read_bytes().index(b"mdat")
    assert tail.read_bytes().index(b"moov") > tail.read_bytes().index(b"mdat")


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_container_says_when_recording_began(container: Container, tmp_path: Path) -> None:
    with av.open(str(made(replace(FILM, container=container), tmp_path))) as opened:
        assert datetime.fromisoformat(opened.metadata["creation_time"]) == START.astimezone(UTC)


def test_the_clock_can_be_read_from_the_decoded_picture(tmp_path: Path) -> None:
    with av.open(str(made(FILM, tmp_path))) as opened:
        for second, frame in enumerate(opened.decode(video=0)):
            if second % 37 == 0:
                luma = np.frombuffer(memoryview(frame.planes[0]), np.uint8).reshape(720, -1)
                assert read_text(luma, clock_box(19)) == f"{START + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}"


def test_groups_of_pictures_are_constant_and_at_most_ten_seconds(tmp_path: Path) -> None:
    with av.open(str(made(FILM, tmp_path))) as opened:
        keys = [round(float(p.pts * p.time_base)) for p in opened.demux(video=0) if p.pts is not None and p.is_keyframe]
    assert keys == list(range(0, 120, 10))


def test_an_hour_stays_below_twenty_megabytes(tmp_path: Path) -> None:
    assert made(FILM, tmp_path).stat().st_size * 30 < 20_000_000


def test_the_same_film_is_the_same_bytes_and_is_made_once(tmp_path: Path) -> None:
    short = replace(FILM, end_at=START + timedelta(seconds=20))
    first = dict(film_all([short, replace(short, sound=True)], tmp_path / "a"))
    made_at = {path: path.stat().st_mtime_ns for path in first.values()}
    again = dict(film_all([short, replace(short, sound=True)], tmp_path / "a"))
    assert {path: path.stat().st_mtime_ns for path in again.values()} == made_at
    other = made(short, tmp_path)
    assert hashlib.sha256(other.read_bytes()).digest() == hashlib.sha256(first[short].read_bytes()).digest()
    assert content_key(short) != content_key(replace(short, fps=2))


def test_a_remux_keeps_the_coded_pictures(tmp_path: Path) -> None:
    source, target = made(FILM, tmp_path), tmp_path / "copy.mkv"
    remux(source, target, "mkv", START)
    with av.open(str(source)) as one, av.open(str(target)) as other:
        assert [bytes(p) for p in one.demux(video=0)] == [bytes(p) for p in other.demux(video=0)]
    assert source.read_bytes() != target.read_bytes()
