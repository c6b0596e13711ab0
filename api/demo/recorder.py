"""An invented recorder: films a scene with real encoders into the containers that real recorders export.

Low frame rate and a constant group of pictures keep hours of play time small; a cache keyed by content makes a second demo start at once.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from api.demo.program_stream import CLOCK_HZ, ProgramStream
from api.demo.room_sound import RoomSound
from api.demo.scenes import Planes, SceneOptions, Stage
from api.demo.view import HEIGHT_PX, WIDTH_PX
from storage.kernel.processor import PATIENT_NICE, give_way

Container = Literal["mp4", "mp4-tail", "mkv", "ts", "ps"]
Codec = Literal["h264", "h265"]

SUFFIX: Final[dict[Container, str]] = {"mp4": ".mp4", "mp4-tail": ".mp4", "mkv": ".mkv", "ts": ".ts", "ps": ".mp4"}
FORMAT: Final[dict[Container, str]] = {"mp4": "mp4", "mp4-tail": "mp4", "mkv": "matroska", "ts": "mpegts"}
TICK: Final = Fraction(1, CLOCK_HZ)
DRAWN_BY: Final = tuple(sorted(Path(__file__).parent.glob("*.py")))
PLANNERS: Final = {
    "plan.py",
    "institutions.py",
    "cast.py",
    "accounts.py",
    "delivery.py",
    "clips.py",
    "contact_sheet.py",
    "__init__.py",
}  # change what is filmed, not how


@dataclass(frozen=True, slots=True)
class Film:
    """One recording to make. `start_at`..`end_at` is wall time, half-open, whole seconds.

    `cuts` are stretches (seconds from the start) that the recorder lost: the file's time stamps jump over them.
    `frozen` is a stretch whose picture stands still while the recorder's clock runs.
    """

    scene: SceneOptions
    start_at: datetime
    end_at: datetime
    fps: int = 1
    gop_s: int = 10
    codec: Codec = "h264"
    container: Container = "mp4"
    sound: bool = False
    cuts: tuple[tuple[int, int], ...] = ()
    frozen: tuple[int, int] | None = None

    @property
    def seconds(self) -> int:
        return round((self.end_at - self.start_at).total_seconds())

    @property
    def recorded_s(self) -> int:
        """Seconds that really are in the file."""
        return self.seconds - sum(end - start for start, end in self.cuts)

    @property
    def suffix(self) -> str:
        return SUFFIX[self.container]

    def holds(self, second: int) -> bool:
        """Whether the recorder ran during this second of the span."""
        return not any(start <= second < end for start, end in self.cuts)


def content_key(film: Film) -> str:
    """Names the bytes: what is filmed, the drawing code and the encoder's version."""
    digest = hashlib.sha256(f"{film!r}|{av.__version__}|{cv2.__version__}".encode())
    for path in DRAWN_BY:
        if path.name not in PLANNERS:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:24]


