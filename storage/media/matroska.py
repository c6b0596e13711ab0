"""Where the clusters of a Matroska file begin: a demuxer can start reading there and only there. Pure."""

from typing import Final

from storage.media.source import ByteSource

SEGMENT: Final = 0x18538067
CLUSTER: Final = 0x1F43B675
TIMESTAMP: Final = 0xE7  # of a cluster
UNKNOWN_LENGTH: Final = b"\x01" + b"\xff" * 7
# elements that may follow a cluster of unknown length at the segment's level
TOP_LEVEL: Final = frozenset({CLUSTER, 0x1C53BB6B, 0x1254C367, 0x1043A770, 0x1941A469, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0xEC})
MAX_ELEMENTS: Final = 20_000_000
MOST_BLOCKS: Final = 50_000  # of a cluster: it holds 65 seconds at most, in milliseconds


def entered_at(data: bytes, start: int, place: int) -> tuple[bytes, int] | None:
    """(head of a cluster of unknown length with the time of this one, file position of the block that holds the byte at `place`).

    `data`: from the beginning `start` of a cluster up to `place`. None: it is not written as clusters are.
    """
    kind, id_width = _vint(data, 0, keep_mark=True)
    _, width = _vint(data, id_width, keep_mark=False)
    if kind != CLUSTER or not width:
        return None
    at, time = id_width + width, b""
    for _ in range(MOST_BLOCKS):
        if at >= len(data):
            break
        kind, id_width = _vint(data, at, keep_mark=True)
        length, width = _vint(data, at + id_width, keep_mark=False)
        if not id_width or not width or length < 0:
            return None
        end = at + id_width + width + length
        if kind == TIMESTAMP:
            time = data[at:end]
        if start + end > place:
            return (CLUSTER.to_bytes(4, "big") + UNKNOWN_LENGTH + time, start + at) if time else None
        at = end
    return None


def _vint(data: bytes, at: int, *, keep_mark: bool) -> tuple[int, int]:
    """(value, width); width 0 when there is none. An unknown length is -1."""
    if at >= len(data) or data[at] == 0:
        return 0, 0
    width = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + width], "big")
    if keep_mark:
        return value, width
    value &= (1 << 7 * width) - 1
    return (-1 if value == (1 << 7 * width) - 1 else value), width


def clusters(source: ByteSource) -> list[int]:
    """Positions of all clusters, in order. Stops at the first thing that is no element: the rest is damaged."""
    found: list[int] = []
    at, size = 0, source.size_bytes
    for _ in range(MAX_ELEMENTS):
        if at >= size:
            break
        head = source.read(at, min(at + 16, size))
        kind, id_width = _vint(head, 0, keep_mark=True)
        length, width = _vint(head, id_width, keep_mark=False)
        if not id_width or not width:
            break
        body = at + id_width + width
        if kind == CLUSTER:
            found.append(at)
        # inside: the segment always, and a cluster whose length was never filled in (its blocks are walked one by one)
        at = body if kind == SEGMENT or (kind == CLUSTER and length < 0) else body + max(length, 0)
    return found
