"""Keep a small secret in a row: keys derived from the master key, authenticated encryption with a key id, rotation by key order.

Pure: keys come in as bytes (`storage.engines.secrets`), nothing is read here.
"""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.kernel.errors import DomainError

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(DomainError):
    """A sealed value was altered, moved to another row, or its key is no longer known. Facts: key_id (hex)."""

    code = "seal-broken"


def derive_key(master_key: bytes, purpose: str) -> bytes:
    """32 bytes for one purpose, e.g. `totp`. HKDF-SHA256: knowing one derived key tells nothing about another."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"classproof/" + purpose.encode()).derive(master_key)


def key_id(key: bytes) -> bytes:
    """4 bytes that name a key without revealing it; stored in front of what it sealed."""
    return hashlib.sha256(b"classproof/key-id" + key).digest()[:_KEY_ID_BYTES]


class Sealer:
    """AES-256-GCM. The first key seals; every key opens what it sealed, so a rotation is "put the new key in front"."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            msg = "a sealer needs a key"
            raise ValueError(msg)
        self._current = key_id(keys[0])
        self._keys = {key_id(key): AESGCM(key) for key in keys}

    @classmethod
    def derived(cls, master_keys: Sequence[bytes], purpose: str) -> "Sealer":
        """The sealer of one purpose. `master_keys`: the one in force first, retired ones after it."""
        return cls([derive_key(key, purpose) for key in master_keys])

    def seal(self, plain: bytes, context: str) -> bytes:
        """version ‖ key id ‖ nonce ‖ ciphertext. `context` (row id, field) must be given again to open: a value copied elsewhere stays shut."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + self._current + nonce + self._keys[self._current].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises: SealBroken."""
        named, start = sealed[1 : 1 + _KEY_ID_BYTES], 1 + _KEY_ID_BYTES + _NONCE_BYTES
        key = self._keys.get(named)
        if key is None or sealed[:1] != _VERSION:
            raise SealBroken(key_id=named.hex())
        try:
            return key.decrypt(sealed[1 + _KEY_ID_BYTES : start], sealed[start:], context.encode())
        except InvalidTag as broken:
            raise SealBroken(key_id=named.hex()) from broken

    def stale(self, sealed: bytes) -> bool:
        """Sealed by a retired key: seal it again when next written."""
        return sealed[1 : 1 + _KEY_ID_BYTES] != self._current
