"""What claims another time or another size in the middle of a file costs itself and nothing beside it. R60, R72."""

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import from_bytes
from storage.media.inspect import inspect, inspect_and_index
from storage.media.looks import ALL_KEYS, Batch, read_looks
from storage.media.sheets import make_sheets
from storage.media.source import FileSource
from storage.media.still import stills
from tests.videos import Scene, number_in, record, remux

SCENE = Scene(seconds=40, fps=10, gop=20)
DAY_TICKS = 86_400 * 90_000
SMALL = Limits(picture_px=400_000)


def looks(path: Path, limits: Limits | None = None) -> list[Batch]:
    with FileSource(path) as source:
        return list(read_looks(source, from_bytes(inspect_and_index(path).index), ALL_KEYS, limits=limits))


def leaping(path: Path, ticks: int, *, scene: Scene = SCENE) -> Path:
    """The same fragments, but from the eleventh on each says that it begins `ticks` later."""
    data = bytearray(remux(record(scene), path, "mp4-fragmented").read_bytes())
    at = -1
    for number in range(data.count(b"tfdt")):
        at = data.index(b"tfdt", at + 1)
        assert data[at + 4] == 1  # a time of 64 bits
        (begins,) = struct.unpack_from(">Q", data, at + 8)
        if number >= 10:
            struct.pack_into(">Q", data, at + 8, begins + ticks)
    path.write_bytes(data)
    return path


def test_a_hole_of_days_hides_no_picture_on_either_side_of_it(tmp_path: Path) -> None:
    """More ticks than a table of steps holds: a recorder that sleeps from evening to morning writes such a file."""
    path = leaping(tmp_path / "leap.mp4", DAY_TICKS)
    seen = [(at, number_in(luma)) for batch in looks(path) for at, luma in batch.looks]
    assert seen == [(n * 2000 + (n >= 10) * 86_400_000, n * 20) for n in range(20)]
    index = from_bytes(inspect_and_index(path).index)
    with FileSource(path) as source:
        assert [one.at_ms for one in stills(source, index, [18_000, 86_420_000])] == [18_000, 86_420_000]
        assert make_sheets(source, index, 0, 86_440_000, blurred=False).times_ms[-1] > 86_400_000


@pytest.mark.parametrize(("ticks", "reason"), [(1000 * DAY_TICKS, Reason.DAMAGED), (1 << 62, Reason.HOSTILE)], ids=["years", "beyond-numbers"])
def test_times_that_no_recording_has_are_refused_and_are_not_taken_for_a_fault_of_ours(tmp_path: Path, ticks: int, reason: Reason) -> None:
    with pytest.raises(UnreadableMedia) as refusal:
        inspect(leaping(tmp_path / "leap.mp4", ticks))
    assert refusal.value.reason is reason


def of_three_sizes(path: Path) -> Path:
    """Ten seconds, two that are larger than allowed, ten again: parameter sets stand before each key frame."""
    raw = b""
    for seconds, width, height in ((10, 640, 360), (2, 1280, 720), (10, 320, 240)):
        piece = io.BytesIO()
        with av.open(piece, "w", format="h264") as out:
            video: Any = out.add_stream("libx264", rate=10)  # Any: PyAV returns a union of stream kinds
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            video.options = {"preset": "ultrafast", "x264-params": "keyint=20:min-keyint=20:scenecut=0:bframes=0:repeat-headers=1:threads=1"}
            for _ in range(seconds * 10):
                out.mux(video.encode(av.VideoFrame(width, height, "yuv420p")))
            out.mux(video.encode(None))
        raw += piece.getvalue()
    with av.open(io.BytesIO(raw), "r", format="h264") as media, av.open(str(path), "w") as whole:
        target = whole.add_stream_from_template(media.streams.video[0])
        for number, packet in enumerate(one for one in media.demux(video=0) if one.size):
            packet.pts = packet.dts = number * 100
            packet.time_base, packet.stream = Fraction(1, 1000), target
            whole.mux(packet)
    return path


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
def test_a_key_frame_that_is_too_large_hides_no_other_and_is_not_decoded(tmp_path: Path, container: str) -> None:
    path = of_three_sizes(tmp_path / f"film.{container}")
    (batch,) = looks(path, SMALL)
    assert batch.refused == ""
    assert [at for at, _ in batch.looks] == [at for at in range(0, 22_000, 2000) if at != 10_000]
    assert batch.missing_ms == [10_000]
    assert [batch.missing_ms for batch in looks(path)] == [[]]


def test_a_hundred_thousand_tiny_key_frames_cost_no_more_than_the_looks_asked_for(tmp_path: Path) -> None:
    """A thousand a second: whoever writes them makes a long index and no long pass."""
    with av.open(str(tmp_path / "tiny.mkv"), "w") as out:
        video: Any = out.add_stream("mjpeg", rate=1000)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt = 16, 16, "yuvj420p"
        frame = av.VideoFrame(16, 16, "yuvj420p")
        frame.pts = 0
        (packet,) = video.encode(frame)
        data = bytes(packet)
        for n in range(100_000):
            one = av.Packet(data)
            one.pts = one.dts = n
            one.time_base, one.stream, one.is_keyframe = Fraction(1, 1000), video, True
            out.mux(one)
    with FileSource(tmp_path / "tiny.mkv") as source:
        measured = inspect_and_index(tmp_path / "tiny.mkv")
        assert measured.facts.key_frame_count == 100_000
        batches = list(read_looks(source, from_bytes(measured.index), ALL_KEYS, end_ms=240))
    assert sum(len(batch.looks) for batch in batches) == 240
