"""Tiles of C2SP tlog-tiles: 256 consecutive hashes of every eighth tree level. Pure arithmetic over a reader of stored tiles."""

from collections.abc import Callable, Sequence
from typing import Final

from storage.ledger.merkle import fold, node_hash

TILE_LEVELS: Final = 8
TILE_WIDTH: Final = 1 << TILE_LEVELS
HASH_BYTES: Final = 32
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES

TileKey = tuple[int, int]  # (tile level, index)
TileReader = Callable[[int, int], bytes | None]


class MissingNode(LookupError):
    """A node that the size of the tree promises is not in its tile."""


class TileNodes:
    """`merkle.Nodes` over tiles. Every tile is read once per instance; `stored` may be updated with tiles not yet written."""

    def __init__(self, read: TileReader) -> None:
        self._read = read
        self.stored: dict[TileKey, bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        """Hashes of a tile, empty when it does not exist."""
        key = (level, index)
        if key not in self.stored:
            self.stored[key] = self._read(level, index) or b""
        return self.stored[key]

    def node(self, level: int, index: int) -> bytes:
        tile_level, above = divmod(level, TILE_LEVELS)
        tile_index, place = divmod(index << above, TILE_WIDTH)
        hashes = self.tile(tile_level, tile_index)
        wanted = hashes[place * HASH_BYTES : (place + (1 << above)) * HASH_BYTES]
        if len(wanted) != HASH_BYTES << above:
            msg = f"node {index} of level {level} is missing"
            raise MissingNode(msg)
        return fold(split_hashes(wanted))


def split_hashes(joined: bytes) -> list[bytes]:
    """The hashes of a tile as a list."""
    return [joined[i : i + HASH_BYTES] for i in range(0, len(joined), HASH_BYTES)]


def tile_root(full: bytes) -> bytes:
    """The hash one tile level up of a full tile."""
    return fold(split_hashes(full))


def extend(nodes: TileNodes, size: int, leaves: Sequence[bytes]) -> dict[TileKey, bytes]:
    """Tiles that are new or longer when `leaves` follow a tree of `size` leaves; also put into `nodes.stored`.

    Raises: MissingNode — the stored partial tile does not hold what `size` promises.
    """
    changed: dict[TileKey, bytes] = {}
    level, start, added = 0, size, list(leaves)
    while added:
        first, filled = divmod(start, TILE_WIDTH)
        head = nodes.tile(level, first)[: filled * HASH_BYTES]
        if len(head) != filled * HASH_BYTES:
            msg = f"tile {first} of level {level} is shorter than a tree of {size} leaves"
            raise MissingNode(msg)
        joined = head + b"".join(added)
        completed: list[bytes] = []
        for offset in range(0, len(joined), TILE_BYTES):
            content = joined[offset : offset + TILE_BYTES]
            changed[(level, first + offset // TILE_BYTES)] = content
            if len(content) == TILE_BYTES:
                completed.append(tile_root(content))
        level, start, added = level + 1, first, completed
    nodes.stored.update(changed)
    return changed


def full_tiles(old_size: int, new_size: int) -> list[TileKey]:
    """Tiles that became full while the tree grew from `old_size` to `new_size`, lowest level first."""
    found: list[TileKey] = []
    level, old, new = 0, old_size >> TILE_LEVELS, new_size >> TILE_LEVELS
    while new:
        found += [(level, index) for index in range(old, new)]
        level, old, new = level + 1, old >> TILE_LEVELS, new >> TILE_LEVELS
    return found


def tile_path(level: int, index: int) -> str:
    """Path of a full tile as in tlog-tiles: `tile/0/x001/x234/067` for index 1234067."""
    text = f"{index % 1000:03d}"
    while index := index // 1000:
        text = f"x{index % 1000:03d}/{text}"
    return f"tile/{level}/{text}"


class Accumulator:
    """Root of a growing tree in O(log n) memory: the auditor feeds it leaf after leaf."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # hashes of the perfect subtrees, largest first

    def add(self, leaf: bytes) -> None:
        self._peaks.append(leaf)
        self.size += 1
        joints = (self.size & -self.size).bit_length() - 1  # as many merges as trailing zero bits
        for _ in range(joints):
            right = self._peaks.pop()
            self._peaks[-1] = node_hash(self._peaks[-1], right)

    def root(self) -> bytes:
        """Root of what was added so far; at least one leaf."""
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found
