"""Write H.264 or H.265 as an MPEG program stream with a program stream map, as surveillance recorders export it (and name it .mp4).

ISO/IEC 13818-1: pack header 2.5.3.3, program stream map 2.5.4, PES packet 2.4.3.6. FFmpeg's own muxer writes no map, recorders do.
"""

import struct
from typing import BinaryIO, Final

CLOCK_HZ: Final = 90_000
VIDEO_ID: Final = 0xE0
STREAM_TYPE: Final = {"h264": 0x1B, "h265": 0x24}
PES_BYTES: Final = 60_000  # a PES packet's length field has 16 bits
END: Final = b"\x00\x00\x01\xb9"


def _crc32(data: bytes) -> int:
    """CRC-32/MPEG-2 of a map section."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def _pack_header(clock: int) -> bytes:
    """System clock reference `clock` in 90 kHz units, mux rate of 25 MB/s at most."""
    reference = bytes(
        [
            0x44 | (clock >> 27 & 0x38) | (clock >> 28 & 3),
            clock >> 20 & 255,
            (clock >> 12 & 0xF8) | 4 | (clock >> 13 & 3),
            clock >> 5 & 255,
            (clock << 3 & 0xF8) | 4,
            1,
        ]
    )
    return b"\x00\x00\x01\xba" + reference + b"\x01\x89\xc3\xf8"


def _stamp(clock: int) -> bytes:
    return bytes([0x21 | (clock >> 29 & 14), clock >> 22 & 255, (clock >> 14 & 254) | 1, clock >> 7 & 255, (clock << 1 & 254) | 1])


class ProgramStream:
    """One video stream into an open file. Packets are Annex B with parameter sets in band."""

    def __init__(self, file: BinaryIO, codec: str) -> None:
        self._file = file
        body = struct.pack(">BBHHBBH", 0xE1, 0xFF, 0, 4, STREAM_TYPE[codec], VIDEO_ID, 0)
        section = b"\x00\x00\x01\xbc" + struct.pack(">H", len(body) + 4) + body
        self._map = section + struct.pack(">I", _crc32(section))

    def write(self, data: bytes, pts: int, *, key: bool) -> None:
        """One coded picture at `pts` (90 kHz). Key pictures are preceded by the map, so that reading can start there."""
        clock = pts + CLOCK_HZ // 2
        self._file.write(_pack_header(pts))
        if key:
            self._file.write(self._map)
        for start in range(0, len(data), PES_BYTES):
            head = b"\x84\x80\x05" + _stamp(clock) if start == 0 else b"\x80\x00\x00"
            piece = data[start : start + PES_BYTES]
            self._file.write(b"\x00\x00\x01" + bytes([VIDEO_ID]) + struct.pack(">H", len(head) + len(piece)) + head + piece)

    def close(self) -> None:
        """Write the end code; the file stays open."""
        self._file.write(END)