def film_to(film: Film, path: Path) -> None:
    """Make the recording at `path`, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    cv2.setNumThreads(1)
    try:
        if film.container == "ps":
            _to_program_stream(film, partial)
        else:
            _to_container(film, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def film_all(films: Sequence[Film], cache: Path, *, processes: int = 2) -> Iterator[tuple[Film, Path]]:
    """Where each recording is, in the order in which they are ready: those of the cache at once, the others when made, old ones first."""
    cache.mkdir(parents=True, exist_ok=True)
    paths = {film: cache / f"{content_key(film)}{film.suffix}" for film in films}
    missing = sorted((film for film, path in paths.items() if not path.exists()), key=_turn)
    yield from ((film, path) for film, path in paths.items() if film not in missing)
    if missing:
        with ProcessPoolExecutor(min(processes, len(missing)), mp_context=multiprocessing.get_context("spawn"), initializer=_step_back) as pool:
            making = {pool.submit(film_to, film, paths[film]): film for film in missing}
            for ready in as_completed(making):
                ready.result()
                yield making[ready], paths[making[ready]]


def _turn(film: Film) -> tuple[date, int]:
    """Day by day, and of a day the long ones first: that fills two processes best."""
    return film.start_at.date(), -film.recorded_s * film.fps * (8 if film.codec == "h265" else 1)


def _step_back() -> None:
    """Those who look and judge come before the recorders. A session of its own, because Linux shares the processor among these."""
    os.setsid()
    give_way(PATIENT_NICE)


def remux(source: Path, target: Path, container: Container, created_at: datetime | None = None) -> None:
    """The same coded pictures and sound in another container, nothing encoded again."""
    with av.open(str(source)) as given, av.open(str(target), "w", format=FORMAT[container], options=_mux_options(container)) as taken:
        if created_at is not None:
            taken.metadata["creation_time"] = _stamp(created_at)
        streams = {stream.index: taken.add_stream_from_template(stream) for stream in given.streams if stream.type in ("video", "audio")}
        for packet in given.demux(list(given.streams)):
            if packet.dts is not None and packet.stream_index in streams:
                packet.stream = streams[packet.stream_index]
                taken.mux(packet)


def _mux_options(container: Container) -> dict[str, str]:
    """Tables once a second instead of ten times: at one picture a second they would outweigh the pictures."""
    special = {"mp4": {"movflags": "+faststart"}, "ts": {"pat_period": "1", "sdt_period": "10", "pcr_period": "100"}}
    return {"fflags": "+bitexact"} | special.get(container, {})


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _codec_options(film: Film) -> dict[str, str]:
    keyint = film.fps * film.gop_s
    if film.codec == "h265":
        fixed = f"log-level=none:keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:rc-lookahead=1:repeat-headers=1"
        fixed += ":pools=none:frame-threads=1:wpp=0"
        return {"preset": "ultrafast", "qp": "35", "x265-params": fixed}
    fixed = f"keyint={keyint}:min-keyint={keyint}:scenecut=0:bframes=0:threads=1:rc-lookahead=0:sync-lookahead=0:mbtree=0:weightp=0:ref=1:cabac=1"
    return {"preset": "ultrafast", "qp": "37", "x264-params": fixed}


def _configure(context: VideoCodecContext, film: Film) -> None:
    context.width, context.height, context.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    context.framerate, context.time_base = Fraction(film.fps), TICK
    context.options = _codec_options(film)
    context.thread_count = 1


def _pictures(film: Film) -> Iterator[av.VideoFrame]:
    """The film's frames, one object whose memory is patched between encodes (encoders copy what they take)."""
    frame = av.VideoFrame(WIDTH_PX, HEIGHT_PX, "yuv420p")
    stage = Stage(film.scene, _memory(frame))
    step = CLOCK_HZ // film.fps
    count = 0
    for second in range(film.seconds):
        if not film.holds(second):
            continue
        frozen = film.frozen is not None and film.frozen[0] <= second < film.frozen[1]
        for part in range(film.fps):
            wall_at = film.start_at + timedelta(seconds=second + part / film.fps)
            stage.advance(wall_at, count // (film.fps * film.gop_s), frozen=frozen)
            frame.pts, frame.time_base = second * CLOCK_HZ + part * step, TICK
            yield frame
            count += 1


def _memory(frame: av.VideoFrame) -> Planes:
    """The frame's own planes as arrays."""
    views = [np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width] for plane in frame.planes]
    return views[0], views[1], views[2]


def _coded(context: VideoCodecContext, film: Film) -> "Iterator[Packet[VideoStream]]":
    step = CLOCK_HZ // film.fps
    for frame in _pictures(film):
        for packet in context.encode(frame):
            packet.duration = step
            yield packet
    for packet in context.encode(None):
        packet.duration = step
        yield packet


def _to_container(film: Film, path: Path) -> None:
    with av.open(str(path), "w", format=FORMAT[film.container], options=_mux_options(film.container)) as target:
        target.metadata["creation_time"] = _stamp(film.start_at)
        video = target.add_stream("libx265" if film.codec == "h265" else "libx264", rate=film.fps)
        context = video.codec_context
        _configure(context, film)
        if film.codec == "h265" and film.container in ("mp4", "mp4-tail"):
            context.codec_tag = "hvc1"
        sound = RoomSound(target, film.scene.seed) if film.sound else None
        _mux(film, target, context, sound)


def _mux(film: Film, target: OutputContainer, context: VideoCodecContext, sound: RoomSound | None) -> None:
    for packet in _coded(context, film):
        if sound is not None and packet.pts is not None:
            sound.until(packet.pts / CLOCK_HZ, film.holds)
        target.mux(packet)
    if sound is not None:
        sound.until(film.seconds, film.holds)


def _to_program_stream(film: Film, path: Path) -> None:
    context = av.CodecContext.create("libx265" if film.codec == "h265" else "libx264", "w")
    _configure(context, film)
    with path.open("wb") as file:
        stream = ProgramStream(file, film.codec)
        for packet in _coded(context, film):
            if packet.pts is not None:
                stream.write(bytes(packet), packet.pts, key=packet.is_keyframe)
        stream.close()
