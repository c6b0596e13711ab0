"""Drawn sound of a lesson: who speaks when, how far the microphone is, what it does in pauses; and what faults do to it. One seed, one sound.

Speech is noise that rises and falls by syllables and sentences, in bands that change: a level is all that is looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
FRAME = 1024
STEP_S = 0.05
Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Microphone:
    """`speech_db` and `room_db` of full scale; `talking` is the share of time in which somebody speaks. `gated`: nothing is written in pauses."""

    speech_db: float = -28
    room_db: float = -55
    talking: float = 0.6
    gated: bool = False
    codec: str = "aac"


@dataclass(frozen=True, slots=True)
class Muted:
    """Between two seconds there is only the noise of the input, or nothing (`floor_db` None)."""

    begin_s: float
    end_s: float
    floor_db: float | None


def envelope(seed: int, seconds: float, microphone: Microphone, quiet: tuple[tuple[float, float], ...] = ()) -> Wave:
    """Amplitude of the speech for each STEP_S, 0 in pauses. `quiet`: breaks in which nobody speaks."""
    rng = np.random.default_rng([71, seed])
    n = int(seconds / STEP_S)
    speaking = np.zeros(n, np.float32)
    at = 0
    while at < n:
        sentence = max(int(rng.gamma(3, 1.4) / STEP_S), 4)
        speaking[at : at + sentence] = rng.uniform(0.5, 1.0)
        mean_pause = 4.2 * (1 - microphone.talking) / max(microphone.talking, 1e-3)
        at += sentence + max(int(rng.exponential(mean_pause) / STEP_S), 1)
    syllables = np.interp(np.arange(n), np.arange(0, n + 4, 3), rng.uniform(0.15, 1.0, len(np.arange(0, n + 4, 3)))).astype(np.float32)
    loud = speaking * syllables
    for begin, end in quiet:
        loud[int(begin / STEP_S) : int(end / STEP_S)] = 0
    return np.asarray(loud * 10 ** (microphone.speech_db / 20), np.float32)


def waves(seed: int, loud: Wave, microphone: Microphone, muted: tuple[Muted, ...] = (), gain: float = 1.0, speed: float = 1.0) -> Any:
    """The sound in blocks of ten seconds. `speed` 1.02: it plays 2 % quicker."""
    rng = np.random.default_rng([72, seed])
    sheet = rng.normal(0, 1, 3 * 10 * RATE).astype(np.float32)  # used shifted: noise enough, and much faster to make
    room = np.float32(10 ** (microphone.room_db / 20))

    def noise(count: int) -> Wave:
        begin = int(rng.integers(0, len(sheet) - count + 1))
        return sheet[begin : begin + count]

    total = int(len(loud) * STEP_S / speed * RATE)
    for first in range(0, total, 10 * RATE):
        count = min(10 * RATE, total - first)
        at = (first + np.arange(count)) / RATE
        amplitude = np.interp(at * speed / STEP_S, np.arange(len(loud)), loud).astype(np.float32)
        wave = amplitude * noise(count)
        if microphone.gated:
            wave *= amplitude > 10 ** (microphone.speech_db / 20) * 0.02
        else:
            wave += room * noise(count)
        wave *= np.float32(gain)
        for one in muted:
            held = (at >= one.begin_s) & (at < one.end_s)
            floor = 0.0 if one.floor_db is None else 10 ** (one.floor_db / 20)
            wave[held] = floor * noise(int(held.sum())) + 0.001  # an input without a microphone has an offset
        yield np.clip(wave, -1, 1)


def film(target: Path, blocks: Any, codec: str = "aac", bits: int = 48_000) -> Path:
    """A recording whose picture is of no matter, with this sound, by real encoders. AVI for G.711."""
    rate = 8_000 if codec == "pcm_alaw" else RATE
    with av.open(str(target), "w") as out:
        video: Any = out.add_stream("libx264", rate=Fraction(1, 2))
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        video.options = {"preset": "ultrafast", "g": "1", "x264-params": "threads=1"}
        sound = _track(out, codec, rate, bits)
        shown = 0
        picture = av.VideoFrame.from_ndarray(np.full((96, 64), 128, np.uint8), format="yuv420p")
        for frame in _frames(blocks, rate):
            while shown * 2 * rate <= frame.pts:
                picture.pts, picture.time_base = shown, Fraction(2)
                out.mux(video.encode(picture))
                shown += 1
            out.mux(sound.encode(frame))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    return target


def voiced(source: Path, target: Path, blocks: Any) -> Path:
    """The pictures of a recording as they are, with this sound."""
    with av.open(str(source)) as media, av.open(str(target), "w") as out:
        stream = media.streams.video[0]
        copy, sound = out.add_stream_from_template(stream), _track(out, "aac", 8_000, 24_000)
        frames = _frames(blocks, 8_000)
        for packet in media.demux(stream):
            if packet.dts is None:
                continue
            at = float(packet.dts * packet.time_base)
            for frame in frames:
                out.mux(sound.encode(frame))
                if frame.pts > at * 8_000:
                    break
            packet.stream = copy
            out.mux(packet)
        out.mux(sound.encode(None))
    return target


def _track(out: Any, codec: str, rate: int, bits: int) -> Any:
    sound: Any = out.add_stream(codec, rate=rate, layout="mono")
    if codec == "aac":
        sound.bit_rate, sound.options = bits, {"aac_coder": "fast"}
    return sound


def _frames(blocks: Any, rate: int) -> Iterator[Any]:
    heard, left = 0, np.zeros(0, np.float32)
    for block in blocks:
        left = np.concatenate([left, block[:: RATE // rate]])
        whole = len(left) // FRAME * FRAME
        for at in range(0, whole, FRAME):
            frame = av.AudioFrame.from_ndarray((left[at : at + FRAME] * 32767).astype(np.int16)[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, heard, Fraction(1, rate)
            heard += FRAME
            yield frame
        left = left[whole:]
