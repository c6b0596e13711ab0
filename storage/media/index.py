"""Where the packets lie: fetched or made once per object version, cached as compact bytes, read by `cut` and `still`.

Two kinds. `SampleIndex` (MP4): every sample exactly, from the file's own tables. `MarkIndex` (MKV, TS, PS, AVI): a mark at each key frame
and every 200 ms, written by the inspecting child, because these containers have no table worth the name.
"""

import json
import tempfile
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from storage.media import matroska
from storage.media.boxes import children, need, number
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.fragments import Fragments
from storage.media.sniff import Shape, sniff
from storage.media.source import ByteSource, FileSource, ReadAhead
from storage.media.timeline import REORDER
from storage.media.track import Longs, Track, read_track

MAGIC: Final = b"CPIX1"
MAX_INDEX_BYTES: Final = 600_000_000
MAX_MOOV_BYTES: Final = 200_000_000
MAX_HEAD_BYTES: Final = 1 << 18
SPOOL_BYTES: Final = 8 << 20
PACKED_BYTES: Final = 1 << 16


class MediaIndex(Protocol):
    """Either kind. `media_ms` 0 is the first picture shown."""

    @property
    def video_codec(self) -> str: ...
    @property
    def duration_ms(self) -> int: ...
    def to_bytes(self) -> bytes: ...


@dataclass(frozen=True, slots=True, eq=False)
class SampleIndex:
    """An MP4: its video track first, then at most one audio track."""

    tracks: tuple[Track, ...]

    @property
    def video(self) -> Track:
        return self.tracks[0]

    @property
    def video_codec(self) -> str:
        return self.video.codec

    @property
    def zero(self) -> int:
        """Ticks at which the first picture is shown, as `timeline` measures it: a later one that claims to come before moves nothing."""
        return int(self.video.shown[: REORDER + 1].min())

    @property
    def duration_ms(self) -> int:
        return (int(self.video.shown.max()) - self.zero) * 1000 // self.video.timescale

    def to_bytes(self) -> bytes:
        head: list[dict[str, object]] = []
        arrays: list[Longs] = []
        for t in self.tracks:
            head.append(
                {
                    "kind": t.kind, "codec": t.codec, "id": t.track_id, "timescale": t.timescale, "count": len(t),
                    "header": t.header.hex(), "description": t.description.hex(), "origin": t.origin,
                }
            )  # fmt: skip
            # small numbers compress: distance from the previous sample's end, steps of time, offset of composition
            ends = np.concatenate([[0], (t.offsets + t.sizes)[:-1]]) if len(t) else t.offsets
            arrays += [t.offsets - ends, t.sizes, np.diff(t.decoded, prepend=0), t.shown - t.decoded, t.keys.astype(np.int64)]
        return _pack({"kind": "samples", "tracks": head}, arrays)


@dataclass(frozen=True, slots=True, eq=False)
class MarkIndex:
    """Marks in decode order. `starts`: where a demuxer may begin to read; `places`: where the packet lies; times in media microseconds."""

    container: str
    demuxer: str
    video_codec: str
    audio_codec: str | None
    head: bytes  # what a demuxer needs to have seen before it can begin in the middle
    size_bytes: int
    starts: Longs
    places: Longs
    decoded_us: Longs
    shown_us: Longs
    keys: Longs

    @property
    def duration_ms(self) -> int:
        return int(self.shown_us.max()) // 1000

    def to_bytes(self) -> bytes:
        head: dict[str, object] = {
            "kind": "marks", "container": self.container, "demuxer": self.demuxer, "video_codec": self.video_codec, "audio_codec": self.audio_codec,
            "head": self.head.hex(), "size_bytes": self.size_bytes, "count": len(self.places),
        }  # fmt: skip
        return _pack(
            head,
            [
                self.places - self.starts,
                np.diff(self.places, prepend=0),
                np.diff(self.decoded_us, prepend=0),
                self.shown_us - self.decoded_us,
                self.keys,
            ],
        )


