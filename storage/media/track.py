"""One track of an MP4 as arrays: where each sample lies, when it is decoded and shown, whether it is a key frame. Pure."""

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from storage.media.boxes import find, need, number
from storage.media.errors import Reason, UnreadableMedia

MAX_SAMPLES: Final = 8_000_000  # 24 h at 60 pictures a second is 5.2 million
Longs = NDArray[np.int64]
Sizes = NDArray[np.signedinteger[Any]]  # Any: of 32 or 64 bits

CODECS: Final = {
    b"avc1": "h264", b"avc3": "h264", b"hvc1": "hevc", b"hev1": "hevc", b"mp4a": "aac", b"mp4v": "mpeg4", b"jpeg": "mjpeg", b"mjpa": "mjpeg",
    b"alaw": "pcm_alaw", b"ulaw": "pcm_mulaw", b".mp3": "mp3",
}  # fmt: skip
# Uncompressed sound has a sample for each instant: 8 000 a second of some bytes each. They are kept by groups, or 17 minutes would be more than any
# camera makes.
TURNS_RIGHT: Final = 3  # a turn to the right is three to the left
PLAIN_BYTES: Final = 64  # of one, at most: eight channels of eight bytes
PLAIN_GROUP: Final = 1024  # of a group, at most


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Arrays of equal length n, in decode order. Times in ticks of `timescale` per second; `shown` = decode time + composition offset."""

    kind: str  # "video" or "audio"
    codec: str
    track_id: int
    timescale: int
    header: bytes  # tkhd, to keep rotation and picture size
    description: bytes  # stsd body, verbatim
    origin: int  # tick that the edit list puts at movie time 0: only used to keep sound and picture together
    offsets: Longs
    sizes: Sizes
    decoded: Longs
    shown: Longs
    keys: NDArray[np.bool_]

    @property
    def turns(self) -> int:
        """Quarter turns to the left that show its pictures upright: a telephone films sideways and says so (`tkhd`). 0 for anything but these."""
        at = 52 if self.header[:1] == b"\1" else 40
        if len(self.header) < at + 20:
            return 0
        across, down = struct.unpack(">ii", self.header[at : at + 8])
        return {(1, 0): 0, (0, 1): TURNS_RIGHT, (-1, 0): 2, (0, -1): 4 - TURNS_RIGHT}.get((_sign(across), _sign(down)), 0)

    def __len__(self) -> int:
        return len(self.sizes)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def read_track(trak: memoryview, size_bytes: int, movie_timescale: int) -> Track | None:
    """A video or audio track of a `moov`, None for other kinds. Samples past the end of the file (a truncated copy) are dropped.

    Raises: UnreadableMedia — damaged.
    """
    media = need(trak, b"mdia")
    kind = {b"vide": "video", b"soun": "audio"}.get(bytes(need(media, b"hdlr")[8:12]))
    if kind is None:
        return None
    head = need(media, b"mdhd")
    timescale = number(head, 20 if head[0] == 1 else 12)
    if timescale == 0:
        raise UnreadableMedia(Reason.DAMAGED, timescale=0)
    table = need(media, b"minf", b"stbl")
    description = need(table, b"stsd")
    header = bytes(need(trak, b"tkhd"))
    track_id = number(memoryview(header), 20 if header[0] == 1 else 12)
    plain = _plain(kind, table)
    if plain is not None:
        offsets, sizes, decoded = _grouped(table, *plain)
        shown = decoded
    else:
        sizes = _sizes(table)
        offsets = _offsets(table, sizes)
        decoded = _cumulative(_runs(need(table, b"stts"), len(sizes)))
        shown = decoded + _composition(table, len(sizes))
    count = len(sizes)
    keys = np.ones(count, bool)
    sync = find(table, b"stss")
    if sync is not None and plain is None:
        keys[:] = False
        numbers = _words(sync, 8, number(sync, 4)).astype(np.int64) - 1
        keys[numbers[(numbers >= 0) & (numbers < count)]] = True
    inside = offsets + sizes <= size_bytes
    if not inside.all():
        keep = int(np.argmin(inside))
        offsets, sizes, decoded, shown, keys = offsets[:keep], sizes[:keep], decoded[:keep], shown[:keep], keys[:keep]
    origin = _origin(trak, timescale, movie_timescale)
    return Track(kind, codec_of(description), track_id, timescale, header, bytes(description), origin, offsets, sizes, decoded, shown, keys)


def _origin(trak: memoryview, timescale: int, movie_timescale: int) -> int:
    """Leading empty edits delay a track, the first real one may skip its priming. More than a minute of either is not believed."""
    body = find(trak, b"edts", b"elst")
    if body is None or movie_timescale == 0:
        return 0
    wide = 8 if number(body, 0, 1) == 1 else 4
    delay = 0
    for i in range(min(number(body, 4), 4)):
        at = 8 + i * (2 * wide + 4)
        length, start = number(body, at, wide), number(body, at + wide, wide)
        if start != (1 << 8 * wide) - 1:
            origin = start - delay * timescale // movie_timescale
            return origin if abs(origin) <= 60 * timescale else 0
        delay += length
    return 0


def codec_of(description: memoryview) -> str:
    """FFmpeg's name of the first sample entry, or its four letters."""
    entry = bytes(description[12:16])
    return CODECS.get(entry, entry.decode("latin1"))


