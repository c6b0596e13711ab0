"""Fetch coded pictures of a stored recording into scratch, and say to the confined child what lies there. One way for looks, heads and strips.

MP4: a small MP4 of the wanted samples alone, each run of neighbours one request. Other containers: what a demuxer must have seen first, then the
bytes from a mark on.
"""

from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from storage.media import mp4
from storage.media.errors import Reason, UnreadableMedia
from storage.media.facts import Limits
from storage.media.index import MarkIndex, SampleIndex
from storage.media.marked import MOST_WHOLE_BYTES, blocks_from, read_from
from storage.media.mp4 import Piece
from storage.media.select import key_frame_bytes
from storage.media.source import Metered

Parts = list[list[int]]  # (end of the head, first byte, end) of each piece in the scratch file


def asked(index: SampleIndex | MarkIndex, parts: Parts, limits: Limits, **more: object) -> dict[str, Any]:  # Any: plain JSON
    """What every task that decodes fetched pictures is told: key frames alone, unless `more` says otherwise."""
    demuxer = "mov" if isinstance(index, SampleIndex) else index.demuxer
    told: dict[str, Any] = {"demuxer": demuxer, "parts": parts, "streams": limits.streams, "picture_px": limits.picture_px}
    return told | {"full": False, "step_us": 0, "from_us": 0} | more


def fetch_keys(source: Metered, index: SampleIndex | MarkIndex, picked: Sequence[int], file: IO[bytes]) -> Parts:
    """The picked key frames and nothing else."""
    if isinstance(index, SampleIndex):
        return _samples(source, mp4.lone(index.video, np.array(sorted(picked), np.intp)), file)
    return _marks(source, index, picked, file)


def fetch_whole(source: Metered, index: SampleIndex | MarkIndex, picked: Sequence[int], until_ms: int, file: IO[bytes]) -> Parts:
    """Everything from the first picked key frame until `until_ms`, as one part. Raises: UnreadableMedia — more than MOST_WHOLE_BYTES."""
    if isinstance(index, MarkIndex):
        return _stretch(source, index, picked[0], until_ms, file)
    video = index.video
    end = index.zero + until_ms * video.timescale // 1000
    last = int(np.searchsorted(video.decoded, end + 2 * video.timescale))
    following = np.flatnonzero(video.keys[picked[-1] + 1 :])
    stop = picked[-1] + 1 + int(following[0]) if len(following) else len(video)
    samples = np.arange(picked[0], max(min(stop, last), picked[0] + 1))
    _bounded(int(video.sizes[samples].sum()))
    return _samples(source, Piece(video, samples, int(video.shown[samples[0]]), video.timescale), file)


def _bounded(size: int) -> None:
    """Whoever writes one key frame in hours must not fill the disk of the worker."""
    if size > MOST_WHOLE_BYTES:
        raise UnreadableMedia(Reason.HOSTILE, limit="bytes", bytes=size)


def _samples(source: Metered, piece: Piece, file: IO[bytes]) -> Parts:
    plan = mp4.plan([piece])
    file.write(plan.head)
    for start, end in plan.runs:
        for block in source.blocks(start, end):
            file.write(block)
    return [[0, 0, file.tell()]]


def _marks(source: Metered, index: MarkIndex, picked: Sequence[int], file: IO[bytes]) -> Parts:
    """One part for each key frame: what a demuxer must have seen first, then its bytes."""
    file.write(index.head)
    parts, head = [], len(index.head)
    for mark in picked:
        at = file.tell()
        file.write(read_from(source, index, mark, key_frame_bytes(index, mark)[1]))
        parts.append([head, at, file.tell()])
    return parts


def _stretch(source: Metered, index: MarkIndex, first: int, until_ms: int, file: IO[bytes]) -> Parts:
    start = int(index.starts[first])
    later = np.flatnonzero((index.shown_us > until_ms * 1000 + 500_000) & (index.keys != 0) & (index.places > start))
    end = int(index.places[later[0]]) if len(later) else index.size_bytes
    _bounded(end - start)
    file.write(index.head)
    head = len(index.head)
    for block in blocks_from(source, index, first, end):
        file.write(block)
    return [[head, head, file.tell()]]
