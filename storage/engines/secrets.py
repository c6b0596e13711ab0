"""The keys of an installation: made once under `<data_dir>/secrets`, or derived from the configured master key.

Losing them is losing: the master key opens identity numbers, the ledger key signs checkpoints. They belong in the backup, apart from the data.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.engines.errors import SecretUnusable
from storage.engines.private_files import private_directory, read_or_make
from storage.kernel.settings import Settings

KEY_BYTES = 32


class Secrets:
    """Reads a secret, making it on first use. Safe when processes race: all get the same."""

    def __init__(self, data_dir: Path, settings: Settings) -> None:
        self._directory = data_dir.resolve() / "secrets"
        configured = settings.master_key
        self._configured = None if configured is None else _key_from_hex("master_key", configured.get_secret_value())

    def master_key(self) -> bytes:
        """32 bytes. Raises: SecretUnusable — not 64 hex digits."""
        return self._configured if self._configured is not None else self._kept_key("master")

    def ledger_key(self) -> Ed25519PrivateKey:
        """Signs the checkpoints of the ledger."""
        return Ed25519PrivateKey.from_private_bytes(self._seed("ledger"))

    def receipt_key(self) -> Ed25519PrivateKey:
        """Signs the receipts that institutions keep."""
        return Ed25519PrivateKey.from_private_bytes(self._seed("receipt"))

    def password(self, name: str) -> str:
        """A password or access key of an embedded engine: 43 characters of A-Z a-z 0-9 - _, made once."""
        return self._file(f"{name}.password", lambda: secrets.token_urlsafe(KEY_BYTES).encode()).decode().strip()

    def _seed(self, name: str) -> bytes:
        if self._configured is None:
            return self._kept_key(name)
        return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"classproof/{name}-key/v1".encode()).derive(self._configured)

    def _kept_key(self, name: str) -> bytes:
        return _key_from_hex(name, self._file(f"{name}.key", lambda: secrets.token_hex(KEY_BYTES).encode()).decode())

    def _file(self, name: str, make: Callable[[], bytes]) -> bytes:
        return read_or_make(private_directory(self._directory) / name, make)


def _key_from_hex(name: str, text: str) -> bytes:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        raise SecretUnusable(name=name, why="not-hex") from None
    if len(key) != KEY_BYTES:
        raise SecretUnusable(name=name, why="not-32-bytes")
    return key