def _words(data: memoryview, at: int, count: int, kind: str = ">u4") -> NDArray[np.uint32]:
    size = np.dtype(kind).itemsize
    if count > MAX_SAMPLES or at + count * size > len(data):
        raise UnreadableMedia(Reason.DAMAGED, table_entries=count)
    return np.frombuffer(data, kind, count, at)


def _sizes(table: memoryview) -> Longs:
    body = find(table, b"stsz")
    if body is None:
        compact = need(table, b"stz2")
        field, count = number(compact, 4) & 0xFF, number(compact, 8)
        if field == 16:
            return _words(compact, 12, count, ">u2").astype(np.int64)
        if field == 8:
            return _words(compact, 12, count, "u1").astype(np.int64)
        raise UnreadableMedia(Reason.DAMAGED, stz2_field=field)
    same, count = number(body, 4), number(body, 8)
    if same == 0:
        return _words(body, 12, count).astype(np.int64)
    if count > MAX_SAMPLES:
        raise UnreadableMedia(Reason.DAMAGED, table_entries=count)
    return np.full(count, same, np.int64)


def _plain(kind: str, table: memoryview) -> tuple[int, int, int] | None:
    """(bytes of one, how many, ticks of one) where a track is uncompressed sound: every sample as small and as short as the others."""
    sizes, times = find(table, b"stsz"), need(table, b"stts")
    if kind != "audio" or sizes is None or not 0 < number(sizes, 4) <= PLAIN_BYTES or number(times, 4) != 1:
        return None
    return number(sizes, 4), number(sizes, 8), number(times, 12)


def _grouped(table: memoryview, size: int, count: int, ticks: int) -> tuple[Longs, Longs, Longs]:
    """(offsets, sizes, decode times) of groups of samples that lie one behind the other in a chunk."""
    chunks, held = _chunks(table)
    first = np.cumsum(held) - held
    held = np.minimum(held, np.maximum(count - first, 0))
    groups = -(-held // PLAIN_GROUP)
    if int(groups.sum()) > MAX_SAMPLES:
        raise UnreadableMedia(Reason.DAMAGED, samples=int(groups.sum()))
    of = np.repeat(np.arange(len(held)), groups)
    within = (np.arange(len(of)) - np.repeat(np.cumsum(groups) - groups, groups)) * PLAIN_GROUP
    return chunks[of] + within * size, np.minimum(held[of] - within, PLAIN_GROUP) * size, (first[of] + within) * ticks


def _offsets(table: memoryview, sizes: Longs) -> Longs:
    """Chunk offsets, spread over the samples of each chunk."""
    count = len(sizes)
    if count == 0:
        return np.zeros(0, np.int64)
    chunks, per_chunk = _chunks(table)
    if len(chunks) == 0:
        return np.zeros(count, np.int64)
    total = int(per_chunk.sum())
    if total > MAX_SAMPLES or total < count:
        raise UnreadableMedia(Reason.DAMAGED, box="stsc")
    chunk_of = np.repeat(np.arange(len(chunks)), per_chunk)[:count]
    before = np.cumsum(sizes) - sizes
    starts = np.minimum(np.cumsum(per_chunk) - per_chunk, count - 1)
    places: Longs = chunks[chunk_of] + before - before[starts][chunk_of]
    return places


def _chunks(table: memoryview) -> tuple[Longs, Longs]:
    """(offset, samples) of each chunk."""
    body = find(table, b"stco")
    chunks = _words(body, 8, number(body, 4)).astype(np.int64) if body is not None else None
    if chunks is None:
        body = need(table, b"co64")
        chunks = _words(body, 8, number(body, 4), ">u8").astype(np.int64)
    if len(chunks) == 0:
        return chunks, chunks
    body = need(table, b"stsc")
    runs = _words(body, 8, number(body, 4) * 3).reshape(-1, 3).astype(np.int64)
    if len(runs) == 0 or (runs[:, 2] != 1).any():
        # a second sample description changes codec parameters midway; no recorder was seen to do it
        raise UnreadableMedia(Reason.DAMAGED, sample_descriptions=int(runs[:, 2].max()) if len(runs) else 0)
    first = runs[:, 0] - 1
    lengths = np.diff(np.append(first, len(chunks)))
    if (lengths < 0).any() or first[0] != 0 or runs[:, 1].max() > MAX_SAMPLES:
        raise UnreadableMedia(Reason.DAMAGED, box="stsc")
    return chunks, np.repeat(runs[:, 1], lengths)


def _runs(body: memoryview, count: int) -> Longs:
    """Expand (count, value) pairs to `count` values; a table that ends early repeats its last value."""
    pairs = _words(body, 8, number(body, 4) * 2).reshape(-1, 2).astype(np.int64)
    if int(pairs[:, 0].sum()) > MAX_SAMPLES:
        raise UnreadableMedia(Reason.DAMAGED, box="run-lengths")
    values: Longs = np.repeat(pairs[:, 1], pairs[:, 0])[:count]
    padding: Longs = np.full(count - len(values), values[-1] if len(values) else 0, np.int64)
    whole: Longs = np.concatenate((values, padding))
    return whole


def _cumulative(steps: Longs) -> Longs:
    return np.cumsum(steps) - steps


def _composition(table: memoryview, count: int) -> Longs:
    body = find(table, b"ctts")
    if body is None:
        return np.zeros(count, np.int64)
    # version 0 is unsigned on paper; every writer that needs it stores two's complement
    return _runs(body, count).astype(np.uint32).astype(np.int32).astype(np.int64)
