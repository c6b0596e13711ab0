"""What stored bytes hash to: by reading them, since a HEAD answers well of a version that can no longer be read. I2."""

import hashlib

from storage.objects.port import ObjectStore


def sha256_of(store: ObjectStore, key: str, version_id: str) -> bytes:
    """SHA-256 over every byte of one version. Raises: ObjectMissing; StoreUnavailable — also when the store can no longer read it."""
    digest = hashlib.sha256()
    for chunk in store.stream(key, version_id, chunk_bytes=4 << 20):
        digest.update(chunk)
    return digest.digest()
