"""Every container and codec measured by the real sandboxed child."""

import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from storage.media import sandbox
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import from_bytes
from storage.media.inspect import inspect
from tests.videos import Scene, film, record, remux, truncate

CONTAINERS = ["mp4", "mp4-end", "mp4-fragmented", "mkv", "ts", "avi", "ps", "ps-without-map"]
FOOTAGE = Path(__file__).parents[4] / "shared" / "footage" / "one-by-one-person-detection.mp4"


@pytest.mark.parametrize("sound", [False, True], ids=["silent", "sound"])
@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_and_codec_is_measured_from_its_packets(tmp_path: Path, container: str, codec: str, sound: bool) -> None:
    facts = inspect(film(tmp_path / "lesson", container, Scene(codec=codec, sound=sound)))
    assert (facts.container, facts.video_codec) == (container.partition("-")[0], codec)
    assert facts.fragmented == (container == "mp4-fragmented")
    assert (facts.width_px, facts.height_px, facts.packet_count, facts.key_frame_count) == (320, 240, 250, 5)
    assert abs(facts.duration_ms - 10_000) <= 70  # the fragmented muxer shifts the first picture by the sound's priming
    assert len(facts.segments) == 1 and not facts.truncated and not facts.variable_frame_rate
    assert abs(facts.frame_rate_milli - 25_000) < 200
    assert facts.has_audio == sound
    assert facts.key_frames_decoded == facts.key_frames_tried == 3


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_remux_keeps_the_packet_hash_and_a_reencoding_does_not(tmp_path: Path, codec: str) -> None:
    original = record(Scene(codec=codec))
    hashes = {inspect(remux(original, tmp_path / c, c)).packet_hash for c in CONTAINERS}
    assert len(hashes) == 1
    assert inspect(record(Scene(codec=codec, crf=38))).packet_hash not in hashes


def test_a_recorder_export_named_mp4_is_recognised_by_its_bytes(tmp_path: Path) -> None:
    assert inspect(film(tmp_path / "channel01.mp4", "ps")).container == "ps"


@pytest.mark.parametrize("container", [c for c in CONTAINERS if c != "avi"])  # AVI has no presentation times, hence no gaps
def test_a_gap_is_found_to_forty_milliseconds(tmp_path: Path, container: str) -> None:
    facts = inspect(film(tmp_path / "gap", container, Scene(gaps=((4000, 7000),))))
    assert len(facts.gaps) == 1
    start, end = facts.gaps[0]
    assert abs(start - 4000) <= 40 and abs(end - 11_000) <= 40
    assert abs(facts.duration_ms - 17_000) <= 40 and abs(facts.held_ms - 10_000) <= 40


def test_a_gap_shorter_than_the_tolerance_ends_no_segment(tmp_path: Path) -> None:
    path = film(tmp_path / "gap", "mp4", Scene(gaps=((4000, 700),)))
    assert inspect(path).gaps == ()
    assert len(inspect(path, Limits(gap_tolerance_ms=500)).gaps) == 1


def test_a_variable_frame_rate_is_said(tmp_path: Path) -> None:
    assert inspect(film(tmp_path / "v", "mkv", Scene(variable=True))).variable_frame_rate


@pytest.mark.parametrize("container", ["mp4", "mkv", "avi"])
def test_a_truncated_file_is_measured_as_what_it_holds(tmp_path: Path, container: str) -> None:
    whole = film(tmp_path / "whole", container, Scene(seconds=20, noise=8))
    facts = inspect(truncate(whole, tmp_path / "cut", 0.5))
    assert facts.truncated
    assert 8_000 < facts.duration_ms < 12_000
    if container == "mp4":
        assert facts.declared_ms == 20_000  # the header still claims the whole


def test_a_truncated_file_with_its_index_at_the_end_is_refused_as_that(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole", "mp4-end", Scene(noise=8))
    with pytest.raises(UnreadableMedia) as refusal:
        inspect(truncate(whole, tmp_path / "cut", 0.7))
    assert refusal.value.reason is Reason.TRUNCATED_NO_INDEX


def test_two_hours_are_measured_in_flat_memory_and_a_thousand_times_faster_than_they_play(tmp_path: Path) -> None:
    path = film(tmp_path / "long", "ts", Scene(seconds=7200, fps=5, width=160, height=64, gop=10, frozen=True))
    index = tmp_path / "index"
    index.write_bytes(b"")
    size = path.stat().st_size
    answer = sandbox.run(
        "measure", asdict(Limits()), reads={"media": path}, writes={"index": index}, limits=Limits(), size_bytes=size, output_bytes=1 << 20
    )
    assert abs(answer.value["facts"]["duration_ms"] - 7_200_000) <= 200
    assert answer.value["facts"]["packet_count"] == 36_000
    assert 0 < answer.cpu_ms < 7200  # a thousand times faster than it plays, on any machine
    if answer.sandbox.startswith("bwrap"):  # without it the figure begins at the size of this process
        assert 10_000_000 < answer.peak_bytes < 300_000_000
    assert from_bytes(index.read_bytes()).duration_ms > 7_190_000


@pytest.mark.skipif(not FOOTAGE.exists(), reason="real clips are not beside the repository")
def test_a_real_recording_is_measured(tmp_path: Path) -> None:
    path = shutil.copy(FOOTAGE, tmp_path / "real.mp4")
    facts = inspect(Path(path))
    assert (facts.duration_ms, facts.packet_count, facts.width_px, facts.created_at) == (139_400, 1394, 768, "2017-09-26T16:57:49+00:00")


def test_pictures_that_begin_long_after_the_sound_are_measured(tmp_path: Path) -> None:
    """A transport stream is not refused because nothing but sound comes for its first half minute."""
    path = tmp_path / "late.ts"
    sound, pictures = ("sine=f=440:d=40", "testsrc=d=10:s=320x240:r=10")
    inputs = ["-f", "lavfi", "-i", sound, "-itsoffset", "30", "-f", "lavfi", "-i", pictures]
    made = ["-map", "0", "-map", "1", "-c:v", "libx264", "-g", "20", "-c:a", "aac", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, *made], check=True)
    facts = inspect(path)
    assert (facts.container, facts.video_codec, facts.has_audio) == ("ts", "h264", True)
    assert (facts.width_px, facts.height_px, facts.packet_count) == (320, 240, 100)
    assert abs(facts.held_ms - 10_000) <= 100


@pytest.mark.parametrize("rate", [5, 25])
def test_small_pictures_that_share_a_packet_of_a_program_stream_leave_no_gap(tmp_path: Path, rate: int) -> None:
    """Only the first of them has a time there; the others follow it at the rate that the stream tells."""
    path = tmp_path / "still room.mpg"
    pictures = ["-f", "lavfi", "-i", f"testsrc=d=60:s=160x90:r={rate}"]
    subprocess.run(["ffmpeg", "-v", "error", *pictures, "-c:v", "libx264", "-b:v", "20k", "-g", "50", "-f", "vob", str(path)], check=True)
    facts = inspect(path)
    assert (facts.container, facts.packet_count, facts.gaps) == ("ps", 60 * rate, ())
    assert abs(facts.held_ms - 60_000) <= 2000 // rate
