"""Merkle tree of RFC 9162 section 2.1 (the tree of RFC 6962). Pure: reads node hashes through a port, knows no storage.

A tree is a port `Nodes`, or simply the sequence of its leaf hashes. All hashes are SHA-256, 32 bytes.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Protocol

EMPTY_ROOT: Final = sha256(b"").digest()


class Nodes(Protocol):
    """Read side of a tree."""

    def node(self, level: int, index: int) -> bytes:
        """Hash of the perfect subtree over leaves [index << level, (index + 1) << level). All those leaves exist."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf's content."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """Root of a perfect subtree; the number of hashes is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


class HashList:
    """A tree held as its leaf hashes, for small trees and as an oracle."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves

    def node(self, level: int, index: int) -> bytes:
        return fold(self.leaves[index << level : (index + 1) << level])


Tree = Nodes | Sequence[bytes]


def root(tree: Tree, size: int | None = None) -> bytes:
    """Root over the first `size` leaves (all of them for a sequence)."""
    nodes, count = _open(tree, size)
    return _range(nodes, 0, count)


def inclusion_path(tree: Tree, index: int, size: int | None = None) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, sibling of the leaf first (2.1.3.1).

    Raises: ValueError — `index` is not below `size`.
    """
    nodes, count = _open(tree, size)
    if not 0 <= index < count:
        msg = f"leaf {index} is outside a tree of {count}"
        raise ValueError(msg)
    path: list[bytes] = []
    start, end = 0, count
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(nodes, middle, end))
            end = middle
        else:
            path.append(_range(nodes, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_path(tree: Tree, old_size: int, new_size: int | None = None) -> list[bytes]:
    """Proof that the tree of `old_size` leaves is a prefix of the one of `new_size` (2.1.4.1); empty for 0 or equal sizes.

    Raises: ValueError — `old_size` is above `new_size`.
    """
    nodes, count = _open(tree, new_size)
    if not 0 <= old_size <= count:
        msg = f"a tree of {old_size} is no prefix of one of {count}"
        raise ValueError(msg)
    if old_size in (0, count):
        return []
    path: list[bytes] = []
    start, end, whole = 0, count, True  # whole: the old tree's part of [start, end) is a node the verifier already has as its root
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range(nodes, middle, end))
            end = middle
        else:
            path.append(_range(nodes, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range(nodes, start, end))
    path.reverse()
    return path


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether `path` leads from the leaf hash `leaf` at `index` to `root_hash` of a tree of `size` leaves (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root_hash


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the new tree only added leaves to the old one (2.1.4.2)."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if not path:
        return False
    steps = list(path) if old_size & (old_size - 1) else [old_root, *path]
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _open(tree: Tree, size: int | None) -> tuple[Nodes, int]:
    if isinstance(tree, Sequence):
        return HashList(tree), len(tree) if size is None else size
    if size is None:
        msg = "a tree behind a port needs its size"
        raise ValueError(msg)
    return tree, size


def _split(count: int) -> int:
    """Largest power of two below `count` (count > 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range(nodes: Nodes, start: int, end: int) -> bytes:
    """Hash over leaves [start, end), where `start` is a multiple of the next power of two, as the recursion makes it."""
    count = end - start
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return nodes.node(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range(nodes, start, middle), _range(nodes, middle, end))