def _pack(head: dict[str, object], arrays: list[Longs]) -> bytes:
    """Magic, zlib of (length of head, head as JSON, arrays as little-endian int32, or int64 where a value needs it)."""
    wide = [bool(len(a)) and (int(a.max()) > 0x7FFFFFFF or int(a.min()) < -0x80000000) for a in arrays]
    text = json.dumps(head | {"wide": wide}).encode()
    packer = zlib.compressobj(1)
    parts = [MAGIC, packer.compress(len(text).to_bytes(4, "little") + text)]
    parts += [packer.compress(a.astype("<i8" if w else "<i4").tobytes()) for a, w in zip(arrays, wide, strict=True)]
    return b"".join([*parts, packer.flush()])


def from_bytes(data: bytes) -> SampleIndex | MarkIndex:
    """Read what `to_bytes` wrote, column by column: a day of packets is in memory once. Raises: UnreadableMedia(damaged) for anything else."""
    unpacker = _Unpacker(memoryview(data)[5:] if data[:5] == MAGIC else memoryview(b""))
    try:
        head = json.loads(unpacker.take(int.from_bytes(unpacker.take(4), "little")))
        counts = [t["count"] for t in head["tracks"] for _ in range(5)] if head["kind"] == "samples" else [head["count"]] * 5
        arrays = (unpacker.column(int(count), "<i8" if wide else "<i4") for count, wide in zip(counts, head["wide"], strict=True))
        return _samples(head, arrays) if head["kind"] == "samples" else _marks(head, arrays)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, zlib.error) as error:
        raise UnreadableMedia(Reason.DAMAGED, index=str(error)[:100]) from error


class _Unpacker:
    """Unpacked bytes in their order, no more of them at once than are asked for, and `MAX_INDEX_BYTES` in all."""

    def __init__(self, packed: memoryview) -> None:
        self._unpacker, self._packed, self._waiting, self._left = zlib.decompressobj(), packed, b"", MAX_INDEX_BYTES

    def take(self, size: int) -> bytes:
        """Raises: ValueError — there are not so many."""
        return self.column(size, "i1").tobytes()

    def column(self, count: int, kind: str) -> "Column":
        """Written where it stays: what grows and is copied leaves holes as large as itself. Raises: ValueError — there is not so much."""
        size = count * np.dtype(kind).itemsize
        if not 0 <= size <= self._left:
            raise ValueError(size)
        self._left -= size
        made = np.empty(count, kind)
        found, at = made.view(np.uint8).data, 0
        while at < size:
            if not self._waiting:
                self._waiting, self._packed = bytes(self._packed[:PACKED_BYTES]), self._packed[PACKED_BYTES:]
            part = self._unpacker.decompress(self._waiting, min(size - at, SPOOL_BYTES))
            self._waiting = self._unpacker.unconsumed_tail
            if not part and not self._waiting and not len(self._packed):
                raise ValueError(size)
            found[at : at + len(part)] = part
            at += len(part)
        return made


Column = np.ndarray[tuple[int, ...], np.dtype[np.signedinteger[Any]]]  # Any: of 32 or 64 bits


def _samples(head: dict[str, Any], arrays: Iterator[Column]) -> SampleIndex:  # Any: parsed JSON
    tracks = []
    for t in head["tracks"]:
        offsets, sizes = next(arrays).astype(np.int64), next(arrays)
        if t["kind"] == "video":  # sound has the more samples and the smaller ones: 32 bits hold them
            sizes = sizes.astype(np.int64)
        offsets[1:] += sizes[:-1]
        np.cumsum(offsets, out=offsets)
        decoded = np.cumsum(next(arrays), dtype=np.int64)
        shift = next(arrays)
        shown = decoded + shift if shift.any() else decoded  # sound, and pictures without B-frames, need no second column
        tracks.append(
            Track(
                t["kind"], t["codec"], t["id"], t["timescale"], bytes.fromhex(t["header"]), bytes.fromhex(t["description"]),
                t["origin"], offsets, sizes, decoded, shown, next(arrays).astype(bool),
            )
        )  # fmt: skip
    return SampleIndex(tuple(tracks))


def _marks(head: dict[str, Any], arrays: Iterator[Column]) -> MarkIndex:  # Any: parsed JSON
    lead, steps, times, shift, keys = (next(arrays).astype(np.int64) for _ in range(5))
    places, decoded = np.cumsum(steps), np.cumsum(times)
    return MarkIndex(
        head["container"], head["demuxer"], head["video_codec"], head["audio_codec"], bytes.fromhex(head["head"]), head["size_bytes"],
        places - lead, places, decoded, decoded + shift, keys,
    )  # fmt: skip


