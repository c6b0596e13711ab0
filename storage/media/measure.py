"""Measure a file in one pass over its packets. Runs in the confined child only.

Nothing here believes a header: duration, rate, size and completeness come from the packets that are really there. Memory is constant:
a heap of 20 times, at most 17 key frames (to prove that they decode), the segments, and one mark per 200 ms for the position index.
"""

import hashlib
from array import array
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
from av.video.stream import VideoStream

from storage.media import nal
from storage.media.demux import open_media, shape_of, video_of
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits, MediaFacts
from storage.media.packet_rows import PacketWriter, hash_unit, picture_hash
from storage.media.sniff import Shape
from storage.media.timeline import Continuity, Timeline, TooManySegments

MARK_US: Final = 200_000
KEPT_KEY_FRAMES: Final = 16
SLOWEST_FPS, FASTEST_FPS = 1, 120  # what a stream may say of its rate and be believed where packets have no time


@dataclass(slots=True)
class Pass:
    """What accumulates while packets go by. Times in microseconds on the media clock."""

    codec: str
    length_bytes: int
    timeline: Timeline
    digest: Any = field(default_factory=hashlib.sha256)  # Any: hashlib's type has no public name
    packets: int = 0
    payload_bytes: int = 0
    corrupt: int = 0
    keys: int = 0
    max_gop_us: int = 0
    last_key_us: int | None = None
    kept: list[tuple[int, bytes]] = field(default_factory=list)
    newest: tuple[int, bytes] | None = None
    stride: int = 1
    # one mark: byte position, decode time, presentation time, is key frame
    marks: "array[int]" = field(default_factory=lambda: array("q"))
    marked_us: int = -(1 << 62)
    writer: PacketWriter | None = None

    def take(self, data: bytes, *, pts_us: int, dts_us: int, key: bool, position: int) -> None:
        self.packets += 1
        self.payload_bytes += len(data)
        picture = picture_hash()
        if self.codec in {"h264", "hevc"}:
            if self.packets == 1 and nal.is_annex_b(data, self.length_bytes):
                self.length_bytes = 0
            for unit in nal.units(data, self.length_bytes):
                if nal.is_vcl(self.codec, unit):
                    key = key or nal.is_random_access(self.codec, unit)
                    self.digest.update(len(unit).to_bytes(4, "big"))
                    self.digest.update(unit)
                    hash_unit(picture, unit)
        else:
            self.digest.update(len(data).to_bytes(4, "big"))
            self.digest.update(data)
            hash_unit(picture, data)
        jumps = self.timeline.jumps
        pts, dts = self.timeline.place(pts_us, dts_us)
        if self.writer is not None:
            self.writer.add(len(data), pts, key=key, picture=picture)
        if key:
            if self.last_key_us is not None and self.timeline.jumps == jumps:
                self.max_gop_us = max(self.max_gop_us, pts - self.last_key_us)
            self.last_key_us = pts
            self._keep(pts, data)
            self.keys += 1
        if position >= 0 and (key or dts - self.marked_us >= MARK_US):
            self.marked_us = dts
            self.marks.extend((position, dts, pts, int(key)))

    def _keep(self, pts_us: int, data: bytes) -> None:
        """An even sample of the key frames whatever their number: when full, every other is dropped and the stride doubles."""
        self.newest = (pts_us, data)
        if self.keys % self.stride == 0:
            self.kept.append(self.newest)
            if len(self.kept) > KEPT_KEY_FRAMES:
                self.kept = self.kept[::2]
                self.stride *= 2

    def sample(self) -> list[bytes]:
        """First, middle and last key frame."""
        chosen = [self.kept[0], self.kept[len(self.kept) // 2]] if self.kept else []
        if self.newest is not None:
            chosen.append(self.newest)
        return list(dict(chosen).values())


def task(arguments: dict[str, Any], reads: dict[str, str], writes: dict[str, str]) -> dict[str, object]:
    """`arguments`: the fields of Limits. Reads `media`; writes `index` and `packets` when given. Returns MediaFacts as JSON, and `first_us`."""
    limits = Limits(**arguments)
    path = reads["media"]
    size = Path(path).stat().st_size
    shape = shape_of(path)
    with open_media(path, shape.demuxer) as media:
        video = video_of(media, shape.demuxer, limits)
        context = video.codec_context
        codec = context.codec.canonical_name
        seen = Pass(codec, nal.length_size(codec, context.extradata), Timeline(limits.gap_tolerance_ms * 1000, limits.segments))
        try:
            with Path(writes["packets"]).open("wb") if "packets" in writes else nullcontext() as rows:
                seen.writer = PacketWriter(rows) if rows is not None else None
                broke = _read_all(media, video, seen)
            line = seen.timeline.finish()
        except TooManySegments:
            raise UnreadableMedia(Reason.HOSTILE, limit="segments") from None
        if line.segments and line.segments[-1][1] > limits.longest_s * 1000:
            raise UnreadableMedia(Reason.DAMAGED, claimed_s=line.segments[-1][1] // 1000)
        if not line.segments:
            raise UnreadableMedia(Reason.NO_VIDEO_STREAM if shape.demuxer != "mpeg" else Reason.NO_PROGRAM_STREAM_MAP)
        tried, decoded = _prove(video, seen, limits)
        if decoded == 0:
            raise UnreadableMedia(Reason.DECODE_FAILED, key_frames=seen.keys, tried=tried)
        audio = media.streams.audio[0] if media.streams.audio else None
        audio_codec = audio.codec_context.codec.canonical_name if audio is not None and audio.codec_context is not None else None
        declared = _declared_ms(shape, media, video)
        facts = _facts(shape, size, seen, line, declared, broke=broke)
        facts |= {
            "audio_codec": audio_codec,
            "has_audio": audio is not None,
            "width_px": context.width,
            "height_px": context.height,
            "key_frames_tried": tried,
            "key_frames_decoded": decoded,
            "created_at": _created_at(media.metadata),
        }
    if "index" in writes:
        from storage.media.index import write_index  # child.load has imported it; without an index numpy is not needed

        write_index(Path(path), shape, seen.marks, seen.timeline.first_us or 0, codec, audio_codec, Path(writes["index"]))
    # building the dataclass here proves that no field is missing; the parent checks again
    return {"facts": asdict(MediaFacts(**facts, sandbox="")), "first_us": seen.timeline.first_us or 0}


def _read_all(media: Any, video: VideoStream, seen: Pass) -> bool:
    """True when reading broke off before the end of the file. Any: PyAV's demux is typed per stream kind."""
    base = Fraction(video.time_base or Fraction(1, 90000)) * 1_000_000
    scale, divisor = base.numerator, base.denominator
    rate = video.guessed_rate or video.average_rate
    guess = round(1_000_000 / rate) if rate and SLOWEST_FPS <= rate <= FASTEST_FPS else 40_000
    last_dts = 0
    try:
        for packet in media.demux(video):
            if not packet.size:
                continue
            pts, dts = packet.pts, packet.dts
            if dts is None and pts is None:  # AVI without times, small pictures that share a packet of a program stream: frame after frame
                dts_us = pts_us = last_dts + guess
            else:
                pts_us = (pts if pts is not None else dts) * scale // divisor
                dts_us = (dts if dts is not None else pts) * scale // divisor
            last_dts = dts_us
            seen.corrupt += packet.is_corrupt
            seen.take(bytes(packet), pts_us=pts_us, dts_us=dts_us, key=packet.is_keyframe, position=packet.pos if packet.pos is not None else -1)
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError:
        seen.corrupt += 1
        return True
    return False


def _prove(video: VideoStream, seen: Pass, limits: Limits) -> tuple[int, int]:
    """Decode each key frame alone. (tried, decoded)"""
    decoded, sample = 0, seen.sample()
    extradata = video.codec_context.extradata
    if seen.length_bytes == 0 and nal.length_size(seen.codec, extradata):
        extradata = None  # it describes lengths that the packets do not have; they carry their parameter sets themselves
    for data in sample:
        context: Any = av.CodecContext.create(video.codec_context.codec.canonical_name, "r")
        context.extradata = extradata
        context.thread_count = 1
        try:
            frames = [*context.decode(av.Packet(data)), *context.decode(None)]
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            continue
        if any(f.width * f.height > limits.picture_px for f in frames):
            raise UnreadableMedia(Reason.PICTURE_TOO_LARGE, width_px=frames[0].width, height_px=frames[0].height)
        decoded += bool(frames)
    return len(sample), decoded


def _facts(shape: Shape, size: int, seen: Pass, line: Continuity, declared_ms: int | None, *, broke: bool) -> dict[str, Any]:
    duration = line.segments[-1][1]
    held = sum(b - a for a, b in line.segments)
    first_ms = round((seen.timeline.first_us or 0) / 1000)
    gop_us = seen.max_gop_us
    if seen.last_key_us is not None:
        gop_us = max(gop_us, duration * 1000 - (seen.last_key_us - (seen.timeline.first_us or 0)))
    short = declared_ms is not None and duration + first_ms < declared_ms - max(2000, declared_ms // 100) and duration < declared_ms - 2000
    return {
        "container": shape.container,
        "fragmented": shape.fragmented,
        "size_bytes": size,
        "video_codec": seen.codec,
        "first_pts_ms": first_ms,
        "duration_ms": duration,
        "held_ms": held,
        "declared_ms": declared_ms,
        "truncated": broke or shape.claimed_bytes > size or short,
        "segments": line.segments,
        "frame_rate_milli": line.frame_rate_milli,
        "variable_frame_rate": line.variable,
        "bit_rate_bps": seen.payload_bytes * 8000 // held if held else 0,
        "packet_count": seen.packets,
        "packet_bytes": seen.payload_bytes,
        "key_frame_count": seen.keys,
        "max_gop_ms": gop_us // 1000,
        "corrupt_packets": seen.corrupt,
        "time_jumps": seen.timeline.jumps,
        "packet_hash": seen.digest.hexdigest(),
        "packet_hash_kind": "vcl" if seen.codec in {"h264", "hevc"} else "payload",
    }


def _declared_ms(shape: Shape, media: Any, video: VideoStream) -> int | None:
    """The header's claim. TS and PS make none: there FFmpeg measures the end of the file. Any: PyAV container."""
    if shape.container in {"ts", "ps"}:
        return None
    if video.duration and video.time_base:
        return round(video.duration * video.time_base * 1000)
    return round(media.duration / 1000) if media.duration else None


def _created_at(metadata: dict[str, str]) -> str | None:
    """ISO 8601 UTC, or None: 1904 and 1970 are what an unset clock writes."""
    try:
        instant = datetime.fromisoformat(metadata.get("creation_time", ""))
    except ValueError:
        return None
    instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    return instant.isoformat() if 1990 <= instant.year < 2100 else None
