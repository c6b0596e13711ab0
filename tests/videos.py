"""Small recordings made on the spot: real encoders, invented pictures, deterministic. Never committed as files.

`Scene` says what is filmed; `record` encodes it once per run (MP4, index first) and `remux` carries the same packets into any container.
Each picture bears its number as sixteen black or white blocks (`number_in` reads them back after any re-encoding) and its time in digits.
"""

import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from tests.faces import draw_face, face_place
from tests.studio import once

CLOCK: Final = 90_000
SOUND_RATE: Final = 16_000
Picture = NDArray[np.uint8]  # (h, w, 3) BGR


@dataclass(frozen=True)
class Scene:
    """`gaps`: (at_ms, length_ms) leaps of presentation time. `variable`: every third picture is shown three times as long."""

    seconds: float = 10
    fps: int = 25
    width: int = 320
    height: int = 240
    codec: str = "h264"
    gop: int = 50
    sound: bool = False
    noise: int = 0
    b_frames: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    variable: bool = False
    frozen: bool = False
    black: bool = False
    crf: int = 30
    seed: int = 1
    face_px: int = 0  # height of a drawn face that walks through the middle half of the film

    @property
    def frames(self) -> int:
        return round(self.seconds * self.fps)

    def times(self) -> Iterator[int]:
        """Presentation time of each picture in 1/90000 s."""
        at, step = 0, CLOCK // self.fps
        for n in range(self.frames):
            skipped = sum(length for start, length in self.gaps if n * 1000 >= start * self.fps)
            yield at + skipped * CLOCK // 1000
            at += step * (3 if self.variable and n % 3 == 0 else 1)