def turns_of(index: SampleIndex | MarkIndex) -> int:
    """Quarter turns to the left that show its pictures upright; only MP4 and MOV say so."""
    return index.video.turns if isinstance(index, SampleIndex) else 0


def build_index(source: ByteSource, limits: Limits | None = None) -> SampleIndex | MarkIndex:
    """Make the index of a stored object. MP4: one or two range reads (a fragmented one is walked box by box with read-ahead).

    MKV, TS, PS, AVI: reads the object once, whole, and measures it in the sandbox; `inspect_and_index` at verification makes that unnecessary.
    Raises: UnreadableMedia.
    """
    ahead = ReadAhead(source)
    shape = sniff(ahead)
    if shape.container == "mp4":
        return sample_index(ahead, shape)
    from storage.media.inspect import inspect_and_index  # the sandbox is needed only here

    with tempfile.NamedTemporaryFile(suffix=".spool") as spool:
        for start in range(0, source.size_bytes, SPOOL_BYTES):
            spool.write(source.read(start, min(start + SPOOL_BYTES, source.size_bytes)))
        spool.flush()
        return from_bytes(inspect_and_index(Path(spool.name), limits).index)


def sample_index(source: ByteSource, shape: Shape) -> SampleIndex:
    """Read the tables of an MP4. Pure Python over bounded buffers, so it may run outside the sandbox (ADR 0021). Raises: UnreadableMedia."""
    if shape.moov is None or shape.moov[1] - shape.moov[0] > MAX_MOOV_BYTES:
        raise UnreadableMedia(Reason.DAMAGED, moov=0)
    raw = memoryview(source.read(*shape.moov))
    moov = next(body for kind, body in children(raw) if kind == b"moov")
    movie = need(moov, b"mvhd")
    timescale = number(movie, 20 if movie[0] == 1 else 12)
    tracks = [t for kind, body in children(moov) if kind == b"trak" and (t := read_track(body, source.size_bytes, timescale)) is not None]
    if shape.fragmented:
        fragments = Fragments(tracks, moov)
        for at, moof in _fragments(source, shape.moov[1]):
            fragments.add(moof, at)
        tracks = fragments.tracks(source.size_bytes)
    videos = [t for t in tracks if t.kind == "video" and len(t)]
    if not videos:
        raise UnreadableMedia(Reason.NO_VIDEO_STREAM)
    audios = [t for t in tracks if t.kind == "audio" and len(t)]
    return SampleIndex((videos[0], *audios[:1]))


def _fragments(source: ByteSource, at: int) -> Any:  # Any: iterator of (position, moof body)
    while at + 8 <= source.size_bytes:
        raw = source.read(at, min(at + 16, source.size_bytes))
        length, head = int.from_bytes(raw[:4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(raw[8:16], "big"), 16
        if length < head or (at + length > source.size_bytes and raw[4:8] == b"moof"):
            return
        if raw[4:8] == b"moof" and length <= MAX_MOOV_BYTES:
            yield at, memoryview(source.read(at + head, at + length))
        at += length


def write_index(path: Path, shape: Shape, marks: "array[int]", first_us: int, codec: str, audio: str | None, target: Path) -> None:
    """Called by the inspecting child at the end of its pass. `marks`: rows of (position, decode, shown, key)."""
    with FileSource(path) as source:
        if shape.container == "mp4":
            target.write_bytes(sample_index(source, shape).to_bytes())
            return
        rows = np.frombuffer(marks, np.int64).reshape(-1, 4)
        rows = rows[rows[:, 0] >= 0]
        # FFmpeg's position of an AVI packet is behind the 8 bytes of its chunk header
        places = rows[:, 0] - (8 if shape.container == "avi" else 0)
        starts, head = places, int(places.min()) if len(places) else 0
        if shape.container == "mkv":
            clusters = np.array(matroska.clusters(source), np.int64)
            if len(clusters):
                starts = clusters[np.maximum(np.searchsorted(clusters, places, "right") - 1, 0)]
                head = int(clusters[0])
        index = MarkIndex(
            shape.container, shape.demuxer, codec, audio, source.read(0, min(head, MAX_HEAD_BYTES)), source.size_bytes,
            starts, places, rows[:, 1] - first_us, rows[:, 2] - first_us, rows[:, 3],
        )  # fmt: skip
        target.write_bytes(index.to_bytes())
