"""Signed tree heads (c2sp.org/tlog-checkpoint) and offline proofs of inclusion (c2sp.org/tlog-proof@v1). Pure, strict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.ledger.errors import MalformedNote
from storage.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from storage.ledger.note import VerifierKey, decode_base64, encode_base64, open_note, parse_decimal, sign_note

PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"
CONSISTENCY_HEAD: Final = "classproof/ledger-consistency@v1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` leaves of the log named `origin` have this root; `note` is the signed text."""

    origin: str
    size: int
    root: bytes
    note: str = ""

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Where an entry stands in the tree of a checkpoint."""

    index: int
    path: tuple[bytes, ...]
    note: str


def sign_checkpoint(origin: str, size: int, root: bytes, key: Ed25519PrivateKey) -> Checkpoint:
    """Sign a tree head under the log's own name."""
    unsigned = Checkpoint(origin, size, root)
    return Checkpoint(origin, size, root, sign_note(unsigned.text, origin, key))


def open_checkpoint(note: str, keys: Iterable[VerifierKey], origin: str) -> Checkpoint:
    """Verify and read a checkpoint of the log `origin`; extension lines are refused since this log writes none.

    Raises: MalformedNote, UnknownSignature.
    """
    lines = open_note(note, keys).split("\n")
    if len(lines) != 4 or lines[3]:
        raise MalformedNote(why="a checkpoint is origin, size and root")
    if lines[0] != origin:
        raise MalformedNote(why="checkpoint of another log")
    root = _hash(lines[2])
    return Checkpoint(lines[0], parse_decimal(lines[1]), root, note)


def write_proof(index: int, path: Sequence[bytes], note: str) -> str:
    """The text of a `.tlog-proof` file."""
    hashes = "".join(f"{encode_base64(step)}\n" for step in path)
    return f"{PROOF_HEAD}\nindex {index}\n{hashes}\n{note}"


def parse_proof(text: str) -> InclusionProof:
    """Read a `.tlog-proof` file without judging it. An `extra` line is allowed and ignored. Raises: MalformedNote."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != PROOF_HEAD:
        raise MalformedNote(why="not a tlog-proof")
    rest = lines[1:]
    if rest and rest[0].startswith("extra "):
        decode_base64(rest[0].removeprefix("extra "))
        rest = rest[1:]
    if not rest or not rest[0].startswith("index "):
        raise MalformedNote(why="proof without index")
    if len(rest) > 64:
        raise MalformedNote(why="proof path too long")
    return InclusionProof(parse_decimal(rest[0].removeprefix("index ")), tuple(_hash(line) for line in rest[1:]), note)


def verify_proof(body: bytes, proof: str, keys: Iterable[VerifierKey], origin: str) -> Checkpoint | None:
    """The checkpoint that covers the entry `body`, or None when the proof does not lead there.

    Raises: MalformedNote, UnknownSignature — the proof's form or signature is wrong.
    """
    found = parse_proof(proof)
    head = open_checkpoint(found.note, keys, origin)
    return head if verify_inclusion(leaf_hash(body), found.index, head.size, found.path, head.root) else None


def write_consistency(old_size: int, path: Sequence[bytes], note: str) -> str:
    """The text of a consistency proof: like a tlog-proof, with `old` in place of `index` (C2SP has no file format for these)."""
    hashes = "".join(f"{encode_base64(step)}\n" for step in path)
    return f"{CONSISTENCY_HEAD}\nold {old_size}\n{hashes}\n{note}"


def verify_consistency_proof(old: Checkpoint, proof: str, keys: Iterable[VerifierKey], origin: str) -> Checkpoint | None:
    """The later checkpoint when the proof shows that it extends `old` (a checkpoint kept since then), else None.

    Raises: MalformedNote, UnknownSignature.
    """
    head, gap, note = proof.partition("\n\n")
    lines = head.split("\n")
    if not gap or len(lines) < 2 or len(lines) > 130 or lines[0] != CONSISTENCY_HEAD or not lines[1].startswith("old "):
        raise MalformedNote(why="not a consistency proof")
    new = open_checkpoint(note, keys, origin)
    path = [_hash(line) for line in lines[2:]]
    proven = parse_decimal(lines[1].removeprefix("old ")) == old.size and verify_consistency(old.size, new.size, old.root, new.root, path)
    return new if proven else None


def _hash(encoded: str) -> bytes:
    raw = decode_base64(encoded)
    if len(raw) != 32:
        raise MalformedNote(why="a hash has 32 bytes")
    return raw
