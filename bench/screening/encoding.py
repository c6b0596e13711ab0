"""Recordings of real encoders: pictures in, a file out; and copies of a file as a cheat makes them."""

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from bench.screening.camera import put_clock
from bench.screening.rooms import Luma
from storage.media.index import SampleIndex, build_index
from storage.media.source import FileSource

TICKS = 90_000


@dataclass(frozen=True, slots=True)
class Encoder:
    codec: str = "libx264"
    fps: float = 5
    gop_s: float = 2
    crf: int = 32
    preset: str = "ultrafast"
    width: int = 640
    height: int = 360


@dataclass(frozen=True, slots=True)
class Capped(Encoder):
    """As recorders do it: so many bits a second at most, whatever the picture needs; with B pictures, and a step that changes all the time."""

    kbps: int = 100


def encode(target: Path, pictures: Iterable[tuple[float, Luma]], encoder: Encoder) -> Path:
    """The suffix of `target` is the container. Pictures go in as they come; the second one belongs to `encoder`'s frame rate."""
    with av.open(str(target), "w") as out:
        stream = out.add_stream(encoder.codec, rate=Fraction(encoder.fps).limit_denominator(1000))
        stream.width, stream.height, stream.pix_fmt = encoder.width, encoder.height, "yuv420p"
        stream.codec_context.gop_size = max(round(encoder.gop_s * encoder.fps), 1)
        stream.codec_context.time_base = Fraction(1, TICKS)
        stream.options = {"preset": encoder.preset}
        if isinstance(encoder, Capped):
            stream.bit_rate = encoder.kbps * 1000
            stream.options |= {"maxrate": str(encoder.kbps * 1000), "bufsize": str(encoder.kbps * 2000)}
        else:
            stream.options |= {"crf": str(encoder.crf)}
        if encoder.codec == "libx264":
            stream.options |= {"x264-params": "scenecut=0:threads=1"}
        else:
            stream.options |= {"x265-params": "log-level=none:pools=1:frame-threads=1:scenecut=0"}
        grey = np.full((encoder.height // 2, encoder.width), 128, np.uint8)
        for at, picture in pictures:
            if picture.shape != (encoder.height, encoder.width):
                picture = cv2.resize(picture, (encoder.width, encoder.height), interpolation=cv2.INTER_AREA)  # noqa: PLW2901
            frame = av.VideoFrame.from_ndarray(np.vstack([picture, grey]), format="yuv420p")
            frame.pts, frame.time_base = round(at * TICKS), Fraction(1, TICKS)
            for packet in stream.encode(frame):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return target


def pictures_of(path: Path, fps: float | None = None) -> Iterator[tuple[float, Luma]]:
    """Decoded luma with its time from 0, thinned to at most `fps`."""
    with av.open(str(path)) as media:
        stream = media.streams.video[0]
        stream.thread_type = "SLICE"
        first, due = None, 0.0
        for frame in media.decode(stream):
            at = float(frame.time or 0.0)
            first = at if first is None else first
            if fps is not None and at - first < due - 1e-3:
                continue
            due += 0 if fps is None else 1 / fps
            plane = frame.planes[0]
            y = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: frame.height, : frame.width]
            yield at - first, y.copy()


@dataclass(frozen=True, slots=True)
class Change:
    """What a cheat does to a recording. `speed` 1.02: the copy plays 2 % quicker. `crop` is the share cut off each side's sum."""

    begin_s: float = 0
    end_s: float | None = None
    mirror: bool = False
    crop: float = 0
    gain: float = 1
    lift: float = 0
    speed: float = 1
    clock: datetime | None = None
    blank_clock: bool = False


def altered(source: Path, change: Change, fps: float | None = None) -> Iterator[tuple[float, Luma]]:
    for at, image in pictures_of(source, fps):
        if at < change.begin_s or (change.end_s is not None and at >= change.end_s):
            continue
        picture = image
        if change.crop:
            height, width = picture.shape
            y, x = int(height * change.crop / 2), int(width * change.crop / 2)
            picture = cv2.resize(picture[y : height - y, x : width - x], (width, height), interpolation=cv2.INTER_LINEAR)
        if change.mirror:
            picture = cv2.flip(picture, 1)
        if change.gain != 1 or change.lift:
            picture = cv2.convertScaleAbs(picture, alpha=change.gain, beta=change.lift)
        since = (at - change.begin_s) / change.speed
        if change.clock is not None or change.blank_clock:
            picture = np.ascontiguousarray(picture)
            picture[4:34, 4:290] = int(np.median(picture[36:44, 4:290]))
            if change.clock is not None:
                put_clock(picture, change.clock + timedelta(seconds=since), "%Y-%m-%d %H:%M:%S", (10, 24))
        yield since, picture


def remux(source: Path, target: Path, begin_s: float = 0, end_s: float | None = None) -> Path:
    """The same packets in another container, or those of a stretch from its first key frame on; sound too."""
    if source.suffix == target.suffix and not begin_s and end_s is None:
        return Path(shutil.copyfile(source, target))
    with av.open(str(source)) as media, av.open(str(target), "w") as out:
        streams = [*media.streams.video[:1], *media.streams.audio[:1]]
        copies = {stream.index: out.add_stream_from_template(stream) for stream in streams}
        zero = None  # of the pictures, in seconds
        for packet in media.demux(streams):
            if packet.dts is None or packet.pts is None:
                continue
            at, video = float(packet.pts * packet.time_base), packet.stream.type == "video"
            if zero is None:
                if at < begin_s or not video or not packet.is_keyframe:
                    continue
                zero = packet.dts * packet.time_base
            if end_s is not None and at >= end_s:
                break
            before = round(zero / packet.time_base)
            packet.pts -= before
            packet.dts -= before
            packet.stream = copies[packet.stream.index]
            out.mux(packet)
    return target


def scramble(path: Path, begin_ms: int, end_ms: int, seed: int) -> None:
    """The coded pictures of a stretch become noise, as on a disk that was written over: the file is as long as before, its tables are whole."""
    with FileSource(path) as source:
        index = build_index(source)
    assert isinstance(index, SampleIndex)
    video = index.video
    shown_ms = (video.shown - index.zero) * 1000 // video.timescale
    dice = np.random.default_rng(seed)
    with path.open("r+b") as file:
        for n in np.flatnonzero((shown_ms >= begin_ms) & (shown_ms < end_ms)).tolist():
            file.seek(int(video.offsets[n]))
            file.write(dice.bytes(int(video.sizes[n])))
