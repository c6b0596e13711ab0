"""Files that only their owner reads, written so that a reader sees all of one or nothing."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def private_directory(path: Path) -> Path:
    """The directory, made if missing, with mode 0700."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def _written_aside(path: Path, content: bytes) -> Path:
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return aside


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes) -> None:
    """Replace a file (mode 0600) in one step; it survives a power cut once this returns."""
    _written_aside(path, content).replace(path)
    _sync_directory(path.parent)


def read_or_make(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file that is made once. Of several processes that race, one content wins and all see it."""
    if not path.exists():
        aside = _written_aside(path, make())
        try:
            os.link(aside, path)  # fails when the name is taken: the first one wins
            _sync_directory(path.parent)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_bytes()
