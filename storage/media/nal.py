"""One hash for one coded picture sequence, whatever container carries it. Pure.

H.264 and H.265 travel as NAL units, either behind start codes (TS, PS, AVI: Annex B) or behind lengths (MP4, MKV: avcC, hvcC).
Only the units that hold picture data (VCL) count: parameter sets, SEI and access-unit delimiters are added and dropped by remuxing.
Hash input per unit: its length in 4 bytes, then its bytes without trailing zeros (Annex B may pad; no NAL unit ends in a zero byte).
"""

from collections.abc import Iterator

START_CODE = b"\0\0\1"


def length_size(codec: str, extradata: bytes | None) -> int:
    """Bytes of the length in front of each unit, 0 for Annex B. Extradata that begins with version 1 is an avcC or hvcC record."""
    if not extradata or extradata[0] != 1:
        return 0
    if codec == "h264" and len(extradata) >= 7:
        return (extradata[4] & 3) + 1
    if codec == "hevc" and len(extradata) >= 23:
        return (extradata[21] & 3) + 1
    return 0


def units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    """NAL units of one packet, trailing zeros removed. A length that overruns the packet yields what is there."""
    if length_bytes:
        at, size = 0, len(data)
        while at + length_bytes < size:
            n = int.from_bytes(data[at : at + length_bytes], "big")
            at += length_bytes
            yield data[at : at + n].rstrip(b"\0")
            at += n
        return
    at = data.find(START_CODE)
    while at >= 0:
        after = data.find(START_CODE, at + 3)
        yield data[at + 3 : after if after >= 0 else len(data)].rstrip(b"\0")
        at = after


def is_annex_b(data: bytes, length_bytes: int) -> bool:
    """AVI writers put Annex B packets behind an avcC header. A start code that is no plausible chain of lengths decides."""
    if length_bytes == 0:
        return True
    if not data.startswith((b"\0\0\1", b"\0\0\0\1")):
        return False
    at = 0
    while at + length_bytes <= len(data):
        at += length_bytes + int.from_bytes(data[at : at + length_bytes], "big")
    return at != len(data)


def is_random_access(codec: str, unit: bytes) -> bool:
    """A unit with which decoding can begin: IDR of H.264, IRAP (types 16 to 21) of H.265."""
    return bool(unit) and (unit[0] & 31 == 5 if codec == "h264" else 16 <= unit[0] >> 1 & 63 <= 21)


def is_vcl(codec: str, unit: bytes) -> bool:
    """Slices of H.264 (types 1 to 5) and H.265 (types 0 to 31)."""
    if not unit:
        return False
    return 1 <= unit[0] & 31 <= 5 if codec == "h264" else unit[0] >> 1 & 63 <= 31
