"""Which container the first bytes show, and how many bytes its outer structure claims. Pure parsing, no FFmpeg.

FFmpeg is then told the format: its own probing over some 300 demuxers (playlists, concat scripts, images) never runs.
"""

from dataclasses import dataclass
from typing import Final

from storage.media.errors import Reason, UnreadableMedia
from storage.media.source import ByteSource

HEAD_BYTES: Final = 65536
MP4_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"sidx", b"moof", b"uuid", b"mfra", b"meta"})
MP4_FIRST: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"})
OTHER_VIDEO: Final = ((b"FLV\1", "flv"), (bytes.fromhex("3026b2758e66cf11"), "asf"), (b"DHAV", "dav"), (b"OggS", "ogg"), (b".RMF", "rm"))
MAX_BOXES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Shape:
    """`demuxer` is FFmpeg's name. `moov` is (start, end) of the MP4 index. `claimed_bytes` > size: the file was cut off."""

    container: str
    demuxer: str
    claimed_bytes: int
    fragmented: bool = False
    moov: tuple[int, int] | None = None


def sniff(source: ByteSource, head: bytes | None = None) -> Shape:
    """Raises: UnreadableMedia — empty, not-a-video, unsupported-container, truncated-no-index."""
    size = source.size_bytes
    if size == 0:
        raise UnreadableMedia(Reason.EMPTY)
    head = source.read(0, min(size, HEAD_BYTES)) if head is None else head
    if head[4:8] in MP4_FIRST:
        return _mp4(source, head)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        if b"webm" not in head[:64] and b"matroska" not in head[:64]:
            raise UnreadableMedia(Reason.UNSUPPORTED_CONTAINER, container="ebml")
        return Shape("mkv", "matroska", _mkv_claim(head, size))
    if head[:4] == b"RIFF":
        if head[8:12] != b"AVI ":
            raise UnreadableMedia(Reason.NOT_A_VIDEO)
        return Shape("avi", "avi", _avi_claim(source))
    for step, lead in ((188, 0), (192, 4), (204, 0)):
        if len(head) > lead + 4 * step and all(head[lead + i * step] == 0x47 for i in range(5)):
            return Shape("ts", "mpegts", size if size % step == 0 else size + step - size % step)
    at = head.find(b"\0\0\1\xba", 0, 4096)  # some recorders put a short header of their own (IMKH) in front of the first pack
    if at >= 0 and len(head) > at + 4 and (head[at + 4] & 0xC4 == 0x44 or head[at + 4] & 0xF1 == 0x21):
        return Shape("ps", "mpeg", size)
    for magic, name in OTHER_VIDEO:
        if head.startswith(magic):
            raise UnreadableMedia(Reason.UNSUPPORTED_CONTAINER, container=name)
    raise UnreadableMedia(Reason.NOT_A_VIDEO)


def _mp4(source: ByteSource, head: bytes) -> Shape:
    """Walk the top-level boxes; a box header is read alone only where `head` does not hold it."""
    size, at, claimed = source.size_bytes, 0, 0
    moov: tuple[int, int] | None = None
    fragmented = False
    for _ in range(MAX_BOXES):
        if at + 8 > size:
            claimed = max(claimed, at + 8 if at < size else at)
            break
        raw = head[at : at + 16] if at + 16 <= len(head) else source.read(at, min(at + 16, size))
        length, kind = int.from_bytes(raw[:4], "big"), raw[4:8]
        if length == 1:
            length = int.from_bytes(raw[8:16], "big")
        elif length == 0:
            length = size - at
        if length < 8 or kind not in MP4_BOXES:
            # what FFmpeg tolerates after the index, we note as damage by claiming nothing more
            if moov is None and at == 0:
                raise UnreadableMedia(Reason.NOT_A_VIDEO)
            if not kind.isalnum() or length < 8:
                break
        if kind == b"moov":
            moov = (at, at + length)
        fragmented = fragmented or kind == b"moof"
        claimed = at + length
        at = claimed
        if moov is not None and claimed >= size:
            break
        if moov is not None and not fragmented and kind == b"mdat":
            # an index is known and so is the media; only trailing boxes follow, which prove nothing
            claimed = max(claimed, moov[1])
            break
    if moov is None:
        raise UnreadableMedia(Reason.TRUNCATED_NO_INDEX if claimed >= size else Reason.DAMAGED, size_bytes=size, claimed_bytes=claimed)
    if moov[1] > size:
        raise UnreadableMedia(Reason.TRUNCATED_NO_INDEX, size_bytes=size, claimed_bytes=moov[1])
    return Shape("mp4", "mov", claimed, fragmented, moov)


def _mkv_claim(head: bytes, size: int) -> int:
    at = head.find(b"\x18\x53\x80\x67")
    if at < 0:
        return size
    first = head[at + 4] if at + 4 < len(head) else 0
    width = 9 - first.bit_length() if first else 8
    raw = head[at + 4 : at + 4 + width]
    value = int.from_bytes(raw, "big") & ((1 << 7 * width) - 1)
    unknown = value == (1 << 7 * width) - 1  # written live, its length never filled in
    return size if unknown else at + 4 + width + value


def _avi_claim(source: ByteSource) -> int:
    """A long AVI is a chain of RIFF chunks of up to 1 GB each."""
    at, size = 0, source.size_bytes
    while at + 8 <= size:
        raw = source.read(at, at + 8)
        if raw[:4] != b"RIFF":
            break
        length = int.from_bytes(raw[4:8], "little")
        if length == 0:
            return at  # never finished
        at += 8 + length + (length & 1)
    return at
