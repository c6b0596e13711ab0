"""ISO base media boxes over bytes in memory: find, walk, build. Pure and bounded: Python slices cannot leave their buffer (ADR 0021)."""

import struct
from collections.abc import Iterator

from storage.media.errors import Reason, UnreadableMedia

MAX_CHILDREN = 4096


def children(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """(type, body) of each box in `data`. Raises: UnreadableMedia(damaged) for a box that overruns or too many of them."""
    at = 0
    for _ in range(MAX_CHILDREN):
        if at + 8 > len(data):
            return
        length, kind, head = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8]), 8
        if length == 1 and at + 16 <= len(data):
            length, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif length == 0:
            length = len(data) - at
        if length < head or at + length > len(data):
            raise UnreadableMedia(Reason.DAMAGED, box=kind.decode("latin1"))
        yield kind, data[at + head : at + length]
        at += length
    raise UnreadableMedia(Reason.DAMAGED, boxes=MAX_CHILDREN)


def find(data: memoryview, *path: bytes) -> memoryview | None:
    """Body of the first box at `path`, or None."""
    for kind in path:
        for found, body in children(data):
            if found == kind:
                data = body
                break
        else:
            return None
    return data


def need(data: memoryview, *path: bytes) -> memoryview:
    """Like `find`. Raises: UnreadableMedia(damaged) when it is missing."""
    body = find(data, *path)
    if body is None or len(body) < 4:
        raise UnreadableMedia(Reason.DAMAGED, missing=b"/".join(path).decode("latin1"))
    return body


def number(data: memoryview, at: int, size: int = 4) -> int:
    """Unsigned big-endian. Raises: UnreadableMedia(damaged) past the end."""
    if at + size > len(data):
        raise UnreadableMedia(Reason.DAMAGED, short=at + size)
    return int.from_bytes(data[at : at + size], "big")


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)
