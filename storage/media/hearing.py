"""The confined child's part of hearing: decode pieces of sound, answer how loud each is. No sound leaves it, only numbers. R71."""

import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from storage.media.demux import open_media
from storage.media.errors import Reason, UnreadableMedia
from storage.media.sound import QUIETEST_DB

SOUND_CODECS: Final = frozenset({"aac", "mp3", "mp2", "pcm_alaw", "pcm_mulaw", "pcm_s16le", "pcm_s16be", "adpcm_g722", "adpcm_g726"})
FULL: Final = {"int16": 32768.0, "int32": 2147483648.0, "float32": 1.0, "float64": 1.0}
Wave = NDArray[np.float64]  # (channels, samples), full scale is 1


def sound_task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:  # Any: parsed JSON
    """Answer `{"pieces": [[level of each bin]]}`; one bin a piece when `bin_ms` is 0."""
    demuxer, parts, bin_ms, left = arguments["demuxer"], arguments["parts"], int(arguments["bin_ms"]), int(arguments["most"])
    found: list[list[float]] = []
    for rate, waves in _heard(demuxer, parts, reads["media"], int(arguments["streams"])):
        levels = _levels(waves, rate * bin_ms // 1000, left)
        left -= len(levels)
        found.append(levels)
    return {"pieces": found}


def _heard(demuxer: str, parts: list[list[int]], path: str, streams: int) -> Iterator[tuple[int, list[Wave]]]:
    """(samples a second, decoded sound) of each part."""
    if demuxer == "mov":
        with open_media(path, demuxer) as media:
            stream = _stream(media, streams)
            packets = (bytes(packet) for packet in media.demux(stream) if packet.size)
            for (count,) in parts:
                yield _decoded(stream, [data for _, data in zip(range(count), packets, strict=False)])
        return
    with Path(path).open("rb") as file:
        for head, start, end in parts:
            file.seek(0)
            first = file.read(head)
            file.seek(start)
            try:
                with open_media(io.BytesIO(first + file.read(end - start)), demuxer) as media:
                    stream = _stream(media, streams)
                    yield _decoded(stream, _packets(media, stream))
            except UnreadableMedia as refused:
                if refused.reason is Reason.HOSTILE:
                    raise
                yield 1, []


def _packets(media: Any, stream: Any) -> Iterator[bytes]:  # Any: PyAV's container and stream
    try:
        yield from (bytes(packet) for packet in media.demux(stream) if packet.size)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        return


def _stream(media: Any, streams: int) -> Any:  # Any: PyAV's container and stream
    if len(media.streams) > streams:
        raise UnreadableMedia(Reason.TOO_MANY_STREAMS, streams=len(media.streams), limit=streams)
    if not media.streams.audio:
        raise UnreadableMedia(Reason.DECODE_FAILED, sound=0)
    stream = media.streams.audio[0]
    name = stream.codec_context.codec.canonical_name if stream.codec_context is not None else "unknown"
    if name not in SOUND_CODECS:
        raise UnreadableMedia(Reason.UNSUPPORTED_CODEC, codec=name)
    return stream


def _decoded(stream: Any, packets: Iterable[bytes]) -> tuple[int, list[Wave]]:  # Any: PyAV's stream
    """A decoder of its own for each piece. The first frame of several leans on one that is not there, and is left out."""
    own = stream.codec_context
    context: Any = av.CodecContext.create(own.codec.canonical_name, "r")
    context.extradata, context.thread_count = own.extradata, 1
    context.sample_rate, context.layout = own.sample_rate or 8000, own.layout if own.channels else "mono"
    waves: list[Wave] = []
    rate = int(own.sample_rate or 8000)
    for data in packets:
        try:
            frames = context.decode(av.Packet(data))
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            continue
        for frame in frames:
            rate = int(frame.sample_rate or rate)
            waves.append(_wave(frame))
    return rate, waves[1:] if len(waves) > 1 else waves


def _wave(frame: Any) -> Wave:  # Any: av.AudioFrame
    values = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, max(frame.layout.nb_channels, 1)).T
    if values.dtype == np.uint8:
        return np.asarray((values.astype(np.float64) - 128) / 128)
    return np.asarray(values.astype(np.float64) / FULL.get(str(values.dtype), 1.0))


def _levels(waves: list[Wave], bin_samples: int, most: int) -> list[float]:
    """dB of full scale of the louder channel, its mean taken off: an offset is no sound."""
    if not waves:
        return []
    channels = min(wave.shape[0] for wave in waves)
    whole = np.concatenate([wave[:channels] for wave in waves], axis=1)
    length = whole.shape[1]
    if bin_samples <= 0:
        return [_level(whole)]
    return [_level(whole[:, at : at + bin_samples]) for at in range(0, min(length, bin_samples * most), bin_samples)]


def _level(wave: Wave) -> float:
    power = float(np.max(wave.var(axis=1))) if wave.size else 0.0
    if not math.isfinite(power) or power <= 0:
        return QUIETEST_DB
    return round(max(10 * math.log10(power), QUIETEST_DB), 1)
