"""Large recordings for measuring: a minute encoded once, its packets repeated until the file is as large as wanted."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from tests.videos import SOUND_RATE, Scene, record

MINUTE = Scene(seconds=60, fps=25, width=1280, height=720, gop=50, noise=5, sound=True, crf=24, seed=5)


HD_BITS_S = 2_000_000
SOUND_BITS_S = 64_000


def hd_minute(target: Path) -> Path:
    """A furnished room in 1080p25 with somebody walking, noise, a clock and sound: 2 Mbit/s, a key frame every 50 pictures, as recorders do."""
    width, height, fps = 1920, 1080, 25
    dice = np.random.default_rng(3)
    wall = np.zeros((height, width), np.uint8)
    for _ in range(400):
        x, y, w, h = (int(v) for v in dice.integers((0, 0, 10, 10), (width, height, 200, 160)))
        cv2.rectangle(wall, (x, y), (x + w, y + h), int(dice.integers(20, 235)), -1)
    room = np.clip(cv2.GaussianBlur(wall, (0, 0), 1.2) + dice.normal(0, 6, (height, width)), 0, 255).astype(np.int16)
    grain = dice.normal(0, 3, (8, height, width)).astype(np.int16)
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video: Any = out.add_stream("libx264", rate=fps)  # Any: PyAV returns a union of stream kinds
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", HD_BITS_S
        video.options = {"preset": "veryfast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "0", "maxrate": "2500k", "bufsize": "4000k"}
        sound: Any = out.add_stream("aac", rate=SOUND_RATE, layout="mono")
        sound.bit_rate, heard = SOUND_BITS_S, 0
        for n in range(60 * fps):
            while heard * fps < n * SOUND_RATE:
                wave = av.AudioFrame.from_ndarray(dice.normal(0, 800, (1, 1024)).astype(np.int16), format="s16", layout="mono")
                wave.sample_rate, wave.pts, wave.time_base = SOUND_RATE, heard, Fraction(1, SOUND_RATE)
                out.mux(sound.encode(wave))
                heard += 1024
            picture = np.clip(room + np.roll(grain[n % 8], n * 7919), 0, 255).astype(np.uint8)
            cv2.ellipse(picture, (n * 2 % width, 700), (80, 220), 0, 0, 360, 90, -1)
            cv2.putText(picture, f"2026-11-29 09:00:{n // fps:02d}", (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 3)
            frame = av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts = n
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return target


def large_mp4(target: Path, at_least_bytes: int, *, minute: Path | None = None) -> Path:
    """A fast-start MP4 of real H.264 (and sound) packets with rising times. `minute`: a minute of something else than the usual scene."""
    if target.exists() and target.stat().st_size >= at_least_bytes:
        return target
    source = minute or record(MINUTE)
    partial = target.with_suffix(".part")
    with av.open(str(source)) as media, av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        streams = [s for s in media.streams if s.type in ("video", "audio")]
        outs = {s.index: out.add_stream_from_template(s) for s in streams}
        packets = [(p.stream.index, bytes(p), p.pts, p.dts, p.duration, p.time_base, p.is_keyframe) for p in media.demux(*streams) if p.size]
        lengths = {s.index: round(MINUTE.seconds / s.time_base) for s in streams}
        written = turn = 0
        while written < at_least_bytes:
            for index, data, pts, dts, duration, base, key in packets:
                packet = av.Packet(data)
                packet.pts, packet.dts = pts + turn * lengths[index], dts + turn * lengths[index]
                packet.duration, packet.time_base, packet.is_keyframe = duration, base, key
                packet.stream = outs[index]
                out.mux(packet)
                written += len(data)
            turn += 1
    partial.rename(target)
    return target