def picture(scene: Scene, n: int, shown: int) -> Picture:
    """A wall with a gradient, a person-sized blob that walks, the number in blocks, the time in digits."""
    w, h = scene.width, scene.height
    if scene.black:
        return np.zeros((h, w, 3), np.uint8)
    if scene.frozen:
        n, shown = 0, 0
    image = np.repeat(np.linspace(60, 170, w, dtype=np.uint8)[None, :, None], h, 0).repeat(3, 2).copy()
    x = int((n * 2 + scene.seed * 37) % w)
    cv2.ellipse(image, (x, h * 2 // 3), (w // 16, h // 6), 0, 0, 360, (40, 90, 200), -1)
    if place := face_place(scene, n):
        draw_face(image, *place)
    if scene.noise:
        grain = _grain(scene.width, scene.height, scene.noise, scene.seed)
        image = np.clip(image + np.roll(grain[n % len(grain)], n * 7919, 1), 0, 255).astype(np.uint8)
    block = w // 16
    for bit in range(16):
        image[:block, bit * block : (bit + 1) * block] = 235 if n >> bit & 1 else 16
    cv2.putText(image, f"{shown / CLOCK:09.3f}", (8, h - 10), cv2.FONT_HERSHEY_SIMPLEX, h / 300, (255, 255, 255), 2)
    return image


@lru_cache(maxsize=4)
def _grain(width: int, height: int, noise: int, seed: int) -> NDArray[np.int16]:
    """Eight sheets of camera noise, used shifted: as hard to encode as fresh noise and much faster to make."""
    return np.random.default_rng(seed).normal(0, noise, (8, height, width, 1)).astype(np.int16)


def number_in(image: NDArray[np.uint8]) -> int:
    """The number a decoded picture (BGR or gray, any size) bears."""
    gray = image if image.ndim == 2 else image.mean(2)
    block = gray.shape[1] / 16
    centre = int(block / 2)
    return sum((int(gray[centre - 1 : centre + 2, int((bit + 0.5) * block)].mean()) > 125) << bit for bit in range(16))


def record(scene: Scene) -> Path:
    """Encode once per run. MP4 with the index in front."""
    return once(scene, lambda path: _encode(scene, path))


def _encode(scene: Scene, path: Path) -> None:
    scaler = VideoReformatter()  # one for all pictures: a new one for each costs more than its work
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        encoders = {"h264": "libx264", "hevc": "libx265", "mpeg4": "mpeg4", "mjpeg": "mjpeg"}
        video: Any = out.add_stream(encoders[scene.codec], rate=scene.fps)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt = scene.width, scene.height, "yuvj420p" if scene.codec == "mjpeg" else "yuv420p"
        video.codec_context.time_base = video.time_base = Fraction(1, CLOCK)
        video.gop_size = scene.gop
        video.codec_context.thread_count = 1
        if scene.codec == "h264":
            video.options = {
                "preset": "ultrafast" if not scene.b_frames else "veryfast", "crf": str(scene.crf), "bf": str(scene.b_frames),
                "x264-params": f"keyint={scene.gop}:min-keyint={scene.gop}:scenecut=0:bframes={scene.b_frames}:b-adapt=0:threads=1",
            }  # fmt: skip
        elif scene.codec == "hevc":
            video.codec_context.codec_tag = "hvc1"
            video.options = {
                "preset": "ultrafast", "crf": str(scene.crf),
                "x265-params": f"keyint={scene.gop}:min-keyint={scene.gop}:scenecut=0:bframes=0:log-level=none:pools=1:frame-threads=1",
            }  # fmt: skip
        sound: Any = out.add_stream("aac", rate=SOUND_RATE, layout="mono") if scene.sound else None
        heard = 0
        for n, shown in enumerate(scene.times()):
            frame = scaler.reformat(av.VideoFrame.from_ndarray(picture(scene, n, shown), format="bgr24"), format=video.pix_fmt)
            frame.pts, frame.time_base = shown, Fraction(1, CLOCK)
            out.mux(video.encode(frame))
            while sound is not None and heard * CLOCK < shown * SOUND_RATE:
                wave = (np.sin(np.arange(heard, heard + 1024) * 0.17) * 3000).astype(np.int16)
                tone = av.AudioFrame.from_ndarray(wave[None, :], format="s16", layout="mono")
                tone.sample_rate, tone.pts, tone.time_base = SOUND_RATE, heard, Fraction(1, SOUND_RATE)
                out.mux(sound.encode(tone))
                heard += 1024
        out.mux(video.encode(None))
        if sound is not None:
            out.mux(sound.encode(None))


FORMATS: Final = {
    "mp4": ("mp4", {"movflags": "+faststart"}),
    "mp4-end": ("mp4", {}),
    "mp4-fragmented": ("mp4", {"movflags": "frag_keyframe+empty_moov+default_base_moof", "avoid_negative_ts": "make_zero"}),
    "mkv": ("matroska", {}),
    "ts": ("mpegts", {}),
}


def remux(source: Path, target: Path, container: str) -> Path:
    """The same packets in another container: a key of FORMATS, "avi", "ps", or "ps-without-map"."""
    if container.startswith("ps"):
        return program_stream(source, target, with_map=container == "ps")
    if container == "avi":
        return _avi(source, target)
    name, options = FORMATS[container]
    with av.open(str(source)) as media, av.open(str(target), "w", format=name, options=options) as out:
        streams = {s.index: out.add_stream_from_template(s) for s in [*media.streams.video, *media.streams.audio]}
        for packet in media.demux(*[media.streams[i] for i in streams]):
            if packet.dts is not None and packet.size:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return target


def _avi(source: Path, target: Path) -> Path:
    """AVI counts frames: a clock of 1/90000 would need 3600 empty ones between two pictures.

    Recorders write H.265 into it, FFmpeg's muxer does not: it is told H.264, and the name is put right afterwards.
    """
    with ExitStack() as opened:
        media = opened.enter_context(av.open(str(source)))
        out = opened.enter_context(av.open(str(target), "w", format="avi"))
        video = media.streams.video[0]
        codec = video.codec_context.name
        stand_in = opened.enter_context(av.open(str(record(Scene(seconds=1, width=video.width, height=video.height))))) if codec == "hevc" else media
        streams = {s.index: out.add_stream_from_template(s) for s in [stand_in.streams.video[0], *media.streams.audio]}
        streams[video.index].time_base = 1 / Fraction(video.average_rate or 25)
        annex_b = BitStreamFilterContext(f"{codec}_mp4toannexb", video) if codec in ("h264", "hevc") else None
        if annex_b is not None:
            streams[video.index].codec_context.extradata = None  # the packets carry their parameter sets themselves
        for packet in media.demux(*[media.streams[i] for i in streams]):
            if packet.dts is None or not packet.size:
                continue
            target_stream = streams[packet.stream.index]
            for unit in annex_b.filter(packet) if annex_b is not None and packet.stream.index == video.index else [packet]:
                unit.stream = target_stream
                out.mux(unit)
    if codec == "hevc":
        data = target.read_bytes()
        head = data.index(b"movi")
        target.write_bytes(data[:head].replace(b"H264", b"HEVC") + data[head:])
    return target


def film(target: Path, container: str = "mp4", scene: Scene | None = None) -> Path:
    """Record and remux in one step."""
    return remux(record(scene or Scene()), target, container)


def truncate(source: Path, target: Path, ratio: float) -> Path:
    """What is left when a copy breaks off."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * ratio)])
    return target


# ---- MPEG program stream as recorders write it: one pack per picture, a program stream map before key frames, G.711 sound


def program_stream(source: Path, target: Path, *, with_map: bool = True) -> Path:
    with av.open(str(source)) as media, target.open("wb") as out:
        video = media.streams.video[0]
        hevc = video.codec_context.name == "hevc"
        filter_ = BitStreamFilterContext("hevc_mp4toannexb" if hevc else "h264_mp4toannexb", video)
        sound = bool(media.streams.audio)
        for packet in media.demux(video):
            for unit in filter_.filter(packet if packet.size else None):
                shown, decoded = (round(t * unit.time_base * CLOCK) + CLOCK for t in (unit.pts, unit.dts))
                out.write(_pack(decoded))
                if unit.is_keyframe and with_map:
                    out.write(_map(0x24 if hevc else 0x1B, sound=sound))
                data = bytes(unit)
                for at in range(0, len(data), 60_000):
                    head = b"\x81\xc0\x0a" + _stamp(3, shown) + _stamp(1, decoded) if at == 0 else b"\x81\x00\x00"
                    out.write(_pes(0xE0, head + data[at : at + 60_000]))
                if sound:
                    out.write(_pes(0xC0, b"\x81\x80\x05" + _stamp(2, decoded) + b"\xd5" * 320))
        out.write(b"\0\0\1\xb9")
    return target


def _pes(stream: int, body: bytes) -> bytes:
    return bytes((0, 0, 1, stream)) + struct.pack(">H", len(body)) + body


def _stamp(mark: int, at: int) -> bytes:
    return struct.pack(">BHH", mark << 4 | at >> 29 & 14 | 1, at >> 14 & 0xFFFE | 1, at << 1 & 0xFFFE | 1)


def _pack(at: int) -> bytes:
    clock = 1 << 46 | (at >> 30 & 7) << 43 | 1 << 42 | (at >> 15 & 0x7FFF) << 27 | 1 << 26 | (at & 0x7FFF) << 11 | 1 << 10 | 1
    return b"\0\0\1\xba" + clock.to_bytes(6, "big") + (50_000 << 2 | 3).to_bytes(3, "big") + b"\xf8"


def _map(kind: int, *, sound: bool) -> bytes:
    streams = bytes((kind, 0xE0, 0, 0)) + (bytes((0x90, 0xC0, 0, 0)) if sound else b"")
    body = b"\xe1\xff\0\0" + struct.pack(">H", len(streams)) + streams
    whole = b"\0\0\1\xbc" + struct.pack(">H", len(body) + 4) + body
    return whole + struct.pack(">I", _crc32(whole))


def _crc32(data: bytes) -> int:
    """MPEG-2's: most significant bit first, not reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if crc & 0x80000000 else crc << 1 & 0xFFFFFFFF
    return crc
