"""Facts of every video packet, kept beside the index as one compact file: bytes, time shown, key frame, hash of the coded picture. R72; F-05, F-06.

Written by the measuring child in its one pass, so that no later question about packets reads the recording again. The hash covers the picture
data alone (`nal`), so it is the same in MP4, MKV, TS, PS and AVI. It is made of each unit's length and first bytes: enough to tell two coded
pictures apart, at a fifth of the price. Pictures that say "nothing changed" are a few bytes long and equal everywhere: leave them out of any
comparison.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from storage.media.errors import Reason, UnreadableMedia
from storage.media.packet_rows import MOST_PACKETS

MAGIC: Final = b"CPPK1"
RAW: Final = np.dtype([("size", "<u4"), ("shown_us", "<i8"), ("key", "u1"), ("hash", "<u8")])


@dataclass(frozen=True, slots=True, eq=False)
class PacketFacts:
    """Arrays of equal length in decode order."""

    sizes: NDArray[np.int64]
    shown_ms: NDArray[np.int64]
    keys: NDArray[np.bool_]
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.sizes)


def pack(raw: bytes, first_us: int) -> bytes:
    """The child's rows as the compact file. Columns compress where rows do not. Raises: UnreadableMedia."""
    if len(raw) % RAW.itemsize:
        raise UnreadableMedia(Reason.HOSTILE, limit="output")
    rows = np.frombuffer(raw, RAW)
    shown_us = rows["shown_us"] - first_us
    packer = zlib.compressobj(6)
    head = json.dumps({"count": len(rows)}).encode()
    columns = (rows["size"], np.diff(shown_us, prepend=0).astype("<i8"), np.packbits(rows["key"].astype(bool)), rows["hash"])
    parts = [MAGIC, packer.compress(len(head).to_bytes(4, "little") + head), *(packer.compress(column.tobytes()) for column in columns)]
    return b"".join([*parts, packer.flush()])


def from_bytes(data: bytes) -> PacketFacts:
    """Read what `pack` wrote. Raises: UnreadableMedia(damaged) for anything else."""
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data[5:], MOST_PACKETS * RAW.itemsize + 4096) if data[:5] == MAGIC else b""
        length = int.from_bytes(plain[:4], "little")
        count, at = int(json.loads(plain[4 : 4 + length])["count"]), 4 + length
        sizes = np.frombuffer(plain, "<u4", count, at)
        steps = np.frombuffer(plain, "<i8", count, at + 4 * count)
        bits = np.frombuffer(plain, "u1", (count + 7) // 8, at + 12 * count)
        hashes = np.frombuffer(plain, "<u8", count, at + 12 * count + len(bits))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise UnreadableMedia(Reason.DAMAGED, packets=str(error)[:100]) from error
    shown = np.cumsum(steps)
    shown //= 1000
    return PacketFacts(sizes.astype(np.int64), shown, np.unpackbits(bits, count=count).astype(bool), hashes)
