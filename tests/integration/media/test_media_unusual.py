"""Files that recorders and converters write now and then: read like all others, and no honest one refused. R60, R72."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from storage.media.index import MarkIndex, SampleIndex, from_bytes
from storage.media.inspect import inspect_and_index
from storage.media.looks import ALL_KEYS, read_looks
from storage.media.select import key_frame_bytes
from storage.media.sound import hear, sound_of
from storage.media.source import FileSource
from tests.videos import Scene, film, number_in, record

STEP_MS = 60_000
HALF_FULL = -9.0  # dB of a square wave at a third of full scale, give or take its companding


def numbers_seen(path: Path, index: bytes) -> list[int]:
    with FileSource(path) as source:
        batches = list(read_looks(source, from_bytes(index), ALL_KEYS))
    assert [batch.missing_ms for batch in batches if batch.missing_ms] == []
    return [number_in(luma) for batch in batches for _, luma in batch.looks]


def test_fragments_that_do_not_say_where_a_later_track_begins_are_read(tmp_path: Path) -> None:
    """The data of a track without a base of its own lie behind those of the track before: here the pictures behind the sound."""
    path = tmp_path / "fragments.mp4"
    options = {"movflags": "frag_keyframe+empty_moov+omit_tfhd_offset"}
    with av.open(str(record(Scene(seconds=20, sound=True)))) as media, av.open(str(path), "w", format="mp4", options=options) as out:
        streams = {one.index: out.add_stream_from_template(one) for one in [*media.streams.audio, *media.streams.video]}
        for packet in media.demux(*(media.streams[i] for i in streams)):
            if packet.dts is not None and packet.size:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    measured = inspect_and_index(path)
    assert measured.facts.fragmented
    assert numbers_seen(path, measured.index) == list(range(0, 500, 50))


def with_plain_sound(path: Path, codec: str, rate: int, seconds: int) -> None:
    """A QuickTime file: a picture a second, and uncompressed sound, a third of full scale up and down."""
    with av.open(str(path), "w", format="mov") as out:
        video: Any = out.add_stream("libx264", rate=1)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 10
        sound: Any = out.add_stream(codec, rate=rate, layout="mono")
        wave = np.where(np.arange(rate) % 20 < 10, 11_000, -11_000).astype(np.int16)
        for second in range(seconds):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64), second % 200, np.uint8), format="gray").reformat(format="yuv420p")
            picture.pts, picture.time_base = second, Fraction(1, 1)
            out.mux(video.encode(picture))
            tone = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
            tone.sample_rate, tone.pts, tone.time_base = rate, second * rate, Fraction(1, rate)
            out.mux(sound.encode(tone))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))


@pytest.mark.parametrize(("codec", "rate", "seconds"), [("pcm_alaw", 48_000, 180), ("pcm_s16le", 8_000, 90)])
def test_uncompressed_sound_is_no_damage_however_long_it_is_and_is_heard(tmp_path: Path, codec: str, rate: int, seconds: int) -> None:
    """It has a sample for each instant: of eight millions of them, 17 minutes of a telephone's, the file was refused."""
    path = tmp_path / "plain.mov"
    with_plain_sound(path, codec, rate, seconds)
    measured = inspect_and_index(path)
    assert measured.facts.duration_ms == seconds * 1000
    index = from_bytes(measured.index)
    assert isinstance(index, SampleIndex)
    track = sound_of(index)
    assert track is not None
    assert int(track.sizes.sum()) == seconds * rate * (1 if codec == "pcm_alaw" else 2)
    assert len(track) < seconds * rate // 500
    with FileSource(path) as source:
        heard = hear(source, index, STEP_MS)
    assert len(heard.levels) == -(-seconds * 1000 // STEP_MS)
    assert np.abs(heard.levels - HALF_FULL).max() < 1


@pytest.mark.parametrize("container", ["ts", "mkv"])
def test_bytes_of_one_key_frame_that_nobody_can_read_hide_no_other(tmp_path: Path, container: str) -> None:
    """One of a batch of 240 was enough to refuse it: forty minutes of a lesson that nobody had looked at."""
    path = film(tmp_path / f"f.{container}", container, Scene(seconds=20))
    index = from_bytes(inspect_and_index(path).index)
    assert isinstance(index, MarkIndex)
    start, end = key_frame_bytes(index, int(np.flatnonzero(index.keys)[4]))
    data = path.read_bytes()
    path.write_bytes(data[:start] + bytes(end - start) + data[end:])
    with FileSource(path) as source:
        (batch,) = read_looks(source, index, ALL_KEYS)
    assert batch.refused == ""
    assert batch.missing_ms == [8_000]
    assert [number_in(luma) for _, luma in batch.looks] == [n for n in range(0, 500, 50) if n != 200]
