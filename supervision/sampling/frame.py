"""The frame: everything that can be drawn, in one agreed form, and the root that commits to it. R55; domain.md 3.5. Pure.

A natural id is text in Unicode NFC. The frame holds each id once, in code-point order (which is also the order of its UTF-8 bytes).
Leaf i of the tree is SHA-256(0x00 ‖ UTF-8 of id i), a node is SHA-256(0x01 ‖ left ‖ right): RFC 6962.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from storage.ledger import merkle
from supervision.sampling.errors import FrameNotCanonical


@dataclass(frozen=True, slots=True)
class Frame:
    """Canonical ids and their leaf hashes, position by position; `root` is the 32-byte Merkle root."""

    natural_ids: tuple[str, ...]
    leaf_hashes: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that one id is leaf `position` of `count` under a root; `path` from the leaf upwards, 32 bytes each."""

    natural_id: str
    position: int
    count: int
    path: tuple[bytes, ...]


def check_natural_id(natural_id: str) -> str:
    """The id unchanged. Raises: FrameNotCanonical — empty, not NFC, with surrounding blanks or a control character."""
    if not natural_id:
        raise FrameNotCanonical(why="empty", natural_id="")
    if not unicodedata.is_normalized("NFC", natural_id):
        raise FrameNotCanonical(why="not-nfc", natural_id=natural_id)
    # isprintable also refuses lone surrogates, which have no UTF-8 form
    if natural_id != natural_id.strip() or not natural_id.isprintable():
        raise FrameNotCanonical(why="not-plain-text", natural_id=ascii(natural_id))
    return natural_id


def build_frame(natural_ids: Iterable[str]) -> Frame:
    """Sort and commit. Raises: FrameNotCanonical — also for a repeated id: an id twice would have twice the chance."""
    ordered = sorted(check_natural_id(i) for i in natural_ids)
    if not ordered:
        raise FrameNotCanonical(why="empty", natural_id="")
    for left, right in pairwise(ordered):
        if left == right:
            raise FrameNotCanonical(why="repeated", natural_id=left)
    hashes = tuple(merkle.leaf_hash(i.encode()) for i in ordered)
    return Frame(tuple(ordered), hashes, merkle.root(hashes))


def read_frame(natural_ids: Sequence[str]) -> Frame:
    """Like `build_frame` for a list that must already be in order. Raises: FrameNotCanonical (`why="out-of-order"`)."""
    for left, right in pairwise(natural_ids):
        if left > right:
            raise FrameNotCanonical(why="out-of-order", natural_id=right)
    return build_frame(natural_ids)


def prove_inclusion(frame: Frame, position: int) -> Inclusion:
    """Raises: ValueError — no such position."""
    path = merkle.inclusion_path(frame.leaf_hashes, position)
    return Inclusion(frame.natural_ids[position], position, len(frame.natural_ids), tuple(path))
