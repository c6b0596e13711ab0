"""Write an MP4, index in front, from samples that stay where they are: the new tables first, then the old bytes. Pure.

No coded byte is changed or copied through FFmpeg: what plays is bit for bit what was recorded.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media.boxes import box, full
from storage.media.errors import Reason, UnreadableMedia
from storage.media.track import Longs, Track

MOVIE_TIMESCALE: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Samples of one track (indices in decode order). Playing begins at tick `start` (as `Track.shown` counts) and lasts `length` ticks."""

    track: Track
    samples: NDArray[np.intp]
    start: int
    length: int


def lone(track: Track, samples: NDArray[np.intp]) -> Piece:
    """Samples that are decoded one by one, a second apart whatever their times say: a hole of half a day between two of them fits no table."""
    times = np.arange(len(samples), dtype=np.int64) * track.timescale
    own = replace(track, offsets=track.offsets[samples], sizes=track.sizes[samples], decoded=times, shown=times, keys=track.keys[samples])
    return Piece(own, np.arange(len(samples)), 0, track.timescale)


@dataclass(frozen=True, slots=True)
class Plan:
    """`head` is everything up to the media bytes; `runs` are the ranges of the source that follow it, in order, adjacent ones merged."""

    head: bytes
    runs: tuple[tuple[int, int], ...]
    packet_bytes: int


def plan(pieces: Sequence[Piece]) -> Plan:
    """Raises: UnreadableMedia(damaged) when samples overlap (a small file must not become a large clip)."""
    offsets = np.concatenate([p.track.offsets[p.samples] for p in pieces])
    sizes = np.concatenate([p.track.sizes[p.samples] for p in pieces])
    order = np.argsort(offsets, kind="stable")
    starts, ends = offsets[order], (offsets + sizes)[order]
    if (starts[1:] < ends[:-1]).any() or (sizes < 0).any():
        raise UnreadableMedia(Reason.DAMAGED, samples="overlap")
    total = int(sizes.sum())
    relative = np.empty_like(offsets)
    relative[order] = np.cumsum(sizes[order]) - sizes[order]
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    runs = tuple(zip(starts[np.append(0, breaks)].tolist(), ends[np.append(breaks - 1, len(ends) - 1)].tolist(), strict=True))
    mdat = struct.pack(">I4s", 8 + total, b"mdat") if total + 8 < 1 << 32 else struct.pack(">I4sQ", 1, b"mdat", 16 + total)
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    length = len(ftyp) + len(_movie(pieces, relative)) + len(mdat)
    if length + total >= 1 << 32:
        raise UnreadableMedia(Reason.DAMAGED, clip_bytes=total)  # 4 GB is no clip; callers bound spans far below
    return Plan(ftyp + _movie(pieces, relative + length) + mdat, runs, total)


def _movie(pieces: Sequence[Piece], places: Longs) -> bytes:
    length_ms = max(_movie_ticks(p) for p in pieces)
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    head = struct.pack(">IIIIIH10x", 0, 0, MOVIE_TIMESCALE, length_ms, 0x10000, 0x100) + matrix + bytes(24) + struct.pack(">I", len(pieces) + 1)
    traks, at = [], 0
    for number, piece in enumerate(pieces, 1):
        traks.append(_trak(piece, number, places[at : at + len(piece.samples)]))
        at += len(piece.samples)
    return box(b"moov", full(b"mvhd", 0, 0, head), *traks)


def _movie_ticks(piece: Piece) -> int:
    return piece.length * MOVIE_TIMESCALE // piece.track.timescale


def _trak(piece: Piece, number: int, places: Longs) -> bytes:
    track, samples = piece.track, piece.samples
    picture = track.header[24:84] if track.header[:1] == b"\0" else track.header[36:96]  # layer, volume, matrix, size
    if len(picture) != 60:
        raise UnreadableMedia(Reason.DAMAGED, box="tkhd")
    decoded = track.decoded[samples]
    steps = np.diff(decoded)
    last = int(np.median(steps)) if len(steps) else max(piece.length, 1)
    steps = np.append(steps, last)
    if (steps < 0).any() or (steps >= 1 << 32).any():
        raise UnreadableMedia(Reason.DAMAGED, box="stts")
    shift = track.shown[samples] - decoded
    keys = np.flatnonzero(track.keys[samples]) + 1
    video = track.kind == "video"
    tables = [box(b"stsd", track.description), full(b"stts", 0, 0, _run_lengths(steps))]
    if shift.any():
        tables.append(full(b"ctts", int(shift.min() < 0), 0, _run_lengths(shift.astype(np.int32).astype(np.uint32))))
    if video:
        tables.append(full(b"stss", 0, 0, _counted(keys)))
    tables.append(full(b"stsc", 0, 0, struct.pack(">IIII", 1, 1, 1, 1)))  # every sample is its own chunk
    tables.append(full(b"stsz", 0, 0, bytes(4), _counted(track.sizes[samples])))
    tables.append(full(b"stco", 0, 0, _counted(places)))
    reference = full(b"dref", 0, 0, struct.pack(">I", 1), full(b"url ", 0, 1))
    media_head = full(b"vmhd", 0, 1, bytes(8)) if video else full(b"smhd", 0, 0, bytes(4))
    handler = full(b"hdlr", 0, 0, bytes(4), b"vide" if video else b"soun", bytes(12), b"ClassProof\0")
    media = box(
        b"mdia",
        full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, track.timescale, min(int(steps.sum()), 0xFFFFFFFF), 0x55C4, 0)),
        handler,
        box(b"minf", media_head, box(b"dinf", reference), box(b"stbl", *tables)),
    )
    length_ms = _movie_ticks(piece)
    # negative media time cannot be written; a track never starts before its first sample
    edit = full(b"elst", 1, 0, struct.pack(">IQqHH", 1, length_ms, max(piece.start - int(decoded[0]), 0), 1, 0))
    head = full(b"tkhd", 0, 7, struct.pack(">IIIII", 0, 0, number, 0, length_ms), picture)
    return box(b"trak", head, box(b"edts", edit), media)


def _counted(values: NDArray[np.integer]) -> bytes:
    return struct.pack(">I", len(values)) + values.astype(">u4").tobytes()


def _run_lengths(values: NDArray[np.integer]) -> bytes:
    breaks = np.append(np.flatnonzero(np.diff(values)) + 1, len(values))
    pairs = np.stack([np.diff(breaks, prepend=0), values[breaks - 1]], 1)
    return struct.pack(">I", len(pairs)) + pairs.astype(">u4").tobytes()
