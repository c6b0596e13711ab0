"""The sound of a quiet room. A minute of soft noise is encoded once and its packets repeated: hours of AAC would cost more than the pictures."""

from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from av.container import OutputContainer

RATE_HZ = 8000
FRAME_SAMPLES = 1024
LOOP_S = 64


class RoomSound:
    """An AAC track in an open container."""

    def __init__(self, target: OutputContainer, seed: int) -> None:
        self._target = target
        self._stream = target.add_stream("aac", rate=RATE_HZ, layout="mono", bit_rate=8_000)
        self._packets = self._loop(seed)
        self._next = 0

    def _loop(self, seed: int) -> list[bytes]:
        rng = np.random.default_rng(seed)
        count = LOOP_S * RATE_HZ // FRAME_SAMPLES
        hiss = rng.normal(0, 0.004, count * FRAME_SAMPLES)
        hum = 0.002 * np.sin(np.arange(hiss.size) * (2 * np.pi * 50 / RATE_HZ))
        samples = (np.convolve(hiss, np.ones(8) / 8, "same") + hum).astype(np.float32)
        packets: list[bytes] = []
        for index in range(count):
            frame = av.AudioFrame.from_ndarray(samples[None, index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES], format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, index * FRAME_SAMPLES, Fraction(1, RATE_HZ)
            packets += [bytes(packet) for packet in self._stream.codec_context.encode(frame)]
        return packets

    def until(self, media_s: float, holds: Callable[[int], bool]) -> None:
        """Write the track up to `media_s`, leaving out the seconds that the recorder lost."""
        while (start := self._next * FRAME_SAMPLES) + FRAME_SAMPLES <= media_s * RATE_HZ:
            if holds(start // RATE_HZ):
                packet = av.Packet(self._packets[self._next % len(self._packets)])
                packet.pts = packet.dts = start
                packet.duration, packet.time_base, packet.stream = FRAME_SAMPLES, Fraction(1, RATE_HZ), self._stream
                packet.is_keyframe = True
                self._target.mux(packet)
            self._next += 1
