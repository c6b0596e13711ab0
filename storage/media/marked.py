"""Bytes of a stretch that a demuxer begins with the key frame of a mark. R60, R72.

A Matroska file can be entered at its clusters only, and a cluster may hold several key frames: read from its beginning, the first of them would be
taken for the wanted one. There a cluster is made that begins with the wanted block.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from storage.media import matroska
from storage.media.index import MarkIndex
from storage.media.source import ByteSource

MOST_WHOLE_BYTES: Final = 1_000_000_000  # of a stretch decoded from its key frame on: two minutes at 60 Mbit/s; more has no key frames to speak of
MOST_BEFORE_BYTES: Final = 16_000_000  # of a cluster, before the block: more is no camera's


def entry(source: ByteSource, index: MarkIndex, mark: int) -> tuple[bytes, int]:
    """(bytes to put in front, first byte to read behind them) of a key-frame mark."""
    start, place = int(index.starts[mark]), int(index.places[mark])
    first = int(np.searchsorted(index.starts, start))
    if index.demuxer != "matroska" or not index.keys[first:mark].any() or place - start > MOST_BEFORE_BYTES:
        return b"", start
    return matroska.entered_at(source.read(start, place), start, place) or (b"", start)


def read_from(source: ByteSource, index: MarkIndex, mark: int, end: int) -> bytes:
    """Up to byte `end` of the file. Behind `index.head` a demuxer reads it."""
    front, first = entry(source, index, mark)
    return front + source.read(first, end)


def blocks_from(source: ByteSource, index: MarkIndex, mark: int, end: int) -> Iterator[bytes]:
    """The same in pieces."""
    front, first = entry(source, index, mark)
    if front:
        yield front
    yield from source.blocks(first, end)
