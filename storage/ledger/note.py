"""Signed notes of C2SP (c2sp.org/signed-note) with Ed25519 keys. Pure; strict: what is not exactly in the format is refused."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.ledger.errors import MalformedNote, UnknownSignature

ED25519: Final = b"\x01"
MAX_NOTE_BYTES: Final = 65_536
MAX_SIGNATURES: Final = 64
_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under. Text form: `<name>+<key id, 8 hex digits>+<base64 of 0x01 and 32 key bytes>`."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(ED25519 + self.public)}"


def verifier_key(name: str, key: Ed25519PrivateKey) -> VerifierKey:
    """The public side of a signing key. Raises: MalformedNote — the name has a space or a plus sign, or is empty."""
    return VerifierKey(_checked_name(name), key.public_key().public_bytes_raw())


def parse_vkey(text: str) -> VerifierKey:
    """Read the text form. Raises: MalformedNote — not the form, another algorithm, or an id that is not the key's."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise MalformedNote(why="verifier key without name, id and key")
    name, key_id, encoded = parts
    raw = decode_base64(encoded)
    if raw[:1] != ED25519 or len(raw) != 33:
        raise MalformedNote(why="verifier key is not Ed25519")
    key = VerifierKey(_checked_name(name), raw[1:])
    if key.key_id.hex() != key_id:
        raise MalformedNote(why="verifier key id does not belong to the key")
    return key


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """`text` (ends in a newline) with one signature line under it."""
    _check_characters(text)
    if not text.endswith("\n"):
        raise MalformedNote(why="text does not end in a newline")
    signature = verifier_key(name, key).key_id + key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {encode_base64(signature)}\n"


def open_note(note: str, keys: Iterable[VerifierKey]) -> str:
    """The text of a note that at least one of `keys` signed; signatures of strangers are ignored.

    Raises: MalformedNote — not a signed note; UnknownSignature — no known key signed, or a known key's signature is wrong.
    """
    _check_characters(note)
    text, lines = _split_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    verified = False
    for line in lines:
        name, raw = _parse_signature(line)
        key = known.get((name, raw[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
        except (InvalidSignature, ValueError) as wrong:
            raise UnknownSignature(key=name) from wrong
        verified = True
    if not verified:
        raise UnknownSignature(key=", ".join(sorted({name for name, _ in known})))
    return text


def _split_note(note: str) -> tuple[str, list[str]]:
    head, gap, tail = note.rpartition("\n\n")
    if not gap or not head or not tail.endswith("\n"):
        raise MalformedNote(why="no text and signatures with an empty line between")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise MalformedNote(why="too many signatures")
    return head + "\n", lines


def _parse_signature(line: str) -> tuple[str, bytes]:
    if not line.startswith(_DASH):
        raise MalformedNote(why="signature line without dash")
    name, space, encoded = line[len(_DASH) :].partition(" ")
    if not space:
        raise MalformedNote(why="signature line without name and signature")
    raw = decode_base64(encoded)
    if len(raw) < 5:
        raise MalformedNote(why="signature too short")
    return _checked_name(name), raw


def _checked_name(name: str) -> str:
    if not name or "+" in name or any(c.isspace() for c in name):
        raise MalformedNote(why="key name is empty or has a space or a plus sign")
    return name


def _check_characters(text: str) -> None:
    if len(text) > MAX_NOTE_BYTES:
        raise MalformedNote(why="too long")
    if any(c < " " and c != "\n" for c in text):
        raise MalformedNote(why="control character")
    try:
        text.encode()
    except UnicodeEncodeError as lone:
        raise MalformedNote(why="not UTF-8") from lone


def encode_base64(raw: bytes) -> str:
    """Standard base 64 with padding."""
    return base64.b64encode(raw).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Strict reverse: only the one canonical spelling is accepted. Raises: MalformedNote."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise MalformedNote(why="not base64") from wrong
    if encode_base64(raw) != text:
        raise MalformedNote(why="base64 is not canonical")
    return raw


def parse_decimal(text: str) -> int:
    """ASCII decimal without sign and leading zeroes, below 2^63. Raises: MalformedNote."""
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or (text[0] == "0" and text != "0") or int(text) >= 1 << 63:
        raise MalformedNote(why="not a plain decimal")
    return int(text)
