"""The measuring child's side of the packet file: one row a packet, while the packets go by. No numpy here: the child measures without it."""

import hashlib
import struct
from typing import Any, BinaryIO, Final

from storage.media.errors import Reason, UnreadableMedia

MOST_PACKETS: Final = 8_000_000  # 24 h at 60 pictures a second is 5.2 million
HASHED_BYTES: Final = 1024
_ROW: Final = struct.Struct("<IqBQ")


class PacketWriter:
    """One row a packet, straight into the file, so that measuring keeps its constant memory."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.count = 0

    def add(self, size: int, shown_us: int, *, key: bool, picture: Any) -> None:  # Any: hashlib's type has no public name
        """Raises: UnreadableMedia — more packets than any camera makes."""
        if self.count >= MOST_PACKETS:
            raise UnreadableMedia(Reason.HOSTILE, limit="packets")
        self.count += 1
        self._out.write(_ROW.pack(min(size, 0xFFFFFFFF), shown_us, key, int.from_bytes(picture.digest(), "little")))


def picture_hash() -> Any:
    """A fresh hash; feed it with `hash_unit` for each unit of one packet."""
    return hashlib.blake2b(digest_size=8)


def hash_unit(picture: Any, unit: bytes) -> None:
    picture.update(len(unit).to_bytes(4, "big"))
    picture.update(unit[:HASHED_BYTES])
